"""The first page of a worker: whose turn comes by the day, and a plan that begins there."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.backend.pages.browser import DESK, at_the_desk, plain
from tests.world import World, a_day


async def test_the_caseload_goes_by_next_due_date_and_has_pages(world: World) -> None:
    worker = await world.somebody("SW")
    for number in range(27):
        await world.a_plan(
            worker,
            in_days=200 + 7 * number,
            template="light",
            person={"name": f"Imaginary {number:02}", "language": "en"},
        )
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(DESK))
    names = re.findall(r"Imaginary (\d\d)", page.words)
    assert names == sorted(names)
    assert len(names) == 25
    more = next(value for _, name, value in page.attributes if "cursor=" in value)
    rest = plain(await browser.open(more))
    assert re.findall(r"Imaginary (\d\d)", rest.words) == ["25", "26"]


async def test_overdue_is_a_word_and_moves_nobody_up(world: World) -> None:
    worker = await world.somebody("SW")
    early = await world.a_plan(worker, in_days=150)
    late = await world.a_plan(worker, in_days=180)
    await world.sql(
        "UPDATE milestone SET win_after = 0, due_on = due_on - 1"
        " WHERE plan = $1 AND code = 'FAM-01'",
        UUID(early["id"]),
    )
    browser = await at_the_desk(world, worker)
    page = await browser.open(DESK)
    assert page.words.count("overdue") == 1
    assert page.html.index(early["id"]) < page.html.index(late["id"])


async def test_a_plan_is_opened_on_a_page(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open("/desk/new"))
    day = (a_day() + timedelta(days=120)).isoformat()
    typed: dict[str, Any] = {"name": "Imaginary Newcomer", "language": "fr", "release_date": day}
    refused = await browser.send(page, "/desk/new", **{**typed, "name": ""})
    assert refused.status == 422
    assert ("release_date", day) in refused.form("/desk/new").fields
    opened = plain(
        await browser.send(
            refused, "/desk/new", **typed, release_time="09:30", overlays=["no_family"]
        )
    )
    assert "Imaginary Newcomer" in opened.words
    assert "09:30" in opened.words
    [plan] = await world.sql("SELECT overlays, supervision FROM plan")
    assert plan == {"overlays": ["no_family"], "supervision": False}
