"""The tick: how long it takes to make the day's reminders, and whether that grows with the table.

Ours is the job itself, in the process, as the worker's role; the limit is pgbench
with the same statements on the same rows. Both end in a rollback, so that every
round starts from the same state.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from backend import clock, database
from backend.embedded_programs import programs_for
from benchmarks.ground import Ground, ground, load, speaking_as
from workflows import materialise

DAY = date(2031, 3, 12)
DUE = 2000
ROUNDS = 7
GOALS = {"growth": 1.2, "of the limit": 1.5, "milliseconds": 150.0}


class _Undone(Exception):
    """Ends a round: what was made is measured and thrown away."""


async def ours() -> tuple[float, int]:
    """One tick in milliseconds, and how many messages it made."""
    made, spent = 0, 0.0
    try:
        async with database.transaction():
            started = time.perf_counter()
            made = await materialise.materialise()
            spent = (time.perf_counter() - started) * 1000
            raise _Undone  # noqa: TRY301 - the only way out that rolls back
    except _Undone:
        return spent, made


async def recorded() -> list[str]:
    """The statements of one tick with their values written out, for pgbench."""
    said: list[str] = []
    try:
        async with database.transaction() as held:
            database_held = _Recorder(held, said)
            current: Any = database.DB.current_transaction.get()
            current.connection = database_held
            try:
                await materialise.materialise()
            finally:
                current.connection = held
            raise _Undone  # noqa: TRY301
    except _Undone:
        return said


class _Recorder:
    """Stands before a connection and writes down what goes through."""

    def __init__(self, held: Any, said: list[str]) -> None:
        self._held = held
        self._said = said

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._held, name)

        async def call(sql: str, *values: Any) -> Any:
            if name == "executemany":
                self._said.extend(_written(sql, row) for row in values[0])
            else:
                self._said.append(_written(sql, values))
            return await method(sql, *values)

        return call


def _written(sql: str, values: Any) -> str:
    for at in range(len(values), 0, -1):
        sql = sql.replace(f"${at}", _literal(values[at - 1]))
    return " ".join(sql.split()) + ";"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "'{" + ",".join(f'"{_plain(one)}"' for one in value) + "}'"
    return f"'{_plain(value)}'"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).replace("'", "''")


async def limit(place: Ground, statements: list[str]) -> float:
    """The same statements by pgbench, one client: the mean of its rounds in milliseconds."""
    script = "\n".join(["BEGIN;", *statements, "ROLLBACK;"])
    said = await asyncio.to_thread(_pgbench, place, script)
    line = next(line for line in said.splitlines() if line.startswith("latency average"))
    return float(line.split("=")[1].split()[0])


def _pgbench(place: Ground, script: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        Path(file.name).chmod(0o644)  # as root pgbench runs under an account of its own
        where = ("-h", str(place.server.socket), "-U", "throughcare_worker", place.name)
        words = ("-n", "-t", "3", "-c", "1", "-f", file.name, *where)
        return programs_for(place.server.data).run("pgbench", *words)


async def measure(milestones: int) -> dict[str, float]:
    """Medians over the rounds: ours, the limit, and the ratio of each round."""
    async with ground() as place:
        await load(place, milestones, DUE, DAY)
        clock.travel(lambda: datetime(2031, 3, 12, 3, tzinfo=UTC))
        async with speaking_as(place, "worker", size=2):
            statements = await recorded()
            spent, ratios, limits, made = [], [], [], 0
            for _ in range(ROUNDS):
                milliseconds, made = await ours()
                least = await limit(place, statements)
                spent.append(milliseconds)
                limits.append(least)
                ratios.append(milliseconds / least)
        clock.travel(None)
    if made != DUE:
        raise RuntimeError(f"{made} messages were made, not {DUE}")
    return {
        "milestones": milestones,
        "ours": statistics.median(spent),
        "limit": statistics.median(limits),
        "of the limit": statistics.median(ratios),
    }


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Both sizes, and which goals were missed."""
    small, large = await measure(10_000), await measure(1_000_000)
    growth = large["ours"] / small["ours"]
    large["growth"] = growth
    missed = [
        name
        for name, value in (
            ("growth", growth),
            ("of the limit", large["of the limit"]),
            ("milliseconds", large["ours"]),
        )
        if value > GOALS[name]
    ]
    return [small, large], missed
