import hashlib
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from uuid import uuid4

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from backend import clock
from backend.app import PUBLIC_PAGES
from backend.doors import PAGE, PUBLIC
from backend.settings import settings
from tests.backend.pages.browser import DESK, SIGN_IN, Browser, Page, at_the_desk, login_of
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.world import APP, PASSWORD, World, a_day, row


def handlers() -> list[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of every page, with an id for every parameter."""
    return [
        (method, route.path_format, handler)
        for route in APP.routes
        if isinstance(route, HTTPRoute) and route.path.startswith(DESK)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    ]


def filled(path: str) -> str:
    return "/".join(str(uuid4()) if "{" in part else part for part in path.split("/"))


def set_cookie(page: Page, name: str = "throughcare") -> SimpleCookie:
    return next(
        SimpleCookie(line)
        for line in page.answer.headers.get_list("set-cookie")
        if line.startswith(f"{name}=")
    )


async def test_the_first_page_asks_a_stranger_to_sign_in(world: World) -> None:
    async with Browser() as browser:
        page = await browser.open(DESK)
        assert str(page.answer.url).endswith(SIGN_IN)
        assert page.form(SIGN_IN)
        assert world


async def test_the_bare_address_leads_to_the_desk(world: World) -> None:
    async with Browser() as browser:
        page = await browser.open("/")
        assert str(page.answer.url).endswith(SIGN_IN)
        assert world


async def test_every_page_refuses_the_anonymous_but_the_reviewed_ones(world: World) -> None:
    assert world
    every = handlers()
    assert len(every) > 25
    of_the_desk = {path for path in PUBLIC_PAGES if path.startswith("/desk")}
    assert {path for _, path, handler in every if handler.opt.get(PUBLIC)} == of_the_desk
    async with Browser() as browser:
        for method, path, handler in every:
            assert handler.opt.get(PAGE)
            if handler.opt.get(PUBLIC):
                continue
            answer = await browser.http.request(method, filled(path))
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith(SIGN_IN)


async def test_a_form_without_the_proof_of_this_session_is_refused_everywhere(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    browser, other = await at_the_desk(world, worker), await at_the_desk(world, worker)
    foreign = (await other.open(DESK)).form("/desk/sign-out").fields[0][1]
    for method, path, _ in handlers():
        if method == "POST":
            for proof in ([], [("csrf", foreign)], [("csrf", "")]):
                page = await browser.post(filled(path), proof, follow=False)
                assert page.status == 403, path
                assert "This form cannot be taken" in page.words
    assert (await browser.open(DESK)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.test"},
    ],
)
async def test_a_form_that_stood_on_another_site_is_refused_even_with_its_proof(
    world: World, headers: dict[str, str]
) -> None:
    browser = await at_the_desk(world, await world.somebody("SW"))
    proof = (await browser.open(DESK)).form("/desk/sign-out").fields
    assert (await browser.post("/desk/sign-out", proof, headers=headers)).status == 403
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert (await browser.post("/desk/sign-out", proof, headers=own)).status == 200


async def test_a_wrong_password_and_an_unknown_login_look_alike_and_keep_what_was_typed(
    world: World,
) -> None:
    login = await login_of(world, await world.somebody("SW"))
    async with Browser() as browser:
        wrong = await browser.enter(login, "not the password at all")
        unknown = await browser.enter("nobody", "not the password at all")
        assert (wrong.status, unknown.status) == (401, 401)
        assert wrong.html.replace(login, "nobody") == unknown.html
        assert ("login", login) in wrong.form(SIGN_IN).fields
        assert "not the password" not in wrong.html
        assert "throughcare=" not in str(wrong.answer.headers.get_list("set-cookie"))


async def test_too_many_tries_say_so_and_a_browser_that_is_known_goes_on(world: World) -> None:
    worker = await world.somebody("SW")
    login = await login_of(world, worker)
    known = await at_the_desk(world, worker)
    await known.send(await known.open(DESK), "/desk/sign-out")
    async with Browser() as browser:
        for _ in range(10):
            assert (await browser.enter(login, "wrong")).status == 401
        assert (await browser.enter(login)).status == 429
    assert (await known.enter(login)).status == 200


async def test_the_cookie_is_for_this_host_alone_and_for_no_script(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = await login_of(world, await world.somebody("SW"))
    async with Browser() as browser:
        page = await browser.open(SIGN_IN)
        sent = page.form(SIGN_IN).filled(login=login, password=PASSWORD)
        cookie = set_cookie(await browser.post(SIGN_IN, sent, follow=False))["throughcare"]
    assert (cookie["httponly"], cookie["path"]) == (True, "/")
    assert cookie["samesite"].lower() == "strict"
    assert (cookie["domain"], cookie["max-age"], cookie["secure"]) == ("", "", "")
    monkeypatch.setenv("SECURE_COOKIES", "on")
    settings.cache_clear()
    try:
        async with Browser("https://desk.test") as browser:
            page = await browser.open(SIGN_IN)
            sent = page.form(SIGN_IN).filled(login=login, password=PASSWORD)
            answer = await browser.post(SIGN_IN, sent, follow=False)
            name = "__Host-throughcare"
            assert set_cookie(answer, name)[name]["secure"]
            assert (await browser.open(DESK)).has_form("/desk/sign-out")
    finally:
        settings.cache_clear()


async def test_the_cookie_opens_no_api_and_a_bearer_opens_no_page(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    cookie = browser.http.cookies["throughcare"]
    assert (await browser.http.get("/plans")).status_code == 401
    as_bearer = {"Authorization": f"Bearer {cookie}"}
    assert (await browser.http.get("/plans", headers=as_bearer)).status_code == 401
    async with Browser() as stranger:
        bearer = {"Authorization": f"Bearer {worker.token}"}
        assert (await stranger.http.get(DESK, headers=bearer)).status_code == 303
        stranger.http.cookies["throughcare"] = str(worker.token)
        assert (await stranger.http.get(DESK)).status_code == 303


async def test_every_sign_in_is_a_new_session_and_ends_the_one_before(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    first = browser.http.cookies["throughcare"]
    await browser.enter(await login_of(world, worker))
    assert browser.http.cookies["throughcare"] != first
    async with Browser() as other:
        other.http.cookies["throughcare"] = first
        assert (await other.http.get(DESK)).status_code == 303


async def test_signing_out_ends_the_session_and_clears_the_browser(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    cookie = browser.http.cookies["throughcare"]
    page = await browser.open(DESK)
    out = await browser.send(page, "/desk/sign-out", follow=False)
    assert out.answer.headers["clear-site-data"] == '"cache", "storage"'
    assert set_cookie(out)["throughcare"]["max-age"] == "0"
    assert "throughcare-device" in browser.http.cookies  # it opens nothing
    assert "throughcare" not in browser.http.cookies
    browser.http.cookies["throughcare"] = cookie
    assert (await browser.http.get(DESK)).status_code == 303


async def test_half_an_hour_without_a_tap_ends_it_and_twelve_hours_in_any_case(
    world: World,
) -> None:
    start = clock.now()

    def after(**span: float) -> None:
        clock.travel(lambda: start + timedelta(**span))

    browser = await at_the_desk(world, await world.somebody("SW"))
    for quarter in range(1, 47):
        after(minutes=15 * quarter)
        assert (await browser.http.get(DESK)).status_code == 200, quarter
    after(minutes=15 * 46 + 31)
    assert (await browser.http.get(DESK)).status_code == 303
    clock.travel(None)
    browser = await at_the_desk(world, await world.somebody("SW"))
    began = clock.now()
    for quarter in range(1, 48):
        moment = began + timedelta(minutes=15 * quarter)
        clock.travel(lambda moment=moment: moment)  # type: ignore[misc]
        assert (await browser.http.get(DESK)).status_code == 200
    clock.travel(lambda: began + timedelta(hours=12, minutes=1))
    assert (await browser.http.get(DESK)).status_code == 303


async def test_a_sign_in_leads_back_to_the_page_and_never_to_another_site(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    login = await login_of(world, worker)
    async with Browser() as browser:
        asked = await browser.http.get(f"/desk/plans/{plan['id']}")
        page = await browser.open(asked.headers["location"])
        there = await browser.send(page, SIGN_IN, login=login, password=PASSWORD)
        assert there.answer.url.path == f"/desk/plans/{plan['id']}"
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "/plans", "/deskx"):
        async with Browser() as browser:
            assert (await browser.enter(login, to=elsewhere)).answer.url.path == DESK


async def test_what_was_typed_outlives_a_session_that_ran_out(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "PLN-02")
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{step['id']}"
    page = await browser.open(action)
    day = (a_day() + timedelta(days=9)).isoformat()
    typed = page.form(action).filled(to="in_progress", due_on=day)
    start: datetime = clock.now()
    clock.travel(lambda: start + timedelta(minutes=40))
    own = {"Sec-Fetch-Site": "same-origin"}
    door = await browser.post(action, typed, headers=own)
    assert door.status == 401
    again = await browser.send(
        door, SIGN_IN, login=await login_of(world, worker), password=PASSWORD
    )
    assert again.status == 200
    assert day in again.words
    assert row(await _plan(world, plan["id"]), "PLN-02")["state"] == "planned"
    assert (await browser.send(again, action)).status == 200
    found = row(await _plan(world, plan["id"]), "PLN-02")
    assert (found["state"], str(found["due_on"])) == ("in_progress", day)
    # without the browser's word nothing is kept: another site may have filled it in
    clock.travel(lambda: start + timedelta(minutes=120))
    assert (await browser.post(action, typed, follow=False)).status == 303


async def test_what_an_address_says_beside_its_page_is_looked_past(world: World) -> None:
    worker = await world.somebody("SW")
    plan = str((await world.a_plan(worker))["id"])
    paper = await a_paper(world, worker, plan, await in_circle(worker, plan))
    desk, own = await at_the_desk(world, worker), await comes_in(paper)
    for browser, page in ((desk, DESK), (desk, f"{DESK}/plans/{plan}"), (own, "/file")):
        for beside in ("from=a-letter", "from=a-letter&from=another"):
            answer = await browser.http.get(f"{page}?{beside}", headers={"X-Purpose": "none"})
            assert answer.status_code == 200, (page, beside)


async def test_every_answer_forbids_scripts_frames_and_keeping(world: World) -> None:
    browser = await at_the_desk(world, await world.somebody("SW"))
    answers = [
        await browser.http.get(DESK),
        await browser.http.get(f"/desk/plans/{uuid4()}"),
        await browser.http.get("/desk/no-such-page"),
        await browser.http.post("/desk/tasks"),
        await Browser().http.get(SIGN_IN),
        await Browser().http.get(DESK),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 404, 405, 200, 303]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.status_code == 303 or answer.text.startswith("<!doctype html>")


async def test_the_style_sheet_is_small_and_asks_no_other_host(world: World) -> None:
    assert world
    async with Browser() as browser:
        answer: httpx.Response = await browser.http.get("/desk/style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert len(answer.content) < 8_000
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    assert hashlib.sha256(answer.content).hexdigest()[:8] in (await Browser().open(SIGN_IN)).html


async def _plan(world: World, id_: str) -> dict[str, list[dict[str, object]]]:
    rows = await world.sql("SELECT * FROM milestone WHERE plan = $1::text::uuid", id_)
    return {"milestones": rows}
