"""Corrections: what is wrong in the file, asked by its person or who speaks for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal
from backend.alerts.actions import close_tasks, open_task
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.corrections.rules import ANSWERS, due_on
from backend.corrections.superseding import flag_summaries, is_put_right
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.files.rules import in_own_file
from backend.matrix import MATTERS
from backend.once import Written
from backend.passes.entry import held_by

WORKERS = ("SW", "CO")
ASKED, LATE = "correction-asked", "correction-late"


@dataclass(frozen=True)
class NewCorrection:
    """`part` of the file; of it perhaps one row (`milestone`) or one issued `summary`."""

    part: str
    text: str
    milestone: UUID | None = None
    summary: UUID | None = None
    id: UUID = field(default_factory=uuid4)


async def ask_correction(actor: Actor, new: NewCorrection, plan_id: UUID | None = None) -> Written:
    """Ask for it: the holder of a pass for their own plan, or a worker for `plan_id` from paper.

    Raises NotSignedIn, NotFound (plan, row, summary, or a part that is not the asker's), Unfit.
    """
    require(actor, "askCorrection")
    async with transaction(actor.id):
        if new.part not in MATTERS:
            raise Unfit(f"part is one of {', '.join(MATTERS)}.")
        plan = await (_own(actor, new) if plan_id is None else _of_worker(actor, plan_id))
        await _check_about(actor, plan, new)
        await _insert(actor, plan, new)
        await record(actor, "askCorrection", plan=plan["id"], thing=new.id)
        return Written(new.id, 1, 201)


async def _own(actor: Actor, new: NewCorrection) -> Any:
    holder = await held_by(actor)
    if holder.actor.role != "PE" and new.part not in holder.held["matters"]:
        raise NotFound
    return await connection().fetchrow("SELECT * FROM plan WHERE id = $1", holder.plan)


async def _of_worker(actor: Actor, plan_id: UUID) -> Any:
    return await find_plan(actor, plan_id, roles=("SW",), by_glass=False)


async def _check_about(actor: Actor, plan: Any, new: NewCorrection) -> None:
    """What it is about stands in the file of who asks, and in the part that they name."""
    held = connection()
    if new.milestone is not None:
        sql = "SELECT * FROM milestone WHERE id = $1 AND plan = $2"
        row = await held.fetchrow(sql, new.milestone, plan["id"])
        reader = "LR" if actor.role == "LR" else "PE"
        if row is None or new.part != "plan" or not in_own_file(reader, row):
            raise NotFound
    if new.summary is not None:
        sql = "SELECT 1 FROM summary WHERE id = $1 AND plan = $2"
        there = await held.fetchval(sql, new.summary, plan["id"])
        if there is None or new.part != "summaries":
            raise NotFound


async def _insert(actor: Actor, plan: Any, new: NewCorrection) -> None:
    held, today = connection(), clock.today(plan["zone"])
    of_agency = await held.fetchrow("SELECT * FROM calendar WHERE id = $1", plan["agency"])
    due = due_on(today, open_days(of_agency))
    await held.execute(
        "INSERT INTO correction (id, agency, plan, version, subject, part, milestone, summary,"
        " asked_by, role, asked_at, text, due_on)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        plan["agency"],
        plan["id"],
        plan["person"],
        new.part,
        new.milestone,
        new.summary,
        actor.id,
        actor.role,
        clock.now(),
        await seal(plan["person"], f"correction.text:{new.id}", new.text),
        due,
    )
    await open_task(
        ASKED,
        agency=plan["agency"],
        plan=plan["id"],
        subject=new.id,
        local_due=due,
    )


_LIST = """
SELECT c.*, n.title AS milestone_title, n.code, s.number FROM correction c
  LEFT JOIN milestone n ON n.id = c.milestone LEFT JOIN summary s ON s.id = c.summary
 WHERE c.plan = $1 ORDER BY c.answered_at IS NOT NULL, c.due_on, c.asked_at, c.id
"""


async def list_corrections(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """Those that wait first, then what was answered. Raises NotFound."""
    require(actor, "listCorrections")
    async with transaction(actor.id):
        await find_plan(actor, plan_id, roles=WORKERS)
        await record(actor, "listCorrections", plan=plan_id)
        return await corrections_of(plan_id)


async def corrections_of(plan_id: UUID) -> Sequence[dict[str, Any]]:
    """For who has been let in to this plan already; both texts opened."""
    found = []
    for row in await connection().fetch(_LIST, plan_id):
        about = row["milestone_title"] or (f"{row['number']}" if row["number"] else None)
        opened = {
            name: await unseal(row["subject"], f"correction.{name}:{row['id']}", row[name])
            for name in ("text", "reason")
        }
        found.append({**row, "about": about, **opened})
    return found


async def answer_correction(
    actor: Actor, id_: UUID, seen: int, answer: str, reason: str
) -> Written:
    """Say whether it is put right, and why (not). A fact is put right where it stands, before.

    Summaries that were issued with it are flagged to be issued anew; nothing goes to a court.
    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "answerCorrection")
    if answer not in ANSWERS:
        raise Unfit("answer is accepted or refused.")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM correction WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, roles=("SW",), lock=True)
        row = await held.fetchrow("SELECT * FROM correction WHERE id = $1", id_)
        check_version(row, seen)
        if row["answered_at"] is not None:
            raise NotFromThisState("It was answered before.")
        if answer == "accepted" and not await is_put_right(row):
            raise NotFromThisState("Put the row right first; then say that it is.")
        await held.execute(
            "UPDATE correction SET answer = $2, reason = $3, answered_by = $4, answered_at = $5,"
            " version = version + 1 WHERE id = $1",
            id_,
            answer,
            await seal(row["subject"], f"correction.reason:{id_}", reason),
            actor.id,
            clock.now(),
        )
        if answer == "accepted":
            await flag_summaries(plan, row)
        for kind in (ASKED, LATE):
            await close_tasks(id_, kind, "answered")
        await record(actor, "answerCorrection", plan=row["plan"], thing=id_)
        return Written(id_, seen + 1)


_ABOUT_ROWS = "SELECT * FROM milestone WHERE plan = $1 ORDER BY day, code"
_ABOUT_SUMMARIES = "SELECT id, number FROM summary WHERE plan = $1 ORDER BY issued_at, id"


async def abouts_of(actor: Actor) -> Sequence[tuple[str, str | None, str]]:
    """What the holder of a pass may name: as a value, with its code where it is a row, its title.

    Raises NotSignedIn.
    """
    require(actor, "askCorrection")
    async with transaction(actor.id) as held:
        holder = await held_by(actor)
        matters = holder.held["matters"] or tuple(MATTERS)
        rows = await held.fetch(_ABOUT_ROWS, holder.plan) if "plan" in matters else ()
        issued = await held.fetch(_ABOUT_SUMMARIES, holder.plan) if "summaries" in matters else ()
        return [
            *(
                (f"plan/{row['id']}", row["code"], row["title"])
                for row in rows
                if in_own_file(actor.role, row)
            ),
            *((f"summaries/{row['id']}", None, str(row["number"])) for row in issued),
        ]
