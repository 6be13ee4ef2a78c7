from tests.backend.duties import asked
from tests.backend.pages.browser import at_the_desk, plain
from tests.world import PASSWORD, World

REASON = "A complaint is before a court."


async def test_one_coordinator_asks_and_another_holds_lets_go_and_erases(world: World) -> None:
    head, second, worker = [await world.somebody(role) for role in ("CO", "CO", "SW")]
    plan = await world.a_plan(worker)
    url = f"/desk/plans/{plan['id']}/erasure"
    asking, browser = await at_the_desk(world, second), await at_the_desk(world, head)
    page = plain(await asking.open(url))
    assert "No hold stands" in page.words
    page = plain(await asking.send(page, url + "/wishes"))
    assert "Another coordinator decides" in page.words
    assert not page.has_form(url), "nobody lets what they asked for"
    page = plain(await browser.open(url))
    held = plain(await browser.send(page, url + "/holds", reason=REASON))
    assert "nothing is erased" in held.words
    assert REASON in held.words
    assert not held.has_form(url)
    refused = await browser.send(page, url)
    assert refused.status == 409
    assert "A legal hold stands" in refused.words
    [hold] = await world.sql("SELECT id FROM legal_hold")
    gone = plain(await browser.send(held, f"{url}/holds/{hold['id']}/end"))
    assert "The hold has ended" in gone.words
    done = plain(await browser.send(gone, url))
    assert "It is done" in done.words
    assert "nobody on your list" in done.words
    assert (await browser.open(f"/desk/plans/{plan['id']}")).status == 404
    assert (await browser.open(url)).status == 404


async def test_at_the_desk_too_who_erases_shows_who_they_are(world: World) -> None:
    head, second, worker = [await world.somebody(role) for role in ("CO", "CO", "SW")]
    plan = await world.a_plan(worker)
    await asked(world, plan["id"], second)
    browser = await at_the_desk(world, head)
    await world.sql("UPDATE session SET proved_at = now() - interval '6 minutes'")
    url = f"/desk/plans/{plan['id']}/erasure"
    page = plain(await browser.open(url))
    assert "Your password" in page.words
    for typed, status in (("", 403), ("not the password", 401)):
        refused = await browser.send(page, url, password=typed)
        assert refused.status == status
        assert "not the password" not in refused.html
    failures = await world.sql("SELECT 1 FROM sign_in_failure")
    assert len(failures) == 1, "a wrong password counts"
    done = await browser.send(page, url, password=PASSWORD)
    assert "It is done" in done.words


async def test_a_worker_reads_the_hold_and_is_offered_no_erasure(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    body = {"reason": REASON}
    assert (await head.post(f"/plans/{plan['id']}/legal-holds", body)).status_code == 201
    browser = await at_the_desk(world, worker)
    url = f"/desk/plans/{plan['id']}/erasure"
    page = plain(await browser.open(url))
    assert REASON in page.words
    assert not page.has_form(url)
    assert not page.has_form(url + "/holds")
