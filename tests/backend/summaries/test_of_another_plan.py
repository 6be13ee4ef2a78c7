"""A summary is of its own plan, by its own readings, and for its own court."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.access import Actor
from backend.courts.actions import CourtReference, bind_court_file
from backend.courts.clients import hashed
from backend.courts.quota import count_pull
from backend.courts.sessions import Secret, court_of_token, court_token
from backend.errors import NotFound, NotSignedIn, SummaryNotChecked, SummaryNotReadToPerson
from backend.summaries.actions.drafting import Subject, draft_summary
from backend.summaries.actions.issuing import NewReading, issue_summary, record_reading
from backend.summaries.actions.pulling import list_summaries
from backend.summaries.content import Period
from tests.backend.beside import Beside, a_row_like, has_proved, unguarded
from tests.backend.courts.docket import REFERENCE
from tests.backend.scene import Scene
from tests.world import a_day


def _subject(scene: Scene) -> Subject:
    period = Period(a_day() - timedelta(days=30), a_day())
    return Subject(UUID(scene.docket.file), "start", period)


def _machine(beside: Beside, scene: Scene) -> Actor:
    return Actor(scene.docket.court.id, "court", "CT", beside.agency)


async def _an_event(beside: Beside, milestone: Any, after: str, **more: Any) -> None:
    theirs = {"plan": beside.plan, "milestone": milestone["id"], "kind": "state", "after": after}
    until_now = {"before": "planned", "at": clock.now(), **more}
    await a_row_like("milestone_event", "kind = 'state'", **{**theirs, **until_now})


async def _something_of_each(held: Any, beside: Beside) -> tuple[Any, Any]:
    """A row that was done again and again, one that could not be, a date and a correction."""
    rows = await held.fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND code IN ('MEN-10', 'PLN-07') ORDER BY code",
        beside.plan,
    )
    again, stopped = rows
    await held.execute("UPDATE milestone SET show_court = true WHERE id = $1", again["id"])
    await held.execute(
        "UPDATE milestone SET state = 'not_possible', cause = 'service_side' WHERE id = $1",
        stopped["id"],
    )
    await _an_event(beside, again, "done")
    await _an_event(beside, stopped, "not_possible")
    kept = {"role": "PO", "state": "attended", "held_on": a_day() - timedelta(days=1)}
    await a_row_like("appointment", plan=beside.plan, **kept)
    sql = "SELECT id FROM summary WHERE plan = $1 AND file = $2 LIMIT 1"
    file = UUID(beside.kept.scene.docket.file)
    about = {"part": "summaries", "summary": await held.fetchval(sql, beside.plan, file)}
    answered = {
        "answer": "accepted",
        "reason": "\\x00",
        "answered_by": beside.actor("SW").id,
        "answered_at": clock.now(),
    }
    await a_row_like("correction", plan=beside.plan, **about, **answered)
    return again, stopped


async def test_a_draft_tells_of_its_own_plan_alone(beside: Beside) -> None:
    officer = beside.actor("PO")
    async with beside.undone(officer) as held:
        again, stopped = await _something_of_each(held, beside)
        subject = _subject(beside.kept.scene)
        before = await draft_summary(officer, beside.plan, subject)
        other = beside.empty
        await beside.add(plan=other)
        await _an_event(beside, again, "done", plan=other)
        tomorrow = clock.now() + timedelta(days=1)
        await _an_event(beside, stopped, "not_possible", plan=other, at=tomorrow)
        assert await draft_summary(officer, beside.plan, subject) == before


async def test_what_was_read_of_another_plan_was_not_read_of_this(beside: Beside) -> None:
    officer, worker = beside.actor("PO", session=uuid4()), beside.actor("SW")
    async with beside.undone(officer) as held:
        await has_proved(officer)
        subject = _subject(beside.kept.scene)
        new = NewReading(subject, "read", a_day(), "en")
        await record_reading(worker, beside.plan, new)
        async with unguarded():
            sql = "UPDATE reading SET plan = $2 WHERE id = $1"
            await held.execute(sql, new.id, beside.other)
        with pytest.raises(SummaryNotReadToPerson):
            await issue_summary(officer, beside.plan, subject)
        async with unguarded():
            await held.execute(sql, new.id, beside.plan)
        await issue_summary(officer, beside.plan, subject)


async def test_the_program_asks_for_another_by_itself(beside: Beside) -> None:
    officer = beside.actor("PO", session=uuid4())
    async with beside.undone(officer) as held:
        await has_proved(officer)
        subject = _subject(beside.kept.scene)
        await record_reading(officer, beside.plan, NewReading(subject, "read", a_day(), "en"))
        await held.execute("UPDATE reading SET recorded_at = recorded_at - interval '1 day'")

        async def refused(by: Actor) -> None:
            with pytest.raises(SummaryNotChecked):
                await issue_summary(by, beside.plan, subject)

        small = "UPDATE agency SET small = true WHERE id = $1"
        await held.execute(small, beside.other_agency)
        await held.execute("UPDATE staff SET active = false WHERE role = 'CO'")
        await refused(officer)
        await refused(replace(officer, agency=beside.other_agency))
        await held.execute(small, beside.agency)
        await issue_summary(officer, beside.plan, subject)


async def test_the_file_of_another_plan_is_not_found(beside: Beside) -> None:
    officer = beside.actor("PO", session=uuid4())
    async with beside.undone(officer):
        await has_proved(officer)
        for scene in (beside.kept.other, beside.kept.elsewhere):
            for act in (draft_summary, issue_summary):
                with pytest.raises(NotFound):
                    await act(officer, beside.plan, _subject(scene))


async def test_a_reference_is_bound_and_let_go_for_its_own_plan_and_court(beside: Beside) -> None:
    officer, other = beside.actor("PO"), beside.actor("PO", beside.kept.other)
    client, their = [one.docket.court.id for one in (beside.kept.scene, beside.kept.other)]
    async with beside.undone(officer) as held:
        gone = CourtReference(client, "2031/7", bound=False)
        await bind_court_file(officer, beside.plan, CourtReference(client, "2031/7"))
        with pytest.raises(NotFound):
            await bind_court_file(other, beside.other, gone)
        with pytest.raises(NotFound):
            await bind_court_file(
                officer, beside.plan, CourtReference(their, "2031/7", bound=False)
            )
        await bind_court_file(officer, beside.plan, gone)
        again = CourtReference(client, "2031/7")
        assert (await bind_court_file(other, beside.other, again)).status == 201
        await held.execute("DELETE FROM court_file WHERE id = $1", again.id)
        again = CourtReference(their, "2031/7")
        assert (await bind_court_file(officer, beside.plan, again)).status == 201


async def test_nothing_is_bound_to_a_machine_that_is_suspended(beside: Beside) -> None:
    officer, court = beside.actor("PO"), beside.kept.scene.docket.court
    async with beside.undone(officer) as held:
        sql = "UPDATE court_client SET suspended_at = $2 WHERE id = $1"
        await held.execute(sql, court.id, clock.now())
        with pytest.raises(NotFound):
            await bind_court_file(officer, beside.plan, CourtReference(court.id, "2031/7"))


async def test_a_token_is_none_once_its_machine_is_suspended(beside: Beside) -> None:
    court = beside.kept.scene.docket.court
    async with beside.undone(beside.actor("PO")) as held:
        known = Secret(court.credential.client_id, court.credential.secret)
        token, _ = await court_token(known, request=None)
        await court_of_token(hashed(token), None, None)
        sql = "UPDATE court_client SET suspended_at = $2 WHERE id = $1"
        await held.execute(sql, court.id, clock.now())
        with pytest.raises(NotSignedIn):
            await court_of_token(hashed(token), None, None)


async def test_a_machine_that_is_suspended_while_its_pull_is_counted_finds_nothing(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = _machine(beside, beside.kept.scene)
    async with beside.undone(machine) as held:
        assert await list_summaries(machine, REFERENCE)

        async def then_suspended(*given: Any) -> Any:
            pull = await count_pull(*given)
            sql = "UPDATE court_client SET suspended_at = $2 WHERE id = $1"
            await held.execute(sql, machine.id, clock.now())
            return pull

        monkeypatch.setattr("backend.summaries.actions.pulling.count_pull", then_suspended)
        with pytest.raises(NotFound):
            await list_summaries(machine, REFERENCE)


async def test_a_file_to_which_nothing_was_issued_goes_with_its_person_too(beside: Beside) -> None:
    officer, machine = beside.actor("PO"), _machine(beside, beside.kept.scene)
    async with beside.undone(officer) as held:
        await bind_court_file(officer, beside.plan, CourtReference(machine.id, "2031/7"))
        assert await list_summaries(machine, "2031/7") == []
        await held.execute("UPDATE subject_key SET wrapped = NULL WHERE id = $1", beside.person)
        with pytest.raises(NotFound):
            await list_summaries(machine, "2031/7")
