import asyncio
import re
from html import unescape

import httpx
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from tests.bots.phones.line import HERE, Line, in_process, keys

HOSTILE = """<script>alert("x")</script><img src=x onerror='y'>&amp;{{ 7 * 7 }}"""


async def page(line: Line, **query: str | int) -> str:
    answer = await line.http.get("/", params=query)
    assert answer.status_code == 200
    return answer.text


async def send(line: Line, path: str, **form: str | int) -> httpx.Response:
    answer = await line.http.post(path, data={k: str(v) for k, v in form.items()})
    assert answer.status_code == 303
    return answer


async def test_a_tap_on_the_page_reaches_the_bot() -> None:
    async with in_process() as line:
        phone = await line.linked("Mentor")
        message = await line.bot.send_message(
            phone, "Did you meet?", reply_markup=keys(["Yes", "No"], ["I need help"])
        )
        html = await page(line)
        [number] = re.findall(r'<button name="button" value="(\d)"[^>]*>I need help</button>', html)
        answer = await send(line, f"/phones/{phone}/tap", message=message.message_id, button=number)
        assert answer.headers["location"] == f"/#phone-{phone}"
        [update] = await line.take()
        assert update.callback_query.data == "I need help"
        assert update.effective_user.id == phone


async def test_a_phone_is_added_linked_and_used_with_forms_alone() -> None:
    async with in_process() as line:
        assert "There is no phone yet" in await page(line)
        added = await send(line, "/phones", label="Sister", language="fr")
        [phone] = await line.phones.phones()
        assert added.headers["location"].endswith(f"#phone-{phone.id}")
        assert (phone.label, phone.language) == ("Sister", "fr")
        assert "a bot cannot write first" in await page(line)
        link = f"https://t.me/{line.bot.username}?start=Ab-9"
        await send(line, f"/phones/{phone.id}/open", text=link)
        await send(line, f"/phones/{phone.id}/say", text=" Bonjour ")
        await send(line, f"/phones/{phone.id}/say", text="   ")
        texts = [update.message.text for update in await line.take()]
        assert texts == ["/start Ab-9", "Bonjour"]
        assert "Bonjour" in await page(line)


async def test_the_page_blocks_and_unblocks() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await send(line, f"/phones/{phone}/block", on="true")
        assert "The bot is blocked on this phone" in await page(line)
        refused = await send(line, f"/phones/{phone}/say", text="Hello")
        assert "has+blocked+the+bot" in refused.headers["location"]
        await send(line, f"/phones/{phone}/block", on="false")
        statuses = [u.my_chat_member.new_chat_member.status for u in await line.take()]
        assert statuses == ["kicked", "member"]


async def test_no_text_becomes_markup() -> None:
    async with in_process() as line:
        phone = await line.linked(HOSTILE)
        await line.phones.say(phone, HOSTILE)
        await line.bot.set_my_name(HOSTILE[:60])
        buttons = [
            InlineKeyboardButton(HOSTILE, callback_data="x"),
            InlineKeyboardButton("link", url="https://example.org/?a='\"><b>"),
        ]
        await line.bot.send_message(phone, HOSTILE, reply_markup=InlineKeyboardMarkup([buttons]))
        await line.phones.tap(phone)
        query = (await line.take())[-1].callback_query
        await query.answer(HOSTILE)
        html = await page(line, note=HOSTILE)
        assert HOSTILE not in html
        assert "<script>" not in html
        assert "<img" not in html
        assert '<b>"' not in html
        assert "49" not in html.replace(str(phone), "")
        assert unescape(html).count(HOSTILE) >= 5


async def test_a_button_with_a_script_address_is_no_link() -> None:
    async with in_process() as line:
        phone = await line.linked()
        button = InlineKeyboardButton("open", url="javascript:alert(1)")
        await line.bot.send_message(phone, "Hello", reply_markup=InlineKeyboardMarkup([[button]]))
        assert "javascript:" not in await page(line)


async def test_the_page_names_no_outside_host_and_runs_no_inline_script() -> None:
    async with in_process() as line:
        await line.linked()
        answer = await line.http.get("/")
        assert "//" not in answer.text
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.findall(r"<script(?! src=)|\son\w+=|\sstyle=", answer.text)
        for path in set(re.findall(r'(?:href|src)="(/[^"?#]+)"', answer.text)):
            found = await line.http.get(path)
            assert found.status_code == 200
            assert "://" not in found.text.replace("http://www.w3.org/2000/svg", "")
        assert (await line.http.get("/favicon.ico")).status_code == 302


async def test_without_a_script_the_page_refreshes_itself() -> None:
    async with in_process() as line:
        assert '<noscript><meta http-equiv="refresh"' in await page(line)


async def test_times_and_days_are_those_of_the_phone() -> None:
    async with in_process(zone="Asia/Almaty") as line:
        await send(line, "/phones", label="Brother")
        [phone] = await line.phones.phones()
        line.clock.ahead(hours=12)
        await line.phones.say(phone.id, "/start")
        html = await page(line)
        assert "Tuesday 4 March 2031" in html
        assert ">01:00</time>" in html


async def test_the_page_waits_for_a_change() -> None:
    async with in_process() as line:
        phone = await line.linked()
        version = re.findall(r'data-version="(\d+)"', await page(line))[0]
        waiting = asyncio.create_task(page(line, after=version))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await line.bot.send_message(phone, "Something new")
        assert "Something new" in await asyncio.wait_for(waiting, 2)


async def test_each_bot_has_its_own_screen() -> None:
    async with in_process() as line:
        phone = await line.linked()
        await line.call("getMe", token="4000000002:b")
        await line.phones.say(phone, "for the second", bot=4000000002)
        assert "for the second" not in await page(line, bot=line.bot.id)
        second = await page(line, bot=4000000002)
        assert "for the second" in second
        assert f"/phones/{phone}/say?bot=4000000002" in second


async def test_a_page_without_a_bot_says_so() -> None:
    async with in_process() as line:
        line.app.exchange.bots.clear()
        await line.phones.phone("Sister")
        assert "No bot has called yet" in await page(line)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "rebound.example.org"}, 421),
        ({"host": "127.0.0.1.example.org"}, 421),
        ({"origin": "https://example.org"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": HERE}, 200),
        ({"host": "127.0.0.1:8001", "origin": "http://127.0.0.1:8001"}, 200),
    ],
)
async def test_another_site_cannot_reach_the_phones(headers: dict[str, str], status: int) -> None:
    async with in_process() as line:
        for path in ("/_ctl/reset", "/_ctl/limits"):
            body = '{"on": true}'
            answer = await line.http.post(path, content=body, headers=headers)
            assert answer.status_code == status
