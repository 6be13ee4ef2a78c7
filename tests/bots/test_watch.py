"""When the jobs fall silent, who still runs tells humans: once, and again where nobody heard."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from backend import clock, database
from backend.database import in_fresh_context
from backend.errors import DatabaseBusy
from backend.settings import SettingsError, read
from bots import watch
from bots.watch import Watch, ways
from tests.backend.pages.browser import DESK, Browser, login_of
from tests.world import Caller, World
from workflows import rounds


class Post:
    """Somebody at ALARM_URL who writes down what comes."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.status = "200 OK"

    async def __call__(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        self.got.append(json.loads(await reader.readexactly(length)))
        back.write(
            f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        back.close()


class Mailbox:
    """A mail server that says yes to everything (RFC 5321) and keeps the letters."""

    def __init__(self) -> None:
        self.to: list[str] = []
        self.letters: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        back.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            word = line[:4].upper()
            if line.upper().startswith("RCPT TO:"):
                self.to.append(line[8:].strip().strip("<>"))
            if word == "DATA":
                back.write(b"354 go on\r\n")
                self.letters.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            back.write(b"221 bye\r\n" if word == "QUIT" else b"250 yes\r\n")
            if word == "QUIT":
                break
        back.close()


@asynccontextmanager
async def _listening(somebody: Post | Mailbox) -> AsyncIterator[int]:
    async with await asyncio.start_server(somebody, "127.0.0.1") as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, Watch]]:
    somebody = Post()
    async with _listening(somebody) as port:
        yield somebody, Watch(ways(read({"ALARM_URL": f"http://127.0.0.1:{port}/alarm"})))


async def _as_worker(work: object) -> None:
    async def act() -> None:
        database.act_as("worker")
        await work()  # type: ignore[operator]

    await in_fresh_context(act)


async def _beat() -> None:
    """The jobs give a sign, as their process does once a minute."""
    await _as_worker(lambda: rounds.done("heartbeat", rounds.patience(60)))


async def _after(watching: Watch, minutes: float) -> None:
    now = BEGINS + timedelta(minutes=minutes)
    clock.travel(lambda: now)
    await _as_worker(watching.look)


BEGINS = clock.now()


@pytest.fixture(autouse=True)
async def _running(world: World) -> None:
    clock.travel(lambda: BEGINS)
    await world.an_agency()
    await _beat()


async def test_ten_minutes_of_silence_are_told_and_then_half_an_hour_and_then_the_end(
    post: tuple[Post, Watch],
) -> None:
    somebody, watching = post
    await _after(watching, 9)
    assert somebody.got == []
    for minutes in (10, 11, 29, 30, 31):
        await _after(watching, minutes)
    assert [one["what"] for one in somebody.got] == ["silent", "late"]
    assert all(one["since"].startswith(BEGINS.isoformat()[:19]) for one in somebody.got)
    await _beat()
    await _after(watching, 32)
    await _after(watching, 33)
    assert [one["what"] for one in somebody.got] == ["silent", "late", "over"]


async def test_the_next_silence_is_told_again(post: tuple[Post, Watch]) -> None:
    somebody, watching = post
    await _after(watching, 10)
    clock.travel(lambda: BEGINS + timedelta(minutes=10.5))
    await _beat()
    await _after(watching, 11)
    await _after(watching, 22)
    assert [one["what"] for one in somebody.got] == ["silent", "over", "silent"]


async def test_of_two_that_watch_one_tells_it(post: tuple[Post, Watch]) -> None:
    somebody, watching = post
    clock.travel(lambda: BEGINS + timedelta(minutes=10))
    await asyncio.gather(*(_as_worker(watching.look) for _ in range(4)))
    assert [one["what"] for one in somebody.got] == ["silent"]


async def test_what_nobody_took_is_told_again(post: tuple[Post, Watch]) -> None:
    somebody, watching = post
    somebody.status = "500 no"
    await _after(watching, 10)
    somebody.status = "200 OK"
    await _after(watching, 11)
    await _after(watching, 12)
    assert [one["what"] for one in somebody.got] == ["silent", "silent"]


async def test_it_is_told_by_mail_to_all_who_are_named() -> None:
    mailbox = Mailbox()
    async with _listening(mailbox) as port:
        given = {
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "ALARM_MAIL": "a@example.org, b@example.org",
        }
        for minutes in (10, 30):
            await _after(Watch(ways(read(given))), minutes)
    assert mailbox.to == ["a@example.org", "b@example.org"] * 2
    for letter, subject in zip(
        mailbox.letters, ("the jobs are silent", "reminders are late"), strict=True
    ):
        assert f"Subject: {subject}\r\n" in letter
        assert BEGINS.strftime("%Y-%m-%d %H:%M UTC") in letter


async def test_one_way_that_fails_keeps_no_other_from_telling() -> None:
    mailbox = Mailbox()
    async with _listening(mailbox) as port:
        given = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "ALARM_MAIL": "a@example.org"}
        nobody = {"ALARM_URL": "http://127.0.0.1:9/"}
        watching = Watch(ways(read({**given, **nobody})))
        await _after(watching, 10)
        await _after(watching, 11)
    assert len(mailbox.letters) == 1


async def test_that_the_database_is_away_is_told_after_ten_minutes(
    post: tuple[Post, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody, watching = post

    async def away() -> None:
        raise DatabaseBusy

    with monkeypatch.context() as patch:
        patch.setattr(watch, "take_news", away)
        for minutes in (1, 10, 12, 13):
            await _after(watching, minutes)
    assert [one["what"] for one in somebody.got] == ["away"]


@pytest.mark.parametrize("trouble", [ValueError("no address"), RuntimeError("whatever")])
async def test_a_way_that_fails_in_any_way_ends_no_watch(trouble: Exception) -> None:
    told = []

    async def fails(what: str, _: object) -> None:
        told.append(what)
        raise trouble

    watching = Watch({"post": fails})
    await _after(watching, 10)
    await _after(watching, 11)
    assert told == ["silent", "silent"]


async def test_a_database_that_goes_away_in_the_middle_ends_no_watch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was told nobody, and that cannot be written down: the next look finds what it can."""

    async def fails(_: str, __: object) -> None:
        raise OSError

    async def away(_: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(watch, "untold", away)
    await _after(Watch({"post": fails}), 10)


async def test_where_nothing_ever_ran_nothing_is_told(
    post: tuple[Post, Watch], world: World
) -> None:
    somebody, watching = post
    await world.sql("DELETE FROM job_round")
    await _after(watching, 100)
    assert somebody.got == []


async def test_staff_see_at_their_desk_since_when_nothing_is_sent(world: World) -> None:
    staff = await world.somebody("SW")
    async with Browser() as browser:
        await browser.enter(await login_of(world, staff))
        assert "nothing was sent" not in (await browser.open(DESK)).html
        clock.travel(lambda: BEGINS + timedelta(minutes=11))
        assert "nothing was sent and nobody was reminded" in (await browser.open(DESK)).html


async def test_readiness_says_since_when(world: World) -> None:
    await world.sql(
        "INSERT INTO heartbeat (id, name, at) VALUES ($1, 'worker', $2)", uuid4(), BEGINS
    )
    assert "silent_since" not in (await Caller().get("/health/ready")).json()
    clock.travel(lambda: BEGINS + timedelta(minutes=11))
    said = (await Caller().get("/health/ready")).json()["silent_since"]
    assert said.startswith(BEGINS.isoformat()[:19])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ALARM_MAIL": "a@example.org"}, "needs SMTP_URL"),
        ({"SMTP_URL": "mail.example.org"}, "smtps"),
    ],
)
def test_settings_that_could_tell_nobody_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(given)
