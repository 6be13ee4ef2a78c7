"""An outbox for a benchmark: reminders that are due in as many chats, of as many bots as wanted."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx

from backend import clock
from backend.actors.actions import vault
from backend.database import in_fresh_context
from backend.messages.inbox import chat_index
from backend.settings import ROOT
from benchmarks.ground import AGENCY, BOT, Ground, load
from benchmarks.process import free_port
from benchmarks.tick import DAY
from workflows.materialise import materialise

MORNING, NOON = (datetime(DAY.year, DAY.month, DAY.day, hour, tzinfo=UTC) for hour in (3, 12))
FIRST_BOT, FIRST_CHAT = 1000, 5_000_000
_OFFICE = f"""
INSERT INTO calendar (id, agency, version, working_days, closed)
VALUES ({AGENCY}, {AGENCY}, 1, '{{1,2,3,4,5,6,7}}', '{{}}') ON CONFLICT (id) DO NOTHING;
INSERT INTO data_flow (id, agency, version, kind, to_role, groups, purpose, basis, starts,
                       recorded_at)
VALUES (gen_random_uuid(), {AGENCY}, 1, 'chat', 'ME', '{{messages}}', 'care', 'authorisation',
        '2020-01-01', '2020-01-01');
"""
_BOTS = f"""
INSERT INTO bot (id, agency, number, username)
SELECT gen_random_uuid(), {AGENCY}, ({FIRST_BOT} + n)::text, 'x' || n FROM generate_series(1, $1) n
"""
_SPREAD = """
UPDATE link l SET bot = b.id FROM bot b, (
    SELECT id, {first} + (row_number() OVER (ORDER BY id)) % $1 AS number FROM link) AS n
 WHERE n.id = l.id AND b.number = n.number::text
"""


async def fill(place: Ground, messages: int, bots: int = 1) -> None:
    """So many mentors with a chat that is sealed, each to be asked about one row at this noon."""
    await load(place, messages, messages, DAY)
    held = await asyncpg.connect(place.url())
    try:
        await held.execute("SET session_replication_role = replica")
        await _house(held, bots)
    finally:
        await held.close()


async def _house(held: Any, bots: int) -> None:
    await held.execute(_OFFICE)
    if bots > 1:
        await held.execute(_BOTS, bots - 1)
    await _seal_chats(held)
    await _spread(held, bots)
    await held.execute("VACUUM ANALYZE")


async def _spread(held: Any, bots: int) -> None:
    await held.execute(_SPREAD.format(first=FIRST_BOT), bots)
    await held.execute("UPDATE message m SET bot = l.bot FROM link l WHERE l.id = m.link")


async def spread(place: Ground, bots: int) -> None:
    """The chats are with so many bots from now on, of those that were filled in."""
    held = await asyncpg.connect(place.url())
    try:
        await held.execute("SET session_replication_role = replica")
        await _spread(held, bots)
        await held.execute("VACUUM ANALYZE link")
    finally:
        await held.close()


async def _seal_chats(held: Any) -> None:
    links = await held.fetch("SELECT id, subject FROM link ORDER BY id")
    keys = {link["subject"]: vault().new_key(link["subject"]) for link in links}
    await held.copy_records_to_table(
        "subject_key", records=list(keys.items()), columns=["id", "wrapped"]
    )
    await held.executemany(
        "UPDATE link SET chat = $2, chat_index = $3 WHERE id = $1",
        [_chat(link, keys, FIRST_CHAT + n) for n, link in enumerate(links)],
    )


def _chat(link: Any, keys: dict[Any, bytes], chat: int) -> tuple[Any, bytes, bytes]:
    subject = link["subject"]
    place = f"link.chat:{link['id']}"
    sealed = vault().seal(subject, keys[subject], place, f'"{chat}"'.encode())
    return link["id"], sealed, chat_index(chat)


_ANSWERS = f"""
SET session_replication_role = replica;
CREATE TEMP TABLE made AS SELECT n, gen_random_uuid() AS staff, gen_random_uuid() AS link
  FROM generate_series(1, {{messages}}) n;
INSERT INTO actor (id, agency, kind, created_at) SELECT staff, {AGENCY}, 'staff', now() FROM made;
INSERT INTO link (id, agency, version, bot, subject, state, level, language, zone, opens, closes,
                  quiet, tries, invited_by, confirmed_at)
SELECT link, {AGENCY}, 1, {BOT}, staff, 'active', 'P1', 'en', 'Africa/Tunis', '00:00', '23:59',
       '[]', 0, staff, now() FROM made;
INSERT INTO message (id, agency, version, bot, link, recipient, rule, step, subject, local_due,
                     key, urgent, critical, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), {AGENCY}, 1, {BOT}, link, staff, 'bench', '', link, current_date,
       'START-OK', true, false, now(), now() + interval '1 day', now(), 'queued' FROM made;
SET session_replication_role = origin;
"""


async def fill_answers(place: Ground, messages: int, bots: int = 1) -> None:
    """So many people of the staff with a chat, each to be answered now, whatever the hour."""
    await load(place, 100, 1, DAY)
    held = await asyncpg.connect(place.url())
    try:
        await held.execute(_ANSWERS.format(messages=messages))
        await held.execute("SET session_replication_role = replica")
        await _house(held, bots)
    finally:
        await held.close()


async def due(place: Ground, messages: int) -> None:
    """The reminders of the day, made anew by the job that makes them."""
    held = await asyncpg.connect(place.url())
    try:
        await held.execute("TRUNCATE message CASCADE; DELETE FROM zone_day")
    finally:
        await held.close()
    clock.travel(lambda: MORNING)
    made = await in_fresh_context(materialise)
    clock.travel(lambda: NOON)
    if made != messages:
        raise RuntimeError(f"{made} messages were made, not {messages}")


@asynccontextmanager
async def a_chat_service(seconds: float, *more: str) -> AsyncIterator[httpx.AsyncClient]:
    """The stub in a process of its own, and a client that asks what it counted."""
    port = free_port()
    words = (sys.executable, "-m", "benchmarks.stub", str(port), str(seconds), *more)
    started = subprocess.Popen(words, cwd=ROOT)  # noqa: ASYNC220
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for _ in range(300):
            try:
                await client.get("/counted")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                break
        try:
            yield client
        finally:
            started.terminate()
            await asyncio.to_thread(started.wait)
