"""A private link by which one's own calendar app reads when one has dates. Alias and hour alone."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import GROUPS, TOLD, Actor, require
from backend.actors.actions import vault
from backend.appointments.rules import instant
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import transaction
from backend.errors import NotFound
from backend.feeds.writing import UNNAMED, Entry, status_of
from backend.matrix import cell
from backend.plans.rules import OVER, WORKERS
from backend.staff.devices import hash_token
from backend.staff.notices import note_here
from backend.staff.proof import hold_account, require_fresh

BACK, AHEAD = timedelta(weeks=4), timedelta(weeks=12)

_END = "UPDATE date_feed SET ended_at = $2 WHERE staff = $1 AND ended_at IS NULL RETURNING id"


async def make_feed(actor: Actor) -> str:
    """A new token in the place of an earlier one; it is shown once. Raises ProveAgain."""
    require(actor, "makeFeed")
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await require_fresh(actor)
        token, id_ = secrets.token_urlsafe(32), uuid4()
        await held.fetch(_END, actor.id, clock.now())
        await held.execute(
            "INSERT INTO date_feed (id, staff, hash, made_at) VALUES ($1, $2, $3, $4)",
            id_,
            actor.id,
            hash_token(token),
            clock.now(),
        )
        await note_here(held, actor, "feed")
        await record(actor, "makeFeed", thing=id_)
    return token


async def get_feed(actor: Actor) -> datetime | None:
    """When the link that opens something was made; None where there is none."""
    require(actor, "getFeed")
    async with transaction(actor.id) as held:
        await record(actor, "getFeed")
        made: datetime | None = await held.fetchval(
            "SELECT made_at FROM date_feed WHERE staff = $1 AND ended_at IS NULL", actor.id
        )
        return made


async def end_feed(actor: Actor) -> None:
    """The link opens nothing any more. Raises NotFound where there is none."""
    require(actor, "endFeed")
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        ended = await held.fetchval(_END, actor.id, clock.now())
        if ended is None:
            raise NotFound
        await record(actor, "endFeed", thing=ended)


@dataclass(frozen=True)
class Feed:
    id: UUID
    actor: Actor


# The dates that their holder sees by a mandate, each chain by the last of it: that is one date,
# which moved. The row policies have judged mandate, wall and data flow before.
_DATES = f"""
WITH RECURSIVE held AS MATERIALIZED (
    SELECT DISTINCT ON (p.id) p.id, m.role,
           CASE WHEN covers({GROUPS.format(at="$2")}, 'alias') THEN p.alias END AS alias
      FROM mandate m JOIN plan p ON p.id = m.plan AND p.state <> ALL ($3)
     WHERE m.actor = $1 AND m.role = $4 AND m.glass IS NULL AND m.starts <= $2
       AND (m.ends IS NULL OR m.ends > $2) AND NOT is_barred(p.person, m.actor, m.role)
       AND {TOLD.format(group="'appointments'", at="$2")}),
shown AS (
    SELECT a.*, h.alias FROM held h JOIN appointment a ON a.plan = h.id
     WHERE (h.role = ANY ($5) OR a.role = h.role) AND a.held_on BETWEEN $6 AND $7
       AND NOT EXISTS (SELECT 1 FROM appointment n WHERE n.moved_from = a.id)),
chain AS (
    SELECT s.id AS of, s.id, s.moved_from, s.version FROM shown s
    UNION ALL
    SELECT c.of, a.id, a.moved_from, a.version FROM chain c
      JOIN appointment a ON a.id = c.moved_from)
SELECT s.held_on, s.held_at, s.zone, s.state, s.alias, sum(c.version)::int AS versions,
       (array_agg(c.id) FILTER (WHERE c.moved_from IS NULL))[1] AS first
  FROM shown s JOIN chain c ON c.of = s.id
 GROUP BY s.id, s.held_on, s.held_at, s.zone, s.state, s.alias
 ORDER BY s.held_on, s.held_at, s.id
"""


async def read_feed(token: str, request: str | None = None) -> list[Entry]:
    """What the holder of a token may know right now; each pull is written down.

    Raises NotFound alike for whatever is wrong, and TooMuch.
    """
    shown = hash_token(token)
    feed = await _holder(shown, request)
    if feed is None:
        asked = vault().derive("audit.object", shown.hex())
        await deny(None, "readFeed", NotFound.kind, asked=asked, request=request)
        raise NotFound
    actor, today = feed.actor, clock.now().date()
    async with transaction(actor.id) as held:
        await record(actor, "readFeed", thing=feed.id)
        rows = await held.fetch(
            _DATES,
            actor.id,
            clock.now(),
            sorted(OVER),
            actor.role,
            sorted(WORKERS),
            today - BACK,
            today + AHEAD,
        )
    named = cell(actor.role, "alias").reads
    return [_entry(feed, row, row["alias"] if named else None) for row in rows]


async def _holder(shown: bytes, request: str | None) -> Feed | None:
    async with transaction() as held:
        found = await held.fetchrow("SELECT * FROM holder_of_feed($1)", shown)
    if found is None:
        return None
    actor = Actor(found["id"], "staff", found["role"], found["agency"], request=request)
    return Feed(found["feed"], actor)


def _entry(feed: Feed, row: Any, alias: str | None) -> Entry:
    """Its id is keyed by the link, so two links have none in common."""
    mark = vault().index("date_feed.uid", f"{feed.id}:{row['first']}")
    begins = instant(row["held_on"], row["held_at"], row["zone"])
    return Entry(
        UUID(bytes=mark[:16], version=4),
        row["versions"] - 1,
        begins,
        status_of(row["state"]),
        alias or UNNAMED,
    )
