"""What a form of the desk leaves as it is, and what it takes away."""

from typing import Any

from tests.backend.pages.browser import at_the_desk, plain
from tests.world import World


async def test_whoever_joins_from_the_map_keeps_their_language(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    named = {"name": "Imaginary Sister", "relation": "sibling", "wish": "wanted", "language": "ar"}
    made = await worker.post(f"/plans/{plan['id']}/relatives", named)
    assert made.status_code == 201, made.text
    there = f"/relatives/{made.json()['id']}"
    for version, body in ((1, {"takes_part": True, "language": "ar"}), (2, {"safety_asked": True})):
        changed = await worker.patch(there, body, version=version)
        assert changed.status_code == 200, changed.text
    home = f"/desk/plans/{plan['id']}/circle"
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(home))
    typed: dict[str, Any] = {"role": "FA", "relative": made.json()["id"]}
    assert "Imaginary Sister" in (await browser.send(page, home, **typed)).words
    assert await world.sql("SELECT language FROM member WHERE role = 'FA'") == [{"language": "ar"}]


async def test_no_language_ticked_is_no_language(world: World) -> None:
    head = await world.somebody("CO")
    made = await head.post("/mentors", {"name": "Imaginary Mentor", "languages": ["fr", "en"]})
    there = f"/desk/mentors/{made.json()['id']}"
    browser = await at_the_desk(world, head)
    page = plain(await browser.open("/desk/mentors"))
    assert ("languages", "fr") in page.form(there).fields
    saved = plain(await browser.send(page, there, languages=[]))
    assert "It is saved" in saved.words
    assert await world.sql("SELECT languages FROM mentor") == [{"languages": []}]
    assert not {value for name, value in saved.form(there).fields if name == "languages"}


async def test_the_page_says_what_is_kept_of_a_mentor_who_stops(world: World) -> None:
    head = await world.somebody("CO")
    made = await head.post("/mentors", {"name": "Imaginary Mentor"})
    there = f"/desk/mentors/{made.json()['id']}/end"
    browser = await at_the_desk(world, head)
    page = plain(await browser.open("/desk/mentors"))
    assert "Their name, the result of the vetting and its day go after a year" in page.words
    await browser.send(page, there)
    [row] = await world.sql("SELECT identity IS NOT NULL AS name, languages FROM mentor")
    assert row == {"name": True, "languages": []}
