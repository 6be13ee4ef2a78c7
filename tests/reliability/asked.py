"""Mentors who were asked by chat, and what their taps and texts left behind, row by row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from backend import clock, database
from backend.actors.actions import seal
from backend.database import connection
from backend.messages.inbox import chat_index
from backend.messages.taps import button_data, tap_hash
from bots.channels.telegram import STAND_IN_TOKEN
from bots.phones.client import Phones
from tests.world import World

# The answer with the most behind it: a claim, a contact with the person, and a reply.
KEY, ANSWER = "CONTACT", "met"
WORDS = "a question"


@dataclass
class Asked:
    """A message that waits for its tap: its row, the phone, and its number there."""

    row: UUID
    phone: int
    shown: int


@dataclass
class Line:
    """The phones, and every update that left them, by its number."""

    world: World
    phones: Phones
    address: str
    asked: list[Asked] = field(default_factory=list)
    taps: dict[int, UUID] = field(default_factory=dict)
    texts: list[int] = field(default_factory=list)

    @property
    def updates(self) -> list[int]:
        return sorted([*self.taps, *self.texts])

    async def tap(self, one: Asked) -> int:
        number = await self.phones.tap(one.phone, ANSWER, message=one.shown)
        self.taps[number] = one.row
        return number

    async def write(self, phone: int) -> int:
        self.texts.append(await self.phones.say(phone, WORDS))
        return self.texts[-1]

    async def pending(self) -> int:
        """How many updates the chat service would deliver again, for all that it was told."""
        return (await self.phones.bots())[0].pending

    def once(self, taken: Iterable[int], done: Iterable[int]) -> dict[str, Any]:
        """What must be there when some updates are kept and some have had their effect, once."""
        done = sorted(done)
        tapped = sorted(self.taps[number] for number in done if number in self.taps)
        return {
            "kept": sorted(taken),
            "done": done,
            "claims": tapped,
            "recorded": tapped,
            "contacts": len(tapped),
            "texts": len(done) - len(tapped),
            "tasks": len(done) - len(tapped),
            "answers": sorted(f"reply-{number}" for number in done),
        }

    async def found(self) -> dict[str, Any]:
        """What is there."""
        return {name: await self._look(name) for name in _LOOKS}

    async def done(self) -> int:
        """How many updates have had their effect; it is asked again and again."""
        return len(await self._look("done"))

    async def _look(self, name: str) -> Any:
        rows = [next(iter(row.values())) for row in await self.world.sql(_LOOKS[name])]
        return rows[0] if name in {"contacts", "texts", "tasks"} else sorted(rows)


_LOOKS = {
    "kept": "SELECT number FROM incoming_update",
    "done": "SELECT number FROM incoming_update WHERE handled_at IS NOT NULL AND attempts = 0",
    "claims": "SELECT message FROM claim",
    "recorded": "SELECT object FROM audit WHERE operation = 'tap'",
    "contacts": "SELECT count(*) FROM contact",
    "texts": "SELECT count(*) FROM incoming",
    "tasks": "SELECT count(*) FROM task WHERE kind = 'free-text'",
    "answers": "SELECT rule FROM message WHERE rule LIKE 'reply-%'",
}


async def a_line(
    world: World,
    phones: Phones,
    address: str,
    *,
    mentors: int = 1,
    each: int = 1,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Line:
    """Mentors of one plan with a chat each, all of them asked `each` times about the contact."""
    line = Line(world, phones, address)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for _ in range(mentors):
        mentor = {"role": "ME", "language": "en", "name": "Mentor"}
        answer = await worker.post(f"/plans/{plan['id']}/circle", mentor)
        assert answer.status_code == 201, answer.text
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    bot = (await world.sql("SELECT id, agency FROM bot"))[0]
    base = f"{address}/bot{STAND_IN_TOKEN}"
    async with httpx.AsyncClient(base_url=base, transport=transport) as http:
        for one in (entry for entry in circle if entry["role"] == "ME"):
            phone = (await phones.phone("mentor")).id
            await phones.say(phone, "/start")
            rows = await _ask(bot, UUID(plan["id"]), UUID(one["actor"]), phone, each)
            line.asked += [Asked(row, phone, await _shown(http, phone, row)) for row in rows]
        await _forget(http)
    return line


async def _ask(bot: dict[str, Any], plan: UUID, actor: UUID, phone: int, each: int) -> list[UUID]:
    """The rows of an active link, and of messages that were sent on it."""
    link, rows = uuid4(), [uuid4() for _ in range(each)]

    async def write() -> None:
        database.act_as("worker")
        async with database.transaction() as held:
            sealed = await seal(actor, f"link.chat:{link}", str(phone))
            await held.execute(
                "INSERT INTO link (id, agency, plan, version, bot, subject, state, level,"
                " language, zone, opens, closes, quiet, chat, chat_index, invited_by, tries,"
                " confirmed_at) VALUES ($1, $2, $3, 1, $4, $5, 'active', 'P2', 'en',"
                " 'Africa/Tunis', '00:00', '23:59', '[]', $6, $7, $5, 0, $8)",
                link,
                bot["agency"],
                plan,
                bot["id"],
                actor,
                sealed,
                chat_index(phone),
                clock.now(),
            )
            for row in rows:
                await _sent(row, link)

    await database.in_fresh_context(write)
    return rows


async def _sent(row: UUID, link: UUID) -> None:
    """A message that has gone out. Its subject is its own: nothing but the tap settles it."""
    await connection().execute(
        "INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step,"
        " subject, local_due, key, urgent, due_at, expires_at, created_at, state, sent_at, tap)"
        " SELECT $1, agency, plan, 1, bot, id, subject, $3, 'ask', $1, $4::timestamptz::date,"
        " $3, false, $4, $4 + interval '12 hours', $4, 'sent', $4, $5 FROM link WHERE id = $2",
        row,
        link,
        KEY,
        clock.now(),
        tap_hash(row),
    )


async def _shown(http: httpx.AsyncClient, phone: int, row: UUID) -> int:
    """Put the message into the chat, as the worker would have; its number there."""
    button = {"text": ANSWER, "callback_data": button_data(row, ANSWER)}
    body = {"chat_id": phone, "text": "?", "reply_markup": {"inline_keyboard": [[button]]}}
    answer = await http.post("/sendMessage", json=body)
    shown: int = answer.json()["result"]["message_id"]
    return shown


async def _forget(http: httpx.AsyncClient) -> None:
    """Let no update wait from before: every phone has had to begin its chat."""
    waiting = (await http.get("/getUpdates")).json()["result"]
    offset = waiting[-1]["update_id"] + 1
    assert (await http.get("/getUpdates", params={"offset": offset})).json()["result"] == []
