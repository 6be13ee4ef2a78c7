"""What others take for the same reminders, one job each: run in an environment of its own.

`python alone.py NAME URL DUE LATER` prints one line of JSON: the seconds in which so many jobs were
written down, and those in which they, being due, were taken up and finished, doing nothing, while
so many others wait for their day.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from procrastinate import App, PsycopgConnector

LATER = timedelta(days=30)
THREADS, AT_ONCE = 20, 50
done = threading.Semaphore(0)


def noted() -> None:
    """A reminder that says nothing."""
    done.release()


def apscheduler(url: str, due: int, later: int) -> tuple[float, float]:
    """Its job store in Postgres, a job for each reminder."""
    store = SQLAlchemyJobStore(url.replace("postgresql://", "postgresql+psycopg://", 1))
    scheduler = BackgroundScheduler(
        jobstores={"default": store},
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )
    scheduler.start(paused=True)
    now = datetime.now(UTC)
    for _ in range(later):
        scheduler.add_job(noted, "date", run_date=now + LATER)
    started = time.perf_counter()
    for _ in range(due):
        scheduler.add_job(noted, "date", run_date=now)
    written = time.perf_counter() - started
    started = time.perf_counter()
    scheduler.resume()
    for _ in range(due):
        done.acquire()
    spent = time.perf_counter() - started
    scheduler.shutdown()
    return written, spent


def procrastinate(url: str, due: int, later: int) -> tuple[float, float]:
    """Its worker as it comes, with more jobs at once than it takes by itself."""
    return asyncio.run(_procrastinate(url, due, later))


async def _procrastinate(url: str, due: int, later: int) -> tuple[float, float]:
    app = App(connector=PsycopgConnector(conninfo=url))
    task = app.task(name="noted")(noted)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        # what its own call would write, at once: one by one it takes an hour
        with psycopg.connect(url, autocommit=True) as held:
            held.execute("ALTER TABLE procrastinate_jobs DISABLE TRIGGER USER")
            held.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
                " SELECT 'default', 'noted', '{}', now() + interval '30 d'"
                " FROM generate_series(1, %s)",
                (later,),
            )
            held.execute("ALTER TABLE procrastinate_jobs ENABLE TRIGGER USER")
            held.execute("VACUUM ANALYZE")
        started = time.perf_counter()
        for _ in range(due):
            await task.defer_async()
        written = time.perf_counter() - started
        started = time.perf_counter()
        await app.run_worker_async(
            concurrency=AT_ONCE, wait=False, install_signal_handlers=False, listen_notify=False
        )
        spent = time.perf_counter() - started
    for _ in range(due):
        if not done.acquire(blocking=False):
            raise SystemExit("procrastinate did not finish all that was due")
    return written, spent


PEERS: dict[str, Callable[[str, int, int], tuple[float, float]]] = {
    "apscheduler": apscheduler,
    "procrastinate": procrastinate,
}

if __name__ == "__main__":
    name, url, due, later = sys.argv[1:]
    print(json.dumps(PEERS[name](url, int(due), int(later))))
