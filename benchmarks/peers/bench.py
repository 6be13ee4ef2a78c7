"""Tick, claim and mark, beside a scheduler and a queue that keep a job for each reminder.

Ours makes the day's reminders out of a million milestones, takes them up and marks them, as the
jobs and the sender do it, and judges and says nothing; the others write as many jobs down, take up
those that are due and finish them. They live in an environment of their own, made from pins.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from backend import clock
from backend.database import transaction
from backend.messages import sending
from backend.messages.sending import Ready
from benchmarks.ground import Ground, ground, load, speaking_as
from benchmarks.tick import DAY, DUE
from workflows import materialise
from workflows.sender.dispatch import MOST_TAKEN

HERE = Path(__file__).parent
MILESTONES = 1_000_000
NOON = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
ROUNDS = 3
# Due, and waiting. APScheduler looks at what is due alone, so what waits adds nothing but the time
# to write it down; procrastinate walks all of it for each job, so a part of the due ones will do.
JOBS = {"apscheduler": (DUE, 10_000), "procrastinate": (200, MILESTONES)}
GOALS = {"apscheduler": 8.0, "procrastinate": 500.0}


async def ours() -> float:
    """Seconds from nothing to all marked as sent."""
    started, said = time.perf_counter(), 0
    await materialise.materialise()
    while claimed := (await sending.claim("a worker", most=MOST_TAKEN)).messages:
        async with transaction():
            await sending.start_sending([Ready(message) for message in claimed])
        async with transaction():
            marked = await sending.mark_sent([(message, said) for message in claimed])
        said += len(marked)
    if said != DUE:
        raise RuntimeError(f"{said} were marked, not {DUE}")
    return time.perf_counter() - started


async def _measured(place: Ground) -> float:
    await load(place, MILESTONES, DUE, DAY)
    clock.travel(lambda: NOON)
    spent = []
    async with speaking_as(place, "worker", size=2):
        for _ in range(ROUNDS):
            spent.append(await ours())
            held = await asyncpg.connect(place.url())
            await held.execute(
                "SET session_replication_role = replica; DELETE FROM message; DELETE FROM zone_day"
            )
            await held.execute("VACUUM ANALYZE message")
            await held.close()
    clock.travel(None)
    return sorted(spent)[ROUNDS // 2]


async def _of_peer(place: Ground, python: Path, name: str) -> list[float]:
    """Seconds to write down as many as are due with us, and to do them."""
    due, later = JOBS[name]
    held = await asyncpg.connect(place.url())
    await held.execute(f"CREATE DATABASE {name}")
    await held.close()
    url = place.server.url(database=name)
    words = (str(python), str(HERE / "alone.py"), name, url, str(due), str(later))
    said = await asyncio.to_thread(
        subprocess.run, words, check=True, stdout=subprocess.PIPE, text=True
    )
    return [float(one) * DUE / due for one in json.loads(said.stdout)]


def _environment(folder: Path) -> Path:
    """Python in an environment with the peers and nothing of ours."""
    subprocess.run((sys.executable, "-m", "venv", str(folder)), check=True)
    python = folder / "bin" / "python"
    pins = ("--require-hashes", "--no-deps", "-r", str(HERE / "requirements.txt"))
    subprocess.run((str(python), "-m", "pip", "install", "-qq", *pins), check=True)
    return python


async def run() -> tuple[list[dict[str, float]], list[str]]:
    with tempfile.TemporaryDirectory(prefix="throughcare-peers-") as folder:
        python = await asyncio.to_thread(_environment, Path(folder))
        async with ground() as place:
            mine = await _measured(place)
            theirs = {name: await _of_peer(place, python, name) for name in JOBS}
    figures = [{"ours, s": mine}]
    figures += [
        {f"{name}, written, s": written, "done, s": spent, "times ours": (written + spent) / mine}
        for name, (written, spent) in theirs.items()
    ]
    return figures, [name for name, spent in theirs.items() if sum(spent) / mine < GOALS[name]]
