import asyncio
import time
from typing import Any

import pytest
from telegram import Update
from telegram.error import Conflict, NetworkError

from bots.phones.client import PhonesError
from bots.phones.wire import Kind
from tests.bots.phones.line import TOKEN, in_process, keys


async def test_a_long_poll_ends_as_soon_as_somebody_writes() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister", language="fr")
        poll = asyncio.create_task(line.bot.get_updates(timeout=20))
        await asyncio.sleep(0.05)
        assert not poll.done()
        await line.phones.say(phone.id, "/start abc")
        [update] = await asyncio.wait_for(poll, 2)
        assert update.message is not None
        assert update.message.text == "/start abc"
        assert update.message.date == line.clock.now
        assert update.message.entities[0].type == "bot_command"
        assert update.effective_user is not None
        assert update.effective_user.language_code == "fr"
        assert update.effective_chat is not None
        assert update.effective_user.id == update.effective_chat.id == phone.id


async def test_a_long_poll_without_news_ends_empty_after_its_time() -> None:
    async with in_process() as line:
        began = time.monotonic()
        assert await line.bot.get_updates(timeout=1) == ()
        assert 0.9 < time.monotonic() - began < 3


async def test_an_update_comes_again_until_a_higher_offset_confirms_it() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister")
        numbers = [await line.phones.say(phone.id, f"text {n}") for n in range(3)]
        first = await line.bot.get_updates(timeout=0)
        again = await line.bot.get_updates(offset=numbers[0], timeout=0)
        assert [u.update_id for u in first] == [u.update_id for u in again] == numbers
        rest = await line.bot.get_updates(offset=numbers[1] + 1, timeout=0)
        assert [u.update_id for u in rest] == numbers[2:]
        assert await line.phones.settled(timeout=0) is False
        assert await line.bot.get_updates(offset=numbers[2] + 1, timeout=0) == ()
        assert await line.phones.settled(timeout=0) is True


async def test_an_answer_holds_no_more_than_the_limit() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister")
        for n in range(102):
            await line.phones.say(phone.id, f"text {n}")
        assert len(await line.bot.get_updates(limit=3, timeout=0)) == 3
        assert len(await line.bot.get_updates(timeout=0)) == 100


async def test_a_negative_offset_forgets_all_but_the_newest() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister")
        numbers = [await line.phones.say(phone.id, f"text {n}") for n in range(3)]
        [newest] = await line.bot.get_updates(offset=-1, timeout=0)
        assert newest.update_id == numbers[-1]
        assert len(await line.bot.get_updates(timeout=0)) == 1


async def test_the_newer_of_two_long_polls_ends_the_older_with_a_conflict() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister")
        older = asyncio.create_task(line.bot.get_updates(timeout=20))
        await asyncio.sleep(0.05)
        newer = asyncio.create_task(line.bot.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates"):
            await asyncio.wait_for(older, 2)
        await line.phones.say(phone.id, "Hello")
        assert len(await asyncio.wait_for(newer, 2)) == 1


async def test_a_poll_and_a_webhook_are_in_conflict() -> None:
    async with in_process() as line:
        poll = asyncio.create_task(line.bot.get_updates(timeout=20))
        await asyncio.sleep(0.05)
        await line.bot.set_webhook("http://127.0.0.1:9/hook")
        with pytest.raises(Conflict, match="terminated by setWebhook"):
            await asyncio.wait_for(poll, 2)
        with pytest.raises(Conflict, match="while webhook is active"):
            await line.bot.get_updates(timeout=0)
        await line.bot.delete_webhook()
        assert await line.bot.get_updates(timeout=0) == ()


async def test_an_old_update_comes_back_once_under_its_number() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister")
        number = await line.phones.say(phone.id, "once")
        [first] = await line.take()
        await line.phones.redeliver(number)
        [again] = await line.bot.get_updates(offset=number + 50, timeout=0)
        assert again.to_dict() == first.to_dict()
        assert await line.bot.get_updates(offset=number + 50, timeout=0) == ()
        with pytest.raises(PhonesError, match="no update 5"):
            await line.phones.redeliver(5)


async def test_a_tap_tells_who_tapped_what() -> None:
    async with in_process() as line:
        phone = await line.linked()
        message = await line.bot.send_message(
            phone, "Did you meet?", reply_markup=keys(["Yes", "No"], ["Help"])
        )
        for button in ("No", 2):
            await line.phones.tap(phone, button)
        no, help_ = [update.callback_query for update in await line.take()]
        assert (no.data, help_.data) == ("No", "Help")
        assert no.id != help_.id
        assert no.from_user.id == no.message.chat.id == phone
        assert no.message.message_id == message.message_id


async def test_somebody_else_can_tap_and_a_forger_can_send_any_data() -> None:
    async with in_process() as line:
        mentor, stranger = await line.linked("Mentor"), await line.linked("Stranger")
        message = await line.bot.send_message(mentor, "Did you meet?", reply_markup=keys(["Yes"]))
        await line.phones.tap(stranger, "Yes", message=message.message_id)
        await line.phones.tap(mentor, message=message.message_id, data="forged")
        foreign, forged = [update.callback_query for update in await line.take()]
        assert foreign.from_user.id == stranger
        assert foreign.message.chat.id == mentor
        assert (foreign.data, forged.data) == ("Yes", "forged")


async def test_a_button_that_is_not_there_cannot_be_tapped() -> None:
    async with in_process() as line:
        phone = await line.linked()
        with pytest.raises(PhonesError, match="no message with buttons"):
            await line.phones.tap(phone)
        await line.bot.send_message(phone, "Did you meet?", reply_markup=keys(["Yes"]))
        for button in ("No", 1, -1):
            with pytest.raises(PhonesError, match="there are: Yes"):
                await line.phones.tap(phone, button)
        with pytest.raises(PhonesError, match="no message 99"):
            await line.phones.tap(phone, message=99)
        with pytest.raises(PhonesError, match="no phone 5"):
            await line.phones.tap(5)
        assert await line.take() == []


async def test_a_tap_under_a_deleted_message_shows_no_content() -> None:
    async with in_process() as line:
        phone = await line.linked()
        message = await line.bot.send_message(phone, "Ready?", reply_markup=keys(["Yes"]))
        await message.delete()
        await line.phones.tap(phone, "Yes", message=message.message_id)
        [update] = await line.take()
        assert update.callback_query.message.is_accessible is False


async def test_blocking_and_unblocking_are_told_once_each() -> None:
    async with in_process() as line:
        phone = await line.linked()
        for act in (line.phones.block, line.phones.block, line.phones.unblock):
            await act(phone)
        changes = [update.my_chat_member for update in await line.take()]
        assert [c.new_chat_member.status for c in changes] == ["kicked", "member"]
        assert changes[0].chat.id == changes[0].from_user.id == phone
        await line.phones.block(phone)
        with pytest.raises(PhonesError, match="has blocked the bot"):
            await line.phones.say(phone, "Hello")


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("forwarded", "forward_origin"),
        ("via_bot", "via_bot"),
        ("photo", "photo"),
        ("voice", "voice"),
        ("document", "document"),
        ("location", "location"),
        ("contact", "contact"),
    ],
)
async def test_other_kinds_of_messages_are_read_by_the_library(kind: Kind, field: str) -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.say(phone, "words", kind=kind)
        [update] = await line.take()
        assert getattr(update.message, field)


async def test_an_edited_text_is_an_update_of_its_own_kind() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.say(phone, "Hello")
        await line.phones.say(phone, "Goodbye", kind="edited")
        said, edited = await line.take()
        assert edited.message is None
        assert edited.edited_message.text == "Goodbye"
        assert edited.edited_message.message_id == said.message.message_id


async def test_a_group_is_told_apart_from_a_private_chat() -> None:
    async with in_process() as line:
        phone = await line.linked()
        group = await line.phones.group("Family")
        await line.phones.say(phone, "Hello all", group=group.id)
        joined, said = await line.take()
        assert joined.my_chat_member.new_chat_member.status == "member"
        assert (said.effective_chat.type, said.effective_chat.id) == ("supergroup", group.id)
        assert said.effective_user.id == phone
        with pytest.raises(PhonesError, match="no group 4"):
            await line.phones.say(phone, "Hello", group=4)


async def test_any_update_can_be_injected_and_gets_a_number_of_its_own() -> None:
    async with in_process() as line:
        await line.phones.numbers(update=2_000_000_000, message=77, phone=9_000_000_000)
        strange: dict[str, Any] = {"update_id": 1, "what_is_this": {"x": 1}}
        assert await line.phones.inject(strange) == 2_000_000_000
        [update] = await line.take()
        assert isinstance(update, Update)
        assert update.update_id == 2_000_000_000
        phone = await line.linked()
        assert phone == 9_000_000_000
        assert (await line.phones.chat(phone))[0].id == 77


@pytest.mark.parametrize(
    "link",
    [
        "https://t.me/{name}?start=Ab-9_",
        "t.me/{name}?start=Ab-9_",
        "tg://resolve?domain={name}&start=Ab-9_",
        "  Ab-9_ ",
    ],
)
async def test_an_invitation_link_presses_start_with_its_code(link: str) -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Mentor")
        await line.phones.open_link(phone.id, link.format(name=line.bot.username))
        [update] = await line.take()
        assert update.message.text == "/start Ab-9_"
        await line.bot.send_message(phone.id, "Welcome")


@pytest.mark.parametrize(
    ("link", "refusal"),
    [
        ("https://t.me/somebody_else?start=abc", "no bot somebody_else"),
        ("x" * 65, "at most 64"),
        ("two words", "at most 64"),
    ],
)
async def test_a_link_that_leads_nowhere_does_nothing(link: str, refusal: str) -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Mentor")
        with pytest.raises(PhonesError, match=refusal):
            await line.phones.open_link(phone.id, link)
        assert await line.take() == []


async def test_reset_forgets_people_and_keeps_numbers_growing() -> None:
    async with in_process() as line:
        phone = await line.linked()
        before = await line.phones.say(phone, "Hello")
        await line.phones.reset()
        assert await line.phones.phones() == []
        assert await line.phones.sent() == []
        assert await line.take() == []
        after = await line.linked()
        assert after > phone
        assert await line.phones.say(after, "Hello") > before + 1


async def test_only_one_stand_in_sees_what_is_done_to_it() -> None:
    async with in_process() as one, in_process() as other:
        await one.phones.phone("Sister")
        assert await other.phones.phones() == []
        await one.phones.fault("getMe", code=500)
        with pytest.raises(NetworkError):
            await one.bot.get_me()
        await other.bot.get_me()
        assert TOKEN.startswith(str(other.bot.id))
