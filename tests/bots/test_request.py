"""What the bot's way to the chat service makes of what comes back over a real line."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from telegram import Bot

from backend.settings import read
from bots.channels import telegram
from bots.channels.telegram import Delivery, Result, make_bot
from tests.processes import free_port

SENT = (
    '{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":5,"type":"private"},"text":"Hello"}}'
)


def _answer(status: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def _refusal(code: int, words: str, more: str = "") -> bytes:
    body = f'{{"ok":false,"error_code":{code},"description":"{words}"{more}}}'
    return _answer(f"{code} {words}", body)


@asynccontextmanager
async def _service(*answers: bytes | None) -> AsyncIterator[tuple[Bot, list[bytes]]]:
    """A bot, and who answers it: one answer for each request, and none where it is None."""
    asked: list[bytes] = []
    waiting = list(answers)

    async def answer(reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            heads = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(head.split(b":")[1])
                for head in heads.split(b"\r\n")
                if head.lower().startswith(b"content-length")
            )
            asked.append(line + heads + await reader.readexactly(length))
            said = waiting.pop(0)
            if said is not None:
                back.write(said)
            if said is None:
                break
        back.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        bot = _bot(server.sockets[0].getsockname()[1])
        try:
            yield bot, asked
        finally:
            await bot.request.shutdown()
            await asyncio.sleep(0.01)  # until the other end has heard of it


def _bot(port: int) -> Bot:
    return make_bot(replace(read({}), telegram_api=f"http://127.0.0.1:{port}"))


async def _say(bot: Bot) -> Delivery:
    return await telegram.send(bot, 5, "Hello", [], silent=True)


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (_answer("200 OK", SENT), Delivery(Result.SENT, 7)),
        (
            _refusal(429, "Too Many Requests", ',"parameters":{"retry_after":30}'),
            Delivery(Result.HOLD, seconds=30),
        ),
        (_refusal(500, "Internal Server Error"), Delivery(Result.RETRY)),
        (_refusal(502, "Bad Gateway"), Delivery(Result.RETRY)),
        (_refusal(400, "Bad Request: message is too long"), Delivery(Result.REFUSED)),
        (_refusal(400, "Bad Request: chat not found"), Delivery(Result.BLOCKED)),
        (_refusal(403, "Forbidden: bot was blocked by the user"), Delivery(Result.BLOCKED)),
        (_refusal(401, "Unauthorized"), Delivery(Result.TOKEN)),
        (_answer("302 Found", ""), Delivery(Result.AMBIGUOUS)),
        (_answer("200 OK", "<html>"), Delivery(Result.AMBIGUOUS)),
        (_answer("502 Bad Gateway", "<html>"), Delivery(Result.AMBIGUOUS)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", Delivery(Result.AMBIGUOUS)),
        (b"what is this?\r\n\r\n", Delivery(Result.AMBIGUOUS)),
        (None, Delivery(Result.AMBIGUOUS)),
    ],
)
async def test_each_answer_has_its_one_meaning(
    said: bytes | None, result: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.channels.request.ANSWER_SECONDS", 0.5)
    async with _service(said, None) as (bot, asked):
        assert await _say(bot) == result
        assert len(asked) == 1, "a request that may have had its effect is not made again"
    assert re.match(rb"POST /bot\S+/sendMessage HTTP/1.1\r\n", asked[0])


async def test_nobody_at_the_other_end_is_no_doubt() -> None:
    bot = _bot(free_port())
    try:
        assert (await _say(bot)).result is Result.RETRY
    finally:
        await bot.request.shutdown()


async def test_who_does_not_answer_in_time_leaves_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.channels.request.ANSWER_SECONDS", 0.05)

    async def never(reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        await reader.read()
        back.close()

    async with await asyncio.start_server(never, "127.0.0.1") as server:
        bot = _bot(server.sockets[0].getsockname()[1])
        assert (await _say(bot)).result is Result.AMBIGUOUS
        await bot.request.shutdown()


async def test_a_line_that_was_cut_between_two_messages_is_made_anew() -> None:
    ok = _answer("200 OK", SENT)
    closing = ok.replace(b"content-type", b"connection: close\r\ncontent-type")
    async with _service(closing, ok) as (bot, asked):
        assert (await _say(bot)).result is Result.SENT
        await asyncio.sleep(0.05)
        assert (await _say(bot)).result is Result.SENT
    assert len(asked) == 2


async def test_words_and_buttons_arrive_as_they_were_meant() -> None:
    async with _service(_answer("200 OK", SENT)) as (bot, asked):
        await bot.send_message(5, "Был & 50 % + «ok»\u2068 ؟")
    body = asked[0].rpartition(b"\r\n\r\n")[2]
    assert b"text=%D0%91%D1%8B%D0%BB+%26+50+%25+%2B+%C2%ABok%C2%BB%E2%81%A8+%D8%9F" in body
