"""Our bots: one for each agency whose token we were given."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from telegram import Bot

from backend import clock
from bots.channels.telegram import number_of

log = logging.getLogger(__name__)

TOKEN_AGAIN_AFTER = timedelta(seconds=15)


class Speaker:
    """One of them. Once its token was refused everything of it waits for a while."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self._refused_until: datetime | None = None

    def is_refused(self, now: datetime) -> bool:
        return self._refused_until is not None and now < self._refused_until

    def was_refused(self) -> None:
        self._refused_until = clock.now() + TOKEN_AGAIN_AFTER


class Speakers:
    """By their numbers. To the chat of any other bot ours are strangers; that is said once."""

    def __init__(self, bots: Sequence[Bot]) -> None:
        self._by_number = {number_of(bot): Speaker(bot) for bot in bots}
        self._missed: set[str] = set()

    def of(self, number: str) -> Speaker | None:
        found = self._by_number.get(number)
        if found is None and number not in self._missed:
            log.error("there is no token of the bot that these chats are with")
            self._missed.add(number)
        return found
