"""The list of groups and who welcomes a person, at the desk."""

from typing import Any

from tests.backend.pages.browser import at_the_desk, plain
from tests.world import World

LIST = "/desk/clubs"


async def test_a_group_is_put_on_the_list_changed_chosen_asked_and_let_go_at_the_desk(
    world: World,
) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    office = await at_the_desk(world, head)
    page = plain(await office.open(LIST))
    assert "Communities of faith are not in this list" in page.words
    typed: dict[str, Any] = {
        "kind": "music",
        "name": "Imaginary Choir",
        "area": "Old town",
        "hours": "Mondays",
        "offer_MEN": "sing with others",
        "contact_name": "Invented Singer",
    }
    half = await office.send(page, LIST, **typed)
    assert half.status == 422, "a human has a way to be reached"
    added = plain(await office.send(plain(half), LIST, **typed, contact_reach="at the door"))
    assert "Mentor: sing with others" in added.words
    [row] = await world.sql("SELECT id, contact FROM club")
    assert b"Singer" not in row["contact"]
    there = f"{LIST}/{row['id']}"
    changed = plain(await office.send(added, there, offer_MEN="", offer_VOC="learn to read music"))
    assert "sing with others" not in changed.words
    assert "Invented Singer, at the door" in changed.words
    theirs = await at_the_desk(world, worker)
    shown = plain(await theirs.open(LIST))
    assert "learn to read music" in shown.words
    assert not shown.has_form(there)
    home = f"/desk/plans/{plan['id']}/welcome"
    first = plain(await theirs.open(home))
    assert "no machine says a word" in first.words
    named = plain(await theirs.send(first, home, club=str(row["id"])))
    assert "Until both have said yes, nothing else happens" in named.words
    [one] = await world.sql("SELECT id FROM welcome")
    agreed = plain(await theirs.send(named, f"{home}/{one['id']}", tell="name_and_day"))
    heard = plain(await theirs.send(agreed, f"{home}/{one['id']}"))
    assert "They: said yes" in heard.words
    assert "Does the link hold?" in heard.words
    blind = plain(await office.open(home))
    assert "behind broken glass alone" in blind.words
    assert "Imaginary Choir" not in blind.words
    ended = plain(await theirs.send(heard, f"{home}/{one['id']}/end"))
    assert "Who it was is forgotten" in ended.words
    asked = plain(await theirs.send(ended, f"{home}/check", "answer", answer="none"))
    assert "Does the link hold?" not in asked.words
    off = plain(await office.send(changed, f"{there}/end"))
    assert "Nothing yet" in off.words
