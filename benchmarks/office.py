"""An office for a benchmark: a caseload of sixty full plans beside two thousand of others."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx

from backend import clock
from backend.access import Actor
from backend.agencies.actions import NewAgency, make_agency, make_bot
from backend.operating import at_terminal
from backend.plans.actions.opening import NewPerson, NewPlan, open_plan
from backend.settings import ROOT
from backend.staff.actions import add_staff
from benchmarks.ground import Ground, ground, load, speaking_as
from benchmarks.process import an_api, free_port

PLANS, MILESTONES_OF_OTHERS, OTHERS = 60, 200_000, 2_000
POOL = "4"  # as in compose.yaml
LOGIN, PASSWORD = "sam", "a long enough password"


@dataclass(frozen=True)
class Office:
    """One API process, its worker's token, a plan, and open rows that can be changed freely.

    At `bare` the framework answers alone.
    """

    ground: Ground
    api: int  # its process
    port: int
    bare: int
    token: str
    plan: UUID
    rows: list[UUID]

    @property
    def hashed(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()

    async def versions(self) -> list[int]:
        """Of the rows as they are now."""
        held = await asyncpg.connect(self.ground.url())
        try:
            found = await held.fetch(
                "SELECT id, version FROM milestone WHERE id = ANY($1)", self.rows
            )
        finally:
            await held.close()
        by_id = {row["id"]: row["version"] for row in found}
        return [by_id[row] for row in self.rows]


@asynccontextmanager
async def an_office() -> AsyncIterator[Office]:
    async with ground() as made:
        await load(made, MILESTONES_OF_OTHERS, OTHERS, date(2031, 3, 12))
        async with speaking_as(made, "app", size=4), speaking_as(made, "operator", size=1):
            plan = await fill()
        rows = await _open_rows(made)
        async with _nothing_to_do() as bare, an_api(made, DATABASE_POOL=POOL) as api:
            token = await _sign_in(api.port)
            yield Office(made, api.process.pid, api.port, bare, token, plan, rows)


@asynccontextmanager
async def _nothing_to_do() -> AsyncIterator[int]:
    """The port at which the framework answers alone."""
    port = free_port()
    started = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", "benchmarks.bare", str(port)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        started.terminate()
        await asyncio.to_thread(started.wait)


async def fill(plans: int = PLANS) -> UUID:
    """An agency with a worker and this many plans of theirs; the last of them."""
    agency, worker, plan = uuid4(), uuid4(), uuid4()
    new = NewAgency(
        id=agency,
        name="Harbour",
        service_alias="Harbour Desk",
        zone="Africa/Tunis",
        language="en",
        second_factor="none",
    )
    async with at_terminal():
        await make_agency(new)
        await make_bot(uuid4(), agency, number="1000", username="harbour_desk_bot")
        await add_staff(
            worker, agency=agency, role="SW", login=LOGIN, alias="Sam", password=PASSWORD
        )
    actor = Actor(worker, "staff", "SW", agency)
    day = clock.today("Africa/Tunis")
    for number in range(plans):
        plan = uuid4()
        person = NewPerson(f"Invented {number}", "en")
        release = day + timedelta(days=100 + number)
        await open_plan(actor, NewPlan(person, release, "expected", id=plan))
    return plan


async def _open_rows(made: Ground) -> list[UUID]:
    """One open row of each plan, neither repeated nor good news; and fresh statistics."""
    held = await asyncpg.connect(made.url())
    try:
        await held.execute("VACUUM ANALYZE", timeout=900)
        found = await held.fetch(
            "SELECT DISTINCT ON (m.plan) m.id FROM milestone m JOIN plan p ON p.id = m.plan"
            "  JOIN agency a ON a.id = p.agency AND a.name = 'Harbour'"
            " WHERE m.state = 'planned' AND m.repeat_days IS NULL"
            "   AND m.message IS DISTINCT FROM 'GOODNEWS' ORDER BY m.plan, m.code"
        )
    finally:
        await held.close()
    return [row["id"] for row in found]


async def _sign_in(port: int) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post("/sessions", json={"login": LOGIN, "password": PASSWORD})
        token: str = answer.json()["access_token"]
        return token
