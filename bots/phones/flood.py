"""The limits on new messages that the real service documents, as sliding windows for each bot."""

from collections import defaultdict, deque
from collections.abc import Callable
from math import ceil

from bots.phones.refusals import too_many

OVERALL = (30, 1.0)
PRIVATE = (1, 1.0)
GROUP = (20, 60.0)


class Flood:
    """Refuses with 429 while `on`. A refused call is not counted.

    The real service lets short bursts pass; this one does not, so who passes here passes there.
    """

    def __init__(self, ticks: Callable[[], float], *, on: bool) -> None:
        self.on = on
        self._ticks = ticks
        self._windows: dict[tuple[int, int | None], deque[float]] = defaultdict(deque)

    def admit(self, bot: int, chat: int) -> None:
        """Raises Refusal (429) when this message would be one too many."""
        if not self.on:
            return
        now = self._ticks()
        scopes = (((bot, None), OVERALL), ((bot, chat), GROUP if chat < 0 else PRIVATE))
        waits = [self._wait(self._windows[key], *limit, now) for key, limit in scopes]
        if max(waits) > 0:
            raise too_many(ceil(max(waits)))
        for key, _ in scopes:
            self._windows[key].append(now)

    def _wait(self, window: deque[float], most: int, seconds: float, now: float) -> float:
        while window and window[0] <= now - seconds:
            window.popleft()
        return window[0] + seconds - now if len(window) >= most else 0.0
