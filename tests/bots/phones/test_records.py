import json
from pathlib import Path

from telegram import InputFile

from tests.bots.phones.line import TOKEN, in_process, keys


async def test_every_byte_of_every_call_is_kept_whatever_became_of_it() -> None:
    async with in_process() as line:
        phone = await line.linked()
        since = (await line.phones.calls())[-1].seq
        await line.call("sendMessage", chat_id=phone, text="canary-1 é")
        await line.call("sendMessage", chat_id=1, text="canary-2")
        await line.call("noSuchMethod", text="canary-3")
        await line.call("sendMessage", token="4000000001:wrong", text="canary-4")
        await line.http.get(f"/bot{TOKEN}/getMe", params={"x": "canary-5"})
        calls = await line.phones.calls(since)
        assert [call.status for call in calls] == [200, 400, 404, 401, 200]
        for n, call in enumerate(calls, 1):
            assert f"canary-{n}" in call.body.decode() + call.query
        assert all("wrong" not in str(call) and "aaaa" not in str(call) for call in calls)


async def test_a_kept_call_can_be_read_whatever_its_encoding() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.bot.send_message(phone, "à bientôt", reply_markup=keys(["J'ai déjà répondu"]))
        await line.bot.set_webhook(
            "http://127.0.0.1:9/", certificate=InputFile(b"bytes of a file", "naïve.pem")
        )
        text, file = (await line.phones.calls())[-2:]
        assert "à bientôt" in str(text.params)
        assert "J'ai déjà répondu" in str(text.params)
        assert file.content_type.startswith("multipart/form-data")
        assert file.params["certificate"]["size"] == 15
        assert b"bytes of a file" in file.body


async def test_a_record_file_gets_each_call_before_its_answer(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    record.write_text('{"before": 1}\n', encoding="utf-8")
    async with in_process(record=record) as line:
        phone = await line.linked()
        await line.phones.fault("sendMessage", garbage="?")
        await line.call("sendMessage", chat_id=phone, text="dzień dobry")
        await line.http.post(f"/bot{TOKEN}/sendMessage", content=b"\xff\x00raw")
        lines = [json.loads(text) for text in record.read_text(encoding="utf-8").splitlines()]
        assert lines[0] == {"before": 1}
        assert lines[-2]["params"] == {"chat_id": phone, "text": "dzień dobry"}
        assert lines[-2]["method"] == "sendMessage"
        assert lines[-2]["bot"] == line.bot.id
        assert lines[-1]["body"] == "\\xff\x00raw"
        assert TOKEN not in record.read_text(encoding="utf-8")


async def test_sent_waits_for_as_many_as_wanted() -> None:
    async with in_process() as line:
        phone = await line.linked()
        first = await line.bot.send_message(phone, "first")
        [one] = await line.phones.sent(wait=1)
        assert one.message == first.message_id
        assert await line.phones.sent(since=one.seq, wait=1, timeout=0.1) == []
        await line.bot.send_message(phone, "second")
        [two] = await line.phones.sent(since=one.seq, wait=1)
        assert (two.text, two.at) == ("second", line.clock.now)
        assert two.moment > one.moment


async def test_texts_are_counted_whole_or_by_a_pattern() -> None:
    async with in_process() as line:
        phone = await line.linked()
        for text in ("task 7, a", "task 7, b", "task 8, a", "task 8, a", "other"):
            await line.bot.send_message(phone, text)
        assert (await line.phones.counts())["task 8, a"] == 2
        assert await line.phones.counts(r"task (\d+)") == {"7": 2, "8": 2}
        assert await line.phones.counts(r"task") == {"task": 4}
