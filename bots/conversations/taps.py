"""A tap on a button: only by the account to which it was sent, only once."""

import hmac
from typing import Any

from backend import clock
from backend.access import TOLD, Actor
from backend.alerts.actions import close_answered
from backend.database import connection
from backend.messages import answers, inbox, taps
from backend.messages.claims import Tap
from bots.chat import Chat, actor_of
from bots.conversations import settings
from bots.conversations.dates import chosen_day
from bots.texts.buttons import BUTTONS

LATE_STATES = frozenset({"stopped", "inactive", "ended"})


async def tap(chat: Chat, data: str) -> None:
    """Find the message behind a button and let the answer take effect.

    A foreign account, an unknown token and a link that is off are passed over in silence.
    """
    read = taps.read(data)
    message = None if read is None else await _message(read[0])
    if read is None or message is None:
        return
    link = await connection().fetchrow("SELECT * FROM link WHERE id = $1", message["link"])
    index = inbox.chat_index(chat.id)
    if link is None or not hmac.compare_digest(link["chat_index"] or b"", index):
        return
    if link["state"] in LATE_STATES or not _was_offered(message, read[1]):
        return
    actor = await actor_of(link)
    if message["plan"] is not None and not await _has_mandate(actor, message):
        return
    if await _chosen(chat, link, message, read[1]):
        return
    await _answer(chat, actor, link, message, read[1])


def _was_offered(message: Any, action: str) -> bool:
    """A button that the text had: whoever writes the data of one by hand chooses among these."""
    key = message["key"]
    of_days = key == "DATE-ASK" and chosen_day(action, message["local_due"]) is not None
    return of_days or action in BUTTONS.get(key, ())


# What is said to staff in their own chat is of no plan; an answer to theirs is of its plan.
_OF = """
FROM message m LEFT JOIN message o ON o.id = m.subject AND o.recipient = m.recipient
WHERE m.tap = $1 AND m.link IS NOT NULL
"""


async def _message(hashed: bytes) -> dict[str, Any] | None:
    """Its plan is locked before it, as by everybody who changes a plan and then its messages."""
    held = connection()
    await held.execute(
        "SELECT FROM plan p WHERE p.id IN (SELECT coalesce(m.plan, o.plan)"
        f" {_OF}) FOR NO KEY UPDATE OF p",
        hashed,
    )
    row = await held.fetchrow(
        f"SELECT m.*, coalesce(m.plan, o.plan) AS of_plan {_OF} FOR UPDATE OF m", hashed
    )
    return {**row, "plan": row["of_plan"]} if row else None


async def _chosen(chat: Chat, link: Any, message: Any, action: str) -> bool:
    if message["answered_at"] is not None:
        return False
    if not await settings.choose(chat, link, message["key"], action):
        return False
    await connection().execute(
        "UPDATE message SET answered_at = $2, answer = $3, version = version + 1 WHERE id = $1",
        message["id"],
        clock.now(),
        action,
    )
    await close_answered(message["subject"], "answered")
    return True


async def _answer(chat: Chat, actor: Actor, link: Any, message: Any, action: str) -> None:
    plan = None
    if message["plan"] is not None:
        plan = await connection().fetchrow(
            "SELECT p.*, c.working_days, c.closed FROM plan p"
            " JOIN calendar c ON c.id = coalesce(p.calendar, p.agency) WHERE p.id = $1",
            message["plan"],
        )
    day = chosen_day(action, message["local_due"]) if message["key"] == "DATE-ASK" else None
    reply = await answers.answer(Tap(actor, link, message, plan, action, day))
    if not reply:
        return
    # "take it back" must find the answer again; every other reply is about the same matter
    about = message["id"] if reply in {"NOTED", "DATE-OK"} else message["subject"]
    variables = {"date": day.isoformat()} if day is not None else None
    await chat.say(link, reply, about=about, variables=variables)


_TOLD = TOLD.format(group="'tasks'", at="$3")


async def _has_mandate(actor: Actor, message: Any) -> bool:
    return bool(
        await connection().fetchval(
            "SELECT 1 FROM mandate m WHERE m.plan = $1 AND m.actor = $2 AND m.starts <= $3"
            f" AND (m.ends IS NULL OR m.ends > $3) AND {_TOLD}"
            " AND (m.person IS NULL OR NOT is_barred(m.person, m.actor, m.role)) LIMIT 1",
            message["plan"],
            actor.id,
            clock.now(),
        )
    )
