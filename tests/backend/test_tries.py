"""Wrong tries are counted in the database; a stranger's never shut out a device that is known."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from asyncpg import Connection

from backend import clock
from backend.errors import TooManyTries, WrongCredentials
from backend.settings import settings
from backend.staff import rules, tries
from backend.staff.sessions import Whence, sign_in
from tests.backend.authenticator import a_passkey
from tests.processes import end, environment, free_port, start
from tests.world import PASSWORD, App, Caller, World


async def _try(login: str | None, password: str = "wrong", **more: Any) -> httpx.Response:
    return await Caller().post("/sessions", {"login": login, "password": password, **more})


async def _known(caller: Caller) -> str:
    """A device on which this person has signed in."""
    answer = await _try(caller.login, PASSWORD)
    assert answer.status_code == 200, answer.text
    device: str = answer.json()["device"]
    return device


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def test_a_thousand_wrong_tries_of_strangers_do_not_stop_the_owners_device(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    device = await _known(worker)
    made_up = "x" * 43
    for n in range(1000):
        answer = await _try(worker.login, device=made_up if n % 2 else None)
        assert answer.status_code == (401 if n < 10 else 429), n
    assert (await _try(worker.login, PASSWORD, device=device)).status_code == 200
    # not even the owner comes in from elsewhere meanwhile, and that is the same for nobody's login
    assert (await _try(worker.login, PASSWORD)).status_code == 429
    _later(minutes=15, seconds=1)
    assert (await _try(worker.login, PASSWORD)).status_code == 200


async def test_a_login_that_nobody_has_is_counted_and_answered_alike(world: World) -> None:
    worker = await world.somebody("SW")
    seen = {}
    for login in (worker.login, "nobody"):
        answers = [await _try(login) for _ in range(12)]
        assert [one.status_code for one in answers] == [401] * 10 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0
        seen[login] = [one.content for one in answers]
    assert seen[worker.login] == seen["nobody"]
    # nor does another spelling count anew
    assert (await _try((worker.login or "").upper(), PASSWORD)).status_code == 429


async def test_whatever_is_wrong_costs_the_same_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, coded, gone, keyed = [await world.somebody("SW") for _ in range(4)]
    app = App((await coded.post("/account/factor")).json()["secret"])
    assert (await coded.post("/account/factor/confirm", {"code": app.code()})).status_code == 200
    await world.sql("UPDATE staff SET active = false WHERE id = $1", gone.id)
    recovery, spent, *_ = (await a_passkey(keyed)).codes
    assert (await _try(keyed.login, PASSWORD, code=spent)).status_code == 200
    work: list[str] = []

    def watch(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def watched(*values: Any, **more: Any) -> Any:
            work.append(f"{name} {values[1] if owner is Connection else ''}")
            return real(*values, **more)

        monkeypatch.setattr(owner, name, watched)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        watch(Connection, name)
    watch(PasswordHasher, "verify")
    watch(rules, "code_at")
    cases = [
        (plain.login, "wrong", None),
        (coded.login, "wrong", None),
        (coded.login, PASSWORD, None),
        (coded.login, PASSWORD, "000000"),
        (coded.login, "wrong", app.code()),
        (keyed.login, PASSWORD, None),
        (keyed.login, PASSWORD, "aaaa-aaaa-aaaa-aaaa"),
        (keyed.login, PASSWORD, spent),
        (keyed.login, "wrong", recovery),
        (gone.login, PASSWORD, None),
        ("nobody", PASSWORD, "000000"),
    ]
    seen, said = [], set()
    for login, password, code in cases:
        work.clear()
        answer = await _try(login, password, code=code)
        assert answer.status_code == 401
        said.add(answer.content)
        seen.append(list(work))
    assert len(said) == 1
    assert seen == [seen[0]] * len(cases)
    assert sum(one.startswith("verify") for one in seen[0]) == 1
    assert sum(one.startswith("code_at") for one in seen[0]) == 3


async def test_a_device_of_one_account_is_a_stranger_to_another(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    device = await _known(other)
    for _ in range(10):
        assert (await _try(worker.login, device=device)).status_code == 401
    assert (await _try(worker.login, PASSWORD, device=device)).status_code == 429
    assert (await _try(other.login, PASSWORD, device=device)).status_code == 200


async def test_a_known_device_in_other_hands_has_ten_tries_and_shuts_out_nobody_else(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    stolen, kept = await _known(worker), await _known(worker)
    tried = [(await _try(worker.login, device=stolen)).status_code for _ in range(12)]
    assert tried == [401] * 10 + [429] * 2
    assert (await _try(worker.login, PASSWORD, device=kept)).status_code == 200
    assert (await _try(worker.login, PASSWORD)).status_code == 200


async def test_a_device_that_was_ended_is_a_stranger_again(world: World) -> None:
    worker = await world.somebody("SW")
    device = await _known(worker)
    await world.sql("UPDATE device SET ended_at = now()")
    for _ in range(10):
        await _try(worker.login)
    assert (await _try(worker.login, PASSWORD, device=device)).status_code == 429


async def test_who_signs_in_begins_to_count_anew_and_leaves_nothing_behind(world: World) -> None:
    worker = await world.somebody("SW")
    for _ in range(2):
        for _ in range(9):
            assert (await _try(worker.login)).status_code == 401
        assert (await _try(worker.login, PASSWORD)).status_code == 200
    assert await world.sql("SELECT 1 FROM sign_in_failure") == []


async def test_one_address_has_a_hundred_tries_at_however_many_logins(world: World) -> None:
    worker = await world.somebody("SW")
    device = await _known(worker)
    here, elsewhere = Whence(address="192.0.2.7"), Whence(address="192.0.2.8")
    done: Counter[type] = Counter()
    for n in range(120):
        with pytest.raises((WrongCredentials, TooManyTries)) as refused:
            await sign_in(f"nobody-{n}", "wrong", here)
        done[refused.type] += 1
    assert done == {WrongCredentials: tries.OF_ADDRESS, TooManyTries: 20}
    with pytest.raises(TooManyTries):
        await sign_in(worker.login or "", PASSWORD, here)
    # who shares the address and is known there still comes in, and so does everybody elsewhere
    await sign_in(worker.login or "", PASSWORD, Whence(address="192.0.2.7", device=device))
    await sign_in(worker.login or "", PASSWORD, elsewhere)


async def test_all_addresses_of_one_network_of_version_six_are_one(world: World) -> None:
    await world.somebody("SW")
    for n in range(tries.OF_ADDRESS):
        with pytest.raises(WrongCredentials):
            await sign_in(f"nobody-{n}", "wrong", Whence(address=f"2001:db8:0:1::{n:x}"))
    with pytest.raises(TooManyTries):
        await sign_in("nobody", "wrong", Whence(address="2001:db8:0:1:ffff::1"))
    with pytest.raises(WrongCredentials):
        await sign_in("nobody", "wrong", Whence(address="2001:db8:0:2::1"))


async def test_an_address_is_believed_from_the_proxy_alone_and_stored_as_a_keyed_hash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.somebody("SW")

    async def counted() -> list[Any]:
        await Caller().post(
            "/sessions",
            {"login": "nobody", "password": "wrong"},
            headers={"X-Real-IP": "192.0.2.7", "X-Forwarded-For": "192.0.2.9"},
        )
        rows = await world.sql("SELECT address FROM sign_in_failure ORDER BY at DESC LIMIT 1")
        return [rows[0]["address"], str(await world.sql("SELECT * FROM sign_in_failure"))]

    peer, whole = await counted()
    monkeypatch.setenv("BEHIND_PROXY", "on")
    settings.cache_clear()
    try:
        told, _ = await counted()
    finally:
        settings.cache_clear()
    assert len(peer) == len(told) == 32
    assert peer != told
    assert "192.0.2" not in whole
    assert "127.0.0" not in whole


@asynccontextmanager
async def _api(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The API as a process of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(world, "", API_PORT=str(port))
        process = start("api", env, Path(folder) / "log")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            try:
                for _ in range(200):
                    try:
                        await http.get("/health/live")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.1)
                yield http
            finally:
                end(process)


@pytest.mark.slow
async def test_two_processes_at_once_and_a_restart_give_nobody_more_tries(world: World) -> None:
    worker = await world.somebody("SW")
    body = {"login": worker.login, "password": "wrong"}
    async with _api(world) as one, _api(world) as two:
        asked = [http.post("/sessions", json=body) for http in (one, two) for _ in range(20)]
        seen = Counter(answer.status_code for answer in await asyncio.gather(*asked))
        assert (seen[401], seen[429] + seen[503]) == (10, 30)
        assert seen[429] > 0
    async with _api(world) as again:
        assert (await again.post("/sessions", json=body)).status_code == 429


@pytest.mark.slow
async def test_a_device_that_is_ended_is_out_of_every_process_within_a_second(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    phone = {"login": worker.login, "password": PASSWORD, "device_name": "Phone"}
    async with _api(world) as one, _api(world) as two:
        stolen = (await one.post("/sessions", json=phone)).json()
        own = (await two.post("/sessions", json={**phone, "device_name": "Laptop"})).json()
        thief = {"Authorization": f"Bearer {stolen['access_token']}"}
        owner = {"Authorization": f"Bearer {own['access_token']}"}
        for http in (one, two):
            assert (await http.get("/plans", headers=thief)).status_code == 200
            assert (await http.get("/tasks", headers=thief)).status_code == 200
        listed = (await two.get("/account/devices", headers=owner)).json()["devices"]
        lost = next(device for device in listed if device["name"] == "Phone")
        ended = await two.post(f"/account/devices/{lost['id']}/end", json={}, headers=owner)
        assert ended.status_code == 204, ended.text
        async with asyncio.timeout(1):
            for http in (one, two):
                assert (await http.get("/plans", headers=thief)).status_code == 401
                assert (await http.get("/tasks", headers=thief)).status_code == 401
                assert (await http.get("/tasks", headers=owner)).status_code == 200
        fresh = {"refresh_token": stolen["refresh_token"]}
        assert (await one.post("/sessions/refresh", json=fresh)).status_code == 401
