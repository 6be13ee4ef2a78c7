import asyncio
import time
from itertools import pairwise

import pytest
from telegram.error import BadRequest

from tests.bots.phones.hook import Hook
from tests.bots.phones.line import Line, in_process

URL = "http://127.0.0.1:8002/hook"


async def settled(line: Line) -> bool:
    return await line.phones.settled(timeout=5)


async def test_an_update_is_pushed_with_the_secret_and_taken_with_200() -> None:
    hook = Hook()
    async with in_process(webhook_transport=hook.transport) as line:
        phone = await line.phones.phone("Sister")
        early = await line.phones.say(phone.id, "/start")
        await line.bot.set_webhook(URL, secret_token="open-sesame")
        late = await line.phones.say(phone.id, "Hello")
        assert await hook.until(2) == [early, late]
        assert hook.secrets == ["open-sesame"] * 2
        assert await settled(line)
        info = await line.bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.last_error_message) == (URL, 0, None)


@pytest.mark.parametrize("status", [500, 401, 302, 429])
async def test_an_update_comes_again_until_it_is_taken(status: int) -> None:
    hook = Hook(lambda _: status if len(hook.got) < 3 else 200)
    async with in_process(webhook_transport=hook.transport, webhook_pause=0.01) as line:
        await line.bot.set_webhook(URL)
        phone = await line.phones.phone("Sister")
        number = await line.phones.say(phone.id, "Hello")
        assert await hook.until(3) == [number] * 3
        assert await settled(line)
        await asyncio.sleep(0.05)
        assert len(hook.got) == 3
        info = await line.bot.get_webhook_info()
        assert str(status) in str(info.last_error_message)


async def test_the_pause_between_two_tries_grows() -> None:
    at: list[float] = []

    def answer(_: object) -> int:
        at.append(time.monotonic())
        return 500 if len(at) < 4 else 200

    hook = Hook(answer)
    async with in_process(webhook_transport=hook.transport, webhook_pause=0.05) as line:
        await line.bot.set_webhook(URL)
        await line.phones.say((await line.phones.phone("Sister")).id, "Hello")
        assert await settled(line)
    pauses = [b - a for a, b in pairwise(at)]
    assert all(pause >= 0.05 * 2**n for n, pause in enumerate(pauses))


async def test_retry_after_of_the_receiver_is_kept() -> None:
    hook = Hook(lambda _: 503 if len(hook.got) < 2 else 200)
    hook.headers = {"retry-after": "1"}
    async with in_process(webhook_transport=hook.transport, webhook_pause=0.01) as line:
        await line.bot.set_webhook(URL)
        began = time.monotonic()
        await line.phones.say((await line.phones.phone("Sister")).id, "Hello")
        assert await settled(line)
        assert time.monotonic() - began >= 1


async def test_one_chat_keeps_its_order_and_does_not_hold_up_another() -> None:
    stuck = {"on": True}
    hook = Hook(
        lambda u: 500 if stuck["on"] and u["message"]["from"]["first_name"] == "Mentor" else 200
    )
    async with in_process(webhook_transport=hook.transport, webhook_pause=0.02) as line:
        await line.bot.set_webhook(URL)
        mentor = await line.phones.phone("Mentor")
        sister = await line.phones.phone("Sister")
        first = await line.phones.say(mentor.id, "one")
        second = await line.phones.say(mentor.id, "two")
        other = await line.phones.say(sister.id, "three")
        await hook.until(3)
        numbers = [update["update_id"] for update in hook.got]
        assert other in numbers
        assert second not in numbers
        stuck["on"] = False
        assert await settled(line)
        numbers = [update["update_id"] for update in hook.got]
        assert numbers.index(second) > len(numbers) - numbers[::-1].index(first) - 1


async def test_a_receiver_that_is_away_is_tried_again() -> None:
    async with in_process(webhook_pause=0.01) as line:
        await line.bot.set_webhook("http://127.0.0.1:9/hook")
        await line.phones.say((await line.phones.phone("Sister")).id, "Hello")
        await asyncio.sleep(0.1)
        info = await line.bot.get_webhook_info()
        assert info.pending_update_count == 1
        assert info.last_error_message
        await line.bot.delete_webhook()
        assert len(await line.take()) == 1


async def test_an_old_update_is_pushed_again_under_its_number() -> None:
    hook = Hook()
    async with in_process(webhook_transport=hook.transport) as line:
        await line.bot.set_webhook(URL)
        number = await line.phones.say((await line.phones.phone("Sister")).id, "Hello")
        await hook.until(1)
        await line.phones.redeliver(number)
        assert await hook.until(2) == [number, number]
        assert hook.got[0] == hook.got[1]
        assert await settled(line)


@pytest.mark.parametrize(
    ("url", "secret", "refusal"),
    [
        ("https://example.org/hook", None, "to this machine only"),
        ("ftp://127.0.0.1/hook", None, "to this machine only"),
        ("http://[::1", None, "to this machine only"),
        (URL, "with space", "unallowed characters"),
        (URL, "x" * 257, "too long"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(
    url: str, secret: str | None, refusal: str
) -> None:
    async with in_process() as line:
        with pytest.raises(BadRequest, match=refusal):
            await line.bot.set_webhook(url, secret_token=secret)
        assert (await line.bot.get_webhook_info()).url == ""


async def test_waiting_updates_can_be_dropped_and_a_webhook_be_taken_away() -> None:
    hook = Hook()
    async with in_process(webhook_transport=hook.transport) as line:
        phone = await line.phones.phone("Sister")
        await line.phones.say(phone.id, "dropped")
        await line.bot.set_webhook(URL, drop_pending_updates=True)
        number = await line.phones.say(phone.id, "pushed")
        assert await hook.until(1) == [number]
        await settled(line)
        await line.bot.set_webhook("")
        await line.phones.say(phone.id, "polled")
        assert [u.message.text for u in await line.take()] == ["polled"]
