"""Tasks and rows that fall with others are told apart by their plan."""

from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.access import Actor
from backend.alerts.actions import list_tasks
from backend.appointments.following import settle_first_contact
from backend.corrections.actions import NewCorrection, ask_correction
from backend.errors import NotFound
from backend.flows.actions import NewFlow, record_flow
from backend.flows.entries import Receiver
from backend.plans.actions.milestones import MilestoneChange, change_milestone
from tests.backend.acts import OF_SPARES
from tests.backend.beside import Beside, a_row_like
from tests.world import a_day


async def test_the_tasks_of_a_plan_are_its_own(beside: Beside) -> None:
    worker, spare = beside.actor("SW"), UUID(beside.kept.scene.acts["eraseVoluntary"].ids[0])
    async with beside.undone(worker):
        own = {"plan": spare, "subject": uuid4()}
        await a_row_like("task", "kind = 'call-back' AND closed_at IS NULL", **own)
        acts = beside.kept.scene.acts  # of some the circle waits for a call
        muted = {UUID(acts[one].ids[0]) for one in OF_SPARES[2:]}
        assert {row["plan"] for row in await list_tasks(worker)} == {beside.plan, spare, *muted}
        assert {row["plan"] for row in await list_tasks(worker, plan=spare)} == {spare}


async def test_a_task_names_its_plan_as_far_as_the_readers_own_mandate_tells(
    beside: Beside,
) -> None:
    """They work elsewhere: of this plan the registry tells tasks alone, and of their own all."""
    scene, head = beside.kept.elsewhere, beside.actor("AD")
    id_, own = scene.callers["SW"].id, UUID(scene.docket.plan)
    back = UUID(scene.acts["reopenPlan"].ids[0])  # its circle waits for a call
    assert id_
    reader = Actor(id_, "staff", "SW", beside.other_agency)
    async with beside.undone(head):
        to = Receiver("agency", agency=beside.other_agency)
        law = ("supervision", "law", head.id, "Act on Return", "4")
        await record_flow(head, NewFlow(to, ["tasks"], *law))
        theirs = {"plan": beside.plan, "actor": id_, "elsewhere": beside.other_agency}
        await a_row_like("mandate", "role = 'SW' AND glass IS NULL", **theirs)
        known = {(row["plan"], row["alias"] is None) for row in await list_tasks(reader)}
        assert known == {(beside.plan, True), (own, False), (back, False)}


async def test_a_refusal_takes_along_rows_of_its_own_plan(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        await beside.add(plan=beside.empty)
        sql = "UPDATE plan SET state = 'active_inside' WHERE id = $1"
        await held.execute(sql, beside.plan)
        own = "UPDATE milestone SET state = $3 WHERE plan = $1 AND pathway = 'CNS-P' AND code = $2"
        for number in range(1, 7):
            state = "planned" if number in {1, 2} else "not_needed"
            await held.execute(own, beside.plan, f"CNS-0{number}", state)
        sql = "SELECT id, version FROM milestone WHERE plan = $1 AND code = $2"
        first, second = [
            await held.fetchrow(sql, beside.plan, code) for code in ("CNS-01", "CNS-02")
        ]
        declined = change_milestone(
            worker, first["id"], first["version"], MilestoneChange(state="declined")
        )
        changed = await beside.changes(declined)
        assert changed["milestone"] == {str(first["id"]), str(second["id"])}


async def test_a_row_of_another_plan_is_called_wrong_by_nobody(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        sql = "SELECT id FROM milestone WHERE plan = $1 AND code = 'PLN-01'"
        own, foreign = [
            NewCorrection("plan", "It was in May.", await held.fetchval(sql, plan))
            for plan in (beside.plan, beside.other)
        ]
        await ask_correction(worker, own, beside.plan)
        with pytest.raises(NotFound):
            await ask_correction(worker, foreign, beside.plan)


async def test_who_was_met_settles_the_first_contact_of_their_own_plan(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        await held.execute(
            "UPDATE plan SET left_custody_at = $2 WHERE id = $1", beside.plan, clock.now()
        )
        await held.execute(
            "UPDATE milestone SET state = 'not_needed' WHERE plan = $1 AND code = 'MEN-09'",
            beside.plan,
        )
        plan = await held.fetchrow(
            "SELECT p.*, c.working_days, c.closed FROM plan p JOIN calendar c ON c.id = p.agency"
            " WHERE p.id = $1",
            beside.plan,
        )
        changed = await beside.changes(settle_first_contact(worker, plan, "SW", a_day()))
        assert not changed
