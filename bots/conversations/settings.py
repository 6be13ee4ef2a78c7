"""What a recipient chooses for their own phone: language, hours, whether it is shared."""

from typing import Any

import msgspec

from backend.database import connection
from backend.support.humans import holds_until
from bots.chat import Chat
from bots.conversations import words

EVERY_DAY, FRIDAY = 0, 5
# Hours only: why somebody wants them is nobody's business and is never asked.
WINDOWS: dict[str, list[dict[str, object]]] = {
    "not_before_ten": [{"day": EVERY_DAY, "from": "00:00", "to": "10:00"}],
    "not_after_six": [{"day": EVERY_DAY, "from": "18:00", "to": "23:59"}],
    "not_friday_noon": [{"day": FRIDAY, "from": "11:30", "to": "14:30"}],
    "ten_to_four": [
        {"day": EVERY_DAY, "from": "00:00", "to": "10:00"},
        {"day": EVERY_DAY, "from": "16:00", "to": "23:59"},
    ],
    "any_time": [],
}
OF_A_MENTOR = "WHY-M"
MENUS = {"language": "LANGUAGE", "quiet_hours": "QUIET", "why": "WHY"}


async def choose(chat: Chat, link: Any, key: str, action: str) -> bool:
    """Let a settings button take effect; False where it is none."""
    if action == "stop":
        await words.stop(chat)
    elif action in MENUS:
        await chat.say(link, await _menu(link, action))
    elif key == "LANGUAGE":
        changed = await _set(link, "language", action)
        await chat.say(changed, "LANGUAGE-OK")
    elif key == "QUIET" and action in WINDOWS:
        await _set(link, "quiet", msgspec.json.encode(WINDOWS[action]).decode())
        await chat.say(link, "QUIET-OK")
    elif key.startswith("WELCOME") and action in {"only_me", "shared"}:
        if action == "shared":
            # what one reader may see, all may see: the least level for every link of the chat
            for one in chat.active:
                await _set(one, "level", "P1")
        await chat.say(link, "SHARED-OK")
    else:
        return False
    return True


async def _menu(link: Any, action: str) -> str:
    """A mentor reads here what their agency knows of them, and whom they may call."""
    key = MENUS[action]
    return OF_A_MENTOR if key == "WHY" and await holds_until(link["subject"]) else key


async def _set(link: Any, column: str, value: str) -> Any:
    return await connection().fetchrow(
        f"UPDATE link SET {column} = $2, version = version + 1 WHERE id = $1 RETURNING *",
        link["id"],
        value,
    )
