"""More requests than the house can hold: the further ones are turned away in our own words."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
from litestar import get

from backend.app import create_app
from backend.doors import PUBLIC
from backend.envelope import MOST_AT_ONCE
from backend.serve import server
from tests.processes import free_port

ROOM = 3


class House:
    """The application behind a real uvicorn, with a route that stays open until it is let go."""

    def __init__(self) -> None:
        self.go, self.came = asyncio.Event(), asyncio.Semaphore(0)

        @get("/held", opt={PUBLIC: True}, include_in_schema=False)
        async def held() -> None:
            self.came.release()
            await self.go.wait()

        @get("/broken", opt={PUBLIC: True}, include_in_schema=False)
        async def broken() -> None:
            raise RuntimeError

        self.app = cast("Any", create_app(extra=[held, broken]))
        self.app.most_at_once = ROOM

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        port = free_port()
        running = server(self.app, "127.0.0.1", port)
        serving = asyncio.create_task(running.serve())
        while not running.started:  # noqa: ASYNC110 - uvicorn offers no event for it
            await asyncio.sleep(0.01)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                yield client
        finally:
            self.go.set()
            running.should_exit = True
            await serving

    async def empty(self) -> None:
        """Wait until nobody is inside."""
        while self.app.inside:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)

    async def fill(self, client: httpx.AsyncClient) -> list[asyncio.Task[httpx.Response]]:
        held = [asyncio.create_task(client.get("/held")) for _ in range(ROOM)]
        for _ in held:
            await asyncio.wait_for(self.came.acquire(), 5)
        return held


async def test_who_comes_to_a_full_house_is_told_so_as_in_every_other_refusal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    async with house.open() as client:
        held = await house.fill(client)
        with caplog.at_level(logging.INFO, logger="backend.envelope"):
            answers = [
                await client.get("/health/live"),
                await client.get("/nowhere"),
                await client.post("/plans", content=b" " * 300_000),
                await client.head("/health/live"),
            ]
        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "5"
            assert answer.headers["cache-control"] == "no-store"
        for answer in answers[:3]:
            assert answer.json() == {
                "type": "urn:throughcare:problem:try-again",
                "title": "The service is busy; try again in a few seconds",
                "status": 503,
            }
        lines = [(one.msg, vars(one)["route"], vars(one)["status"]) for one in caplog.records]
        assert lines == [("answered", "- -", 503)] * 4
        house.go.set()
        assert [(await one).status_code for one in held] == [200] * ROOM
        assert (await client.get("/health/live")).status_code == 200


async def test_a_place_is_free_again_however_a_request_ended() -> None:
    house = House()
    async with house.open() as client:
        for _ in range(ROOM + 1):
            assert (await client.get("/broken")).status_code == 500
        for task in await house.fill(client):
            task.cancel()  # the caller hangs up
        house.go.set()
        async with asyncio.timeout(5):
            await house.empty()
        assert (await client.get("/health/live")).status_code == 200


async def test_connections_on_which_nothing_is_asked_take_nobodys_place() -> None:
    house = House()
    async with house.open() as client:
        idle = [
            await asyncio.open_connection(client.base_url.host, client.base_url.port)
            for _ in range(ROOM + 5)
        ]
        assert (await client.get("/health/live")).status_code == 200
        for _, writer in idle:
            writer.close()


def test_no_limit_that_answers_in_plain_text_is_met_first() -> None:
    limit = server(create_app(), "127.0.0.1", 0).config.limit_concurrency
    assert limit is None or limit > MOST_AT_ONCE
