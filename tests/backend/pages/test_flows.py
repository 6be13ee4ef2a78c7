"""The registry at the desk: to confirm, to end, to record; and to look at."""

from tests.backend.courts.docket import a_court
from tests.backend.pages.browser import Browser, at_the_desk, login_of, plain
from tests.world import World

URL = "/desk/flows"


async def test_an_administrator_confirms_records_and_ends(world: World) -> None:
    head, there = await world.somebody("AD"), await world.an_agency(name="Probation Service")
    await a_court(world)
    browser = Browser()
    page = plain(await browser.enter(await login_of(world, head), to=URL))
    assert page.words.count("Nobody has confirmed this yet") == 5
    [flow] = await world.sql("SELECT id FROM data_flow WHERE kind = 'court'")
    confirm = f"{URL}/{flow['id']}/confirm"
    refused = await browser.send(page, confirm, law="Act on Return", article="")
    assert refused.status == 422
    done = plain(await browser.send(page, confirm, law="Act on Return", article="Article 4"))
    assert "Confirmed." in done.words
    assert "Act on Return, Article 4" in done.words
    refused = await browser.send(done, URL, to=f"agency:{there}", groups=["alias", "milestones"])
    assert refused.status == 422  # a law has no name yet
    made = plain(
        await browser.send(
            done,
            URL,
            to=f"agency:{there}",
            groups=["alias"],
            basis="law",
            purpose="care",
            law="Act on Return",
            article="7",
            until="2099-12-31",
        )
    )
    assert "To Probation Service" in made.words
    [flow] = await world.sql("SELECT id, until FROM data_flow WHERE kind = 'agency'")
    assert flow["until"].isoformat() == "2099-12-31T23:00:00+00:00"  # the whole last day in Tunis
    ended = plain(await browser.send(made, f"{URL}/{flow['id']}/end"))
    assert "It has ended" in ended.words
    assert "What has ended (1)" in ended.words


async def test_a_coordinator_looks_and_a_worker_does_not(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    page = plain(await (await at_the_desk(world, head)).open(URL))
    assert "their own file" in page.words
    assert not page.has_form(URL)
    assert (await (await at_the_desk(world, worker)).open(URL)).status == 403
