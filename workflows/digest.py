"""In the morning of a working day each worker is told how much is due: one message."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend import clock
from backend.alerts.due import due_on_day
from backend.database import transaction
from backend.messages import outbox
from backend.messages.outbox import Occurrence

AT, UNTIL = time(8, 30), time(12)
LINKED = """
SELECT l.*, a.working_days, a.zone AS office FROM link l JOIN agency a ON a.id = l.agency
 WHERE l.plan IS NULL AND l.state = 'active'
"""


async def digest() -> int:
    """Queue today's digest for each linked worker who has something due; how many.

    It speaks of what stood at half past eight, also where it comes a little later.
    """
    async with transaction() as held:
        made = 0
        for link in await held.fetch(LINKED):
            local = clock.now().astimezone(ZoneInfo(link["office"]))
            if local.isoweekday() not in link["working_days"] or not AT <= local.time() < UNTIL:
                continue
            due = datetime.combine(local.date(), AT, local.tzinfo)
            if not await due_on_day(link["subject"], due.date(), zone=link["office"], as_of=due):
                continue
            occurrence = Occurrence("TASKS", "", link["subject"], local.date())
            ends = due + timedelta(hours=4)
            queued = await outbox.queue(link, "TASKS", occurrence, due_at=due, expires_at=ends)
            made += queued is not None
        return made
