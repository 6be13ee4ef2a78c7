"""Passkeys in a real browser, with the authenticator that Chromium makes of software."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from backend import clock
from backend.agencies.actions import NewAgency
from backend.founding import Account, found_agency
from backend.passkeys import actions
from backend.settings import settings
from tests.backend.pages.browser import login_of
from tests.backend.pages.test_in_a_browser import a_phone, fits, sign_in
from tests.browsers import IN_A_BROWSER
from tests.world import PASSWORD, Caller, World

pytestmark = IN_A_BROWSER
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def _keeps_passkeys(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser has a device for them, and the program knows at which address it is served."""
    url = urlsplit(page.url)
    known = replace(settings(), api_url=f"{url.scheme}://{url.netloc}")
    monkeypatch.setattr(actions, "settings", lambda: known)
    line = await page.context.new_cdp_session(page)
    await line.send("WebAuthn.enable")
    await line.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


async def test_a_coordinator_who_is_asked_sets_up_a_passkey_and_comes_in_with_it_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.an_agency(second_factor="leaders")
    leader = await world.somebody("CO")
    async with a_phone(script=True) as page:
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        await sign_in(page, world, leader, to="Codes from an app")
        await _keeps_passkeys(page, monkeypatch)
        await page.get_by_role("link", name="Use a passkey instead").click()
        await page.get_by_label("A word for it").fill("blue phone")
        assert await fits(page) == []
        await page.get_by_role("button", name="Go on").click()
        assert not await page.locator("#without").is_visible()
        assert await fits(page) == []
        await page.get_by_role("button", name="Make the passkey").click()
        await page.get_by_role("heading", name="The passkey is set up").wait_for()
        assert await fits(page) == []
        await page.get_by_role("link", name="I have written them down").click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        assert await fits(page) == []
        await page.get_by_role("button", name="Use the passkey").click()
        await page.get_by_role("heading", name="People").wait_for()
        await page.goto("/desk/account")
        card = page.get_by_role("listitem").filter(has_text="blue phone")
        assert "last used" in await card.inner_text()
        await card.get_by_text("Remove it").click()
        assert await fits(page) == []
        await card.get_by_role("button", name="Remove this passkey").click()
        await page.get_by_text("That passkey opens nothing any more").wait_for()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.get_by_role("button", name="Use the passkey").click()
        await page.get_by_text("This passkey was not taken").wait_for()
        assert [one for one in complaints if "Content Security" in one] == []
    assert leader.login == await login_of(world, leader)


async def test_the_first_administrator_of_a_new_agency_comes_in_by_a_passkey(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = NewAgency("Vallon", "Vallon Desk", "Africa/Tunis", "en")
    alex = Account("AD", "alex", "Alex", PASSWORD)
    await found_agency(new, alex, None)
    async with a_phone(script=True) as page:
        await sign_in(page, world, Caller(alex.id), to="Set up a passkey")
        await page.get_by_text("You cannot go on to your work without one").wait_for()
        await page.goto("/desk/agency")
        await page.get_by_role("heading", name="Sign in").wait_for()
        await sign_in(page, world, Caller(alex.id), to="Set up a passkey")
        await _keeps_passkeys(page, monkeypatch)
        await page.get_by_label("A word for it").fill("stick")
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_text("they can let codes from an app do for a time").wait_for()
        assert await page.get_by_text("Use codes from an app instead").count() == 0
        assert await fits(page) == []
        await page.get_by_role("button", name="Make the passkey").click()
        await page.get_by_role("heading", name="The passkey is set up").wait_for()
        assert await page.locator(".code li").count() == 10
        await page.get_by_role("link", name="I have written them down").click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.get_by_role("button", name="Use the passkey").click()
        await page.get_by_role("heading", name="Agency").wait_for()
        assert await page.get_by_text("second-factor --of passkeys").count() == 0


async def test_a_proof_by_passkey_and_codes_for_the_day_it_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = await world.somebody("CO")
    async with a_phone(script=True) as page:
        await sign_in(page, world, leader)
        await _keeps_passkeys(page, monkeypatch)
        await page.goto("/desk/account/passkeys/new")
        await page.get_by_label("A word for it").fill("blue phone")
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("button", name="Make the passkey").click()
        await page.get_by_role("heading", name="For the day it is lost").wait_for()
        code = await page.locator(".code li").first.inner_text()
        assert await fits(page) == []
        await page.get_by_role("link", name="I have written them down").click()
        later = clock.now() + timedelta(minutes=6)
        clock.travel(lambda: later)
        await page.goto("/desk/account")
        await page.locator("summary", has_text="Make new ones").click()
        assert await fits(page) == []
        recovery = page.locator("details", has_text="Make new ones")
        await recovery.get_by_role("link", name="Show a passkey instead").click()
        await page.get_by_role("heading", name="Show that it is you").wait_for()
        assert not await page.locator("#without").is_visible()
        assert await fits(page) == []
        await page.get_by_role("button", name="Use the passkey").click()
        await page.get_by_role("heading", name="Your account").wait_for()
        await page.locator("summary", has_text="Make new ones").click()
        assert await page.get_by_label("Your password").count() == 0
        await page.get_by_role("button", name="Make new recovery codes").click()
        await page.get_by_role("heading", name="For the day phone or passkey is lost").wait_for()
        assert await fits(page) == []
        new = await page.locator(".code li").first.inner_text()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        for typed, then in ((code, "Sign in"), (new, "People")):
            await page.get_by_label("Login").fill(await login_of(world, leader))
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_label("Code").fill(typed)
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await page.get_by_role("heading", name=then).wait_for()


async def test_without_a_script_the_page_says_what_to_use_instead(world: World) -> None:
    await world.an_agency()
    async with a_phone() as page:
        await page.goto("/desk/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        assert await page.locator("#without").is_visible()
        assert not await page.locator("#ask").is_visible()
        await page.get_by_role("link", name="Sign in with password and code instead").click()
        await page.get_by_label("Login").wait_for()
