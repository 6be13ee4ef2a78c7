"""From a claimed row to what goes out: judged as things are now, in the recipient's language."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from backend import clock
from backend.actors.actions import seal_with
from backend.database import in_fresh_context, transaction
from backend.messages import sending
from backend.messages.addresses import address
from backend.messages.judging import Facts, Verdict, facts_of, judge
from backend.messages.sending import Ready
from backend.messages.taps import button_data, tap_hash
from backend.messages.values import Values, values_of
from backend.vault import VaultError
from bots.conversations.dates import day_buttons
from bots.texts.catalogue import MissingText, MissingValue, Text, UnfitValue, needs, render
from workflows import metrics
from workflows.sender.outcomes import ANOTHER_AGAIN_AFTER, wait_for_token
from workflows.sender.speakers import TOKEN_AGAIN_AFTER, Speaker, Speakers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What is said now; the row says that it is on its way."""

    ready: Ready
    speaker: Speaker
    chat: int
    text: Text
    data: Sequence[str]

    @property
    def message(self) -> Any:
        return self.ready.message


Settled = Callable[[], Awaitable[None]]


async def prepare(batch: Sequence[Any], speakers: Speakers) -> dict[UUID, Prepared]:
    """Those that are to be said now, by their id; each other one waits, or was given up.

    Trouble with one, in the program itself too, is no trouble of the others: its claim runs out
    and it is tried again, five times, then a human is told.
    """
    try:
        said, left = await in_fresh_context(partial(_together, batch, speakers))
    except Exception as error:  # noqa: BLE001 - which of them it was is not known
        if len(batch) == 1:
            log.error("a send failed", extra={"error": type(error).__name__})  # noqa: TRY400
            return {}
        said, left = {}, batch
    if len(batch) > 1:
        for message in left:
            said |= await prepare([message], speakers)
    return said


async def _together(
    batch: Sequence[Any], speakers: Speakers
) -> tuple[dict[UUID, Prepared], Sequence[Any]]:
    """Likewise; also those that somebody else had locked."""
    async with transaction():
        facts = await facts_of(batch)
        found = [await _one(message, facts[message["id"]], speakers) for message in batch]
        ready = [one for one in found if isinstance(one, Prepared)]
        ours = await sending.start_sending([one.ready for one in ready]) if ready else set[UUID]()
    # each in a transaction of its own: two who write several rows would wait for each other
    for one in found:
        if not isinstance(one, Prepared):
            await in_fresh_context(partial(_settle, one))
    left = [one.message for one in ready if one.message["id"] not in ours]
    return {one.message["id"]: one for one in ready if one.message["id"] in ours}, left


async def _settle(how: Settled) -> None:
    async with transaction():
        await how()


async def _one(message: Any, facts: Facts, speakers: Speakers) -> Prepared | Settled:
    now = clock.now()
    verdict = judge(message, facts, now)
    if verdict.wait_until is not None:
        return partial(sending.put_back, message, verdict.wait_until, counted=False)
    if not verdict.send:
        metrics.became(message, verdict.reason or "")
        return partial(sending.give_up, message, verdict)
    speaker = speakers.of(facts["bot_number"])
    if speaker is None:
        return partial(wait_for_token, message, ANOTHER_AGAIN_AFTER)
    if speaker.is_refused(now):
        return partial(wait_for_token, message, TOKEN_AGAIN_AFTER)
    try:
        return await _in_words(message, facts, speaker)
    except (MissingText, MissingValue, UnfitValue, VaultError) as error:
        log.warning("a message was blocked", extra={"error": type(error).__name__})
        blocked = Verdict(reason="blocked-text", task="tell-by-voice")
        metrics.became(message, "blocked-text")
        return partial(sending.give_up, message, blocked)


async def _in_words(message: Any, facts: Facts, speaker: Speaker) -> Prepared:
    key, language = message["key"], facts["language"] or facts["agency_language"]
    values = await values_of(message, facts, needs(key, language))
    text = render(key, language, values)
    if key == "DATE-ASK":
        text = Text(text.body, (*day_buttons(message["local_due"], language), *text.buttons))
    tap = tap_hash(message["id"]) if text.buttons else None
    data = [button_data(message["id"], button.action) for button in text.buttons]
    ready = Ready(message, _sealed(message, facts, values), tap)
    chat = address(message["id"], message["chat"], facts)
    return Prepared(ready, speaker, chat, text, data)


def _sealed(message: Any, facts: Facts, values: Values) -> bytes | None:
    if message["recipient"] is None or not values:
        return None
    place = f"message.variables:{message['id']}"
    return seal_with(facts["wrapped"], message["recipient"], place, values)
