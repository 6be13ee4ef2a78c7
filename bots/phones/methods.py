"""The methods of the Bot API that a bot of ours uses, with the limits and refusals of the real one.

A method either raises Refusal and changes nothing, or has taken effect when it returns.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bots.phones.exchange import Bot, Exchange
from bots.phones.params import Params
from bots.phones.refusals import bad, not_found
from bots.phones.shapes import about_bot, message_of
from bots.phones.wire import Message, Sent

LONGEST_TEXT = 4096
LONGEST_TOAST = 200
DELETABLE, MOST_DELETED = timedelta(hours=48), 100
PROFILE = {
    "setmyname": ("name", 64),
    "setmydescription": ("description", 512),
    "setmyshortdescription": ("short_description", 120),
}

Method = Callable[[Exchange, Bot, Params], Awaitable[Any]]


async def call(exchange: Exchange, bot: Bot, method: str, params: Params) -> Any:
    """The `result` of a method, whose name may be in any case. Raises Refusal."""
    name = method.lower()
    if name in PROFILE:
        return _profile(exchange, bot, method, params)
    if name.startswith("get") and name.replace("get", "set", 1) in PROFILE:
        field = PROFILE[name.replace("get", "set", 1)][0]
        return {field: bot.name if field == "name" else bot.profile.get(field, "")}
    if name not in METHODS:
        raise not_found()
    return await METHODS[name](exchange, bot, params)


async def get_me(_: Exchange, bot: Bot, __: Params) -> dict[str, Any]:
    return about_bot(bot)


async def get_updates(_: Exchange, bot: Bot, params: Params) -> list[dict[str, Any]]:
    """Sends every kind of update: `allowed_updates` is kept with the call and not obeyed."""
    return await bot.mailbox.poll(
        params.number("offset"), params.number("limit", 100), params.number("timeout")
    )


async def send_message(exchange: Exchange, bot: Bot, params: Params) -> dict[str, Any]:
    chat, text, keyboard = params.chat(), _text(params), params.keyboard()
    exchange.reach(bot, chat)
    exchange.flood.admit(bot.id, chat)
    message = exchange.post(
        Message(
            0,
            bot.id,
            chat,
            bot.id,
            text,
            exchange.clock(),
            buttons=keyboard,
            silent=params.flag("disable_notification"),
            protected=params.flag("protect_content"),
        )
    )
    _log(exchange, "sendMessage", bot, params, message)
    return message_of(exchange, message)


async def edit_text(exchange: Exchange, bot: Bot, params: Params) -> dict[str, Any]:
    """Without a keyboard in the call the message loses its buttons, as on the real service."""
    return _edit(exchange, bot, params, "editMessageText", _text(params))


async def edit_markup(exchange: Exchange, bot: Bot, params: Params) -> dict[str, Any]:
    return _edit(exchange, bot, params, "editMessageReplyMarkup", None)


async def delete_messages(exchange: Exchange, bot: Bot, params: Params) -> bool:
    """Those that are not there, or too old, are passed over."""
    chat, numbers = params.chat(), params.json("message_ids")
    if chat not in exchange.phones and chat not in exchange.groups:
        raise bad("chat not found")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= MOST_DELETED:
        raise bad("message identifiers are not specified, or too many")
    for number in numbers:
        message = exchange.messages.get(number)
        if message is None or (message.bot, message.chat) != (bot.id, chat):
            continue
        if exchange.clock() - message.at <= DELETABLE:
            message.deleted = True
            _log(exchange, "deleteMessages", bot, params, message)
    return True


async def delete_message(exchange: Exchange, bot: Bot, params: Params) -> bool:
    message = _find(exchange, bot, params, "delete")
    if exchange.clock() - message.at > DELETABLE:
        raise bad("message can't be deleted for everyone")
    message.deleted = True
    _log(exchange, "deleteMessage", bot, params, message)
    return True


async def answer_query(exchange: Exchange, bot: Bot, params: Params) -> bool:
    asker, phone = exchange.queries.get(params.text("callback_query_id"), (0, 0))
    if asker != bot.id:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(params.text("text")) > LONGEST_TOAST:
        raise bad("MESSAGE_TOO_LONG")
    exchange.phones[phone].toast = params.text("text")
    _log(exchange, "answerCallbackQuery", bot, params, chat=phone)
    return True


async def chat_action(exchange: Exchange, bot: Bot, params: Params) -> bool:
    chat = params.chat()
    if not params.text("action"):
        raise bad("wrong parameter action in request")
    exchange.reach(bot, chat)
    return True


async def leave_chat(exchange: Exchange, bot: Bot, params: Params) -> bool:
    chat = params.chat()
    if chat in exchange.phones:
        raise bad("chat member status can't be changed in private chats")
    exchange.reach(bot, chat)
    exchange.groups[chat].bots.discard(bot.id)
    _log(exchange, "leaveChat", bot, params, chat=chat)
    return True


async def set_commands(exchange: Exchange, bot: Bot, params: Params) -> bool:
    commands = params.json("commands")
    if not isinstance(commands, list):
        raise bad("can't parse commands list JSON array")
    bot.profile["commands"] = commands
    _log(exchange, "setMyCommands", bot, params)
    return True


async def get_commands(_: Exchange, bot: Bot, __: Params) -> Any:
    return bot.profile.get("commands", [])


async def delete_commands(_: Exchange, bot: Bot, __: Params) -> bool:
    bot.profile.pop("commands", None)
    return True


def _profile(exchange: Exchange, bot: Bot, method: str, params: Params) -> bool:
    field, longest = PROFILE[method.lower()]
    if len(params.text(field)) > longest:
        raise bad(f"bot {field.replace('_', ' ')} is too long")
    bot.profile[field] = params.text(field)
    _log(exchange, method, bot, params)
    return True


def _text(params: Params) -> str:
    text = params.text("text").strip()
    if not params.text("text"):
        raise bad("message text is empty")
    if not text:
        raise bad("text must be non-empty")
    if len(text) > LONGEST_TEXT:
        raise bad("message is too long")
    if params.text("parse_mode") or params.json("entities"):
        raise bad("unsupported parse_mode: the stand-in knows plain text only")
    return text


def _find(exchange: Exchange, bot: Bot, params: Params, verb: str) -> Message:
    chat = params.chat()
    if chat not in exchange.phones and chat not in exchange.groups:
        raise bad("chat not found")
    message = exchange.messages.get(params.number("message_id"))
    if message is None or message.deleted or (message.bot, message.chat) != (bot.id, chat):
        raise bad(f"message to {verb} not found")
    return message


def _edit(
    exchange: Exchange, bot: Bot, params: Params, method: str, text: str | None
) -> dict[str, Any]:
    keyboard = params.keyboard()
    message = _find(exchange, bot, params, "edit")
    exchange.reach(bot, message.chat)
    if not message.mine:
        raise bad("message can't be edited")
    text = message.text if text is None else text
    if (text, keyboard) == (message.text, message.buttons):
        raise bad(
            "message is not modified: specified new message content and reply markup are "
            "exactly the same as a current content and reply markup of the message"
        )
    message.edited = message.edited or text != message.text
    message.text, message.buttons = text, keyboard
    _log(exchange, method, bot, params, message)
    shown = message_of(exchange, message)
    return shown | {"edit_date": int(exchange.clock().timestamp())}


def _log(
    exchange: Exchange,
    method: str,
    bot: Bot,
    params: Params,
    message: Message | None = None,
    *,
    chat: int | None = None,
) -> None:
    sent = Sent(0, method, bot.id, exchange.clock(), exchange.ticks(), chat, params=params.all)
    if message is not None:
        sent.chat, sent.message, sent.text = message.chat, message.id, message.text
        sent.buttons, sent.silent, sent.protected = (
            message.buttons,
            message.silent,
            message.protected,
        )
    exchange.log(sent)


METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "sendmessage": send_message,
    "editmessagetext": edit_text,
    "editmessagereplymarkup": edit_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "answercallbackquery": answer_query,
    "sendchataction": chat_action,
    "leavechat": leave_chat,
    "setmycommands": set_commands,
    "getmycommands": get_commands,
    "deletemycommands": delete_commands,
}
