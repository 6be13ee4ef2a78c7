"""A passkey proves inside a session what password or code would prove, for that session alone."""

from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from webauthn.helpers import bytes_to_base64url

from backend import clock
from backend.database import transaction
from backend.passkeys import challenges
from backend.passkeys.use import count_use
from tests.backend.authenticator import (
    PRESENT,
    Authenticator,
    a_passkey,
    options_to_enrol,
    options_to_prove,
    options_to_sign_in,
)
from tests.backend.entering import WRONG, refusal
from tests.databases import as_the_owner_of_everything
from tests.world import PASSWORD, Caller, World

PROVE = "/account/prove/passkey"


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def _in_with(key: Authenticator) -> Caller:
    """A session by passkey, whose token is not renewed by itself."""
    who = Caller()
    answer = await Caller().post("/sessions/passkey", key.show(await options_to_sign_in()))
    assert answer.status_code == 200, answer.text
    who.token = answer.json()["access_token"]
    return who


async def _proved(who: Caller, key: Authenticator, **more: str) -> httpx.Response:
    return await who.post(PROVE, key.show(await options_to_prove(who), **more))


async def _is_fresh(who: Caller) -> bool:
    status = (await who.post("/account/passkeys/options", {"name": "x"})).status_code
    assert status in {200, 403}
    return status == 200


async def test_a_passkey_is_a_fresh_proof_for_five_minutes_in_its_session_alone(
    world: World,
) -> None:
    key = await a_passkey(await world.somebody("CO"))
    who, elsewhere = await _in_with(key), await _in_with(key)
    _later(minutes=5, seconds=1)
    assert not await _is_fresh(who)
    assert (await _proved(who, key)).status_code == 204
    assert await _is_fresh(who)
    assert not await _is_fresh(elsewhere)
    (listed,) = (await who.get("/account/passkeys")).json()["passkeys"]
    assert listed["used_at"].startswith(clock.now().isoformat()[:19])
    _later(minutes=4, seconds=30)
    assert await _is_fresh(who)
    rows = await world.sql("SELECT 1 FROM audit WHERE operation = 'proveWithPasskey'")
    assert len(rows) == 1
    assert await world.sql("SELECT 1 FROM sign_in_failure") == []


async def test_what_is_asked_for_is_one_of_their_own(world: World) -> None:
    worker = await world.somebody("SW")
    await a_passkey(await world.somebody("SW"))
    assert refusal(await worker.post(f"{PROVE}/options")) == (409, "not-from-this-state")
    first, second = await a_passkey(worker), await a_passkey(worker, "stick")
    options = await options_to_prove(worker)
    assert [one["id"] for one in options["allowCredentials"]] == [
        bytes_to_base64url(one.credential) for one in (first, second)
    ]
    assert options["userVerification"] == "required"
    # some authenticators say nothing of whom, where they were told which keys
    assert (await _proved(worker, first)).status_code == 204
    body = second.show(await options_to_prove(worker))
    del body["user_handle"]
    assert (await worker.post(PROVE, body)).status_code == 204


async def test_whatever_is_wrong_with_it_looks_alike_and_proves_nothing(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    key, foreign = await a_passkey(worker), await a_passkey(other)
    gone = await a_passkey(worker, "grey phone")
    (row,) = (await worker.get("/account/passkeys")).json()["passkeys"][1:]
    assert (await worker.post(f"/account/passkeys/{row['id']}/end")).status_code == 204
    who = await _in_with(key)
    _later(minutes=5, seconds=1)
    clean = dict(vars(key))
    refused: dict[str, httpx.Response] = {}

    async def shown(what: str, by: Authenticator, body: Any = None, **more: Any) -> None:
        vars(by).update(more)
        sent = by.show(await options_to_prove(who)) if body is None else body
        refused[what] = await who.post(PROVE, sent)
        if by is key:
            vars(key).update({name: clean[name] for name in more})
        # tries are counted elsewhere: here each is the first
        await world.sql("DELETE FROM sign_in_failure")

    await shown("another origin", key, origin="http://desk.example")
    await shown("another host", key, host="desk.example")
    await shown("not asked who it is", key, flags=PRESENT)
    await shown("in a frame of others", key, said={"crossOrigin": True})
    await shown("for making", key, said={"type": "webauthn.create"})
    await shown("a handle of others", key, handle=foreign.handle)
    await shown("another's", foreign)
    await shown("another's that says it is theirs", foreign, handle=key.handle)
    await shown("signed by another", key, key=foreign.key)
    await shown("removed", gone)
    await shown("one that never was", Authenticator(handle=key.handle))
    await shown("nonsense", key, dict.fromkeys(key.show(await options_to_prove(who)), "AAAA"))
    for what, answer in refused.items():
        assert refusal(answer) == WRONG, what
    assert len({one.content for one in refused.values()}) == 1
    assert not await _is_fresh(who)
    assert (await _proved(who, key)).status_code == 204


async def test_what_was_drawn_is_good_once_for_minutes_and_for_its_session_alone(
    world: World,
) -> None:
    key = await a_passkey(await world.somebody("SW"))
    who, elsewhere = await _in_with(key), await _in_with(key)

    async def tried(options: dict[str, Any], by: Caller = who) -> int:
        await world.sql("DELETE FROM sign_in_failure")
        return (await by.post(PROVE, key.show(options))).status_code

    once = await options_to_prove(who)
    assert [await tried(once) for _ in range(2)] == [204, 401]
    assert await tried(await options_to_prove(who), elsewhere) == 401
    assert await tried(await options_to_sign_in()) == 401
    for_proof = key.show(await options_to_prove(who))
    assert refusal(await Caller().post("/sessions/passkey", for_proof)) == WRONG
    spent = await options_to_prove(who)
    key.origin, kept = "http://desk.example", key.origin
    assert await tried(spent) == 401
    key.origin = kept
    assert await tried(spent) == 401, "one try spends it"
    late = await options_to_prove(who)
    _later(minutes=4, seconds=50)
    assert await tried(await options_to_prove(who)) == 204
    _later(seconds=20)
    assert await tried(late) == 401


async def test_a_count_that_runs_back_proves_nothing_and_is_told_everywhere(world: World) -> None:
    key = await a_passkey(await world.somebody("SW"))
    copy = Authenticator(credential=key.credential, key=key.key, handle=key.handle)
    who = await _in_with(key)
    assert (await _proved(who, key)).status_code == 204
    _later(minutes=5, seconds=1)
    thief = Authenticator(credential=key.credential, handle=key.handle, count=50)
    assert refusal(await _proved(who, thief)) == WRONG
    seen = (await who.get("/account/notices")).json()["notices"]
    assert [one["kind"] for one in seen] == ["passkey"]
    assert refusal(await _proved(who, copy)) == WRONG
    assert not await _is_fresh(who)
    told, *_ = (await who.get("/account/notices")).json()["notices"]
    assert (told["kind"], told["browser"]) == ("passkey_copied", False)


async def test_ten_wrong_tries_are_enough_whether_by_passkey_or_by_password(world: World) -> None:
    worker = await world.somebody("SW")
    key = worker.passkey = await a_passkey(worker)
    thief = Authenticator(credential=key.credential, handle=key.handle)
    answers = [await _proved(worker, thief) for _ in range(5)]
    answers += [await worker.post("/account/prove", {"password": "wrong"}) for _ in range(5)]
    assert Counter(one.status_code for one in answers) == {401: 10}
    assert (await _proved(worker, key)).status_code == 429
    assert (await worker.post("/account/prove", {"password": PASSWORD})).status_code == 429
    _later(minutes=15, seconds=1)
    assert (await _proved(worker, key)).status_code == 204


async def test_a_session_draws_so_many_and_no_more_and_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    await a_passkey(worker)
    await a_passkey(other)
    monkeypatch.setattr(challenges, "MOST_WAITING", 3)
    for _ in range(2):
        await options_to_prove(worker)
    await options_to_enrol(worker)
    assert (await worker.post(f"{PROVE}/options")).status_code == 429
    enrolling = await worker.post("/account/passkeys/options", {"name": "x"})
    assert enrolling.status_code == 429
    await options_to_prove(other)
    _later(minutes=6)
    await options_to_prove(worker)


async def test_a_passkey_of_another_proves_nothing_where_the_database_hides_nothing(
    world: World,
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    await a_passkey(worker)
    foreign = await a_passkey(other)
    await as_the_owner_of_everything(world)
    foreign.handle = b""
    body = foreign.show(await options_to_prove(worker))
    del body["user_handle"]
    assert refusal(await worker.post(PROVE, body)) == WRONG


async def test_a_passkey_that_was_removed_and_is_set_up_again_proves(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    (row,) = (await worker.get("/account/passkeys")).json()["passkeys"]
    assert (await worker.post(f"/account/passkeys/{row['id']}/end")).status_code == 204
    body = {"name": "again", **key.make(await options_to_enrol(worker))}
    assert (await worker.post("/account/passkeys", body)).status_code == 200
    assert (await _proved(worker, key)).status_code == 204


async def test_one_that_is_removed_meanwhile_counts_no_further_and_is_told_of_nowhere(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    await a_passkey(worker)
    assert worker.id
    (row,) = await world.sql("UPDATE passkey SET ended_at = $1 RETURNING id", clock.now())
    async with transaction(worker.id) as held:
        assert not await count_use(held, worker.id, row["id"], 50, browser=False)
    assert await world.sql("SELECT 1 FROM account_notice WHERE kind = 'passkey_copied'") == []
