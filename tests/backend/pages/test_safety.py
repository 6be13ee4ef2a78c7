from typing import Any

from tests.backend.pages.browser import at_the_desk, in_the_circle, plain
from tests.world import World


async def test_a_worker_raises_and_lowers_a_flag_and_a_coordinator_looks_on(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    mother = await in_the_circle(worker, plan, "FA", name="Invented Mother")
    sibling = await in_the_circle(worker, plan, "FA", name="Invented Sibling")
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/safety"
    page = plain(await browser.open(url))
    assert "No flag stands" in page.words
    typed: Any = {
        "subject": mother,
        "raiser": mother,
        "kept_from": sibling,
        "words": "Afraid of him.",
    }
    standing = plain(await browser.send(page, f"{url}/flags", **typed))
    assert "The flag stands" in standing.words
    assert "on the word of Invented Mother" in standing.words
    assert "No message about days or places goes to Invented Sibling" in standing.words
    home: Any = {"subject": mother, "address": "7 Invented Lane"}
    protected = plain(await browser.send(standing, f"{url}/addresses", **home))
    assert "7 Invented Lane" in protected.words
    looking = plain(await (await at_the_desk(world, head)).open(url))
    assert "Afraid of him." in looking.words
    assert "Raise a flag" not in looking.words
    [flag] = await world.sql("SELECT id FROM safety_flag")
    lowered = plain(await browser.send(protected, f"{url}/flags/{flag['id']}/lower"))
    assert "No flag stands" in lowered.words
    [one] = await world.sql("SELECT id FROM protected_address")
    open_again = plain(await browser.send(lowered, f"{url}/addresses/{one['id']}/end"))
    assert "No address is protected" in open_again.words
    assert (await (await at_the_desk(world, await world.somebody("SW"))).open(url)).status == 404
