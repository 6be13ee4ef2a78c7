"""The time of the story. It jumps to whatever comes next, and never back."""

import heapq
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from backend import clock, database
from bots.intake import take_in, work_off
from workflows import timetable
from workflows.sender.dispatch import send_due
from workflows.story.house import House
from workflows.tidy import tidy
from workflows.wake import next_wake

MINUTE = timedelta(minutes=1)
Deed = Callable[[], Awaitable[None]]


class JobFailed(Exception):
    """A job of the worker failed where nothing was made to fail."""


class Clockwork:
    """Moves the time and lets bot and worker do what they would do then.

    `after_round` sees what came of each round. `stepped` is a span of time that is gone
    through minute by minute, each job at its own pace, as with the worker itself, instead of
    by jumps, where every job has its turn.
    """

    def __init__(
        self,
        house: House,
        start: datetime,
        *,
        stepped: tuple[datetime, datetime] | None = None,
    ) -> None:
        self.now = start
        self.rounds = 0
        self.after_round: Deed | None = None
        self._house = house
        self._stepped = stepped
        self._jobs = timetable.jobs(partial(send_due, [house.bot]), partial(tidy, [house.bot]))
        self._ran: dict[str, datetime] = {}
        self._offset = 0
        self._updates = 0
        self._agenda: list[tuple[datetime, int, Deed]] = []
        self._order = count()
        clock.travel(lambda: self.now)

    def later(self, at: datetime, deed: Deed) -> None:
        """Let somebody do something at an instant to come."""
        heapq.heappush(self._agenda, (at, next(self._order), deed))

    async def round(self) -> None:
        """Everything that bot and worker have to do at this instant."""
        self.rounds += 1
        await database.in_fresh_context(self._round)
        if self.after_round is not None:
            await self.after_round()

    async def _round(self) -> None:
        database.act_as("worker")
        if self._updates != self._house.updates:  # otherwise its long poll would still wait
            self._updates = self._house.updates
            self._offset = await take_in(self._house.bot, self._offset, wait=0)
            await work_off([self._house.bot])
        for name, (job, seconds) in self._jobs.items():
            # what sends is woken by whatever is to be said, also twice in one minute
            pace = timedelta(seconds=seconds)
            if self._stepping() and pace >= MINUTE and self.now - self._ran[name] < pace:
                continue
            self._ran[name] = self.now
            if not await timetable.run(name, job):
                raise JobFailed(name)

    async def until(self, moment: datetime) -> None:
        """Go on to a moment, by way of everything that happens before it."""
        if moment < self.now:
            raise ValueError(f"the story does not go back, from {self.now} to {moment}")
        await self.round()
        while self.now < moment:
            self.now = min(moment, await self._next())
            await self._house.it_is(self.now)
            while self._agenda and self._agenda[0][0] <= self.now:
                await heapq.heappop(self._agenda)[2]()
            await self.round()

    async def _next(self) -> datetime:
        """The next instant at which anybody does anything."""
        coming = [self._agenda[0][0]] if self._agenda else []
        if self._stepping():
            coming.append(self.now + MINUTE)
        elif (wake := await self._wake()) is not None:
            coming.append(wake)
            if self._stepped is not None and self.now < self._stepped[0]:
                coming.append(self._stepped[0])
        return min(coming, default=datetime.max.replace(tzinfo=self.now.tzinfo))

    def _stepping(self) -> bool:
        return self._stepped is not None and self._stepped[0] <= self.now < self._stepped[1]

    async def _wake(self) -> datetime | None:
        async def look() -> datetime | None:
            database.act_as("worker")
            return await next_wake(self.now)

        return await database.in_fresh_context(look)
