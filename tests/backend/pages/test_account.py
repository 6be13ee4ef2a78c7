"""One's own account on the pages: without a script, on a small phone."""

from datetime import timedelta
from html import unescape

from backend import clock
from tests.backend.pages.browser import DESK, SIGN_IN, Browser, Page, at_the_desk, login_of, plain
from tests.world import PASSWORD, App, World

ACCOUNT = "/desk/account"
FACTOR = "/desk/account/factor"
NEW = "four horses in a row"


def _secret(page: Page) -> str:
    """What stands on the page to be typed into the app."""
    (uri,) = [v for tag, name, v in page.attributes if name == "href" and "otpauth" in v]
    return unescape(uri).partition("secret=")[2].partition("&")[0]


async def _entered(browser: Browser, login: str, code: str = "", password: str = PASSWORD) -> Page:
    page = await browser.open(SIGN_IN)
    return await browser.send(page, SIGN_IN, login=login, password=password, code=code)


async def test_whom_the_agency_asks_is_led_to_the_app_and_comes_in_with_its_code(
    world: World,
) -> None:
    await world.an_agency(second_factor="leaders")
    login = await login_of(world, await world.somebody("CO"))
    async with Browser() as browser:
        page = await browser.enter(login)
        assert page.answer.url.path == FACTOR
        assert (await browser.open(DESK, follow=False)).status == 303
        assert (await browser.open(ACCOUNT, follow=False)).status == 303
        offered = await browser.send(page, FACTOR)
        assert "svg" in offered.tags
        assert not offered.tags & {"script", "img", "style"}
        assert _secret(offered)[:4] in offered.words
        app = App(_secret(offered))
        wrong = await browser.send(offered, f"{FACTOR}/confirm", code="000000")
        assert (wrong.status, _secret(wrong)) == (401, app.secret)
        done = await browser.send(wrong, f"{FACTOR}/confirm", code=app.code())
        assert done.status == 200
        assert done.html.count("<li>") == 10
        assert (await browser.open(DESK, follow=False)).status == 303
        without = await _entered(browser, login)
        assert without.status == 401
        with_code = await _entered(browser, login, app.code())
        assert (with_code.status, with_code.answer.url.path) == (200, DESK)
        recovery = done.html.partition("<li>")[2].partition("</li>")[0]
        assert (await _entered(browser, login, recovery)).status == 200
        assert (await _entered(browser, login, recovery)).status == 401


async def test_a_password_is_asked_before_another_factor_when_the_last_proof_is_old(
    world: World,
) -> None:
    browser = await at_the_desk(world, await world.somebody("SW"))
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=6))
    page = await browser.open(FACTOR)
    assert (await browser.send(page, FACTOR, password="wrong")).status == 401
    assert (await browser.send(page, FACTOR, password="")).status == 403
    offered = await browser.send(page, FACTOR, password=PASSWORD)
    assert offered.status == 200
    clock.travel(lambda: start + timedelta(minutes=12))
    late = await browser.send(offered, f"{FACTOR}/confirm", code=App(_secret(offered)).code())
    assert late.status == 403
    assert late.has_form(FACTOR)


async def test_devices_are_listed_and_another_one_is_signed_out(world: World) -> None:
    worker = await world.somebody("SW")
    lost, browser = await at_the_desk(world, worker), await at_the_desk(world, worker)
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=6))
    page = plain(await browser.open(ACCOUNT))
    assert page.words.count("this one") == 1
    (end,) = [one.action for one in page.forms if one.action.endswith("/end")]
    assert (await browser.send(page, end, password="wrong")).status == 401
    assert (await lost.open(DESK, follow=False)).status == 200
    ended = await browser.send(page, end, password=PASSWORD)
    assert "That device is signed out" in ended.words
    assert (await lost.open(DESK, follow=False)).status == 303
    assert (await browser.open(DESK, follow=False)).status == 200


async def test_signing_out_everywhere_ends_this_browser_too(world: World) -> None:
    worker = await world.somebody("SW")
    other, browser = await at_the_desk(world, worker), await at_the_desk(world, worker)
    page = await browser.send(await browser.open(ACCOUNT), f"{ACCOUNT}/sign-out")
    assert page.answer.url.path == SIGN_IN
    for one in (browser, other):
        assert (await one.open(DESK, follow=False)).status == 303


async def test_a_password_is_changed_and_never_shown_again(world: World) -> None:
    worker = await world.somebody("SW")
    login, browser = await login_of(world, worker), await at_the_desk(world, worker)
    action, page = f"{ACCOUNT}/password", await browser.open(ACCOUNT)
    for old, new, status in (
        ("not the old one", NEW, 401),
        (PASSWORD, "short", 422),
        (PASSWORD, "x" * 200, 401),
    ):
        refused = await browser.send(page, action, old=old, new=new)
        assert refused.status == status
        assert old not in refused.html
        assert new not in refused.html
    done = plain(await browser.send(page, action, old=PASSWORD, new=NEW))
    assert "Your password is changed" in done.words
    async with Browser() as elsewhere:
        assert (await elsewhere.enter(login)).status == 401
        assert (await elsewhere.enter(login, NEW)).status == 200


async def test_a_secret_is_not_carried_over_a_sign_in(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    typed = (await browser.open(ACCOUNT)).form(f"{ACCOUNT}/password").filled(old=PASSWORD, new=NEW)
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=40))
    own = {"Sec-Fetch-Site": "same-origin"}
    door = await browser.post(f"{ACCOUNT}/password", typed, headers=own)
    assert door.status == 401
    assert NEW not in unescape(door.html).replace("+", " ")
    again = await browser.send(
        door, SIGN_IN, login=await login_of(world, worker), password=PASSWORD
    )
    assert again.status == 200
    assert NEW not in again.words
