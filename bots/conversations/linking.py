"""/start with an invitation, then the number that was told by voice."""

import hmac
import unicodedata
from typing import Any

from backend import clock
from backend.database import connection
from backend.messages import inbox, links
from backend.messages.addresses import seal_address
from bots.chat import Chat
from bots.conversations.words import tell

TRIES = 5
LONGEST_TOKEN = 64
SEPARATING = "ZPC"  # of Unicode's general categories: blanks, punctuation, what nobody sees


async def start(chat: Chat, payload: str) -> None:
    """Open an invitation in this chat; whatever is wrong with it, the answer is the same."""
    held = connection()
    link = None
    if payload and len(payload) <= LONGEST_TOKEN:
        link = await held.fetchrow(
            "SELECT * FROM link WHERE token = $1 AND bot = $2 AND state = 'invited'"
            " AND expires_at > $3 AND chat_index IS NULL FOR UPDATE",
            links.hash_token(payload),
            chat.update["bot"],
            clock.now(),
        )
    if link is None:
        await chat.say_to_stranger()
        return
    sealed = await seal_address(link, chat.id)
    # the token works once: from here on only this chat can go on with it
    opened = await held.fetchrow(
        "UPDATE link SET chat_index = $2, chat = $3, token = NULL, version = version + 1"
        " WHERE id = $1 RETURNING *",
        link["id"],
        inbox.chat_index(chat.id),
        sealed,
    )
    await chat.say(opened, "PIN-ASK")


def may_be_pin(chat: Chat, text: str) -> bool:
    """Whether it is tried as the number: in a chat that was used already, words are words."""
    waits = any(_open(link) for link in chat.links)
    used = any(link["state"] in {"active", "stopped"} for link in chat.links)
    return waits and (not used or _is_number(text))


def _is_number(text: str) -> bool:
    """As many digits as the number has, with nothing else but blanks and separating signs."""
    said = [one for one in text if unicodedata.category(one)[0] not in SEPARATING]
    return len(said) == links.PIN_DIGITS and all(one.isdecimal() for one in said)


def _opens(link: Any, given: str) -> bool:
    return hmac.compare_digest(links.hash_pin(link["id"], given), link["pin"])


def _open(link: Any) -> bool:
    return bool(link["state"] == "invited" and link["expires_at"] > clock.now())


async def pin(chat: Chat, text: str) -> None:
    """Five tries, then the invitation is dead and the worker makes a new one."""
    held = connection()
    given = "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())
    waiting = [link for link in chat.links if _open(link)]
    # of several invitations it is meant for the one that it opens
    meant = next((one for one in waiting if _opens(one, given)), waiting[0])
    link = await held.fetchrow("SELECT * FROM link WHERE id = $1 FOR UPDATE", meant["id"])
    if _opens(link, given):
        await held.execute(
            "UPDATE link SET state = 'unconfirmed', pin = NULL, version = version + 1"
            " WHERE id = $1",
            link["id"],
        )
        await chat.say(link, "LINK-WAIT")
        await tell(link, "confirm-link")
        return
    tries = await held.fetchval(
        "UPDATE link SET tries = tries + 1, version = version + 1 WHERE id = $1 RETURNING tries",
        link["id"],
    )
    if tries < TRIES:
        await chat.say(link, "PIN-WRONG")
        return
    await chat.say(link, "PIN-DEAD")
    await held.execute(
        "UPDATE link SET state = 'ended', ended_at = $2, pin = NULL, version = version + 1"
        " WHERE id = $1",
        link["id"],
        clock.now(),
    )
    await tell(link, "pin-dead")
