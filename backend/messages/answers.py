"""What a tap means: a claim by who tapped, and only seldom a fact.

A milestone follows only where its evidence is the answer itself (`reply`,
`contact`), or where the tapper is the responsible worker. Everywhere else the
plan shows "said by the mentor" until a worker confirms. Nothing here ever says
anything about the person.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from backend import clock
from backend.access import Actor
from backend.alerts.actions import close_answered, open_task
from backend.audit.actions import record
from backend.circles.actions import pass_gate_on
from backend.contacts.actions import NewContact, write_contact
from backend.database import connection
from backend.messages import outbox
from backend.plans.actions.milestones import write_event, write_milestone
from backend.plans.rules import due_on, next_cycle

URGENT = 2
UNDO = timedelta(minutes=10)
REPLY_EVIDENCE = frozenset({"reply", "contact"})


@dataclass(frozen=True)
class Tap:
    """One answer: who, on which message, what; `day` is the day of a date button."""

    actor: Actor
    link: Any
    message: Any
    plan: Any | None
    action: str
    day: date | None = None


async def answer(tap: Tap) -> str:
    """Let a tap take effect once; the key of the text that answers it, or "" for none.

    Called with the message's row locked. A second tap on an answered message changes nothing.
    """
    if tap.message["answered_at"] is not None:
        return ""
    await connection().execute(
        "UPDATE message SET answered_at = $2, answer = $3, version = version + 1 WHERE id = $1",
        tap.message["id"],
        clock.now(),
        tap.action,
    )
    if tap.plan is not None:
        await _claim(tap)
    await _stop_asking(tap)
    key = tap.message["key"].removesuffix("-F")
    if tap.day is not None:
        reply = await _day_chosen(tap)
    elif asks_for_help(tap.action) and (key, tap.action) not in EFFECTS:
        await tell_worker(tap, "call-me" if tap.action.startswith("call") else "need-help")
        reply = "HELP-COMING"
    else:
        reply = await EFFECTS.get((key, tap.action), _nothing)(tap)
    await record(tap.actor, "tap", plan=tap.message["plan"], thing=tap.message["id"])
    return reply


async def _claim(tap: Tap) -> None:
    await connection().execute(
        "INSERT INTO claim (id, agency, plan, version, message, actor, role, subject, what, at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
        uuid4(),
        tap.message["agency"],
        tap.message["plan"],
        tap.message["id"],
        tap.actor.id,
        tap.actor.role,
        tap.message["subject"],
        tap.action,
        clock.now(),
    )


async def _stop_asking(tap: Tap) -> None:
    """An answer ends the rest of its chain: repeats that wait, and tasks about the silence."""
    await connection().execute(
        "UPDATE message SET state = 'cancelled', reason = 'answered', version = version + 1"
        " WHERE rule = $1 AND subject = $2 AND local_due <= $3 AND state IN ('queued', 'claimed')"
        " AND sending_at IS NULL AND id <> $4",
        tap.message["rule"],
        tap.message["subject"],
        clock.today(tap.link["zone"]),
        tap.message["id"],
    )
    await close_answered(tap.message["subject"], "answered")


async def _nothing(_: Tap) -> str:
    return "NOTED"


async def _thanks(_: Tap) -> str:
    return ""


def _task(kind: str, reply: str, urgency: int = 0) -> Callable[[Tap], Awaitable[str]]:
    async def effect(tap: Tap) -> str:
        await tell_worker(tap, kind, urgency)
        return reply

    return effect


async def tell_worker(tap: Tap, kind: str, urgency: int = 0) -> None:
    if tap.message["plan"] is None:
        return
    await open_task(
        kind,
        agency=tap.message["agency"],
        plan=tap.message["plan"],
        subject=tap.message["subject"],
        local_due=clock.today(tap.link["zone"]),
        about=tap.actor.id,
        step=tap.message["key"],
        urgency=urgency,
    )


async def _row(tap: Tap, code: str | None = None) -> Any | None:
    """The open milestone that the message is about, or the one of a code, locked."""
    return await connection().fetchrow(
        "SELECT * FROM milestone WHERE plan = $1 AND state IN ('planned', 'in_progress')"
        " AND CASE WHEN $2::text IS NULL THEN id = $3 ELSE code = $2 END FOR UPDATE",
        tap.message["plan"],
        code,
        tap.message["subject"],
    )


async def said_done(tap: Tap, code: str | None = None) -> None:
    """The row is done where the answer is its evidence; otherwise the plan shows who said so."""
    row = await _row(tap, code)
    if row is None or tap.plan is None:
        return
    responsible = tap.actor.kind == "staff" and row["owner"] == tap.actor.role
    if row["evidence"] in REPLY_EVIDENCE or responsible:
        await _settle(tap, row)
    else:
        await write_milestone(tap.actor, row, tap.plan, {"said_by": tap.actor.role})
        await write_event(tap.actor, row, tap.plan, "said", after={}, what=tap.action)


async def _settle(tap: Tap, row: Mapping[str, Any]) -> None:
    from_cycle = next_cycle(row)
    after: dict[str, Any] = {
        "state": "done",
        "done_on": clock.today(tap.plan["zone"] if tap.plan else tap.link["zone"]),
        "said_by": None,
    }
    if from_cycle is not None and tap.plan is not None:
        due = due_on(row["code"], from_cycle, tap.plan["release_date"], tap.plan["working_days"])
        after |= {"state": "planned", "cycle": row["cycle"] + 1, "due_on": due, "pinned": False}
    await write_milestone(tap.actor, row, tap.plan or {}, after)


def _contact(how: str, outcome: str, *, settles: bool) -> Callable[[Tap], Awaitable[str]]:
    async def effect(tap: Tap) -> str:
        if tap.plan is None:
            return ""
        today = clock.today(tap.plan["zone"])
        contact = NewContact(how, outcome, today)
        await write_contact(tap.actor, tap.plan, tap.actor.role, contact)
        if settles:
            await said_done(tap)
        elif await _tried_on_two_days(tap):
            await tell_worker(tap, "tried-twice")
        return "NOTED"

    return effect


async def _tried_on_two_days(tap: Tap) -> bool:
    days: int = await connection().fetchval(
        "SELECT count(DISTINCT made_on) FROM contact WHERE plan = $1 AND actor = $2"
        " AND outcome = 'tried' AND made_on > $3::date - 14 AND made_on > coalesce((SELECT"
        " max(made_on) FROM contact WHERE plan = $1 AND outcome = 'reached'), '-infinity')",
        tap.message["plan"],
        tap.actor.id,
        clock.today(tap.link["zone"]),
    )
    return days >= 2  # noqa: PLR2004 - two tries on two days


# What a yes before the day settles, by who says it.
_GATE_ROWS = {("GATE-7", "ME"): "MEN-06", ("GATE-1", "FA"): "FAM-10"}


async def _gate_yes(tap: Tap) -> str:
    key = tap.message["key"].removesuffix("-F")
    if (code := _GATE_ROWS.get((key, tap.actor.role))) is not None:
        await said_done(tap, code)
    if key == "GATE-1":
        await said_done(tap, "GAT-01")
    return "NOTED"


async def _gate_no(tap: Tap) -> str:
    """The worker looks for a substitute at once; who stands by is asked from now on."""
    await tell_worker(tap, "gate-substitute", URGENT)
    if tap.message["plan"] is not None:
        await pass_gate_on(tap.message["plan"])
        await outbox.cancel_about([tap.message["subject"]], "answered")
    return "CANT-PENDING"


async def _together(tap: Tap) -> str:
    if tap.actor.role == "ME":
        await said_done(tap, "MEN-07")
    await close_answered(tap.message["subject"], "together")
    await connection().execute(
        "UPDATE task SET closed_at = $2, outcome = 'together', version = version + 1"
        " WHERE subject = $1 AND kind = 'gate-waiting' AND closed_at IS NULL",
        tap.message["subject"],
        clock.now(),
    )
    return "NOTED"


async def _appointment(tap: Tap) -> str:
    await connection().execute(
        "UPDATE appointment SET state = 'confirmed', version = version + 1 WHERE id = $1"
        " AND state IN ('proposed', 'scheduled')",
        tap.message["subject"],
    )
    await outbox.cancel_about([tap.message["subject"]], "answered")
    return "NOTED"


async def _after_missing(tap: Tap) -> str:
    """Whoever answers has been in touch: that is all an answer says."""
    await connection().execute(
        "UPDATE appointment SET state = 'missed_with_reason', version = version + 1"
        " WHERE id = $1 AND state = 'missed_no_contact'",
        tap.message["subject"],
    )
    await tell_worker(tap, "call-me" if tap.action == "call_me" else "new-time")
    return "HELP-COMING"


async def _day_chosen(tap: Tap) -> str:
    """The mentor names a day: the plan shows it as said, and asks no more before it."""
    row = await _row(tap)
    if row is not None and tap.plan is not None and tap.day is not None:
        await write_milestone(tap.actor, row, tap.plan, {"said_by": tap.actor.role})
        what = f"day {tap.day.isoformat()}"
        await write_event(tap.actor, row, tap.plan, "said", after={}, what=what)
    return "DATE-OK"


async def _undo(tap: Tap) -> str:
    """Take an answer back within ten minutes: it may be given anew, and a human puts it right."""
    held, original = connection(), tap.message["subject"]
    if clock.now() - tap.message["created_at"] > UNDO:
        return "UNDO-LATE"
    await held.execute(
        "UPDATE claim SET undone_at = $2, version = version + 1 WHERE message = $1"
        " AND actor = $3 AND undone_at IS NULL",
        original,
        clock.now(),
        tap.actor.id,
    )
    await held.execute(
        "UPDATE message SET answered_at = NULL, answer = NULL, version = version + 1 WHERE id = $1",
        original,
    )
    await tell_worker(tap, "taken-back")
    return "UNDONE"


async def _taken(tap: Tap) -> str:
    """The staff member on duty has it: the task is theirs and pages nobody else."""
    await connection().execute(
        "UPDATE task SET acknowledged_at = $2, acknowledged_by = $3, version = version + 1"
        " WHERE id = $1 AND acknowledged_at IS NULL AND closed_at IS NULL",
        tap.message["subject"],
        clock.now(),
        tap.actor.id,
    )
    return ""


EFFECTS: dict[tuple[str, str], Callable[[Tap], Awaitable[str]]] = {
    ("MEN-TASK", "have_a_date"): lambda _: _say("DATE-ASK"),
    ("MEN-TASK", "cant"): _task("cant", "CANT-PENDING"),
    ("DATE-ASK", "no_date_yet"): lambda _: _say("NOTED"),
    **{(key, "yes"): _gate_yes for key in ("GATE-7", "GATE-3", "GATE-1")},
    **{(key, "no"): _gate_no for key in ("GATE-7", "GATE-3")},
    ("GATE-1", "problem"): _task("gate-problem", "HELP-COMING", URGENT),
    ("GATE-0", "yes_together"): _together,
    ("GATE-0", "waiting"): _task("gate-waiting", "GATE-WAIT", 1),
    ("GATE-0", "problem"): _task("gate-problem", "HELP-COMING", URGENT),
    ("GATE-WAIT", "yes_together_now"): _together,
    ("GATE-OFF", "ok"): _thanks,
    ("NIGHT1", "yes"): lambda tap: _say("NOTED", said_done(tap)),
    ("NIGHT1", "no_need_help"): _task("no-bed", "HELP-COMING", URGENT),
    ("CONTACT", "met"): _contact("met", "reached", settles=True),
    ("CONTACT", "by_phone"): _contact("phone", "reached", settles=True),
    ("CONTACT", "tried"): _contact("phone", "tried", settles=False),
    ("CONTACT72", "reached"): _contact("phone", "reached", settles=False),
    ("CONTACT72", "tried"): _contact("phone", "tried", settles=False),
    ("FAM-HOW", "so_so"): _task("so-so", "NOTED"),
    ("APPT-7", "not_yet"): _task("travel-unclear", "NOTED"),
    **{(key, "there"): _appointment for key in ("APPT-3", "APPT-1")},
    **{(key, "cant"): _task("cant", "CANT-PENDING") for key in ("APPT-3", "APPT-1", "APPT-MOVED")},
    ("APPT-MISSED", "new_time"): _after_missing,
    ("APPT-MISSED", "call_me"): _after_missing,
    ("APPT-MOVED", "ok"): _thanks,
    ("GOODNEWS", "nice"): _thanks,
    ("CLOSE", "ok"): _thanks,
    ("TASKS", "open"): _thanks,
    ("UNPL", "taken"): _taken,
    ("UNPL", "cant"): _thanks,
    ("NOTED", "undo"): _undo,
    ("DATE-OK", "undo"): _undo,
}


async def _say(key: str, first: Awaitable[None] | None = None) -> str:
    if first is not None:
        await first
    return key


def asks_for_help(action: str) -> bool:
    """Buttons that mean the same under every text: a human should get in touch."""
    return action in {"need_help", "call_me", "need_help_now", "call_me_now"}
