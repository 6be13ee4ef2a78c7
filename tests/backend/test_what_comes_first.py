"""Of what is due on one day the plan's own row says what comes first, and not the standard."""

from typing import Any

from tests.meetings import a_table, planned
from tests.world import Caller, World, a_day

LATE = "UPDATE milestone SET late_start = $2, due_on = $3, state = 'planned' WHERE code = $1"


async def _codes(worker: Caller, plan: str, among: set[str]) -> list[str]:
    read = await worker.get(f"/plans/{plan}?show=all")
    found: list[dict[str, Any]] = read.json()["milestones"]
    return [one["code"] for one in found if one["code"] in among]


async def test_the_plan_and_the_agenda_begin_with_what_its_own_row_says(world: World) -> None:
    worker, plan, _ = await a_table(world)
    codes = {"PLN-01", "VOC-01", "HOU-01"}
    for code, late_start in (("PLN-01", 3), ("VOC-01", 0), ("HOU-01", 1)):
        await world.sql(LATE, code, late_start, a_day())
    expected = ["VOC-01", "HOU-01", "PLN-01"]
    assert await _codes(worker, plan, codes) == expected
    meeting = await planned(worker, plan, [worker.id])
    agenda = [one["code"] for one in meeting["agenda"] if one.get("code") in codes]
    assert agenda == expected
