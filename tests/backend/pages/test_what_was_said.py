"""At the desk: what was said waits, one tap answers it, and two sayings stand side by side."""

from tests.backend.pages.browser import at_the_desk, in_the_circle, plain
from tests.releases import is_claimed
from tests.world import World, row


async def test_what_was_said_waits_on_the_desk_until_one_tap(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    mentor = await in_the_circle(worker, plan["id"], "ME", name="Mentor", language="en")
    steps = [row(plan, code) for code in ("PLN-02", "HOU-02")]
    for step in steps:
        await is_claimed(world, mentor, step["id"])
    browser = await at_the_desk(world, worker)
    tasks = plain(await browser.open("/desk/tasks"))
    assert "Said, and waits for you" in tasks.words
    page = plain(await browser.open("/desk/verify"))
    assert page.words.index(steps[0]["title"]) < page.words.index(steps[1]["title"])
    first, second = (f"/desk/rows/{step['id']}" for step in steps)
    saved = plain(await browser.send(page, first, "known", to="done", known="provider"))
    assert saved.answer.url.path == "/desk/verify"
    assert not saved.has_form(first)
    left = plain(await browser.send(saved, second, "happened", happened="false"))
    assert not left.has_form(second)
    assert "Nothing waits for your word." in left.words
    now = await world.plan(worker, plan["id"])
    assert [row(now, code)["state"] for code in ("PLN-02", "HOU-02")] == ["done", "planned"]
    shown = plain(await browser.open(second))
    assert "Mentor: it happened" in shown.words
    assert "Social worker: not yet" in shown.words
    assert "These differ." in shown.words
    assert "Answered: not yet" in shown.words


async def test_a_row_that_is_done_and_is_said_not_to_be_asks_its_worker(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    mentor = await in_the_circle(worker, plan["id"], "ME", name="Mentor", language="en")
    step = row(plan, "HOU-02")
    await worker.patch(f"/milestones/{step['id']}", {"state": "done"}, version=1)
    await is_claimed(world, mentor, step["id"], happened=False)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open("/desk/verify"))
    assert "These differ." in page.words
    action = f"/desk/rows/{step['id']}"
    page = plain(await browser.send(page, action, "happened", happened="true"))
    assert not page.has_form(action)
    assert row(await world.plan(worker, plan["id"]), "HOU-02")["state"] == "done"


async def test_a_row_shows_its_worker_what_it_waits_for(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/rows/{row(plan, 'PLN-03')['id']}"))
    assert f"Waits for: {row(plan, 'PLN-01')['title']}" in " ".join(page.words.split())
