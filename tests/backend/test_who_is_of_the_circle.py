"""Whoever an act names has to be of this very plan, in the role that it asks for, and now."""

from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend import clock
from backend.appointments.actions import plan_appointment
from backend.appointments.writing import NewAppointment
from backend.complaints.actions import NewComplaint, record_complaint
from backend.consents.actions import NewConsent, NewDisclosure, disclose_to, record_consent
from backend.errors import NotFound, Unfit
from backend.messages.links import NewInvitation, create_invitation
from backend.passes.actions import NewPass, create_pass
from backend.safety.actions import NewAddress, NewFlag, protect_address, raise_flag
from tests.backend.beside import Beside, has_proved, unguarded
from tests.world import a_day


async def _a_pass(on: Beside, mandate: Any) -> None:
    worker = on.actor("SW", session=uuid4())
    await has_proved(worker)
    await create_pass(worker, on.plan, NewPass(mandate["id"]))


def _a_yes(on: Beside, mandate: Any) -> Awaitable[object]:
    new = NewConsent("channel", "en", subject=mandate["actor"], channel="telegram")
    return record_consent(on.actor("SW"), on.plan, new)


def _a_disclosure(on: Beside, mandate: Any) -> Awaitable[object]:
    new = NewDisclosure(mandate["actor"], "release_date", "gate", a_day() + timedelta(days=9))
    return disclose_to(on.actor("SW"), on.plan, new)


def _an_invitation(on: Beside, mandate: Any) -> Awaitable[object]:
    return create_invitation(on.actor("SW"), NewInvitation(on.plan, mandate["actor"]))


Act = Callable[[Beside, Any], Awaitable[object]]
ACTS: dict[str, tuple[str, Act]] = {
    "a yes": ("FA", _a_yes),
    "a disclosure": ("FA", _a_disclosure),
    "an invitation": ("FA", _an_invitation),
    "a pass": ("LR", _a_pass),
}
AMISS = {
    "of another plan": "plan = $2",
    "of a plan that has ended for them": "starts = '2020-01-01', ends = '2020-01-02'",
    "of a plan that has not begun for them": "starts = '2090-01-01'",
}


async def _of_circle(on: Beside, held: Any, role: str) -> Any:
    return await held.fetchrow(
        "SELECT * FROM mandate WHERE plan = $1 AND role = $2 AND ends IS NULL"
        " ORDER BY actor IN (SELECT subject FROM channel_consent WHERE withdrawn_at IS NULL) DESC,"
        " id",
        on.plan,
        role,
    )


@pytest.mark.parametrize("amiss", AMISS)
@pytest.mark.parametrize("name", ACTS)
async def test_nobody_is_named_who_is(beside: Beside, name: str, amiss: str) -> None:
    role, act = ACTS[name]
    async with beside.undone(beside.actor("SW")) as held:
        mandate = await _of_circle(beside, held, role)
        await act(beside, mandate)
        async with unguarded():
            sql = f"UPDATE mandate SET {AMISS[amiss]} WHERE id = $1 AND $2::uuid IS NOT NULL"
            await held.execute(sql, mandate["id"], beside.other)
        with pytest.raises(NotFound):
            await act(beside, mandate)


async def test_a_chat_is_for_a_mentor_a_relative_and_the_person(beside: Beside) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        mandate = await _of_circle(beside, held, "FA")
        await held.execute("UPDATE mandate SET role = 'TR' WHERE id = $1", mandate["id"])
        with pytest.raises(NotFound):
            await _an_invitation(beside, mandate)


async def test_a_yes_is_of_the_plan_and_of_whom_is_invited(beside: Beside) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        mandate = await _of_circle(beside, held, "FA")
        async with unguarded():
            await held.execute(
                "UPDATE channel_consent SET plan = $2 WHERE subject = $1",
                mandate["actor"],
                beside.other,
            )
        with pytest.raises(Unfit):
            await _an_invitation(beside, mandate)


async def test_a_complaint_is_of_the_circle_and_about_the_agencys_own(beside: Beside) -> None:
    worker = beside.actor("SW")
    foreign = beside.kept.elsewhere.callers["SW"]
    async with beside.undone(worker) as held:
        relative, lawyer = [await _of_circle(beside, held, role) for role in ("FA", "LR")]
        said = "Nobody calls.", a_day()
        await record_complaint(worker, beside.plan, NewComplaint(*said, relative["actor"]))
        with pytest.raises(NotFound):
            await record_complaint(worker, beside.plan, NewComplaint(*said, lawyer["actor"]))
        for caller, its_own in ((foreign, False), (beside.kept.scene.callers["CO"], True)):
            new = NewComplaint(*said, relative["actor"], caller.login)
            await record_complaint(worker, beside.plan, new)
            about = await held.fetchval("SELECT about FROM complaint WHERE id = $1", new.id)
            assert (about == caller.id) is its_own


async def test_safety_is_of_the_circle(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        sql = "SELECT id FROM member WHERE plan = $1 AND role = 'ME' LIMIT 1"
        own, foreign = [await held.fetchval(sql, plan) for plan in (beside.plan, beside.other)]
        await raise_flag(worker, beside.plan, NewFlag(own, "They are afraid."))
        with pytest.raises(NotFound):
            await raise_flag(worker, beside.plan, NewFlag(foreign, "They are afraid."))


async def test_an_address_goes_out_of_the_plans_own_dates(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker):
        dates = {}
        for role in ("SW", "TR"):
            day = clock.today("Africa/Tunis") + timedelta(days=3)
            new = NewAppointment(role, day, time(10), place="8 Invented Road")
            await plan_appointment(worker, beside.plan, new)
            dates[role] = str(new.id)
        await beside.add(plan=beside.empty)
        address = NewAddress(beside.person, "8 Invented Road")
        changed = await beside.changes(protect_address(worker, beside.plan, address))
        assert changed["appointment"] == set(dates.values())
