"""What only the pages ask for, beside what the actions of each feature already tell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import OPERATIONS, TOLD, Actor, find_plan
from backend.audit.actions import record
from backend.database import connection, fetch_one, transaction
from backend.errors import NotFound
from backend.evidence.actions import Claims, list_claims
from backend.matrix import cell, covers
from backend.plans.rules import hangs_on_a_yes


@dataclass(frozen=True)
class Office:
    """Where the reader works: their zone and language, and the chat bot that speaks for them."""

    zone: str
    language: str
    bot: str | None


async def office_of(actor: Actor) -> Office:
    row = await fetch_one(
        "SELECT a.zone, a.language, (SELECT username FROM bot b WHERE b.agency = a.id"
        "   ORDER BY length(number) DESC, number DESC LIMIT 1) AS bot"
        "  FROM agency a WHERE a.id = $1",
        actor.agency,
    )
    if row is None:
        raise NotFound
    return Office(row["zone"], row["language"], row["bot"])


@dataclass(frozen=True)
class Places:
    """Calendars to choose among, and which one counts; none where there is no choice."""

    choices: Sequence[tuple[UUID, str]] = ()
    now: UUID | None = None


async def places_of(actor: Actor, plan: UUID | None = None) -> Places:
    """Of the actor's own agency; for a plan that is another's there are none."""
    async with transaction(actor.id) as held:
        rows = await held.fetch(
            "SELECT id, name FROM calendar WHERE agency = $1 ORDER BY id <> agency, name, id",
            actor.agency,
        )
        now = actor.agency
        if plan is not None:
            sql = "SELECT coalesce(calendar, agency) FROM plan WHERE id = $1"
            now = await held.fetchval(sql, plan)
    choices = [(row["id"], row["name"]) for row in rows]
    if len(choices) < 2 or now not in dict(choices):  # noqa: PLR2004 - one is no choice
        return Places()
    return Places(choices, now)


_ABOUT = f"""
SELECT n.id, n.title FROM milestone n WHERE n.id = ANY($1) AND EXISTS (
    SELECT 1 FROM mandate m WHERE m.plan = n.plan AND m.actor = $2 AND m.role IN ('SW', 'CO')
       AND m.starts <= $3 AND (m.ends IS NULL OR m.ends > $3)
       AND {TOLD.format(group="'milestones'", at="$3")})
"""


async def titles(actor: Actor, subjects: Collection[UUID]) -> Mapping[UUID, str]:
    """What tasks are about, where that is a row of a plan that the reader works on."""
    async with transaction(actor.id) as held:
        rows = await held.fetch(_ABOUT, list(subjects), actor.id, clock.now())
        return {row["id"]: row["title"] for row in rows}


async def claims_for(actor: Actor, *, plan: UUID | None = None, limit: int) -> Sequence[Claims]:
    """What was said and waits for the actor; nothing for whoever is told of no claim."""
    if actor.role not in OPERATIONS["listClaims"]:
        return ()
    return await list_claims(actor, plan=plan, limit=limit)


@dataclass(frozen=True)
class Yeses:
    """The consents that stand: answers by pathway, yes to messages and disclosures by actor.

    `rows` are the newest answers for single rows of the plan.
    """

    answers: Mapping[str, Any]
    rows: Sequence[Any]
    channels: Mapping[UUID, Any]
    disclosures: Mapping[UUID, list[Any]]


_ANSWERS = """
SELECT DISTINCT ON (a.pathway, a.milestone) a.*, m.title, s.alias FROM participation a
  LEFT JOIN milestone m ON m.id = a.milestone LEFT JOIN staff s ON s.id = a.explained_by
 WHERE a.plan = $1 ORDER BY a.pathway, a.milestone, a.recorded_at DESC
"""
_CHANNELS = """
SELECT DISTINCT ON (subject) id, subject, channel, given_at FROM channel_consent
 WHERE plan = $1 AND withdrawn_at IS NULL ORDER BY subject, given_at DESC
"""
_DISCLOSURES = """
SELECT d.id, d.recipient, d.fact, d.until
  FROM disclosure d JOIN agency s ON s.id = d.agency
 WHERE d.plan = $1 AND d.withdrawn_at IS NULL
   AND d.until >= CASE d.fact WHEN 'referral'
       THEN ($3::timestamptz AT TIME ZONE s.zone)::date ELSE $2 END
 ORDER BY d.until, d.fact
"""


async def yeses(actor: Actor, plan: UUID) -> Yeses:
    """The consents of a plan, for its worker. Raises NotFound."""
    async with transaction(actor.id):
        found, held = (
            await find_plan(actor, plan, group="consents", roles=("SW", "CO")),
            connection(),
        )
        await record(actor, "listConsents", plan=plan)
        disclosures: dict[UUID, list[Any]] = {}
        today = clock.today(found["zone"])
        for row in await held.fetch(_DISCLOSURES, plan, today, clock.now()):
            disclosures.setdefault(row["recipient"], []).append(row)
        answers = await held.fetch(_ANSWERS, plan)
        return Yeses(
            {row["pathway"]: row for row in answers if row["milestone"] is None},
            [row for row in answers if row["milestone"] is not None],
            {row["subject"]: row for row in await held.fetch(_CHANNELS, plan)},
            disclosures,
        )


# What the person let be told before a reopening and nobody has asked about since.
_ASKED_AGAIN = """
SELECT DISTINCT d.recipient, d.fact FROM disclosure d
  JOIN custody_return r ON r.plan = d.plan AND r.reopened_at = d.withdrawn_at
 WHERE d.plan = $1 AND NOT EXISTS (
       SELECT 1 FROM disclosure n WHERE n.plan = d.plan AND n.recipient = d.recipient
          AND n.fact = d.fact AND n.given_at > d.withdrawn_at)
 ORDER BY d.recipient, d.fact
"""


async def asks_again(plan: UUID) -> Sequence[Any]:
    """Each yes to a fact that ended with a reopening: with whom, and what. For a plan's workers.

    The caller has found the plan as its worker.
    """
    rows: Sequence[Any] = await connection().fetch(_ASKED_AGAIN, plan)
    return rows


# Leaving gave the release desk a week; a reopening gives it no part, for it may be another house.
_DESK_LEFT = """
SELECT s.alias, m.ends FROM mandate m JOIN staff s ON s.id = m.actor
 WHERE m.plan = $1 AND m.role = 'PS' AND m.glass IS NULL
   AND m.ends > (SELECT max(r.left_at) FROM custody_return r
                  WHERE r.plan = $1 AND r.reopened_at IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM mandate n WHERE n.plan = $1 AND n.role = 'PS' AND n.ends IS NULL)
 ORDER BY s.alias, m.ends
"""


async def desk_left(plan: UUID) -> Sequence[Any]:
    """Who of the release desk had a part until the last leaving, where nobody of it has one now.

    For a plan that was reopened; the caller has found it as its worker.
    """
    rows: Sequence[Any] = await connection().fetch(_DESK_LEFT, plan)
    return rows


@dataclass(frozen=True)
class Said:
    """What the person said to one offer, the newest first; and who may have explained it."""

    answers: Sequence[Any]
    staff: Sequence[Any]


_OF_ROW = """
SELECT a.*, s.alias FROM participation a LEFT JOIN staff s ON s.id = a.explained_by
 WHERE a.milestone = $1 ORDER BY a.recorded_at DESC
"""
_STAFF = """
SELECT DISTINCT m.actor, m.role, s.alias AS name FROM mandate m JOIN staff s ON s.id = m.actor
 WHERE m.plan = $1 AND m.glass IS NULL AND m.starts <= $2 AND (m.ends IS NULL OR m.ends > $2)
 ORDER BY m.role, s.alias
"""


async def answers_for(actor: Actor, plan: Any, row: Any) -> Said | None:
    """For the workers, of a row that hangs on the person's own yes; `plan` as it was found."""
    told = cell(plan["mandate"], "offers").reads and covers(plan["told_groups"], "consents")
    if not told or not hangs_on_a_yes(row):
        return None
    async with transaction(actor.id) as held:
        await record(actor, "listConsents", plan=plan["id"])
        return Said(
            await held.fetch(_OF_ROW, row["id"]),
            await held.fetch(_STAFF, plan["id"], clock.now()),
        )
