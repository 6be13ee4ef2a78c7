"""A lawyer or guardian cannot tell a plan with a secret from one without: not in any part of it.

They read the file, then something happens that only the person may tell them, then they read it
again: page, copy and the bytes of the PDF are the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.files.rules import (
    NOT_FOR_LAWYERS,
    UNTOLD_TO_LAWYERS,
    answer_in_own_file,
    change_in_own_file,
    in_own_file,
    pathway_in_own_file,
    somebody_in_own_file,
    words_in_own_file,
)
from backend.matrix import MATTERS, cell
from tests.backend.courts.docket import Docket, a_docket, join
from tests.backend.pages.browser import Browser, at_the_desk
from tests.backend.papers import a_lawyer, a_paper, comes_in, in_circle
from tests.releases import change
from tests.world import Caller, World, a_day, row

WORDS = "Invented words that are nobody else's."


@dataclass
class Case:
    docket: Docket
    counsellor: Caller
    head: Caller

    @property
    def world(self) -> World:
        return self.docket.world

    @property
    def worker(self) -> Caller:
        return self.docket.worker

    @property
    def id(self) -> str:
        return self.docket.plan

    async def plan(self) -> dict[str, Any]:
        return await self.world.plan(self.worker, self.id)

    async def becomes(self, code: str, *states: str) -> None:
        if row(await self.plan(), code)["state"] == "dormant":
            await change(self.world, self.worker, await self.plan(), code, state="planned")
        for state in states:
            await change(self.world, self.worker, await self.plan(), code, state=state)

    async def made(self, path: str, body: object, by: Caller | None = None) -> None:
        answer = await (by or self.worker).post(f"/plans/{self.id}/{path}", body)
        assert answer.status_code == 201, answer.text

    async def says(self, pathway: str, answer: str) -> None:
        body = {"kind": "participation", "language": "en", "pathway": pathway, "answer": answer}
        await self.made("consents", body)

    async def date(self, role: str, by: Caller | None = None, **more: Any) -> None:
        on = (a_day() + timedelta(days=3)).isoformat()
        body = {"role": role, "held_on": on, "held_at": "15:00:00", **more}
        await self.made("appointments", body, by)

    async def opens(self, *matters: str) -> Browser:
        mandate = await a_lawyer(self.worker, self.id, *matters)
        return await comes_in(await a_paper(self.world, self.worker, self.id, mandate))


@pytest.fixture
async def case(world: World) -> Case:
    """A plan with a summary, on one moment of one day, whose worker and officer have looked."""
    now = clock.now()
    clock.travel(lambda: now)
    docket = await a_docket(world)
    await docket.read()
    await docket.issued()
    made = Case(docket, await world.somebody("CP"), await world.somebody("CO"))
    await join(world, docket.worker, docket.plan, made.head, "CO")
    await made.becomes("PLN-02", "done")
    await made.plan()
    return made


async def _seen(browser: Browser) -> tuple[str, str, bytes]:
    """All that whoever came in can read and carry away."""
    page = await browser.open("/file")
    assert (page.status, page.answer.url.path) == (200, "/file")
    copy, paper = [await browser.http.get(f"/file/copy.{kind}") for kind in ("json", "pdf")]
    assert (copy.status_code, paper.status_code) == (200, 200)
    return page.words, copy.text, paper.content


Act = Callable[[Case], Awaitable[None]]
SECRETS: dict[str, Act] = {}


def secret(act: Act) -> Act:
    SECRETS[act.__name__.strip("_").replace("_", " ")] = act
    return act


@secret
async def _a_row_was_offered_and_declined(case: Case) -> None:
    await case.becomes("VOC-01", "declined")


@secret
async def _the_person_said_no_or_perhaps(case: Case) -> None:
    for pathway, answer in (("VOC", "declined"), ("FIN", "later"), ("HOU", "offered")):
        await case.says(pathway, answer)


@secret
async def _the_person_said_yes_to_what_is_theirs_to_tell(case: Case) -> None:
    for pathway in ("CNS-P", "CNS-S", "CNS-X", "HLT", "FAM", "MEN"):
        await case.says(pathway, "accepted")


@secret
async def _rows_of_counselling_health_family_and_mentoring_are_done(case: Case) -> None:
    for code in ("CNS-01", "CNS-07", "CNS-11", "HLT-01", "HLT-02", "FAM-01", "MEN-01"):
        await case.becomes(code, "in_progress", "done")


@secret
async def _counsellors_a_mentor_and_a_mother_are_there(case: Case) -> None:
    for role in ("CP", "CS"):
        await join(case.world, case.worker, case.id, await case.world.somebody(role), role)
    mentor = await _member(case, "ME", "Invented Mentor")
    mother = await _member(case, "FA", "Invented Mother")
    until = (a_day() + timedelta(days=30)).isoformat()
    for who in (mentor, mother):
        told = {"recipient": who, "fact": "release_date", "purpose": WORDS, "until": until}
        await case.made("disclosures", told)


async def _member(case: Case, role: str, name: str) -> str:
    id_ = str(uuid4())
    await in_circle(case.worker, case.id, role=role, name=name, id=id_)
    return id_


@secret
async def _a_counsellor_looked_and_sees_them_on_a_day(case: Case) -> None:
    await join(case.world, case.worker, case.id, case.counsellor, "CP")
    assert (await case.counsellor.get(f"/plans/{case.id}")).status_code == 200
    await case.date("CP", case.counsellor, place="Room 9")


@secret
async def _a_date_hangs_on_a_row_of_health_or_of_the_family(case: Case) -> None:
    for code in ("HLT-02", "FAM-07"):
        await case.becomes(code)
        await case.date("SW", milestone=row(await case.plan(), code)["id"], place="The clinic")


@secret
async def _a_mentor_met_them(case: Case) -> None:
    mentor = await _member(case, "ME", "Invented Mentor")
    await case.world.sql(
        "INSERT INTO contact (id, agency, plan, version, actor, subject, role, how, outcome,"
        " made_on, at) SELECT $2, agency, id, 1, $3, person, 'ME', 'met', 'reached', $4, $5"
        "  FROM plan WHERE id = $1 RETURNING id",
        UUID(case.id),
        uuid4(),
        UUID(mentor),
        a_day(),
        clock.now(),
    )


@secret
async def _somebody_looked_at_how_a_refused_row_came_about(case: Case) -> None:
    await case.becomes("VOC-02", "declined")
    path = f"/milestones/{row(await case.plan(), 'VOC-02')['id']}/history"
    assert (await case.head.get(path)).status_code == 200


@secret
async def _another_lawyer_came_in_and_called_something_wrong(case: Case) -> None:
    mandate = await a_lawyer(case.worker, case.id, *MATTERS, name="Another Lawyer")
    paper = await a_paper(case.world, case.worker, case.id, mandate)
    async with await comes_in(paper) as browser:
        await _seen(browser)
        await _calls_wrong(browser)


@secret
async def _the_person_called_something_wrong(case: Case) -> None:
    await _from_paper(case)


async def _calls_wrong(browser: Browser) -> None:
    page = await browser.open("/file")
    asked = await browser.send(page, "/file/corrections", about="circle", text=WORDS)
    assert asked.status == 200, asked.words


async def _from_paper(case: Case) -> None:
    async with await at_the_desk(case.world, case.worker) as desk:
        here = f"/desk/plans/{case.id}/corrections"
        sent = await desk.send(await desk.open(here), here, part="circle", text=WORDS)
        assert sent.status == 200, sent.words


async def test_a_secret_leaves_no_trace_in_the_file_of_a_lawyer(case: Case) -> None:
    async with await case.opens(*MATTERS) as browser:
        await _seen(browser)  # that they have read it themselves stands in it
        before = await _seen(browser)
        for name, act in SECRETS.items():
            await act(case)
            assert await _seen(browser) == before, name


@pytest.mark.parametrize("matter", MATTERS)
async def test_nor_do_all_of_them_in_the_file_of_who_has_one_matter(
    case: Case, matter: str
) -> None:
    async with await case.opens(matter) as browser:
        await _seen(browser)
        before = await _seen(browser)
        for act in SECRETS.values():
            await act(case)
        assert await _seen(browser) == before


async def test_what_they_may_know_of_is_seen_in_each_part(case: Case) -> None:
    """Otherwise the tests above would compare nothing."""
    async with await case.opens(*MATTERS) as browser:
        await _seen(browser)
        page, copy, paper = await _seen(browser)
        for act in (_a_yes, _an_order, _a_colleague, None):
            await (act(case) if act else _calls_wrong(browser))
            now = await _seen(browser)
            assert all(one != other for one, other in zip(now, (page, copy, paper), strict=True))
            page, copy, paper = now
        assert WORDS in copy


async def _a_yes(case: Case) -> None:
    await case.says("VOC", "accepted")


async def _an_order(case: Case) -> None:
    await case.becomes("PRB-02", "done")


async def _a_colleague(case: Case) -> None:
    assert (await case.head.get(f"/plans/{case.id}")).status_code == 200
    await case.date("SW", place="The desk")


def test_the_matrix_gives_a_lawyer_no_group_of_what_their_file_leaves_out() -> None:
    groups = {"CP": "counselling dates", "CS": "spiritual wish", "ME": "mentor", "FA": "family"}
    assert groups.keys() | {"LR"} == UNTOLD_TO_LAWYERS
    parts = {"HLT": "health", "FAM": "family", "MEN": "mentor"}
    assert parts.keys() == NOT_FOR_LAWYERS
    for group in (*groups.values(), *parts.values(), "offers"):
        assert not cell("LR", group).reads, group
    assert "o" in cell("LR", "corrections").signs  # their own alone
    assert "o" in cell("PE", "corrections").signs


def test_the_parts_of_a_file_ask_one_rule() -> None:
    for pathway in ("CNS-P", "CNS-S", "CNS-X", "HLT", "FAM", "MEN"):
        assert pathway_in_own_file("PE", pathway)
        assert not pathway_in_own_file("LR", pathway)
        assert not answer_in_own_file("LR", {"pathway": pathway, "answer": "accepted"})
    for answer in ("offered", "accepted", "declined", "later"):
        told = {"pathway": "VOC", "answer": answer}
        assert answer_in_own_file("PE", told)
        assert answer_in_own_file("LR", told) == (answer == "accepted")
    for role in ("SW", "CO", "PO", "PS", "TR", "CT", "PE"):
        assert somebody_in_own_file("LR", role)
    for role in UNTOLD_TO_LAWYERS:
        assert somebody_in_own_file("PE", role)
        assert not somebody_in_own_file("LR", role)
    assert somebody_in_own_file("LR", "LR", own=True)


def test_each_reads_the_words_of_their_own_corrections() -> None:
    for role in ("PE", "SW", "LR"):
        for answer in (None, "refused", "accepted"):
            one = {"role": role, "answer": answer}
            assert words_in_own_file("LR", one, own=True)
            assert not words_in_own_file("LR", one, own=False)
            assert words_in_own_file("PE", one, own=role == "PE") == (role != "LR")
            assert not change_in_own_file("LR", one)
            assert change_in_own_file("PE", one) == (answer == "accepted")


def test_no_lawyer_reads_that_a_plan_stands_still_for_a_return() -> None:
    back = {
        "code": "REC-01",
        "anchor": "return_to_custody",
        "pathway": "PLN",
        "owner": "SW",
        "partners": [],
        "agree": "-",
        "kind": "C",
    }
    for state in ("planned", "in_progress", "done", "not_needed"):
        assert not in_own_file("LR", {**back, "state": state})
        assert in_own_file("PE", {**back, "state": state})
