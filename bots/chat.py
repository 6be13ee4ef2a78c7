"""A chat as a conversation sees it: who may be on the other side, and one way to answer."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor
from backend.database import connection
from backend.messages import inbox, outbox
from backend.messages.links import LIVING
from backend.messages.outbox import Occurrence


@dataclass
class Chat:
    """One update from one private chat. `links` are the chat's own, the last used first.

    `later` collects calls to the chat service that wait until everything is committed.
    """

    update: Any
    id: int
    links: list[Any]
    later: list[tuple[str, Any]] = field(default_factory=list)

    @classmethod
    async def of(cls, update: Any, id_: int) -> "Chat":
        """What is said in one chat takes effect one after the other, whoever works it off."""
        index = inbox.chat_index(id_)
        await connection().execute("SELECT pg_advisory_xact_lock($1)", _number(index))
        return cls(update, id_, await inbox.links_of(update["bot"], id_))

    @property
    def active(self) -> list[Any]:
        return [link for link in self.links if link["state"] == "active"]

    @property
    def living(self) -> list[Any]:
        """What a STOP ends: also what is not confirmed yet."""
        return [link for link in self.links if link["state"] in LIVING]

    async def promise(self, key: str) -> None:
        """Answer with a text by which a human will read or call: on a plan, for it has a worker.

        A chat of staff alone has none: they are told that nobody reads it.
        """
        link = of_a_plan_first(self.active)
        await self.say(link, key if link["plan"] is not None else "UNREAD")

    async def say(
        self,
        link: Any,
        key: str,
        *,
        about: UUID | None = None,
        variables: dict[str, str] | None = None,
    ) -> None:
        """Answer on a link; the answer is a row and goes out when this update has taken effect."""
        rule = f"reply-{self.update['number']}"
        occurrence = Occurrence(rule, key, about or self.update["id"], clock.today(link["zone"]))
        await outbox.queue(link, key, occurrence, urgent=True, variables=variables)

    async def say_to_stranger(self) -> None:
        """The one text for everybody whom we do not know; it confirms nothing."""
        await outbox.answer_stranger(self.update, self.id, inbox.chat_index(self.id), "UNKNOWN")


def of_a_plan_first(links: list[Any]) -> Any:
    """The first link that speaks of a plan; where none does, the first of all."""
    return next((link for link in links if link["plan"] is not None), links[0])


def _number(index: bytes) -> int:
    return int.from_bytes(index[:8], "big", signed=True)


async def actor_of(link: Any) -> Actor:
    """Who speaks on a link: staff by their account, others by their mandate on its plan."""
    if link["plan"] is None:
        row = await connection().fetchrow(
            "SELECT id, role, agency FROM staff WHERE id = $1", link["subject"]
        )
        return Actor(row["id"], "staff", row["role"], row["agency"])
    role = await connection().fetchval(
        "SELECT role FROM mandate WHERE plan = $1 AND actor = $2 AND role IN ('ME', 'FA', 'PE')"
        " ORDER BY starts DESC LIMIT 1",
        link["plan"],
        link["subject"],
    )
    return Actor(link["subject"], "person" if role == "PE" else "member", role, link["agency"])
