"""The bot's process watches that of the jobs: when they fall silent humans are told.

It is another process than theirs, and mostly on the same machine: who watches that machine asks
`/health/ready` from elsewhere (docs/deploy.md).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import httpx
import msgspec

from backend import clock, mail
from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from backend.outbound import Only
from backend.settings import Settings
from backend.silence import SILENT, News, take_news, untold

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
PATIENCE_SECONDS = 8
WORDS = {
    "silent": "Nothing is sent: the jobs have been silent since {since}.",
    "late": "Nothing has been sent since {since}. Reminders are late: call whoever has to know.",
    "over": "The jobs go on. They had been silent; this was told at {since}.",
    "away": "Nothing is sent: the database has been away since {since}.",
}
SAID = {
    "silent": "the jobs are silent",
    "late": "reminders are late",
    "over": "the jobs go on",
    "away": "the database is away",
}
Way = Callable[[str, datetime], Awaitable[None]]


def ways(settings: Settings) -> Mapping[str, Way]:
    """How humans are told besides the log: a POST to ALARM_URL, an e-mail to ALARM_MAIL."""
    found: dict[str, Way] = {}
    if settings.alarm_url:
        found["post"] = partial(_post, settings.alarm_url)
    if settings.alarm_mail and settings.smtp_url:
        found["mail"] = partial(_mail, settings)
    return found


class Watch:
    """Looks every minute; what it could tell nobody it tells the next time."""

    def __init__(self, told: Mapping[str, Way]) -> None:
        self._ways = told
        self._away: datetime | None = None
        self._said_away = False

    async def go_on(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        try:
            await self._look()
        except DatabaseBusy:
            await self._is_away()
        except Exception as error:  # noqa: BLE001 - the next look must come whatever it was
            log.error("the watch failed", extra={"error": type(error).__name__})  # noqa: TRY400

    async def _look(self) -> None:
        news: list[News] = await in_fresh_context(take_news)
        self._away, self._said_away = None, False
        for one in news:
            log.error(SAID[one.what])
            if not await self._tell(one.what, one.since):
                await in_fresh_context(partial(untold, one))

    async def _is_away(self) -> None:
        """Then nothing can be sent either, and nothing be written down."""
        now = clock.now()
        self._away = self._away or now
        if now - self._away >= SILENT and not self._said_away:
            log.error(SAID["away"])
            self._said_away = await self._tell("away", self._away)

    async def _tell(self, what: str, since: datetime) -> bool:
        """Whether somebody was told; true where there is no way but the log."""
        told = [await _by(name, way, what, since) for name, way in self._ways.items()]
        return any(told) or not told


async def _by(name: str, way: Way, what: str, since: datetime) -> bool:
    try:
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            await way(what, since)
    except Exception as error:  # noqa: BLE001 - whatever it was, nobody was told by this way
        log.warning("an alarm did not leave", extra={"job": name, "error": type(error).__name__})
        return False
    return True


async def _post(url: str, what: str, since: datetime) -> None:
    body = msgspec.json.encode({"what": what, "since": since, "text": _words(what, since)})
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, transport=Only(url)) as client:
        answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()


async def _mail(settings: Settings, what: str, since: datetime) -> None:
    to = (settings.alarm_mail or "").replace(",", " ").split()
    sender = settings.mail_from or to[0]
    await mail.send(settings.smtp_url or "", sender, to, SAID[what], _words(what, since))


def _words(what: str, since: datetime) -> str:
    return WORDS[what].format(since=since.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"))
