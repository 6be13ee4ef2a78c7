"""The jobs and the bot beside acts on the same plan: each is done, and none waits for ever."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, database, embedded
from backend.messages.taps import button_data, tap_hash
from bots.intake import take_in, work_off
from tests.backend.kept import Kept, a_copy
from tests.backend.scene import Scene
from tests.backend.test_nobody_waits_in_a_ring import ALONE
from tests.chats import Chats, Member
from tests.releases import a_phone_of, joins
from tests.world import PASSWORD, World
from workflows.retain import carry_out
from workflows.sender.dispatch import send_due
from workflows.tidy import tidy
from workflows.timetable import jobs

AT_ONCE = 16
ROUNDS = 8  # of each job, while the acts are carried out
TAPS = 4  # of each member
PATIENCE = 3.0  # shorter than the database's own with a lock
Work = Callable[[], Awaitable[object]]

# All that a job looks for: on the plan, with somebody whose mandate is over and one who leaves.
_DUE = """
UPDATE agency SET zone = '{zone}', working_days = '{{1,2,3,4,5,6,7}}';
UPDATE plan SET release_date = current_date + 1, certainty = 'confirmed' WHERE id = '{plan}';
UPDATE member SET gate = 'first', call_weekday = extract(isodow FROM current_date),
       call_at = '10:00' WHERE plan = '{plan}' AND role IN ('ME', 'FA');
UPDATE milestone SET due_on = current_date - abs(day) % 4, state = 'planned'
 WHERE plan = '{plan}' AND message IS NOT NULL;
UPDATE milestone SET due_on = current_date - 20, repeat_days = 7, repeat_until = 3000
 WHERE plan = '{plan}' AND abs(day) % 2 = 1 AND state = 'planned';
UPDATE correction SET due_on = current_date - 1 WHERE plan = '{plan}';
UPDATE complaint SET received_on = received_on - 300;
UPDATE incoming SET purge_after = current_date - 1;
UPDATE link SET ended_at = now() - interval '9 days', expires_at = now() - interval '60 days'
 WHERE plan = '{plan}';
UPDATE task SET urgency = 2, opened_at = now() - interval '2 hours' WHERE plan = '{plan}';
UPDATE incident SET touched = ARRAY['{plan}', '{gone}']::uuid[];
UPDATE mandate SET starts = now() - interval '2 hours', ends = now() - interval '1 hour'
 WHERE id = '{over}';
UPDATE staff SET active = false WHERE id = '{leaver}'
"""
# Long ago: what was said, and the closing of a plan.
_SAID = """
UPDATE message SET created_at = created_at - interval '2 years', variables = '\\x00'
 WHERE state = 'sent'
"""
_CLOSED = """
UPDATE plan SET state = 'closed', closed_at = now() - interval '3 years' WHERE id = '{plan}';
UPDATE legal_hold SET ended_at = now(), ended_by = set_by
"""
_MESSAGE = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, urgent, due_at, expires_at, created_at, state, sent_at, tap)
SELECT $1, agency, plan, 1, bot, id, subject, 'CONTACT', $5, $1, current_date, $6, true,
       $3::timestamptz, $3 + interval '12 hours', $3, $5, $3, $4 FROM link
 WHERE subject = $2 AND state = 'active'
"""
_WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
_RINGS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@dataclass
class House:
    kept: Kept
    chats: Chats
    scene: Scene
    over: str  # the id of the plan whose person may be erased
    waiting: list[tuple[Member, UUID]]  # messages that wait for a tap

    async def tap(self) -> None:
        """Of somebody of the circle, on one of their messages; the bot takes it in."""
        if self.waiting:
            member, row = self.waiting.pop()
            await self.chats.phones.tap(member.phone.id, data=button_data(row, "met"))
        await take_in(self.chats.bot, 0, wait=0)
        await work_off([self.chats.bot])

    async def act(self, name: str) -> tuple[str, int]:
        answer = await self.scene.carry_out(name)
        return name, answer.status_code

    async def round(self, name: str, job: Work) -> tuple[str, int]:
        """As the worker; whatever it raises fails the test."""
        await self.chats.job(job)
        return name, 200

    def work(self) -> dict[str, Work]:
        """One round of each job, and of the bot."""
        found = jobs(partial(send_due, [self.chats.bot]), partial(tidy, [self.chats.bot]))
        every: dict[str, Work] = {name: job for name, (job, _) in found.items()}
        return every | {"retain": _retain, "bot": self.tap}

    async def has(self, statements: str, **values: object) -> None:
        """The rows are so, whatever the database would say to whoever changed them."""
        sql = "SET LOCAL session_replication_role = replica;" + statements
        async with self.kept.world.behind.held() as held, held.transaction():
            await held.execute(sql.format(gone=self.over, **values))

    async def message(self, member: Member, state: str, key: str = "CONTACT") -> UUID:
        """One on their chat, with a button."""
        row = uuid4()
        values = row, UUID(member.actor), clock.now(), tap_hash(row), state, key
        await self.kept.world.sql(_MESSAGE, *values)
        return row


@pytest.fixture
async def house(server: embedded.Server) -> AsyncIterator[House]:
    async with a_copy(server) as kept, Chats(kept.world) as chats:
        # the phones of whom the database knows already are other ones
        await chats.phones.numbers(phone=8_000_000_001, update=200_000_001)
        scene = kept.other
        yield House(kept, chats, scene, scene.acts["erasePerson"].ids[0], [])


async def _retain() -> None:
    """Whatever was done today already."""
    async with database.transaction():
        await carry_out(clock.now())


async def _everything_is_due(house: House) -> None:
    worker, plan = house.scene.docket.worker, house.scene.docket.plan
    members = [await house.chats.a_member(worker, plan, role) for role in ("ME", "FA", "ME")]
    await a_phone_of(house.chats, worker)
    leaver = await house.kept.world.somebody("TR")
    await joins(house.kept.world, worker, {"id": plan}, leaver, "TR")
    for member in members[:2] * TAPS:
        house.waiting.append((member, await house.message(member, "sent")))
    over, zone = members[2].mandate, _morning_here()
    await house.has(f"{_DUE};{_SAID}", plan=plan, over=over, leaver=leaver.id, zone=zone)
    await house.has(_CLOSED, plan=house.over)


def _morning_here() -> str:
    """A zone in which it is past nine; the signs of these zones are the wrong way round."""
    ahead = (9 - clock.now().hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


@pytest.mark.deep
async def test_of_jobs_and_acts_that_meet_none_waits_for_one_that_waits_for_it(
    house: House,
) -> None:
    await _everything_is_due(house)
    for caller in house.scene.callers.values():
        if caller.login:
            await caller.get("/account/devices")  # signs in; many at once show one code twice
    acts = [partial(house.act, name) for name in house.scene.acts if name not in ALONE]
    rounds = [partial(house.round, name, job) for name, job in house.work().items()]
    order = [*acts, *acts, *rounds * ROUNDS]
    random.Random(1).shuffle(order)  # noqa: S311 - an order, and no secret
    done = []
    for at in range(0, len(order), AT_ONCE):
        done += await asyncio.gather(*(one() for one in order[at : at + AT_ONCE]))
    assert [one for one in done if one[1] >= 500] == []
    assert len({name for name, status in done if status < 300}) > len(acts) / 2
    assert await _rings(house.kept.world) == 0


async def _rings(world: World) -> int:
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        found: int = await held.fetchval(_RINGS)
    finally:
        await held.close()
    return found


@dataclass
class Meeting:
    """A plan whose person is erased, and a mentor's chat with a message that waits for its tap."""

    house: House
    mentor: Member

    async def tap(self) -> None:
        await self.house.chats.job(self.house.tap)

    async def stop(self) -> None:
        await self.house.chats.phones.say(self.mentor.phone.id, "STOP")
        await self.house.chats.job(self.house.tap)

    async def cut(self) -> None:
        (link,) = await self.house.kept.world.sql(
            "SELECT id, version FROM link WHERE subject = $1", UUID(self.mentor.actor)
        )
        path, worker = f"/links/{link['id']}/cut", self.house.scene.docket.worker
        answer = await worker.post(path, version=link["version"])
        assert answer.status_code == 404, answer.text  # it is nobody's by then

    async def retain(self) -> None:
        await self.house.chats.job(_retain)

    async def retain_others(self) -> None:
        await self.retain()


# Who comes, and where the erasure stands then: at a message that waits or was sent, or at a task.
_COMES = {"tap": "queued", "stop": "sent", "cut": "sent", "retain": "queued", "retain_others": ""}


@pytest.mark.parametrize("other", _COMES)
async def test_whoever_comes_in_the_middle_of_an_erasure_waits_and_has_nothing_that_it_wants(
    house: House, other: str
) -> None:
    world, worker = house.kept.world, house.scene.docket.worker
    mentor = await house.chats.a_member(worker, house.over)
    rows = {state: await house.message(mentor, state) for state in ("sent", "queued")}
    if other == "tap":
        house.waiting.append((mentor, rows["sent"]))
    if other != "retain_others":
        await house.has(_SAID)
    if other.startswith("retain"):
        closed = house.over if other == "retain" else house.scene.docket.plan
        await house.has(_CLOSED, plan=closed)
    proved = await house.scene.callers["CO"].post("/account/prove", {"password": PASSWORD})
    assert proved.status_code < 300, proved.text
    stands = rows.get(_COMES[other]) or await _a_complaint_of_both(house)
    async with _busy_with(world, stands) as held:
        erased = asyncio.create_task(house.act("erasePerson"))
        await _until_waiting(held, 1)
        met = asyncio.create_task(getattr(Meeting(house, mentor), other)())
        await _until_waiting(held, 2)
    assert await erased == ("erasePerson", 200)
    await met
    assert await _rings(world) == 0


async def _a_complaint_of_both(house: House) -> UUID:
    """Somebody is asked to answer it; an incident touched this plan and one that is closed."""
    world, head = house.kept.world, house.scene.callers["CO"]
    complaint = {"text": "Nobody calls me back.", "received_on": "2026-01-05"}
    made = await head.post(f"/plans/{house.over}/complaints", complaint)
    assert made.status_code == 201, made.text
    await house.has(
        "UPDATE incident SET touched = ARRAY['{plan}', '{gone}']::uuid[], description = '\\x00'",
        plan=house.scene.docket.plan,
    )
    task = uuid4()
    await world.sql(
        "INSERT INTO task (id, agency, version, kind, step, role, subject, local_due, due_at,"
        " urgency, opened_at) SELECT $1, agency, 1, 'complaint-due', 'soon', 'CO', id,"
        " received_on, now(), 0, now() FROM complaint WHERE id = $2",
        task,
        UUID(made.json()["id"]),
    )
    return task


async def test_a_chat_that_its_owner_has_closed_is_found_so_in_the_middle_of_an_erasure(
    house: House,
) -> None:
    world, phones = house.kept.world, house.chats.phones
    mentor = await house.chats.a_member(house.scene.docket.worker, house.over)
    rows = {state: await house.message(mentor, state, "START-OK") for state in ("sent", "queued")}
    await world.sql("UPDATE message SET variables = '\\x00' WHERE id = $1", rows["sent"])
    proved = await house.scene.callers["CO"].post("/account/prove", {"password": PASSWORD})
    assert proved.status_code < 300, proved.text
    blocked = "Forbidden: bot was blocked by the user"
    await phones.fault("sendMessage", delay=0.5, code=403, description=blocked)
    sending = asyncio.create_task(house.chats.job(partial(send_due, [house.chats.bot])))
    async with _busy_with(world, rows["sent"]) as held:
        await _until(
            held, f"SELECT count(sending_at) FROM message WHERE id = '{rows['queued']}'", 1
        )
        # both say something of the person: so both are emptied
        await world.sql("UPDATE message SET variables = '\\x00' WHERE id = $1", rows["queued"])
        erased = asyncio.create_task(house.act("erasePerson"))
        await _until_waiting(held, 2)
    assert await erased == ("erasePerson", 200)
    assert await sending == 1
    assert await _rings(world) == 0


@asynccontextmanager
async def _busy_with(world: World, row: UUID) -> AsyncIterator[Any]:
    """Somebody else holds this message or task until the block ends."""
    async with world.behind.held() as held, held.transaction():
        await held.execute("SELECT FROM message WHERE id = $1 FOR UPDATE", row)
        await held.execute("SELECT FROM task WHERE id = $1 FOR UPDATE", row)
        yield held


async def _until_waiting(held: Any, count: int) -> None:
    await _until(held, _WAITING, count)


async def _until(held: Any, sql: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await held.fetchval(sql) < count:  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.005)
