"""Offices keep other hours for some weeks: a human says so, by days and hours and by no name."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.backend.pages.browser import at_the_desk, plain
from tests.dates import A_DAY, moves, put
from tests.world import Caller, World, a_day

FIRST, LAST = 30, 50  # days from today
SHORT = {"opens": "10:00:00", "closes": "13:00:00"}


def _season(first: int = FIRST, last: int = LAST, **hours: str) -> dict[str, str]:
    days = {"first": str(a_day() + first * A_DAY), "last": str(a_day() + last * A_DAY)}
    return {**days, **(hours or SHORT)}


async def _confirms(head: Caller, seasons: Any, status: int = 200, **more: Any) -> dict[str, Any]:
    [seen] = (await head.get("/calendars")).json()
    body = {"name": seen["name"], "working_days": [1, 2, 3, 4, 5, 6, 7], "closed": [], **more}
    if seasons is not None:
        body["seasons"] = seasons
    answer = await head.send("PUT", f"/calendars/{seen['id']}", body, version=seen["version"])
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = (await head.get("/calendars")).json()[0]
    return found


async def test_a_date_in_such_weeks_is_judged_by_their_hours(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    await world.sql("UPDATE agency SET opens = '08:00', closes = '17:00'")
    plan = (await world.a_plan(worker))["id"]
    found = await _confirms(head, [_season()])
    assert found["seasons"] == [_season()]

    async def said(days: int, at: str) -> list[str]:
        made = await put(worker, plan, a_day() + days * A_DAY, at, role="SW")
        return list(made["cautions"])

    for edge in (FIRST, LAST):
        assert await said(edge, "10:00") == ["reduced_hours"]
        assert await said(edge, "13:00") == ["outside_hours", "reduced_hours"]
    for outside in (FIRST - 1, LAST + 1):
        assert await said(outside, "15:00") == []
    moved = await moves(
        worker,
        (await put(worker, plan, a_day() + 20 * A_DAY, role="SW"))["id"],
        a_day() + 40 * A_DAY,
        "09:00",
    )
    assert moved["cautions"] == ["outside_hours", "reduced_hours"]
    async with await at_the_desk(world, worker) as desk:
        page = plain(await desk.open(f"/desk/plans/{plan}/dates"))
    assert "offices are open for a shorter time in these weeks" in page.words
    assert (await _confirms(head, None))["seasons"] == [_season()], "left out, they stay"
    assert (await _confirms(head, []))["seasons"] == []


@pytest.mark.parametrize(
    "seasons",
    [
        [_season(50, 30)],
        [_season(opens="13:00:00", closes="10:00:00")],
        [_season(), _season(LAST, 60)],
        [_season(700, 800)],
    ],
)
async def test_what_is_no_season_is_refused(world: World, seasons: list[dict[str, str]]) -> None:
    found = await _confirms(await world.somebody("CO"), seasons, 422)
    assert found["seasons"] == []


@pytest.mark.parametrize("more", ['"name": "x"', '"why": null', '"opens": "1"'])
async def test_the_database_holds_days_and_hours_and_nothing_else(world: World, more: str) -> None:
    await world.somebody("CO")
    day = date(2027, 1, 1).isoformat()
    hours = f'"first": "{day}", "last": "{day}", "opens": "10:00:00", "closes": "13:00:00"'
    keep = "UPDATE calendar SET seasons = $1::text::jsonb"
    await world.sql(keep, f"[{{{hours}}}]")
    with pytest.raises(Exception, match="calendar_seasons"):
        await world.sql(keep, f"[{{{hours}, {more}}}]")


async def test_at_the_desk_whoever_confirms_days_confirms_hours(world: World) -> None:
    head = await world.somebody("CO")
    here = f"/desk/calendars/{world.agency}"
    first, last = str(a_day() + timedelta(days=9)), str(a_day() + timedelta(days=20))
    line = {"first": [first, ""], "last": [last, ""]}
    async with await at_the_desk(world, head) as desk:
        page = plain(await desk.open(here))
        half: dict[str, Any] = {**line, "opens": ["10:00", ""], "closes": ["", ""]}
        refused = plain(await desk.send(page, f"{here}/seasons", **half))
        assert "two days and two hours" in refused.words
        assert first in [value for _, value in refused.form(f"{here}/seasons").filled()]
        whole: dict[str, Any] = {**line, "opens": ["10:00", ""], "closes": ["13:00", ""]}
        done = plain(await desk.send(refused, f"{here}/seasons", **whole))
        [season] = (await head.get("/calendars")).json()[0]["seasons"]
        assert season == {"first": first, "last": last, **SHORT}
        empty: dict[str, Any] = {
            name: ["", "", ""] for name in ("first", "last", "opens", "closes")
        }
        await desk.send(done, f"{here}/seasons", **empty)
    assert (await head.get("/calendars")).json()[0]["seasons"] == []
