"""How bots, phones and messages look in the Bot API's JSON."""

from typing import Any

from bots.phones.exchange import Bot, Exchange
from bots.phones.wire import Message, Phone

Shape = dict[str, Any]

# What a bot sees of content that it should refuse: no bytes exist behind these ids.
_FILE: Shape = {"file_id": "stand-in-file", "file_unique_id": "stand-in", "file_size": 2048}
_CONTENT: dict[str, Shape] = {
    "photo": {"photo": [{**_FILE, "width": 90, "height": 60}]},
    "voice": {"voice": {**_FILE, "duration": 3, "mime_type": "audio/ogg"}},
    "document": {"document": {**_FILE, "file_name": "scan.pdf", "mime_type": "application/pdf"}},
    "location": {"location": {"latitude": 0.0, "longitude": 0.0}},
    "contact": {"contact": {"phone_number": "+10000000000", "first_name": "Somebody"}},
}
_CAPTIONED = ("photo", "voice", "document")


def bot_user(bot: Bot) -> Shape:
    return {"id": bot.id, "is_bot": True, "first_name": bot.name, "username": bot.username}


def about_bot(bot: Bot) -> Shape:
    """What getMe answers: a bot that joins no groups and has no inline mode."""
    return bot_user(bot) | {
        "can_join_groups": False,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
    }


def user_of(phone: Phone) -> Shape:
    return {
        "id": phone.id,
        "is_bot": False,
        "first_name": phone.label,
        "language_code": phone.language,
    }


def private_chat(phone: Phone) -> Shape:
    return {"id": phone.id, "type": "private", "first_name": phone.label}


def chat_of(exchange: Exchange, chat: int) -> Shape:
    if group := exchange.groups.get(chat):
        return {"id": chat, "type": "supergroup", "title": group.title}
    return private_chat(exchange.phones[chat])


def message_of(exchange: Exchange, message: Message) -> Shape:
    """A message as the API shows it; a deleted one is only a number in a chat."""
    head: Shape = {"message_id": message.id, "chat": chat_of(exchange, message.chat), "date": 0}
    if message.deleted:
        return head
    head["date"] = int(message.at.timestamp())
    head["from"] = (
        bot_user(exchange.bots[message.bot])
        if message.mine
        else user_of(exchange.phones[message.sender])
    )
    if message.buttons:
        head["reply_markup"] = {"inline_keyboard": message.buttons}
    if message.protected:
        head["has_protected_content"] = True
    return head | _body(message) | _origin(message, head["date"])


def _body(message: Message) -> Shape:
    if message.kind in _CONTENT:
        caption = message.text and message.kind in _CAPTIONED
        return _CONTENT[message.kind] | ({"caption": message.text} if caption else {})
    command = message.text.split(maxsplit=1)[0] if message.text.startswith("/") else ""
    entity = {"type": "bot_command", "offset": 0, "length": len(command)}
    return {"text": message.text} | ({"entities": [entity]} if command else {})


def _origin(message: Message, date: int) -> Shape:
    if message.kind == "forwarded":
        return {
            "forward_origin": {
                "type": "hidden_user",
                "sender_user_name": "Somebody",
                "date": date,
            }
        }
    if message.kind == "via_bot":
        other = {"id": 1, "is_bot": True, "first_name": "Other", "username": "other_bot"}
        return {"via_bot": other}
    return {}
