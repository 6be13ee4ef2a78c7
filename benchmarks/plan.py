"""What a worker waits for: the caseload, a plan, a change, over HTTP, beside the database's limit.

Ours is one API process with sign-in, scope, row security, the audit row and, for a
change, key, version, event and change row. The limit is pgbench calling the very
statement that the API sends. Both run in turns on the same data, and the ratio is
that of each round. Last comes the caseload with the audit row of the read left out.
"""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable
from uuid import uuid4

import asyncpg

from benchmarks import limits
from benchmarks.load import Heard, Talk, get, load, patch
from benchmarks.office import Office, an_office

ROUNDS, SECONDS = 5, 3.0
AT_LEAST = {
    "caseload of the limit": 0.10,
    "plan of the limit": 0.15,
    "change of the limit": 0.40,
    "caseload": 1000.0,
    "caseload without audit": 2000.0,
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


async def _ours(office: Office, talk: Talk) -> float:
    heard: Heard = await load(office.port, talk, seconds=SECONDS)
    if heard.good != heard.answers:
        raise RuntimeError(f"{heard.answers - heard.good} answers were refused")
    return heard.rate


async def _round(office: Office, rates: dict[str, list[float]]) -> None:
    reads = {
        "caseload": ("/plans", limits.caseload(office)),
        "plan": (f"/plans/{office.plan}", limits.plan(office)),
    }
    for name, (path, script) in reads.items():
        rates[name].append(await _ours(office, get(path, office.token)))
        limit = await asyncio.to_thread(limits.pgbench, office, script, SECONDS)
        rates[f"{name} of the limit"].append(rates[name][-1] / limit)
    every = f"/plans/{office.plan}?show=all"
    rates["plan, every row"].append(await _ours(office, get(every, office.token)))
    rates["change"].append(await _ours(office, _changes(office, await office.versions())))
    values = {f"v{n}": version for n, version in enumerate(await office.versions())}
    script = limits.change(office)
    limit = await asyncio.to_thread(limits.pgbench, office, script, SECONDS, values)
    rates["change of the limit"].append(rates["change"][-1] / limit)


async def _without_audit(office: Office) -> None:
    """Take the audit row out of the caseload's function, in this throwaway database alone."""
    held = await asyncpg.connect(office.ground.url())
    try:
        made = await held.fetchval("SELECT pg_get_functiondef('read_caseload'::regproc)")
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
            talk = get("/plans", office.token)
            rates["caseload without audit"].append(await _ours(office, talk))
    figures = {name: statistics.median(each) for name, each in rates.items()}
    missed = [name for name, least in AT_LEAST.items() if figures[name] < least]
    return [{name: value} for name, value in figures.items()], missed
