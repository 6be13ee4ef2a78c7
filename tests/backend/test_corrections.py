"""What is called wrong in a file is answered within ten working days, and the answer is seen."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock, database
from backend.calendars.rules import OpenDays
from backend.corrections.rules import WORKING_DAYS, due_on
from backend.passes.actions import Paper
from tests.backend.pages.browser import Browser, Page, at_the_desk
from tests.backend.papers import a_lawyer, a_paper, comes_in, in_circle
from tests.world import Caller, World, row
from workflows.late_corrections import late_corrections

WRONG = "The course began in March and not in May."
ANSWER = "You are right; it is put right."
CORRECTIONS = "/file/corrections"


@dataclass
class Case:
    world: World
    worker: Caller
    plan: dict[str, Any]
    paper: Paper

    @property
    def id(self) -> str:
        return str(self.plan["id"])

    @property
    def here(self) -> str:
        return f"/desk/plans/{self.id}/corrections"

    async def row(self) -> dict[str, Any]:
        (found,) = await self.world.sql("SELECT * FROM correction")
        return found


@pytest.fixture
async def case(world: World) -> Case:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    mandate = await in_circle(worker, plan["id"])
    return Case(world, worker, plan, await a_paper(world, worker, plan["id"], mandate))


async def _asks(browser: Browser, about: str = "plan", text: str = WRONG) -> Page:
    page = await browser.open("/file")
    return await browser.send(page, CORRECTIONS, about=about, text=text)


async def _late(world: World) -> list[str]:
    async def work() -> None:
        database.act_as("worker")
        await late_corrections()

    await database.in_fresh_context(work)
    rows = await world.sql("SELECT role FROM task WHERE kind = 'correction-late'")
    return [one["role"] for one in rows]


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.sets(st.integers(1, 7), max_size=7),
)
def test_it_is_the_tenth_working_day_after_the_day_of_asking(
    asked: date, working: set[int]
) -> None:
    due = due_on(asked, OpenDays(working))
    between = [asked + timedelta(n) for n in range(1, (due - asked).days + 1)]
    counted = [day for day in between if not working or day.isoweekday() in working]
    assert len(counted) == WORKING_DAYS
    assert counted[-1] == due


async def test_the_person_asks_and_sees_the_answer_and_the_worker_sees_a_task(case: Case) -> None:
    milestone = row(case.plan, "PLN-01")["id"]
    async with await comes_in(case.paper) as browser:
        asked = await _asks(browser, f"plan/{milestone}")
        assert "It is written down" in asked.words
        assert WRONG in asked.words
        found = await case.row()
        assert (found["part"], found["role"]) == ("plan", "PE")
        assert found["milestone"] == UUID(milestone)
        assert WRONG.encode() not in found["text"]
        assert found["due_on"] == due_on(clock.today("Africa/Tunis"), OpenDays({1, 2, 3, 4, 5}))
        (task,) = (await case.worker.get("/tasks")).json()["tasks"]
        assert (task["kind"], task["subject"]) == ("correction-asked", str(found["id"]))
        version, done_ = row(case.plan, "PLN-01")["version"], {"state": "done"}
        changed = await case.worker.patch(f"/milestones/{milestone}", done_, version=version)
        assert changed.status_code == 200, changed.text
        async with await at_the_desk(case.world, case.worker) as desk:
            page = await desk.open(case.here)
            assert WRONG in page.words
            answer = f"{case.here}/{found['id']}/answer"
            done = await desk.send(page, answer, answer="accepted", reason=ANSWER)
            assert "stands in their file" in done.words
            assert not done.has_form(answer)
            late = page.form(answer).filled(answer="refused", reason="No.")
            assert (await desk.post(answer, late)).status in {409, 412, 422}
        assert (await case.worker.get("/tasks")).json()["tasks"] == []
        page = await browser.open("/file")
        assert ANSWER in page.words
        assert "put right" in page.words
        copy = (await browser.http.get("/file/copy.json")).json()["corrections"]
        assert [(one["text"], one["answer"], one["reason"]) for one in copy] == [
            (WRONG, "accepted", ANSWER)
        ]
    assert (await case.row())["answer"] == "accepted"


async def test_of_two_answers_at_once_one_stands(case: Case) -> None:
    async with await at_the_desk(case.world, case.worker) as desk:
        page = await desk.open(case.here)
        await desk.send(page, case.here, part="circle", text=WRONG)
        form = f"{case.here}/{(await case.row())['id']}/answer"
        pages = [await desk.open(case.here) for _ in range(2)]
        both = zip(pages, ("accepted", "refused"), strict=True)
        answers = await asyncio.gather(
            *(desk.send(page, form, answer=answer, reason=ANSWER) for page, answer in both)
        )
    assert sorted(one.status for one in answers) == [200, 412]
    (stands,) = [one for one in answers if one.status == 200]
    said = "accepted" if stands is answers[0] else "refused"
    assert (await case.row())["answer"] == said


async def test_a_form_that_is_sent_twice_asks_once(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        typed = (await browser.open("/file")).form(CORRECTIONS).filled(about="plan", text=WRONG)
        for _ in range(2):
            assert (await browser.post(CORRECTIONS, typed)).status == 200
    assert (await case.row())["part"] == "plan"


async def test_what_is_no_part_of_the_askers_file_cannot_be_named(case: Case) -> None:
    theirs = row(case.plan, "FAM-05")["id"]
    other = row(await case.world.a_plan(case.worker), "PLN-01")["id"]
    lawyer = await a_lawyer(case.worker, case.id, "summaries")
    async with await comes_in(case.paper) as browser:
        for about in (f"plan/{theirs}", f"plan/{other}", f"plan/{UUID(int=1)}", "plan/x"):
            assert (await _asks(browser, about)).status == 404, about
        row_in_another_part = f"circle/{row(case.plan, 'PLN-01')['id']}"
        assert (await _asks(browser, row_in_another_part)).status == 404
        assert (await _asks(browser, "nothing")).status == 422
        too_long = await _asks(browser, "plan", "x" * 501)
        assert too_long.status == 422
        assert "x" * 501 in too_long.words  # nothing typed is lost
    paper = await a_paper(case.world, case.worker, case.id, lawyer)
    async with await comes_in(paper) as browser:
        assert (await _asks(browser, "plan")).status == 404
        assert (await _asks(browser, "summaries")).status == 200
    assert (await case.row())["role"] == "LR"


@pytest.mark.parametrize("answer", ["accepted", "refused"])
async def test_what_a_guardian_calls_wrong_the_person_reads_no_word_of(
    case: Case, answer: str
) -> None:
    """Who writes of abuse is read by nobody who stands behind the person; nor is that they wrote.

    What was put right is told once it is, as any change of the file: not by whom, when or how.
    """
    guardian = await a_lawyer(case.worker, case.id, "circle", standing="guardian")
    paper = await a_paper(case.world, case.worker, case.id, guardian)
    async with await comes_in(case.paper) as browser, await comes_in(paper) as theirs:
        before = await _corrections(browser)
        assert before == ("", [])
        asked = await _asks(theirs, "circle")
        assert WRONG in asked.words
        assert await _corrections(browser) == before
        async with await at_the_desk(case.world, case.worker) as desk:
            page = await desk.open(case.here)
            assert WRONG in page.words
            assert "The person is not told of this" in page.words
            form = f"{case.here}/{(await case.row())['id']}/answer"
            assert (await desk.send(page, form, answer=answer, reason=ANSWER)).status == 200
        assert ANSWER in (await theirs.open("/file")).words
        words, copy = await _corrections(browser)
        assert not {WRONG, ANSWER} & {words}
        today = clock.today("Africa/Tunis").isoformat()
        change = {"part": "circle", "about": None, "answer": "accepted", "answered_on": today}
        assert copy == ([change] if answer == "accepted" else [])
        assert ("put right on" in words) == (answer == "accepted")


async def _corrections(browser: Browser) -> tuple[str, list[dict[str, Any]]]:
    """That part of the file: as the page has it, without what stands around, and as the copy."""
    page = (await browser.open("/file")).words
    assert WRONG not in page
    _, _, after = page.partition("and what was put right")
    told = re.split("What you said about your safety|Papers that open", after)[0]
    copy = (await browser.http.get("/file/copy.json")).json()["corrections"]
    return told.replace("Nothing.", "").strip(), copy


async def test_neither_does_a_lawyer_read_what_the_person_calls_wrong(case: Case) -> None:
    lawyer = await a_lawyer(case.worker, case.id, "plan", "circle")
    paper = await a_paper(case.world, case.worker, case.id, lawyer)
    async with await comes_in(case.paper) as browser, await comes_in(paper) as theirs:
        await _asks(browser)
        form = f"{case.here}/{(await case.row())['id']}/answer"
        async with await at_the_desk(case.world, case.worker) as desk:
            page = await desk.open(case.here)
            assert (await desk.send(page, form, answer="accepted", reason=ANSWER)).status == 200
        assert await _corrections(theirs) == ("", [])


async def test_a_worker_writes_it_down_from_paper_and_nobody_else(case: Case) -> None:
    async with await at_the_desk(case.world, case.worker) as desk:
        page = await desk.open(case.here)
        assert (await desk.send(page, case.here, part="circle", text=WRONG)).status == 200
    found = await case.row()
    assert (found["role"], found["part"]) == ("SW", "circle")
    answer = f"{case.here}/{found['id']}/answer"
    for role in ("SW", "CO", "PO"):
        async with await at_the_desk(case.world, await case.world.somebody(role)) as desk:
            assert (await desk.open(case.here)).status == (403 if role == "PO" else 404)
            proof = (await desk.open("/desk")).form("/desk/sign-out").fields
            body = [*proof, ("key", "x" * 20), ("seen", "1")]
            text = [("text", WRONG), ("part", "plan"), ("answer", "refused"), ("reason", "No.")]
            for path in (case.here, answer):
                assert (await desk.post(path, [*body, *text])).status in {403, 404}, (role, path)
    assert (await case.row())["answer"] is None


async def test_what_nobody_answers_becomes_the_coordinators_task_once(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        await _asks(browser)
    found = await case.row()
    zone = ZoneInfo("Africa/Tunis")
    last = datetime.combine(found["due_on"], time(23, 59), zone)
    clock.travel(lambda: last)
    assert await _late(case.world) == []
    clock.travel(lambda: last + timedelta(minutes=1))
    for _ in range(2):
        assert await _late(case.world) == ["CO"]
    # nobody coordinates this plan, so it is the worker's
    kinds = {one["kind"] for one in (await case.worker.get("/tasks")).json()["tasks"]}
    assert kinds == {"correction-asked", "correction-late"}
    async with await at_the_desk(case.world, case.worker) as desk:
        assert "ten working days" in (await desk.open("/desk/tasks")).words
        page = await desk.open(case.here)
        action = f"{case.here}/{found['id']}/answer"
        await desk.send(page, action, answer="refused", reason="It is as the school says.")
    assert (await case.worker.get("/tasks")).json()["tasks"] == []


async def test_the_clock_goes_on_when_the_plan_is_closed_and_stops_when_they_are_erased(
    case: Case,
) -> None:
    async with await comes_in(case.paper) as browser:
        await _asks(browser)
    await case.world.sql("UPDATE plan SET state = 'closed', closed_at = now()")
    clock.travel(lambda: datetime.now(UTC) + timedelta(days=30))
    keys = "UPDATE subject_key SET wrapped = {} WHERE id IN (SELECT person FROM plan)"
    await case.world.sql(keys.format("NULL"))
    assert await _late(case.world) == []
    await case.world.sql(keys.format("'x'"))
    assert await _late(case.world) == ["CO"]


async def test_both_texts_are_unreadable_once_the_person_is_erased(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        await _asks(browser)
    await case.world.sql("UPDATE subject_key SET wrapped = NULL")
    async with await at_the_desk(case.world, case.worker) as desk:
        page = await desk.open(case.here)
        assert page.status == 404
        assert WRONG not in page.html
