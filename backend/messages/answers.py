"""What a tap sets going. Nothing here ever says anything about the person."""

from dataclasses import replace

from backend import clock
from backend.alerts.actions import close_answered, close_silence
from backend.audit.actions import record
from backend.database import connection
from backend.evidence.rules import OF_THE_CIRCLE
from backend.messages import claims
from backend.messages.claims import Tap
from backend.messages.effects import EFFECTS, OF_A_DAY_GONE, URGENT, day_chosen
from backend.messages.rules import ANSWERED, OF_THE_HELPER

# Buttons that mean the same under every text: a human should get in touch.
_HELP = {
    "need_help": ("need-help", 0),
    "call_me": ("call-me", 0),
    "need_help_now": ("need-help", URGENT),
    "call_me_now": ("call-me", URGENT),
}
# Who tried, or asks for help, has not reached anybody: the matter stays open for the others. So it
# does for whoever may not know that a mentor says they have; the claim itself ends it for the rest.
_LEAVES_OPEN = {("CONTACT72", "tried"), ("CONTACT72", "need_help")}
_A_CLAIM = ("CONTACT72", "reached")


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
        ANSWERED if tap.key in OF_THE_HELPER else tap.action,
    )
    if tap.plan is not None and tap.key not in OF_THE_HELPER:
        await claims.note(tap)
    effect = EFFECTS.get((tap.key, tap.action))
    tap = replace(tap, gone=await claims.is_of_a_release_gone(tap))
    if tap.gone or await claims.is_of_a_day_gone(tap):
        effect = OF_A_DAY_GONE.get((tap.key, tap.action), effect)
    else:
        await _stop_asking(tap)
    if tap.day is not None:
        reply = await day_chosen(tap)
    elif effect is not None:
        reply = await effect(tap)
    elif tap.action in _HELP and tap.message["plan"] is None:
        reply = "UNREAD"  # staff in their own chat: of no plan, so that no worker would be told
    elif tap.action in _HELP:
        await claims.tell_worker(tap, *_HELP[tap.action])
        reply = "HELP-COMING"
    else:
        reply = "NOTED"
    await record(tap.actor, "tap", plan=tap.message["plan"], thing=tap.message["id"])
    return reply


_REPEATS = "SELECT EXISTS (SELECT 1 FROM milestone WHERE id = $1 AND repeat_days IS NOT NULL)"


async def _stop_asking(tap: Tap) -> None:
    """An answer ends the rest of its chain: what waits to be asked, and tasks about the silence.

    Of a row that repeats, the chain of the cycle that was asked about.
    """
    repeats = await connection().fetchval(_REPEATS, tap.message["subject"])
    await connection().execute(
        "UPDATE message SET state = 'cancelled', reason = 'answered', version = version + 1"
        " WHERE rule = $1 AND subject = $2 AND recipient = $5 AND local_due <= $3"
        " AND state IN ('queued', 'claimed') AND sending_at IS NULL AND id <> $4"
        " AND (local_due = $6 OR $6 IS NULL)",
        tap.message["rule"],
        tap.message["subject"],
        clock.today(tap.link["zone"]),
        tap.message["id"],
        tap.actor.id,
        tap.message["local_due"] if repeats else None,
    )
    said = (tap.key, tap.action)
    if said in _LEAVES_OPEN or (said == _A_CLAIM and tap.actor.role in OF_THE_CIRCLE):
        return
    if repeats:
        await close_silence(tap.message["subject"], tap.message["local_due"], "answered")
    else:
        await close_answered(tap.message["subject"], "answered")
