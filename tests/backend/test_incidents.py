"""What an agency owes when something happened to its data, and until when. Nothing is sent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.agencies.countries import profile_of, profiles
from backend.calendars.rules import OpenDays
from backend.incidents.notices import draft
from backend.incidents.rules import ADDRESSEES, KINDS, step_at, steps
from tests.workflows.test_heartbeat import as_worker
from tests.world import Caller, World
from workflows.watch_duties import watch_duties

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)
WORDS = "A phone of a colleague was left in a bus."


@dataclass
class Case:
    world: World
    head: Caller
    officer: Caller
    id: str = ""

    async def noticed(self, by: Caller | None = None, **more: Any) -> Any:
        body = {
            "kind": "lost_device",
            "noticed_at": MONDAY.isoformat(),
            "description": WORDS,
            **more,
        }
        answer = await (by or self.head).post("/incidents", body)
        self.id = answer.json().get("id", "")
        return answer

    async def told(self, version: int, to: str, how: str = "sent") -> Any:
        path = f"/incidents/{self.id}/notices"
        return await self.officer.post(path, {"to": to, "how": how}, version=version)

    async def seen(self, by: Caller | None = None) -> dict[str, Any]:
        listed: list[dict[str, Any]] = (await (by or self.officer).get("/incidents")).json()
        return next(one for one in listed if one["id"] == self.id)

    async def tasks(self, who: Caller) -> list[str]:
        await as_worker(watch_duties)
        rows = await self.world.sql(
            "SELECT step FROM task WHERE kind = 'incident-due' AND assignee = $1"
            " AND closed_at IS NULL ORDER BY opened_at, step",
            who.id,
        )
        return [row["step"] for row in rows]


@pytest.fixture
async def case(world: World) -> Case:
    clock.travel(lambda: MONDAY + timedelta(minutes=10))
    case = Case(world, await world.somebody("CO"), await world.somebody("DP"))
    await world.sql("UPDATE agency SET country = 'ID'")
    return case


async def test_an_incident_runs_its_course_and_every_step_is_in_the_record(case: Case) -> None:
    plan = uuid4()
    assert (await case.noticed(touched=[str(plan)])).status_code == 201
    seen = await case.seen()
    assert (seen["due_at"], seen["overdue"]) == ("2031-03-06T09:00:00Z", False)
    assert (seen["description"], seen["touched"]) == (WORDS, [str(plan)])
    other = [str(plan), str(uuid4())]
    amended = await case.officer.patch(f"/incidents/{case.id}", {"touched": other}, version=1)
    assert amended.status_code == 200, amended.text
    early = await case.officer.post(f"/incidents/{case.id}/close", {"outcome": "Found."}, version=2)
    assert early.status_code == 409
    assert (await case.told(2, "authority")).status_code == 200
    assert (await case.told(3, "authority")).status_code == 409
    assert (await case.told(3, "people", "not_owed")).status_code == 200
    assert "due_at" not in await case.seen()
    closed = await case.officer.post(
        f"/incidents/{case.id}/close", {"outcome": "It was found and wiped."}, version=4
    )
    assert closed.status_code == 200, closed.text
    seen = await case.seen(case.head)
    assert seen["outcome"] == "It was found and wiped."
    assert (seen["authority_how"], seen["people_how"]) == ("sent", "not_owed")
    assert (await case.told(5, "people")).status_code == 409
    rows = await case.world.sql(
        "SELECT operation, plan FROM audit WHERE object = $1 AND outcome = 'done' ORDER BY id",
        UUID(case.id),
    )
    assert [row["operation"] for row in rows] == [
        "recordIncident",
        "amendIncident",
        "recordNotice",
        "recordNotice",
        "closeIncident",
    ]
    [row] = await case.world.sql("SELECT description, outcome FROM incident")
    assert WORDS.encode() not in row["description"]
    assert await case.world.sql("SELECT 1 FROM message") == []


async def test_what_is_overdue_is_computed_and_a_late_one_is_everybodys(case: Case) -> None:
    await case.noticed()
    assert await case.tasks(case.head) == ["now"]
    assert await case.tasks(case.officer) == []
    clock.travel(lambda: MONDAY + timedelta(hours=37))
    assert await case.tasks(case.head) == ["now", "half"]
    assert await case.tasks(case.head) == ["now", "half"]
    clock.travel(lambda: MONDAY + timedelta(hours=72, seconds=1))
    assert (await case.seen())["overdue"]
    assert await case.tasks(case.head) == ["now", "half", "late"]
    assert await case.tasks(case.officer) == ["late"]
    assert [one["kind"] for one in (await case.officer.get("/tasks")).json()["tasks"]] == [
        "incident-due"
    ]
    for version, to in enumerate(ADDRESSEES, 1):
        assert (await case.told(version, to)).status_code == 200
    assert not (await case.seen())["overdue"]
    assert await case.tasks(case.head) == await case.tasks(case.officer) == []


async def test_another_country_is_another_clock(case: Case) -> None:
    await case.noticed()
    for country, due in (
        ("KZ", "2031-03-04T09:00:00Z"),
        ("UG", "2031-03-03T09:00:00Z"),
        (None, "2031-03-03T09:00:00Z"),
    ):
        await case.world.sql("UPDATE agency SET country = $1", country)
        seen = await case.seen()
        assert (seen["due_at"], seen["overdue"]) == (due, country != "KZ")


async def test_coordinators_and_officers_of_the_agency_know_of_it_and_nobody_else(
    case: Case,
) -> None:
    await case.noticed()
    for role in ("SW", "PO", "AD", "AU"):
        who = await case.world.somebody(role)
        assert (await who.get("/incidents")).status_code == 403
        assert (await case.noticed(who)).status_code == 403
    afar = await case.world.an_agency(name="Elsewhere")
    for role in ("CO", "DP"):
        assert (await (await case.world.somebody(role, agency=afar)).get("/incidents")).json() == []


async def test_what_is_against_a_rule_is_not_recorded(case: Case) -> None:
    for wrong in (
        {"kind": "hunch"},
        {"noticed_at": (MONDAY + timedelta(days=1)).isoformat()},
        {"touched": [str(uuid4()) for _ in range(501)]},
        {"description": ""},
    ):
        assert (await case.noticed(**wrong)).status_code in {400, 422}, wrong
    assert await case.world.sql("SELECT 1 FROM incident") == []
    await case.noticed()
    assert (await case.told(1, "newspaper")).status_code == 422
    assert (await case.told(1, "people", "maybe")).status_code == 422
    asked = await case.head.get(f"/incidents/{case.id}/notice?to=newspaper")
    assert asked.status_code == 422


async def test_a_draft_holds_no_word_that_was_typed_and_no_id(case: Case) -> None:
    plan = uuid4()
    await case.noticed(touched=[str(plan)])
    for language in ("en", "fr"):
        await case.world.sql("UPDATE agency SET language = $1", language)
        for to in ADDRESSEES:
            answer = await case.head.get(f"/incidents/{case.id}/notice?to={to}")
            said = answer.json()
            assert said["language"] == language  # there is no text in the country's own
            assert "bus" not in said["text"]
            assert str(plan) not in said["text"]
            assert "71 000 000" in said["text"]
            # the letter to people shows the name that may show on anybody's phone
            assert ("Horizon Desk" in said["text"]) == (to == "people")
    await case.world.sql("UPDATE agency SET country = 'TN', language = 'en'")
    answer = await case.head.get(f"/incidents/{case.id}/notice?to=authority")
    assert answer.json()["language"] == "fr"
    assert "INPDP" in answer.json()["text"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_draft_for_every_kind(kind: str, language: str) -> None:
    row = {
        "kind": kind,
        "language": language,
        "name": "Horizon",
        "service_alias": "Horizon Desk",
        "zone": "Africa/Tunis",
        "duty_phone": None,
        "noticed_at": MONDAY,
    }
    for to in ADDRESSEES:
        for touched in ([], [uuid4()], [uuid4(), uuid4()]):
            told, text = draft(to, {**row, "touched": touched}, profile_of("ID"))
            assert told == language
            assert "{" not in text


@given(st.sampled_from(sorted(profiles())), st.integers(0, 400))
def test_a_clock_goes_through_its_steps_in_order_and_ends_late(code: str, hours: int) -> None:
    due = profiles()[code].due(MONDAY, zone="UTC", days=OpenDays({1, 2, 3, 4, 5}))
    order = [step for step, _ in steps(MONDAY, due)]
    times = [at for _, at in steps(MONDAY, due)]
    assert times == sorted(times)
    now = MONDAY + timedelta(hours=hours)
    assert step_at(MONDAY - timedelta(seconds=1), MONDAY, due) is None
    step = step_at(now, MONDAY, due)
    assert step in order
    assert (step == "late") == (now >= max(due, times[-1]))
