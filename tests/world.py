"""The people of a test: made by the product's own actions, called over its own API."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from backend import clock, embedded
from backend.actors.actions import vault
from backend.agencies.actions import NewAgency, make_agency, make_bot
from backend.app import create_app
from backend.flows.rules import OF_KIND
from backend.operating import at_terminal
from backend.staff.actions import add_staff
from backend.staff.rules import code_at
from tests.asgi import ask

PASSWORD = "a long enough password"
APP: Any = create_app()
BOT_NUMBER = "1000"
OK_MADE = 201


class App:
    """An app that shows codes. A code works once, so the next one comes from the next step."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.last = 0

    def code(self) -> str:
        self.last = max(int(clock.now().timestamp()) // 30, self.last + 1)
        return code_at(self.secret, self.last)


class Caller:
    """Somebody with a token. Writes carry a fresh key; `version` becomes If-Match."""

    def __init__(
        self, id_: UUID | None = None, login: str | None = None, world: Any = None
    ) -> None:
        self.id = id_
        self.world = world
        self.login = login
        self.token: str | None = None
        self.since = datetime(1970, 1, 1, tzinfo=UTC)
        self.app: App | None = None
        self.passkey: Any = None

    async def sign_in(self) -> None:
        if self.passkey is not None:
            asked = await Caller().post("/sessions/passkey/options")
            shown = self.passkey.show(asked.json()["options"])
            answer = await Caller().post("/sessions/passkey", shown)
        else:
            given = {"login": self.login, "password": PASSWORD}
            if self.app is not None:
                given["code"] = self.app.code()
            answer = await Caller().post("/sessions", given)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.since = clock.now()

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        version: int | str | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        if self.login and not timedelta(0) <= clock.now() - self.since < timedelta(minutes=9):
            await self.sign_in()  # the clock of a test jumps further than a token lives
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if method != "GET":
            sent.setdefault("Idempotency-Key", key or str(uuid4()))
        if version is not None:
            sent.setdefault("If-Match", f'"{version}"')
        if content is None and body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        if self.world is not None and path.endswith("/circle") and isinstance(body, dict):
            joined: httpx.Response = await self.world.joins(path, method, sent, body)
            return joined
        return await ask(APP, method, path, sent, content or b"")

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.send("GET", path, **more)

    async def post(self, path: str, body: object = None, **more: Any) -> httpx.Response:
        return await self.send("POST", path, {} if body is None else body, **more)

    async def patch(self, path: str, body: object, **more: Any) -> httpx.Response:
        return await self.send("PATCH", path, body, **more)


class Behind:
    """Connections of a superuser that wait to look at rows from behind, each for its own loop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.waiting: list[tuple[asyncio.AbstractEventLoop, Any]] = []

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Any]:
        loop = asyncio.get_running_loop()
        free = [at for at in self.waiting if at[0] is loop and not at[1].is_closed()]
        if free:
            self.waiting.remove(free[0])
        held = free[0][1] if free else await asyncpg.connect(self.url)
        try:
            yield held
        except BaseException:
            held.terminate()
            raise
        self.waiting.append((loop, held))

    def close(self) -> None:
        for _, held in self.waiting:
            if not held.is_closed():
                held.terminate()


_WITH_ROOM = """
SELECT t.id, t.identity, k.wrapped FROM mentor t JOIN subject_key k ON k.id = t.id
  JOIN plan p ON p.agency = t.agency AND p.id = $1::text::uuid
 WHERE k.wrapped IS NOT NULL AND t.identity IS NOT NULL AND t.ended_at IS NULL
   AND (SELECT count(*) FROM member b JOIN mandate m ON m.actor = b.id
         WHERE b.mentor = t.id AND (m.ends IS NULL OR m.ends > $2)) < 3
   AND NOT EXISTS (SELECT 1 FROM member b WHERE b.mentor = t.id AND b.plan = p.id)
   AND t.vetting = 'passed' ORDER BY t.added_at, t.id
"""


@dataclass
class World:
    server: embedded.Server
    database_name: str
    behind: Behind
    agency: UUID | None = None
    staff: dict[str, Caller] = field(default_factory=dict)
    asked: bool = True

    async def an_agency(self, **values: Any) -> UUID:
        """An agency that may send: with numbers to call, duty contact and a bot."""
        id_ = uuid4()
        new = NewAgency(
            **{
                "id": id_,
                "name": "Horizon",
                "service_alias": "Horizon Desk",
                "zone": "Africa/Tunis",
                "language": "en",
                "emergency_number": "190",
                "crisis_line": "80 10 10",
                "crisis_text": "Somebody will call you.",
                "duty_phone": "71 000 000",
                "second_factor": "none",
                **values,
            }
        )
        async with at_terminal():
            await make_agency(new)
            number = BOT_NUMBER if self.agency is None else str(uuid4().int)[:12]
            await make_bot(uuid4(), id_, number=number, username="horizon_desk_bot")
        self.agency = self.agency or id_
        return id_

    async def somebody(self, role: str, *, agency: UUID | None = None, name: str = "") -> Caller:
        """A member of staff who has signed in, over the API."""
        login = f"{role.lower()}{name}-{uuid4().hex[:6]}"
        where = agency or self.agency or await self.an_agency()
        id_ = uuid4()
        async with at_terminal():
            await add_staff(
                id_, agency=where, role=role, login=login, alias="Sam", password=PASSWORD
            )
        return Caller(id_, login, self)

    async def joins(
        self, path: str, method: str, sent: Mapping[str, str], body: dict[str, Any]
    ) -> httpx.Response:
        """Whoever joins a circle is somebody who may: a vetted mentor, a relative who was asked.

        Unless it is turned off (`asked`), for tests of just that.
        """
        if self.asked and body.get("role") == "ME" and body.get("name") and "mentor" not in body:
            rest = {name: value for name, value in body.items() if name != "name"}
            body = {**rest, "mentor": await self.a_mentor(path.split("/")[2], body["name"])}
        answer = await ask(APP, method, path, sent, json.dumps(body).encode())
        if self.asked and body.get("role") == "FA" and answer.status_code == OK_MADE:
            await self.sql(
                "UPDATE relative SET wish = 'wanted', takes_part = true, language = 'en',"
                " heard_by = named_by, heard_at = $2, safety_asked_by = named_by,"
                " safety_asked_at = $2"
                " WHERE id = (SELECT actor FROM mandate WHERE id = $1::uuid) AND wish IS NULL",
                answer.json()["id"],
                clock.now(),
            )
        return answer

    async def a_mentor(self, plan: str, name: str = "Imaginary Mentor") -> str:
        """A vetted mentor of the agency of a plan, with room: one of this name, or somebody new."""
        with suppress(ValueError):
            UUID(plan)
            for found in await self.sql(_WITH_ROOM, plan, clock.now()):
                if await self._name_of(found) == name:
                    return str(found["id"])
            return await self._a_new_mentor(plan, name)
        return str(uuid4())

    async def _name_of(self, mentor: Mapping[str, Any]) -> str:
        place = f"mentor.identity:{mentor['id']}"
        sealed = vault().unseal(mentor["id"], mentor["wrapped"], place, mentor["identity"])
        return str(json.loads(sealed)["name"])

    async def _a_new_mentor(self, plan: str, name: str) -> str:
        id_ = uuid4()
        wrapped = vault().new_key(id_)
        sealed = vault().seal(
            id_, wrapped, f"mentor.identity:{id_}", json.dumps({"name": name}).encode()
        )
        await self.sql(
            "WITH a AS (INSERT INTO actor (id, agency, kind, created_at)"
            "  SELECT $1, p.agency, 'member', $5 FROM plan p WHERE p.id = $2::text::uuid"
            "  RETURNING id, agency),"
            " k AS (INSERT INTO subject_key (id, wrapped) SELECT id, $3 FROM a)"
            " INSERT INTO mentor (id, agency, version, identity, languages, vetting, vetted_on,"
            "  valid_until, added_by, added_at)"
            " SELECT id, agency, 1, $4, '{en}', 'passed', $5::timestamptz::date,"
            "  $5::timestamptz::date + 3650, id, $5 FROM a",
            id_,
            plan,
            wrapped,
            sealed,
            clock.now(),
        )
        return str(id_)

    async def a_plan(self, worker: Caller, *, in_days: int = 100, **values: Any) -> dict[str, Any]:
        """A plan opened over the API, as getPlan shows it to its worker with every row."""
        body = {
            "person": {"name": "Imaginary Person", "language": "en"},
            "release_date": (a_day() + timedelta(days=in_days)).isoformat(),
            "certainty": "expected",
            **values,
        }
        answer = await worker.post("/plans", body)
        assert answer.status_code == 201, answer.text
        return await self.plan(worker, answer.json()["id"])

    async def plan(self, reader: Caller, id_: str) -> dict[str, Any]:
        answer = await reader.get(f"/plans/{id_}?show=all")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def a_flow(self, to: UUID | None = None, **values: Any) -> UUID:
        """An entry of the data-flow registry: all that may go to another agency by a law.

        `sender` is whose, the world's first agency if nobody is said.
        """
        head = await self.somebody("AD", agency=values.pop("sender", None))
        body = {
            "kind": "agency",
            "to_agency": to and str(to),
            "groups": sorted(OF_KIND["agency"]),
            "purpose": "supervision",
            "basis": "law",
            "law": "Act on Return",
            "article": "4",
            "responsible": str(head.id),
            **values,
        }
        answer = await head.post("/flows", body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def sql(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Look at rows from behind, as a superuser."""
        async with self.behind.held() as held:
            return [dict(row) for row in await held.fetch(query, *values)]


def a_day() -> date:
    return clock.today("Africa/Tunis")


# What is not said of a row where there is nothing to say.
UNSAID = {"overdue": False, "pinned": False, "show_court": False, "said_by": None, "cause": None}


def row(plan: dict[str, Any], code: str) -> dict[str, Any]:
    """The milestone of this code, with what is not said of it."""
    found: dict[str, Any] = next(one for one in plan["milestones"] if one["code"] == code)
    return {**UNSAID, **found}
