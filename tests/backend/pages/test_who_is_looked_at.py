"""The first page: four views in one line, filters that the address keeps, and no name in it."""

import re
from urllib.parse import parse_qs, urlsplit

from tests.backend.flows.abroad import a_plan_abroad
from tests.backend.pages.browser import DESK, Page, at_the_desk, plain
from tests.releases import joins
from tests.world import World

NOBODY_YET = "There is nobody on your list yet."


def _links(page: Page) -> dict[str, dict[str, list[str]]]:
    """The addresses of the first page that stand on it, each with what it asks."""
    hrefs = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    return {one: parse_qs(urlsplit(one).query) for one in hrefs if urlsplit(one).path == DESK}


async def test_a_view_and_a_filter_hold_together_and_are_said_with_a_way_back(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    for days, name in ((10, "Imaginary Near"), (300, "Imaginary Far")):
        await world.a_plan(worker, in_days=days, person={"name": name, "language": "en"})
    browser = await at_the_desk(world, worker)
    first = plain(await browser.open(DESK))
    views = {one["view"][0] for one in _links(first).values() if "view" in one}
    assert views == {"now", "week", "waiting", "attention"}
    assert "Shown are those" not in first.words
    form = first.form(DESK).filled(release="within_14", pathway="")
    query = "&".join(f"{name}={value}" for name, value in form)
    shown = plain(await browser.open(f"{DESK}?{query}"))
    assert "release: inside, within two weeks" in shown.words
    assert "Imaginary Near" in shown.words
    assert "Imaginary Far" not in shown.words
    assert {"release": ["within_14"], "view": ["now"]} in _links(shown).values()
    assert DESK in _links(shown)
    both = plain(await browser.open(f"{DESK}?view=attention&release=within_14"))
    assert "a task of yours is open" in both.words
    assert "None of your people fits this." in both.words
    assert NOBODY_YET not in both.words
    assert ("view", "attention") in both.form(DESK).fields
    assert ("release", "within_14") in both.form(DESK).fields


async def test_what_was_chosen_stays_when_one_turns_the_page(world: World) -> None:
    worker = await world.somebody("SW")
    for number in range(26):
        await world.a_plan(worker, in_days=40 + number, template="light")
    browser = await at_the_desk(world, worker)
    asked = f"view=now&worker={worker.id}"
    first = plain(await browser.open(f"{DESK}?{asked}"))
    [on] = [href for href, query in _links(first).items() if "cursor" in query]
    assert on.startswith(f"{DESK}?{asked}&cursor=")
    second = plain(await browser.open(on))
    seen = [set(re.findall(r"/desk/plans/[0-9a-f-]{36}", one.html)) for one in (first, second)]
    assert [len(one) for one in seen] == [25, 1]
    assert not seen[0] & seen[1]
    assert "something of yours is due" in second.words


async def test_there_is_to_choose_what_there_is_more_than_one_of(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW", name="other")
    plan = await world.a_plan(worker, template="light")
    trainer, head = await world.somebody("TR"), await world.somebody("CO")
    for who, role in ((trainer, "TR"), (head, "CO")):
        await joins(world, worker, plan, who, role)
    browser = await at_the_desk(world, head)
    assert "Social worker" not in plain(await browser.open(DESK)).words
    theirs = await world.a_plan(other, template="light")
    await world.sql("UPDATE staff SET alias = 'Robin' WHERE id = $1", other.id)
    page = plain(await browser.open(f"{DESK}?worker={other.id}"))
    assert "the social worker is Robin" in page.words
    assert (theirs["alias"] in page.words, plan["alias"] in page.words) == (True, False)
    assert "Agency of the plan" not in page.words
    teaching = await at_the_desk(world, trainer)
    page = plain(await teaching.open(f"{DESK}?view=week"))
    assert not page.has_form(DESK), "a trainer is told no day, and nobody's part but their own"
    assert (await teaching.open(f"{DESK}?release=within_14")).status == 403


async def test_a_filter_that_is_none_is_refused_and_repeats_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    for asked in ("view=canary", "release=canary", "pathway=canary", "worker=canary"):
        page = plain(await browser.open(f"{DESK}?{asked}"))
        assert page.status == 400, asked
        assert "canary" not in page.html
    empty = plain(await browser.open(f"{DESK}?view=&release=&pathway=&worker=&agency="))
    assert NOBODY_YET in empty.words


async def test_who_works_elsewhere_chooses_among_the_agencies_of_their_plans(
    world: World,
) -> None:
    abroad = await a_plan_abroad(world)
    await world.a_flow(abroad.there)
    own = await world.a_plan(abroad.worker, template="light")
    browser = await at_the_desk(world, abroad.worker)
    page = plain(await browser.open(f"{DESK}?agency={abroad.there}"))
    assert "the plan is of Elsewhere" in page.words
    assert own["id"] in page.html
    assert str(abroad.docket.plan) not in page.html
