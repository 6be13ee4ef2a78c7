import asyncio
from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from backend import database
from bots.webhook import SECRET, create_webhook, secret_of
from tests.world import BOT_NUMBER, World

KEY = "a secret of the webhook"
OWN = secret_of(BOT_NUMBER, KEY)
UPDATE: dict[str, Any] = {"update_id": 7, "message": {"text": "hello"}}


class Hook:
    def __init__(self) -> None:
        self.came = asyncio.Event()
        app: Any = create_webhook([BOT_NUMBER, "77"], KEY, self.came.set)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://hook"
        )

    async def call(self, body: Any = UPDATE, secret: str | None = OWN) -> httpx.Response:
        headers = {} if secret is None else {SECRET: secret}
        if isinstance(body, bytes):
            return await self.http.post("/telegram", content=body, headers=headers)
        return await self.http.post("/telegram", json=body, headers=headers)


async def _as_bot(world: World) -> None:
    await world.an_agency()
    database.act_as("worker")


async def test_an_update_is_a_committed_row_when_the_service_gets_its_200(world: World) -> None:
    await _as_bot(world)
    hook = Hook()
    assert (await hook.call()).status_code == 200
    assert hook.came.is_set()
    rows = await world.sql("SELECT number, sealed FROM incoming_update")
    assert rows == [{"number": 7, "sealed": ANY}]
    assert b"hello" not in rows[0]["sealed"]


async def test_the_same_update_twice_is_one_row(world: World) -> None:
    await _as_bot(world)
    hook = Hook()
    for _ in range(3):
        assert (await hook.call()).status_code == 200
    assert len(await world.sql("SELECT id FROM incoming_update")) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", KEY, OWN + "x", secret_of("78", KEY)])
async def test_a_wrong_secret_is_refused_without_a_word(world: World, secret: str | None) -> None:
    await _as_bot(world)
    answer = await Hook().call(secret=secret)
    assert (answer.status_code, answer.content) == (401, b"")
    assert await world.sql("SELECT id FROM incoming_update") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"update_id": "7"}',
        b'{"update_id": -1}',
        b"[" * 5000,
    ],
)
async def test_what_is_no_update_is_refused_and_not_asked_for_again(
    world: World, body: bytes
) -> None:
    await _as_bot(world)
    assert (await Hook().call(body)).status_code == 400


async def test_a_huge_body_is_refused(world: World) -> None:
    await _as_bot(world)
    assert (await Hook().call(b'{"update_id": 1, "x": "' + b"x" * 2**21)).status_code == 413
