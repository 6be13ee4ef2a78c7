"""All jobs and when, on one screen. APScheduler is only the clock: what is due is rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from backend.audit.seals import Progress
from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from workflows import metrics, rounds
from workflows.ask_anew import ask_anew
from workflows.calendars import calendars
from workflows.court_alarms import court_alarms
from workflows.digest import digest
from workflows.end_links import end_links
from workflows.escalate import escalate
from workflows.export_destroyed import export_destroyed
from workflows.export_head import export_head
from workflows.heartbeat import PULSE
from workflows.hide import hide
from workflows.late_corrections import late_corrections
from workflows.leavers import leavers
from workflows.let_many_go import let_many_go
from workflows.materialise import materialise
from workflows.mentor_care import mentor_care
from workflows.purge import purge
from workflows.retain import expected, retain
from workflows.seal_audit import seal_audit
from workflows.tell_denials import tell_denials
from workflows.tell_limits import tell_limits
from workflows.watch_duties import watch_duties

log = logging.getLogger(__name__)

MINUTE = 60
APART_SECONDS = 0.2
Job = Callable[[], Awaitable[object]]


def jobs(send: Job, tidy: Job) -> dict[str, tuple[Job, int]]:
    """Each job with the seconds between two of its rounds. Every one may run twice or late.

    `send` says what is due, `tidy` takes away what is old: each with its bots.
    """
    return {
        "materialise": (materialise, MINUTE),
        "escalate": (escalate, MINUTE),
        "court_alarms": (court_alarms, MINUTE),
        "late_corrections": (late_corrections, 15 * MINUTE),
        "ask_anew": (ask_anew, 5 * MINUTE),
        "mentor_care": (mentor_care, 15 * MINUTE),
        "watch_duties": (watch_duties, 5 * MINUTE),
        "digest": (digest, 5 * MINUTE),
        "end_links": (end_links, MINUTE),
        "let_many_go": (let_many_go, 5),
        "leavers": (leavers, 15 * MINUTE),
        "purge": (purge, 60 * MINUTE),
        "retain": (retain, 60 * MINUTE),
        "hide": (hide, 15 * MINUTE),
        "calendars": (calendars, MINUTE),
        "send_due": (send, 5),
        "tidy": (tidy, 15 * MINUTE),
        "tell_denials": (tell_denials, MINUTE),
        "tell_limits": (tell_limits, 5 * MINUTE),
        "seal_audit": (partial(seal_audit, Progress()), 5),
        "export_head": (export_head, MINUTE),
        "export_destroyed": (export_destroyed, MINUTE),
        "heartbeat": (PULSE.beat, MINUTE),
        "measure": (metrics.measure, MINUTE),
    }


_running: set[asyncio.Task[object]] = set()


async def run(name: str, job: Job, within: timedelta | None = None) -> bool:
    """One round in a context of its own; trouble ends the round, never the worker.

    Who waits for a round may be cancelled, the round itself goes on: see `drained`. Where it is
    said `within` what time the next should succeed, readiness hears of this one.
    """
    round_ = in_fresh_context(lambda: _round(name, job, within))
    _running.add(round_)
    round_.add_done_callback(_running.discard)
    try:
        await asyncio.shield(round_)
    except DatabaseBusy:
        log.warning("the database is away", extra={"job": name})
    except Exception as error:  # noqa: BLE001 - the next round must come whatever happened
        log.error("a job failed", extra={"job": name, "error": type(error).__name__})  # noqa: TRY400
    else:
        return True
    return False


async def _round(name: str, job: Job, within: timedelta | None) -> None:
    await job()
    metrics.round_ended(name)
    if within is not None:
        await rounds.done(name, within)


async def drained(seconds: float) -> None:
    """Wait until the rounds that run have ended, so that what was said is also written down."""
    if _running:
        await asyncio.wait(_running, timeout=seconds)


def start(send: Job, tidy: Job) -> AsyncIOScheduler:
    """Start the clock, in UTC and in memory; two rounds of one job never overlap."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    begins = datetime.now(UTC)
    for place, (name, (job, seconds)) in enumerate(jobs(send, tidy).items()):
        scheduler.add_job(
            run,
            "interval",
            (name, job, rounds.patience(seconds)),
            id=name,
            seconds=seconds,
            # one after the other: all at once they would keep waiting what is to be said just then
            start_date=begins + timedelta(seconds=seconds + place * APART_SECONDS),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


async def first_round(send: Job, tidy: Job) -> None:
    """Everything once, in order: what was missed while nothing ran is made up for at once."""
    every = jobs(send, tidy)
    within = {name: rounds.patience(seconds) for name, (_, seconds) in every.items()}
    await run("rounds", partial(rounds.know, {**within, **expected()}))
    for name, (job, _) in every.items():
        await run(name, job, within[name])
        await asyncio.sleep(0)
