"""The dispatcher: what is due is claimed, judged, said and marked, many chats at once.

No transaction is open while the chat service is talked to. Killed anywhere in between, another
worker takes a row up when its lease is over; what may have arrived is told from what has not.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from telegram import Bot

from backend import clock
from backend.database import in_fresh_context, transaction
from backend.messages import sending
from bots.channels import telegram
from bots.channels.telegram import CONNECTIONS, Delivery, Result
from workflows.sender.outcomes import Outcomes
from workflows.sender.preparing import Prepared, prepare
from workflows.sender.speakers import Speakers

log = logging.getLogger(__name__)

WORKER = f"{socket.gethostname()[:20]}:{os.getpid()}"
MOST_AT_ONCE = 4 * CONNECTIONS  # of however many bots
MOST_TAKEN = 100  # the first of them waits until all are judged
LOOK_SECONDS = 1.0  # where nothing wakes it
PAUSE_SECONDS = 1.0


class Dispatcher:
    """Says what is due by these bots; at a `pace` (messages a second, of a bot) no faster.

    Each chat is a line of its own: one that hangs holds nobody else.
    """

    def __init__(self, bots: Sequence[Bot], pace: int = sending.NO_PACE) -> None:
        self._speakers = Speakers(bots)
        self._at_once = min(CONNECTIONS * len(bots), MOST_AT_ONCE)
        self._pace = pace
        self._outcomes = Outcomes()
        self._lines: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._asked: list[asyncio.Future[None]] = []
        self._ended = False
        self.handled = 0

    def wake(self, *_: object) -> None:
        """Something may be due."""
        self._woken.set()

    async def look(self) -> None:
        """Wait until what is due now has been taken up; raises what stood in the way of that."""
        if self._ended:
            return
        looked = asyncio.get_running_loop().create_future()
        self._asked.append(looked)
        self.wake()
        await looked

    async def drain(self, stopping: asyncio.Event | None = None) -> int:
        """Say everything that is due; how many rows were handled."""
        while not (stopping and stopping.is_set()):
            self._woken.clear()
            claimed = await self._take()
            # a line that ended while we looked may have kept others from what we saw
            may_come = claimed.soon or self._lines or self._woken.is_set()
            if not (claimed.messages or may_come):
                break
            await self._rest(claimed)
        await self.finish()
        return self.handled

    async def serve(self, stopping: asyncio.Event) -> None:
        """Say what is due whenever it is, until `stopping`; trouble is waited out."""
        ending = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                asked, self._asked = self._asked, []
                self._woken.clear()
                try:
                    claimed = await self._take()
                except Exception as error:  # noqa: BLE001 - the next look must come whatever it was
                    log.warning("nothing is taken up", extra={"error": type(error).__name__})
                    _answer(asked, error)
                    await asyncio.wait({ending}, timeout=PAUSE_SECONDS)
                else:
                    _answer(asked, None)
                    await self._rest(claimed, ending)
        finally:
            ending.cancel()
            self._ended = True
            _answer(self._asked, None)

    async def finish(self) -> None:
        """Wait for what is on its way."""
        while self._lines:
            await asyncio.wait(self._lines)

    async def _take(self) -> sending.Claimed:
        # a claim costs nearly the same for one message as for many
        room = max(self._at_once - len(self._lines), sending.BATCH)
        claim = partial(sending.claim, WORKER, self._pace, min(room, MOST_TAKEN))
        claimed: sending.Claimed = await in_fresh_context(claim)
        line = itemgetter("line")
        ordered = sorted(claimed.messages, key=line)
        lines = [list(group) for _, group in groupby(ordered, key=line)]
        if lines:
            # the first of each alone: what of the next may be said is seen when this one was
            said = await prepare([messages[0] for messages in lines], self._speakers)
            for messages in lines:
                self._begin(said.get(messages[0]["id"]), messages)
        self.handled += len(claimed.messages)
        return claimed

    def _begin(self, first: Prepared | None, messages: Sequence[Any]) -> None:
        task = asyncio.create_task(self._line(first, messages))
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)
        task.add_done_callback(self.wake)

    async def _rest(
        self, claimed: sending.Claimed, ending: asyncio.Future[Any] | None = None
    ) -> None:
        """Until there is room, and something to look for."""
        ends = {ending} if ending else set[asyncio.Future[Any]]()
        while len(self._lines) > self._at_once - sending.BATCH and not (ending and ending.done()):
            await asyncio.wait(self._lines | ends, return_when=asyncio.FIRST_COMPLETED)
        if not claimed.messages:
            seconds = 1 / self._pace if claimed.soon else LOOK_SECONDS
            woken = asyncio.ensure_future(self._woken.wait())
            await asyncio.wait({woken} | ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            self._woken.clear()

    async def _line(self, first: Prepared | None, messages: Sequence[Any]) -> None:
        """One after the other; once the chat service does not take one, all that follow wait."""
        until: datetime | None = None
        for message in messages:
            try:
                if until is not None:
                    await in_fresh_context(partial(_hold, message, until))
                    continue
                said = first
                if message is not messages[0]:
                    said = (await prepare([message], self._speakers)).get(message["id"])
                until = None if said is None else await self._say(said)
            except Exception as error:  # noqa: BLE001 - one message never stops the next
                # its claim runs out and it is tried again, five times, then a human is told
                log.error("a send failed", extra={"error": type(error).__name__})  # noqa: TRY400

    async def _say(self, said: Prepared) -> datetime | None:
        """Say it; until when its chat is held, where the chat service did not take it."""
        message, speaker = said.message, said.speaker
        if speaker.is_refused(clock.now()):  # by what was on its way beside this one
            return await self._outcomes.write(message, Delivery(Result.TOKEN))
        delivery = await telegram.send(
            speaker.bot,
            said.chat,
            said.text.body,
            list(zip(said.text.buttons, said.data, strict=True)),
            silent=not message["critical"],
        )
        if delivery.result is Result.TOKEN:
            speaker.was_refused()
        return await self._outcomes.write(message, delivery)


async def send_due(
    bots: Sequence[Bot], stopping: asyncio.Event | None = None, pace: int = sending.NO_PACE
) -> int:
    """Say everything that is due, and no more; how many rows were handled."""
    return await Dispatcher(bots, pace).drain(stopping)


async def _hold(message: Any, until: datetime) -> None:
    """What is next in its chat was not taken."""
    async with transaction():
        await sending.put_back(message, until, counted=False, held=True)


def _answer(asked: Sequence[asyncio.Future[None]], error: Exception | None) -> None:
    for looked in asked:
        if looked.done():
            continue
        if error is None:
            looked.set_result(None)
        else:
            looked.set_exception(error)
