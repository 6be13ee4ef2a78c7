import pytest
from telegram import BotCommand
from telegram.error import BadRequest, Forbidden, InvalidToken

from bots.phones.methods import METHODS, PROFILE
from tests.bots.phones.line import HERE, TOKEN, Line, bot_of, in_process, keys

EVERY_METHOD = [*METHODS, *PROFILE, "setWebhook", "deleteWebhook", "getWebhookInfo"]


async def test_the_library_accepts_who_the_bot_is() -> None:
    async with in_process() as line:
        me = await line.bot.get_me()
        assert (me.id, me.is_bot, me.can_join_groups) == (4000000001, True, False)
        assert me.username == line.bot.username


async def test_a_message_arrives_with_its_buttons_and_its_flags() -> None:
    async with in_process() as line:
        phone = await line.linked()
        message = await line.bot.send_message(
            phone,
            " Hello, this is Horizon Desk. ",
            reply_markup=keys(["Done", "I can't"]),
            protect_content=True,
            disable_notification=True,
        )
        [sent] = await line.phones.sent(method="sendMessage")
        assert (sent.chat, sent.message, sent.bot) == (phone, message.message_id, line.bot.id)
        assert (sent.silent, sent.protected) == (True, True)
        assert sent.text == message.text == "Hello, this is Horizon Desk."
        assert sent.labels == ["Done", "I can't"]
        assert message.date == line.clock.now
        assert message.has_protected_content


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "Message text is empty"),
        ("  \n", "Text must be non-empty"),
        ("x" * 4097, "Message is too long"),
    ],
)
async def test_a_text_outside_the_limits_is_refused(text: str, refusal: str) -> None:
    async with in_process() as line:
        phone = await line.linked()
        with pytest.raises(BadRequest, match=refusal):
            await line.bot.send_message(phone, text)
        assert await line.phones.sent() == []


async def test_the_longest_text_passes() -> None:
    async with in_process() as line:
        await line.bot.send_message(await line.linked(), "é" * 4096)
        assert len(await line.phones.sent()) == 1


async def test_callback_data_is_measured_in_bytes() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.bot.send_message(phone, "fits", reply_markup=keys(["é" * 32]))
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await line.bot.send_message(phone, "one too many", reply_markup=keys(["é" * 32 + "x"]))
        assert len(await line.phones.sent()) == 1


@pytest.mark.parametrize(
    "markup",
    [
        {"inline_keyboard": [[{"text": "no action"}]]},
        {"inline_keyboard": [[{"callback_data": "no text"}]]},
        {"inline_keyboard": [["no button"]]},
        {"inline_keyboard": {"no": "rows"}},
        {"inline_keyboard": [[{"text": "x", "callback_data": "x"}] * 101]},
        "{no json",
        [],
    ],
)
async def test_a_broken_keyboard_is_refused(markup: object) -> None:
    async with in_process() as line:
        phone = await line.linked()
        answer = await line.call("sendMessage", chat_id=phone, text="Hello", reply_markup=markup)
        assert answer.status_code == 400
        assert answer.json()["description"].startswith("Bad Request: ")
        assert await line.phones.sent() == []


async def test_markup_language_is_not_known_here() -> None:
    async with in_process() as line:
        with pytest.raises(BadRequest, match="plain text only"):
            await line.bot.send_message(await line.linked(), "<b>Hello</b>", parse_mode="HTML")


async def test_nobody_is_written_to_who_did_not_write_first() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Mentor")
        with pytest.raises(Forbidden, match="can't initiate conversation"):
            await line.bot.send_message(phone.id, "Hello")
        with pytest.raises(BadRequest, match="Chat not found"):
            await line.bot.send_message(12345, "Hello")
        with pytest.raises(BadRequest, match="Chat not found"):
            await line.bot.send_message("@public_name", "Hello")


async def test_a_phone_that_blocked_the_bot_gets_nothing_until_it_unblocks() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.block(phone)
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await line.bot.send_message(phone, "Hello")
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await line.bot.send_chat_action(phone, "typing")
        await line.phones.unblock(phone)
        await line.bot.send_message(phone, "Hello")


async def test_an_edit_changes_what_the_phone_shows() -> None:
    async with in_process() as line:
        phone = await line.linked()
        message = await line.bot.send_message(phone, "Did it work?", reply_markup=keys(["Yes"]))
        await message.edit_reply_markup(None)
        shown = (await line.phones.chat(phone))[-1]
        assert (shown.text, shown.buttons, shown.edited) == ("Did it work?", [], False)
        await message.edit_text("Thank you.")
        shown = (await line.phones.chat(phone))[-1]
        assert (shown.text, shown.edited) == ("Thank you.", True)
        with pytest.raises(BadRequest, match="Message is not modified"):
            await message.edit_text("Thank you.")


async def test_only_its_own_messages_can_be_edited() -> None:
    async with in_process() as line:
        phone = await line.linked()
        own = (await line.phones.chat(phone))[0]
        with pytest.raises(BadRequest, match="can't be edited"):
            await line.bot.edit_message_text("Changed", phone, own.id)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await line.bot.edit_message_text("Changed", phone, 999)


async def test_a_message_can_be_deleted_for_two_days() -> None:
    async with in_process() as line:
        phone = await line.linked()
        old = await line.bot.send_message(phone, "Old")
        line.clock.ahead(hours=47, minutes=59)
        young = await line.bot.send_message(phone, "Young")
        await old.delete()
        line.clock.ahead(hours=48, seconds=1)
        with pytest.raises(BadRequest, match="can't be deleted"):
            await young.delete()
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await old.delete()
        assert [m.text for m in await line.phones.chat(phone)] == ["/start", "Young"]


async def test_a_query_is_answered_on_the_phone_that_tapped() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.bot.send_message(phone, "Ready?", reply_markup=keys(["Yes"]))
        await line.phones.tap(phone)
        [update] = await line.take()
        await update.callback_query.answer("Noted")
        assert (await line.phones.phones())[0].toast == "Noted"
        with pytest.raises(BadRequest, match="Query is too old"):
            await line.bot.answer_callback_query("not-a-query")


async def test_the_bot_leaves_a_group_and_is_out() -> None:
    async with in_process() as line:
        group = await line.phones.group("Family")
        await line.bot.send_message(group.id, "Goodbye")
        await line.bot.leave_chat(group.id)
        with pytest.raises(Forbidden, match="not a member"):
            await line.bot.send_message(group.id, "Hello again")
        assert (await line.phones.sent())[-1].method == "leaveChat"


async def test_what_the_bot_says_of_itself_is_kept() -> None:
    async with in_process() as line:
        await line.bot.set_my_name("Harbour Desk")
        await line.bot.set_my_description("Reminders")
        await line.bot.set_my_short_description("Reminders")
        await line.bot.set_my_commands([BotCommand("help", "Ask for help")])
        assert (await line.bot.get_my_name()).name == "Harbour Desk"
        assert (await line.bot.get_my_description()).description == "Reminders"
        assert (await line.bot.get_my_commands())[0].command == "help"
        assert (await line.bot.get_me()).first_name == "Harbour Desk"
        with pytest.raises(BadRequest, match="too long"):
            await line.bot.set_my_name("x" * 65)
        assert len(await line.phones.sent()) == 4


async def test_a_token_belongs_to_the_first_who_uses_it() -> None:
    async with in_process(refused=["4000000009:refused"]) as line:
        other = await line.call("getMe", token="4000000001:another-secret")
        refused = await line.call("getMe", token="4000000009:refused")
        malformed = await line.call("getMe", token="no-token")
        assert [other.status_code, refused.status_code, malformed.status_code] == [401, 401, 404]
        with pytest.raises(InvalidToken):
            await bot_of(HERE, line.http._transport, "4000000001:other").initialize()


async def test_two_bots_have_their_own_chats_and_updates() -> None:
    async with in_process() as line:
        phone = await line.linked()
        async with bot_of(HERE, line.http._transport, "4000000002:b") as second:
            with pytest.raises(Forbidden, match="can't initiate"):
                await second.send_message(phone, "Hello")
            await line.phones.say(phone, "/start", bot=second.id)
            await second.send_message(phone, "Hello")
            assert len(await second.get_updates(timeout=0)) == 1
        assert await line.take() == []
        assert [m.text for m in await line.phones.chat(phone, bot=line.bot.id)] == ["/start"]


async def test_an_unknown_method_is_not_found() -> None:
    async with in_process() as line:
        assert (await line.call("sendEverything")).status_code == 404


@pytest.mark.parametrize("method", EVERY_METHOD)
async def test_an_empty_call_is_answered_and_never_a_failure(method: str) -> None:
    async with in_process() as line:
        for answer in (
            await line.http.post(f"/bot{TOKEN}/{method}"),
            await line.http.get(f"/bot{TOKEN}/{method}"),
            await line.http.post(f"/bot{TOKEN}/{method}", json={}),
        ):
            assert answer.status_code in (200, 400)
            assert answer.json()["ok"] is (answer.status_code == 200)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[" * 100_000),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"null"),
        ("application/x-www-form-urlencoded", b"chat_id=1&text=%ff%fe"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("multipart/form-data; boundary=x", b"--y\r\nno end"),
        ("multipart/form-data", b"no boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="t"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        ("text/plain", b"what is this"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_and_kept(
    content_type: str, body: bytes
) -> None:
    async with in_process() as line:
        answer = await line.http.post(
            f"/bot{TOKEN}/sendMessage", content=body, headers={"content-type": content_type}
        )
        assert answer.status_code == 400
        assert answer.json()["ok"] is False
        call = (await line.phones.calls())[-1]
        assert (call.body, call.status) == (body, 400)


async def test_every_way_to_send_parameters_is_understood() -> None:
    async with in_process() as line:
        phone, path = await line.linked(), f"/bot{TOKEN}/SENDMESSAGE"
        values = {"chat_id": str(phone), "text": "[Hello]", "disable_notification": "True"}
        for answer in (
            await line.http.get(path, params=values),
            await line.http.post(path, params=values),
            await line.http.post(path, data=values),
            await line.http.post(path, json=values | {"chat_id": phone}),
            await line.http.post(path, data=values, files={"extra": b"bytes"}),
        ):
            assert answer.json()["result"]["text"] == "[Hello]"
        assert [sent.silent for sent in await line.phones.sent()] == [True] * 5


async def test_a_body_too_large_is_refused() -> None:
    async with in_process() as line:
        body = b"x" * (11 * 1024 * 1024)
        answer = await line.http.post(f"/bot{TOKEN}/sendMessage", content=body)
        assert answer.status_code == 413


async def linked_twice(line: Line) -> tuple[int, int]:
    return await line.linked("Mentor"), await line.linked("Sister")


async def test_messages_of_one_chat_are_not_found_in_another() -> None:
    async with in_process() as line:
        first, second = await linked_twice(line)
        message = await line.bot.send_message(first, "Hello")
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await line.bot.edit_message_text("Changed", second, message.message_id)
