"""Of a meeting nothing is left hanging, and nobody is told by paper what no page tells them."""

from typing import Any

import pytest

from tests.backend.pages.browser import at_the_desk, plain
from tests.meetings import a_table, part, planned
from tests.releases import joins
from tests.world import Caller, World


async def _elsewhere(world: World, worker: Caller, plan: str) -> Caller:
    there = await world.an_agency(name="Elsewhere")
    trainer = await world.somebody("TR", agency=there)
    await joins(world, worker, {"id": plan}, trainer, "TR")
    await world.a_flow(there, groups=["alias", "circle", "milestones", "tasks"])
    return trainer


@pytest.mark.parametrize("why", ["no flow", "a wall", "an end"])
async def test_no_agenda_is_printed_for_staff_who_may_not_be_told_of_it(
    world: World, why: str
) -> None:
    worker, plan, [officer, trainer] = await a_table(world, "PO", "TR", in_days=160)
    told = await _elsewhere(world, worker, plan) if why == "no flow" else trainer
    meeting = await planned(worker, plan, [worker.id, officer.id, told.id])
    theirs = next(one for one in meeting["members"] if one["actor"] == str(told.id))
    if why == "a wall":
        wall = {"kind": "excluded", "login": told.login}
        assert (await worker.post(f"/plans/{plan}/walls", wall)).status_code == 201
    elif why == "an end":
        await world.sql("UPDATE mandate SET ends = starts WHERE actor = $1", told.id)
    assert (await told.get(f"/plans/{plan}/meetings")).status_code == 404
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan}/meetings/{meeting['id']}"

    def paper(one: dict[str, Any]) -> str:
        return f"{path}/agenda?member={one['id']}"

    shown = plain(await desk.open(path)).html
    for role in ("SW", "PE", "PO"):
        assert paper(part(meeting, role)) in shown, role
        assert (await desk.open(paper(part(meeting, role)))).status == 200
    assert paper(theirs) not in shown
    assert (await desk.open(paper(theirs))).status == 404
