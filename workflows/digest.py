"""In the morning of a working day each worker is told how much is due: one message."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock
from backend.alerts.due import due_on_day
from backend.calendars.rules import open_days
from backend.database import fetch_at_once, transaction
from backend.messages import outbox
from backend.messages.outbox import Occurrence
from workflows.rounds import Round

AT, UNTIL = time(8, 30), time(12)
LINKED = """
SELECT l.*, c.working_days, c.closed, a.zone AS office
  FROM link l JOIN agency a ON a.id = l.agency JOIN calendar c ON c.id = a.id
 WHERE l.plan IS NULL AND l.state = 'active'
"""


async def digest() -> int:
    """Queue today's digest for each linked worker who has something due; how many.

    It speaks of what stood at half past eight, also where it comes a little later. A worker for
    whom it fails is passed over.
    """
    round_, made = Round("digest"), 0
    for link in await fetch_at_once(LINKED):
        with round_.one(link["agency"]):
            if due := _due(link):
                async with transaction():
                    made += await _queue(link, due)
    round_.end()
    return made


def _due(link: Any) -> datetime | None:
    """Half past eight where the office is, in the morning of one of its working days."""
    local = clock.now().astimezone(ZoneInfo(link["office"]))
    if local.date() not in open_days(link) or not AT <= local.time() < UNTIL:
        return None
    return datetime.combine(local.date(), AT, local.tzinfo)


async def _queue(link: Any, due: datetime) -> bool:
    if not await due_on_day(link["subject"], due.date(), zone=link["office"], as_of=due):
        return False
    occurrence = Occurrence("TASKS", "", link["subject"], due.date())
    ends = due + timedelta(hours=4)
    return bool(await outbox.queue(link, "TASKS", occurrence, due_at=due, expires_at=ends))
