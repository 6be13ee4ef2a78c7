"""An administrator's page: who works here, who is invited, who has left."""

import re
from typing import Any

from tests.backend.pages.browser import SIGN_IN, Browser, at_the_desk, login_of, plain
from tests.world import PASSWORD, Caller, World

AGENCY = "/desk/agency"
COLLEAGUES, JOIN = "/desk/colleagues", "/desk/join"
CHOSEN = "what only I have chosen"


async def _desk_of(world: World, who: Caller) -> Browser:
    """A browser of whoever it is: not all of them begin with people."""
    browser = Browser()
    assert (await browser.enter(await login_of(world, who))).status == 200
    return browser


async def test_a_colleague_is_invited_joins_and_leaves(world: World) -> None:
    head = await world.somebody("AD")
    desk = Browser()
    begins = plain(await desk.enter(await login_of(world, head)))
    assert begins.answer.url.path == "/desk/agency"  # an administrator has no people
    page = plain(await desk.open(COLLEAGUES))
    made = plain(await desk.send(page, COLLEAGUES, role="SW", alias="Robin"))
    (invited,) = await world.sql("SELECT id FROM account_invitation")
    (code,) = re.findall("[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", made.words)
    async with Browser() as stranger:
        door = plain(await stranger.open(JOIN))
        refused = plain(await stranger.send(door, JOIN, code=code, login="robin", password="short"))
        assert "15 to 128 characters" in refused.words
        assert "short" not in refused.html.replace("too short", "")
        joined = await stranger.send(refused, JOIN, code=code, login="robin", password=CHOSEN)
        assert "Your account is there" in plain(joined).words
        inside = await stranger.send(joined, SIGN_IN, login="robin", password=CHOSEN)
        assert inside.answer.url.path == "/desk"
        async with Browser() as late:
            typed = {"code": code, "login": "more", "password": CHOSEN}
            again = plain(await late.send(await late.open(JOIN), JOIN, **typed))
            assert again.status == 401
            assert "mistyped, used or too old" in again.words
        (robin,) = await world.sql("SELECT id FROM staff WHERE login = 'robin'")
        end = f"{COLLEAGUES}/{robin['id']}/end"
        ended = plain(await desk.send(await desk.open(COLLEAGUES), end))
        assert "The account has ended." in ended.words
        assert "Robin" not in ended.words
        assert (await stranger.open("/desk")).answer.url.path == SIGN_IN
    assert str(invited["id"]) not in made.html


async def test_an_invitation_is_taken_back(world: World) -> None:
    desk = await _desk_of_a_head(world)
    await desk.send(await desk.open(COLLEAGUES), COLLEAGUES, role="TR", alias="Robin")
    (invited,) = await world.sql("SELECT id FROM account_invitation")
    page = plain(await desk.open(COLLEAGUES))
    gone = plain(await desk.send(page, f"{COLLEAGUES}/invitations/{invited['id']}/end"))
    assert "taken back" in gone.words
    assert "Robin" not in gone.words


async def _desk_of_a_head(world: World) -> Browser:
    desk = Browser()
    await desk.enter(await login_of(world, await world.somebody("AD")))
    return desk


async def test_whose_proof_is_old_types_the_password_and_a_wrong_one_counts(world: World) -> None:
    desk = await _desk_of_a_head(world)
    await world.sql("UPDATE session SET proved_at = now() - interval '6 minutes' RETURNING id")
    page = plain(await desk.open(COLLEAGUES))
    typed: dict[str, Any] = {"role": "SW", "alias": "Robin"}
    wrong = plain(await desk.send(page, COLLEAGUES, **typed, password="not mine at all"))
    assert wrong.status == 401
    counted = await world.sql("SELECT count(*) FROM sign_in_failure")
    assert counted[0]["count"] == 1
    made = plain(await desk.send(wrong, COLLEAGUES, **typed, password=PASSWORD))
    assert "shown once" in made.words


async def test_a_coordinator_sees_who_works_here_and_changes_nothing(world: World) -> None:
    head = await world.somebody("CO")
    desk = await at_the_desk(world, head)
    page = plain(await desk.open(COLLEAGUES))
    assert "you" in page.words
    assert [one.action for one in page.forms] == ["/desk/sign-out"]


async def test_an_agency_that_asks_less_than_passkeys_is_told_so_on_its_page(world: World) -> None:
    saying = {
        "none": "No second factor is asked of anybody here",
        "leaders": "asked of coordinators and administrators alone",
        "all": "may come in with codes from an app",
    }
    how = "./run admin second-factor --of passkeys"
    people = {role: await world.somebody(role) for role in ("AD", "CO", "AU", "SW", "DP")}
    desks = {role: await _desk_of(world, who) for role, who in people.items()}
    for rule, said in saying.items():
        await world.sql("UPDATE agency SET second_factor = $1", rule)
        for role, desk in desks.items():
            page = plain(await desk.open(AGENCY))
            told = role in {"AD", "CO", "AU"}
            assert ((said in page.words), (how in page.words)) == (told, told), (rule, role)
    for sql in ("second_factor = 'passkeys'", "second_factor = 'none', demo = true"):
        await world.sql(f"UPDATE agency SET {sql}")
        assert how not in (await desks["AD"].open(AGENCY)).words, sql
