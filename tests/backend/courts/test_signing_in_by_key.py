import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey

from backend import clock, database
from backend.courts.clients import give_key, suspend
from backend.operating import at_terminal
from backend.settings import settings
from tests.backend.courts.docket import a_court
from tests.backend.courts.machines import TOKEN, Signing, a_machine, seen
from tests.backend.test_what_it_costs import on_the_wire
from tests.world import Caller, World
from workflows import purge as purging

EC = ECKey.generate_key("P-256", private=True)
OKP = OKPKey.generate_key("Ed25519", private=True)
AUD = settings().api_url + TOKEN


def _now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize("key", [EC, OKP], ids=["P-256", "Ed25519"])
async def test_a_machine_signs_in_with_its_key(world: World, key: Any) -> None:
    machine = await a_machine(world, key)
    answer = await machine.token()
    assert answer.status_code == 200, answer.text
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (600, "DPoP")
    assert answer.headers["cache-control"] == "no-store"
    named = {**machine.credentials(), "client_id": machine.client_id}
    assert (await machine.ask(named)).status_code == 200
    assert (await machine.token(aud=[AUD], nbf=_now())).status_code == 200
    if key is OKP:  # by its older name
        machine.algorithm = "EdDSA"
        with pytest.warns(SecurityWarning, match="RFC 9864"):
            body, proof = machine.credentials(), machine.proof("POST", TOKEN)
        assert (await machine.ask(body, proof=proof)).status_code == 200


CLAIMS: dict[str, dict[str, object]] = {
    "another issuer": {"iss": "somebody"},
    "another subject": {"sub": "somebody"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
    "a long jti": {"jti": "x" * 129},
    "a jti that is a number": {"jti": 7},
    "no audience": {"aud": None},
    "another audience": {"aud": "https://elsewhere.example/court/token"},
    "our address without the path": {"aud": settings().api_url},
    "an audience with a slash too many": {"aud": AUD + "/"},
    "two audiences": {"aud": [AUD, "https://elsewhere.example"]},
    "no audiences": {"aud": []},
    "no end": {"exp": None},
    "an end that is text": {"exp": "tomorrow"},
    "an end without end": {"exp": 10**300},
    "no beginning": {"iat": None},
}
TIMES = {
    "over": {"exp": 0, "iat": -60},
    "a life of more than five minutes": {"exp": 301, "iat": 0},
    "from the future": {"exp": 120, "iat": 60},
    "not yet": {"exp": 120, "iat": 0, "nbf": 60},
    "long ago": {"exp": 10, "iat": -3000},
}


def _wrong(machine: Signing) -> dict[str, str]:
    now = _now()
    claims: dict[str, dict[str, object]] = {
        **CLAIMS,
        **{what: {k: now + v for k, v in one.items()} for what, one in TIMES.items()},
    }
    return {
        **{what: machine.assertion(**one) for what, one in claims.items()},
        **_other_headers(machine),
        **_other_algorithms(machine),
        **_no_assertions(machine),
    }


def _other_headers(machine: Signing) -> dict[str, str]:
    said = json.loads(jws.extract_compact(machine.assertion().encode()).payload)
    public = machine.key.as_dict(private=False)
    return {
        f"a header with {name}": machine.sign({name: value}, {**said, "jti": str(uuid4())})
        for name, value in {
            "jwk": public,
            "jku": "https://elsewhere.example/keys",
            "x5u": "https://elsewhere.example/certificate",
            "x5c": ["MIIB"],
            "x5t": "AAAA",
            "cty": "JWT",
            "typ": "dpop+jwt",
        }.items()
    }


def _other_algorithms(machine: Signing) -> dict[str, str]:
    said = jws.extract_compact(machine.assertion().encode()).payload
    ours = machine.algorithm
    other = EC if ours == "Ed25519" else OKP
    by_other = Signing(other)
    by_other.client_id = machine.client_id
    stranger = Signing(type(machine.key).generate_key(private=True))
    stranger.client_id = machine.client_id
    return {
        "none": _by_hand({"alg": "none"}, said, b""),
        "None": _by_hand({"alg": "None"}, said, b""),
        "HS256 with the public key": _hmac(said, machine.public.encode()),
        "HS256 with the PEM": _hmac(said, machine.key.as_pem(private=False)),
        "RS256": _by_hand({"alg": "RS256"}, said, b"x" * 256),
        "an algorithm that is a list": _by_hand({"alg": [ours]}, said, b"x" * 64),
        "a key of the other kind": by_other.assertion(),
        "another key": stranger.assertion(),
        "no signature": _by_hand({"alg": ours}, said, b""),
        "zeros for a signature": _by_hand({"alg": ours}, said, bytes(64)),
        "the other algorithm's name": _by_hand({"alg": by_other.algorithm}, said, b"x" * 64),
    }


def _no_assertions(machine: Signing) -> dict[str, str]:
    right = machine.assertion()
    head, body, end = right.split(".")
    return {
        "two parts": f"{head}.{body}",
        "five parts": f"{right}.x.y",
        "a changed body": f"{head}.{body[:-2]}AA.{end}",
        "no JSON": _by_hand({"alg": machine.algorithm}, b"\xff{", b"x" * 64),
        "a list": _by_hand({"alg": machine.algorithm}, b"[]", b"x" * 64),
        "a word": "x",
        "dots": "..",
        "bytes of no text": "\u00e9.\u00e9.\u00e9",
        "an unencoded body": _by_hand(
            {"alg": machine.algorithm, "b64": False, "crit": ["b64"]}, b"{}", b"x" * 64
        ),
    }


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _by_hand(header: dict[str, Any], payload: bytes, signature: bytes) -> str:
    return ".".join(map(_part, (json.dumps(header).encode(), payload, signature)))


def _hmac(payload: bytes, secret: bytes) -> str:
    unsigned = _part(b'{"alg":"HS256"}') + "." + _part(payload)
    made = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{_part(made)}"


@pytest.mark.parametrize("key", [EC, OKP], ids=["P-256", "Ed25519"])
async def test_whatever_is_wrong_with_an_assertion_the_answer_and_the_work_are_the_same(
    world: World, tmp_path: Path, key: Any
) -> None:
    machine = await a_machine(world, key)
    unknown = Signing(key)
    unknown.client_id = "nobody"
    used = machine.credentials()
    assert (await machine.ask(used)).status_code == 200
    stopped = await a_machine(world, key)
    async with at_terminal():
        await suspend(stopped.id)
    by_secret = await a_court(world)
    no_key = Signing(key)
    no_key.client_id = by_secret.credential.client_id
    bodies = {
        **{what: {**used, "client_assertion": jwt} for what, jwt in _wrong(machine).items()},
        "an unknown client": unknown.credentials(),
        "a suspended client": stopped.credentials(),
        "a client without a key": no_key.credentials(),
        "said before": used,
        "another client's id beside it": {**machine.credentials(), "client_id": "nobody"},
    }
    answers, trips = {}, {}
    async with on_the_wire(world, tmp_path) as wire:
        await machine.ask(bodies["dots"])
        for what, body in bodies.items():
            before = wire.trips
            answers[what] = seen(await machine.ask(body))
            trips[what] = wire.trips - before
        assert (await machine.token()).status_code == 200
    first = answers["an unknown client"]
    assert first[0] == 401
    assert {what for what, answer in answers.items() if answer != first} == set()
    assert set(trips.values()) == {trips["an unknown client"]}, trips
    assert len(await world.sql("SELECT 1 FROM court_token")) == 3


async def test_a_signature_is_checked_whoever_asks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, court = await a_machine(world, EC), await a_court(world)
    checked: list[int] = []
    real = jws.deserialize_compact

    def counted(*given: Any, **more: Any) -> Any:
        checked.append(1)
        return real(*given, **more)

    monkeypatch.setattr(jws, "deserialize_compact", counted)
    for name in (machine.client_id, "nobody", court.credential.client_id):
        for key in (EC, OKP, ECKey.generate_key("P-256", private=True)):
            signing = Signing(key)
            signing.client_id = name
            await signing.token(proof="")
            assert checked == [1], (name, signing.algorithm)
            checked.clear()


async def test_an_assertion_is_taken_once_also_by_two_at_once(world: World) -> None:
    machine = await a_machine(world)
    body = machine.credentials()
    answers = await asyncio.gather(*[machine.ask(body) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]
    other = await a_machine(world)
    said = str(uuid4())  # it is each client's own
    assert [(await one.token(jti=said)).status_code for one in (machine, other)] == [200, 200]


async def test_what_was_said_is_kept_until_it_has_run_out(world: World) -> None:
    machine = await a_machine(world)
    body = machine.credentials(exp=_now() + 290)
    await machine.ask(body)
    rows = len(await world.sql("SELECT 1 FROM court_assertion"))
    await _purged()
    assert len(await world.sql("SELECT 1 FROM court_assertion")) == rows == 2
    assert (await machine.ask(body)).status_code == 401
    later = clock.now() + timedelta(hours=2)
    clock.travel(lambda: later)
    await _purged()
    assert await world.sql("SELECT 1 FROM court_assertion") == []
    assert (await machine.ask(body)).status_code == 401


async def _purged() -> None:
    async def work() -> None:
        database.act_as("worker")
        await purging.purge()

    await database.in_fresh_context(work)


async def test_a_secret_opens_until_an_administrator_says_key_only(world: World) -> None:
    court, machine = await a_court(world), Signing()
    machine.client_id = court.credential.client_id
    by_secret = {"client_id": court.credential.client_id, "secret": court.credential.secret}
    async with at_terminal():
        await give_key(court.id, machine.public, key_only=False)
    assert (await court.list("2031/1")).status_code == 401  # a new key ends the tokens of before
    assert (await machine.token(proof="")).json()["token_type"] == "Bearer"
    answer = await Caller().post(TOKEN, by_secret)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    court.caller.token = answer.json()["access_token"]
    assert (await court.list("2031/1")).status_code == 404
    async with at_terminal():
        await give_key(court.id, None, key_only=True)
    assert (await court.list("2031/1")).status_code == 401
    refused = await Caller().post(TOKEN, by_secret)
    wrong = await Caller().post(TOKEN, {"client_id": "nobody", "secret": "none"})
    bare = await machine.token(proof="")  # and from now on the key has to be proved
    assert seen(refused) == seen(wrong) == seen(bare)
    assert (await machine.token()).status_code == 200


async def test_a_token_that_was_not_bound_opens_nothing_once_the_key_alone_does(
    world: World,
) -> None:
    court = await a_court(world)
    await world.sql("UPDATE court_client SET key_only = true")
    assert (await court.list("2031/1")).status_code == 401


async def test_a_body_that_is_neither_of_the_two_ways_cannot_be_read(world: World) -> None:
    machine = await a_machine(world)
    right = machine.credentials()
    secret = {"client_id": "nobody", "secret": "none"}
    for body in (
        {},
        {"client_id": "nobody"},
        {"secret": "none"},
        {**right, "secret": "none"},
        {"client_assertion": right["client_assertion"]},
        {"client_assertion_type": right["client_assertion_type"]},
        {**secret, "client_assertion_type": right["client_assertion_type"]},
        {**right, "client_assertion_type": "urn:somebody:else"},
        {**right, "client_assertion": "x" * 2001},
    ):
        answer = await Caller().post(TOKEN, body)
        assert answer.status_code == 400, body
