"""Under supervision what was chosen can go at once, as if it had never been offered."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend import clock, database
from backend.actors.actions import vault
from backend.vault import VaultError
from tests.backend.courts.docket import Docket, a_docket, join
from tests.backend.duties import asked
from tests.backend.pages.browser import at_the_desk, in_the_circle
from tests.guards.test_tables import SEALED
from tests.meetings import held, part, planned
from tests.world import Caller, World, a_day, row

CANARY = "Quetzal words"
PROBLEM = "urn:throughcare:problem:"


@dataclass
class File:
    world: World
    docket: Docket
    head: Caller
    other: Caller
    plan: str

    async def erase(self, by: Caller | None = None) -> Any:
        version = (await self.world.plan(self.docket.worker, self.plan))["version"]
        path = f"/plans/{self.plan}/erase-voluntary"
        return await (by or self.head).post(path, None, version=version)

    async def ask(self) -> Any:
        return await self.other.post(f"/plans/{self.plan}/erasure-wishes", {"voluntary": True})

    async def seen(self) -> list[Any]:
        """What everybody but the workers of the plan are shown."""
        reader = self.docket.officer
        paths = (f"/plans/{self.plan}?show=all", f"/plans/{self.plan}")
        found = [await reader.get(path) for path in paths]
        assert {one.status_code for one in found} == {200}
        plans = [{**one.json(), "version": 0} for one in found]
        draft = await self.docket.draft()
        assert draft.status_code == 200, draft.text
        return [*plans, draft.json()]


def _kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


@pytest.fixture
async def file(world: World) -> File:
    docket = await a_docket(world)
    head, other = await world.somebody("CO"), await world.somebody("CO")
    for one in (head, other):
        await join(world, docket.worker, docket.plan, one, "CO")
    return File(world, docket, head, other, docket.plan)


async def _takes_part(file: File) -> tuple[UUID, list[UUID]]:
    """A mentor, a relative, rows that were done and refused, and words about each."""
    worker, plan = file.docket.worker, file.plan
    mentor = await in_the_circle(worker, plan, "ME", name=CANARY)
    relative = await in_the_circle(worker, plan, "FA", name=CANARY)
    whole = await file.world.plan(worker, plan)
    chosen = [one for one in whole["milestones"] if one["kind"] == "V"][:4]
    for one, state in zip(chosen, ("done", "planned", "in_progress", "declined"), strict=True):
        now = row(await file.world.plan(worker, plan), one["code"])
        if now["state"] == "dormant":
            woken = await worker.patch(
                f"/milestones/{now['id']}", {"state": "planned"}, version=now["version"]
            )
            assert woken.status_code == 200, woken.text
        if state != "planned":
            now = row(await file.world.plan(worker, plan), one["code"])
            body = {"state": state}
            changed = await worker.patch(f"/milestones/{now['id']}", body, version=now["version"])
            assert changed.status_code == 200, changed.text
    now = row(await file.world.plan(worker, plan), chosen[0]["code"])
    again = {"state": "in_progress", "reason": CANARY}
    opened = await worker.patch(f"/milestones/{now['id']}", again, version=now["version"])
    assert opened.status_code == 200, opened.text
    flag = {"subject": relative, "words": CANARY}
    assert (await worker.post(f"/plans/{plan}/safety-flags", flag)).status_code == 201
    return UUID(mentor), [UUID(mentor), UUID(relative)]


async def _openable(world: World) -> set[str]:
    """Where the canary can still be read by whoever has the database and the master key."""
    keys = await world.sql("SELECT id, wrapped FROM subject_key WHERE wrapped IS NOT NULL")
    found = set()
    for place in SEALED:
        table, column = place.split(".")
        if table == "incoming_update":
            continue
        rows = await world.sql(f"SELECT id, {column} AS sealed FROM {table}")
        for one in rows:
            for key in keys:
                if one["sealed"] is None:
                    continue
                try:
                    text = vault().unseal(
                        key["id"], key["wrapped"], f"{place}:{one['id']}", one["sealed"]
                    )
                except VaultError:
                    continue
                if CANARY in str(text):
                    found.add(place)
    return found


async def test_what_was_chosen_goes_and_what_was_ordered_stays(file: File) -> None:
    before = await file.world.plan(file.docket.worker, file.plan)
    seen = await file.seen()
    _, circle = await _takes_part(file)
    assert await _openable(file.world) >= {"member.identity", "milestone_event.reason"}
    assert (await file.ask()).status_code == 201
    answer = await file.erase()
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"id", "version"}
    after = await file.world.plan(file.docket.worker, file.plan)
    ordered = [one["code"] for one in after["milestones"] if one["kind"] == "O"]
    assert ordered == [one["code"] for one in before["milestones"] if one["kind"] == "O"]
    assert {one["state"] for one in after["milestones"] if one["kind"] == "V"} == {"dormant"}
    assert await file.seen() == seen
    # whoever is the agency's mentor stays that, of nobody here
    assert await _openable(file.world) == {"mentor.identity"}
    gone = await file.world.sql(
        "SELECT 1 FROM subject_key WHERE id = ANY($1) AND wrapped IS NULL", circle
    )
    assert len(gone) == len(circle)
    for table in ("milestone_event", "claim", "appointment"):
        where = "subject" if table == "claim" else "milestone"
        left = await file.world.sql(
            f"SELECT 1 FROM {table} WHERE {where} IN (SELECT id FROM milestone WHERE kind = 'V')"
        )
        assert left == [], table
    assert await file.world.sql("SELECT 1 FROM member WHERE mentor IS NOT NULL") == []
    family = await file.docket.worker.get(f"/plans/{file.plan}/relatives")
    assert family.json()["relatives"] == []
    [told] = await file.world.sql("SELECT plan FROM audit WHERE operation = 'eraseVoluntary'")
    assert told["plan"] == UUID(file.plan)
    # no canary stands open in any table
    for one in await file.world.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'"
    ):
        rows = await file.world.sql(f"SELECT t::text AS r FROM {one['table_name']} t")
        assert not [held for held in rows if CANARY in held["r"]], one["table_name"]


async def test_it_takes_two_and_the_wish_for_just_this(file: File) -> None:
    assert _kind(await file.erase()) == (409, "not-from-this-state")
    await asked(file.world, file.plan, file.other)
    assert _kind(await file.erase()) == (409, "not-from-this-state")
    assert (await file.ask()).status_code == 201
    assert _kind(await file.ask()) == (409, "not-from-this-state")
    assert _kind(await file.erase(file.other)) == (409, "not-from-this-state")
    assert _kind(await file.erase(file.docket.worker)) == (403, "not-your-role")
    assert (await file.erase()).status_code == 200
    # the wish to erase the whole of them stands; this one is spent
    open_ = await file.world.sql("SELECT voluntary FROM erasure_wish WHERE ended_at IS NULL")
    assert [one["voluntary"] for one in open_] == [False]
    assert _kind(await file.erase()) == (409, "not-from-this-state")


async def test_nothing_goes_under_a_hold_or_without_a_fresh_proof(file: File) -> None:
    assert (await file.ask()).status_code == 201
    reason = {"reason": "A complaint is before a court."}
    held = await file.head.post(f"/plans/{file.plan}/legal-holds", reason)
    assert _kind(await file.erase()) == (409, "under-legal-hold")
    await file.head.post(f"/legal-holds/{held.json()['id']}/end", None, version=1)
    now = clock.now()
    await file.head.sign_in()
    clock.travel(lambda: now + timedelta(minutes=6))
    assert _kind(await file.erase()) == (403, "prove-again")


async def test_who_is_under_no_supervision_is_erased_as_a_whole(file: File) -> None:
    plan = await file.world.a_plan(file.docket.worker)
    await asked(file.world, plan["id"], file.other, voluntary=True)
    path = f"/plans/{plan['id']}/erase-voluntary"
    refused = await file.head.post(path, None, version=plan["version"])
    assert _kind(refused) == (409, "not-from-this-state")
    wish = await file.other.post(f"/plans/{plan['id']}/erasure-wishes", {"voluntary": True})
    assert _kind(wish) == (409, "not-from-this-state")


async def test_the_application_deletes_no_history_without_a_wish(file: File) -> None:
    await _takes_part(file)
    there = await file.world.sql("SELECT count(*) FROM milestone_event")

    async def work() -> list[str]:
        async with database.transaction(file.head.id) as held:
            return [
                await held.execute(f"DELETE FROM {table}")
                for table in ("milestone_event", "claim", "contact", "participation")
            ]

    assert set(await database.in_fresh_context(work)) == {"DELETE 0"}
    assert await file.world.sql("SELECT count(*) FROM milestone_event") == there


async def test_two_coordinators_do_it_at_the_desk(file: File) -> None:
    here = f"/desk/plans/{file.plan}/erasure"
    async with await at_the_desk(file.world, file.other) as desk:
        page = await desk.open(here)
        form = next(one for one in page.forms if ("voluntary", "true") in one.fields)
        asked_ = await desk.post(f"{here}/wishes", form.filled())
        assert asked_.status == 200, asked_.words
    async with await at_the_desk(file.world, file.head) as desk:
        page = await desk.open(here)
        done = await desk.send(page, f"{here}/voluntary")
        assert "What was ordered is still here" in done.words


async def test_what_a_counsellor_took_on_in_a_meeting_goes_with_all_that_asks_about_it(
    file: File,
) -> None:
    docket = file.docket
    counsellor = await file.world.somebody("CP")
    await join(file.world, docket.worker, file.plan, counsellor, "CP")
    with_ = [docket.worker.id, counsellor.id]
    meeting = await planned(docket.worker, file.plan, with_)
    meeting = await held(docket.worker, file.plan, meeting, "SW", "CP")
    due = (a_day() + timedelta(days=14)).isoformat()
    body = {"words": CANARY, "owner": part(meeting, "CP")["id"], "due_on": due}
    path = f"/meetings/{meeting['id']}/decisions"
    made = await docket.worker.post(path, body)
    assert made.status_code == 201, made.text
    [asked] = await file.world.sql("SELECT id, version FROM meeting_decision")
    taken = await counsellor.post(
        f"/meeting-decisions/{asked['id']}/answer", {"accepted": True}, version=asked["version"]
    )
    assert taken.status_code == 200, taken.text
    decided = "SELECT state, pathway FROM milestone WHERE code ^@ 'MTG-'"
    assert [one["pathway"] for one in await file.world.sql(decided)] == ["CNS-P"]
    assert (await file.ask()).status_code == 201
    assert (await file.erase()).status_code == 200
    assert [one["state"] for one in await file.world.sql(decided)] == ["dormant"]
    left = "SELECT kind FROM task WHERE closed_at IS NULL AND kind ^@ 'me' AND plan = $1"
    assert await file.world.sql(left, UUID(file.plan)) == []
