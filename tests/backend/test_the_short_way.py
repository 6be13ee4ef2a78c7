"""One milestone changed in one statement is changed as by the action, or not at all."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from backend import clock
from backend.access import Bearer
from backend.errors import MoreToLookAt
from backend.once import Asked, digest
from backend.plans.actions.milestones import (
    MilestoneChange,
    change_milestone,
    change_milestone_of,
)
from tests.backend.acts import Act, bare
from tests.backend.courts.docket import a_docket, join
from tests.backend.twins import CHANGES, KINDS, NOON, SEEN, Twins, the_day, twins
from tests.world import Caller, World, row

PROBLEM = "urn:throughcare:problem:"
# What one statement does for an open row of a running plan: all that is well-formed, but for a
# refusal, which may take others with it.
ENDS = {"not_needed", "not_possible", "cancelled"}
DONE = {"done", "done last week", "done, as a paper shows", "show_court and done"}
ALWAYS = ENDS | {"due_on", "show_court"}
PLANNED = ALWAYS | {"in_progress", "due_on and in_progress"}
SHORT = {
    "plain": PLANNED | DONE,
    "under way": ALWAYS | DONE | {"planned", "due_on and planned"},
    # a finished cycle or good news brings more with it
    "repeating": PLANNED,
    "good news": PLANNED,
    "good news that nobody may hear": PLANNED,
    "with others that depend on it": PLANNED | DONE,
}


@pytest.fixture
def went_long(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The rows that the route has handed to the action."""
    noted: list[UUID] = []

    async def noticed(*given: Any) -> Any:
        noted.append(given[1])
        return await change_milestone(*given)

    monkeypatch.setattr("backend.plans.routes.milestones.change_milestone", noticed)
    return noted


async def test_the_short_way_and_the_long_way_leave_the_same(
    world: World, went_long: list[UUID]
) -> None:
    clock.travel(lambda: NOON)
    short: dict[str, set[str]] = {}
    async with twins(world) as pair:
        for name in KINDS:
            for said in CHANGES:
                went_long.clear()
                await _same(pair, name, said)
                if not went_long:
                    short.setdefault(name, set()).add(said)
                assert len(went_long) <= 1, (name, said)
    assert short == SHORT


async def _same(pair: Twins, name: str, said: str) -> None:
    kind, change = KINDS[name], CHANGES[said]
    await pair.reset(kind)
    before = await pair.trace("short", kind)
    assert before == await pair.trace("long", kind), "the twins are no twins"
    (was,) = [one for one in before["rows"] if one["code"] == kind.code]
    assert (was["state"], was["version"]) == (kind.state, SEEN)
    told = await pair.over_http(kind, change)
    assert told == await pair.by_action(kind, change), (name, said)
    after = await pair.trace("short", kind)
    for part, seen in (await pair.trace("long", kind)).items():
        assert after[part] == seen, (name, said, part)
    assert (told.status == 200) == (after != before), (name, said)


async def test_what_was_to_be_asked_about_a_row_ends_with_it_either_way(world: World) -> None:
    clock.travel(lambda: NOON)
    ways = {"plain": "short", "good news": "long", "good news that nobody may hear": "long"}
    async with twins(world) as pair:
        for name in ways:
            kind = KINDS[name]
            await pair.reset(kind)
            assert (await pair.over_http(kind, CHANGES["done"])).status == 200
            left = await pair.trace("short", kind)
            told = {(one["step"] or one["key"]): one["state"] for one in left["messages"]}
            assert told.pop("GOODNEWS", None) == ("queued" if name == "good news" else None)
            assert told == {"waits": "cancelled", "leaves": "claimed", "gone": "sent"}
            tasks = {one["kind"]: one["outcome"] for one in left["tasks"]}
            assert tasks == {"no-answer": "settled", "unopened": "settled", "call-back": None}
            assert [(one["before"], one["after"]) for one in left["events"]] == [
                ("planned", "done")
            ]
            assert len(left["audit"]) == len(left["once"]) == 1
        plain = KINDS["plain"]
        await pair.reset(plain)
        (first,) = (await pair.trace("short", plain))["plan"]
        await pair.over_http(plain, CHANGES["due_on"])
        (then,) = (await pair.trace("short", plain))["plan"]
        assert then["next_due_on"] > first["next_due_on"]


async def test_a_row_is_done_on_the_day_of_its_plan(world: World, went_long: list[UUID]) -> None:
    late = NOON.replace(hour=23, minute=30)  # half past midnight in Tunis
    clock.travel(lambda: late)
    async with twins(world) as pair:
        for said in ("done", "done tomorrow"):
            await _same(pair, "plain", said)
            rows = (await pair.trace("short", KINDS["plain"]))["rows"]
            (done,) = [one for one in rows if one["code"] == "PLN-05"]
            assert done["done_on"].isoformat() == the_day(1)
    assert len(went_long) == 2  # about midnight the program's own table of zones decides


async def test_nothing_is_kept_of_a_short_way_that_was_refused(world: World) -> None:
    clock.travel(lambda: NOON)
    async with twins(world) as pair:
        token = hashlib.sha256((pair.worker.token or "").encode()).digest()
        for name, kind in KINDS.items():
            await pair.reset(kind)
            before = await pair.trace("short", kind)
            for said in sorted(CHANGES.keys() - SHORT.get(name, set())):
                body, seen = CHANGES[said].body, CHANGES[said].seen
                wanted = msgspec.convert(body, MilestoneChange)
                asked = Asked(str(uuid4()), digest(b"whatever"))
                row = pair.row("short", kind)
                with pytest.raises(MoreToLookAt):
                    await change_milestone_of(Bearer(token, "r"), asked, row, seen, wanted)
            assert await pair.trace("short", kind) == before, name
            assert await world.sql("SELECT 1 FROM once UNION ALL SELECT 1 FROM audit") == []


async def test_an_officer_changes_a_row_of_probation_the_long_way(
    world: World, went_long: list[UUID]
) -> None:
    docket = await a_docket(world)
    officer, plan = docket.officer, docket.plan
    act = _done(await world.plan(officer, plan), "PRB-05")
    done = await act.by(officer)
    assert done.status_code == 200, done.text
    assert done.json()["version"] == row(await world.plan(officer, plan), "PRB-05")["version"]
    assert went_long == [UUID(act.ids[0])]
    (event,) = await world.sql("SELECT * FROM milestone_event WHERE milestone = $1", went_long[0])
    assert (event["actor"], event["role"], event["before"], event["after"]) == (
        officer.id,
        "PO",
        "planned",
        "done",
    )
    kept = "SELECT role FROM audit WHERE object = $1 AND operation = 'changeMilestone'"
    assert [one["role"] for one in await world.sql(kept, went_long[0])] == ["PO"]
    assert len(await world.sql("SELECT 1 FROM once WHERE object = $1", went_long[0])) == 1
    others = await _done(await world.plan(docket.worker, plan), "PLN-05").by(officer)
    never = await act.on(str(uuid4())).by(officer)
    assert (others.status_code, others.content) == (404, never.content)


async def test_every_worker_of_a_plan_goes_the_short_way(
    world: World, went_long: list[UUID]
) -> None:
    clock.travel(lambda: NOON)  # about midnight none is short
    coordinator, worker = await world.somebody("CO"), await world.somebody("SW")
    other, plan = await world.somebody("SW"), await world.a_plan(worker)
    await join(world, worker, plan["id"], other, "SW")
    for version, (who, state) in enumerate(
        ((worker, "in_progress"), (other, "planned"), (coordinator, "done")), start=1
    ):
        act = _done(plan, "PLN-05", state=state)
        done = await act.by(who, version=version)
        assert (done.status_code, done.json()["version"]) == (200, version + 1), done.text
    roles = await world.sql("SELECT role FROM milestone_event ORDER BY at")
    assert [one["role"] for one in roles] == ["SW", "SW", "CO"]
    assert went_long == []


async def test_twenty_at_once_with_one_key_change_a_row_once(world: World) -> None:
    worker, key = await world.somebody("SW"), str(uuid4())
    plan = await world.a_plan(worker)
    act = _done(plan, "PLN-05")
    answers = await asyncio.gather(*(act.by(worker, key=key) for _ in range(20)))
    assert {one.status_code for one in answers} == {200}
    assert len({(one.content, one.headers["etag"]) for one in answers}) == 1
    assert await _effects(world) == {"event": 1, "audit": 1, "once": 1}


async def test_a_key_that_came_with_another_request_is_refused(world: World) -> None:
    worker, key = await world.somebody("SW"), str(uuid4())
    plan = await world.a_plan(worker)
    act = _done(plan, "PLN-05")
    first = await act.by(worker, key=key)
    assert first.status_code == 200
    for foreign in (
        await act.by(worker, key=key, version=2),
        await worker.patch(act.url, {"state": "cancelled"}, version=1, key=key),
        await _done(plan, "PLN-06").by(worker, key=key),
    ):
        assert (foreign.status_code, foreign.json()["type"]) == (
            422,
            PROBLEM + "idempotency-key-reused",
        )
    assert (await act.by(worker, key=key)).content == first.content
    assert await _effects(world) == {"event": 1, "audit": 1, "once": 1}


async def test_to_a_stranger_a_row_looks_like_none(world: World) -> None:
    worker, stranger, former = [await world.somebody("SW") for _ in range(3)]
    abroad = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    plan = await world.a_plan(worker)
    await join(world, worker, plan["id"], former, "SW")
    await world.sql("UPDATE mandate SET ends = starts WHERE actor = $1", former.id)
    act = _done(plan, "PLN-05")
    for who in (stranger, former, abroad):
        for seen in (1, 7, 0, "abc"):
            foreign = await act.by(who, version=seen)
            never = await act.on(str(uuid4())).by(who, version=seen)
            assert (foreign.status_code, foreign.content) == (404, never.content)
            assert foreign.json()["type"] == PROBLEM + "not-found"
    administrator = await world.somebody("AD")
    assert (await act.by(administrator)).json()["type"] == PROBLEM + "not-your-role"
    assert await _effects(world) == {"event": 0, "audit": 0, "once": 0}


async def test_a_mandate_counts_while_it_lasts_and_for_who_has_it(world: World) -> None:
    """Who was the plan's worker and is its trainer now changes no more than a trainer may."""
    worker, former = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await join(world, worker, plan["id"], former, "SW")
    await world.sql("UPDATE mandate SET role = 'TR' WHERE actor = $1", former.id)
    assert (await _done(plan, "PLN-05").by(former)).status_code == 404
    await world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, ends, granted_by)"
        " SELECT $2, agency, plan, 1, actor, 'SW', starts, starts, granted_by FROM mandate"
        " WHERE actor = $1",
        former.id,
        uuid4(),
    )
    assert (await _done(plan, "PLN-05").by(former)).status_code == 404
    own = await world.plan(former, plan["id"])
    assert (await _done(own, "VOC-02").by(former)).status_code == 200


async def test_an_unknown_token_is_told_to_sign_in_whatever_the_headers(world: World) -> None:
    worker = await world.somebody("SW")
    act, stranger = _done(await world.a_plan(worker), "PLN-05"), _nobody()
    key: dict[str, str]
    heard = []
    for version in ({}, {"If-Match": '"1"'}, {"If-Match": "abc"}, {"If-Match": "0"}):
        for key in ({}, {"Idempotency-Key": str(uuid4())}, {"Idempotency-Key": "short"}):
            heard.append(await bare(stranger, act, {**version, **key}))
            heard.append(await bare(stranger, act.on(str(uuid4())), {**version, **key}))
    assert {(one.status_code, one.content) for one in heard} == {(401, heard[0].content)}
    assert await _effects(world) == {"event": 0, "audit": 0, "once": 0}


async def test_an_unknown_token_is_told_to_sign_in_before_a_request_is_read(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    act, fit = _done(plan, "PLN-05"), {"If-Match": "1", "Idempotency-Key": str(uuid4())}
    heard = [
        await bare(_nobody(), act, {**fit, "Content-Type": "text/plain"}),
        await bare(_nobody(), act, fit, b"{"),
        await bare(_nobody(), act, fit, b'{"state": 1}'),
        *[await _nobody().get("/plans" + query) for query in ("?limit=0", "?no=1", "?cursor=x")],
        await _nobody().get(f"/plans/{plan['id']}?show=all&show=all"),
    ]
    assert {one.status_code for one in heard} == {401}, [one.status_code for one in heard]


def _nobody() -> Caller:
    stranger = Caller()
    stranger.token = "nobody-has-this-token"
    return stranger


def _done(plan: dict[str, Any], code: str, *, state: str = "done") -> Act:
    found = row(plan, code)
    seen = found["version"]
    return Act("changeMilestone", "PATCH", "/milestones/{}", (found["id"],), {"state": state}, seen)


async def _effects(world: World) -> dict[str, int]:
    """How many events, audit rows and keys there are of changes of a row."""
    counts = {
        "event": "SELECT count(*) FROM milestone_event",
        "audit": "SELECT count(*) FROM audit WHERE operation = 'changeMilestone'"
        " AND outcome = 'done'",
        "once": "SELECT count(*) FROM once WHERE operation = 'changeMilestone'",
    }
    return {name: (await world.sql(sql))[0]["count"] for name, sql in counts.items()}
