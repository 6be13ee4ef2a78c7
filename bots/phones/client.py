"""A client of the control API: what a test or the story does with the phones."""

from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
import msgspec

from bots.phones.wire import (
    Again,
    Blocking,
    BotView,
    Call,
    Fault,
    Group,
    Kind,
    Message,
    NewGroup,
    NewPhone,
    Numbers,
    Phone,
    Raw,
    Saying,
    Sent,
    Switch,
    Tapping,
    Update,
)

BotName = int | str | None
T = TypeVar("T")


class PhonesError(Exception):
    """The stand-in could not do that; the text says why."""


class Phones:
    """Hands and eyes at the stand-in of `base_url`.

    `bot` is an id or a user name, needed only where several bots have called.
    With the `transport()` of a stand-in in this process no socket is used.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8001",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{base_url}/_ctl", transport=transport, timeout=70, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def phone(
        self,
        label: str,
        *,
        id: int | None = None,  # noqa: A002 - as people say it
        language: str = "en",
        zone: str | None = None,
    ) -> Phone:
        """Make a phone. Its id is its chat's id."""
        return await self._post("/phones", NewPhone(label, id, language, zone), Phone)

    async def phones(self) -> list[Phone]:
        return await self._get("/phones", list[Phone])

    async def group(self, title: str, bot: BotName = None) -> Group:
        """Make a group chat with the bot in it."""
        return await self._post("/groups", NewGroup(title, bot), Group)

    async def say(
        self,
        phone: int,
        text: str,
        *,
        kind: Kind = "text",
        group: int | None = None,
        bot: BotName = None,
    ) -> int:
        """Write to the bot. Returns the update's number.

        For a picture and its like `text` is the caption.
        """
        data = Saying(text, kind, group, bot)
        return (await self._post(f"/phones/{phone}/say", data, Update)).update

    async def open_link(self, phone: int, link: str, *, bot: BotName = None) -> int:
        """Follow an invitation link, or enter its code."""
        data = Saying(link, bot=bot)
        return (await self._post(f"/phones/{phone}/open", data, Update)).update

    async def tap(
        self,
        phone: int,
        button: str | int = 0,
        *,
        message: int | None = None,
        data: str | None = None,
        bot: BotName = None,
    ) -> int:
        """Tap a button, by label or position, under `message` or the newest with buttons.

        `message` may belong to another phone's chat. `data` is sent as it is, whether
        or not a button has it. Returns the update's number.
        """
        tapping = Tapping(button, message, data, bot)
        return (await self._post(f"/phones/{phone}/tap", tapping, Update)).update

    async def block(self, phone: int, *, bot: BotName = None) -> Phone:
        return await self._post(f"/phones/{phone}/block", Blocking(on=True, bot=bot), Phone)

    async def unblock(self, phone: int, *, bot: BotName = None) -> Phone:
        return await self._post(f"/phones/{phone}/block", Blocking(on=False, bot=bot), Phone)

    async def chat(self, phone: int, *, bot: BotName = None) -> list[Message]:
        """What the phone's chat shows now, oldest first."""
        return await self._get(f"/phones/{phone}/chat", list[Message], bot=bot)

    async def sent(
        self,
        *,
        since: int = 0,
        wait: int = 0,
        timeout: float = 5.0,  # noqa: ASYNC109 - the server waits
        chat: int | None = None,
        method: str | None = None,
    ) -> list[Sent]:
        """What bots did after number `since`, oldest first.

        Returns as soon as there are `wait` that match, and after `timeout` seconds
        with what there is.
        """
        return await self._get(
            "/sent",
            list[Sent],
            since=since,
            wait=wait,
            timeout=timeout,
            chat=chat,
            method=method,
        )

    async def counts(self, pattern: str | None = None) -> dict[str, int]:
        """How often each text was sent, or each first group of `pattern` in them."""
        return await self._get("/counts", dict[str, int], pattern=pattern)

    async def calls(self, since: int = 0) -> list[Call]:
        """Every request of every bot, byte for byte, oldest first."""
        return await self._get("/calls", list[Call], since=since)

    async def bots(self) -> list[BotView]:
        return await self._get("/bots", list[BotView])

    async def settled(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the server waits
        """Wait until every update was taken: acknowledged by webhook or by a higher offset.

        The bot has it then, which need not mean that it has acted on it.
        """
        return await self._get("/settled", bool, timeout=timeout)

    async def inject(self, update: dict[str, Any], *, bot: BotName = None) -> int:
        """Any update at all, numbered here. Returns the number."""
        return (await self._post("/inject", Raw(update, bot), Update)).update

    async def redeliver(self, update: int, *, bot: BotName = None) -> int:
        """Deliver an old update once more under its old number."""
        return (await self._post("/redeliver", Again(update, bot), Update)).update

    async def fault(
        self,
        method: str = "*",
        *,
        chat: int | None = None,
        bot: int | None = None,
        skip: int = 0,
        times: int = 1,
        effect: bool = False,
        delay: float = 0.0,
        code: int | None = None,
        description: str = "",
        retry_after: int | None = None,
        migrate_to_chat: int | None = None,
        drop: bool = False,
        garbage: str | None = None,
        kill: int | None = None,
        when: Literal["before", "after"] = "before",
    ) -> Fault:
        """Prepare a fault for the next matching calls; `wire.Fault` explains the words."""
        fault = Fault(
            method,
            chat,
            bot,
            skip,
            times,
            effect,
            delay,
            code,
            description,
            retry_after,
            migrate_to_chat,
            drop,
            garbage,
            kill,
            when,
        )
        return await self._post("/faults", fault, Fault)

    async def no_faults(self) -> None:
        await self._request("DELETE", "/faults")

    async def limits(self, *, on: bool) -> None:
        await self._post("/limits", Switch(on), Switch)

    async def numbers(
        self, *, phone: int | None = None, message: int | None = None, update: int | None = None
    ) -> None:
        """Set the next number of a kind."""
        await self._post("/numbers", Numbers(phone, message, update), Numbers)

    async def reset(self) -> None:
        """Forget phones, chats, calls and faults; bots stay, and numbers go on growing."""
        await self._request("POST", "/reset")

    async def _get(self, path: str, kind: type[T], **query: Any) -> T:
        given = {name: value for name, value in query.items() if value is not None}
        return msgspec.json.decode(await self._request("GET", path, params=given), type=kind)

    async def _post(self, path: str, data: msgspec.Struct, kind: type[T]) -> T:
        body = msgspec.json.encode(data)
        headers = {"content-type": "application/json"}
        answer = await self._request("POST", path, content=body, headers=headers)
        return msgspec.json.decode(answer, type=kind)

    async def _request(self, verb: str, path: str, **how: Any) -> bytes:
        answer = await self._http.request(verb, path, **how)
        if answer.is_error:
            raise PhonesError(f"{verb} {path}: {answer.status_code} {answer.text}")
        return answer.content
