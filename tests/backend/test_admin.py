"""What an operator types before anybody can sign in; the demo that a newcomer sees first."""

import asyncio
import base64
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend import clock, demo
from backend.admin import LANGUAGES
from backend.agencies.actions import NewAgency
from backend.agencies.lines import Lines, check_lines
from backend.courts.sessions import Secret, court_token
from backend.errors import NotFromThisState, Unfit, WrongCredentials
from backend.founding import Account, ChatBot, found_agency
from backend.migrate import role_name
from backend.settings import ROOT
from bots.channels.telegram import STAND_IN_TOKEN
from bots.texts import catalogue
from tests import forks
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.backend.courts.machines import Signing
from tests.world import PASSWORD, App, Caller, World

AGENCY = ("--name", "Vallon", "--service-alias", "Vallon Desk", "--zone", "Africa/Tunis")
LINES = ("--emergency-number", "190", "--crisis-line", "80 10 10", "--duty-phone", "71 000 000")
REST = ("--crisis-text", "Somebody will call you.", "--language", "fr", "--alias", "Alex")
TOKEN = "4242:a-token-that-nobody-may-see"
FIRST = (*AGENCY, *LINES, *REST, "--login", "alex", "--bot-username", "vallon_desk_bot")
BOT = ChatBot(demo.DEMO_BOT_NUMBER, "desk_1000_bot")


class Terminal:
    """`./run admin` on the world's database, as an operator runs it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.env = {
            "PATH": "/usr/bin:/bin",
            "APP_DATABASE_URL": world.server.url(role_name("app"), world.database_name),
            "VAULT_KEY": base64.b64encode(bytes(range(32))).decode(),
            "TELEGRAM_TOKEN": TOKEN,
        }
        self.password = folder / "password"
        self.password.write_text(f"{PASSWORD}\n")

    def words(self, *words: str) -> list[str]:
        return [sys.executable, str(ROOT / "throughcare.py"), "admin", *words]

    async def run(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(forks.run, ["admin", *words], {**self.env, **env})

    async def first(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        file = ("--password-file", str(self.password))
        return await self.run("first", *FIRST, *file, *words, **env)


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(world, tmp_path)


def _refused(done: "subprocess.CompletedProcess[str]", reason: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"admin: .*{reason}.*\n", done.stderr), done.stderr


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
    _refused(await terminal.first("--name", "Second"), "There is an agency already: Vallon")
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
    _refused(await terminal.run("bot", TELEGRAM_TOKEN="none"), "TELEGRAM_TOKEN is no bot token")


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
    _refused(await terminal.first(*words), reason)
    assert await world.sql("SELECT id FROM agency") == []
    assert await world.sql("SELECT id FROM actor") == []


async def test_a_password_is_never_an_argument_and_needs_a_terminal_or_a_file(
    terminal: Terminal, world: World
) -> None:
    _refused(await terminal.run("first", *FIRST), "use --password-file")
    terminal.password.write_text("short\n")
    _refused(await terminal.first(), "15 to 128 characters")
    assert await world.sql("SELECT id FROM agency") == []
    given = await terminal.run("first", *FIRST, "--password", PASSWORD)
    assert (given.returncode, "No such option" in given.stderr) == (2, True)


async def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(
    terminal: Terminal,
) -> None:
    await terminal.first()
    code, shown = await asyncio.to_thread(
        _type, terminal, ("staff", "--role", "SW"), ["sam", "Sam Desk", PASSWORD, PASSWORD]
    )
    assert code == 0, shown
    assert "sam can sign in (SW)." in shown
    assert PASSWORD not in shown
    await Caller(login="sam").sign_in()


def _type(terminal: Terminal, words: tuple[str, ...], answers: list[str]) -> tuple[int, str]:
    """Answer each question as it comes, on a terminal of its own."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        terminal.words(*words),
        env=terminal.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, left, deadline = "", list(answers), time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            part = os.read(ours, 4096).decode()
        except OSError:  # the other end is closed
            break
        shown += part
        if part.endswith(": ") and left:
            os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    return running.wait(timeout=10), shown


async def test_accounts_are_added_by_role(terminal: Terminal, world: World) -> None:
    file = ("--password-file", str(terminal.password))
    sam = ("staff", "--role", "SW", "--login", "Sam", "--alias", "Sam Desk", *file)
    _refused(await terminal.run(*sam), "There is no such agency")
    await terminal.first()
    assert (await terminal.run(*sam)).returncode == 0
    _refused(await terminal.run(*sam), "login is in use")
    await world.a_plan(Caller(login="sam"))


async def test_a_court_client_is_shown_once_and_signs_in(terminal: Terminal, world: World) -> None:
    await terminal.first()
    done = await terminal.run("court-client", "--label", "Court of the town")
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    by_secret = Secret(shown["client id"], shown["secret"])
    token, seconds = await court_token(by_secret, request=None)
    assert (len(token) > 30, seconds) == (True, 600)
    [client] = await world.sql("SELECT * FROM court_client")
    assert str(client["id"]) == shown["client, to bind files to"]
    assert shown["secret"] not in str(client)


async def test_a_court_with_a_key_gets_no_secret_and_is_stopped_and_let_go_on(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    await terminal.first()
    machine, file = Signing(), tmp_path / "key"
    make = ("court-client", "--label", "Court of the town", "--key", str(file))
    file.write_text(json.dumps(machine.key.as_dict(private=True)))
    _refused(await terminal.run(*make), "private key")
    file.write_bytes(machine.key.as_pem(private=False))
    _refused(await terminal.run(*make, "--busiest-day", "0"), "busiest day")
    _refused(await terminal.run(*make, "--key-only"), "--key-only is for a client that is there")
    done = await terminal.run(*make, "--busiest-day", "40")
    assert "secret" not in done.stdout
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    machine.client_id, client = shown["client id"], shown["client, to bind files to"]
    token = await machine.signed_in()
    [row] = await world.sql("SELECT daily_quota, key_only, public_key FROM court_client")
    assert (row["daily_quota"], row["key_only"]) == (120, True)
    assert (await machine.get("/court/summaries", token)).status_code == 404
    _refused(await terminal.run("resume-court", client), "not suspended")
    assert (await terminal.run("suspend-court", client)).returncode == 0
    assert (await machine.get("/court/summaries", token)).status_code == 401
    assert (await machine.token()).status_code == 401
    _refused(await terminal.run("suspend-court", client), "suspended already")
    _refused(await terminal.run("suspend-court", str(uuid4())), "no such client")
    assert (await terminal.run("resume-court", client)).returncode == 0
    assert (await machine.get("/court/summaries", token)).status_code == 401  # it stays ended
    await machine.signed_in()
    noted = await world.sql(
        "SELECT operation FROM audit WHERE object = $1 ORDER BY id", UUID(client)
    )
    assert [one["operation"] for one in noted] == ["addCourtClient", "suspendCourt", "resumeCourt"]


async def test_a_court_with_a_secret_is_given_a_key_and_then_its_secret_ends(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    await terminal.first()
    done = await terminal.run("court-client", "--label", "Court of the town")
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    change = ("court-client", "--client", shown["client, to bind files to"])
    machine, file = Signing(), tmp_path / "key"
    machine.client_id = shown["client id"]
    _refused(await terminal.run(*change), "--key or --key-only")
    _refused(await terminal.run(*change, "--key-only"), "has no key yet")
    file.write_text(machine.public)
    by_secret = Secret(shown["client id"], shown["secret"])
    assert (await terminal.run(*change, "--key", str(file))).returncode == 0
    await court_token(by_secret, request=None)
    await machine.signed_in()
    assert (await terminal.run(*change, "--key-only")).returncode == 0
    with pytest.raises(WrongCredentials):
        await court_token(by_secret, request=None)
    await machine.signed_in()
    [row] = await world.sql("SELECT count(*) n FROM audit WHERE operation = 'giveCourtKey'")
    assert row["n"] == 2


async def test_references_of_nobody_are_watched_and_never_those_of_somebody(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    docket, file = await a_docket(world), tmp_path / "references"
    watch = ("court-canaries", str(docket.court.id), str(file))
    file.write_text(f"2031/9001\n\n 2031/9002 \n2031/9001\n{REFERENCE}\n")
    _refused(await terminal.run(*watch), "is bound to a plan")
    assert await world.sql("SELECT 1 FROM court_canary") == []
    file.write_text("2031/9001\n\n 2031/9002 \n2031/9001\n")
    done = await terminal.run(*watch)
    assert done.stdout == "2 references are watched.\n", done.stderr
    assert (await terminal.run(*watch)).returncode == 0
    assert len(await world.sql("SELECT 1 FROM court_canary")) == 2
    file.write_text("x" * 81)
    _refused(await terminal.run(*watch), "1 to 80 characters")
    body = {"client": str(docket.court.id), "reference": "2031/9002"}
    taken = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert taken.status_code == 409


async def test_the_owner_may_not_be_given_in_place_of_the_app(
    terminal: Terminal, world: World
) -> None:
    owner = world.server.url(role_name("owner"), world.database_name)
    _refused(await terminal.first(APP_DATABASE_URL=owner), "refuses to run as the owner")


async def test_the_demo_is_loaded_once_and_told_again(terminal: Terminal, world: World) -> None:
    done = await terminal.run("demo", TELEGRAM_TOKEN="")
    assert done.returncode == 0, done.stderr
    counts = "SELECT (SELECT count(*) FROM plan) p, (SELECT count(*) FROM staff) s"
    assert await world.sql(counts) == [{"p": 5, "s": 5}]
    again = await terminal.run("demo", TELEGRAM_TOKEN="")
    assert again.stdout == done.stdout
    assert await world.sql(counts) == [{"p": 5, "s": 5}]
    links = re.findall(r"https://t\.me/desk_1000_bot\?start=([\w-]{43})  PIN (\d{6})", done.stdout)
    assert len(set(links)) == 4
    _refused(await terminal.first(), "The demo agency lives in this database")


async def test_the_demo_stays_away_from_a_real_agency(terminal: Terminal, world: World) -> None:
    await terminal.first()
    done = await terminal.run("demo")
    assert (done.returncode, done.stdout) == (
        0,
        "An agency is there already, so no demo is loaded.\n",
    )
    assert await world.sql("SELECT id FROM plan") == []


async def test_the_demo_shows_plans_at_every_stage_to_everybody_in_it(world: World) -> None:
    assert await demo.load(BOT)
    sam = await _signed_in("sam")
    plans = (await sam.get("/plans")).json()["plans"]
    today = clock.today(demo.ZONE)
    days = sorted((date.fromisoformat(one["release_date"]) - today).days for one in plans)
    assert days == [-120, -2, 3, 60, 180]
    assert all("Invented" in one["name"] for one in plans)
    assert Counter(one["state"] for one in plans) == {"active_inside": 3, "active_outside": 2}
    tasks = (await sam.get("/tasks")).json()["tasks"]
    assert [one["kind"] for one in tasks] == ["call-after-missed"]
    for login, seen in (("coco", 5), ("po", 2), ("ps", 3)):
        caller = await _signed_in(login)
        assert len((await caller.get("/plans")).json()["plans"]) == seen, login
    gate = await world.sql("SELECT gate FROM member WHERE gate IS NOT NULL ORDER BY gate")
    assert [one["gate"] for one in gate] == ["first", "substitute"]
    done = await world.sql(
        "SELECT count(*) n FROM milestone WHERE state = 'done' GROUP BY plan ORDER BY n"
    )
    assert [one["n"] > 9 for one in done] == [False, True, True, True, True]
    late = "SELECT count(*) n FROM milestone WHERE state = 'planned' AND due_on < $1"
    assert (await world.sql(late, today))[0]["n"] == 0
    assert (await world.sql("SELECT count(*) n FROM contact"))[0]["n"] == 1


async def _signed_in(login: str) -> Caller:
    caller = Caller()
    answer = await caller.post("/sessions", {"login": login, "password": demo.PASSWORD})
    caller.token = answer.json()["access_token"]
    return caller


async def test_a_demo_that_breaks_off_leaves_nothing(world: World) -> None:
    await world.sql("ALTER TABLE contact ADD CONSTRAINT none_at_all CHECK (how = 'never')")
    with pytest.raises(Exception, match="none_at_all"):
        await demo.load(BOT)
    assert await world.sql("SELECT id FROM agency") == []
    assert await world.sql("SELECT id FROM actor") == []


def test_every_language_on_offer_has_its_texts() -> None:
    assert LANGUAGES == catalogue.LANGUAGES


def test_the_demo_speaks_by_the_bot_of_the_stand_in() -> None:
    assert STAND_IN_TOKEN.partition(":")[0] == demo.DEMO_BOT_NUMBER


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
    assert agency["second_factor"] == "leaders"  # as long as nobody says otherwise
    entered = await Caller().post("/sessions", {"login": "alex", "password": PASSWORD})
    assert entered.json()["refresh_token"] is None
    worker = await world.somebody("SW", agency=agency["id"])
    assert (await worker.get("/tasks")).status_code == 200
    done = await terminal.run("second-factor", "--of", "all")
    assert done.returncode == 0, done.stderr
    assert (await worker.get("/tasks")).status_code == 401
    done = await terminal.run("second-factor", "--of", "none")
    assert done.returncode == 0, done.stderr
    entered = await Caller().post("/sessions", {"login": "alex", "password": PASSWORD})
    assert entered.json()["refresh_token"]
    _refused(await terminal.run("second-factor", "--forget", "nobody"), "no such login")


async def test_who_lost_app_and_codes_sets_them_up_anew_and_comes_in_no_other_way(
    terminal: Terminal, world: World
) -> None:
    worker = await world.somebody("SW")
    app = App((await worker.post("/account/factor")).json()["secret"])
    confirmed = await worker.post("/account/factor/confirm", {"code": app.code()})
    assert confirmed.status_code == 200
    done = await terminal.run("second-factor", "--forget", worker.login or "")
    assert done.returncode == 0, done.stderr
    assert (await worker.get("/tasks")).status_code == 401
    given = {"login": worker.login, "password": PASSWORD, "code": app.code()}
    entered = await Caller().post("/sessions", given)
    assert (entered.status_code, entered.json()["refresh_token"]) == (200, None)


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
    _refused(await terminal.run("complaint-days", "99"), "1 to 60 working days")
    assert (await terminal.run("terms", "--person", "400")).returncode == 0
    _refused(await terminal.run("terms", "--circle", "10"), "kept 30 to 180 days")
