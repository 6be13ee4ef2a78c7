"""Whoever stops a machine stops it everywhere, whatever tokens it holds."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from backend import database, founding
from backend.access import Actor
from backend.courts.clients import suspend
from backend.courts.quota import count_pull
from backend.errors import NotSignedIn
from backend.operating import at_terminal
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.backend.courts.machines import seen
from tests.forks import Fork
from tests.processes import end, environment, free_port, start
from tests.world import Caller, World

FIVE_SECONDS = 5


def _api(world: World, place: Path, port: int) -> Fork:
    env = environment(world, "http://127.0.0.1:1", API_PORT=str(port), API_DOCS="off")
    return start("api", env, place / f"{port}.log")


async def _up(client: httpx.AsyncClient, url: str) -> None:
    for _ in range(200):
        try:
            if (await client.get(f"{url}/health/live")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.mark.slow
async def test_a_live_token_opens_nothing_on_any_process_once_its_machine_is_stopped(
    world: World, tmp_path: Path
) -> None:
    docket = await a_docket(world)
    headers = {"Authorization": f"Bearer {docket.court.caller.token}"}
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with ExitStack() as stack:
        for port in ports:
            stack.callback(end, _api(world, tmp_path, port))
        async with httpx.AsyncClient(trust_env=False) as client:
            for url in urls:
                await _up(client, url)

            async def ask(url: str, headers: dict[str, str]) -> httpx.Response:
                path = f"/court/summaries?file_ref={REFERENCE}"
                return await client.get(url + path, headers=headers)

            for url in urls:
                assert (await ask(url, headers)).status_code == 200
            began = time.monotonic()
            await founding.suspend_court(docket.court.id)
            unknown = {"Authorization": "Bearer " + "x" * 43}
            for url in urls:
                refused = await ask(url, headers)
                never = await ask(url, unknown)
                assert (refused.status_code, refused.content) == (401, never.content)
            assert time.monotonic() - began < FIVE_SECONDS


async def test_a_token_that_is_asked_for_while_the_machine_is_stopped_looks_like_no_client(
    world: World,
) -> None:
    docket = await a_docket(world)
    credential = docket.court.credential
    body = {"client_id": credential.client_id, "secret": credential.secret}
    async with at_terminal():
        await suspend(docket.court.id)
    refused = await Caller().post("/court/token", body)
    never = await Caller().post("/court/token", {**body, "client_id": "nobody"})
    assert seen(refused) == seen(never)
    assert refused.status_code == 401


async def test_a_pull_that_was_let_in_a_moment_before_finds_nothing(world: World) -> None:
    docket = await a_docket(world)
    actor = Actor(docket.court.id, "court", "CT", UUID(str(world.agency)))
    async with at_terminal():
        await suspend(docket.court.id)
    with pytest.raises(NotSignedIn):
        async with database.transaction(actor.id):
            await count_pull(actor, [b"x"])
    assert await world.sql("SELECT 1 FROM court_day") == []
