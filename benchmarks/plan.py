"""What a worker waits for: the caseload page and a plan, over HTTP, beside the database's limit.

Ours is one API process with sign-in, scope, row security and the audit row of the
read; the limit is pgbench calling the very statement of the caseload. Both run in
turns on the same data, and the ratio is that of each round.
"""

import asyncio
import base64
import hashlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from backend import clock, database
from backend.access import Actor
from backend.agencies.actions import NewAgency, make_agency
from backend.embedded_programs import programs_for
from backend.plans.actions.opening import NewPerson, NewPlan, open_plan
from backend.settings import ROOT
from backend.staff.actions import add_staff
from benchmarks.ground import Ground, ground, speaking_as
from benchmarks.load import get, load

PLANS, ROUNDS, SECONDS = 60, 5, 3.0
LOGIN, PASSWORD = "sam", "a long enough password"
GOALS = {"of the limit": 0.10, "a second": 1000.0}


@dataclass(frozen=True)
class Place:
    ground: Ground
    port: int
    token: str
    plan: UUID


@asynccontextmanager
async def a_place() -> AsyncIterator[Place]:
    """A database with a caseload of sixty full plans, and one API process on it."""
    async with ground() as made:
        async with speaking_as(made, "app", size=4):
            plan = await _fill()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        env = {
            **os.environ,
            "APP_DATABASE_URL": made.url("app"),
            "VAULT_KEY": base64.b64encode(bytes(range(32))).decode(),
            "API_PORT": str(port),
        }
        words = [sys.executable, str(ROOT / "throughcare.py"), "api"]
        api = subprocess.Popen(words, env=env, stderr=subprocess.DEVNULL)  # noqa: S603, ASYNC220
        try:
            yield Place(made, port, await _sign_in(port), plan)
        finally:
            api.terminate()
            await asyncio.to_thread(api.wait)


async def _fill() -> UUID:
    agency, worker, plan = uuid4(), uuid4(), uuid4()
    new = NewAgency(
        id=agency,
        name="Horizon",
        service_alias="Horizon Desk",
        zone="Africa/Tunis",
        language="en",
    )
    async with database.transaction():
        await make_agency(new)
        await add_staff(
            worker, agency=agency, role="SW", login=LOGIN, alias="Sam", password=PASSWORD
        )
    actor = Actor(worker, "staff", "SW", agency)
    day = clock.today("Africa/Tunis")
    for number in range(PLANS):
        plan = uuid4()
        person = NewPerson(f"Invented {number}", "en")
        release = day + timedelta(days=100 + number)
        await open_plan(actor, NewPlan(person, release, "expected", id=plan))
    return plan


async def _sign_in(port: int) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(100):
            try:
                await client.get("/health/live")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        answer = await client.post("/sessions", json={"login": LOGIN, "password": PASSWORD})
        token: str = answer.json()["access_token"]
        return token


def limit(place: Place) -> float:
    """The statement of the caseload by pgbench, eight clients, prepared: a second."""
    hashed = hashlib.sha256(place.token.encode()).hexdigest()
    sql = (
        f"SELECT * FROM caseload('\\x{hashed}', now(), '{{SW}}', '{{SW,CO}}', NULL,"
        " '0001-01-01', '00000000-0000-0000-0000-000000000000', 50);"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(sql)
        file.flush()
        Path(file.name).chmod(0o644)
        server = place.ground.server
        where = ("-h", str(server.socket), "-U", "throughcare_app", place.ground.name)
        words = ("-n", "-T", str(int(SECONDS)), "-c", "8", "-M", "prepared", "-f", file.name)
        said = programs_for(server.data).run("pgbench", *words, *where)
    line = next(line for line in said.splitlines() if line.startswith("tps"))
    return float(line.split("=")[1].split()[0])


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Medians over the rounds, and which goals were missed."""
    async with a_place() as place:
        paths = {
            "caseload of 50": "/plans",
            "plan, two weeks": f"/plans/{place.plan}",
            "plan, every row": f"/plans/{place.plan}?show=all",
        }
        rates: dict[str, list[float]] = {name: [] for name in paths}
        limits, ratios = [], []
        for _ in range(ROUNDS):
            for name, path in paths.items():
                heard = await load(place.port, get(path, place.token), seconds=SECONDS)
                if heard.good != heard.answers:
                    raise RuntimeError(f"{heard.answers - heard.good} answers were refused")
                rates[name].append(heard.rate)
            limits.append(await asyncio.to_thread(limit, place))
            ratios.append(rates["caseload of 50"][-1] / limits[-1])
    figures = {name: statistics.median(each) for name, each in rates.items()}
    figures["pgbench, caseload"] = statistics.median(limits)
    figures["caseload of the limit"] = statistics.median(ratios)
    missed = []
    if figures["caseload of the limit"] < GOALS["of the limit"]:
        missed.append("caseload of the limit")
    if figures["caseload of 50"] < GOALS["a second"]:
        missed.append("caseload a second")
    return [figures], missed
