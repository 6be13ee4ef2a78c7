"""One decision lets 400 people go: from the tap to the last critical set, by the job as it runs.

The tap makes a row for each; the job takes each in a transaction of its own. The round itself is
timed, and how long after the tap the timetable lets it begin is added: no more than its pace.
"""

import time
from uuid import uuid4

import asyncpg

from backend.access import Actor
from backend.amnesty.actions import NewAmnesty, let_many_go, preview_amnesty
from backend.operating import at_terminal
from backend.staff.actions import add_staff
from benchmarks.ground import Ground, ground, speaking_as
from benchmarks.office import PASSWORD, fill
from workflows import let_many_go as job

PEOPLE, MOST = 400, 60.0
PACE = 5.0  # seconds: workflows/timetable.py
_ALIASES = "SELECT alias FROM plan ORDER BY alias"
_GONE = """
SELECT count(*) AS critical FROM plan p
 WHERE EXISTS (SELECT 1 FROM milestone m WHERE m.plan = p.id AND m.code = 'UNP-01')
"""


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Seconds of the look, the tap and the round; and whether all of it is within a minute."""
    async with ground() as made:
        async with speaking_as(made, "app", size=4), speaking_as(made, "operator", size=1):
            plan = await fill(PEOPLE)
            head = await _coordinator(made, plan)
            aliases = "\n".join(row["alias"] for row in await _rows(made, _ALIASES))
            started = time.perf_counter()
            seen = await preview_amnesty(head, aliases)
            looked = time.perf_counter()
            found = sum(one.outcome == "found" for one in seen)
            await let_many_go(head, NewAmnesty(aliases, left=False, found=found))
            tapped = time.perf_counter()
        async with speaking_as(made, "worker", size=4):
            await job.let_many_go()
        ended = time.perf_counter()
        [after] = await _rows(made, _GONE)
    spent = {"look": looked - started, "tap": tapped - looked, "round": ended - tapped}
    whole = spent["tap"] + spent["round"] + PACE
    figures = [{"people": found, **spent, "whole": whole, "critical sets": after["critical"]}]
    missed = [] if whole <= MOST else [f"it takes {whole:.0f} s, at most {MOST:.0f}"]
    if after["critical"] != PEOPLE:
        missed.append(f"{after['critical']} of {PEOPLE} have their critical set")
    return figures, missed


async def _coordinator(made: Ground, plan: object) -> Actor:
    """Of the agency of these plans, with a mandate on each, as if they had been there before."""
    id_ = uuid4()
    [agency] = await _rows(made, f"SELECT agency AS id FROM plan WHERE id = '{plan}'")
    async with at_terminal():
        await add_staff(
            id_, agency=agency["id"], role="CO", login="coco", alias="Coco", password=PASSWORD
        )
    await _rows(
        made,
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by, person)"
        f" SELECT gen_random_uuid(), agency, id, 1, '{id_}', 'CO', opened_at, '{id_}', person"
        "  FROM plan",
    )
    return Actor(id_, "staff", "CO", agency["id"])


async def _rows(made: Ground, sql: str) -> list[asyncpg.Record]:
    held = await asyncpg.connect(made.url())
    try:
        return list(await held.fetch(sql))
    finally:
        await held.close()
