"""The real bot and the real jobs against the stand-in, in one process and without sockets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from telegram import Bot
from telegram.request import HTTPXRequest

from backend import clock, database
from backend.messages.wording import scan
from bots.channels.telegram import STAND_IN_TOKEN
from bots.intake import take_in, work_off
from bots.phones.app import StandIn, create_phones
from bots.phones.client import Phones
from bots.phones.exchange import Exchange
from bots.phones.webhook import Courier
from bots.phones.wire import Message, Phone
from tests.world import Caller, World
from workflows.digest import digest
from workflows.end_links import end_links
from workflows.escalate import escalate
from workflows.materialise import materialise
from workflows.sender.dispatch import send_due


@dataclass
class Member:
    """Somebody of a circle with a phone: ids as the API gives them."""

    actor: str
    mandate: str
    phone: Phone
    alias: str


_free: list[StandIn] = []


class Chats:
    """The chat side of a test's world."""

    def __init__(self, world: World) -> None:
        self.world = world
        # an app takes long to make, so the next test has it with an exchange of its own
        self.stand_in = stand_in = _free.pop() if _free else create_phones()
        stand_in.exchange = Exchange()
        stand_in.courier = Courier(stand_in.exchange)
        self.phones = Phones("http://phones.test", transport=stand_in.transport())
        self.bot = Bot(
            STAND_IN_TOKEN,
            base_url="http://phones.test/bot",
            request=HTTPXRequest(httpx_kwargs={"transport": stand_in.transport()}),
            get_updates_request=HTTPXRequest(httpx_kwargs={"transport": stand_in.transport()}),
        )
        self.offset = 0

    async def __aenter__(self) -> Self:
        await self.bot.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bot.shutdown()
        await self.phones.close()
        await self.stand_in.courier.close()
        _free.append(self.stand_in)

    async def round(self) -> None:
        """Everything that bot and worker would do now."""

        async def work() -> None:
            database.act_as("worker")
            self.offset = await take_in(self.bot, self.offset, wait=0)
            await work_off([self.bot])
            for job in (materialise, escalate, digest, end_links):
                await database.in_fresh_context(job)
            await send_due([self.bot])

        await database.in_fresh_context(work)

    async def job(self, job: Callable[[], Awaitable[Any]]) -> Any:
        """One job alone, as the worker."""

        async def work() -> Any:
            database.act_as("worker")
            return await job()

        return await database.in_fresh_context(work)

    async def unfit(self) -> list[tuple[str, list[str]]]:
        """What the bot sent with a word, number or sign that no chat may hold: never anything.

        Every call of the bot is looked at, byte for byte and as it was meant.
        """
        lines = [
            line
            for row in await self.world.sql(
                "SELECT emergency_number, crisis_line, duty_phone FROM agency"
            )
            for line in row.values()
        ]
        # what was said to many is looked at once
        said = {text: None for call in await self.phones.calls() for text in _words(call.params)}
        return [(text, signs) for text in said if (signs := scan(text, lines))]

    async def texts(self, phone: Phone) -> list[Message]:
        """What the bot said in this chat, oldest first."""
        return [one for one in await self.phones.chat(phone.id) if one.sender != phone.id]

    async def last(self, phone: Phone) -> str:
        said = await self.texts(phone)
        return said[-1].text if said else ""

    async def say(self, phone: Phone, text: str) -> str:
        """Write to the bot; its answer."""
        await self.phones.say(phone.id, text)
        await self.round()
        return await self.last(phone)

    async def tap(self, phone: Phone, label: str) -> str:
        """Tap a button of the newest message that has it; what the bot says then."""
        await self.phones.tap(phone.id, label)
        await self.round()
        return await self.last(phone)

    async def a_member(
        self,
        worker: Caller,
        plan: str,
        role: str = "ME",
        *,
        facts: tuple[str, ...] = ("release_date",),
        **values: Any,
    ) -> Member:
        """Somebody in the circle who said yes, opened the invitation and was called back."""
        name = {"ME": "Mentor", "FA": "Relative"}.get(role)
        added = await worker.post(
            f"/plans/{plan}/circle",
            {"role": role, "language": "en", "name": name, **values}
            if role != "PE"
            else {"role": role},
        )
        assert added.status_code == 201, added.text
        circle = (await worker.get(f"/plans/{plan}")).json()["circle"]
        one = next(entry for entry in circle if entry["mandate"] == added.json()["id"])
        for fact in facts:
            until = (clock.today("UTC") + timedelta(days=900)).isoformat()
            body = {"recipient": one["actor"], "fact": fact, "purpose": "the day", "until": until}
            released = await worker.post(f"/plans/{plan}/disclosures", body)
            assert released.status_code == 201, released.text
        phone = await self.link(worker, plan, one["actor"])
        return Member(one["actor"], added.json()["id"], phone, one.get("alias", ""))

    async def link(self, worker: Caller, plan: str, subject: str, level: str = "P2") -> Phone:
        yes = {"kind": "channel", "subject": subject, "channel": "telegram", "language": "en"}
        assert (await worker.post(f"/plans/{plan}/consents", yes)).status_code == 201
        invited = await worker.post(
            "/invitations", {"plan": plan, "subject": subject, "level": level}
        )
        assert invited.status_code == 201, invited.text
        phone = await self.phones.phone(f"phone {uuid4().hex[:4]}")
        await self.open(phone, invited.json())
        await self.confirm(worker, invited.json()["id"])
        return phone

    async def open(self, phone: Phone, invitation: dict[str, Any]) -> None:
        await self.say(phone, f"/start {invitation['payload']}")
        await self.say(phone, invitation["pin"])

    async def confirm(self, worker: Caller, link: str) -> None:
        version = (await self.world.sql("SELECT version FROM link WHERE id = $1::uuid", link))[0]
        answer = await worker.post(f"/links/{link}/confirm", version=version["version"])
        assert answer.status_code == 200, answer.text
        await self.round()


def _words(params: Any) -> list[str]:
    """Everything that a reader could see in a call: the text, and the labels of its buttons."""
    markup = params.get("reply_markup") or {}
    labels = [button["text"] for line in markup.get("inline_keyboard", []) for button in line]
    return [*([params["text"]] if params.get("text") else []), *labels]


def at(day: date, hour: int, minute: int = 0) -> None:
    """Move the clock to a civil time in Tunis (UTC+1 all year)."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    clock.travel(lambda: moment - timedelta(hours=1))
