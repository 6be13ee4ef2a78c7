"""Whom a wall keeps from a person is told nothing of them by chat either, and answers nothing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from backend import clock, database
from backend.alerts.due import due_on_day
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World

WEDNESDAY = 3


@dataclass
class Desk:
    """A worker and a colleague of one plan, each with a phone; its coordinator has none."""

    world: World
    chats: Chats
    head: Caller
    worker: Caller
    colleague: Caller
    phones: dict[str, Member]
    plan: dict[str, Any]
    day: date

    async def wall(self, kind: str = "excluded", who: Caller | None = None) -> None:
        whom = who or self.colleague
        body = {"kind": kind, "login": whom.login}
        answer = await self.worker.post(f"/plans/{self.plan['id']}/walls", body)
        assert answer.status_code == 201, answer.text

    async def heard(self, who: str, key: str) -> set[str]:
        return {
            row["state"]
            for row in await self.world.sql(
                "SELECT m.state FROM message m JOIN staff s ON s.id = m.recipient"
                " WHERE m.key = $1 AND s.id = $2",
                key,
                {"worker": self.worker, "colleague": self.colleague}[who].id,
            )
        }

    async def night(self) -> None:
        """The evening of the day on which the person left."""
        at(self.day, 9)
        await leave(self.world, self.worker, self.plan)
        at(self.day, 17, 5)
        await self.chats.round()

    async def rota(self) -> None:
        starts = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        body = {
            "starts": starts.isoformat(),
            "ends": (starts + timedelta(days=1)).isoformat(),
            "staff": [str(self.colleague.id), str(self.worker.id)],
        }
        assert (await self.head.send("PUT", "/duty-rota", body)).status_code == 200


@pytest.fixture
async def desk(world: World, chats: Chats) -> Desk:
    day = on_weekday(WEDNESDAY)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day)
    colleague = await world.somebody("SW")
    await joins(world, worker, plan, colleague, "SW")
    phones = {
        "worker": await a_phone_of(chats, worker),
        "colleague": await a_phone_of(chats, colleague),
    }
    return Desk(world, chats, head, worker, colleague, phones, plan, day)


async def test_without_a_wall_both_are_asked_about_the_first_night(desk: Desk) -> None:
    await desk.night()
    assert await desk.heard("colleague", "NIGHT1") == {"sent"}
    assert await desk.heard("worker", "NIGHT1") == {"sent"}


@pytest.mark.parametrize("kind", ["excluded", "admitted"])
async def test_whom_a_wall_keeps_out_is_asked_nothing(desk: Desk, kind: str) -> None:
    await desk.wall(kind, desk.worker if kind == "admitted" else None)
    before = len(await said(desk.chats, desk.phones["colleague"]))
    await desk.night()
    assert await desk.heard("colleague", "NIGHT1") == {"cancelled"}
    assert len(await said(desk.chats, desk.phones["colleague"])) == before
    assert await desk.heard("worker", "NIGHT1") == {"sent"}


async def test_who_was_asked_before_the_wall_answers_nothing_after_it(desk: Desk) -> None:
    await desk.night()
    await desk.wall()
    tasks = await kinds(desk.worker)
    await desk.chats.tap(desk.phones["colleague"].phone, "No, need help")
    assert await kinds(desk.worker) == tasks
    answered = "SELECT 1 FROM message WHERE answered_at IS NOT NULL AND key = 'NIGHT1'"
    assert await desk.world.sql(answered) == []
    await desk.chats.tap(desk.phones["worker"].phone, "No, need help")
    assert len(await desk.world.sql(answered)) == 1


async def _urgent(desk: Desk) -> None:
    """A mentor waits at the gate for longer than half an hour."""
    mentor = await desk.chats.a_member(desk.worker, desk.plan["id"], gate="first")
    await desk.rota()
    at(desk.day, 10)
    await desk.chats.round()
    await desk.chats.tap(mentor.phone, "Waiting")


async def test_nobody_is_paged_for_a_person_from_whom_a_wall_keeps_them(desk: Desk) -> None:
    await desk.wall()
    await _urgent(desk)
    before = len(await said(desk.chats, desk.phones["colleague"]))
    at(desk.day, 10, 30)
    await desk.chats.round()
    assert len(await said(desk.chats, desk.phones["colleague"])) == before
    assert await desk.heard("worker", "UNPL") == {"sent"}  # the next on the rota, at once


async def test_who_was_paged_before_the_wall_takes_nothing_after_it(desk: Desk) -> None:
    await _urgent(desk)
    at(desk.day, 10, 30)
    await desk.chats.round()
    assert await desk.heard("colleague", "UNPL") == {"sent"}
    await desk.wall()
    await desk.chats.tap(desk.phones["colleague"].phone, "Taken")
    taken = "SELECT acknowledged_by AS who FROM task WHERE acknowledged_by IS NOT NULL"
    assert await desk.world.sql(taken) == []
    at(desk.day, 10, 46)
    await desk.chats.round()
    assert await desk.heard("worker", "UNPL") == {"sent"}
    await desk.chats.tap(desk.phones["worker"].phone, "Taken")
    assert await desk.world.sql(taken) == [{"who": desk.worker.id}]


async def test_a_call_that_nobody_opened_is_given_to_nobody_behind_a_wall(desk: Desk) -> None:
    await desk.wall()
    await _urgent(desk)
    for hour in range(11, 20):
        at(desk.day, hour)
        await desk.chats.round()
    given = await desk.world.sql(
        "SELECT DISTINCT assignee FROM task WHERE kind = 'unopened' AND assignee IS NOT NULL"
    )
    assert given == [{"assignee": desk.worker.id}]


async def test_the_mornings_digest_does_not_count_what_lies_behind_a_wall(desk: Desk) -> None:
    who = desk.colleague.id
    assert who is not None
    await _urgent(desk)

    async def count() -> int:
        async def work() -> int:
            database.act_as("worker")
            today = clock.today("Africa/Tunis")
            async with database.transaction():
                return await due_on_day(who, today, zone="Africa/Tunis", as_of=clock.now())

        found: int = await database.in_fresh_context(work)
        return found

    assert await count() > 0
    await desk.wall()
    assert await count() == 0
