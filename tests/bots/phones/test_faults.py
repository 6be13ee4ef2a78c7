import asyncio
import os
import sys
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bots.phones.client import PhonesError
from bots.phones.faults import kill
from tests.bots.phones.line import in_process, over_a_socket


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, BadRequest),
        (401, InvalidToken),
        (403, Forbidden),
        (404, InvalidToken),
        (409, Conflict),
        (500, NetworkError),
        (502, NetworkError),
        (503, NetworkError),
        (504, NetworkError),
    ],
)
async def test_a_status_on_demand_has_no_effect(code: int, error: type[TelegramError]) -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", code=code)
        with pytest.raises(error) as refused:
            await line.bot.send_message(phone, "Hello")
        assert type(refused.value) is error
        assert await line.phones.sent() == []
        await line.bot.send_message(phone, "Hello")
        assert (await line.phones.calls())[-2].status == code


async def test_a_fault_tells_when_to_come_back_or_where_to_go() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", code=429, retry_after=7)
        with pytest.raises(RetryAfter) as later:
            await line.bot.send_message(phone, "Hello")
        assert later.value.retry_after == timedelta(seconds=7)
        await line.phones.fault("sendMessage", code=400, migrate_to_chat=-1005)
        with pytest.raises(ChatMigrated) as moved:
            await line.bot.send_message(phone, "Hello")
        assert moved.value.new_chat_id == -1005
        await line.phones.fault("*", code=403, description="Forbidden: user is deactivated")
        with pytest.raises(Forbidden, match="user is deactivated"):
            await line.bot.send_message(phone, "Hello")


async def test_a_fault_meets_only_the_calls_it_names() -> None:
    async with in_process() as line:
        one, other = await line.linked("Mentor"), await line.linked("Sister")
        await line.phones.fault("sendMessage", chat=one, skip=1, times=2, code=500)
        await line.bot.get_me()
        await line.bot.send_message(other, "free")
        await line.bot.send_message(one, "skipped")
        for _ in range(2):
            with pytest.raises(NetworkError):
                await line.bot.send_message(one, "met")
        await line.bot.send_message(one, "over")
        assert [s.text for s in await line.phones.sent(chat=one)] == ["skipped", "over"]


async def test_faults_can_be_taken_back() -> None:
    async with in_process() as line:
        await line.phones.fault("getMe", code=500)
        await line.phones.no_faults()
        await line.bot.get_me()


@pytest.mark.parametrize("effect", [True, False])
async def test_an_error_may_come_after_the_effect(effect: bool) -> None:  # noqa: FBT001 - a case
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", code=502, effect=effect)
        with pytest.raises(NetworkError):
            await line.bot.send_message(phone, "Hello")
        assert len(await line.phones.sent()) == effect


@pytest.mark.parametrize("effect", [True, False])
async def test_garbage_may_hide_an_effect(effect: bool) -> None:  # noqa: FBT001 - a case
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", garbage="<html>", effect=effect)
        with pytest.raises(TelegramError, match="Invalid server response"):
            await line.bot.send_message(phone, "Hello")
        assert len(await line.phones.sent()) == effect


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("where", [in_process, over_a_socket])
async def test_a_dropped_connection_may_hide_an_effect(where, effect: bool) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001, FBT001 - cases
    async with where() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", drop=True, effect=effect)
        with pytest.raises(NetworkError) as cut:
            await line.bot.send_message(phone, "Hello")
        assert isinstance(cut.value.__cause__, httpx.RemoteProtocolError | httpx.ReadError)
        assert len(await line.phones.sent()) == effect
        assert (await line.phones.calls())[-1].status == 0
        await line.bot.send_message(phone, "the next one passes")


async def test_a_slow_answer_times_out_although_the_message_arrived() -> None:
    async with over_a_socket() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", delay=0.6, effect=True)
        with pytest.raises(TimedOut):
            await line.bot.send_message(phone, "Hello", read_timeout=0.2)
        assert len(await line.phones.sent()) == 1


async def test_a_delay_alone_is_followed_by_the_usual_answer() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", delay=0.2)
        sending = asyncio.create_task(line.bot.send_message(phone, "Hello"))
        await asyncio.sleep(0.05)
        assert await line.phones.sent() == []
        await sending
        assert len(await line.phones.sent()) == 1


SENDER = """
import asyncio, sys
from telegram import Bot
async def main(url, token, chat):
    async with Bot(token, base_url=url + "/bot") as bot:
        await bot.send_message(chat, "Hello")
    print("marked", flush=True)
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_sender_is_killed_between_the_sending_and_the_mark(
    when: Literal["before", "after"], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(process: int) -> None:
        """Long enough for a sender that was not stopped to read the answer."""
        time.sleep(0.4)
        kill(process)

    monkeypatch.setattr("bots.phones.api.kill", late)
    async with over_a_socket(may_kill=True) as line:
        phone = await line.linked()
        sender = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SENDER, line.url, line.bot.token, str(phone)),
            stdout=asyncio.subprocess.PIPE,
        )
        await line.phones.fault("sendMessage", kill=sender.pid, when=when, effect=True)
        out, _ = await asyncio.wait_for(sender.communicate(), 20)
        assert (sender.returncode, out) == (-9, b"")
        assert [sent.text for sent in await line.phones.sent()] == ["Hello"]
        status = (await line.phones.calls())[-1].status
        assert status == (0 if when == "before" else HTTPStatus.OK)


async def test_a_stand_in_kills_nothing_unless_it_was_made_to() -> None:
    async with in_process() as line:
        with pytest.raises(PhonesError, match="not made to kill"):
            await line.phones.fault("sendMessage", kill=123456)
    async with in_process(may_kill=True) as line:
        for process in (os.getpid(), 1, 0, -1):
            with pytest.raises(PhonesError, match="not that process"):
                await line.phones.fault("sendMessage", kill=process)
