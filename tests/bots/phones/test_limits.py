from datetime import timedelta

import pytest
from telegram.error import RetryAfter

from tests.bots.phones.line import in_process


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_without_limits_nobody_is_slowed_down() -> None:
    async with in_process() as line:
        phone = await line.linked()
        for n in range(40):
            await line.bot.send_message(phone, f"text {n}")


async def test_a_chat_takes_one_message_a_second() -> None:
    ticks = Ticks()
    async with in_process(limits=True, ticks=ticks) as line:
        one, other = await line.linked("Mentor"), await line.linked("Sister")
        await line.bot.send_message(one, "first")
        with pytest.raises(RetryAfter) as refused:
            await line.bot.send_message(one, "too early")
        assert refused.value.retry_after == timedelta(seconds=1)
        await line.bot.send_message(other, "another chat is free")
        ticks.now += 0.99
        with pytest.raises(RetryAfter):
            await line.bot.send_message(one, "still too early")
        ticks.now += 0.01
        await line.bot.send_message(one, "second")
        assert [s.text for s in await line.phones.sent(chat=one)] == ["first", "second"]


async def test_a_bot_sends_thirty_messages_a_second() -> None:
    ticks = Ticks()
    async with in_process(limits=True, ticks=ticks) as line:
        chats = [await line.linked(f"Phone {n}") for n in range(31)]
        for chat in chats[:30]:
            await line.bot.send_message(chat, "Hello")
        with pytest.raises(RetryAfter):
            await line.bot.send_message(chats[30], "Hello")
        ticks.now += 1
        await line.bot.send_message(chats[30], "Hello")


async def test_a_group_takes_twenty_messages_a_minute() -> None:
    ticks = Ticks()
    async with in_process(limits=True, ticks=ticks) as line:
        group = await line.phones.group("Family")
        for _ in range(20):
            await line.bot.send_message(group.id, "Hello")
            ticks.now += 2
        with pytest.raises(RetryAfter) as refused:
            await line.bot.send_message(group.id, "Hello")
        assert refused.value.retry_after == timedelta(seconds=20)


async def test_edits_and_answers_are_not_counted() -> None:
    async with in_process(limits=True, ticks=Ticks()) as line:
        message = await line.bot.send_message(await line.linked(), "Hello")
        for n in range(5):
            await message.edit_text(f"text {n}")


async def test_the_limits_can_be_switched() -> None:
    async with in_process(limits=True, ticks=Ticks()) as line:
        phone = await line.linked()
        await line.phones.limits(on=False)
        await line.bot.send_message(phone, "first")
        await line.bot.send_message(phone, "second")
        await line.phones.limits(on=True)
        await line.bot.send_message(phone, "third")
        with pytest.raises(RetryAfter):
            await line.bot.send_message(phone, "fourth")
