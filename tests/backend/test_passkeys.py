"""Passkeys: what an authenticator shows opens an account, and nothing that only looks like it."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import cbor2
import httpx
import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from backend import clock
from backend.access import Actor
from backend.accounts.actions import list_colleagues
from backend.founding import ask_second_factor, forget_second_factor
from backend.passkeys import challenges
from tests.backend.authenticator import (
    PRESENT,
    VERIFIED,
    Authenticator,
    a_passkey,
    options_to_enrol,
    options_to_sign_in,
)
from tests.backend.entering import WRONG, inside_of, refusal
from tests.world import PASSWORD, Caller, World

OTHERS = "http://desk.example"


async def _show(sent: dict[str, Any]) -> httpx.Response:
    return await Caller().post("/sessions/passkey", sent)


async def _signed_in(key: Authenticator, **more: str) -> httpx.Response:
    return await _show({**key.show(await options_to_sign_in()), **more})


async def _password(who: Caller) -> httpx.Response:
    return await Caller().post("/sessions", {"login": who.login, "password": PASSWORD})


async def test_a_passkey_opens_the_account_and_is_a_fresh_proof(world: World) -> None:
    officer = await world.somebody("CO")
    key = await a_passkey(officer)
    entered = await _signed_in(key, device_name="Laptop")
    assert entered.json()["refresh_token"]
    who = inside_of(entered)
    (listed,) = (await who.get("/account/passkeys")).json()["passkeys"]
    assert listed["name"] == "blue phone"
    assert listed["used_at"]
    assert (await who.post("/account/factor")).status_code == 200
    known = await _signed_in(key, device=entered.json()["device"])
    devices = (await inside_of(known).get("/account/devices")).json()["devices"]
    assert [one["name"] for one in devices].count("Laptop") == 1


async def test_what_is_asked_for_tells_of_nobody_and_asks_no_login(world: World) -> None:
    await world.an_agency()
    before = await options_to_sign_in()
    await a_passkey(await world.somebody("SW"))
    after = await options_to_sign_in()
    assert before.pop("challenge") != after.pop("challenge")
    assert before == after
    assert before["allowCredentials"] == []
    assert before["userVerification"] == "required"
    assert before["rpId"] == "localhost"


async def test_what_is_made_must_ask_who_it_is_and_tells_no_maker_and_no_login(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    first = await a_passkey(worker)
    options = await options_to_enrol(worker, "stick 2")
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["user"]["name"] == options["user"]["displayName"] == "stick 2"
    assert [one["id"] for one in options["excludeCredentials"]] == [
        bytes_to_base64url(first.credential)
    ]
    assert worker.login
    assert worker.login not in str(options)
    assert str(worker.id) not in str(options)


async def test_with_a_passkey_a_password_alone_is_answered_like_a_wrong_one(world: World) -> None:
    worker = await world.somebody("SW")
    assert (await _password(worker)).status_code == 200
    await a_passkey(worker)
    alone = await _password(worker)
    wrong = await Caller().post("/sessions", {"login": worker.login, "password": "another one"})
    assert refusal(alone) == WRONG
    assert alone.content == wrong.content


async def test_whatever_is_wrong_with_it_looks_alike(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    key, foreign = await a_passkey(worker), await a_passkey(other)
    removed = await a_passkey(await world.somebody("SW"))
    await world.sql(
        "UPDATE passkey SET ended_at = $1 WHERE sign_count = 0 AND id = (SELECT id FROM passkey"
        " ORDER BY made_at DESC LIMIT 1)",
        clock.now(),
    )
    ended = await world.somebody("SW")
    of_ended = await a_passkey(ended)
    await world.sql("UPDATE staff SET active = false WHERE id = $1", ended.id)
    never = Authenticator(handle=key.handle)

    async def shown(who: Authenticator, **more: Any) -> httpx.Response:
        kept = {name: getattr(who, name) for name in more}
        for name, value in more.items():
            setattr(who, name, value)
        answer = await _signed_in(who)
        for name, value in kept.items():
            setattr(who, name, value)
        return answer

    refused = {
        "another origin": await shown(key, origin=OTHERS),
        "our host at another port": await shown(key, origin="http://localhost:9000"),
        "another host": await shown(key, host="desk.example"),
        "not asked who it is": await shown(key, flags=PRESENT),
        "nobody there": await shown(key, flags=VERIFIED),
        "in a frame of others": await shown(key, said={"crossOrigin": True}),
        "for making": await shown(key, said={"type": "webauthn.create"}),
        "another's handle": await shown(foreign, handle=key.handle),
        "no handle of ours": await shown(foreign, handle=b"x"),
        "another's key": await shown(key, key=foreign.key),
        "removed": await shown(removed),
        "an account that ended": await shown(of_ended),
        "one that never was": await shown(never),
        "nonsense": await _show(dict.fromkeys(key.show(await options_to_sign_in()), "AAAA")),
    }
    for what, answer in refused.items():
        assert refusal(answer) == WRONG, what
    assert len({one.content for one in refused.values()}) == 1
    assert (await _signed_in(key)).status_code == 200


async def test_what_was_drawn_is_good_once_and_for_minutes(world: World) -> None:
    key = await a_passkey(await world.somebody("SW"))
    options = await options_to_sign_in()
    assert (await _show(key.show(options))).status_code == 200
    assert refusal(await _show(key.show(options))) == WRONG
    spent = await options_to_sign_in()
    key.origin, kept = OTHERS, key.origin
    assert refusal(await _show(key.show(spent))) == WRONG
    key.origin = kept
    assert refusal(await _show(key.show(spent))) == WRONG, "one try spends it"
    late = await options_to_sign_in()
    soon = clock.now() + timedelta(minutes=4)
    clock.travel(lambda: soon)
    assert (await _show(key.show(await options_to_sign_in()))).status_code == 200
    over = clock.now() + timedelta(minutes=2)
    clock.travel(lambda: over)
    assert refusal(await _show(key.show(late))) == WRONG
    invented = {**late, "challenge": bytes_to_base64url(b"c" * 32)}
    assert refusal(await _show(key.show(invented))) == WRONG


async def test_of_twenty_at_once_with_what_was_drawn_once_one_comes_in(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker, step=0)
    device = (await _signed_in(key)).json()["device"]
    options = await options_to_sign_in()
    sent = [{**key.show(options), "device": device} for _ in range(20)]
    answers = await asyncio.gather(*(_show(one) for one in sent))
    counted = Counter(one.status_code for one in answers)
    assert counted[200] == 1
    assert counted.keys() <= {200, 401, 429}


async def test_what_was_drawn_for_a_session_opens_none_and_the_other_way_round(
    world: World,
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    options = await options_to_enrol(worker)
    key = await a_passkey(other)
    assert refusal(await _show(key.show(options))) == WRONG
    for drawn in (await options_to_sign_in(), await options_to_enrol(other)):
        again = {**await options_to_enrol(worker), "challenge": drawn["challenge"]}
        body = {"name": "phone", **Authenticator().make(again)}
        assert refusal(await worker.post("/account/passkeys", body)) == WRONG


async def test_a_count_that_runs_backwards_is_refused_and_told(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    copy = Authenticator(credential=key.credential, key=key.key, handle=key.handle)
    entered = await _signed_in(key)
    who = inside_of(entered)
    for _ in range(3):
        await _signed_in(key, device=entered.json()["device"])
    assert refusal(await _signed_in(copy)) == WRONG
    who = inside_of(await _signed_in(key, device=entered.json()["device"]))
    told = (await who.get("/account/notices")).json()["notices"]
    assert told[0]["kind"] == "passkey_copied"
    denied = await world.sql("SELECT 1 FROM audit WHERE operation = 'signInWithPasskey'")
    assert denied


async def test_a_count_is_believed_from_the_right_key_alone(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    thief = Authenticator(credential=key.credential, handle=key.handle, count=50)
    entered = await _signed_in(key)
    assert refusal(await _signed_in(thief)) == WRONG
    who = inside_of(await _signed_in(key, device=entered.json()["device"]))
    kinds = [one["kind"] for one in (await who.get("/account/notices")).json()["notices"]]
    assert "passkey_copied" not in kinds


async def test_what_is_not_rightly_made_is_not_kept(world: World) -> None:
    worker = await world.somebody("SW")
    taken = await a_passkey(await world.somebody("SW"))
    doubtful = {
        "another origin": Authenticator(origin=OTHERS),
        "another host": Authenticator(host="desk.example"),
        "not asked who it is": Authenticator(flags=PRESENT),
        "for showing": Authenticator(said={"type": "webauthn.get"}),
        "in a frame of others": Authenticator(said={"crossOrigin": True}),
        "another account's": Authenticator(credential=taken.credential),
    }
    for what, one in doubtful.items():
        body = {"name": "phone", **one.make(await options_to_enrol(worker))}
        assert refusal(await worker.post("/account/passkeys", body)) == WRONG, what
    papers = {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"s", "x5c": [b"paper"]}}
    for more in (papers, {"fmt": "tpm"}, {"attStmt": {"sig": b"s"}}, {"authData": b"short"}):
        body = {"name": "phone", **Authenticator().make(await options_to_enrol(worker), **more)}
        assert refusal(await worker.post("/account/passkeys", body)) == WRONG, more
    second = await world.somebody("SW")
    made = Authenticator().make(await options_to_enrol(second))
    other_id = {**made, "id": bytes_to_base64url(b"another" * 4), "name": "phone"}
    assert refusal(await second.post("/account/passkeys", other_id)) == WRONG
    for who in (worker, second):
        assert (await who.get("/account/passkeys")).json() == {"passkeys": []}
    assert (await _password(worker)).status_code == 200


async def test_ten_wrong_tries_are_enough_and_strangers_do_not_shut_out_a_known_device(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    device = (await _signed_in(key)).json()["device"]
    thief = Authenticator(credential=key.credential, handle=key.handle)
    answers = [await _signed_in(thief) for _ in range(11)]
    assert Counter(one.status_code for one in answers) == {401: 10, 429: 1}
    assert (await _signed_in(key)).status_code == 429
    assert (await _signed_in(key, device=device)).status_code == 200


async def test_an_address_draws_a_hundred_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.an_agency()
    monkeypatch.setattr(challenges, "MOST_WAITING", 3)
    later = clock.now()
    clock.travel(lambda: later)
    answers = [await Caller().post("/sessions/passkey/options") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    over = later + timedelta(minutes=6)
    clock.travel(lambda: over)
    assert (await Caller().post("/sessions/passkey/options")).status_code == 200


async def test_setting_up_and_removing_ask_for_a_fresh_proof_and_end_other_sessions(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    elsewhere = inside_of(await _password(worker))
    key = await a_passkey(worker)
    assert (await elsewhere.get("/plans")).status_code == 401
    entered = inside_of(await _signed_in(key))
    (listed,) = (await worker.get("/account/passkeys")).json()["passkeys"]
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=6))
    path = f"/account/passkeys/{listed['id']}/end"
    assert refusal(await worker.post("/account/passkeys/options", {"name": "x"})) == (
        403,
        "prove-again",
    )
    assert refusal(await worker.post(path)) == (403, "prove-again")
    stranger = await world.somebody("SW")
    assert refusal(await stranger.post(path)) == (404, "not-found")
    assert (await worker.post("/account/prove", {"password": PASSWORD})).status_code == 204
    assert (await worker.post(path)).status_code == 204
    assert (await worker.post(path)).status_code == 404
    assert (await entered.get("/plans")).status_code == 401
    assert refusal(await _signed_in(key)) == WRONG
    # with none left the password leads to setting up another, and to nothing else
    alone = inside_of(await _password(worker))
    assert (await alone.get("/plans")).status_code == 401
    assert (await alone.post("/account/passkeys/options", {"name": "x"})).status_code == 200


async def test_a_proof_that_has_grown_old_meanwhile_puts_no_passkey_in_force(world: World) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=4))
    made = {"name": "blue phone", **Authenticator().make(await options_to_enrol(worker))}
    clock.travel(lambda: start + timedelta(minutes=6))
    assert refusal(await worker.post("/account/passkeys", made)) == (403, "prove-again")
    assert await world.sql("SELECT 1 FROM passkey") == []


async def test_whom_the_agency_asks_may_set_up_a_passkey_instead_of_an_app(world: World) -> None:
    agency = await world.an_agency(second_factor="all")
    worker = await world.somebody("SW", agency=agency)
    limited = inside_of(await _password(worker))
    assert (await limited.get("/plans")).status_code == 401
    assert (await limited.get("/account/passkeys")).status_code == 401
    key = await a_passkey(limited)
    assert (await limited.post("/account/passkeys/options", {"name": "x"})).status_code == 401
    who = inside_of(await _signed_in(key))
    assert (await who.get("/plans")).status_code == 200
    await ask_second_factor(agency, "all")
    assert (await who.get("/plans")).status_code == 200, "who has one is not signed out"
    assert await _listed_with_a_factor(world, worker)


async def _listed_with_a_factor(world: World, who: Caller) -> bool:
    (row,) = await world.sql("SELECT id, agency FROM staff WHERE id = $1", who.id)
    found = await list_colleagues(Actor(row["id"], "staff", "AD", row["agency"]))
    return bool(next(one["factor"] for one in found.accounts if one["id"] == who.id))


async def test_an_operator_forgets_passkeys_with_the_codes(world: World) -> None:
    agency = await world.an_agency()
    worker = await world.somebody("SW", agency=agency)
    key = await a_passkey(worker)
    assert worker.login
    await forget_second_factor(agency, worker.login)
    assert refusal(await _signed_in(key)) == WRONG
    limited = inside_of(await _password(worker))
    assert (await limited.get("/plans")).status_code == 401
    another = await a_passkey(limited)
    who = inside_of(await _signed_in(another))
    told = (await who.get("/account/notices")).json()["notices"]
    assert "no_factor" in [one["kind"] for one in told]


async def test_nothing_that_is_stored_names_a_passkey(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker, name="violet phone")
    (row,) = await world.sql("SELECT p::text AS whole FROM passkey p WHERE staff = $1", worker.id)
    numbers = key.key.public_key().public_numbers()
    for secret in (key.credential, key.handle, numbers.x.to_bytes(32), b"violet phone"):
        assert secret.hex() not in row["whole"]
    options = await options_to_sign_in()
    drawn = base64url_to_bytes(options["challenge"])
    kept = await world.sql("SELECT c::text AS whole FROM passkey_challenge c")
    assert kept
    assert all(drawn.hex() not in one["whole"] for one in kept)


async def test_ten_are_enough(world: World) -> None:
    worker = await world.somebody("SW")
    for n in range(10):
        await a_passkey(worker, name=f"phone {n}")
    over = await worker.post("/account/passkeys/options", {"name": "one more"})
    assert refusal(over) == (422, "unfit")


def test_the_tests_authenticator_speaks_as_a_browser_does() -> None:
    made = Authenticator().make({"user": {"id": "AAAA"}, "challenge": "AAAA"})
    assert cbor2.loads(base64url_to_bytes(made["attestation"]))["fmt"] == "none"
