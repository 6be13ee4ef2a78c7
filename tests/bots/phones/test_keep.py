from pathlib import Path

import pytest

from tests.bots.phones.line import in_process, keys


async def test_phones_and_chats_outlive_the_stand_in(tmp_path: Path) -> None:
    file = tmp_path / "data" / "phones.json"
    async with in_process(keep=file) as line:
        phone = await line.linked("Sister", language="fr")
        await line.bot.send_message(phone, "Ready?", reply_markup=keys(["Yes"]))
        await line.phones.group("Family")
        await line.take()
        waiting = await line.phones.tap(phone)
        before = await line.phones.chat(phone)
    assert "aaaa" not in file.read_text(encoding="utf-8")
    async with in_process(keep=file) as line:
        assert await line.phones.chat(phone) == before
        [update] = await line.take()
        assert update.update_id == waiting
        await line.bot.send_message(phone, "Still here")
        assert await line.phones.say(phone, "Hello") > waiting
        assert (await line.phones.chat(phone))[: len(before)] == before
        assert (await line.phones.phone("Brother")).id > phone
        assert (await line.phones.group("Second")).id not in (0, -1_001_000_000_001)


async def test_a_file_that_cannot_be_read_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "phones.json"
    file.write_text('{"half', encoding="utf-8")
    async with in_process(keep=file) as line:
        assert await line.phones.phones() == []
    assert (tmp_path / "phones.json.unreadable").read_text(encoding="utf-8") == '{"half'
    assert "put aside" in caplog.text
