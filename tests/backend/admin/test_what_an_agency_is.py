"""What an operator says of an agency, and how it is kept."""

import pytest

from backend.admin import LANGUAGES
from backend.agencies.lines import Lines, check_lines
from backend.errors import Unfit
from bots.texts import catalogue
from tests.backend.admin.terminals import Terminal, refused
from tests.world import PASSWORD, Caller, World


def test_every_language_on_offer_has_its_texts() -> None:
    assert LANGUAGES == catalogue.LANGUAGES


def test_lines_are_saved_as_a_chat_shows_them() -> None:
    assert check_lines(Lines(duty_phone=" 71  000 000 ")).duty_phone == "71 000 000"
    with pytest.raises(Unfit, match="crisis line"):
        check_lines(Lines(crisis_line="see http://help.example"))


async def test_an_operator_says_whether_an_agency_is_an_ngo(
    terminal: Terminal, world: World
) -> None:
    assert (await terminal.first()).returncode == 0
    [agency] = await world.sql("SELECT id, regime FROM agency")
    assert agency["regime"] == "public_body"  # as long as nobody says otherwise
    assert (await terminal.run("regime", "ngo")).returncode == 0
    [agency] = await world.sql("SELECT id, regime FROM agency")
    assert agency["regime"] == "ngo"
    [noted] = await world.sql("SELECT object FROM audit WHERE operation = 'setRegime'")
    assert noted["object"] == agency["id"]
    assert (await terminal.run("regime", "secret-service")).returncode == 2


async def test_an_operator_says_of_whom_a_second_factor_is_asked(
    terminal: Terminal, world: World
) -> None:
    assert (await terminal.first()).returncode == 0
    [agency] = await world.sql("SELECT id, second_factor FROM agency")
    assert agency["second_factor"] == "passkeys"  # as long as nobody says otherwise
    done = await terminal.run("second-factor", "--of", "leaders")
    assert done.returncode == 0, done.stderr
    assert "That is less than passkeys" in done.stdout
    entered = await Caller().post("/sessions", {"login": "alex", "password": PASSWORD})
    assert entered.json()["refresh_token"] is None
    worker = await world.somebody("SW", agency=agency["id"])
    assert (await worker.get("/tasks")).status_code == 200
    done = await terminal.run("second-factor", "--of", "all")
    assert done.returncode == 0, done.stderr
    assert (await worker.get("/tasks")).status_code == 401
    done = await terminal.run("second-factor", "--of", "passkeys")
    assert done.returncode == 0, done.stderr
    assert "come in by passkey" in done.stdout
    assert "less" not in done.stdout
    [agency] = await world.sql("SELECT second_factor FROM agency")
    assert agency["second_factor"] == "passkeys"
    assert (await terminal.run("second-factor", "--of", "passkey")).returncode == 2
    done = await terminal.run("second-factor", "--of", "none")
    assert done.returncode == 0, done.stderr
    entered = await Caller().post("/sessions", {"login": "alex", "password": PASSWORD})
    assert entered.json()["refresh_token"]
    noted = await world.sql(
        "SELECT role, outcome FROM audit WHERE operation = 'askSecondFactor' ORDER BY id"
    )
    rules = ["leaders", "all", "passkeys", "none"]
    assert [(one["role"], one["outcome"]) for one in noted] == [("OP", rule) for rule in rules]
    refused(await terminal.run("second-factor", "--forget", "nobody"), "no such login")


async def test_an_operator_names_the_country_the_days_and_whether_the_agency_is_small(
    terminal: Terminal, world: World
) -> None:
    await world.an_agency()
    done = await terminal.run("country", "KZ")
    assert done.returncode == 0, done.stderr
    assert "1 working day" in done.stdout
    assert "have to stay" in done.stdout
    assert "needs local counsel: majority" in done.stdout
    assert (await terminal.run("complaint-days", "5")).returncode == 0
    assert (await terminal.run("small-agency", "on")).returncode == 0
    [row] = await world.sql("SELECT country, complaint_days, small FROM agency")
    assert row == {"country": "KZ", "complaint_days": 5, "small": True}
    refused(await terminal.run("complaint-days", "99"), "1 to 60 working days")
    assert (await terminal.run("terms", "--person", "400")).returncode == 0
    refused(await terminal.run("terms", "--circle", "10"), "kept 30 to 180 days")
