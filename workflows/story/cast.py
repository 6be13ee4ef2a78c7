"""Who plays: invented people of an invented agency. None of these names may reach a phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec

from backend import clock
from backend.actors.actions import vault
from backend.agencies.actions import NewAgency, make_agency, make_bot
from backend.courts.clients import add_key_client
from backend.database import in_fresh_context
from backend.operating import at_terminal
from backend.staff.actions import add_staff
from backend.staff.rules import STEP, code_at
from bots.channels.telegram import STAND_IN_TOKEN
from bots.phones.wire import Phone, Sent
from workflows.story.machine import Machine

PASSWORD = "nobody but the story knows this"  # noqa: S105 - it opens a database that is thrown away
ACCESS = timedelta(minutes=9)
SESSION, RESTS = timedelta(days=29), timedelta(hours=12)
SERVICE = "Bureau Horizon"
EMERGENCY, CRISIS, DUTY = "190", "80 10 10", "71 000 000"
# login: role, alias that a chat may carry, what the transcript calls them
STAFF = {
    "camille": ("SW", "Camille", "social worker"),
    "solange": ("CO", "Solange", "coordinator"),
    "dominique": ("PO", "Dominique", "probation officer"),
    "maxime": ("PS", "Maxime", "release desk"),
    "alix": ("TR", "Alix", "trainer"),
    "sacha": ("SW", "Sacha", "another worker"),
    "morgan": ("CP", "Morgan", "counsellor"),
    "charlie": ("AD", "Charlie", "administrator"),
    "andrea": ("AU", "Andrea", "auditor"),
}
# At another agency, outside: what it is told of anybody stands in the registry.
ELSEWHERE = {"lou": ("CP", "Lou", "community counsellor")}
PERSON, PARENT, SIBLING, MENTOR = (
    "Orlanne Vexim",
    "Ruma Vexim",
    "Ilda Vexim",
    "Tavio Brenk",
)
OTHERS = {
    "second person": "Sorrel Quint",
    "second mentor": "Ambro Tesk",
    "third person": "Linnet Vosk",
    "third mentor": "Perrin Oake",
    "third sibling": "Wren Vosk",
    "fourth person": "Tamsin Hulk",
    "fourth mentor": "Corin Pell",
    "fifth person": "Bryn Oste",
    "fifth mentor": "Lisbet Wahl",
    "fifth sibling": "Joris Oste",
}
PLACE = "Salle Quibra, porte 7"
# Words that may be in no message to anybody, in whatever form.
SECRETS = tuple(
    word
    for name in (PERSON, PARENT, SIBLING, MENTOR, *OTHERS.values(), "Quibra")
    for word in name.split()
)


class Refused(Exception):
    """The API refused what the story took for granted."""


@dataclass
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Staff:
    """Somebody with an account, over HTTP: signs in again when the token is over."""

    api: httpx.AsyncClient
    id: UUID
    login: str
    role: str
    alias: str
    what: str
    agency: UUID
    phone: "Handset | None" = None
    _secret: str = ""  # of the app that shows codes, where the agency asks for a second factor
    _access: str = ""
    _refresh: str = ""
    _since: datetime | None = None
    _signed_in: datetime | None = None

    @property
    def pocket(self) -> "Handset":
        """The phone of somebody who has linked one."""
        if self.phone is None:
            raise LookupError(f"{self.login} has no phone")
        return self.phone

    @property
    def has_codes(self) -> bool:
        """Whether the agency asks for a second factor, and it is set up."""
        return bool(self._secret)

    def code(self) -> str:
        """The one of the present step may have been used just now."""
        return code_at(self._secret, int(clock.now().timestamp()) // STEP + 1)

    async def _token(self) -> str:
        now = clock.now()
        rested = now - self._since if self._since is not None else RESTS
        if rested < ACCESS:
            return self._access
        if self._signed_in is not None and now - self._signed_in < SESSION and rested < RESTS:
            answer = await self.api.post("/sessions/refresh", json={"refresh_token": self._refresh})
        else:
            answer = await self._sign_in()
            self._signed_in = now
        tokens = self._taken(answer)
        if tokens["refresh_token"] is None:
            await self._set_up_codes(tokens["access_token"])
            tokens = self._taken(await self._sign_in())
        self._access, self._refresh = tokens["access_token"], tokens["refresh_token"]
        self._since = now
        return self._access

    async def _sign_in(self) -> httpx.Response:
        given = {"login": self.login, "password": PASSWORD}
        if self._secret:
            given["code"] = self.code()
        return await self.api.post("/sessions", json=given)

    def _taken(self, answer: httpx.Response) -> Any:
        if answer.is_error:
            raise Refused(f"{self.login} cannot sign in: {answer.status_code} {answer.text}")
        return answer.json()

    async def _set_up_codes(self, limited: str) -> None:
        """The first sign-in of whom the agency asks for a second factor opens only this."""
        headers = {"Authorization": f"Bearer {limited}"}
        offered = await self.api.post("/account/factor", json={}, headers=headers)
        self._secret = self._taken(offered)["secret"]
        code = code_at(self._secret, int(clock.now().timestamp()) // STEP)
        path = "/account/factor/confirm"
        self._taken(await self.api.post(path, json={"code": code}, headers=headers))

    async def prove(self) -> None:
        """Show the password once more, as before a summary is issued."""
        await self._sure("POST", "/account/prove", {"password": PASSWORD})

    async def ask(
        self, method: str, path: str, body: object = None, *, version: int | None = None
    ) -> Answer:
        """A request, whatever is answered."""
        headers = {"Authorization": f"Bearer {await self._token()}"}
        if method != "GET":
            headers |= {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        content = msgspec.json.encode({} if body is None else body) if method != "GET" else None
        answer = await self.api.request(method, path, content=content, headers=headers)
        told = "json" in answer.headers.get("content-type", "")
        found = msgspec.json.decode(answer.content) if told and answer.content else answer.content
        return Answer(answer.status_code, found, answer.headers)

    async def get(self, path: str) -> Any:
        return (await self._sure("GET", path)).body

    async def post(self, path: str, body: object = None, *, version: int | None = None) -> Any:
        return (await self._sure("POST", path, body, version=version)).body

    async def patch(self, path: str, body: object, *, version: int) -> Any:
        return (await self._sure("PATCH", path, body, version=version)).body

    async def put(self, path: str, body: object, *, version: int | None = None) -> Any:
        return (await self._sure("PUT", path, body, version=version)).body

    async def _sure(self, method: str, path: str, body: object = None, **how: Any) -> Answer:
        answer = await self.ask(method, path, body, **how)
        if answer.status >= 400:  # noqa: PLR2004
            raise Refused(f"{self.login}: {method} {path} {body}: {answer.status} {answer.body}")
        return answer


@dataclass
class Handset:
    """Somebody's phone. `unread` is what arrived and no step has looked at yet."""

    phone: Phone
    who: str
    unread: list[Sent] = field(default_factory=list)
    last: int = 0  # the message that its owner looks at: its number, text and buttons
    key: str = ""
    buttons: list[str] = field(default_factory=list)
    owed: int = 0  # thanks for answers that are given out of habit
    actor: str = ""
    alias: str = ""

    @property
    def id(self) -> int:
        return self.phone.id


@dataclass
class Court:
    """The court's machine, by our id, and what it signs with."""

    client: UUID
    machine: Machine


def _agency(name: str, alias: str, zone: str) -> NewAgency:
    return NewAgency(
        name=name,
        service_alias=alias,
        zone=zone,
        language="fr",
        emergency_number=EMERGENCY,
        crisis_line=CRISIS,
        crisis_text="Quelqu'un vous rappelle.",
        duty_phone=DUTY,
        second_factor="leaders",  # those who play have an app, and no browser for passkeys
    )


async def set_up(api: httpx.AsyncClient, zone: str) -> tuple[dict[str, Staff], Court]:
    """What an operator does at the terminal before anybody can sign in."""

    async def make() -> tuple[dict[str, Staff], Court]:
        vault()
        agency, other = _agency("Horizon", SERVICE, zone), _agency("Relais", "Maison Relais", zone)
        people, court, machine = {}, uuid4(), Machine()
        async with at_terminal():
            for one in (agency, other):
                await make_agency(one)
            number = STAND_IN_TOKEN.partition(":")[0]
            await make_bot(uuid4(), agency.id, number=number, username=f"desk_{number}_bot")
        for where, staff in ((agency, STAFF), (other, ELSEWHERE)):
            for login, (role, alias, what) in staff.items():
                made = Staff(api, uuid4(), login, role, alias, what, where.id)
                people[login] = made
                async with at_terminal(made.id):
                    await add_staff(
                        made.id,
                        agency=where.id,
                        role=role,
                        login=login,
                        alias=alias,
                        password=PASSWORD,
                    )
        async with at_terminal(court):
            machine.client_id = await add_key_client(
                court, agency=agency.id, label="Un tribunal", key=machine.public
            )
        return people, Court(court, machine)

    return await in_fresh_context(make)
