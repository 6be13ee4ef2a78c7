"""What a worker waits for: the caseload, a plan, a change, over HTTP, beside the database's limit.

Ours is one API process with sign-in, scope, row security, the audit row and, for a
change, key, version, event and change row. The limit is pgbench calling the very
statement that the API sends. Both run in turns on the same data, and the ratio is
that of each round. Last comes the caseload with the audit row of the read left out.

The absolute goals are of an API that has one core to itself, while Postgres and the
load share the others. A shared machine changes its pace: what the framework answers
when there is nothing to do, in the same round, says how fast it was.
"""

import asyncio
import os
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil

from benchmarks import limits
from benchmarks.load import Heard, Talk, get, load, patch
from benchmarks.office import Office, an_office

ROUNDS, SECONDS = 5, 3.0
FILTERS = {
    "caseload, now": "view=now",
    "caseload, attention": "view=attention",
    "caseload, within 24 weeks and housing": "release=within_168&pathway=HOU",
}
AT_LEAST = {
    "caseload of the limit": 0.10,
    "plan of the limit": 0.15,
    "change of the limit": 0.40,
    "caseload on one core": 1000,
    "caseload without audit on one core": 2000,
}


def _changes(office: Office, versions: list[int]) -> Talk:
    """Each connection goes to and fro with a row of its own, far from those of pgbench."""

    def talk(connection: int) -> Callable[[int], bytes]:
        row = office.rows[limits.CLIENTS + connection]
        first = versions[limits.CLIENTS + connection]

        def request(number: int) -> bytes:
            seen = first + number
            to = b"in_progress" if seen % 2 else b"planned"
            headers = (f'If-Match: "{seen}"', f"Idempotency-Key: {uuid4()}")
            body = b'{"state":"%s"}' % to
            return patch(f"/milestones/{row}", office.token, body, *headers)

        return request

    return talk


async def _rate(port: int, talk: Talk) -> float:
    heard: Heard = await load(port, talk, seconds=SECONDS)
    if heard.good != heard.answers:
        raise RuntimeError(f"{heard.answers - heard.good} answers were refused")
    return heard.rate


async def _round(office: Office, rates: dict[str, list[float]]) -> None:
    await _beside_bare(office, rates, "caseload")
    await _on_one_core(office, rates, "caseload")
    await _beside_pgbench(office, rates, "caseload", limits.caseload(office))
    await _filtered(office, rates)
    rates["plan"].append(await _rate(office.port, get(f"/plans/{office.plan}", office.token)))
    await _beside_pgbench(office, rates, "plan", limits.plan(office))
    every = f"/plans/{office.plan}?show=all"
    rates["plan, every row"].append(await _rate(office.port, get(every, office.token)))
    rates["change"].append(await _rate(office.port, _changes(office, await office.versions())))
    values = {f"v{n}": version for n, version in enumerate(await office.versions())}
    await _beside_pgbench(office, rates, "change", limits.change(office), values)


async def _filtered(office: Office, rates: dict[str, list[float]]) -> None:
    """The same caseload by a filter: one that finds as much, one that finds none, two together."""
    for name, asked in FILTERS.items():
        path = f"/plans?{asked}"
        rates[name].append(await _rate(office.port, get(path, office.token)))
        rates[f"{name}, of all"].append(rates[name][-1] / rates["caseload"][-1])


async def _beside_bare(office: Office, rates: dict[str, list[float]], name: str) -> None:
    """Caseloads, and what the framework answers at the pace of this very moment."""
    rates[name].append(await _rate(office.port, get("/plans", office.token)))
    rates["bare answer"].append(await _rate(office.bare, get("/", office.token)))
    rates[f"{name} of a bare answer"].append(rates[name][-1] / rates["bare answer"][-1])


async def _on_one_core(office: Office, rates: dict[str, list[float]], name: str) -> None:
    """Caseloads of an API on a core of its own; of a machine with one core it gets all of it."""
    with _a_core_for(office):
        found = await _rate(office.port, get("/plans", office.token))
    rates[f"{name} on one core"].append(found)


@contextmanager
def _a_core_for(office: Office) -> Iterator[None]:
    """The API alone on the first core, Postgres and this load on the others, for a while."""
    every = os.sched_getaffinity(0)
    rest = every - {min(every)} or every
    postmaster = int((office.ground.server.data / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(postmaster)
    others = [os.getpid(), postmaster, *(one.pid for one in server.children())]
    try:
        _keep_to(_threads(office.api), {min(every)})
        _keep_to(others, rest)
        yield
    finally:
        _keep_to([*_threads(office.api), *others], every)


def _threads(process: int) -> list[int]:
    return [int(one.name) for one in Path(f"/proc/{process}/task").iterdir()]


def _keep_to(threads: list[int], cores: set[int]) -> None:
    for one in threads:
        with suppress(ProcessLookupError):  # a connection that has ended meanwhile
            os.sched_setaffinity(one, cores)


async def _beside_pgbench(
    office: Office,
    rates: dict[str, list[float]],
    name: str,
    script: str,
    values: Mapping[str, int] | None = None,
) -> None:
    limit = await asyncio.to_thread(limits.pgbench, office, script, SECONDS, values)
    rates[f"{name} of the limit"].append(rates[name][-1] / limit)


async def _without_audit(office: Office) -> None:
    """Take the audit row out of the caseload's function, in this throwaway database alone."""
    held = await asyncpg.connect(office.ground.url())
    try:
        made = await held.fetchval("SELECT pg_get_functiondef('read_caseload_by_flow'::regproc)")
        start = made.index("INSERT INTO audit")
        await held.execute(made[:start] + made[made.index(";", start) + 1 :])
    finally:
        await held.close()


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Medians over the rounds, and which goals were missed."""
    rates: dict[str, list[float]] = defaultdict(list)
    async with an_office() as office:
        for _ in range(ROUNDS):
            await _round(office, rates)
        await _without_audit(office)
        for _ in range(ROUNDS):
            await _beside_bare(office, rates, "caseload without audit")
            await _on_one_core(office, rates, "caseload without audit")
    figures = {name: statistics.median(each) for name, each in rates.items()}
    missed = [name for name, least in AT_LEAST.items() if figures[name] < least]
    return [{name: value} for name, value in figures.items()], missed
