from tests.backend.pages.browser import at_the_desk, plain
from tests.world import PASSWORD, World


async def test_a_worker_keeps_a_colleague_away_and_lets_them_in_again(world: World) -> None:
    worker, colleague = await world.somebody("SW"), await world.somebody("TR")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    url = f"/desk/plans/{plan['id']}/walls"
    page = plain(await browser.open(url))
    assert "whoever has a mandate gets in" in page.words
    refused = await browser.send(page, url, kind="excluded", login="nobody-at-all")
    assert refused.status == 404
    page = plain(await browser.open(url))
    standing = plain(await browser.send(page, url, kind="excluded", login=colleague.login))
    assert "It holds from now on" in standing.words
    assert "kept away" in standing.words
    [wall] = await world.sql("SELECT id FROM wall")
    gone = plain(await browser.send(standing, f"{url}/{wall['id']}/end"))
    assert "whoever has a mandate gets in" in gone.words


async def test_glass_is_broken_at_two_desks(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    stranger = await world.somebody("SW")
    asking = await at_the_desk(world, stranger)
    page = plain(await asking.open("/desk/break-glass"))
    typed = {"alias": plan["alias"], "reason": "Their worker is ill, and it cannot wait."}
    asked = plain(await asking.send(page, "/desk/break-glass", **typed))
    assert "If there is such a person, a coordinator decides" in asked.words
    letting = await at_the_desk(world, head)
    waiting = plain(await letting.open("/desk/break-glass"))
    assert typed["reason"] in waiting.words
    [wish] = await world.sql("SELECT id FROM break_glass")
    let = plain(await letting.send(waiting, f"/desk/break-glass/{wish['id']}/let"))
    assert "let in for four hours" in let.words
    seen = plain(await asking.open(f"/desk/plans/{plan['id']}"))
    assert "Imaginary Person" in seen.words
    tasks = plain(await (await at_the_desk(world, worker)).open("/desk/tasks"))
    assert "Tell the person" in tasks.words


async def test_at_the_desk_too_glass_asks_who_one_is(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    asking = await at_the_desk(world, await world.somebody("SW"))
    letting = await at_the_desk(world, head)
    await world.sql("UPDATE session SET proved_at = now() - interval '6 minutes'")
    page = plain(await asking.open("/desk/break-glass"))
    assert "Your password" in page.words
    typed = {"alias": plan["alias"], "reason": "It cannot wait."}
    assert (await asking.send(page, "/desk/break-glass", **typed, password="")).status == 403
    wrong = await asking.send(page, "/desk/break-glass", **typed, password="not mine at all")
    assert wrong.status == 401
    asked = plain(await asking.send(page, "/desk/break-glass", **typed, password=PASSWORD))
    assert "Your password" not in asked.words, "it is fresh now"
    [wish] = await world.sql("SELECT id FROM break_glass")
    path = f"/desk/break-glass/{wish['id']}/let"
    waiting = plain(await letting.open("/desk/break-glass"))
    assert (await letting.send(waiting, path, password="")).status == 403
    let = plain(await letting.send(waiting, path, password=PASSWORD))
    assert "let in for four hours" in let.words
