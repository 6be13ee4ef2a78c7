"""A tap on the wrong row is taken back with a tap, for ten minutes and without JavaScript."""

from datetime import timedelta
from typing import Any

from tests.backend.pages.browser import at_the_desk
from tests.undoing import later
from tests.world import World, a_day, row


async def test_a_wrong_tap_is_taken_back_where_it_is_said_that_it_is_saved(world: World) -> None:
    later(timedelta(0))
    worker = await world.somebody("SW")
    async with await at_the_desk(world, worker) as browser:
        plan = await world.a_plan(worker, in_days=20)
        home, id_ = f"/desk/plans/{plan['id']}", row(plan, "PLN-01")["id"]
        page, step = await browser.open(home), f"/desk/rows/{id_}"
        assert not page.has_form(f"{step}/undo")
        saved = await browser.send(page, step, to="done")
        assert "is now done" in saved.words
        assert (await browser.open(step)).has_form(f"{step}/undo")
        back = await browser.send(saved, f"{step}/undo")
        assert "it is as it was before" in back.words
        assert row(await world.plan(worker, plan["id"]), "PLN-01")["state"] == "planned"
        # whoever goes back in the browser and taps once more hears the same
        again = await browser.send(saved, f"{step}/undo")
        assert again.status == 200
        assert "it is as it was before" in again.words
        history = await browser.open(step)
        assert "Taken back at once" in history.words
        assert not history.has_form(f"{step}/undo")
        saved = await browser.send(await browser.open(home), step, to="done")
        later(timedelta(minutes=10))
        assert not (await browser.open(f"{home}?saved={id_}")).has_form(f"{step}/undo")
        late = await browser.send(saved, f"{step}/undo")
        assert late.status == 409
        assert "Ten minutes have passed" in late.words


async def test_a_visit_and_a_contact_are_taken_back_whole(world: World) -> None:
    later(timedelta(0))
    worker = await world.somebody("SW")
    async with await at_the_desk(world, worker) as browser:
        plan = await world.a_plan(worker, in_days=20)
        home, first = f"/desk/plans/{plan['id']}", row(plan, "PLN-01")
        card, today = f"{home}/visit", a_day().isoformat()
        whole: dict[str, Any] = {
            "how": "met",
            "made_on": today,
            "tick": f"{first['id']}.{first['version']}",
        }
        next_on = (a_day() + timedelta(days=7)).isoformat()
        saved = await browser.send(await browser.open(card), card, next_on=next_on, **whole)
        assert "The visit is saved" in saved.words
        # its row belongs to the visit
        assert not (await browser.open(f"/desk/rows/{first['id']}")).has_form("undo")
        (visit,) = await world.sql("SELECT id FROM contact")
        back = await browser.send(saved, f"{home}/contacts/{visit['id']}/undo")
        assert "it is as it was before" in back.words
        assert row(await world.plan(worker, plan["id"]), "PLN-01")["state"] == "planned"
        assert await world.sql("SELECT 1 FROM appointment") == []
        assert await world.sql("SELECT 1 FROM contact") == []
        log = f"{home}/contacts"
        saved = await browser.send(await browser.open(log), log, how="phone", outcome="tried")
        (call,) = await world.sql("SELECT id FROM contact")
        await browser.send(saved, f"{home}/contacts/{call['id']}/undo")
        assert await world.sql("SELECT 1 FROM contact") == []
