"""The page as a person sees it: with a script and without, on a desktop and on a phone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.bots.phones.line import Line, keys, over_a_socket
from tests.browsers import IN_A_BROWSER, browser

pytestmark = IN_A_BROWSER


@asynccontextmanager
async def looking_at(line: Line, width: int, *, script: bool = True) -> AsyncIterator[Page]:
    """The page in a browser that may reach nothing else; fails on any error it reports."""
    complaints: list[str] = []
    context = await browser().new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=script
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(line.url) else complaints.append(asked.url),
        )
        page.on(
            "response",
            lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None,
        )
        await page.goto(line.url)
        yield page
    finally:
        await context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [1200, 390])
async def test_the_page_fits_and_follows_the_chat(width: int, tmp_path: Path) -> None:
    async with over_a_socket() as line:
        phone = await line.linked("Mentor")
        for n in range(30):
            await line.bot.send_message(phone, f"An earlier message, number {n}")
        async with looking_at(line, width) as page:
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow == 0
            await expect(page.get_by_text("number 29")).to_be_in_viewport()
            writing = page.get_by_placeholder("Message")
            await writing.fill("not sent yet")
            await page.get_by_text("Open an invitation link").click()
            await page.get_by_placeholder("Link or code").fill("half a code")
            await line.bot.send_message(phone, "Did you meet?", reply_markup=keys(["Yes"]))
            await expect(page.get_by_text("Did you meet?")).to_be_in_viewport()
            await expect(writing).to_have_value("not sent yet")
            await expect(page.get_by_placeholder("Link or code")).to_have_value("half a code")
            await page.get_by_role("button", name="Yes").click()
            await writing.press("Enter")
            await expect(page.locator(".own").get_by_text("not sent yet")).to_be_visible()
            await expect(writing).to_have_value("")
            assert (await page.screenshot(path=tmp_path / "page.png"))[:4] == b"\x89PNG"
        tapped, said = await line.take()
        assert tapped.callback_query.data == "Yes"
        assert said.message.text == "not sent yet"


@pytest.mark.parametrize("script", [True, False])
async def test_a_person_adds_a_phone_and_follows_an_invitation(*, script: bool) -> None:
    async with over_a_socket() as line, looking_at(line, 1200, script=script) as page:
        await page.get_by_label("Whose").fill("Sister")
        await page.get_by_label("Language").select_option("fr")
        await page.get_by_role("button", name="Add").click()
        await expect(page.get_by_role("heading", name="Sister")).to_be_visible()
        await page.get_by_placeholder("Link or code").fill("Ab-9_")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_text("/start Ab-9_")).to_be_visible()
        await page.get_by_role("switch", name="Block").click()
        await expect(page.get_by_text("The bot is blocked on this phone.")).to_be_visible()
        [started, blocked] = await line.take()
        assert started.effective_user.language_code == "fr"
        assert blocked.my_chat_member.new_chat_member.status == "kicked"
