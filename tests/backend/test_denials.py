"""A refusal is a row too: who, what, why; never of what, and never so many that a disk fills."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, database
from backend.audit import denials
from backend.audit.denials import hash_of
from backend.database import transaction
from tests.backend.acts import OF_AGENCY, roles_of
from tests.backend.pages.browser import at_the_desk
from tests.backend.scene import a_scene
from tests.backend.test_not_yours import FOR_COURTS, WITHOUT_PATH
from tests.world import Caller, World
from workflows.tell_denials import tell_denials

DENIED = "SELECT * FROM audit WHERE outcome = 'denied' AND id > $1 ORDER BY id"
WHO = ("at", "id", "request", "object_hash")


async def _denied(world: World, after: int = 0) -> list[dict[str, Any]]:
    return await world.sql(DENIED, after)


def _but(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in WHO}


async def test_each_refused_operation_leaves_one_row_in_every_role(world: World) -> None:
    scene = await a_scene(world)
    acts = [act for act in scene.acts.values() if act.operation not in FOR_COURTS]
    for role in ("SW", "PO", "TR", "AD"):
        for number, act in enumerate(acts):
            if number % 40 == 0:  # of one actor only so many have a row of their own in a minute
                stranger = await world.somebody(role)
                await stranger.sign_in()
            theirs = act.operation in WITHOUT_PATH | OF_AGENCY
            if theirs and role in roles_of(act.operation):
                continue  # or refused for what the body names
            last = (await world.sql("SELECT max(id) FROM audit"))[0]["max"]
            answer = await act.by(stranger)
            rows = await _denied(world, last)
            assert len(rows) == 1, (role, act.operation, answer.status_code)
            (row,) = rows
            assert row["operation"] == act.operation
            assert (row["actor"], row["role"], row["agency"]) == (stranger.id, role, world.agency)
            assert row["request"] == answer.headers["x-request-id"]
            assert row["reason"] == {403: "not-your-role", 404: "not-found"}[answer.status_code]
            assert (row["plan"], row["object"]) == (None, None)
            asked = act.ids[-1] if act.ids else None
            assert row["object_hash"] == (hash_of(UUID(asked)) if asked else None)


async def test_what_is_foreign_and_what_never_was_leave_the_same(world: World) -> None:
    scene = await a_scene(world)
    stranger = await world.somebody("SW")
    for operation in ("getPlan", "changeMilestone", "logContact", "listAccess"):
        act = scene.acts[operation]
        await act.by(stranger)
        await act.on(str(uuid4())).by(stranger)
        foreign, never = (await _denied(world))[-2:]
        assert _but(foreign) == _but(never)
        assert foreign["object_hash"] != never["object_hash"]
        assert not {UUID(one) for one in act.ids} & set(foreign.values())


async def test_a_page_that_is_refused_leaves_its_row(world: World) -> None:
    scene = await a_scene(world)
    stranger = await world.somebody("SW")
    async with await at_the_desk(world, stranger) as desk:
        page = await desk.open(f"/desk/plans/{scene.docket.plan}")
    assert page.status == 404
    (row,) = await _denied(world)
    assert (row["operation"], row["actor"]) == ("page plan", stranger.id)
    assert row["object_hash"] == hash_of(UUID(scene.docket.plan))


async def test_nobody_who_reads_the_access_list_learns_of_a_refusal(world: World) -> None:
    scene = await a_scene(world)
    plan, coordinator = scene.docket.plan, scene.callers["CO"]
    before = (await coordinator.get(f"/plans/{plan}/access?limit=200")).json()["access"]
    await (await world.somebody("SW")).get(f"/plans/{plan}")
    assert len(await _denied(world)) == 1
    after = (await coordinator.get(f"/plans/{plan}/access?limit=200")).json()["access"]
    assert len(after) == len(before) + 1  # the first look itself


async def test_a_sign_in_that_fails_is_a_row_without_a_name(world: World) -> None:
    worker = await world.somebody("SW")
    for login in (worker.login, "nobody"):
        for _ in range(11):
            await Caller().post("/sessions", {"login": login, "password": "wrong"})
    rows = await _denied(world)
    assert [row["reason"] for row in rows] == (["wrong-credentials"] * 10 + ["too-many-tries"]) * 2
    assert {(row["operation"], row["actor"], row["role"]) for row in rows} == {
        ("signIn", None, None)
    }
    assert len({row["object_hash"] for row in rows}) == 2
    assert len({str(_but(row)) for row in rows if row["reason"] == "too-many-tries"}) == 1


async def test_a_court_with_a_wrong_secret_is_a_row(world: World) -> None:
    await world.an_agency()
    wrong = {"client_id": "nobody", "secret": "x"}
    answer = await Caller().post("/court/token", wrong)
    assert answer.status_code == 401, answer.text
    assert [row["operation"] for row in await _denied(world)] == ["courtToken"]


async def test_a_flood_is_a_number_and_not_as_many_rows(world: World, monkeypatch: Any) -> None:
    now = clock.now().replace(second=0)
    clock.travel(lambda: now)
    monkeypatch.setattr(denials, "MOST", 3)
    monkeypatch.setattr("workflows.tell_denials.MOST", 3)
    stranger, other = await world.somebody("SW"), await world.somebody("SW")
    for _ in range(8):
        assert (await stranger.get(f"/plans/{uuid4()}")).status_code == 404
    await other.get(f"/plans/{uuid4()}")
    assert [row["actor"] for row in await _denied(world)] == [stranger.id] * 3 + [other.id]

    async def tell() -> None:
        database.act_as("worker")
        await tell_denials()

    for minutes in (1, 3, 3):
        clock.travel(lambda to=now + timedelta(minutes=minutes): to)  # type: ignore[misc]
        await database.in_fresh_context(tell)
    *_, told = await _denied(world)
    assert len(await _denied(world)) == 5
    assert (told["actor"], told["operation"], told["times"]) == (stranger.id, "denials", 5)
    assert told["agency"] == world.agency
    assert await world.sql("SELECT 1 FROM denial") == []
    # and in another minute there are rows again
    await stranger.get(f"/plans/{uuid4()}")
    assert len(await _denied(world)) == 6


async def test_a_refusal_stands_where_it_cannot_be_written_down(world: World) -> None:
    stranger = await world.somebody("SW")
    await stranger.sign_in()
    seen = await stranger.get(f"/plans/{uuid4()}")
    await world.sql("REVOKE EXECUTE ON FUNCTION count_refusal FROM throughcare_app")
    again = await stranger.get(f"/plans/{uuid4()}")
    assert (again.status_code, again.content) == (404, seen.content)
    assert len(await _denied(world)) == 1


async def test_how_often_somebody_was_refused_is_told_by_a_job_alone(world: World) -> None:
    stranger = await world.somebody("SW")
    await stranger.get(f"/plans/{uuid4()}")
    assert await world.sql("SELECT 1 FROM denial")
    for statement in ("SELECT * FROM denial", "DELETE FROM denial", "UPDATE denial SET times = 0"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(stranger.id) as held:
                await held.execute(statement)
