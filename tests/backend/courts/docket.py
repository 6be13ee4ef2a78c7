"""A plan with its officer, a court's machine and the file that binds them, over the API."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from backend.courts.clients import CourtCredential, add_court_client
from backend.operating import at_terminal
from tests.world import Caller, World, a_day, row

REFERENCE = "2031/0417"


@dataclass
class Court:
    """A court's machine with a token."""

    id: UUID
    credential: CourtCredential
    caller: Caller

    async def sign_in(self) -> None:
        """A new token; one lasts ten minutes."""
        known = {"client_id": self.credential.client_id, "secret": self.credential.secret}
        answer = await Caller().post("/court/token", known)
        assert answer.status_code == 200, answer.text
        self.caller.token = answer.json()["access_token"]

    async def list(self, reference: str, **more: Any) -> httpx.Response:
        return await self.caller.get(f"/court/summaries?file_ref={quote(reference)}", **more)

    async def pull(self, reference: str, id_: str, **more: Any) -> httpx.Response:
        return await self.caller.get(f"/court/summaries/{id_}?file_ref={quote(reference)}", **more)


async def a_court(world: World, agency: UUID | None = None) -> Court:
    id_ = uuid4()
    async with at_terminal():
        where = agency or world.agency or await world.an_agency()
        credential = await add_court_client(id_, agency=where, label="First chamber")
    court = Court(id_, credential, Caller(id_))
    await court.sign_in()
    return court


async def join(world: World, worker: Caller, plan: str, who: Caller, role: str) -> None:
    login = (await world.sql("SELECT login FROM staff WHERE id = $1", who.id))[0]["login"]
    answer = await worker.post(f"/plans/{plan}/circle", {"role": role, "login": login})
    assert answer.status_code == 201, answer.text


@dataclass
class Docket:
    world: World
    worker: Caller
    officer: Caller
    court: Court
    plan: str
    file: str
    reference: str = REFERENCE
    day: date = field(default_factory=a_day)  # a test may go past midnight

    def subject(self, **more: Any) -> dict[str, Any]:
        return {
            "file": self.file,
            "type": "start",
            "period_from": (self.day - timedelta(days=30)).isoformat(),
            "period_to": self.day.isoformat(),
            **more,
        }

    async def draft(self, reader: Caller | None = None, **more: Any) -> httpx.Response:
        query = "&".join(f"{key}={value}" for key, value in self.subject(**more).items())
        return await (reader or self.officer).get(f"/plans/{self.plan}/summaries/draft?{query}")

    async def read(self, by: Caller | None = None, **more: Any) -> httpx.Response:
        body = {
            **self.subject(),
            "kind": "read",
            "read_on": self.day.isoformat(),
            "language": "fr",
            **more,
        }
        return await (by or self.worker).post(f"/plans/{self.plan}/readings", body)

    async def check(self, by: Caller, **more: Any) -> httpx.Response:
        """Somebody looks at the draft and says so."""
        shown = await self.draft(by, **more)
        assert shown.status_code == 200, shown.text
        named = {"digest": shown.json()["digest"], **more}
        return await self.read(by, kind="checked", **named)

    async def issue(self, by: Caller | None = None, **more: Any) -> httpx.Response:
        key = more.pop("key", None)
        body = self.subject(**more)
        return await (by or self.officer).post(f"/plans/{self.plan}/summaries", body, key=key)

    async def issued(self) -> str:
        """The id of a summary that was read and issued."""
        assert (await self.read()).status_code == 201
        answer = await self.issue()
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def change(self, code: str, *steps: dict[str, Any]) -> None:
        """Take a row through these changes, one after the other."""
        for step in steps:
            found = row(await self.world.plan(self.worker, self.plan), code)
            answer = await self.worker.patch(
                f"/milestones/{found['id']}", step, version=found["version"]
            )
            assert answer.status_code == 200, answer.text


async def a_docket(world: World, **plan: Any) -> Docket:
    """A plan in its last month inside, with a worker, an officer and a bound court file."""
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    opened = await world.a_plan(worker, **{"in_days": 10, "supervision": True, **plan})
    await join(world, worker, opened["id"], officer, "PO")
    court = await a_court(world)
    bound = await officer.post(
        f"/plans/{opened['id']}/court-files", {"client": str(court.id), "reference": REFERENCE}
    )
    assert bound.status_code == 201, bound.text
    return Docket(world, worker, officer, court, opened["id"], bound.json()["id"])
