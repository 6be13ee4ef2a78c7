import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from backend import clock, database
from tests.backend.courts.docket import REFERENCE, Court, a_court, a_docket
from tests.backend.courts.machines import seen
from tests.world import Caller, World
from workflows.timetable import jobs

QUOTA = 4


async def alarms() -> None:
    """The job's round, as the worker's process has it on its timetable."""
    silent: Any = None
    job, seconds = jobs(silent, silent)["court_alarms"]
    assert seconds <= 60

    async def work() -> None:
        database.act_as("worker")
        await job()

    await database.in_fresh_context(work)


async def tasks_of(caller: Caller, kind: str) -> list[dict[str, Any]]:
    found = (await caller.get("/tasks")).json()["tasks"]
    return [one for one in found if one["kind"] == kind]


async def _allow(world: World, court: Court, pulls: int = QUOTA) -> None:
    sql = "UPDATE court_client SET daily_quota = $2 WHERE id = $1"
    await world.sql(sql, court.id, pulls)


async def test_one_more_than_the_quota_is_429_whatever_is_asked_for(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    court = docket.court
    await _allow(world, court)
    tag = (await court.list(REFERENCE)).headers["etag"]
    assert (await court.pull(REFERENCE, id_)).status_code == 200
    assert (await court.list(REFERENCE, headers={"If-None-Match": tag})).status_code == 304
    assert (await court.list("nobody's")).status_code == 404
    over = [
        await court.list(REFERENCE),
        await court.list(REFERENCE, headers={"If-None-Match": tag}),
        await court.pull(REFERENCE, id_),
        await court.list("nobody's"),
        await court.list(""),
        await court.pull(REFERENCE, str(uuid4())),
    ]
    assert {answer.status_code for answer in over} == {429}
    assert len({answer.content for answer in over}) == 1
    assert over[0].json()["type"] == "urn:throughcare:problem:quota-spent"
    waits = {int(answer.headers["retry-after"]) for answer in over}
    zone = ZoneInfo("Africa/Tunis")
    midnight = datetime.combine(
        clock.now().astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone
    )
    for wait in waits:
        assert abs((midnight - clock.now()).total_seconds() - wait) < 30
    rows = await world.sql("SELECT pulls FROM court_day")
    assert [row["pulls"] for row in rows] == [QUOTA + len(over)]


async def test_the_next_day_of_the_agency_begins_anew(world: World) -> None:
    docket = await a_docket(world)
    await _allow(world, docket.court, 1)
    evening = datetime(2031, 5, 1, 22, 59, 50, tzinfo=UTC)  # ten seconds to midnight in Tunis
    clock.travel(lambda: evening)
    token = {"client_id": docket.court.credential.client_id}
    token["secret"] = docket.court.credential.secret
    answer = await Caller().post("/court/token", token)
    docket.court.caller.token = answer.json()["access_token"]
    assert (await docket.court.list(REFERENCE)).status_code == 200
    spent = await docket.court.list(REFERENCE)
    assert (spent.status_code, spent.headers["retry-after"]) == (429, "11")
    clock.travel(lambda: evening + timedelta(seconds=11))
    assert (await docket.court.list(REFERENCE)).status_code == 200
    days = await world.sql("SELECT day::text, pulls FROM court_day ORDER BY day")
    assert [tuple(one.values()) for one in days] == [("2031-05-01", 2), ("2031-05-02", 1)]


async def test_many_at_once_get_no_more_than_the_quota(world: World) -> None:
    docket = await a_docket(world)
    await _allow(world, docket.court)
    answers = await asyncio.gather(*[docket.court.list(REFERENCE) for _ in range(12)])
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * QUOTA + [429] * (12 - QUOTA)


async def test_each_machine_has_a_quota_of_its_own(world: World) -> None:
    docket = await a_docket(world)
    other = await a_court(world)
    await _allow(world, docket.court, 1)
    await docket.court.list(REFERENCE)
    assert (await docket.court.list(REFERENCE)).status_code == 429
    assert (await other.list(REFERENCE)).status_code == 404
    default = await world.sql("SELECT daily_quota FROM court_client WHERE id = $1", other.id)
    assert default == [{"daily_quota": 300}]


async def test_a_spent_quota_is_written_down_once_and_is_one_task_for_each_coordinator(
    world: World,
) -> None:
    docket = await a_docket(world)
    coordinator, second = await world.somebody("CO"), await world.somebody("CO", name="2")
    elsewhere = await world.somebody("CO", agency=await world.an_agency(name="Elsewhere"))
    await _allow(world, docket.court, 1)
    await docket.court.list(REFERENCE)
    await alarms()
    assert await tasks_of(coordinator, "court-quota") == []
    for _ in range(3):
        assert (await docket.court.list(REFERENCE)).status_code == 429
        await alarms()
    for who in (coordinator, second):
        [task] = await tasks_of(who, "court-quota")
        assert (task.get("plan"), task["subject"]) == (None, str(docket.court.id))
    assert await tasks_of(elsewhere, "court-quota") == []
    assert await tasks_of(docket.worker, "court-quota") == []
    told = "SELECT actor, plan, object FROM audit WHERE outcome = 'over-quota'"
    assert [tuple(row.values()) for row in await world.sql(told)] == [(docket.court.id, None, None)]
    path = f"/tasks/{task['id']}/close"
    closed = await second.post(path, {"outcome": "called"}, version=task["version"])
    assert closed.status_code == 200, closed.text
    await alarms()
    assert await tasks_of(second, "court-quota") == []


async def test_without_a_coordinator_the_task_is_for_the_administrators(world: World) -> None:
    docket = await a_docket(world)
    administrator = await world.somebody("AD")
    await _allow(world, docket.court, 1)
    for _ in range(2):
        await docket.court.list(REFERENCE)
    await alarms()
    rows = await world.sql("SELECT assignee FROM task WHERE kind = 'court-quota'")
    assert [row["assignee"] for row in rows] == [administrator.id]


async def test_what_is_refused_for_the_quota_stays_as_before_for_a_stranger(world: World) -> None:
    docket = await a_docket(world)
    await _allow(world, docket.court, 1)
    for _ in range(2):
        await docket.court.list(REFERENCE)
    nobody = Caller()
    nobody.token = "x" * 43
    docket.court.caller.token, kept = "y" * 43, docket.court.caller.token
    assert seen(await docket.court.list(REFERENCE)) == seen(await nobody.get("/court/summaries"))
    docket.court.caller.token = kept
    assert (await docket.court.list(REFERENCE)).status_code == 429
