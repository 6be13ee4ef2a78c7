"""No page of another site reads an answer, and nothing is changed by looking."""

from typing import Any

from litestar.routes import HTTPRoute

from tests.asgi import ask
from tests.backend.pages.browser import Browser, login_of
from tests.backend.pages.test_the_door import filled
from tests.backend.scene import Scene, a_scene
from tests.world import APP, World

ELSEWHERE = "https://elsewhere.test"
ROUTES = [
    (method, route.path_format)
    for route in APP.routes
    if isinstance(route, HTTPRoute)
    for method in sorted(set(route.methods) | {"OPTIONS"})
]


async def test_no_route_grants_another_site_anything(world: World) -> None:
    await world.an_agency()
    assert len(ROUTES) > 150
    for method, path in ROUTES:
        for origin in (ELSEWHERE, "null"):
            headers = {"Origin": origin}
            if method == "OPTIONS":
                headers["Access-Control-Request-Method"] = "POST"
                headers["Access-Control-Request-Headers"] = "authorization"
            answer = await ask(APP, method, filled(path), headers, b"")
            granted = [name for name in answer.headers if name.startswith("access-control-")]
            assert granted == [], (method, path)


async def test_whoever_is_signed_in_is_granted_no_more(world: World) -> None:
    scene = await a_scene(world)
    for operation, act in scene.acts.items():
        if act.method == "GET":
            answer = await scene.carry_out(operation, headers={"Origin": ELSEWHERE})
            assert answer.status_code == 200, operation
            granted = [name for name in answer.headers if name.startswith("access-control-")]
            assert granted == [], operation


# The record of who read what and was refused what, and how much of it there may be.
COUNTED = {"audit", "denial", "recent_act", "court_day"}


async def _rows(world: World) -> dict[str, Any]:
    """Of every table but the record of reads, how much it holds and who wrote in it last.

    A row that is written anew has a later writer, and one that is gone is missing.
    """
    tables = await world.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    looks = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS rows, max(xmin::text::bigint) AS last"
        f' FROM "{table}"'
        for table in sorted({row["relname"] for row in tables} - COUNTED)
    )
    return {row["name"]: (row["rows"], row["last"]) for row in await world.sql(looks)}


async def _changed(world: World, before: dict[str, Any]) -> set[str]:
    after = await _rows(world)
    return {table for table in before if before[table] != after[table]}


async def test_nothing_but_the_record_changes_by_any_read_of_the_api(world: World) -> None:
    scene = await a_scene(world)
    reads = [one for one, act in scene.acts.items() if act.method == "GET"]
    assert len(reads) > 15
    await _sign_everybody_in(scene)
    before = await _rows(world)
    for operation in reads:
        answer = await scene.carry_out(operation)
        assert answer.status_code == 200, operation
        assert await _changed(world, before) == set(), operation


async def _sign_everybody_in(scene: Scene) -> None:
    for caller in scene.callers.values():
        if caller.login:
            await caller.sign_in()


# What an authenticator is to sign is drawn for the page that asks for it, and good for it alone.
ASKED = {
    "notice": "?to=people",
    "print": "?sheet=card&language=en",
    "agenda": "?member={member_id}",
}
DRAWS = {"/desk/account/prove": {"passkey_challenge"}}


async def test_nothing_but_the_record_changes_by_opening_any_page(world: World) -> None:
    scene = await a_scene(world)
    ids = {
        "plan_id": scene.docket.plan,
        "row_id": scene.acts["changeMilestone"].ids[0],
        "incident_id": scene.acts["amendIncident"].ids[0],
        "area_id": scene.acts["saveNeedsArea"].ids[0],
        "meeting_id": scene.acts["changeMeeting"].ids[0],
        "member_id": scene.acts["answerMeeting"].ids[0],
        "date_id": scene.acts["changeAppointment"].ids[0],
        "amnesty_id": scene.acts["printAmnesty"].ids[0],
        "mentor_id": scene.acts["changeMentor"].ids[0],
        "club_id": scene.acts["changeClub"].ids[0],
        "welcome_id": scene.acts["changeWelcome"].ids[0],
        "relative_id": scene.acts["changeRelative"].ids[0],
        "template_id": scene.acts["getTemplate"].ids[0],
        "code": "HOU-02",
        "language": "en",
        "calendar_id": scene.acts["changeCalendar"].ids[0],
    }
    pages = [path for method, path in ROUTES if method == "GET" and path.startswith("/desk")]
    opened = set()
    for role in ("SW", "CO", "AD", "AU", "DP"):
        caller, browser = scene.callers[role], Browser()
        if caller.passkey is None:
            await browser.enter(await login_of(world, caller))
        else:
            await browser.show(caller.passkey)
        before = await _rows(world)
        for path in pages:
            query = ASKED.get(path.rpartition("/")[2], "")
            page = await browser.open(path.format(**ids) + query.format(**ids))
            assert page.status in {200, 403, 404, 409}, (role, path)
            assert await _changed(world, before) <= DRAWS.get(path, set()), (role, path)
            before = await _rows(world)
            opened |= {path} if page.status == 200 else set()
    assert set(pages) - opened == set()
    assert len(before) > 40
