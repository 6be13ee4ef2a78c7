"""Signing in: opaque tokens that live ten minutes, and refresh tokens that work once."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from backend import clock
from backend.staff import passwords, sessions
from tests.world import PASSWORD, Caller, World

PROBLEM = "urn:throughcare:problem:"


async def _sign_in(login: str | None, password: str = PASSWORD) -> httpx.Response:
    return await Caller().post("/sessions", {"login": login, "password": password})


async def _refresh(token: str) -> httpx.Response:
    return await Caller().post("/sessions/refresh", {"refresh_token": token})


async def _opens(token: str) -> bool:
    answer = await Caller().get("/plans", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def _seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}}
    return answer.status_code, answer.content, headers


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def test_a_wrong_password_an_unknown_login_and_a_closed_account_look_alike(
    world: World,
) -> None:
    worker, gone = await world.somebody("SW"), await world.somebody("SW")
    await world.sql("UPDATE staff SET active = false WHERE id = $1", gone.id)
    answers = [
        await _sign_in(worker.login, "not the password at all"),
        await _sign_in("nobody", PASSWORD),
        await _sign_in(gone.login, PASSWORD),
        await _sign_in("' OR 1=1 --", PASSWORD),
    ]
    assert answers[0].status_code == 401
    assert answers[0].json()["type"] == PROBLEM + "wrong-credentials"
    assert all(_seen(answer) == _seen(answers[0]) for answer in answers)


async def test_a_login_is_the_same_in_capitals(world: World) -> None:
    worker = await world.somebody("SW")
    assert (await _sign_in((worker.login or "").upper())).status_code == 200


async def test_an_access_token_lives_ten_minutes(world: World) -> None:
    worker = await world.somebody("SW")
    tokens = (await _sign_in(worker.login)).json()
    assert (tokens["expires_in"], tokens["token_type"]) == (600, "Bearer")
    _later(minutes=9, seconds=59)
    assert await _opens(tokens["access_token"])
    _later(seconds=2)
    assert not await _opens(tokens["access_token"])
    fresh = await _refresh(tokens["refresh_token"])
    assert fresh.status_code == 200
    assert await _opens(fresh.json()["access_token"])


async def test_a_refresh_token_works_once_and_its_second_use_ends_the_session(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    elsewhere = (await _sign_in(worker.login)).json()
    first = (await _sign_in(worker.login)).json()
    second = (await _refresh(first["refresh_token"])).json()
    assert not await _opens(first["access_token"])
    third = (await _refresh(second["refresh_token"])).json()
    assert await _opens(third["access_token"])
    stolen = await _refresh(first["refresh_token"])
    assert (stolen.status_code, stolen.json()["type"]) == (401, PROBLEM + "not-signed-in")
    assert not await _opens(third["access_token"])
    assert (await _refresh(third["refresh_token"])).status_code == 401
    assert await _opens(elsewhere["access_token"])


async def test_of_many_refreshes_at_once_no_more_than_one_is_answered(world: World) -> None:
    worker = await world.somebody("SW")
    token = (await _sign_in(worker.login)).json()["refresh_token"]
    answers = await asyncio.gather(*(_refresh(token) for _ in range(6)))
    good = [one.json()["access_token"] for one in answers if one.status_code == 200]
    assert len(good) == 1
    assert not await _opens(good[0])


async def test_a_session_ends_after_thirty_days_however_often_it_is_refreshed(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    token = (await _sign_in(worker.login)).json()["refresh_token"]
    for _ in range(65):
        _later(hours=11)
        token = (await _refresh(token)).json()["refresh_token"]
    _later(hours=5)  # thirty days
    assert (await _refresh(token)).status_code == 401


async def test_an_app_that_rests_for_twelve_hours_is_signed_out(world: World) -> None:
    worker = await world.somebody("SW")
    token = (await _sign_in(worker.login)).json()["refresh_token"]
    # what was handed out last was good for ten minutes
    _later(hours=12, minutes=9)
    renewed = await _refresh(token)
    assert renewed.status_code == 200
    _later(hours=12, minutes=10)
    rested = await _refresh(renewed.json()["refresh_token"])
    unknown = await _refresh("x" * 43)
    assert (rested.status_code, rested.json()) == (401, unknown.json())
    # it is over, and not taken for a theft: the device stays, and its holder signs in again
    again = await _sign_in(worker.login)
    assert again.status_code == 200
    bearer = {"Authorization": f"Bearer {again.json()['access_token']}"}
    listed = (await Caller().get("/account/devices", headers=bearer)).json()["devices"]
    assert sorted((one["here"], one["signed_in"]) for one in listed) == [
        (False, False),
        (True, True),
    ]


async def test_a_token_that_was_renewed_at_the_last_moment_ends_with_its_session(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    token = (await _sign_in(worker.login)).json()["refresh_token"]
    _later(days=29, hours=23, minutes=55)
    await world.sql("UPDATE session SET access_until = $1", clock.now())  # it was used until now
    renewed = (await _refresh(token)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {renewed}"}
    ways = ("/plans", "/tasks")  # judged in the database with what is read, and before it
    assert [(await Caller().get(way, headers=bearer)).status_code for way in ways] == [200, 200]
    _later(minutes=6)
    assert [(await Caller().get(way, headers=bearer)).status_code for way in ways] == [401, 401]


async def test_signing_out_ends_all_tokens_of_the_session_at_once(world: World) -> None:
    worker = await world.somebody("SW")
    tokens, other = (await _sign_in(worker.login)).json(), (await _sign_in(worker.login)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    ended = await Caller().post("/sessions/end", headers=bearer)
    assert (ended.status_code, ended.content) == (204, b"")
    assert not await _opens(tokens["access_token"])
    assert (await _refresh(tokens["refresh_token"])).status_code == 401
    assert (await Caller().post("/sessions/end", headers=bearer)).status_code == 401
    assert await _opens(other["access_token"])


async def test_a_closed_account_is_out_at_once(world: World) -> None:
    worker = await world.somebody("SW")
    tokens = (await _sign_in(worker.login)).json()
    await world.sql("UPDATE staff SET active = false WHERE id = $1", worker.id)
    assert not await _opens(tokens["access_token"])
    assert (await _refresh(tokens["refresh_token"])).status_code == 401


async def test_tokens_and_passwords_are_stored_hashed(world: World) -> None:
    worker = await world.somebody("SW")
    tokens = (await _sign_in(worker.login)).json()
    tokens |= {"fresh": (await _refresh(tokens["refresh_token"])).json()["refresh_token"]}
    secrets = [tokens[name] for name in ("access_token", "refresh_token", "fresh")]
    assert all(len(secret) >= 43 for secret in secrets)
    for table in ("session", "refresh_token", "sign_in_failure", "staff", "audit"):
        whole = str(await world.sql(f"SELECT * FROM {table}"))
        for secret in [*secrets, PASSWORD]:
            assert secret not in whole, table
    (account,) = await world.sql("SELECT password FROM staff")
    assert account["password"].startswith("$argon2id$")


async def test_what_is_no_token_is_401_and_says_how_to_come_in(world: World) -> None:
    await world.an_agency()
    strange = ["Bearer", "Bearer ", "Basic abc", "Bearer x", f"bearer {'x' * 5000}", "Bearer a b"]
    for headers in ({}, *({"Authorization": one} for one in strange)):
        answer = await Caller().get("/plans", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["type"] == PROBLEM + "not-signed-in"


async def test_a_token_opens_nothing_under_another_scheme(world: World) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    assert await _opens(worker.token or "")
    for scheme in ("Basic", "DPoP", "Token", ""):
        for path in ("/plans", "/tasks"):
            headers = {"Authorization": f"{scheme} {worker.token}"}
            assert (await Caller().get(path, headers=headers)).status_code == 401, (scheme, path)


async def test_a_refresh_token_opens_nothing_and_an_access_token_renews_nothing(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    tokens = (await _sign_in(worker.login)).json()
    assert not await _opens(tokens["refresh_token"])
    assert (await _refresh(tokens["access_token"])).status_code == 401


async def test_the_token_of_a_browser_opens_pages_only(world: World) -> None:
    worker = await world.somebody("SW")
    whence = sessions.Whence(browser=True)
    made = await sessions.sign_in(worker.login or "", PASSWORD, whence)
    assert not await _opens(made.access)
    ours = (await _sign_in(worker.login)).json()["access_token"]
    page = await Caller().get("/desk", headers={"Cookie": f"throughcare={ours}"})
    assert page.status_code == 303


async def test_hashing_happens_beside_the_event_loop_for_the_unknown_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await world.somebody("SW")
    threads: list[int] = []

    class Watched(PasswordHasher):
        def verify(self, *values: Any) -> Any:
            threads.append(threading.get_ident())
            return super().verify(*values)

        def hash(self, *values: Any, **more: Any) -> str:
            threads.append(threading.get_ident())
            return super().hash(*values, **more)

    monkeypatch.setattr(passwords, "_hasher", Watched(time_cost=1, memory_cost=8, parallelism=1))
    await _sign_in(worker.login)
    await _sign_in("nobody")  # who is unknown costs the same work
    await passwords.hash_password(PASSWORD)
    assert len(threads) == 3
    assert threading.get_ident() not in threads
