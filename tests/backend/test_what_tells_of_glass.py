"""Whoever breaks the glass touches nothing that tells of it; who has more is held by nothing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend import clock
from tests.backend import bodies
from tests.backend.let_in import is_let_in, seen
from tests.releases import a_release, joins, kinds, on_weekday
from tests.world import Caller, World


@dataclass
class House:
    world: World
    head: Caller
    worker: Caller
    plan: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/plans/{self.plan['id']}"

    async def guest(self, role: str) -> tuple[Caller, str]:
        who = await self.world.somebody(role)
        return who, await is_let_in(self.world, who, self.head, self.plan["id"])


@pytest.fixture
async def house(world: World) -> House:
    head = await world.somebody("CO")
    worker, plan = await a_release(world, on_weekday(3))
    return House(world, head, worker, plan)


async def test_who_has_a_mandate_besides_is_held_by_nothing(house: House) -> None:
    worker, _ = (
        house.worker,
        await is_let_in(house.world, house.worker, house.head, house.plan["id"]),
    )
    assert {"glass-broken"} <= set(await kinds(house.head))
    assert {"tell-of-glass"} <= set(await kinds(worker))
    colleague = await house.world.somebody("TR")
    for path, body in (
        ("walls", bodies.a_wall(str(colleague.login))),
        ("circle", bodies.a_mentor()),
        ("consents", bodies.an_answer()),
    ):
        made = await worker.post(f"{house.path}/{path}", body)
        assert made.status_code == 201, (path, made.text)
        if path == "walls":
            ended = await worker.post(f"/walls/{made.json()['id']}/end", version=1)
            assert ended.status_code == 200, ended.text
    # as soon as their own has ended, they stand by glass alone
    sql = "UPDATE mandate SET ends = $2 WHERE actor = $1 AND glass IS NULL"
    await house.world.sql(sql, worker.id, clock.now())
    assert (await worker.get(house.path)).status_code == 200
    assert (await worker.post(f"{house.path}/circle", bodies.a_mentor())).status_code == 404


async def test_whoever_was_let_in_neither_sees_nor_closes_what_tells_of_it(house: House) -> None:
    for role, kind, whose in (("SW", "tell-of-glass", "worker"), ("CO", "glass-broken", "head")):
        guest, _ = await house.guest(role)
        told: Caller = getattr(house, whose)
        assert kind in await kinds(told)
        assert not {"tell-of-glass", "glass-broken"} & set(await kinds(guest))
        (task,) = await house.world.sql(
            "SELECT id, version FROM task WHERE kind = $1 ORDER BY opened_at DESC LIMIT 1", kind
        )
        for act, body in (("acknowledge", None), ("close", {"outcome": "told"})):
            refused = await guest.post(f"/tasks/{task['id']}/{act}", body, version=1)
            never = await guest.post(f"/tasks/{uuid4()}/{act}", body, version=1)
            assert seen(refused) == seen(never)
            assert refused.status_code == 404
        closed = await told.post(f"/tasks/{task['id']}/close", {"outcome": "told"}, version=1)
        assert closed.status_code == 200, closed.text


async def test_who_came_by_glass_takes_no_task_of_it_away_from_the_worker(house: House) -> None:
    guest, _ = await house.guest("CO")
    assert "glass-broken" not in await kinds(house.worker)
    # there is no other coordinator any more: what tells of the glass falls to the worker
    sql = "UPDATE mandate SET ends = $2 WHERE actor = $1"
    await house.world.sql(sql, house.head.id, clock.now())
    assert "glass-broken" in await kinds(house.worker)
    assert "glass-broken" not in await kinds(guest)
    # and every other task of a coordinator to whoever is there for the while, as before
    await house.world.sql("UPDATE task SET kind = 'call-back' WHERE kind = 'glass-broken'")
    assert "call-back" in await kinds(guest)
    assert "call-back" not in await kinds(house.worker)


async def test_a_coordinator_by_glass_lets_nobody_else_in(house: House) -> None:
    guest, _ = await house.guest("CO")
    asking = await house.world.somebody("SW")
    wish = (await asking.post("/break-glass", bodies.a_wish(house.plan["alias"]))).json()["id"]
    assert (await guest.get("/break-glass")).json() == []
    let = await guest.post(f"/break-glass/{wish}/let", version=1)
    assert let.status_code == 404
    assert [one["id"] for one in (await house.head.get("/break-glass")).json()] == [wish]


async def test_whoever_was_let_in_ends_it_and_the_desk_is_left_its_week(house: House) -> None:
    desk = await house.world.somebody("PS")
    await joins(house.world, house.worker, house.plan, desk, "PS")
    guest, wish = await house.guest("SW")
    plan = (await house.world.sql("SELECT version FROM plan WHERE id = $1", house.plan["id"]))[0]
    left = await guest.post(f"{house.path}/left-custody", bodies.out(), version=plan["version"])
    assert left.status_code == 200, left.text
    (row,) = await house.world.sql("SELECT ends FROM mandate WHERE actor = $1", desk.id)
    assert row["ends"] is not None
    ended = await guest.post(f"/break-glass/{wish}/end", version=2)
    assert ended.status_code == 200, ended.text
    now = clock.now() + timedelta.resolution
    clock.travel(lambda: now)
    assert (await guest.get(house.path)).status_code == 404
