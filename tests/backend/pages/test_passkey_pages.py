"""The pages that ask for a passkey: a script of ours and no other, and nothing lost without it."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

from backend import clock
from backend.founding import ask_second_factor
from tests.backend.authenticator import Authenticator, a_passkey
from tests.backend.pages.browser import DESK, SIGN_IN, Browser, Page, at_the_desk, plain
from tests.world import PASSWORD, App, World

ACCOUNT = "/desk/account"
NEW = f"{ACCOUNT}/passkeys/new"
MAKE = f"{ACCOUNT}/passkeys"
SHOW = f"{SIGN_IN}/passkey"
PROVE = f"{ACCOUNT}/prove"
RECOVERY = f"{ACCOUNT}/recovery"


def _options(page: Page) -> dict[str, Any]:
    (found,) = [value for _, name, value in page.attributes if name == "data-options"]
    options: dict[str, Any] = json.loads(found)
    return options


def _runs_our_script_alone(page: Page) -> None:
    policy = page.answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; script-src 'self'")
    scripts = re.findall(r"<script.*?</script>", page.html, re.DOTALL)
    assert len(scripts) == 1
    assert re.fullmatch(r'<script src="/desk/passkey\.js\?[0-9a-f]{8}"></script>', scripts[0])
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


async def test_a_passkey_is_set_up_used_and_removed_by_the_forms(world: World) -> None:
    browser = await at_the_desk(world, await world.somebody("CO"))
    key = Authenticator()
    offered = await browser.send(await browser.open(NEW), MAKE, name="blue <phone>")
    _runs_our_script_alone(offered)
    assert "“blue &lt;phone&gt;”" in offered.html
    made = await browser.send(offered, f"{MAKE}/confirm", **key.make(_options(offered)))
    assert "The passkey is set up" in made.words
    async with Browser() as other:
        page = await other.send(await other.open(f"{SIGN_IN}?to=/desk/tasks"), SHOW, "csrf")
        _runs_our_script_alone(page)
        replayed = key.show(_options(page))
        inside = await other.send(page, f"{SHOW}/show", **replayed)
        assert (inside.status, inside.answer.url.path) == (200, "/desk/tasks")
        again = await other.send(page, f"{SHOW}/show", **replayed)
        assert again.status != 200
        (end,) = [
            one.action
            for one in (await other.open(ACCOUNT)).forms
            if one.action.startswith(MAKE) and one.action.endswith("/end")
        ]
        gone = await other.send(await other.open(ACCOUNT), end)
        assert "That passkey opens nothing any more" in gone.words
    async with Browser() as third:
        page = await third.send(await third.open(SIGN_IN), SHOW)
        refused = await third.send(page, f"{SHOW}/show", **key.show(_options(page)))
        assert refused.status == 401
        assert "This passkey was not taken" in refused.words
        _runs_our_script_alone(refused)
        assert _options(refused)["challenge"] != _options(page)["challenge"]


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


def _codes(page: Page) -> list[str]:
    return re.findall(r"<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>", page.html)


async def test_a_passkey_is_shown_where_a_password_is_asked_for_and_leads_back(
    world: World,
) -> None:
    head = await world.somebody("CO")
    head.passkey = await a_passkey(head)
    browser = await at_the_desk(world, head)
    assert 'name="password"' not in (await browser.open("/desk/break-glass")).html
    _later(minutes=5, seconds=1)
    asking = await browser.open("/desk/break-glass")
    assert 'name="password"' in asking.html
    assert ("a", "href", f"{PROVE}?to=/desk/break-glass") in asking.attributes
    page = await browser.open(f"{PROVE}?to=/desk/break-glass")
    _runs_our_script_alone(page)
    assert len(_options(page)["allowCredentials"]) == 1
    shown = head.passkey.show(_options(page))
    foreign = await a_passkey(await world.somebody("SW"))
    refused = await browser.send(page, PROVE, **foreign.show(_options(page)))
    assert refused.status == 401
    assert "This passkey was not taken" in refused.words
    _runs_our_script_alone(refused)
    assert (await browser.send(page, PROVE, **shown)).status == 401, "one try spends it"
    missing = await browser.send(refused, PROVE, id="AAAA")
    assert missing.status == 401
    # what a browser gives that was told which keys, and says nothing of whom
    given = {**head.passkey.show(_options(refused)), "user_handle": ""}
    back = await browser.send(refused, PROVE, **given)
    assert (back.status, back.answer.url.path) == (200, "/desk/break-glass")
    assert 'name="password"' not in back.html


async def test_a_proof_leads_to_our_own_pages_alone(world: World) -> None:
    worker = await world.somebody("SW")
    worker.passkey = await a_passkey(worker)
    browser = await at_the_desk(world, worker)
    page = await browser.open(f"{PROVE}?to=https://desk.example/")
    assert "desk.example" not in page.html
    sent = worker.passkey.show(_options(page))
    gone = await browser.send(page, PROVE, follow=False, to="//desk.example", **sent)
    assert gone.answer.headers["location"] == DESK


async def test_who_has_no_passkey_is_told_so_by_a_page_without_a_script(world: World) -> None:
    browser = await at_the_desk(world, await world.somebody("SW"))
    page = plain(await browser.open(f"{PROVE}?to=/desk/account"))
    assert page.status == 409
    assert "Your account has no passkey" in page.words
    assert "script-src" not in page.answer.headers["content-security-policy"]


async def test_the_first_passkey_shows_codes_once_and_they_lead_in_and_are_renewed(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    assert "Recovery codes" not in (await browser.open(ACCOUNT)).words
    offered = await browser.send(await browser.open(NEW), MAKE, name="blue phone")
    key = Authenticator()
    made = await browser.send(offered, f"{MAKE}/confirm", **key.make(_options(offered)))
    codes = _codes(made)
    assert len(codes) == 10
    second = await browser.send(await browser.open(NEW), MAKE, name="stick")
    made = await browser.send(second, f"{MAKE}/confirm", **Authenticator().make(_options(second)))
    assert _codes(made) == []
    async with Browser() as other:
        page = await other.open(SIGN_IN)
        typed: dict[str, Any] = {"login": worker.login, "password": PASSWORD}
        assert (await other.send(page, SIGN_IN, **typed, code="")).status == 401
        inside = await other.send(page, SIGN_IN, **typed, code=codes[0])
        assert (inside.status, inside.answer.url.path) == (200, DESK)
        _later(minutes=5, seconds=1)
        account = await other.open(ACCOUNT)
        assert "9 left." in account.words
        assert (await other.send(account, RECOVERY, password="wrong")).status == 401
        unproven = await other.send(account, RECOVERY, password="")
        assert (unproven.status, _codes(unproven)) == (403, [])
        renewed = await other.send(account, RECOVERY, password=PASSWORD)
        assert renewed.status == 200
        assert len(set(_codes(renewed)) - set(codes)) == 10
        assert "10 left." in (await other.open(ACCOUNT)).words
    assert (await browser.open(ACCOUNT, follow=False)).status == 303


async def test_a_leader_of_whom_a_passkey_is_asked_is_led_to_one_and_told_why(
    world: World,
) -> None:
    agency = await world.an_agency()
    head = await world.somebody("CO", agency=agency)
    app = App((await head.post("/account/factor")).json()["secret"])
    confirmed = await head.post("/account/factor/confirm", {"code": app.code()})
    codes = confirmed.json()["recovery_codes"]
    await ask_second_factor(agency, "passkeys")
    typed: dict[str, Any] = {"login": head.login, "password": PASSWORD}
    async with Browser() as browser:
        _later(minutes=2)
        page = plain(await browser.open(SIGN_IN))
        assert "Where your agency asks you for a passkey" in page.words
        page = await browser.send(page, SIGN_IN, **typed, code=app.code())
        assert (page.status, page.answer.url.path) == (200, NEW)
        assert "Your agency asks coordinators and administrators for a passkey" in page.words
        assert f"{ACCOUNT}/factor" not in page.html
        assert (await browser.open(f"{ACCOUNT}/factor")).answer.url.path == NEW
        assert (await browser.open(DESK)).answer.url.path == SIGN_IN
        offered = await browser.send(page, MAKE, name="blue phone")
        key = Authenticator()
        made = await browser.send(offered, f"{MAKE}/confirm", **key.make(_options(offered)))
        assert "you have recovery codes" in made.words
        again = await browser.send(await browser.open(SIGN_IN), SIGN_IN, **typed, code=app.code())
        assert again.status == 401
        inside = await browser.show(key)
        assert (inside.status, inside.answer.url.path) == (200, DESK)
        factor = await browser.open(f"{ACCOUNT}/factor")
        assert "a code from an app does not sign you in" in factor.words
        assert "passkeys/new" not in factor.html
        assert f"{ACCOUNT}/factor" not in (await browser.open(NEW)).html
        _later(minutes=6)
        asking = await browser.open("/desk/break-glass")
        assert "Your agency asks you for a passkey" in asking.words
        assert 'name="password"' not in asking.html
        assert ("a", "href", f"{PROVE}?to=/desk/break-glass") in asking.attributes
        assert "Give the password" not in (await browser.open(PROVE)).words
        account = plain(await browser.open(ACCOUNT))
        for less, status in (("", 403), (app.code(), 401)):
            assert (await browser.send(account, RECOVERY, code=less)).status == status
        by_hand = [*account.form(RECOVERY).filled(), ("password", PASSWORD)]
        assert (await browser.post(RECOVERY, by_hand)).status == 401
        renewed = await browser.send(account, RECOVERY, code=codes[0])
        assert len(set(_codes(renewed)) - set(codes)) == 10


async def test_no_other_page_runs_a_script(world: World) -> None:
    browser = await at_the_desk(world, await world.somebody("CO"))
    for path in (DESK, ACCOUNT, NEW, f"{ACCOUNT}/factor", "/desk/tasks", "/desk/passkey.js"):
        page = await browser.open(path)
        assert page.status == 200
        assert "script-src" not in page.answer.headers["content-security-policy"], path
        assert "script" not in page.tags, path
    assert (await browser.open(NEW)).html.count("<script") == 0


async def test_the_script_is_small_asks_nobody_and_keeps_nothing(world: World) -> None:
    assert world
    async with Browser() as browser:
        answer = await browser.http.get("/desk/passkey.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) < 3000
    assert not re.search(r"https?:|fetch|XMLHttp|Storage|cookie|eval|innerHTML", answer.text)
    assert unescape(answer.text) == answer.text
