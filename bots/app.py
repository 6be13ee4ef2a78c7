"""The bot: the only module that knows every conversation."""

from typing import Any

from telegram import ChatMember, Message, Update
from telegram.constants import ChatType

from backend.messages import links
from bots.chat import Chat
from bots.conversations import linking, taps, words
from bots.texts.stop_words import is_help, is_start_again, is_stop

GONE = {ChatMember.BANNED, ChatMember.LEFT}
Later = list[tuple[str, Any]]


async def handle(row: Any, raw: dict[str, Any], later: Later) -> None:
    """Let one update take effect. What waits for the commit is put into `later`.

    Private chats only; groups are left, and forwards, edits, bots and the rest are passed over.
    """
    update = Update.de_json(raw, None)
    if update.callback_query is not None:
        await _tapped(row, update, later)
    elif update.my_chat_member is not None:
        await _membership(row, update, later)
    elif update.message is not None:
        await _written(row, update.message, later)


async def _tapped(row: Any, update: Update, later: Later) -> None:
    query = update.callback_query
    if query is None:
        return
    later.append(("answer_callback_query", query.id))
    message = query.message
    private = message is not None and message.chat.type == ChatType.PRIVATE
    # a button that another account presses does nothing, whoever shows it to them
    if query.data and private and message is not None and message.chat.id == query.from_user.id:
        await taps.tap(await Chat.of(row, query.from_user.id), query.data)


async def _membership(row: Any, update: Update, later: Later) -> None:
    change = update.my_chat_member
    if change is None:
        return
    if change.chat.type != ChatType.PRIVATE:
        if change.new_chat_member.status not in GONE:
            later.append(("leave_chat", change.chat.id))
        return
    if change.new_chat_member.status in GONE:
        for link in (await Chat.of(row, change.chat.id)).active:
            await links.end_link(link, "inactive", task="link-inactive")


async def _written(row: Any, message: Message, later: Later) -> None:
    if message.chat.type != ChatType.PRIVATE:
        later.append(("leave_chat", message.chat.id))
        return
    sender = message.from_user
    if sender is None or sender.is_bot or sender.id != message.chat.id or message.via_bot:
        return
    if message.forward_origin is not None:
        return
    await _words(await Chat.of(row, message.chat.id), message.text)


async def _words(chat: Chat, text: str | None) -> None:
    if text is not None and text.startswith("/start "):
        await linking.start(chat, text.removeprefix("/start ").strip())
    elif text is not None and is_stop(text) and chat.living:
        await words.stop(chat)
    elif text is not None and is_start_again(text) and not chat.active:
        if not await words.start_again(chat):
            await _not_active(chat, text)
    elif text is not None and linking.may_be_pin(chat, text):
        await linking.pin(chat, text)
    elif not chat.active:
        await _not_active(chat, text)
    elif text is None:
        await chat.promise("NO-FILES")
    elif is_help(text):
        await words.help_wanted(chat, text)
    else:
        await words.free_text(chat, text)


async def _not_active(chat: Chat, text: str | None) -> None:
    """A chat that is off is told how to begin again; one that waits for its call, just that."""
    stopped = [link for link in chat.links if link["state"] == "stopped"]
    if stopped:
        await words.after_stop(chat, stopped[0], text)
        return
    waiting = [link for link in chat.links if link["state"] == "unconfirmed"]
    if waiting:
        await chat.say(waiting[0], "LINK-WAIT")
    else:
        await chat.say_to_stranger()
