"""The parameters of a call, however they came: in the address, as JSON, urlencoded or multipart."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import State, UploadFile
from litestar.exceptions import ClientException

from bots.phones.refusals import bad
from bots.phones.wire import Keyboard

LONGEST_DATA = 64
MOST_BUTTONS = 100
STRUCTURED = (
    *("reply_markup", "commands", "scope", "allowed_updates"),
    *("entities", "link_preview_options", "reply_parameters"),
)
ACTIONS = ("url", "login_url", "web_app", "copy_text", "switch_inline_query", "pay")


class Params:
    """Reads leniently where the real service does; refuses (400) where it does."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.all = dict(values)

    def text(self, name: str) -> str:
        value = self.all.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """What is no number counts as `default`."""
        with suppress(ValueError):
            return int(self.text(name))
        return default

    def flag(self, name: str) -> bool:
        return self.text(name).strip().lower() in ("true", "yes", "1")

    def chat(self) -> int:
        """Raises Refusal (400) for a missing or unreadable chat_id, or a public name."""
        if not self.text("chat_id"):
            raise bad("chat_id is empty")
        with suppress(ValueError):
            return int(self.text("chat_id"))
        raise bad("chat not found")

    def chat_or_none(self) -> int | None:
        with suppress(ValueError):
            return int(self.text("chat_id"))
        return None

    def json(self, name: str) -> Any:
        """A value that may come as JSON text. Raises Refusal (400)."""
        value = self.all.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except (ValueError, RecursionError):
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def keyboard(self) -> Keyboard:
        """The inline keyboard; empty for none and for the other kinds of reply markup."""
        markup = self.json("reply_markup")
        if markup is None:
            return []
        if not isinstance(markup, dict):
            raise bad("object expected as reply markup")
        rows = markup.get("inline_keyboard", [])
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise bad(
                'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
            )
        if sum(map(len, rows)) > MOST_BUTTONS:
            raise bad("reply markup is too long")
        return [[_button(button) for button in row] for row in rows if row]


def _button(button: Any) -> dict[str, Any]:
    trouble = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(f"{trouble}InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad(f'{trouble}Field "text" must be of type String')
    data = button.get("callback_data")
    if not data and not any(button.get(action) for action in ACTIONS):
        raise bad(f"{trouble}Text buttons are unallowed in the inline keyboard")
    if len(str(data or "").encode()) > LONGEST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    return button


async def read(request: Request[Any, Any, State]) -> dict[str, Any]:
    """All that the caller sent, readable; of a file its name and size. Raises Refusal (400)."""
    try:
        sent = dict(request.query_params) | await _body(request)
    except UnicodeError:
        raise bad("strings must be encoded in UTF-8") from None
    except ClientException:
        raise bad("can't parse the request") from None
    return {name: _structured(name, value) for name, value in sent.items()}


def _structured(name: str, value: Any) -> Any:
    """JSON inside a form, unpacked where the API means JSON; left alone where it is none."""
    if name in STRUCTURED and isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


async def _body(request: Request[Any, Any, State]) -> dict[str, Any]:
    raw = await request.body()
    content = request.content_type[0]
    if not raw:
        return {}
    if content == "multipart/form-data":
        return {name: await _part(value) for name, value in (await request.form()).multi_items()}
    if content == "application/x-www-form-urlencoded":
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict")
        return dict(pairs)
    if content == "application/json":
        return _object(raw)
    return {}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeError):
            raise
        value = None
    if not isinstance(value, dict):
        raise bad("can't parse JSON object")
    return value


async def _part(value: Any) -> Any:
    if not isinstance(value, UploadFile):
        return value
    size = len(await value.read())
    await value.close()
    return {"file": value.filename, "size": size}
