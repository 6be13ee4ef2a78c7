"""No entry, no flow: to another agency, by chat, to a court, and to the person themselves."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import clock, database
from backend.errors import Unfit
from backend.flows import rules
from backend.flows.entries import Receiver, may_flow
from backend.flows.rules import OF_KIND, Entry, Period, Regimes, check, opened
from backend.messages import outbox
from backend.messages.links import WELCOME
from backend.messages.outbox import Occurrence
from backend.messages.rules import REPLIES, fact_needed
from bots.texts.catalogue import keys
from tests.backend.courts.docket import REFERENCE, Docket, a_docket, join
from tests.chats import Chats, Member
from tests.world import Caller, World, row

NOW = datetime(2031, 3, 12, 9, tzinfo=UTC)
EVERYTHING = sorted(OF_KIND["agency"])
LAW = {"law": "Act on Return", "article": "4"}


# the rule


def _entry(**values: Any) -> Entry:
    given_ = {
        "kind": "agency",
        "groups": ["alias"],
        "purpose": "care",
        "basis": "law",
        "period": Period(NOW),
        **LAW,
    }
    return Entry(**{**given_, **values})


ENTRIES = st.builds(
    _entry,
    groups=st.lists(st.sampled_from(["alias", "tasks", "milestones"]), min_size=1, unique=True),
    purpose=st.sampled_from(["care", "summary"]),
    basis=st.sampled_from(["law", "authorisation"]),
    period=st.builds(
        Period,
        st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(seconds=1)]),
        st.sampled_from([None, None, NOW + timedelta(seconds=1), NOW + timedelta(days=9)]),
    ),
    law=st.sampled_from(["Act on Return", "Act on Return", None]),
    standing=st.sampled_from([True, True, True, False]),
)
REGIMES = st.builds(Regimes, st.sampled_from(rules.REGIMES), st.sampled_from(rules.REGIMES))
_PUT = """
INSERT INTO data_flow (id, agency, version, kind, to_agency, groups, purpose, basis, law, starts,
                       until, recorded_at, ended_at, ended_by)
VALUES (gen_random_uuid(), $1, 1, 'agency', $2, $3, $4, $5, $6, $7, $8, $7, $9, $10)
"""


async def test_the_rule_in_the_database_is_the_rule_in_the_program(world: World) -> None:
    drawn: list[tuple[list[Entry], Regimes, str | None, bool]] = []

    @settings(
        max_examples=80,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(ENTRIES, min_size=1, max_size=3),
        REGIMES,
        st.sampled_from([None, None, "care", "audit"]),
        st.booleans(),
    )
    def draw(entries: list[Entry], regimes: Regimes, said_for: str | None, has: bool) -> None:  # noqa: FBT001
        drawn.append((entries, regimes, said_for, has))

    draw()
    sender, receiver = await world.an_agency(), await world.an_agency(name="Elsewhere")
    worker = await world.somebody("SW")
    plan = UUID((await world.a_plan(worker))["id"])
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    opening = 0
    for entries, regimes, said_for, authorised in drawn:
        change = held.transaction()
        await change.start()
        sql = "UPDATE agency SET regime = $2 WHERE id = $1"
        await held.executemany(sql, [(sender, regimes.sender), (receiver, regimes.receiver)])
        for one in entries:
            if one.period.until and one.period.until <= one.period.starts:
                continue
            await held.execute(_PUT, sender, receiver, list(one.groups), one.purpose, one.basis,
                one.law, one.period.starts, one.period.until,
                None if one.standing else NOW, None if one.standing else worker.id)  # fmt: skip
        if authorised:
            await held.execute(
                "INSERT INTO disclosure (id, agency, plan, version, recipient, fact, purpose,"
                " until, recorded_by, given_at)"
                " VALUES (gen_random_uuid(), $1, $2, 1, $3, 'referral', 'x', $4, $3, $5)",
                sender, plan, worker.id, NOW.date(), NOW)  # fmt: skip
        told = await held.fetchval(
            "SELECT flow_groups($1, 'agency', $2, NULL, $3, $4, $5, $6)",
            sender, receiver, NOW, said_for, plan, worker.id)  # fmt: skip
        await change.rollback()
        expected: set[str] = set()
        for one in entries:
            if not (one.period.until and one.period.until <= one.period.starts):
                expected |= opened(one, regimes, NOW, said_for=said_for, authorised=authorised)
        assert set(told or ()) == expected, (entries, regimes, said_for, authorised)
        opening += bool(expected)
    await held.close()
    assert 20 < opening < len(drawn) - 20


async def test_each_text_asks_for_the_group_of_what_it_tells(world: World) -> None:
    group = {"release_date": "release date", "good_news": "milestones", None: None}
    for key in keys():
        for step in ("ask", "release"):
            [found] = await world.sql("SELECT message_group($1, $2) AS told", key, step)
            assert found["told"] in OF_KIND["chat"]
            if key not in REPLIES and (fact := fact_needed(key, step)):
                assert found["told"] == group[fact], key


@pytest.mark.parametrize(
    ("values", "regimes"),
    [
        ({"kind": "press"}, Regimes("public_body")),
        ({"purpose": "curiosity"}, Regimes("public_body")),
        ({"basis": "habit"}, Regimes("public_body")),
        ({"groups": []}, Regimes("public_body")),
        ({"groups": ["rota"]}, Regimes("public_body")),
        ({"kind": "court", "groups": ["summary draft"]}, Regimes("public_body")),
        ({"kind": "court", "groups": ["milestones"]}, Regimes("public_body")),
        ({"kind": "chat", "groups": ["identity"]}, Regimes("public_body")),
        ({"law": None}, Regimes("public_body")),
        ({"article": None}, Regimes("public_body")),
        ({"basis": "authorisation"}, Regimes("public_body")),  # with a law beside it
        ({"basis": "own_right", "law": None, "article": None}, Regimes("public_body", "ngo")),
        ({"period": Period(NOW, NOW)}, Regimes("public_body")),
        ({"basis": "authorisation", "law": None, "article": None}, Regimes("public_body", "ngo")),
        ({"groups": ["alias", "milestones"]}, Regimes("public_body", "ngo")),
        ({"groups": ["identity"]}, Regimes("public_body", "ngo")),
    ],
)
def test_an_entry_may_not_say(values: dict[str, Any], regimes: Regimes) -> None:
    with pytest.raises(Unfit):
        check(_entry(**values), regimes)


def test_an_entry_may_say_what_the_law_lets_an_ngo_know() -> None:
    check(_entry(groups=["alias", "tasks"]), Regimes("public_body", "ngo"))
    check(_entry(groups=["identity"], basis="authorisation", law=None, article=None),
          Regimes("ngo", "ngo"))  # fmt: skip


# to another agency


@dataclass
class Abroad:
    """A plan with a court file, and an officer and a worker of another agency in its circle."""

    world: World
    docket: Docket
    there: UUID
    head: Caller
    officer: Caller
    worker: Caller

    async def flows(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await self.head.get("/flows")).json()
        return listed

    async def end(self, id_: object) -> None:
        answer = await self.head.post(f"/flows/{id_}/end", version=1)
        assert answer.status_code == 200, answer.text

    def calls(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Everything that a mandate across agencies opens, as what its answer is."""
        plan, officer, worker = self.docket.plan, self.officer, self.worker
        subject = "&".join(f"{name}={value}" for name, value in self.docket.subject().items())
        return {
            "getPlan": lambda: officer.get(f"/plans/{plan}"),
            "getPlan, all": lambda: worker.get(f"/plans/{plan}?show=all"),
            "listAccess": lambda: worker.get(f"/plans/{plan}/access"),
            "draftSummary": lambda: officer.get(f"/plans/{plan}/summaries/draft?{subject}"),
            "planAppointment": lambda: officer.post(f"/plans/{plan}/appointments", _a_date()),
            "logContact": lambda: officer.post(f"/plans/{plan}/contacts", _a_contact()),
            "bindCourtFile": lambda: officer.post(f"/plans/{plan}/court-files", self._file()),
            "addCircleMember": lambda: worker.post(f"/plans/{plan}/circle", _a_mentor()),
            "recordConsent": lambda: worker.post(f"/plans/{plan}/consents", _an_answer()),
            "page": lambda: officer.get(f"/plans/{plan}?show=all"),
        }

    def _file(self) -> dict[str, Any]:
        return {"client": str(self.docket.court.id), "reference": f"7/{uuid4().hex[:6]}"}


async def _abroad(world: World) -> Abroad:
    docket = await a_docket(world)
    there = await world.an_agency(name="Elsewhere")
    head = await world.somebody("AD")
    officer = await world.somebody("PO", agency=there)
    worker = await world.somebody("SW", agency=there)
    await join(world, docket.worker, docket.plan, officer, "PO")
    await join(world, docket.worker, docket.plan, worker, "SW")
    return Abroad(world, docket, there, head, officer, worker)


def _a_date() -> dict[str, Any]:
    day = (clock.today("Africa/Tunis") + timedelta(days=3)).isoformat()
    return {"role": "PO", "held_on": day, "held_at": "10:00:00"}


def _a_contact() -> dict[str, Any]:
    day = clock.today("Africa/Tunis").isoformat()
    return {"how": "phone", "outcome": "tried", "made_on": day}


def _a_mentor() -> dict[str, Any]:
    return {"role": "ME", "name": "Invented Mentor", "language": "en"}


def _an_answer() -> dict[str, Any]:
    return {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "accepted"}


def _bytes(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    unlike = {"x-request-id", "date"}
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name not in unlike},
    )


async def test_without_an_entry_a_plan_of_another_agency_is_as_if_it_never_was(
    world: World,
) -> None:
    abroad = await _abroad(world)
    never = await abroad.officer.get(f"/plans/{uuid4()}")
    assert _bytes(await abroad.officer.get(f"/plans/{abroad.docket.plan}")) == _bytes(never)
    for name, call in abroad.calls().items():
        assert (await call()).status_code == 404, name
    for who in (abroad.officer, abroad.worker):
        assert (await who.get("/plans")).json()["plans"] == []
        assert (await who.get("/tasks")).json()["tasks"] == []
    milestone = row(await world.plan(abroad.docket.worker, abroad.docket.plan), "PRB-06")
    url = f"/milestones/{milestone['id']}"
    assert (await abroad.officer.get(url + "/history")).status_code == 404
    change = await abroad.worker.patch(url, {"state": "done"}, version=milestone["version"])
    assert change.status_code == 404
    async with database.transaction(abroad.officer.id) as held:  # the second line alone
        for table in ("plan", "mandate", "milestone", "appointment", "person"):
            assert await held.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    flow = await world.a_flow(abroad.there)
    for name, call in abroad.calls().items():
        assert (await call()).status_code in {200, 201}, name
    change = await abroad.worker.patch(url, {"state": "done"}, version=milestone["version"])
    assert change.status_code == 200, change.text
    assert len((await abroad.officer.get("/plans")).json()["plans"]) == 1
    await abroad.end(flow)
    for name, call in abroad.calls().items():
        assert (await call()).status_code == 404, name


async def test_what_is_not_in_the_entry_is_not_in_the_answer(world: World) -> None:
    abroad = await _abroad(world)
    plan = abroad.docket.plan
    flow = await world.a_flow(abroad.there, groups=["alias", "release date"])
    seen = (await abroad.officer.get(f"/plans/{plan}?show=all")).json()
    release = {"state", "zone", "release_date", "certainty", "release_time", "left_custody_at"}
    assert seen.keys() == {"id", "version", "alias", *release}
    [line] = (await abroad.officer.get("/plans")).json()["plans"]
    assert line.keys() == {"id", "version", "alias", "state", "release_date", "certainty"}
    calls = abroad.calls()
    for name in calls.keys() - {"getPlan", "getPlan, all", "page"}:
        assert (await calls[name]()).status_code == 404, name
    await abroad.end(flow)
    await world.a_flow(abroad.there, groups=["milestones", "circle", "appointments"])
    for who in (abroad.officer, abroad.worker):
        seen = (await who.get(f"/plans/{plan}?show=all")).json()
        assert {"alias", "person", "release_date", "supervision"}.isdisjoint(seen)
        assert {"milestones", "circle", "appointments"} <= seen.keys()
        [line] = (await who.get("/plans")).json()["plans"]
        assert line.keys() == {"id", "next_due_on", "next_title", "overdue"}
    # to the agency's own nothing of this is asked
    own = (await abroad.docket.officer.get(f"/plans/{plan}?show=all")).json()
    assert {"alias", "person", "release_date", "milestones"} <= own.keys()


async def test_an_entry_holds_for_its_purpose_and_its_time(world: World) -> None:
    abroad = await _abroad(world)
    path = f"/plans/{abroad.docket.plan}"
    starts = clock.now() + timedelta(hours=1)
    await world.a_flow(
        abroad.there,
        starts=starts.isoformat(),
        until=(starts + timedelta(hours=1)).isoformat(),
    )
    for at, status in ((-1, 404), (0, 200), (3599, 200), (3600, 404)):
        clock.travel(lambda at=at: starts + timedelta(seconds=at))  # type: ignore[misc]
        assert (await abroad.officer.get(path)).status_code == status, at
    clock.travel(lambda: starts)
    for purpose, status in (("supervision", 200), ("complaint", 404)):
        asked = await abroad.officer.get(path, headers={"X-Purpose": purpose})
        assert asked.status_code == status, purpose
    own = await abroad.docket.officer.get(path, headers={"X-Purpose": "complaint"})
    assert own.status_code == 200


async def test_an_ngo_is_told_alias_and_tasks_and_only_by_a_law(world: World) -> None:
    abroad = await _abroad(world)
    plan = abroad.docket.plan
    await world.a_flow(abroad.there)  # from when it was taken for a public body
    await world.sql("UPDATE agency SET regime = 'ngo' WHERE id = $1", abroad.there)
    seen = (await abroad.worker.get(f"/plans/{plan}?show=all")).json()
    assert seen.keys() == {"id", "alias"}
    [line] = (await abroad.worker.get("/plans")).json()["plans"]
    assert line.keys() == {"id", "alias"}
    body = {
        "kind": "agency",
        "to_agency": str(abroad.there),
        "groups": ["alias"],
        "purpose": "care",
        "responsible": str(abroad.head.id),
    }
    for basis in ({"basis": "authorisation"}, {"basis": "law", **LAW, "groups": ["identity"]}):
        refused = await abroad.head.post("/flows", {**body, **basis})
        assert refused.status_code == 422, refused.text


async def test_a_referral_opens_one_plan_to_one_professional_until_it_is_taken_back(
    world: World,
) -> None:
    abroad = await _abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    await world.a_flow(
        abroad.there, groups=["alias", "tasks", "milestones"], basis="authorisation", law=None,
        article=None, purpose="care",
    )  # fmt: skip
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404
    today = clock.today("Africa/Tunis")
    body = {"fact": "referral", "purpose": "counselling", "until": today.isoformat()}
    at_home = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.docket.officer.id)}
    )
    assert at_home.status_code == 422
    made = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
    )
    assert made.status_code == 201, made.text
    seen = (await abroad.officer.get(f"/plans/{plan}")).json()
    assert seen.keys() == {"id", "alias", "milestones"}
    assert (await abroad.worker.get(f"/plans/{plan}")).status_code == 404  # it was not for them
    taken = await worker.post(f"/consents/{made.json()['id']}/withdraw")
    assert taken.status_code == 200, taken.text
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404
    again = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
    )
    assert again.status_code == 201
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 200
    clock.travel(lambda: datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=2))
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404


_WAITS = """
INSERT INTO message (id, agency, plan, version, bot, recipient, rule, step, subject, local_due, key,
                     due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), b.agency, $1, 1, b.id, $2, $3, '', $1, $4, 'CONTACT72', now(), now(),
       now(), 'queued' FROM bot b WHERE b.agency = $5
"""


async def test_a_referral_that_is_taken_back_takes_along_what_waits_to_be_said(
    world: World,
) -> None:
    abroad = await _abroad(world)
    plan, worker, today = abroad.docket.plan, abroad.docket.worker, clock.today("Africa/Tunis")
    more = {"basis": "authorisation", "law": None, "article": None}
    await world.a_flow(abroad.there, groups=["tasks"], **more)
    body = {"fact": "referral", "purpose": "counselling", "until": today.isoformat()}
    for by_law in (False, True):
        if by_law:
            await world.a_flow(abroad.there, groups=["tasks"])
        for who in (abroad.officer, abroad.docket.officer):
            what = (UUID(plan), who.id, f"rule {by_law}", today, world.agency)
            await world.sql(_WAITS, *what)
        made = await worker.post(
            f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
        )
        taken = await worker.post(f"/consents/{made.json()['id']}/withdraw")
        assert taken.status_code == 200, taken.text
        rows = await world.sql(
            "SELECT recipient, state FROM message WHERE rule = $1", f"rule {by_law}"
        )
        states = {row["recipient"]: row["state"] for row in rows}
        # what a law lets them know anyway goes on
        assert states[abroad.officer.id] == ("queued" if by_law else "cancelled")
        assert states[abroad.docket.officer.id] == "queued"


async def test_nobody_can_say_of_a_mandate_that_it_is_of_the_house(world: World) -> None:
    abroad = await _abroad(world)
    [before] = await world.sql("SELECT elsewhere FROM mandate WHERE actor = $1", abroad.officer.id)
    assert before["elsewhere"] == abroad.there
    async with database.transaction(abroad.docket.worker.id) as held:
        sql = "UPDATE mandate SET elsewhere = NULL WHERE actor = $1"
        assert await held.execute(sql, abroad.officer.id) == "UPDATE 1"
    assert (await abroad.officer.get(f"/plans/{abroad.docket.plan}")).status_code == 404


# the registry itself


async def test_an_agency_begins_with_entries_that_wait_to_be_confirmed(world: World) -> None:
    abroad = await _abroad(world)
    flows = await abroad.flows()
    kinds = sorted((flow["kind"], flow.get("to_role")) for flow in flows)
    assert kinds == sorted(
        [("chat", "FA"), ("chat", "ME"), ("chat", "PE"), ("court", None), ("person", None)],
        key=lambda one: (one[0], one[1] or ""),
    )
    assert all(flow["opens"] and not flow["confirmed"] for flow in flows)
    [court] = [flow for flow in flows if flow["kind"] == "court"]
    me, url = str(abroad.head.id), f"/flows/{court['id']}/confirm"
    for body, status in (
        ({"responsible": me}, 422),
        ({"responsible": me, "law": "Act on Return"}, 422),
        ({"responsible": str(abroad.officer.id), **LAW}, 404),
        ({"responsible": me, **LAW}, 200),
    ):
        answer = await abroad.head.post(url, body, version=1)
        assert answer.status_code == status, answer.text
    assert (await abroad.head.post(url, {"responsible": me, **LAW}, version=2)).status_code == 409
    [court] = [flow for flow in await abroad.flows() if flow["kind"] == "court"]
    assert (court["confirmed"], court["law"], court["responsible"]) == (True, LAW["law"], me)
    told = await world.sql("SELECT operation FROM audit WHERE object = $1", UUID(court["id"]))
    assert [one["operation"] for one in told] == ["confirmFlow"]


async def test_the_registry_of_another_agency_is_nobodys(world: World) -> None:
    abroad = await _abroad(world)
    theirs = await world.somebody("AD", agency=abroad.there)
    [own, *_] = await abroad.flows()
    url = f"/flows/{own['id']}"
    never = await theirs.post(f"/flows/{uuid4()}/end", version=1)
    assert _bytes(await theirs.post(url + "/end", version=1)) == _bytes(never)
    confirmed = await theirs.post(url + "/confirm", {"responsible": str(theirs.id)}, version=1)
    assert confirmed.status_code == 404
    assert own["id"] not in (await theirs.get("/flows")).text
    for role, status in (("CO", 200), ("AU", 200), ("SW", 403), ("PO", 403)):
        who = await world.somebody(role)
        assert (await who.get("/flows")).status_code == status, role
        assert (await who.post(url + "/end", version=1)).status_code == 403
    async with database.transaction(theirs.id) as held:
        sql = "UPDATE data_flow SET ended_at = now(), ended_by = $2 WHERE id = $1"
        assert await held.execute(sql, UUID(own["id"]), theirs.id) == "UPDATE 0"
    async with database.transaction(abroad.docket.worker.id) as held:
        assert await held.fetchval("SELECT count(*) FROM data_flow") == 0
    for values, status in (
        ({"to_agency": str(uuid4())}, 404),
        ({"to_agency": str(world.agency)}, 422),
        ({"to_agency": None}, 422),
        ({"court": str(uuid4())}, 422),
        ({"kind": "court", "to_agency": None, "court": str(uuid4()), "groups": ["summary"]}, 404),
        ({"kind": "chat", "to_agency": None, "to_role": "CO", "groups": ["messages"]}, 422),
        ({"responsible": str(theirs.id)}, 404),
    ):
        body = {
            "kind": "agency", "to_agency": str(abroad.there), "groups": ["alias"],
            "purpose": "care", "basis": "law", **LAW, "responsible": str(abroad.head.id),
        }  # fmt: skip
        answer = await abroad.head.post("/flows", {**body, **values})
        assert answer.status_code == status, (values, answer.text)


async def test_the_walls_of_the_registry_stand_alone(world: World) -> None:
    abroad = await _abroad(world)
    theirs = await world.somebody("AD", agency=abroad.there)
    [own, *_] = await abroad.flows()
    add = (
        "INSERT INTO data_flow (id, agency, version, kind, groups, purpose, basis, starts,"
        " recorded_at, recorded_by) VALUES (gen_random_uuid(), $1, 1, 'person', '{alias}', 'care',"
        " 'own_right', $2, $2, $3)"
    )
    await world.sql("ALTER POLICY app_reads ON data_flow USING (true)")
    for who in (theirs, await world.somebody("CO"), abroad.docket.worker, Caller(uuid4())):
        async with database.transaction(who.id) as held:
            sql = "UPDATE data_flow SET version = 2 WHERE id = $1"
            assert await held.execute(sql, UUID(own["id"])) == "UPDATE 0"
        for by in (abroad.head.id, None) if who.login else (abroad.head.id,):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.transaction(who.id) as held:
                    await held.execute(add, world.agency, clock.now(), by)
    async with database.transaction(abroad.head.id) as held:
        await held.execute(add, world.agency, clock.now(), abroad.head.id)
    # and nothing is ever changed of what it says, nor deleted
    for sql in ("UPDATE data_flow SET groups = '{identity}'", "DELETE FROM data_flow"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(abroad.head.id) as held:
                await held.execute(sql)


# every channel, and the entry that opens it


@dataclass
class Channels:
    """Everything that leaves the agency, each asked whether it is open just now."""

    abroad: Abroad
    chats: Chats
    members: dict[str, Member]
    summary: str
    asked: int = field(default=0)

    async def open(self) -> set[str]:
        docket = self.abroad.docket
        found = {f"chat {role}" for role in await self._told()}
        calls = self.abroad.calls()
        statuses = {name: (await call()).status_code for name, call in calls.items()}
        assert len({status < 400 for status in statuses.values()}) == 1, statuses
        if all(status < 400 for status in statuses.values()):
            found.add("agency")
        await docket.court.sign_in()
        pulled = (await docket.court.pull(REFERENCE, self.summary)).status_code
        listed = (await docket.court.list(REFERENCE)).status_code
        assert (await docket.read()).status_code == 201
        await docket.officer.post("/account/prove", {"password": "a long enough password"})
        issued = (await docket.issue()).status_code
        assert (pulled, listed, issued) in {(200, 200, 201), (404, 404, 409)}
        if pulled == 200:
            found.add("court")
        async with database.transaction():
            if await may_flow(self._agency, Receiver("person"), "contacts"):
                found.add("person")
        return found

    @property
    def _agency(self) -> UUID:
        return self.abroad.world.agency or uuid4()

    async def _told(self) -> set[str]:
        """Which of the three hear something that is said to each of them now."""
        self.asked += 1
        before = {role: len(await self.chats.texts(m.phone)) for role, m in self.members.items()}

        async def say() -> None:
            for role, member in self.members.items():
                link = await outbox.active_link(UUID(self.abroad.docket.plan), UUID(member.actor))
                day = date(2031, 1, 1) + timedelta(days=self.asked)
                occurrence = Occurrence("again", "", UUID(member.actor), day)
                await outbox.queue(link, WELCOME[role], occurrence, urgent=True)

        async def work() -> None:
            async with database.transaction():
                await say()

        await self.chats.job(work)
        await self.chats.round()
        return {
            role
            for role, member in self.members.items()
            if len(await self.chats.texts(member.phone)) > before[role]
        }


async def test_each_channel_has_its_entry_and_closes_with_it_alone(
    world: World, chats: Chats
) -> None:
    abroad = await _abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    members = {role: await chats.a_member(worker, plan, role) for role in ("ME", "FA")}
    members["PE"] = await chats.a_member(worker, plan, "PE", facts=())
    await world.a_flow(abroad.there)
    summary = await abroad.docket.issued()
    channels = Channels(abroad, chats, members, summary)
    every = {"agency", "court", "person", "chat ME", "chat FA", "chat PE"}
    assert await channels.open() == every
    for flow in await abroad.flows():
        await abroad.end(flow["id"])
        name = f"chat {flow['to_role']}" if flow["kind"] == "chat" else flow["kind"]
        assert await channels.open() == every - {name}, flow
        if flow["kind"] == "chat":
            kinds = [task["kind"] for task in (await worker.get("/tasks")).json()["tasks"]]
            assert "no-flow" in kinds  # never silence
        again = {
            "groups": flow["groups"],
            **{key: flow.get(key) for key in ("kind", "to_agency", "court", "to_role", "purpose")},
            "basis": flow["basis"],
            "responsible": str(abroad.head.id),
            **(LAW if flow["basis"] == "law" else {}),
        }
        made = await abroad.head.post("/flows", again)
        assert made.status_code == 201, made.text
        assert await channels.open() == every


async def test_what_waits_falls_away_with_its_entry_and_a_human_is_told(
    world: World, chats: Chats
) -> None:
    abroad = await _abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    mentor, relative = [await chats.a_member(worker, plan, role) for role in ("ME", "FA")]

    async def say() -> None:
        async with database.transaction():
            for member in (mentor, relative):
                link = await outbox.active_link(UUID(plan), UUID(member.actor))
                for key in ("CONTACT", "GATE-7", "NOTED"):
                    day = date(2031, 1, 1)
                    occurrence = Occurrence(key, "", UUID(member.actor), day)
                    due = clock.now() + timedelta(days=1)
                    await outbox.queue(link, key, occurrence, due_at=due)

    await chats.job(say)
    flows = {flow.get("to_role"): flow for flow in await abroad.flows()}
    # the release date may go to mentors by another entry too, but nothing else
    await world.a_flow(
        kind="chat", to_role="ME", groups=["release date"], basis="authorisation", law=None,
        article=None,
    )  # fmt: skip
    await abroad.end(flows["ME"]["id"])
    rows = await world.sql(
        "SELECT recipient, key, state, reason FROM message WHERE local_due = $1", date(2031, 1, 1)
    )
    cancelled = {(str(one["recipient"]), one["key"]) for one in rows if one["state"] != "queued"}
    assert cancelled == {(mentor.actor, "CONTACT")}
    assert {one["reason"] for one in rows} == {None, "no-flow"}
    tasks = [
        one for one in (await worker.get("/tasks")).json()["tasks"] if one["kind"] == "no-flow"
    ]
    assert [(one["step"], one["about"]) for one in tasks] == [("CONTACT", mentor.actor)]
    changed = await world.sql(
        "SELECT entity FROM change c WHERE entity_id = $1", UUID(tasks[0]["id"])
    )
    assert [one["entity"] for one in changed] == ["task"]
    ready = (await Caller().get("/health/ready")).json()["reasons"]
    off = f"sending is off for agency {world.agency}: no data flow to mentors by chat"
    assert off in ready
    assert "relatives" not in json.dumps(ready)


async def test_one_who_ends_nothing_can_cancel_nothing(world: World, chats: Chats) -> None:
    abroad = await _abroad(world)
    plan = abroad.docket.plan
    mentor = await chats.a_member(abroad.docket.worker, plan, "ME")

    async def say() -> None:
        async with database.transaction():
            link = await outbox.active_link(UUID(plan), UUID(mentor.actor))
            occurrence = Occurrence("CONTACT", "", UUID(mentor.actor), date(2031, 1, 1))
            due = clock.now() + timedelta(days=1)
            await outbox.queue(link, "CONTACT", occurrence, due_at=due)

    await chats.job(say)
    for who in (abroad.head, await world.somebody("AD", agency=abroad.there)):
        async with database.transaction(who.id) as held:
            assert await held.fetchval("SELECT cancel_without_flow($1, $2)", [], clock.now()) == 0
