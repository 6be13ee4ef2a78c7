"""What follows from each answer, by the text that was answered and the button."""

from collections.abc import Awaitable, Callable
from typing import Any

from backend import clock
from backend.alerts.actions import close_answered, close_tasks, open_task, step_again
from backend.circles.gates import pass_gate_on
from backend.contacts.actions import NewContact, write_contact
from backend.database import connection
from backend.meetings.inviting import answered_by_chat
from backend.meetings.rules import ANSWERS, INVITATION
from backend.messages import outbox, rules
from backend.messages.claims import (
    Tap,
    named,
    said,
    said_done,
    said_not,
    tell_worker,
    unsettle,
)
from backend.messages.outbox import Occurrence
from backend.plans.undo import UNDO
from backend.support.humans import human_of

URGENT = 2
CARE_CALL = "mentor-care-call"
Effect = Callable[[Tap], Awaitable[str]]


def _say(reply: str) -> Effect:
    async def effect(_: Tap) -> str:
        return reply

    return effect


def _task(kind: str, reply: str, urgency: int = 0) -> Effect:
    async def effect(tap: Tap) -> str:
        await tell_worker(tap, kind, urgency)
        return reply

    return effect


def _contact(how: str, outcome: str) -> Effect:
    """Somebody was reached, or it was tried; two tries on two days are a matter for a human."""

    async def effect(tap: Tap) -> str:
        if tap.plan is None:
            return ""
        contact = NewContact(how, outcome, clock.today(tap.plan["zone"]))
        # of a release that is over it is a contact, and no first one after the next
        plan = {**tap.plan, "left_custody_at": None} if tap.gone else tap.plan
        await write_contact(tap.actor, plan, tap.actor.role, contact, message=tap.message["id"])
        if outcome == "reached" and tap.key == "CONTACT":
            await said_done(tap)
        elif outcome == "tried" and tap.key == "CONTACT" and await _tried_on_two_days(tap):
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
    if (code := _GATE_ROWS.get((tap.key, tap.actor.role))) is not None:
        await said_done(tap, code)
    if tap.key == "GATE-1":
        await said_done(tap, "GAT-01")
    return "NOTED"


async def _gate_no(tap: Tap) -> str:
    """The worker looks for a substitute at once; who stands by is asked from now on."""
    await tell_worker(tap, "gate-substitute", URGENT)
    if tap.plan is not None:
        substitute = await pass_gate_on(tap.plan["id"], tap.actor.id)
        if substitute is not None:
            await _ask_substitute(tap, substitute)
    return "CANT-PENDING"


async def _ask_substitute(tap: Tap, substitute: Any) -> None:
    """At once, but on a day of asking: then they are asked what is asked on that day."""
    today = clock.today(substitute["zone"])
    link = await outbox.active_link(substitute["plan"], substitute["id"])
    if link is None or (today - substitute["release_date"]).days in rules.GATE_DAYS:
        return
    key = "GATE-7-F" if substitute["role"] == "FA" else "GATE-7"
    occurrence = Occurrence("GATE-7", "substitute", tap.message["subject"], today)
    await outbox.queue(link, key, occurrence, critical=True)


async def _together(tap: Tap) -> str:
    if tap.actor.role == "ME":
        await said_done(tap, "MEN-07")
    else:
        await said(tap, "MEN-07")
    if tap.gone:
        return "NOTED"
    await close_answered(tap.message["subject"], "together")
    await close_tasks(tap.message["subject"], "gate-waiting", "together")
    return "NOTED"


async def _night(tap: Tap) -> str:
    await said_done(tap)
    return "NOTED"


async def _no_bed(tap: Tap) -> str:
    await said_not(tap)
    await tell_worker(tap, "no-bed", URGENT)
    return "HELP-COMING"


async def _coming(tap: Tap) -> str:
    """They will be there: the chain of this appointment ends."""
    await connection().execute(
        "UPDATE appointment SET state = 'confirmed', version = version + 1 WHERE id = $1"
        " AND state = 'scheduled'",
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


def _comes(answer: str) -> Effect:
    async def effect(tap: Tap) -> str:
        """To a meeting, on the day that they were asked about; nobody asks why not."""
        noted = await answered_by_chat(tap.message, tap.actor.id, answer)
        return "NOTED" if noted else "BUTTON-OLD"

    return effect


async def day_chosen(tap: Tap) -> str:
    """The mentor names a day: the plan shows it as said, and asks no more before it."""
    if tap.day is not None:
        await named(tap, tap.day)
    return "DATE-OK"


async def _no_date_yet(tap: Tap) -> str:
    """Asked again when the day is nearer."""
    await connection().execute(
        "UPDATE message SET answer = 'no_date_yet', version = version + 1"
        " WHERE rule = 'MEN-TASK' AND subject = $1 AND recipient = $2 AND answer = 'have_a_date'",
        tap.message["subject"],
        tap.actor.id,
    )
    return "NOTED"


async def _undo(tap: Tap) -> str:
    """Take an answer back within ten minutes: it may be given anew, and a human puts it right.

    What it had settled is open again, unless somebody has changed it since; that somebody was
    reached, or it was tried, stays in the log for the human to judge.
    """
    held, original = connection(), tap.message["subject"]
    if clock.now() - tap.message["created_at"] > UNDO:
        return "UNDO-LATE"
    await unsettle(tap, original)
    asked = await held.fetchrow("SELECT * FROM message WHERE id = $1", original)
    if asked["key"] == INVITATION:
        await answered_by_chat(asked, tap.actor.id, None)
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
    """The staff member on duty has it: the task is theirs and pages nobody else.

    Not before whom a wall stands by now: the others are asked on.
    """
    taken = await connection().fetchval(
        "UPDATE task SET acknowledged_at = $2, acknowledged_by = $3, version = version + 1"
        " WHERE id = $1 AND acknowledged_at IS NULL AND closed_at IS NULL AND NOT EXISTS (SELECT 1"
        " FROM plan p WHERE p.id = task.plan AND is_barred(p.person, $3, 'SW')) RETURNING id",
        tap.message["subject"],
        clock.now(),
        tap.actor.id,
    )
    if taken is not None:
        await close_answered(tap.message["subject"], "taken")
    return ""


async def _care(tap: Tap) -> str:
    """Their human is asked to call, and not told in which words it was asked for."""
    human = await human_of(tap.message["plan"], tap.actor.id)
    subject, today = tap.message["subject"], clock.today(tap.link["zone"])
    await open_task(
        CARE_CALL,
        agency=tap.message["agency"],
        plan=tap.message["plan"],
        subject=subject,
        local_due=today,
        role="CO",
        assignee=human["id"] if human is not None and human["in_circle"] else None,
        about=tap.actor.id,
        step=await step_again(CARE_CALL, subject, about=tap.actor.id, local_due=today),
    )
    return "CARE-COMING"


# To a question about a day of release that has moved or was called off: what was meant for that
# day settles nothing of another and takes no duty away; a human asks.
OF_A_DAY_GONE: dict[tuple[str, str], Effect] = {
    **{(key, "yes"): _task("gate-unanswered", "NOTED") for key in ("GATE-7", "GATE-3", "GATE-1")},
    **{(key, "no"): _task("cant", "CANT-PENDING") for key in ("GATE-7", "GATE-3")},
}
EFFECTS: dict[tuple[str, str], Effect] = {
    ("MEN-TASK", "have_a_date"): _say("DATE-ASK"),
    **{(INVITATION, answer): _comes(answer) for answer in ANSWERS},
    ("MEN-TASK", "cant"): _task("cant", "CANT-PENDING"),
    ("DATE-ASK", "no_date_yet"): _no_date_yet,
    **{(key, "yes"): _gate_yes for key in ("GATE-7", "GATE-3", "GATE-1")},
    **{(key, "no"): _gate_no for key in ("GATE-7", "GATE-3")},
    ("GATE-1", "problem"): _task("gate-problem", "HELP-COMING", URGENT),
    ("GATE-0", "yes_together"): _together,
    ("GATE-0", "waiting"): _task("gate-waiting", "GATE-WAIT", 1),
    ("GATE-0", "problem"): _task("gate-problem", "HELP-COMING", URGENT),
    ("GATE-WAIT", "yes_together_now"): _together,
    ("NIGHT1", "yes"): _night,
    ("NIGHT1", "no_need_help"): _no_bed,
    ("CONTACT", "met"): _contact("met", "reached"),
    ("CONTACT", "by_phone"): _contact("phone", "reached"),
    ("CONTACT", "tried"): _contact("phone", "tried"),
    ("CONTACT72", "reached"): _contact("phone", "reached"),
    ("CONTACT72", "tried"): _contact("phone", "tried"),
    ("FAM-CALL", "done"): _contact("phone", "reached"),
    ("FAM-CALL", "not_possible"): _task("call-not-possible", "NOTED"),
    ("FAM-HOW", "so_so"): _task("so-so", "NOTED"),
    ("APPT-7", "not_yet"): _task("travel-unclear", "NOTED"),
    **{(key, "there"): _coming for key in ("APPT-3", "APPT-1")},
    **{(key, "cant"): _task("cant", "CANT-PENDING") for key in ("APPT-3", "APPT-1", "APPT-MOVED")},
    ("APPT-MISSED", "new_time"): _after_missing,
    ("APPT-MISSED", "call_me"): _after_missing,
    **{(key, "ok"): _say("") for key in ("GATE-OFF", "APPT-MOVED", "APPT-OFF", "CLOSE")},
    ("GOODNEWS", "nice"): _say(""),
    ("MEN-CARE", "good"): _say(""),
    **{("MEN-CARE", action): _care for action in ("heavy", "call_me")},
    ("MEN-END", "ok"): _say(""),
    ("TASKS", "open"): _say(""),
    ("UNPL", "taken"): _taken,
    ("UNPL", "cant"): _say(""),
    ("NOTED", "undo"): _undo,
    ("DATE-OK", "undo"): _undo,
}
