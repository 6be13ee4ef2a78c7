"""The draft: what would be issued now. It is made of rows each time and never stored."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import UNSET

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import unseal, vault
from backend.audit.actions import record
from backend.courts.actions import reference_of
from backend.database import connection, transaction
from backend.errors import NotFound, Unfit
from backend.evidence.rules import OF_THE_CIRCLE, PAPERS, SINCE_IT_BEGAN
from backend.matrix import covers
from backend.plans.rules import stands_still
from backend.summaries.content import Comment, Corrected, Draft, Period, canonical
from backend.summaries.rules import TYPES, Material, facts_of
from backend.summaries.sources import Settled
from backend.summaries.wording import spoken, words

DRAFT_READERS = ("SW", "PO", "CO")


@dataclass(frozen=True)
class Subject:
    """What a summary is about: for which court file, of which type, over which period."""

    file: UUID
    type: str
    period: Period


@dataclass(frozen=True)
class Shown:
    """A draft as it was shown: with what the person said to it, for that goes along.

    `digest` names all of it.
    """

    draft: Draft
    comments: Sequence[Comment]
    digest: str


async def draft_summary(actor: Actor, plan_id: UUID, subject: Subject) -> Shown:
    """The draft as it stands now, to be read to the person or checked, and its digest.

    Raises NotFound (plan, or a file that is not bound to it), Unfit.
    """
    require(actor, "recordReading")
    async with transaction(actor.id):
        plan = await find_drafted(actor, plan_id)
        draft = await make_draft(plan, subject)
        readings = await readings_of(plan, draft)
        await record(actor, "draftSummary", plan=plan_id, thing=subject.file)
        return Shown(draft, await comments_of(plan, readings), digest_shown(draft, readings))


async def find_drafted(actor: Actor, plan_id: UUID, *, lock: bool = False) -> Mapping[str, Any]:
    """A plan whose drafts the actor may know. A draft names its file, so that may flow to them too.

    Raises NotFound.
    """
    plan: Mapping[str, Any] = await find_plan(
        actor, plan_id, group="summary draft", roles=DRAFT_READERS, lock=lock
    )
    if not covers(plan["told_groups"], "court reference"):
        raise NotFound
    return plan


async def readings_of(plan: Any, draft: Draft) -> Sequence[Any]:
    """The readings of this draft on which nothing was issued yet, oldest first."""
    rows: Sequence[Any] = await connection().fetch(
        "SELECT * FROM reading WHERE plan = $1 AND digest = $2 AND summary IS NULL"
        " ORDER BY read_on, recorded_at, id",
        plan["id"],
        digest_of(draft),
    )
    return rows


async def comments_of(plan: Any, readings: Sequence[Any]) -> list[Comment]:
    """What the person said at these readings, word for word."""
    return [
        Comment(
            row["read_on"],
            row["language"],
            await unseal(plan["person"], f"reading.comment:{row['id']}", row["comment"]),
        )
        for row in readings
        if row["comment"] is not None
    ]


async def make_draft(plan: Any, subject: Subject) -> Draft:
    """It hangs on the plan's rows alone, never on who asks. Raises NotFound, Unfit."""
    if subject.type not in TYPES:
        raise Unfit(f"type is one of {', '.join(sorted(TYPES))}.")
    if subject.period.starts > subject.period.ends:
        raise Unfit("A period does not end before it starts.")
    if subject.period.ends > clock.today(plan["zone"]):
        raise Unfit("A period does not end in the future.")
    language = await connection().fetchval(
        "SELECT language FROM agency WHERE id = $1", plan["agency"]
    )
    return Draft(
        file_ref=await reference_of(plan, subject.file),
        type=subject.type,
        language=spoken(language),
        period=subject.period,
        facts=facts_of(await _material(plan, subject.period), subject.period, words(language)),
        closing=words(language)["closing"],
        corrections=await _corrections(plan, subject, words(language)) or UNSET,
    )


# What a lawyer or guardian asked is never told as the person's word, and told at all only once it
# was put right: a draft is read to the person, who is told no more than that of what they asked.
_ANSWERED = """
SELECT c.answer, c.answered_at, s.number, c.role = 'LR' AS of_lawyer
  FROM correction c JOIN summary s ON s.id = c.summary
 WHERE c.plan = $1 AND s.file = $2 AND c.answered_at IS NOT NULL
   AND (c.role <> 'LR' OR c.answer = 'accepted')
 ORDER BY c.answered_at, s.number
"""


async def _corrections(plan: Any, subject: Subject, said: Mapping[str, str]) -> list[Corrected]:
    """What was called wrong in a summary that this court has: in fixed words, and no typed one."""
    zone = ZoneInfo(plan["zone"])
    return [
        Corrected(
            summary=row["number"],
            on=row["answered_at"].astimezone(zone).date(),
            text=said[_worded(row)].format(number=row["number"]),
        )
        for row in await connection().fetch(_ANSWERED, plan["id"], subject.file)
    ]


def _worded(row: Mapping[str, Any]) -> str:
    return "correction:made" if row["of_lawyer"] else f"correction:{row['answer']}"


def digest_of(draft: Draft) -> bytes:
    """A keyed hash: whoever reads the table of readings cannot try out guesses of facts."""
    return vault().derive("summary.draft", canonical(draft).decode())


def digest_shown(draft: Draft, readings: Sequence[Any]) -> str:
    """Names the draft with the comments on it: with another one it is not what was shown."""
    spoken = [str(row["id"]) for row in readings if row["comment"] is not None]
    return vault().derive("summary.shown", " ".join([digest_of(draft).hex(), *spoken])).hex()


_CYCLES = """
SELECT code, at, role FROM (
    SELECT m.code, e.at, e.role, e.after,
           lead(e.before) OVER of_row AS next_before, lead(e.after) OVER of_row AS next_after
      FROM milestone_event e JOIN milestone m ON m.id = e.milestone
     WHERE e.plan = $1 AND m.repeat_days IS NOT NULL AND e.kind = 'state'
    WINDOW of_row AS (PARTITION BY m.id ORDER BY e.at, e.id)) AS event
 WHERE after = 'done' AND next_before IS DISTINCT FROM 'done'
   AND (next_before, next_after) IS DISTINCT FROM ('planned', 'planned')
"""  # a row that was done and opened again was not done after all, nor is what was taken back
# What a worker or a service knows goes before what somebody said. An officer is shown no claim, so
# a draft hangs on none, nor on what answers one; and an earlier release wrote down nothing but who
# settled a row.
_SETTLED = f"""
SELECT m.code, coalesce(e.role, v.role) AS role,
       coalesce(e.provenance,
                CASE WHEN v.role = ANY ($2) THEN 'said'
                     WHEN m.evidence = ANY ($3) THEN 'document' ELSE 'act' END) AS provenance
  FROM milestone m
  LEFT JOIN LATERAL (
       SELECT o.role, o.provenance FROM evidence o
        WHERE o.milestone = m.id AND o.cycle = m.cycle AND o.happened AND NOT o.answers
          AND o.provenance <> 'said' AND o.taken_back_at IS NULL
          AND {SINCE_IT_BEGAN.format(saying="o")}
        ORDER BY o.row_version DESC LIMIT 1) AS e ON true
  LEFT JOIN LATERAL (
       SELECT o.role FROM milestone_event o
        WHERE o.milestone = m.id AND o.kind = 'state' AND o.after = 'done'
        ORDER BY o.at DESC, o.id LIMIT 1) AS v ON true
 WHERE m.plan = $1 AND m.state = 'done' AND coalesce(e.role, v.role) IS NOT NULL
"""
# What was done before a plan was reopened for another release, and is asked again since: it was
# done all the same, as whoever settled it then knew. The day is the one that the row had.
_BEFORE = """
SELECT a.milestone, a.what::date AS done_on, coalesce(e.role, v.role) AS role,
       coalesce(e.provenance,
                CASE WHEN v.role = ANY ($2) THEN 'said'
                     WHEN m.evidence = ANY ($3) THEN 'document' ELSE 'act' END) AS provenance
  FROM milestone_event a JOIN milestone m ON m.id = a.milestone
  LEFT JOIN LATERAL (
       SELECT o.role, o.provenance FROM evidence o
        WHERE o.milestone = m.id AND o.at <= a.at AND o.happened AND NOT o.answers
          AND o.provenance <> 'said' AND o.taken_back_at IS NULL
        ORDER BY o.row_version DESC LIMIT 1) AS e ON true
  LEFT JOIN LATERAL (
       SELECT o.role FROM milestone_event o
        WHERE o.milestone = m.id AND o.at <= a.at AND o.kind = 'state' AND o.after = 'done'
        ORDER BY o.at DESC, o.id LIMIT 1) AS v ON true
 WHERE a.plan = $1 AND a.kind = 'again' AND a.before = 'done' AND m.repeat_days IS NULL
 ORDER BY a.at, a.id
"""
_STOPPED = """
SELECT m.code, max(e.at) AS at FROM milestone_event e JOIN milestone m ON m.id = e.milestone
 WHERE e.plan = $1 AND m.state = 'not_possible' AND e.kind = 'state' AND e.after = 'not_possible'
 GROUP BY m.code
"""
# An officer reads their own entries of the log alone: what a summary counts is told as numbers.
_CONTACTS = "SELECT role, times FROM contacts_of_duty($1, $2, $3)"
# A proposal that nobody agreed to (it still waits for somebody's yes) was no date.
_APPOINTMENTS = """
SELECT role, state, count(*) AS times FROM appointment
 WHERE plan = $1 AND held_on BETWEEN $2 AND $3 AND waits_for IS NULL
   AND whose_milestone(milestone, $4) IS NULL GROUP BY role, state
"""


async def _material(plan: Any, period: Period) -> Material:
    held, zone = connection(), ZoneInfo(plan["zone"])
    between = (plan["id"], period.starts, period.ends)

    def day(at: datetime) -> date:
        return at.astimezone(zone).date()

    told = (plan["id"], sorted(OF_THE_CIRCLE), sorted(PAPERS))
    rows = {
        row["id"]: dict(row)
        for row in await held.fetch("SELECT * FROM milestone WHERE plan = $1", plan["id"])
    }
    before = [
        {**rows[one["milestone"]], "state": "done", "cause": None, "done_on": one["done_on"]}
        | ({"settled": Settled(one["role"], one["provenance"])} if one["role"] else {})
        for one in await held.fetch(_BEFORE, *told)
    ]
    cycles: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for row in await held.fetch(_CYCLES, plan["id"]):
        cycles[row["code"]].append((day(row["at"]), row["role"]))
    settled = await held.fetch(_SETTLED, *told)
    return Material(
        milestones=[*rows.values(), *before],
        settled={row["code"]: Settled(row["role"], row["provenance"]) for row in settled},
        cycles=cycles,
        stopped={row["code"]: day(row["at"]) for row in await held.fetch(_STOPPED, plan["id"])},
        contacts={row["role"]: row["times"] for row in await held.fetch(_CONTACTS, *between)},
        appointments={
            (row["role"], row["state"]): row["times"]
            for row in await held.fetch(_APPOINTMENTS, *between, clock.now())
        },
        supervision=plan["supervision"],
        # while a plan is paused nothing after release is asked of anybody, so nothing is open
        left_custody=plan["left_custody_at"] is not None and not stands_still(plan["state"]),
    )
