"""What follows when a date was kept, was not, or is off: for its row, and for who waits to hear."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend import clock
from backend.access import Actor
from backend.alerts.actions import close_all, close_answered, close_tasks, open_task
from backend.appointments import rules
from backend.calendars.rules import open_days
from backend.database import connection
from backend.evidence.rules import OF_THE_CIRCLE
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from backend.plans.actions.claiming import claim_milestone
from backend.plans.actions.writing import write_milestone
from backend.plans.rules import OVER, is_about_another

WANTED_NO_MORE = frozenset({"declined", "not_needed"})
# Whoever of these reached the person first settles "contact within 72 hours"; a mentor who says so
# makes a claim.
FIRST_CONTACT = frozenset({"ME", "SW", "PO"})
FIRST_CONTACTS = ("MEN-09", "UNP-02")  # the latter where somebody was let go at once


async def follow(actor: Actor, plan: Any, row: Any, state: str) -> None:
    """What comes of a date's new state; `row` is the date as it was before."""
    await outbox.cancel_about([row["id"]], "answered")
    await close_answered(row["id"], state)
    if row["state"] == "proposed":
        await close_tasks(row["id"], rules.PROPOSED, state)
        if state in rules.CALLED_OFF:
            await _not_agreed(plan, row)
        return  # nobody was told of it
    if row["state"] == "attended":
        await _take_back(actor, plan, row)
    if state == "attended":
        await close_tasks(row["id"], rules.NOT_AGREED, state)
        await _attended(actor, plan, row)
    elif state in rules.MISSED and row["state"] not in rules.MISSED:
        await _missed(plan, row)
    elif state in rules.CALLED_OFF and row["state"] in rules.PLANNED:
        # of what the service calls off the person may still want another time
        by_them = state == "cancelled_by_person"
        await ask_no_more(
            row["id"], state, rules.ASKED_OF_A_DATE if by_them else rules.BEFORE_A_DATE
        )
    if state == "cancelled_by_service" and row["state"] in rules.PLANNED:
        await tell(plan, row, "APPT-OFF", step=f"off-{row['version']}")
    elif state == "scheduled" and row["state"] in rules.CALLED_OFF and await _heard_it_is_off(row):
        await tell(plan, row, "APPT-MOVED", step=f"again-{row['version']}")


async def _not_agreed(plan: Any, row: Any) -> None:
    """Whoever proposed it looks for another hour; whoever took it back themselves knows."""
    proposer = rules.who_proposed(row["role"], row["waits_for"])
    if plan["mandate"] == proposer:
        return
    day = open_days(plan).after(clock.today(plan["zone"]))
    await open_task(
        rules.NOT_AGREED,
        agency=plan["agency"],
        plan=plan["id"],
        subject=row["id"],
        local_due=row["held_on"],  # as where its hour passes: once for each proposal
        role=proposer,
        due_at=rules.instant(day, rules.CALL_AT, plan["zone"]),
    )


async def ask_no_more(
    date_: UUID, outcome: str, kinds: Collection[str] = rules.ASKED_OF_A_DATE
) -> None:
    """What a human was to look at because of a date, or to find for it, is settled."""
    await close_all([date_], kinds, outcome)


async def tell(plan: Any, date_: Any, key: str, *, step: str = "") -> None:
    """Say something of a date to the person, in their own chat, if they have one.

    `step` tells one occasion from another on the same day.
    """
    link = await _chat_of_the_person(plan, date_)
    if link is not None:
        occurrence = Occurrence(key, step, date_["id"], clock.today(plan["zone"]))
        await outbox.queue(link, key, occurrence)


async def _heard_it_is_off(row: Any) -> bool:
    return bool(
        await connection().fetchval(
            "SELECT 1 FROM message WHERE subject = $1 AND rule = 'APPT-OFF'"
            " AND sent_at IS NOT NULL LIMIT 1",
            row["id"],
        )
    )


async def _attended(actor: Actor, plan: Any, row: Any) -> None:
    """The fact settles its milestone, and counts as a contact with the person."""
    held = connection()
    if row["milestone"] is not None:
        found = await held.fetchrow(
            "SELECT * FROM milestone WHERE id = $1 AND state IN ('planned', 'in_progress')"
            " AND evidence IN ('attendance', 'date') FOR UPDATE",
            row["milestone"],
        )
        if found is not None:
            saying = {"message": row["id"]}
            done = {"state": "done", "done_on": row["held_on"], "said_by": None, "saying": saying}
            await write_milestone(actor, found, plan, done)
    if await _is_the_persons(row):
        await settle_first_contact(actor, plan, row["role"], row["held_on"], message=row["id"])


# What a date had settled and nobody has settled again, with the state in which it was before.
_SETTLED = """
SELECT m.*, b.before, b.due_before FROM evidence e
  JOIN milestone m ON m.id = e.milestone AND m.state = 'done' AND m.cycle = e.cycle
       AND m.done_on = e.day
  JOIN LATERAL (SELECT v.before, v.due_before FROM milestone_event v
                 WHERE v.milestone = m.id AND v.kind = 'state' AND v.after = 'done'
                 ORDER BY v.at DESC, v.id LIMIT 1) AS b ON true
 WHERE e.message = $1 AND e.taken_back_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM evidence o WHERE o.milestone = e.milestone AND o.happened
          AND o.provenance <> 'said' AND o.taken_back_at IS NULL
          AND o.row_version > e.row_version)
 ORDER BY m.id FOR UPDATE OF m
"""
_TAKE_BACK = """
UPDATE evidence SET taken_back_at = $2, version = version + 1
 WHERE message = $1 AND taken_back_at IS NULL
"""


async def _take_back(actor: Actor, plan: Any, row: Any) -> None:
    """It was not kept after all: what it had settled is open again, and its history stays."""
    held = connection()
    for found in await held.fetch(_SETTLED, row["id"]):
        after = {"state": found["before"], "due_on": found["due_before"], "done_on": None}
        await write_milestone(actor, found, plan, after)
    await held.execute(_TAKE_BACK, row["id"], clock.now())


async def _is_the_persons(date_: Any) -> bool:
    """Dates of an earlier release may hang on a talk with somebody else."""
    row = await _row_of(date_)
    return row is None or not is_about_another(row)


async def _row_of(date_: Any) -> Any:
    return await connection().fetchrow("SELECT * FROM milestone WHERE id = $1", date_["milestone"])


async def _chat_of_the_person(plan: Any, date_: Any) -> Any:
    """None where they have none, or are told nothing of this date."""
    if plan["state"] in OVER or not await _is_the_persons(date_):
        return None
    return await outbox.active_link(plan["id"], plan["person"])


async def settle_first_contact(
    actor: Actor, plan: Any, role: str, on: date, *, message: UUID | None = None
) -> None:
    """Close "contact within 72 hours", once social worker or probation reached the person.

    A mentor who says so ends the calls to those who may know it, until a worker has seen to it.
    A day before the day of leaving settles nothing. `message` is the question that was answered,
    or the date that was kept.
    """
    left = plan["left_custody_at"]
    if (
        left is None
        or role not in FIRST_CONTACT
        or on < left.astimezone(ZoneInfo(plan["zone"])).date()
    ):
        return
    for row in await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code = ANY ($2)"
        " AND state IN ('planned', 'in_progress') ORDER BY id FOR UPDATE",
        plan["id"],
        FIRST_CONTACTS,
    ):
        if role in OF_THE_CIRCLE:
            await claim_milestone(actor, row, plan, "reached", day=on, message=message)
            continue
        done = {"state": "done", "done_on": on, "said_by": None, "saying": {"message": message}}
        await write_milestone(actor, row, plan, done)


async def _missed(plan: Any, row: Any) -> None:
    """A friendly text, and a call by a human on the next working day. Nothing else, ever.

    Nor these where the plan is over, or the person wants the part no more that the date was for.
    """
    if plan["state"] in OVER:
        return
    hangs_on = await _row_of(row)
    if row["role"] != "PO" and hangs_on is not None and hangs_on["state"] in WANTED_NO_MORE:
        return
    missed = rules.instant(row["held_on"], row["held_at"], row["zone"])
    link = await _chat_of_the_person(plan, row)
    due = rules.friendly_text_at(missed, clock.now(), row["zone"])
    if link is not None and due is not None:
        occurrence = Occurrence("APPT-MISSED", "", row["id"], row["held_on"])
        ends = rules.instant(row["held_on"], rules.FRIENDLY_ENDS, row["zone"])
        await outbox.queue(link, "APPT-MISSED", occurrence, due_at=due, expires_at=ends)
    day = open_days(plan).after(clock.today(plan["zone"]))
    await open_task(
        "call-after-missed",
        agency=plan["agency"],
        plan=plan["id"],
        subject=row["id"],
        local_due=day,
        step="silent-call",
        role=row["role"],
        due_at=rules.instant(day, rules.CALL_AT, plan["zone"]),
    )
