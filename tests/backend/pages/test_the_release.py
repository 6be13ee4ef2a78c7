"""The day of release on its page: moved, not today, out; and a plan that stands still."""

from datetime import date, timedelta
from uuid import uuid4

from tests.backend.pages.browser import at_the_desk, plain
from tests.world import World, a_day, row


async def test_the_release_date_moves_and_tells_what_moved_and_what_stayed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    pinned = row(plan, "PLN-08")
    day = (a_day() + timedelta(days=30)).isoformat()
    await worker.patch(f"/milestones/{pinned['id']}", {"due_on": day}, version=1)
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/release"
    page = plain(await browser.open(action))
    to = date.fromisoformat(plan["release_date"]) + timedelta(days=14)
    moved = plain(await browser.send(page, action, release_date=to.isoformat()))
    assert "The date has moved" in moved.words
    assert pinned["title"] in moved.words
    refused = plain(await browser.send(page, action, release_date=plan["release_date"]))
    assert refused.status == 422  # the same form with another date
    stale = plain(
        await browser.send(page, action, release_date=plan["release_date"], key=str(uuid4()))
    )
    assert stale.status == 412
    assert "Now it says" in stale.words
    assert ("release_date", plan["release_date"]) in stale.form(action).fields


async def test_not_today_and_left_custody_are_said_by_somebody(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=0, certainty="confirmed")
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/left-custody"
    page = await browser.open(f"/desk/plans/{plan['id']}/release")
    proof = page.forms[1].fields
    assert page.form(action)
    off = await browser.post(action, [*proof, ("left", "false")])
    assert "The release day is recorded." in off.words
    assert (await world.plan(worker, plan["id"]))["certainty"] == "expected"
    assert "Not today: tell the circle by voice" in off.words
    page = await browser.open(f"/desk/plans/{plan['id']}/release")
    out = await browser.post(action, [*page.forms[1].fields, ("left", "true")])
    assert "After release" in out.words
    assert (await world.plan(worker, plan["id"]))["state"] == "active_outside"


async def test_a_paused_plan_says_so_and_offers_no_change(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    page = await browser.open(f"/desk/plans/{plan['id']}/release")
    action = f"/desk/plans/{plan['id']}/state"
    paused = plain(await browser.send(page, action, state="paused"))
    assert "no message goes out" in paused.words
    assert not [one for one in paused.forms if "/rows/" in one.action]
