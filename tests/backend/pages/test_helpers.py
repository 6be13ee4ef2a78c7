"""The map and the mentors at the desk: what is typed, what is asked, what is shown to whom."""

from typing import Any

from tests.backend.pages.browser import at_the_desk, plain
from tests.world import World, a_day


async def test_somebody_is_named_asked_joins_and_is_barred_on_the_page_of_the_map(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    home = f"/desk/plans/{plan['id']}"
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"{home}/family"))
    typed: dict[str, Any] = {"name": "Imaginary Sister", "relation": "sibling", "wish": "wanted"}
    named = plain(await browser.send(page, f"{home}/family", **typed))
    assert "Nobody was told" in named.words
    assert "No machine says a word to them" in named.words
    [row] = await world.sql("SELECT id FROM relative")
    there = f"{home}/family/{row['id']}"
    part = plain(await browser.send(named, there, "takes_part", takes_part="true", language="ar"))
    asked = plain(await browser.send(part, there, "safety_asked"))
    assert "May be written to" in asked.words
    circle = plain(await browser.open(f"{home}/circle"))
    joined = await browser.send(circle, f"{home}/circle", role="FA", relative=str(row["id"]))
    assert "Imaginary Sister" in joined.words
    there_now = plain(await browser.open(f"{home}/family"))
    assert "in the circle" in there_now.words
    barred = plain(await browser.send(there_now, there, "barred"))
    assert "by an order" in barred.words
    assert "Imaginary Sister" not in plain(await browser.open(f"{home}/circle")).words
    lifted = await browser.send(barred, there, "barred")
    assert "by an order" not in lifted.words
    assert "They themselves: not asked yet" in lifted.words


async def test_a_coordinator_sees_the_page_and_nobody_on_it(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    body = {"name": "Imaginary Sister", "relation": "sibling", "wish": "wanted"}
    await worker.post(f"/plans/{plan['id']}/relatives", body)
    browser = await at_the_desk(world, head)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}/family"))
    assert "behind broken glass alone" in page.words
    assert "Sister" not in page.words


async def test_a_mentor_is_added_vetted_and_leaves_on_the_page_of_mentors(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    browser = await at_the_desk(world, head)
    page = plain(await browser.open("/desk/mentors"))
    added = plain(await browser.send(page, "/desk/mentors", name="Imaginary Mentor"))
    assert "Not vetted yet" in added.words
    [row] = await world.sql("SELECT id FROM mentor")
    there = f"/desk/mentors/{row['id']}"
    found: dict[str, Any] = {"vetting": "passed", "vetted_on": a_day().isoformat()}
    half = await browser.send(added, there, vetting="passed")
    assert half.status == 422
    vetted = plain(await browser.send(half, there, **found))
    assert "this holds until" in vetted.words
    theirs = await at_the_desk(world, worker)
    short = plain(await theirs.open("/desk/mentors"))
    assert "Imaginary Mentor" in short.words
    assert "free" in short.words
    assert "Vetted on" not in short.words
    assert not short.has_form(there)
    gone = plain(await browser.send(vetted, f"{there}/end"))
    assert "Nobody yet" in gone.words
