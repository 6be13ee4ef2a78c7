"""What is asked and done for one agency is of its own people, and reaches nobody of another."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from backend.access import Actor
from backend.accounts.actions import end_account, end_invitation
from backend.audit.officer import list_record
from backend.errors import NotFound
from backend.flows.actions import (
    Confirmation,
    NewFlow,
    colleagues,
    confirm_flow,
    end_flow,
    record_flow,
)
from backend.flows.entries import Receiver
from backend.incidents.actions import amend_incident, draft_notice
from backend.messages.links import NewInvitation, create_invitation
from backend.pages.reading import office_of
from backend.plans.actions.opening import NewPerson, NewPlan, open_plan
from backend.second.actions import list_reviews
from backend.walls.actions import NewWall, set_wall
from tests.backend.beside import Beside, a_row_like, has_proved
from tests.world import a_day


def _elsewhere(beside: Beside, role: str) -> Actor:
    id_ = beside.kept.elsewhere.callers[role].id
    assert id_
    return Actor(id_, "staff", role, beside.other_agency)


async def test_an_account_ends_with_its_own_chat_and_no_chat_of_a_plan(beside: Beside) -> None:
    head = beside.actor("AD", session=uuid4())
    async with beside.undone(head) as held:
        await has_proved(head)
        leaver = UUID(beside.kept.other.acts["endAccount"].ids[0])
        version = await held.fetchval("SELECT version FROM staff WHERE id = $1", leaver)
        own = await a_row_like("link", "state = 'active'", plan=None, subject=leaver)
        other = await a_row_like("link", "state = 'active' AND plan IS NOT NULL", subject=leaver)
        beside.watched = {str(other)}
        changed = await beside.changes(end_account(head, leaver, version))
        assert changed["link"] == {str(own)}


async def test_an_account_or_an_invitation_of_another_agency_is_not_found(beside: Beside) -> None:
    head = beside.actor("AD", session=uuid4())
    async with beside.undone(head) as held:
        await has_proved(head)
        for act, sql in (
            (end_account, "SELECT id, version FROM staff WHERE agency = $1 AND active LIMIT 1"),
            (
                end_invitation,
                "SELECT id, version FROM account_invitation WHERE agency = $1 LIMIT 1",
            ),
        ):
            row = await held.fetchrow(sql, beside.other_agency)
            with pytest.raises(NotFound):
                await act(head, row["id"], row["version"])


async def test_the_record_is_of_the_officers_agency(beside: Beside) -> None:
    for officer in (beside.actor("DP"), _elsewhere(beside, "DP")):
        async with beside.undone(officer) as held:
            found = [row["id"] for row in await list_record(officer, before=None)]
            sql = "SELECT DISTINCT agency FROM audit WHERE id = ANY ($1)"
            agencies = [row["agency"] for row in await held.fetch(sql, found)]
            assert agencies == [officer.agency]


async def test_who_answers_for_a_flow_works_there(beside: Beside) -> None:
    head = beside.actor("AD")
    async with beside.undone(head) as held:
        own = [row["id"] for row in await colleagues(head)]
        assert head.id in own
        foreign = _elsewhere(beside, "AD").id
        gone = beside.actor("TR" if "TR" in beside.kept.scene.callers else "DP").id
        await held.execute("UPDATE staff SET active = false WHERE id = $1", gone)
        assert not {foreign, gone} & {row["id"] for row in await colleagues(head)}
        for who in (foreign, gone):
            to = Receiver("chat", role="ME")
            new = NewFlow(to, ["messages"], "care", "authorisation", who)
            with pytest.raises(NotFound):
                await record_flow(head, new)


async def test_an_entry_of_another_agency_is_not_found(beside: Beside) -> None:
    head = beside.actor("AD")
    async with beside.undone(head) as held:
        sql = "SELECT id, version FROM data_flow WHERE agency = $1 AND ended_at IS NULL LIMIT 1"
        row = await held.fetchrow(sql, beside.other_agency)
        with pytest.raises(NotFound):
            await end_flow(head, row["id"], row["version"])
        with pytest.raises(NotFound):
            await confirm_flow(head, row["id"], row["version"], Confirmation(head.id))


async def test_an_incident_of_another_agency_is_not_found(beside: Beside) -> None:
    head = beside.actor("CO")
    incident = UUID(beside.kept.elsewhere.acts["amendIncident"].ids[0])
    async with beside.undone(head):
        with pytest.raises(NotFound):
            await amend_incident(head, incident, 1, [])
        with pytest.raises(NotFound):
            await draft_notice(head, incident, "authority")


async def test_a_chat_is_with_the_bot_of_its_agency(beside: Beside) -> None:
    for actor in (beside.actor("SW"), _elsewhere(beside, "SW")):
        async with beside.undone(actor) as held:
            new = NewInvitation()
            await create_invitation(actor, new)
            sql = "SELECT b.agency FROM link l JOIN bot b ON b.id = l.bot WHERE l.id = $1"
            assert await held.fetchval(sql, new.id) == actor.agency
            names = []
            for name in ("aaa_bot", "zzz_bot"):
                await held.execute(
                    "UPDATE bot SET username = $2 WHERE agency = $1", actor.agency, name
                )
                names.append((await office_of(actor)).bot)
            assert names == ["aaa_bot", "zzz_bot"]


def _a_plan(person: NewPerson | UUID) -> NewPlan:
    return NewPlan(person, a_day() + timedelta(days=90), "expected")


async def test_a_plan_begins_with_its_worker_and_the_agencys_coordinators(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        gone = beside.actor("CO", beside.kept.other).id
        await held.execute("UPDATE staff SET active = false WHERE id = $1", gone)
        new = _a_plan(NewPerson("Invented Person", "en"))
        await open_plan(worker, new)
        rows = await held.fetch("SELECT actor, role FROM mandate WHERE plan = $1", new.id)
        heads = await held.fetch(
            "SELECT id FROM staff WHERE agency = $1 AND role = 'CO' AND active", beside.agency
        )
        expected = {(worker.id, "SW"), *((row["id"], "CO") for row in heads)}
        assert {(row["actor"], row["role"]) for row in rows} == expected


async def test_a_second_plan_is_for_a_person_of_the_agency(beside: Beside) -> None:
    worker = _elsewhere(beside, "SW")
    async with beside.undone(worker) as held:
        await held.execute("UPDATE plan SET state = 'closed' WHERE person = $1", beside.person)
        with pytest.raises(NotFound):
            await open_plan(worker, _a_plan(beside.person))


async def test_a_wall_names_a_colleague(beside: Beside) -> None:
    worker, foreign = beside.actor("SW"), beside.kept.elsewhere.callers["SW"].login
    async with beside.undone(worker):
        assert foreign
        with pytest.raises(NotFound):
            await set_wall(worker, beside.plan, NewWall("excluded", foreign))


async def test_who_looks_from_outside_is_told_of_those_agencies_alone(beside: Beside) -> None:
    own, foreign = beside.actor("DP"), _elsewhere(beside, "DP")
    async with beside.undone(own) as held:
        for officer in (own, foreign):
            assert {row["agency"] for row in await list_reviews(officer)} == {officer.agency}
        sql = "UPDATE agency SET reviewer = $2 WHERE id = $1"
        await held.execute(sql, beside.other_agency, beside.agency)
        told = {row["agency"] for row in await list_reviews(own)}
        assert told == {beside.agency, beside.other_agency}
