"""What an operator types before anybody can sign in."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from uuid import UUID

import pytest

from backend.agencies.actions import NewAgency
from backend.errors import NotFromThisState
from backend.founding import Account, found_agency
from tests.backend.admin.terminals import AGENCY, LINES, REST, TOKEN, Terminal, refused
from tests.world import PASSWORD, Caller, World


async def test_the_first_agency_is_made_once_with_an_administrator_who_can_sign_in(
    terminal: Terminal, world: World
) -> None:
    done = await terminal.first()
    assert done.returncode == 0, done.stderr
    assert "off:" not in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    [agency] = await world.sql("SELECT * FROM agency")
    assert (agency["name"], agency["language"], agency["demo"]) == ("Vallon", "fr", False)
    assert agency["working_days"] == [1, 2, 3, 4, 5]
    [bot] = await world.sql("SELECT number, username FROM bot")
    assert bot == {"number": "4242", "username": "vallon_desk_bot"}
    [staff] = await world.sql("SELECT role, login FROM staff")
    assert staff == {"role": "AD", "login": "alex"}
    await Caller(login="alex").sign_in()
    noted = await world.sql("SELECT operation, role FROM audit WHERE actor = $1", UUID(int=0))
    assert [(one["operation"], one["role"]) for one in noted] == [
        ("makeAgency", "OP"),
        ("addStaff", "OP"),
        ("makeBot", "OP"),
    ]
    refused(await terminal.first("--name", "Second"), "There is an agency already: Vallon")
    assert len(await world.sql("SELECT id FROM agency")) == 1


async def test_two_at_once_make_one_agency(world: World) -> None:
    def one(login: str) -> Coroutine[None, None, None]:
        new = NewAgency("Vallon", "Vallon Desk", "Africa/Tunis", "fr")
        return found_agency(new, Account("AD", login, "Alex", PASSWORD), None)

    done = await asyncio.gather(*map(one, ("alex", "alix", "alox")), return_exceptions=True)
    assert Counter(type(result) for result in done) == {type(None): 1, NotFromThisState: 2}
    assert len(await world.sql("SELECT id FROM agency")) == 1


async def test_what_stays_off_is_said_and_can_be_set_later(
    terminal: Terminal, world: World
) -> None:
    file = ("--password-file", str(terminal.password))
    done = await terminal.run(
        "first", *AGENCY, *REST[2:], "--login", "alex", *file, TELEGRAM_TOKEN=""
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("off:")]
    assert len(said) == 3
    assert "TELEGRAM_TOKEN" in said[0]
    assert "no emergency number, no crisis text, no duty phone" in said[1]
    assert "no crisis line" in said[2]
    part = await terminal.run("lines", *LINES)
    assert "off: nothing is sent to anybody: no crisis text" in part.stdout
    whole = await terminal.run("lines", *REST[:2])
    assert (whole.returncode, whole.stdout) == (0, "Saved.\n")
    [agency] = await world.sql("SELECT emergency_number, crisis_line, duty_phone FROM agency")
    assert list(agency.values()) == ["190", "80 10 10", "71 000 000"]
    spoke = await terminal.run("bot", "--username", "@vallon_desk_bot")
    assert spoke.returncode == 0, spoke.stderr
    assert [one["number"] for one in await world.sql("SELECT number FROM bot")] == ["4242"]
    refused(await terminal.run("bot", TELEGRAM_TOKEN="none"), "TELEGRAM_TOKEN is no bot token")


async def test_which_of_several_bots_speaks_is_said_by_its_number(
    world: World, terminal: Terminal
) -> None:
    several = f"{TOKEN}\n5151:another-token-that-nobody-may-see"
    first = await terminal.first("--bot-number", "4242", TELEGRAM_TOKEN=several)
    assert first.returncode == 0, first.stderr
    name = ("--username", "vallon_desk_bot")
    unsaid = await terminal.run("bot", *name, TELEGRAM_TOKEN=several)
    refused(unsaid, "--bot-number says which: 4242, 5151")
    unknown = await terminal.run("bot", *name, "--bot-number", "6", TELEGRAM_TOKEN=several)
    refused(unknown, "no token of this bot")
    assert [one["number"] for one in await world.sql("SELECT number FROM bot")] == ["4242"]
    spoke = await terminal.run("bot", *name, "--bot-number", "5151", TELEGRAM_TOKEN=several)
    assert spoke.returncode == 0, spoke.stderr
    assert "5151" in spoke.stdout
    numbers = "SELECT number FROM bot WHERE agency = (SELECT id FROM agency)"
    assert "5151" in [one["number"] for one in await world.sql(numbers)]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--zone", "Mars/Olympus"), "IANA"),
        (("--service-alias", "Probation Desk"), "not fit for a chat"),
        (("--emergency-number", "www.example.org"), "emergency number is not fit"),
        (("--duty-phone", "71 000 000 and then 72 000 000"), "20 characters at most"),
        (("--crisis-text", "The probation office will call."), "crisis text is not fit"),
        (("--working-days", "0"), "Working days"),
        (("--opens", "18:00"), "opens before it closes"),
        (("--name", " "), "Name of the agency"),
        (("--bot-username", "no"), "username of a bot"),
        (("--alias", "x1"), "alias"),
    ],
)
async def test_what_cannot_be_saved_is_one_line_and_nothing_is_written(
    terminal: Terminal, world: World, words: tuple[str, ...], reason: str
) -> None:
    refused(await terminal.first(*words), reason)
    assert await world.sql("SELECT id FROM agency") == []
    assert await world.sql("SELECT id FROM actor") == []
