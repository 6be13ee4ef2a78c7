"""The pages that ask for a passkey: a script of ours and no other, and nothing lost without it."""

import json
import re
from html import unescape
from typing import Any

from tests.backend.authenticator import Authenticator
from tests.backend.pages.browser import DESK, SIGN_IN, Browser, Page, at_the_desk
from tests.world import World

ACCOUNT = "/desk/account"
NEW = f"{ACCOUNT}/passkeys/new"
MAKE = f"{ACCOUNT}/passkeys"
SHOW = f"{SIGN_IN}/passkey"


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
