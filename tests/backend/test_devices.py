"""The devices on which somebody has signed in: seen in a list, and ended from another one."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from backend import clock
from backend.database import in_fresh_context, transaction
from backend.passkeys import challenges
from backend.staff import sessions
from backend.staff.passwords import is_right
from tests.backend.authenticator import Authenticator, a_passkey, options_to_sign_in
from tests.backend.entering import inside_of
from tests.world import PASSWORD, Caller, World

PROBLEM = "urn:throughcare:problem:"


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def _on(who: Caller, name: str, device: str | None = None) -> tuple[Caller, dict[str, Any]]:
    """Somebody signed in on a device of this name."""
    given = {"login": who.login, "password": PASSWORD, "device_name": name, "device": device}
    answer = await Caller().post("/sessions", given)
    assert answer.status_code == 200, answer.text
    there = Caller(who.id)
    there.token = answer.json()["access_token"]
    return there, answer.json()


async def _list(who: Caller) -> list[dict[str, Any]]:
    answer = await who.get("/account/devices")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["devices"]
    return found


async def _is_in(who: Caller) -> bool:
    return (await who.get("/tasks")).status_code == 200


async def test_a_list_shows_ones_own_devices_and_nobody_elses(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    await _on(other, "Not yours")
    began = clock.now()
    phone, tokens = await _on(worker, "Phone")
    _later(minutes=9)
    laptop, _ = await _on(worker, "Laptop")
    first, second = await _list(laptop)
    assert (first["name"], first["here"], first["signed_in"]) == ("Laptop", True, True)
    assert (second["name"], second["here"], second["signed_in"]) == ("Phone", False, True)
    assert second["seen_at"] == second["made_at"] >= began.isoformat()[:19]
    _later(minutes=9)
    fresh = {"refresh_token": tokens["refresh_token"]}
    assert (await Caller().post("/sessions/refresh", fresh)).status_code == 200
    assert [one["name"] for one in await _list(laptop)] == ["Phone", "Laptop"]
    assert not await _is_in(phone)  # its access token was renewed


async def test_a_device_is_ended_from_another_one_and_the_other_way_round_it_is_not_there(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    phone, tokens = await _on(worker, "Phone")
    laptop, _ = await _on(worker, "Laptop")
    lost = next(one["id"] for one in await _list(laptop) if one["name"] == "Phone")
    assert (await laptop.post(f"/account/devices/{lost}/end")).status_code == 204
    assert not await _is_in(phone)
    fresh = {"refresh_token": tokens["refresh_token"]}
    assert (await Caller().post("/sessions/refresh", fresh)).status_code == 401
    assert [one["name"] for one in await _list(laptop)] == ["Laptop"]
    assert (await laptop.post(f"/account/devices/{lost}/end")).status_code == 404
    assert (await laptop.post(f"/account/devices/{uuid4()}/end")).status_code == 404


async def test_a_device_that_is_ended_while_the_password_is_weighed_is_a_strangers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await world.somebody("SW")
    _, tokens = await _on(worker, "Phone")
    laptop, _ = await _on(worker, "Laptop")
    lost = next(one["id"] for one in await _list(laptop) if one["name"] == "Phone")

    async def meanwhile(password: str, hashed: str | None) -> bool:
        ended = await laptop.post(f"/account/devices/{lost}/end")
        assert ended.status_code in {204, 404}, ended.text
        return await is_right(password, hashed)

    monkeypatch.setattr(sessions, "is_right", meanwhile)
    again, other = await _on(worker, "Phone again", tokens["device"])
    assert other["device"] != tokens["device"], "it gets a token of its own"
    shown = {one["name"]: one["id"] for one in await _list(laptop)}
    assert set(shown) == {"Laptop", "Phone again"}
    assert (await laptop.post(f"/account/devices/{shown['Phone again']}/end")).status_code == 204
    assert not await _is_in(again)


async def test_a_device_that_is_ended_while_a_passkey_is_judged_is_a_strangers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await world.somebody("CO")
    key = await a_passkey(head)
    phone = await _by_passkey(key)
    laptop = inside_of(await _by_passkey(key, device_name="Laptop"))
    here = next(one["id"] for one in await _list(inside_of(phone)) if one["here"])
    take = challenges.take

    async def meanwhile(held: Any, drawn: Any) -> Any:
        end = laptop.post(f"/account/devices/{here}/end")
        ended = await in_fresh_context(lambda: end)
        assert ended.status_code in {204, 404}, ended.text
        return await take(held, drawn)

    monkeypatch.setattr(challenges, "take", meanwhile)
    again = await _by_passkey(key, device=phone.json()["device"], device_name="Phone again")
    assert again.status_code == 200, again.text
    assert again.json()["device"] != phone.json()["device"]
    assert "Phone again" in {one["name"] for one in await _list(laptop)}


async def _by_passkey(key: Authenticator, **more: Any) -> httpx.Response:
    shown = key.show(await options_to_sign_in())
    return await Caller().post("/sessions/passkey", {**shown, **more})


@pytest.mark.parametrize("whose", ["ended", "another's"])
async def test_no_session_stands_on_a_device_that_ended_or_is_anothers(
    world: World, whose: str
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    await _on(worker, "Phone")
    await _on(other, "Theirs")
    of, ended = (worker, "now()") if whose == "ended" else (other, "NULL")
    [device] = await world.sql(
        f"UPDATE device SET ended_at = {ended} WHERE staff = $1 AND name <> '' RETURNING id", of.id
    )
    sql = "INSERT INTO session (id, staff, access, access_until, until, browser, device) "
    values = "VALUES (gen_random_uuid(), $1, $2, now(), now(), false, $3)"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="device has ended"):
        async with transaction(worker.id) as held:
            await held.execute(sql + values, worker.id, uuid4().bytes, device["id"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="device has ended"):
        async with transaction(worker.id) as held:
            await held.execute("UPDATE session SET device = $1", device["id"])


async def test_ending_another_device_asks_for_a_fresh_proof_and_ending_ones_own_does_not(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    phone, _ = await _on(worker, "Phone")
    laptop, _ = await _on(worker, "Laptop")
    ids = {one["name"]: one["id"] for one in await _list(laptop)}
    _later(minutes=5, seconds=1)
    refused = await phone.post(f"/account/devices/{ids['Laptop']}/end")
    assert (refused.status_code, refused.json()["type"]) == (403, PROBLEM + "prove-again")
    assert await _is_in(laptop)
    assert (await phone.post(f"/account/devices/{ids['Phone']}/end")).status_code == 204
    assert not await _is_in(phone)
    assert (await laptop.post("/account/prove", {"password": "wrong"})).status_code == 401
    assert (await laptop.post("/account/prove", {"password": PASSWORD})).status_code == 204


async def test_a_fourth_app_ends_the_one_that_was_not_seen_for_longest(world: World) -> None:
    worker = await world.somebody("SW")
    callers = []
    for n in range(4):
        callers.append((await _on(worker, f"Phone {n}"))[0])
        _later(seconds=1)
    assert [await _is_in(one) for one in callers] == [False, True, True, True]
    assert len(await _list(callers[3])) == 3


async def test_eight_sign_ins_at_once_leave_three_devices(world: World) -> None:
    worker = await world.somebody("SW")
    await asyncio.gather(*(_on(worker, f"Phone {n}") for n in range(8)))
    assert len(await world.sql("SELECT 1 FROM device WHERE ended_at IS NULL")) == 3
    assert len(await world.sql("SELECT 1 FROM session WHERE ended_at IS NULL")) == 3


async def test_a_known_device_signs_in_again_as_itself(world: World) -> None:
    worker = await world.somebody("SW")
    first, tokens = await _on(worker, "Phone")
    again, more = await _on(worker, "Phone", tokens["device"])
    assert more["device"] == tokens["device"]
    assert len(await _list(again)) == 1
    assert not await _is_in(first)  # a device holds one session


async def test_signing_out_everywhere_ends_every_session_and_forgets_no_device(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    other, _ = await _on(await world.somebody("SW"), "Phone")
    phone, tokens = await _on(worker, "Phone")
    laptop, _ = await _on(worker, "Laptop")
    assert (await phone.post("/account/sign-out")).status_code == 204
    assert [await _is_in(one) for one in (phone, laptop, other)] == [False, False, True]
    again, _ = await _on(worker, "Phone", tokens["device"])
    signed_in = {one["name"]: one["signed_in"] for one in await _list(again)}
    assert signed_in == {"Phone": True, "Laptop": False}


async def test_a_device_token_opens_nothing_and_is_stored_hashed(world: World) -> None:
    worker = await world.somebody("SW")
    _, tokens = await _on(worker, "Phone")
    thief = Caller(worker.id)
    thief.token = tokens["device"]
    assert not await _is_in(thief)
    assert len(tokens["device"]) >= 43
    assert tokens["device"] not in str(await world.sql("SELECT * FROM device"))
