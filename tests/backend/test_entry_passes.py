"""A paper and a spoken number open one file for a quarter of an hour, and nothing else."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection

from backend import clock
from backend.passes import entry
from backend.passes.actions import Paper
from tests.backend.courts.docket import join
from tests.backend.pages.browser import Browser, at_the_desk
from tests.backend.papers import ENTER, a_lawyer, a_paper, comes_in, in_circle, shows
from tests.world import PASSWORD, Caller, World


@dataclass
class Case:
    world: World
    worker: Caller
    plan: dict[str, Any]
    mandate: str
    paper: Paper

    @property
    def id(self) -> str:
        return str(self.plan["id"])


@pytest.fixture
async def case(world: World) -> Case:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    mandate = await in_circle(worker, plan["id"])
    return Case(world, worker, plan, mandate, await a_paper(world, worker, plan["id"], mandate))


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def _is_in(browser: Browser) -> bool:
    page = await browser.open("/file")
    assert page.status == 200
    return page.answer.url.path == "/file"


async def test_a_paper_and_its_number_open_the_own_file_for_a_quarter_of_an_hour(
    case: Case,
) -> None:
    async with await comes_in(case.paper) as browser:
        page = await browser.open("/file")
        assert "Imaginary Person" in page.words
        assert page.answer.headers["cache-control"] == "no-store"
        assert "Imaginary" not in page.html.partition("</title>")[0]
        assert not page.tags & {"script", "iframe", "img", "style"}
        _later(minutes=14)
        assert await _is_in(browser)  # to be there does not make it longer
        _later(minutes=1)
        assert not await _is_in(browser)
    async with await comes_in(case.paper) as again:
        assert await _is_in(again)


async def test_who_closes_leaves_nothing_in_the_browser(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        token = browser.http.cookies["throughcare-file"]
        page = await browser.open("/file")
        left = await browser.send(page, "/file/close", follow=False)
        assert left.answer.headers["clear-site-data"] == '"cache", "storage"'
        assert not {"throughcare-file", "throughcare-code"} & set(browser.http.cookies)
        browser.http.cookies.set("throughcare-file", token)
        assert not await _is_in(browser)


async def test_one_paper_holds_one_session(case: Case) -> None:
    async with await comes_in(case.paper) as first, await comes_in(case.paper) as second:
        assert not await _is_in(first)
        assert await _is_in(second)


async def test_five_wrong_numbers_are_the_end_of_a_paper_however_many_come_at_once(
    case: Case,
) -> None:
    async with Browser() as browser:
        form = (await browser.open(ENTER)).form(ENTER)
        typed = form.filled(code=case.paper.code, pin="000000")
        tried = await asyncio.gather(*(browser.post(ENTER, typed) for _ in range(8)))
        assert {page.status for page in tried} == {401}
        assert (await case.world.sql("SELECT tries FROM entry_key"))[0]["tries"] == 5
        assert (await shows(browser, case.paper)).status == 401
    async with await at_the_desk(case.world, case.worker) as desk:
        assert "dead" in (await desk.open(f"/desk/plans/{case.id}/passes")).words
    fresh = await a_paper(case.world, case.worker, case.id, case.mandate)
    async with await comes_in(fresh) as browser:
        assert await _is_in(browser)


async def test_strangers_without_the_paper_shut_nobody_out(case: Case) -> None:
    async with Browser() as stranger:
        form = (await stranger.open(ENTER)).form(ENTER)
        for n in range(150):
            typed = form.filled(code=f"{n:032}", pin=case.paper.pin)
            assert (await stranger.post(ENTER, typed)).status == 401
        assert (await shows(stranger, case.paper)).status == 200


async def test_a_right_number_does_not_bring_back_tries_that_were_wrong(case: Case) -> None:
    async with Browser() as browser:
        for _ in range(4):
            assert (await shows(browser, case.paper, "000000")).status == 401
        assert (await shows(browser, case.paper)).status == 200
        assert (await shows(browser, case.paper, "000000")).status == 401
        assert (await shows(browser, case.paper)).status == 401


async def test_whatever_is_wrong_answers_in_the_same_bytes_and_costs_the_same_work(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, late, ended, over = [await _another(case) for _ in range(4)]
    sql = case.world.sql
    await sql("UPDATE entry_key SET tries = 5 WHERE id = $1", dead[1])
    await sql("UPDATE entry_pass SET until = $2 WHERE id = $1", late[1], clock.now())
    await sql("UPDATE mandate SET ends = $2 WHERE plan = $1 AND role = 'PE'", ended[2], clock.now())
    await sql("UPDATE plan SET state = 'closed' WHERE id = $1", over[2])
    work: list[str] = []
    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        _watch(monkeypatch, name, work)
    seen = []
    async with Browser() as browser:
        form = (await browser.open(ENTER)).form(ENTER)
        papers = [one[0] for one in (dead, late, ended, over)]
        cases = [(paper.code, paper.pin) for paper in papers]
        cases += [(case.paper.code, "000000"), ("nobody", "000000"), ("nobody", "")]
        for code, pin in cases:
            work.clear()
            page = await browser.post(ENTER, form.filled(code=code, pin=pin))
            unlike = {"x-request-id", "content-length"}
            heads = {k: v for k, v in page.answer.headers.items() if k not in unlike}
            seen.append((page.status, heads, page.html.replace(code, "code"), list(work)))
    assert seen[0][0] == 401
    assert seen == [seen[0]] * len(cases)
    assert any("try_pass" in one for one in seen[0][3])
    # and with the right number the same code opens
    async with await comes_in(case.paper) as browser:
        assert await _is_in(browser)


async def _another(case: Case) -> tuple[Paper, UUID, UUID]:
    plan = await case.world.a_plan(case.worker)
    mandate = await in_circle(case.worker, plan["id"])
    paper = await a_paper(case.world, case.worker, plan["id"], mandate)
    (row,) = await case.world.sql("SELECT id FROM entry_pass WHERE mandate = $1", UUID(mandate))
    return paper, row["id"], UUID(plan["id"])


def _watch(monkeypatch: pytest.MonkeyPatch, name: str, work: list[str]) -> None:
    real = getattr(Connection, name)

    def watched(*values: Any, **more: Any) -> Any:
        sql = str(values[1])
        work.append("BEGIN" if sql.startswith("BEGIN") else sql)
        return real(*values, **more)

    monkeypatch.setattr(Connection, name, watched)


async def test_a_session_ends_with_the_mandate_the_pass_and_the_plan(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        (row,) = await case.world.sql("SELECT id, version FROM entry_pass")
        async with await at_the_desk(case.world, case.worker) as desk:
            here = f"/desk/plans/{case.id}/passes"
            page = await desk.open(here)
            done = await desk.send(page, f"{here}/{row['id']}/end")
            assert "opens nothing" in done.words
        assert not await _is_in(browser)
        assert (await browser.open("/file/copy.json")).answer.url.path == ENTER
    paper = await a_paper(case.world, case.worker, case.id, case.mandate)
    async with await comes_in(paper) as browser:
        ended = await case.worker.post(f"/mandates/{case.mandate}/end", version=1)
        assert ended.status_code == 200, ended.text
        assert not await _is_in(browser)
    mandate = await in_circle(case.worker, case.id)
    paper = await a_paper(case.world, case.worker, case.id, mandate)
    async with await comes_in(paper) as browser:
        version = (await case.world.plan(case.worker, case.id))["version"]
        closing = {"state": "closed"}
        closed = await case.worker.post(f"/plans/{case.id}/state", closing, version=version)
        assert closed.status_code == 200, closed.text
        assert not await _is_in(browser)
    rows = await case.world.sql("SELECT ended_at FROM entry_pass")
    assert all(row["ended_at"] is not None for row in rows)


async def test_a_mandate_that_runs_out_and_an_erasure_end_it_in_the_same_second(
    world: World,
) -> None:
    head = await world.somebody("CO")
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    until = clock.now() + timedelta(minutes=5)
    lawyer = await a_lawyer(worker, plan["id"], "plan", until=until.isoformat())
    async with await comes_in(await a_paper(world, worker, plan["id"], lawyer)) as browser:
        clock.travel(lambda: until - timedelta(milliseconds=1))
        assert await _is_in(browser)
        clock.travel(lambda: until)
        assert not await _is_in(browser)
    clock.travel(None)
    person = await in_circle(worker, plan["id"])
    paper = await a_paper(world, worker, plan["id"], person)
    async with await comes_in(paper) as browser:
        assert (await head.post("/account/prove", {"password": PASSWORD})).status_code == 204
        asked = await world.somebody("CO")
        await join(world, worker, plan["id"], asked, "CO")
        wish = await asked.post(f"/plans/{plan['id']}/erasure-wishes", {})
        assert wish.status_code == 201, wish.text
        version = (await world.plan(worker, plan["id"]))["version"]
        erased = await head.post(f"/plans/{plan['id']}/erase", version=version)
        assert erased.status_code == 200, erased.text
        assert not await _is_in(browser)
        assert (await shows(browser, paper)).status == 401


async def test_a_pass_opens_no_desk_and_no_interface_and_an_account_opens_no_file(
    case: Case,
) -> None:
    async with await comes_in(case.paper) as browser:
        token = browser.http.cookies["throughcare-file"]
        browser.http.cookies.set("throughcare", token)
        page = await browser.open(f"/desk/plans/{case.id}")
        assert page.answer.url.path == "/desk/sign-in"
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await browser.http.get(f"/plans/{case.id}", headers=bearer)
        assert answer.status_code == 401
    async with await at_the_desk(case.world, case.worker) as desk:
        desk.http.cookies.set("throughcare-file", desk.http.cookies["throughcare"])
        assert not await _is_in(desk)


async def test_a_paper_wants_a_fresh_proof_and_is_made_by_the_plans_worker_alone(
    case: Case,
) -> None:
    here = f"/desk/plans/{case.id}/passes"
    async with await at_the_desk(case.world, case.worker) as desk:
        _later(minutes=6)
        page = await desk.open(here)
        assert (await desk.send(page, here, "mandate", password="wrong")).status == 401
        page = await desk.open(here)
        assert (await desk.post(here, page.form(here).filled(password=""))).status == 403
        assert len(await case.world.sql("SELECT 1 FROM entry_pass")) == 1
    for role in ("SW", "CO", "PO"):
        async with await at_the_desk(case.world, await case.world.somebody(role)) as other:
            page = await other.open(here)
            assert page.status == (403 if role == "PO" else 404)
            proof = (await other.open("/desk")).form("/desk/sign-out").fields
            body = [*proof, ("key", "x" * 20), ("mandate", case.mandate)]
            assert (await other.post(here, body)).status in {403, 404}
    assert len(await case.world.sql("SELECT 1 FROM entry_pass")) == 1


async def test_no_paper_is_for_a_mentor_or_a_relative(case: Case) -> None:
    mentor = await in_circle(case.worker, case.id, role="ME", name="Invented Mentor")
    async with await at_the_desk(case.world, case.worker) as desk:
        here = f"/desk/plans/{case.id}/passes"
        form = (await desk.open(here)).form(here)
        assert (await desk.post(here, form.filled(mandate=mentor))).status == 422


async def test_neither_code_nor_number_is_in_any_table_or_answer_that_comes_later(
    case: Case,
) -> None:
    async with await at_the_desk(case.world, case.worker) as desk:
        page = await desk.open(f"/desk/plans/{case.id}/passes")
        assert case.paper.code not in page.html
    stored = str(await case.world.sql("SELECT * FROM entry_key"))
    assert case.paper.code not in stored
    assert case.paper.pin not in stored
    async with Browser() as browser:  # nor does the address keep it
        page = await browser.open(f"{ENTER}/{case.paper.code}")
        assert case.paper.code not in str(page.answer.url)


async def test_a_form_that_is_not_ours_is_refused(case: Case) -> None:
    async with await comes_in(case.paper) as browser:
        body = [("about", "plan"), ("text", "x"), ("key", "x" * 20)]
        for fields in (body, [*body, ("csrf", "x" * 22)]):
            assert (await browser.post("/file/corrections", fields)).status == 403
        assert (await browser.post("/file/close", [])).status == 403
    assert await case.world.sql("SELECT 1 FROM correction") == []


async def test_a_mandate_that_ends_between_door_and_room_opens_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await comes_in(case.paper) as browser:
        real = entry.held_by

        async def meanwhile(actor: Any) -> Any:
            await case.world.sql(
                "UPDATE mandate SET ends = $2 WHERE id = $1", UUID(case.mandate), clock.now()
            )
            return await real(actor)

        monkeypatch.setattr("backend.files.actions.held_by", meanwhile)
        assert not await _is_in(browser)
