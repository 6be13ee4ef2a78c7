"""Whoever opens a file with a paper: made at the desk, shown in a browser of their own."""

from typing import Any
from uuid import UUID

from backend.passes.actions import Paper, paper_of
from tests.backend.pages.browser import Browser, Page, at_the_desk
from tests.world import Caller, World

ENTER = "/file/enter"


async def in_circle(worker: Caller, plan: str, **values: Any) -> str:
    """The mandate of the person, or of a lawyer or guardian."""
    made = await worker.post(f"/plans/{plan}/circle", values or {"role": "PE"})
    assert made.status_code == 201, made.text
    mandate: str = made.json()["id"]
    return mandate


async def a_lawyer(worker: Caller, plan: str, *matters: str, **more: Any) -> str:
    given = {"role": "LR", "name": "Invented Lawyer", "standing": "lawyer", "language": "en"}
    return await in_circle(worker, plan, **{**given, "matters": list(matters), **more})


async def a_paper(world: World, worker: Caller, plan: str, mandate: str) -> Paper:
    """Made by the worker at the desk, printed and said."""
    async with await at_the_desk(world, worker) as desk:
        here = f"/desk/plans/{plan}/passes"
        page = await desk.open(here)
        form = next(one for one in page.forms if ("mandate", mandate) in one.fields)
        made = await desk.post(here, form.filled())
        assert made.status == 200, made.words
        (row,) = await world.sql(
            "SELECT id FROM entry_pass WHERE mandate = $1 AND ended_at IS NULL", UUID(mandate)
        )
        paper = paper_of(row["id"])
        assert paper.pin in made.words
        assert paper.code in made.words.replace(" ", "")
        return paper


async def shows(browser: Browser, paper: Paper, pin: str | None = None) -> Page:
    """The code is scanned, the number is typed."""
    page = await browser.open(f"{ENTER}/{paper.code}")
    assert "code" in dict(page.form(ENTER).fields)
    return await browser.send(page, ENTER, pin=pin or paper.pin)


async def comes_in(paper: Paper) -> Browser:
    browser = Browser()
    page = await shows(browser, paper)
    assert (page.status, page.answer.url.path) == (200, "/file"), page.words
    return browser
