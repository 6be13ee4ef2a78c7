"""Whoever an act names has to be of this very plan, in the role that it asks for, and now."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend import clock, embedded
from backend.appointments.actions import NewAppointment, plan_appointment
from backend.circles.actions import NewMember, add_member, pass_gate_on
from backend.complaints.actions import NewComplaint, record_complaint
from backend.consents.actions import NewConsent, NewDisclosure, disclose_to, record_consent
from backend.errors import NotFound, Unfit
from backend.messages.links import NewInvitation, create_invitation
from backend.passes.actions import NewPass, create_pass
from backend.safety.actions import NewAddress, NewFlag, protect_address, raise_flag
from tests.backend.beside import Beside, a_row_like, has_proved, rows_beside, unguarded
from tests.world import a_day


@pytest.fixture(scope="module")
async def beside(server: embedded.Server) -> AsyncIterator[Beside]:
    async with rows_beside(server) as made:
        yield made


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
        "SELECT * FROM mandate WHERE plan = $1 AND role = $2 AND ends IS NULL ORDER BY id",
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
    foreign = beside.kept.elsewhere.callers["SW"].login
    async with beside.undone(worker) as held:
        relative, lawyer = [await _of_circle(beside, held, role) for role in ("FA", "LR")]
        for subject, about in ((relative, None), (lawyer, None), (relative, foreign)):
            new = NewComplaint("Nobody calls.", a_day(), subject["actor"], about)
            if (subject, about) == (relative, None):
                await record_complaint(worker, beside.plan, new)
                continue
            with pytest.raises(NotFound):
                await record_complaint(worker, beside.plan, new)


async def test_who_works_there_no_more_is_not_let_in(beside: Beside) -> None:
    worker, trainer = beside.actor("SW"), beside.kept.scene.acts["setWall"].body["login"]
    async with beside.undone(worker) as held:
        await held.execute("UPDATE staff SET active = false WHERE login = $1", trainer)
        with pytest.raises(NotFound):
            await add_member(worker, beside.plan, NewMember("TR", login=trainer))


async def test_a_mandate_that_has_ended_or_is_of_another_role_is_no_obstacle(
    beside: Beside,
) -> None:
    worker, trainer = beside.actor("SW"), beside.kept.scene.acts["setWall"].body["login"]
    async with beside.undone(worker) as held:
        who = await held.fetchval("SELECT id FROM staff WHERE login = $1", trainer)
        theirs = {"plan": beside.plan, "actor": who}
        await a_row_like("mandate", "glass IS NULL", role="ME", **theirs, ends=None)
        ended = {"starts": "2020-01-01", "ends": "2020-01-02"}
        await a_row_like("mandate", "glass IS NULL", role="TR", **theirs, **ended)
        await add_member(worker, beside.plan, NewMember("TR", login=trainer))


async def test_an_alias_is_taken_within_the_plan_alone(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        sql = (
            "SELECT alias FROM member m WHERE plan = $1"
            " AND NOT EXISTS (SELECT 1 FROM member n WHERE n.plan = $2 AND n.alias = m.alias)"
        )
        alias = await held.fetchval(sql, beside.other, beside.plan)
        await add_member(worker, beside.plan, NewMember("ME", name="Invented", alias=alias))


async def test_safety_is_of_the_circle(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        sql = "SELECT id FROM member WHERE plan = $1 AND role = 'ME' LIMIT 1"
        own, foreign = [await held.fetchval(sql, plan) for plan in (beside.plan, beside.other)]
        await raise_flag(worker, beside.plan, NewFlag(own, "They are afraid."))
        with pytest.raises(NotFound):
            await raise_flag(worker, beside.plan, NewFlag(foreign, "They are afraid."))


async def test_an_address_goes_out_of_the_plans_own_dates_that_others_see(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker):
        dates = {}
        for role in ("SW", "TR"):
            day = clock.today("Africa/Tunis") + timedelta(days=3)
            new = NewAppointment(role, day, time(10), place="8 Invented Road")
            await plan_appointment(worker, beside.plan, new)
            dates[role] = str(new.id)
        await beside.add(plan=uuid4())
        address = NewAddress(beside.person, "8 Invented Road")
        changed = await beside.changes(protect_address(worker, beside.plan, address))
        assert changed["appointment"] == {dates["TR"]}


SUBSTITUTE = {
    "there": ([], True),
    "there no more": (["UPDATE mandate SET starts = '2020-01-01', ends = '2020-01-02'"], False),
    "not there yet": (["UPDATE mandate SET starts = '2090-01-01', ends = NULL"], False),
    "of another plan by their mandate": (["UPDATE mandate SET plan = $2"], False),
    "without a mandate": (["UPDATE mandate SET actor = granted_by"], False),
    "of another plan": (["UPDATE mandate SET plan = $2", "UPDATE member SET plan = $2"], False),
}


@pytest.mark.parametrize("name", SUBSTITUTE)
async def test_a_substitute_takes_over_who_is(beside: Beside, name: str) -> None:
    changes, takes_over = SUBSTITUTE[name]
    async with beside.undone(beside.actor("SW")) as held:
        first, other = await held.fetch(
            "SELECT actor AS id FROM mandate WHERE plan = $1 AND role = 'ME' AND ends IS NULL"
            " ORDER BY id LIMIT 2",
            beside.plan,
        )
        gate = "UPDATE member SET gate = $2 WHERE id = $1"
        await held.execute(gate, first["id"], "first")
        await held.execute(gate, other["id"], "substitute")
        for sql in changes:
            column = "id" if "member" in sql else "actor"
            where = f"{sql} WHERE {column} = $1 AND $2::uuid IS NOT NULL"
            async with unguarded():
                await held.execute(where, other["id"], beside.other)
        assert await pass_gate_on(beside.other, first["id"]) is None
        found = await pass_gate_on(beside.plan, first["id"])
        assert (found and found["id"]) == (other["id"] if takes_over else None)
