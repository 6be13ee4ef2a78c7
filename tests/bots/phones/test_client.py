import subprocess
import sys

import pytest

from bots.phones.client import PhonesError
from tests.bots.phones.line import in_process

LOADED = "import sys, bots.phones.client as _; print([m for m in sys.modules if m == 'litestar'])"


def test_whoever_uses_the_client_loads_no_server() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert ended.stdout == b"[]\n"


async def test_without_a_bot_or_with_two_a_hand_must_say_which() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.call("getMe", token="4000000002:b")
        with pytest.raises(PhonesError, match="say which bot"):
            await line.phones.say(phone, "Hello")
        await line.phones.say(phone, "Hello", bot=f"desk_{line.bot.id}_bot")
        with pytest.raises(PhonesError, match="no bot nobody"):
            await line.phones.say(phone, "Hello", bot="nobody")
        line.app.exchange.bots.clear()
        with pytest.raises(PhonesError, match="no bot has called yet"):
            await line.phones.say(phone, "Hello")


async def test_a_phone_is_made_once() -> None:
    async with in_process() as line:
        phone = await line.phones.phone("Sister", id=77)
        assert (phone.id, phone.language, phone.zone) == (77, "en", "UTC")
        with pytest.raises(PhonesError, match="there already"):
            await line.phones.phone("Brother", id=77)


async def test_the_bots_are_seen_with_what_waits_for_them() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.phones.say(phone, "Hello")
        [bot] = await line.phones.bots()
        assert (bot.id, bot.username, bot.pending, bot.webhook) == (
            line.bot.id,
            line.bot.username,
            1,
            "",
        )


async def test_a_misspelt_wish_is_refused_with_its_reason() -> None:
    async with in_process() as line:
        answer = await line.http.post("/_ctl/phones", json={"label": "Sister", "langage": "fr"})
        assert answer.status_code == 400
        assert "langage" in answer.text
