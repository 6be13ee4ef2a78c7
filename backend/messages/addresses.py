"""Where a chat is: sealed with the key of whoever it is with, a stranger's with our own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.actors.actions import seal, unseal_with, vault


async def seal_address(link: Mapping[str, Any], chat: int) -> bytes:
    """For the link's `chat`. Raises KeyDestroyed."""
    return await seal(link["subject"], _of_link(link["id"]), str(chat))


def address(message: UUID, of_stranger: bytes, link: Mapping[str, Any]) -> int:
    """The number of the chat that a message goes to.

    `link` is the row that knows it: `link`, `link_subject`, `wrapped` and `chat`; without a link
    it is a stranger's, which the message itself keeps. Raises KeyDestroyed, VaultError.
    """
    if link["link"] is None:
        return int(vault().unseal_own("chat", _of_stranger(message), of_stranger))
    place = _of_link(link["link"])
    return int(unseal_with(link["wrapped"], link["link_subject"], place, link["chat"]))


def seal_strangers(message: UUID, chat: int) -> bytes:
    """For the message's own `chat`."""
    return vault().seal_own("chat", _of_stranger(message), str(chat).encode())


def _of_link(link: UUID) -> str:
    return f"link.chat:{link}"


def _of_stranger(message: UUID) -> str:
    return f"message.chat:{message}"
