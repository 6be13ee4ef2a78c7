import asyncio
import signal
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from bots.phones.app import create_phones
from bots.phones.client import Phones
from bots.phones.serve import serving
from tests.bots.phones.hook import Hook
from tests.bots.phones.line import TOKEN, bot_of, keys, over_a_socket

ROOT = Path(__file__).resolve().parents[3]


async def test_a_bot_that_polls_talks_with_a_phone() -> None:
    async with over_a_socket() as line:
        phone = await line.phones.phone("Sister")

        async def polling() -> None:
            offset = 0
            while True:
                for update in await line.bot.get_updates(offset=offset, timeout=10):
                    offset = update.update_id + 1
                    if query := update.callback_query:
                        await query.answer("Noted")
                        await line.bot.send_message(query.from_user.id, f"You said {query.data}")
                    elif update.message:
                        await update.message.reply_text("Ready?", reply_markup=keys(["Yes", "No"]))

        bot = asyncio.create_task(polling())
        await line.phones.say(phone.id, "/start")
        await line.phones.sent(wait=1)
        await line.phones.tap(phone.id, "No")
        sent = await line.phones.sent(wait=3)
        assert [s.text for s in sent] == ["Ready?", "", "You said No"]
        assert await line.phones.settled()
        bot.cancel()


async def test_a_bot_with_a_webhook_talks_with_a_phone(unused_tcp_port: int) -> None:
    hook = Hook()
    async with over_a_socket(webhook_pause=0.05) as line:
        await line.bot.set_webhook(
            f"http://127.0.0.1:{unused_tcp_port}/hook", secret_token="open-sesame"
        )
        number = await line.phones.say((await line.phones.phone("Sister")).id, "/start")
        await asyncio.sleep(0.1)
        assert await line.phones.settled(timeout=0) is False
        async with serving(hook.app, unused_tcp_port):
            assert await hook.until(1) == [number]
            assert hook.secrets == ["open-sesame"]
            assert await line.phones.settled()


async def test_an_open_poll_does_not_hold_up_the_end() -> None:
    async with AsyncExitStack() as clients:
        async with serving(create_phones()) as url:
            bot = await clients.enter_async_context(bot_of(url))
            phones = await clients.enter_async_context(Phones(url))
            poll = asyncio.create_task(bot.get_updates(timeout=30))
            watch = asyncio.create_task(phones.sent(wait=1, timeout=30))
            await asyncio.sleep(0.1)
            began = time.monotonic()
        assert time.monotonic() - began < 3
        assert await poll == ()
        assert await watch == []


@pytest.fixture
def started(tmp_path: Path, unused_tcp_port: int) -> tuple[list[str], dict[str, str], str]:
    program = [sys.executable, str(ROOT / "throughcare.py"), "phones"]
    env = {
        "PATH": "/usr/bin:/bin",
        "PHONES_PORT": str(unused_tcp_port),
        "PHONES_RECORD": str(tmp_path / "record.jsonl"),
        "THROUGHCARE_DATA": str(tmp_path / "data"),
    }
    return program, env, f"http://127.0.0.1:{unused_tcp_port}"


async def test_the_command_serves_ends_on_a_signal_and_remembers(
    started: tuple[list[str], dict[str, str], str], tmp_path: Path
) -> None:
    program, env, url = started
    numbers: list[int] = []
    for end in (signal.SIGTERM, signal.SIGINT):
        # a shell that starts it in the background leaves SIGINT ignored
        running = await asyncio.create_subprocess_exec(
            *program,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        assert running.stdout is not None
        assert url in (await asyncio.wait_for(running.stdout.readline(), 20)).decode()
        async with bot_of(url) as bot, Phones(url) as phones:
            known = await phones.phones()
            phone = known[0] if known else await phones.phone("Sister")
            numbers.append(await phones.say(phone.id, "/start"))
            await bot.send_message(phone.id, "Hello")
            assert len(await phones.phones()) == 1
        began = time.monotonic()
        running.send_signal(end)
        out, errors = await asyncio.wait_for(running.communicate(), 10)
        assert (running.returncode, out, errors) == (0, b"", b"")
        assert time.monotonic() - began < 5
    assert numbers[1] > numbers[0] > 1_700_000_000
    record = (tmp_path / "record.jsonl").read_text(encoding="utf-8")
    assert record.count('"method":"sendMessage"') == 2
    assert TOKEN not in record


def test_a_taken_port_is_one_line(started: tuple[list[str], dict[str, str], str]) -> None:
    program, env, url = started
    port = int(url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        ended = subprocess.run(program, env=env, capture_output=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert ended.stderr.decode().count("\n") == 1
    assert f"port {port} is taken" in ended.stderr.decode()


async def test_the_stand_in_listens_on_this_machine_only() -> None:
    async with over_a_socket() as line:
        port = httpx.URL(line.url).port
        others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), port)}
        for address in others - {"127.0.0.1", "127.0.1.1", "::1"}:
            with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, as the machine has it
                socket.create_connection((address, port), timeout=1).close()
