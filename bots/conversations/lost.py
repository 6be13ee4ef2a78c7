"""An update that five times could not take effect: what of it must hold all the same.

A stop holds: it is carried out again without whatever else the update was, and where that fails too
the links are off and nothing more. Otherwise a human is asked to call. Nothing here is a parser's
work: a field that is not where it should be makes the update nobody's.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from backend import clock
from backend.alerts.actions import open_task
from backend.database import connection, in_fresh_context, transaction
from backend.errors import DatabaseBusy
from backend.messages import taps
from backend.messages.links import LIVING
from bots.chat import Chat, of_a_plan_first
from bots.conversations import words
from bots.texts.stop_words import is_stop

log = logging.getLogger(__name__)

PRIVATE = "private"
KIND = "not-read"
_OFF = """
UPDATE link SET state = CASE WHEN confirmed_at IS NULL THEN 'ended' ELSE 'stopped' END,
       ended_at = $2, token = NULL, pin = NULL, version = version + 1 WHERE id = $1
"""


@dataclass(frozen=True)
class Said:
    """In whose chat, whether it was a stop, and whether it was written or tapped."""

    chat: int
    stop: bool
    written: bool


async def lost(row: Any, raw: dict[str, Any]) -> None:
    """Call it outside a transaction, before the update is given up; twice does no harm.

    Raises DatabaseBusy, and nothing else.
    """
    said = read(raw)
    if said is None:
        return
    if said.stop:
        if await _succeeds(partial(_stop, row, said)):
            return
        await _succeeds(partial(_each, row, said, _off))
    await _succeeds(partial(_each, row, said, _ask_to_call))
    if said.written:
        await _succeeds(partial(_answer, row, said))


def read(raw: Mapping[str, Any]) -> Said | None:
    """What can be told of an update by looking at few of its fields; None where it is nobody's."""
    query, message = _of(raw, "callback_query"), _of(raw, "message")
    inner = _of(query, "message") if query else message
    sender = _of(query or message, "from").get("id")
    chat = _of(inner, "chat")
    if not isinstance(sender, int) or chat.get("id") != sender or chat.get("type") != PRIVATE:
        return None
    if query:
        tapped = taps.read(str(query.get("data") or ""))
        return Said(sender, stop=tapped is not None and tapped[1] == "stop", written=False)
    # as where it is handled: what somebody forwards is not their word
    forwarded = message.keys() & {"forward_origin", "via_bot"}
    return (
        None if forwarded else Said(sender, is_stop(str(message.get("text") or "")), written=True)
    )


def _of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


async def _stop(row: Any, said: Said) -> None:
    async with transaction():
        await words.stop(await _chat(row, said))


async def _answer(row: Any, said: Said) -> None:
    """To whom a human will speak by and by."""
    async with transaction():
        chat = await _chat(row, said)
        if chat.active and not said.stop:
            called = any(
                link["plan"] and link["state"] in {"active", "stopped"} for link in chat.links
            )
            link = of_a_plan_first(chat.active)
            await chat.say(link, "NOT-KEPT" if called else "UNREAD")


async def _chat(row: Any, said: Said) -> Chat:
    """Its days are those of UTC, for the zone of a link may be what failed."""
    chat = await Chat.of(row, said.chat)
    chat.links = [{**link, "zone": "UTC"} for link in chat.links]
    return chat


async def _each(row: Any, said: Said, act: Callable[[Any], Awaitable[None]]) -> None:
    """Each link of the chat by itself, so that one which fails leaves the others what they need."""
    async with transaction():
        links = (await Chat.of(row, said.chat)).links
    for link in links:
        await _succeeds(partial(_one, act, link))


async def _one(act: Callable[[Any], Awaitable[None]], link: Any) -> None:
    async with transaction():
        await act(link)


async def _off(link: Any) -> None:
    if link["state"] in LIVING:
        await connection().execute(_OFF, link["id"], clock.now())


async def _ask_to_call(link: Any) -> None:
    if link["plan"] is None or link["state"] == "inactive":
        return
    await open_task(
        KIND,
        agency=link["agency"],
        plan=link["plan"],
        subject=link["id"],
        local_due=clock.now().date(),
        about=link["subject"],
    )


async def _succeeds(work: Callable[[], Awaitable[None]]) -> bool:
    """In a context of its own, so that what fails here ends no transaction but its own."""
    try:
        await in_fresh_context(lambda: _awaited(work))
    except DatabaseBusy:
        raise
    except Exception as error:  # noqa: BLE001 - there is another way, or a human is told
        log.error("an update is lost", extra={"error": type(error).__name__})  # noqa: TRY400
        return False
    return True


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()
