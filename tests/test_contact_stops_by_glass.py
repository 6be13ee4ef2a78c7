"""Whoever came in by broken glass stops contact with a relative or mentor, and nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from backend import clock
from backend.access import Actor
from backend.database import transaction
from backend.errors import NotFound, NotFromThisState
from backend.family.stopping import stop_contact
from tests.backend.let_in import is_let_in
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, Member
from tests.releases import a_release, on_weekday
from tests.world import Caller, World


def _actor(world: World, who: Caller, role: str) -> Actor:
    assert who.id
    return Actor(who.id, "staff", role, world.agency)


class _House:
    """A plan with a sister and a mentor in chats, and colleagues who were let in to it."""

    def __init__(self, world: World, worker: Caller, head: Caller, plan: str) -> None:
        self.world, self.worker, self.head, self.plan = world, worker, head, plan
        self.guests: dict[str, Caller] = {}
        self.circle: dict[str, Member] = {}

    @classmethod
    async def built(cls, world: World, chats: Chats) -> "_House":
        head = await world.somebody("CO")
        worker, plan = await a_release(world, on_weekday(3))
        house = cls(world, worker, head, plan["id"])
        for role, gate, alias in (("FA", "first", "Blue"), ("ME", "substitute", "Green")):
            house.circle[role] = await chats.a_member(
                worker, plan["id"], role, gate=gate, alias=alias
            )
        for role in ("CO", "SW"):
            house.guests[role] = await world.somebody(role, name=f"Guest {role}")
        return house

    async def let(self, role: str) -> Actor:
        if not await self.world.sql(
            "SELECT 1 FROM mandate WHERE actor = $1 AND plan = $2",
            self.guests[role].id,
            UUID(self.plan),
        ):
            await is_let_in(self.world, self.guests[role], self.head, self.plan)
        return _actor(self.world, self.guests[role], role)

    async def left(self, member: Member) -> dict[str, Any]:
        """What still goes on with somebody."""
        (row,) = await self.world.sql(
            "SELECT (SELECT count(*) FROM link WHERE subject = $1 AND state <> 'ended') AS chats,"
            " (SELECT count(*) FROM mandate WHERE actor = $1 AND ends IS NULL) AS mandates,"
            " (SELECT count(*) FROM channel_consent WHERE subject = $1"
            "   AND withdrawn_at IS NULL) AS yes,"
            " (SELECT count(*) FROM message WHERE recipient = $1 AND state = 'queued') AS waits,"
            " (SELECT gate FROM member WHERE id = $1) AS gate",
            UUID(member.actor),
        )
        return row


STOPPED = {"chats": 0, "mandates": 0, "yes": 0, "waits": 0, "gate": None}


@pytest.mark.parametrize("role", ["CO", "SW"])
async def test_an_order_that_is_recorded_through_glass_stops_everything_at_once(
    world: World, chats: Chats, role: str
) -> None:
    house = await _House.built(world, chats)
    guest, sister = await house.let(role), house.circle["FA"]
    who, plan = UUID(sister.actor), UUID(house.plan)
    await stop_contact(guest, plan, who, "order")
    assert await house.left(sister) == STOPPED
    assert (await house.left(house.circle["ME"]))["gate"] == "first", "who stands in is asked"
    seen = (await house.worker.get(f"/plans/{plan}/relatives")).json()["relatives"]
    assert [one["barred"] for one in seen] == [True]
    through = house.guests[role]
    assert (await through.get(f"/plans/{plan}/relatives")).json()["relatives"][0]["barred"]
    [task] = [
        one
        for one in (await house.worker.get(f"/tasks?plan={plan}")).json()["tasks"]
        if one["kind"] == "stopped-by-glass"
    ]
    assert task["about"] == sister.actor
    for other in (house.head, through):
        assert "stopped-by-glass" not in (await other.get(f"/tasks?plan={plan}")).text
    with pytest.raises(NotFromThisState):
        await stop_contact(guest, plan, who, "order")
    # only while the glass holds
    later = clock.now() + timedelta(hours=5)
    clock.travel(lambda: later)
    gone = await through.get(f"/plans/{plan}/relatives")
    assert gone.status_code == 404
    with pytest.raises(NotFound):
        await stop_contact(guest, plan, UUID(house.circle["ME"].actor), "order")


async def test_a_mentor_is_stopped_likewise_and_nothing_says_why(
    world: World, chats: Chats
) -> None:
    house = await _House.built(world, chats)
    guest, mentor = await house.let("CO"), house.circle["ME"]
    await stop_contact(guest, UUID(house.plan), UUID(mentor.actor), "order")
    assert await house.left(mentor) == STOPPED
    with pytest.raises(NotFound):
        await stop_contact(guest, UUID(house.plan), UUID(mentor.actor), "order")
    kinds = await world.sql("SELECT kind FROM task WHERE about = $1", UUID(mentor.actor))
    assert {"kind": "stopped-by-glass"} in kinds


async def test_to_everybody_else_an_order_through_glass_is_as_any_other_no_through_it(
    world: World, chats: Chats
) -> None:
    traces = {}
    for why in ("order", "person", "they"):
        house = await _House.built(world, chats)
        guest, who = await house.let("CO"), UUID(house.circle["FA"].actor)
        await stop_contact(guest, UUID(house.plan), who, why, "en")
        looks = [
            (await house.head.get(f"/plans/{house.plan}/access")).json(),
            (await house.head.get(f"/tasks?plan={house.plan}")).json(),
            (await house.head.get(f"/plans/{house.plan}/relatives")).json(),
        ]
        rows = await world.sql(
            "SELECT operation, role, outcome FROM audit WHERE plan = $1 AND actor = $2 ORDER BY id",
            UUID(house.plan),
            guest.id,
        )
        tasks = await world.sql(
            "SELECT kind, step, role, urgency, note, outcome FROM task WHERE plan = $1"
            " ORDER BY kind, opened_at, step",
            UUID(house.plan),
        )
        said = [[one["operation"] for one in looks[0]["access"]], len(looks[1]["tasks"]), looks[2]]
        traces[why] = (said, rows, tasks)
    assert traces["order"] == traces["person"] == traces["they"]


async def test_the_database_lets_glass_end_what_hangs_on_that_one_alone(
    world: World, chats: Chats
) -> None:
    house = await _House.built(world, chats)
    guest, plan = await house.let("SW"), UUID(house.plan)
    sister, mentor = (UUID(house.circle[one].actor) for one in ("FA", "ME"))
    bar = "UPDATE relative SET barred_by = $2, barred_at = now() WHERE id = $1 RETURNING 1"
    task = (
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, 'stopped-by-glass',"
        " $3, 'SW', $2, $2, current_date, now(), 0, now() FROM plan WHERE id = $1"
    )
    async with transaction(guest.id) as held:
        assert await held.fetchval(bar, sister, guest.id) is None, "without a task nothing ends"
    async with transaction(guest.id) as held:
        await held.execute(task, plan, sister, "a")
    async with transaction(guest.id) as held:
        assert await held.fetchval(bar, sister, guest.id) is None, "a task of before opens nothing"
    another = "UPDATE mandate SET ends = now() WHERE actor = $1 RETURNING 1"
    refused = (
        "UPDATE relative SET relation = 'friend', wish = 'not_wanted' WHERE id = $1",
        "UPDATE relative SET children_there = true, wish = 'not_wanted' WHERE id = $1",
        "UPDATE relative SET safety_asked_at = now() WHERE id = $1",
        "UPDATE mandate SET ends = now() + interval '1 year' WHERE actor = $1",
        "UPDATE member SET alias = 'Red' WHERE id = $1",
        "UPDATE link SET state = 'stopped' WHERE subject = $1",
        "UPDATE channel_consent SET version = version + 1 WHERE subject = $1",
    )
    for number, sql in enumerate(refused):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _both(guest, (task, plan, sister, f"r{number}"), (sql, sister))
    async with transaction(guest.id) as held:
        await held.execute(task, plan, sister, "b")
        assert await held.fetchval(another, mentor) is None, "nobody else's"
        assert await held.fetchval(bar, sister, guest.id) == 1
    lift = "UPDATE relative SET barred_by = NULL, barred_at = NULL WHERE id = $1 RETURNING 1"
    async with transaction(guest.id) as held:
        await held.execute(task, plan, sister, "c")
        assert await held.fetchval(lift, sister) is None, "nothing begins again"


async def _both(who: Actor, first: tuple[Any, ...], then: tuple[Any, ...]) -> None:
    async with transaction(who.id) as held:
        await held.execute(*first)
        await held.execute(*then)


async def test_it_is_done_at_the_desk_by_whoever_was_let_in_and_offered_to_nobody_else(
    world: World, chats: Chats
) -> None:
    house = await _House.built(world, chats)
    await house.let("CO")
    there = f"/desk/plans/{house.plan}/family"
    for caller in (house.worker, house.head):
        browser = await at_the_desk(world, caller)
        assert not plain(await browser.open(there)).has_form(f"{there}/stop")
    role = "CO"
    own = _actor(world, house.head, role)
    with pytest.raises(NotFound):
        await stop_contact(own, UUID(house.plan), UUID(house.circle["FA"].actor), "order")
    browser = await at_the_desk(world, house.guests[role])
    page = plain(await browser.open(there))
    sister = house.circle["FA"].actor
    stopped = await browser.send(page, f"{there}/stop", who=sister, why="order", language="en")
    assert "It has stopped" in stopped.words
    assert "by an order" in stopped.words
    worker = await at_the_desk(world, house.worker)
    assert "has stopped contact" in (await worker.open("/desk/tasks")).words
