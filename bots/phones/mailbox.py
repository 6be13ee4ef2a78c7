"""A bot's updates until the bot has taken them: asked for by long poll, or pushed to a webhook."""

from typing import Any

from msgspec import Struct

from bots.phones.bell import Bell
from bots.phones.refusals import conflict

LONGEST_POLL = 50.0
MOST_AT_ONCE = 100

WEBHOOK_IS_SET = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
ANOTHER_POLL = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_CAME = "terminated by setWebhook request"


class Pending(Struct):
    """An update on its way. `again` marks one that is delivered a second time on purpose."""

    update: dict[str, Any]
    again: bool = False

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


class Hook(Struct):
    """A webhook as the bot set it, and how the last deliveries went."""

    url: str
    secret: str = ""
    connections: int = 40
    error: str = ""
    error_at: int = 0


class Mailbox:
    """Rings `traffic` whenever an update comes, is taken, or a poll begins."""

    def __init__(self, traffic: Bell, first: int) -> None:
        self.pending: list[Pending] = []
        self.hook: Hook | None = None
        self.next = first
        self._traffic = traffic
        self._history: dict[int, dict[str, Any]] = {}
        self._poll: object | None = None

    def put(self, content: dict[str, Any]) -> int:
        """Number the update and queue it. Numbers never come back, not even after `empty`."""
        number, self.next = self.next, self.next + 1
        update = {"update_id": number, **content}
        self._history[number] = update
        self.pending.append(Pending(update))
        self._traffic.ring()
        return number

    def again(self, number: int) -> bool:
        """Queue an old update once more under its old number; False when there was none."""
        if number not in self._history:
            return False
        self.pending.append(Pending(self._history[number], again=True))
        self._traffic.ring()
        return True

    def taken(self, pending: Pending) -> None:
        """A webhook has answered for it."""
        if pending in self.pending:
            self.pending.remove(pending)
        self._traffic.ring()

    def empty(self) -> None:
        self.pending.clear()
        self._traffic.ring()

    def forget_poll(self) -> None:
        """End a waiting poll with a conflict: a webhook came."""
        self._poll = None
        self._traffic.ring()

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """What getUpdates answers. Raises Refusal (409) beside a webhook or a newer poll.

        An update counts as taken when a later call asks for a higher offset, and
        only then: what was answered to a dead bot is answered again.
        """
        if self.hook:
            raise conflict(WEBHOOK_IS_SET)
        self._confirm(offset)
        if not self.pending and seconds > 0:
            await self._wait(min(seconds, LONGEST_POLL))
        most = limit if 0 < limit <= MOST_AT_ONCE else MOST_AT_ONCE
        batch = self.pending[:most]
        self.pending = [p for p in self.pending if not (p.again and p in batch)]
        return [pending.update for pending in batch]

    async def _wait(self, seconds: float) -> None:
        mine = self._poll = object()
        self._traffic.ring()
        await self._traffic.until(lambda: self._poll is not mine or bool(self.pending), seconds)
        if self._poll is not mine:
            raise conflict(WEBHOOK_CAME if self.hook else ANOTHER_POLL)
        self._poll = None

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self.pending = [p for p in self.pending if p.again or p.id >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]
        self._traffic.ring()
