"""The jobs and their clock."""

from typing import Any

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.triggers.interval import IntervalTrigger

from workflows import timetable


async def test_the_clock_keeps_its_jobs_in_memory_and_reads_none_from_anywhere() -> None:
    send: Any = object()
    scheduler = timetable.start(send, send)
    try:
        stores = scheduler._jobstores
        assert {name: type(store) for name, store in stores.items()} == {"default": MemoryJobStore}
        known = timetable.jobs(send, send)
        assert {job.id: job.trigger.interval.total_seconds() for job in scheduler.get_jobs()} == {
            name: seconds for name, (_, seconds) in known.items()
        }
        for job in scheduler.get_jobs():
            assert isinstance(job.trigger, IntervalTrigger)
            assert job.max_instances == 1, "two rounds of one job never overlap"
    finally:
        scheduler.shutdown(wait=False)
