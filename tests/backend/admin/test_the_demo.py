"""The demo that a newcomer sees first."""

import re
from collections import Counter
from datetime import date

import pytest

from backend import clock, demo
from backend.founding import ChatBot
from bots.channels.telegram import STAND_IN_TOKEN
from tests.backend.admin.terminals import Terminal, refused
from tests.world import Caller, World

BOT = ChatBot(demo.DEMO_BOT_NUMBER, "desk_1000_bot")


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
    refused(await terminal.first(), "The demo agency lives in this database")


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


def test_the_demo_speaks_by_the_bot_of_the_stand_in() -> None:
    assert STAND_IN_TOKEN.partition(":")[0] == demo.DEMO_BOT_NUMBER
