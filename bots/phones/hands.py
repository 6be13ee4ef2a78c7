"""What people do at their phones, turned into the updates that a bot is told."""

import re
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bots.phones.exchange import Bot, Exchange, TroubleError
from bots.phones.shapes import bot_user, message_of, private_chat, user_of
from bots.phones.wire import Group, Keyboard, Kind, Message, Phone

START = re.compile(r"[A-Za-z0-9_-]{0,64}")


def say(
    exchange: Exchange,
    bot: Bot,
    phone: Phone,
    text: str,
    *,
    kind: Kind = "text",
    group: int | None = None,
) -> int:
    """Write to the bot, or into a group with it. Returns the update's number."""
    if group is None and bot.id in phone.blocked:
        raise TroubleError(f"{phone.label} has blocked the bot")
    if kind == "edited":
        return _edit(exchange, bot, phone, text)
    if group is None:
        phone.started.add(bot.id)
    elif group not in exchange.groups:
        raise TroubleError(f"no group {group}", 404)
    phone.toast = ""
    message = exchange.post(
        Message(0, bot.id, group or phone.id, phone.id, text, exchange.clock(), kind=kind)
    )
    return bot.mailbox.put({"message": message_of(exchange, message)})


def open_link(exchange: Exchange, phone: Phone, link: str, bot: Bot | None = None) -> int:
    """Follow an invitation: `https://t.me/NAME?start=CODE`, `tg://resolve?...`, or the code alone.

    Where a link names no bot, `bot` is meant. Returns the update's number.
    """
    name, code = _invitation(link.strip())
    if not START.fullmatch(code):
        raise TroubleError("a start code has at most 64 letters, digits, _ and -")
    target = exchange.find_bot(name) if name else bot or exchange.find_bot()
    return say(exchange, target, phone, f"/start {code}".strip())


def tap(
    exchange: Exchange,
    bot: Bot,
    phone: Phone,
    *,
    button: str | int = 0,
    message: int | None = None,
    data: str | None = None,
) -> int:
    """Tap a button under a message: the newest with buttons unless one is named.

    The phone need not be the one that the message was sent to, and `data` need
    not be on any button: a bot must not believe either. Returns the update's number.
    """
    shown = _tapped(exchange, bot, phone, message)
    phone.toast = ""
    query = str(exchange.next.query)
    exchange.next.query += 1
    exchange.queries[query] = (bot.id, phone.id)
    content = {
        "id": query,
        "from": user_of(phone),
        "chat_instance": str(shown.chat),
        "data": _data(shown.buttons, button) if data is None else data,
        "message": message_of(exchange, shown),
    }
    exchange.seen.ring()
    return bot.mailbox.put({"callback_query": content})


def block(exchange: Exchange, bot: Bot, phone: Phone, *, on: bool) -> int | None:
    """Block or unblock the bot. Returns the update's number, None where nothing changed."""
    if on == (bot.id in phone.blocked):
        return None
    (phone.blocked.add if on else phone.blocked.discard)(bot.id)
    exchange.seen.ring()
    old, new = ("member", "kicked") if on else ("kicked", "member")
    return bot.mailbox.put(_membership(exchange, bot, private_chat(phone), phone, old=old, new=new))


def gather(exchange: Exchange, bot: Bot, title: str) -> Group:
    """Make a group and take the bot into it."""
    group = Group(exchange.next.group, title, {bot.id})
    exchange.next.group -= 1
    exchange.groups[group.id] = group
    chat = {"id": group.id, "type": "supergroup", "title": title}
    adder = next(iter(exchange.phones.values()), Phone(1, "Somebody"))
    bot.mailbox.put(_membership(exchange, bot, chat, adder, old="left", new="member"))
    return group


def _invitation(link: str) -> tuple[str | None, str]:
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    if not query and "/" not in link:
        return None, link
    name = query.get("domain", [parts.path])[0].rsplit("/", 1)[-1]
    return name, query.get("start", [""])[0]


def _edit(exchange: Exchange, bot: Bot, phone: Phone, text: str) -> int:
    own = [m for m in exchange.chat(bot, phone.id) if m.sender == phone.id]
    if not own:
        raise TroubleError(f"{phone.label} has written nothing to edit")
    own[-1].text, own[-1].edited = text, True
    exchange.seen.ring()
    edited = {**message_of(exchange, own[-1]), "edit_date": int(exchange.clock().timestamp())}
    return bot.mailbox.put({"edited_message": edited})


def _tapped(exchange: Exchange, bot: Bot, phone: Phone, message: int | None) -> Message:
    if message is not None:
        if message not in exchange.messages:
            raise TroubleError(f"no message {message}", 404)
        return exchange.messages[message]
    with_buttons = [m for m in exchange.chat(bot, phone.id) if m.buttons]
    if not with_buttons:
        raise TroubleError(f"{phone.label} has no message with buttons")
    return with_buttons[-1]


def _data(keyboard: Keyboard, wanted: str | int) -> str:
    buttons = list(chain.from_iterable(keyboard))
    if isinstance(wanted, int):
        found = buttons[wanted : wanted + 1] if wanted >= 0 else []
    else:
        found = [button for button in buttons if button["text"] == wanted]
    if not found:
        labels = ", ".join(str(button["text"]) for button in buttons)
        raise TroubleError(f"no button {wanted!r}; there are: {labels or 'none'}", 404)
    if "callback_data" not in found[0]:
        raise TroubleError(f"the button {wanted!r} tells the bot nothing")
    return str(found[0]["callback_data"])


def _membership(
    exchange: Exchange, bot: Bot, chat: dict[str, Any], phone: Phone, *, old: str, new: str
) -> dict[str, Any]:
    def member(status: str) -> dict[str, Any]:
        until = {"until_date": 0} if status == "kicked" else {}
        return {"user": bot_user(bot), "status": status, **until}

    return {
        "my_chat_member": {
            "chat": chat,
            "from": user_of(phone),
            "date": int(exchange.clock().timestamp()),
            "old_chat_member": member(old),
            "new_chat_member": member(new),
        }
    }
