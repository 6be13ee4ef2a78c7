"""A machine signs in while its key changes, or while it is stopped: its token is ended too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import OKPKey

from backend import database, founding
from backend.courts import sessions
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.world import World

A_MOMENT = 0.5
KEY = OKPKey.generate_key("Ed25519").as_pem(private=False).decode()


async def _new_key(client: UUID) -> None:
    await founding.give_court_key(client, KEY, key_only=False)


@pytest.mark.parametrize("end", [_new_key, founding.suspend_court], ids=["key", "suspension"])
async def test_a_token_that_is_made_meanwhile_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, end: Callable[[UUID], Awaitable[None]]
) -> None:
    docket = await a_docket(world)
    assert (await docket.court.list(REFERENCE)).status_code == 200
    ending: list[asyncio.Task[None]] = []
    looked = sessions._of_secret

    async def look_and_wait(way: sessions.Secret) -> Any:
        row = await looked(way)

        async def work() -> None:
            await end(docket.court.id)

        ending.append(database.in_fresh_context(work))
        await asyncio.wait(ending, timeout=A_MOMENT)
        return row

    monkeypatch.setattr(sessions, "_of_secret", look_and_wait)
    await docket.court.sign_in()
    await ending[0]
    assert (await docket.court.list(REFERENCE)).status_code == 401
