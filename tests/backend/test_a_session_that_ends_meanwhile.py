"""What waits for the account while its session is ended changes nothing of it any more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from backend import clock
from backend.founding import forget_second_factor
from tests.backend.authenticator import Authenticator, a_passkey, options_to_enrol
from tests.backend.entering import enter, inside_of, refusal
from tests.world import PASSWORD, App, Caller, World

Ask = Callable[[], Awaitable[httpx.Response]]
SIGNED_OUT, NOT_FRESH = (401, "not-signed-in"), (403, "prove-again")
# all that opens an account or was asked for in its name
KEPT = """
SELECT (SELECT count(*) FROM factor WHERE ended_at IS NULL) AS offered,
       (SELECT count(*) FROM factor WHERE confirmed_at IS NOT NULL AND ended_at IS NULL) AS apps,
       (SELECT count(*) FROM passkey WHERE ended_at IS NULL) AS passkeys,
       (SELECT string_agg(hash::text, ' ' ORDER BY hash) FROM recovery_code) AS codes,
       (SELECT count(*) FROM break_glass) AS wishes,
       (SELECT count(*) FROM device WHERE ended_at IS NULL) AS devices,
       (SELECT string_agg(password, ' ' ORDER BY id) FROM staff) AS passwords
"""


async def _confirm_an_app(who: Caller) -> Ask:
    app = App((await who.post("/account/factor")).json()["secret"])
    return lambda: who.post("/account/factor/confirm", {"code": app.code()})


async def _confirm_a_passkey(who: Caller) -> Ask:
    body = {"name": "stick", **Authenticator().make(await options_to_enrol(who, "stick"))}
    return lambda: who.post("/account/passkeys", body)


async def _renew_codes(who: Caller) -> Ask:
    await a_passkey(who)
    return lambda: who.post("/account/recovery-codes")


async def _end_a_passkey(who: Caller) -> Ask:
    await a_passkey(who)
    (key,) = (await who.get("/account/passkeys")).json()["passkeys"]
    return lambda: who.post(f"/account/passkeys/{key['id']}/end")


async def _end_another_device(who: Caller) -> Ask:
    there = inside_of(await enter(who))
    (here,) = [one for one in (await there.get("/account/devices")).json()["devices"]
               if one["here"]]  # fmt: skip
    return lambda: who.post(f"/account/devices/{here['id']}/end")


def _sign_out_of(who: Caller) -> Ask:
    return lambda: who.post("/account/sign-out")


async def _enrol_an_app(who: Caller) -> Ask:
    return lambda: who.post("/account/factor")


async def _ask_for_the_glass(who: Caller) -> Ask:
    wish = {"alias": "North light", "reason": "It cannot wait.", "id": str(uuid4())}
    return lambda: who.post("/break-glass", wish)


async def _change_the_password(who: Caller) -> Ask:
    body = {"old": PASSWORD, "new": "four horses in a row"}
    return lambda: who.post("/account/password", body)


ASKS = {
    "confirmFactor": (_confirm_an_app, NOT_FRESH),
    "enrolFactor": (_enrol_an_app, NOT_FRESH),
    "confirmPasskey": (_confirm_a_passkey, NOT_FRESH),
    "renewRecoveryCodes": (_renew_codes, NOT_FRESH),
    "endPasskey": (_end_a_passkey, NOT_FRESH),
    "endDevice": (_end_another_device, NOT_FRESH),
    "askBreakGlass": (_ask_for_the_glass, NOT_FRESH),
    "changePassword": (_change_the_password, SIGNED_OUT),
}


@asynccontextmanager
async def _held(world: World, who: Caller) -> AsyncIterator[Any]:
    """A transaction that holds the account, as one that ends its sessions does."""
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        async with held.transaction():
            await held.execute("SELECT 1 FROM staff WHERE id = $1 FOR UPDATE", who.id)
            yield held
    finally:
        await held.close()


async def _waiting(asked: Awaitable[Any]) -> asyncio.Future[Any]:
    sent = asyncio.ensure_future(asked)
    await asyncio.sleep(0.7)
    assert not sent.done()
    return sent


@pytest.mark.parametrize("what", ASKS)
async def test_whose_session_was_ended_while_it_waited_for_the_account_does_nothing_to_it(
    world: World, what: str
) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    prepare, refused = ASKS[what]
    ask = await prepare(worker)
    before = await world.sql(KEPT)
    async with _held(world, worker) as held:
        sent = await _waiting(ask())
        await held.execute("UPDATE session SET ended_at = $2 WHERE staff = $1",
                           worker.id, clock.now())  # fmt: skip
    answer = await sent
    assert refusal(answer) == refused
    assert await world.sql(KEPT) == before


@pytest.mark.parametrize("what", ["everywhere", "device"])
async def test_who_ends_sessions_waits_for_what_is_under_way_in_them(
    world: World, what: str
) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    end = {"device": await _end_another_device(worker), "everywhere": _sign_out_of(worker)}
    async with _held(world, worker):
        sent = await _waiting(end[what]())
    assert (await sent).status_code == 204


async def test_an_operator_takes_away_what_is_just_being_set_up_too(world: World) -> None:
    worker = await world.somebody("SW")
    assert world.agency
    assert worker.login
    await _confirm_an_app(worker)
    async with _held(world, worker) as held:
        sent = await _waiting(forget_second_factor(world.agency, worker.login))
        await held.execute("UPDATE factor SET confirmed_at = made_at WHERE staff = $1", worker.id)
    await sent
    assert await world.sql("SELECT 1 FROM factor WHERE ended_at IS NULL") == []
