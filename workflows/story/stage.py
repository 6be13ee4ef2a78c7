"""Where the story is played: it moves the time, lets people act, holds steps to their word."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from backend.messages.wording import scan
from bots.conversations.dates import PREFIX
from bots.phones.wire import Sent
from bots.texts.buttons import BUTTONS
from bots.texts.catalogue import render
from workflows.story.calendar import Calendar
from workflows.story.cast import CRISIS, DUTY, EMERGENCY, SECRETS, SERVICE, Court, Handset, Staff
from workflows.story.clockwork import Clockwork
from workflows.story.house import House
from workflows.story.transcript import Line, Transcript

LANGUAGE = "fr"
LINES = (EMERGENCY, CRISIS, DUTY)
HABIT_TAKES = timedelta(minutes=20)


class StepDoesNotHold(Exception):
    """What was expected of a step, and what was seen instead."""

    def __init__(self, step: str, what: str, expected: object, seen: object) -> None:
        super().__init__(f"{step}: {what}\n  expected: {expected}\n  seen:     {seen}")


class Stage:
    def __init__(
        self,
        house: House,
        clockwork: Clockwork,
        transcript: Transcript,
        staff: dict[str, Staff],
        court: Court,
    ) -> None:
        self.house = house
        self.clockwork = clockwork
        self.transcript = transcript
        self.calendar: Calendar = transcript.calendar
        self.staff = staff
        self.court = court
        self.phones: dict[int, Handset] = {}
        self._step = ""
        self._held: dict[str, Counter[str]] = {}
        self._present: dict[int, Handset] = {}
        self._habits: dict[tuple[int, str], str | None] = {}
        self._sent = house.sent
        clockwork.after_round = self._look

    # time

    async def to(self, n: int, hour: int, minute: int = 0) -> None:
        """Go on to a time of day `n`."""
        await self.clockwork.until(self.calendar.at(n, hour, minute))

    async def wait(self, minutes: int) -> None:
        await self.clockwork.until(self.now + timedelta(minutes=minutes))

    @property
    def now(self) -> datetime:
        return self.clockwork.now

    @property
    def today(self) -> date:
        return self.calendar.local(self.now).date()

    # steps

    @asynccontextmanager
    async def step(self, name: str, title: str) -> AsyncIterator[None]:
        """A step of the story, or a later part of it: who takes part hears nothing besides."""
        self._step = name
        self._held.setdefault(name, Counter())
        self._present.clear()
        self._add("step", "", title)
        yield
        await self.clockwork.round()
        self._nothing_besides(self._present.values())
        self._step = ""

    def end(self) -> None:
        """Every step has said what must and what must not be, and no message is left over."""
        self._nothing_besides(self.phones.values())
        for name, held in self._held.items():
            if not (held["must"] and held["must not"]):
                raise StepDoesNotHold(name, "it has a must and a must not", 2, dict(held))

    @property
    def steps(self) -> list[str]:
        return list(self._held)

    def _nothing_besides(self, phones: Iterable[Handset]) -> None:
        for phone in phones:
            heard = [message.text for message in phone.unread]
            self._hold(f"what the {phone.who} is told besides", heard, [])

    def must(self, what: str, seen: object, expected: object = True) -> None:  # noqa: FBT002
        self._hold(what, seen, expected)
        self._held[self._step]["must"] += 1
        self._add("must", "", what)

    def must_not(self, what: str, seen: object) -> None:
        """What is seen where nothing may be: nothing, no rows, false."""
        if seen:
            raise StepDoesNotHold(self._step, f"must not: {what}", "nothing", seen)
        self._held[self._step]["must not"] += 1
        self._add("must not", "", what)

    def _hold(self, what: str, seen: object, expected: object) -> None:
        if seen != expected:
            raise StepDoesNotHold(self._step, what, expected, seen)

    # people

    def does(self, who: Staff | Handset | str, what: str) -> None:
        """Tell what somebody does, for whoever reads."""
        name = who if isinstance(who, str) else who.what if isinstance(who, Staff) else who.who
        self._add("deed", name, what)

    async def phone(self, who: str) -> Handset:
        """A new phone, in somebody's hands."""
        made = Handset(await self.house.phones.phone(who, language=LANGUAGE), who)
        self.phones[made.id] = made
        return made

    async def says(self, phone: Handset, text: str, *, shown: str | None = None) -> None:
        """Write to the bot; a token or PIN is shown as what it is."""
        self._add("answer", phone.who, shown or f"writes: {text}")
        await self.house.phones.say(phone.id, text)
        await self.clockwork.round()

    async def taps(self, phone: Handset, action: str, reply: str = "", **values: Any) -> None:
        """Tap a button of what was heard last; `reply` is the text that must answer it."""
        label = _label(phone.key, phone.buttons, action)
        self._add("answer", phone.who, f"taps [{label}]")
        await self.house.phones.tap(phone.id, label, message=phone.last)
        await self.clockwork.round()
        if reply:
            await self.hears(phone, reply, **values)

    async def hears(self, phone: Handset, key: str, **values: Any) -> None:
        """The next thing that arrived is this very text."""
        await self.clockwork.round()
        self._present[phone.id] = phone
        given = {"service_alias": SERVICE, "worker_alias": "Camille", **values}
        expected = render(key, LANGUAGE, given).body
        seen = phone.unread.pop(0) if phone.unread else None
        self._hold(f"what the {phone.who} hears: {key}", seen.text if seen else None, expected)
        if seen is not None:
            phone.last, phone.key, phone.buttons = seen.message or 0, key, seen.labels

    def heard(self, phone: Handset) -> list[str]:
        return [message.text for message in phone.unread]

    def habit(self, phone: Handset, key: str, action: str | None) -> None:
        """From now on they answer this text so, after a while; None: they read it."""
        self._habits[phone.id, key] = action

    # what came of a round

    async def _look(self) -> None:
        if self.house.sent == self._sent:
            return
        sent = await self.house.phones.sent(since=self._sent - 1, timeout=0, method="sendMessage")
        self._sent = self.house.sent
        rows = await self.house.rows(
            "SELECT provider_id, key FROM message WHERE provider_id = ANY($1)",
            [one.message for one in sent],
        )
        keys = {row["provider_id"]: row["key"] for row in rows}
        for one in sorted(sent, key=lambda s: (self.phones[s.chat or 0].who, s.seq)):
            self._arrived(one, keys.get(one.message, "?"))

    def _arrived(self, sent: Sent, key: str) -> None:
        phone = self.phones[sent.chat or 0]
        self._add("message", phone.who, sent.text, key=key, buttons=sent.labels)
        self._harmless(sent)
        if key == "NOTED" and phone.owed:
            phone.owed -= 1
            return
        if (phone.id, key) not in self._habits:
            phone.unread.append(sent)
            return
        action = self._habits[phone.id, key]
        if action is None:
            return
        label = _label(key, sent.labels, action)

        async def answer() -> None:
            self._add("answer", phone.who, f"taps [{label}]")
            phone.owed += 1
            await self.house.phones.tap(phone.id, label, message=sent.message)

        self.clockwork.later(self.now + HABIT_TAKES, answer)

    def _harmless(self, sent: Sent) -> None:
        """No word of what this is about, no name, no place, on whatever screen it lights up."""
        every = [sent.text, *sent.labels]
        found = list(chain.from_iterable(scan(text, LINES) for text in every))
        named = [word for word in SECRETS if word.casefold() in " ".join(every).casefold()]
        self._hold("a message that anybody may see", [*found, *named], [])
        self._hold("what is passed on", [] if sent.protected else [sent.text], [])

    def _add(
        self, kind: str, who: str, text: str, *, key: str = "", buttons: Sequence[str] = ()
    ) -> None:
        line = Line(kind, self.now, who, text, self._step, key, list(buttons))
        self.transcript.add(line)


def _label(key: str, labels: Sequence[str], action: str) -> str:
    """What the button of an action says; a conversation's own buttons come before the text's."""
    if action.startswith(PREFIX):
        return labels[int(action.removeprefix(PREFIX)) - 1]
    return labels[len(labels) - len(BUTTONS[key]) + BUTTONS[key].index(action)]
