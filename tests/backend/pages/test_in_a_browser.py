"""The pages as a real browser shows them on a small phone, with JavaScript switched off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from playwright.async_api import Page

from bots.phones.serve import serving
from tests.backend.pages.browser import in_the_circle, login_of, writes
from tests.browsers import IN_A_BROWSER, browser
from tests.world import APP, PASSWORD, Caller, World, row

LONG = "Nebuchadnezzar-Wolfeschlegelsteinhausenbergerdorff-Imaginary"
PLAN_PAGES = (
    *("", "/rows", "/visit", "/contacts", "/dates", "/papers", "/circle", "/release"),
    "/needs/short",
)
pytestmark = IN_A_BROWSER


@asynccontextmanager
async def a_phone(*, script: bool = False) -> AsyncIterator[Page]:
    async with serving(APP) as url:
        context = await browser().new_context(
            base_url=url.replace("127.0.0.1", "localhost"),
            viewport={"width": 360, "height": 740},
            java_script_enabled=script,
            has_touch=True,
        )
        try:
            context.set_default_timeout(10_000)
            yield await context.new_page()
        finally:
            await context.close()


async def sign_in(page: Page, world: World, who: Caller, *, to: str = "People") -> None:
    await page.goto("/desk")
    await page.get_by_label("Login").fill(await login_of(world, who))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("heading", name=to).wait_for()


async def test_a_worker_signs_in_ticks_a_step_and_finds_it_in_the_list(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    title = row(plan, "PLN-03")["title"]
    async with a_phone() as page:
        await sign_in(page, world, worker)
        await page.get_by_text("Imaginary Person").click()
        card = page.get_by_role("listitem").filter(has_text=title)
        await card.get_by_role("button", name="Done").click()
        saved = page.get_by_role("status")
        assert await saved.inner_text() == f"Saved: {title} is now done."
        await page.get_by_role("link", name="All steps").click()
        line = page.get_by_role("listitem").filter(has_text=title)
        assert "Done today" in await line.inner_text()
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("heading", name="Sign in").wait_for()
        await page.go_back()
        assert title not in await page.content()
    assert row(await world.plan(worker, plan["id"]), "PLN-03")["state"] == "done"


async def test_no_page_scrolls_sideways_and_every_target_is_large_enough(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=3, person={"name": LONG, "language": "en"})
    who = await in_the_circle(worker, plan["id"], "ME", name=LONG, gate="first")
    await writes(worker, plan["id"], who, LONG * 3)
    await worker.post(
        f"/plans/{plan['id']}/appointments",
        {"role": "PO", "held_on": plan["release_date"], "held_at": "11:00:00", "place": LONG},
    )
    home, step = f"/desk/plans/{plan['id']}", row(plan, "PLN-07")["id"]
    plans = [f"{home}{end}" for end in PLAN_PAGES]
    others = [f"{home}/access", f"/desk/rows/{step}", "/desk", "/desk/new", "/desk/tasks"]
    others.append(f"/desk?view=attention&release=within_168&worker={worker.id}")
    async with a_phone() as page:
        await page.goto("/desk/sign-in")
        assert await fits(page) == []
        await sign_in(page, world, worker)
        own = ("/desk/messages", "/desk/account", "/desk/account/factor")
        for path in (*plans, *others, *own, f"/desk/plans/{uuid4()}"):
            answer = await page.goto(path)
            assert answer is not None
            for summary in await page.locator("summary:visible").all():
                await summary.click()
            assert await fits(page) == [], path
        await page.goto(f"{home}/circle")
        await page.get_by_role("button", name="Invite again").click()
        assert await fits(page) == []
        await page.goto("/desk/account/factor")
        await page.get_by_role("button", name="Begin").click()
        assert await fits(page) == []


async def test_an_administrators_pages_and_those_of_a_newcomer_fit_a_phone(world: World) -> None:
    head = await world.somebody("AD")
    async with a_phone() as page:
        await page.goto("/desk/join")
        assert await fits(page) == []
        await sign_in(page, world, head, to="Agency")
        assert await fits(page) == []
        await page.goto("/desk/colleagues")
        await page.locator("summary").first.click()
        await page.get_by_label("Neutral name").fill("Robin")
        assert await fits(page) == []
        await page.get_by_role("button", name="Make the invitation").click()
        assert await fits(page) == []


async def fits(page: Page) -> list[str]:
    """What is too wide for the screen or too small for a thumb."""
    found: list[str] = await page.evaluate(
        """() => {
            const wrong = [], page = document.scrollingElement;
            if (page.scrollWidth > page.clientWidth) wrong.push(`wide: ${page.scrollWidth}`);
            for (const one of document.querySelectorAll('button, summary, nav a, select, input')) {
                const box = (one.closest('label.tick') || one).getBoundingClientRect();
                if (one.type !== 'hidden' && box.height && box.height < 43.5)
                    wrong.push(`${one.tagName} ${one.textContent.slice(0, 20)} ${box.height}`);
            }
            return wrong;
        }"""
    )
    return found
