"""A token that is bound to a key opens nothing without a fresh proof of that key (RFC 9449)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from backend import clock
from backend.settings import settings
from tests.backend.courts.docket import REFERENCE, Docket, a_docket
from tests.backend.courts.machines import TOKEN, Signing, a_machine, bind, seen
from tests.backend.test_what_it_costs import on_the_wire
from tests.world import APP, Caller, World

PATH = f"/court/summaries?file_ref={REFERENCE}"
BARE = "/court/summaries"


async def _bound(world: World, key: Any = None) -> tuple[Docket, Signing]:
    docket = await a_docket(world)
    machine = await a_machine(world, key)
    await bind(docket, machine.id, REFERENCE)
    return docket, machine


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
async def test_a_machine_pulls_with_a_proof_for_each_call(world: World, kind: str) -> None:
    key: Any = ECKey if kind == "P-256" else OKPKey
    _, machine = await _bound(world, key.generate_key(kind, private=True))
    token = await machine.signed_in()
    for _ in range(2):
        answer = await machine.get(PATH, token)
        assert (answer.status_code, answer.json()) == (200, {"summaries": []})
    path = f"{BARE}/no id at all?file_ref={REFERENCE}".replace(" ", "%20")
    assert (await machine.get(path, token)).status_code == 404
    [row] = await world.sql("SELECT bound_to FROM court_token WHERE bound_to IS NOT NULL")
    assert row["bound_to"].decode() == machine.key.thumbprint()


def _wrong(machine: Signing, token: str) -> dict[str, str]:
    """Proofs that do not hold for a pull with this token."""
    now = int(clock.now().timestamp())
    other, stranger = Signing(), Signing()
    private = {"typ": "dpop+jwt", "jwk": machine.key.as_dict(private=True)}
    public = machine.key.as_dict(private=False)
    shared = OctKey.generate_key(256)

    def proof(**claims: object) -> str:
        return machine.proof("GET", PATH, token, **claims)

    def headed(**header: object) -> str:
        said = json.loads(_payload(machine.proof("GET", PATH, token)))
        whole = {"typ": "dpop+jwt", "jwk": public, **header}
        return machine.sign({k: v for k, v in whole.items() if v is not None}, said)

    return {
        "another method": machine.proof("POST", PATH, token),
        "a method in small letters": machine.proof("get", PATH, token),
        "another path": machine.proof("GET", "/court/summaries/7", token),
        "another host": proof(htu=f"https://elsewhere.example{BARE}"),
        "a path alone": proof(htu=BARE),
        "another token's hash": machine.proof("GET", PATH, "x" * 43),
        "no token's hash": machine.proof("GET", PATH),
        "an old one": proof(iat=now - 301),
        "one from the future": proof(iat=now + 60),
        "no time": proof(iat=None),
        "no jti": proof(jti=None),
        "an empty jti": proof(jti=""),
        "no method": proof(htm=None),
        "no address": proof(htu=None),
        "another key": other.proof("GET", PATH, token),
        "another key's name": stranger.sign({"typ": "dpop+jwt", "jwk": public}, {"jti": "1"}),
        "another's signature": stranger.sign(
            {"typ": "dpop+jwt", "jwk": public}, json.loads(_payload(proof()))
        ),
        "the signature of another body": proof().rpartition(".")[0]
        + "."
        + proof().rpartition(".")[2],
        "a private key in it": machine.sign(private, json.loads(_payload(proof()))),
        "no key in it": headed(jwk=None),
        "a secret as the key": headed(jwk=shared.as_dict()),
        "a word as the key": headed(jwk={"kty": "EC", "crv": "P-256", "x": "A", "y": "A"}),
        "a curve of nobody": headed(jwk={"kty": "EC", "crv": "P-0", "x": "AAAA", "y": "AAAA"}),
        "no type": headed(typ=None),
        "another type": headed(typ="JWT"),
        "a header more": headed(kid="7"),
        "nothing": "",
        "a word": "x",
        "a changed body": proof()[:-90] + "x" * 90,
    }


def _payload(jwt: str) -> bytes:
    return jws.extract_compact(jwt.encode()).payload


async def test_whatever_is_wrong_with_a_proof_the_answer_is_that_to_an_unknown_token(
    world: World, tmp_path: Path
) -> None:
    _, machine = await _bound(world)
    token = await machine.signed_in()
    used = machine.proof("GET", PATH, token)
    assert (await machine.get(PATH, token, proof=used)).status_code == 200
    proofs = {**_wrong(machine, token), "shown before": used}
    trips, answers = {}, {}
    async with on_the_wire(world, tmp_path) as wire:
        await machine.get(PATH, "x" * 43)
        for what, asked, proof in (
            ("unknown token", "x" * 43, None),
            *((what, token, proof) for what, proof in proofs.items()),
        ):
            before = wire.trips
            answers[what] = seen(await machine.get(PATH, asked, proof=proof))
            trips[what] = wire.trips - before
        assert (await machine.get(PATH, token)).status_code == 200
    first = answers["unknown token"]
    assert first[0] == 401
    assert {what for what, answer in answers.items() if answer != first} == set()
    assert set(trips.values()) == {trips["unknown token"]}, trips


async def test_a_bound_token_is_no_bearer_token_and_a_bearer_token_is_not_bound(
    world: World,
) -> None:
    docket, machine = await _bound(world)
    token = await machine.signed_in()
    proof = machine.proof("GET", PATH, token)
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {token}", "DPoP": proof},
    ):
        assert (await Caller().get(PATH, headers=headers)).status_code == 401
    bearer = docket.court.caller.token or ""
    assert (await machine.get(PATH, bearer)).status_code == 401
    assert (await docket.court.list(REFERENCE)).status_code == 200
    two = [("Authorization", f"DPoP {token}"), ("DPoP", proof), ("DPoP", proof)]
    assert (await _raw(two)).status_code == 401
    assert (await _raw(two[:2])).status_code == 200


async def _raw(headers: list[tuple[str, str]]) -> httpx.Response:
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.get(PATH, headers=headers)


async def test_a_proof_is_taken_once_also_by_many_at_once(world: World) -> None:
    _, machine = await _bound(world)
    token = await machine.signed_in()
    proof = machine.proof("GET", PATH, token)
    answers = await asyncio.gather(*[machine.get(PATH, token, proof=proof) for _ in range(5)])
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_a_proof_may_be_a_little_late_or_early(world: World) -> None:
    _, machine = await _bound(world)
    token = await machine.signed_in()
    now = clock.now()
    clock.travel(lambda: now)
    for iat, code in ((-299, 200), (-301, 401), (29, 200), (31, 401)):
        proof = machine.proof("GET", PATH, token, iat=int(now.timestamp()) + iat)
        assert (await machine.get(PATH, token, proof=proof)).status_code == code, iat
    early = machine.proof("GET", PATH, token, iat=int(now.timestamp()) + 29)
    assert (await machine.get(PATH, token, proof=early)).status_code == 200
    clock.travel(lambda: now + timedelta(seconds=328))
    assert (await machine.get(PATH, token, proof=early)).status_code == 401  # still kept


async def test_a_query_in_the_proofs_address_does_not_count(world: World) -> None:
    _, machine = await _bound(world)
    token = await machine.signed_in()
    for more in ("?file_ref=other", "#part", "?a=b#c"):
        proof = machine.proof("GET", PATH, token, htu=settings().api_url + BARE + more)
        assert (await machine.get(PATH, token, proof=proof)).status_code == 200


async def test_without_a_proof_a_machine_that_has_only_a_key_gets_no_token(world: World) -> None:
    machine = await a_machine(world)
    unknown = Signing()
    unknown.client_id = "nobody"
    refused: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "none": lambda: machine.token(proof=""),
        "for another path": lambda: machine.token(proof=machine.proof("POST", "/court/summaries")),
        "for another method": lambda: machine.token(proof=machine.proof("GET", TOKEN)),
        "no proof": lambda: machine.token(proof="x"),
        "an unknown client": unknown.token,
    }
    answers = {what: seen(await ask()) for what, ask in refused.items()}
    assert {what for what in answers if answers[what] != answers["none"]} == set()
    assert answers["none"][0] == 401
    proof = machine.proof("POST", TOKEN)
    assert (await machine.token(proof=proof)).status_code == 200
    assert seen(await machine.token(proof=proof)) == answers["none"]


async def test_a_proof_that_names_a_token_is_good_where_none_is_shown_too(world: World) -> None:
    machine = await a_machine(world)
    assert (await machine.token(proof=machine.proof("POST", TOKEN, "x" * 43))).status_code == 200


async def test_an_assertion_that_came_with_a_wrong_proof_was_not_used_up(world: World) -> None:
    machine = await a_machine(world)
    body = machine.credentials()
    assert (await machine.ask(body, proof="x")).status_code == 401
    assert (await machine.ask(body)).status_code == 200


async def test_a_client_with_a_secret_may_bind_its_token_too(world: World) -> None:
    docket, machine = await a_docket(world), Signing()
    credential = docket.court.credential
    body = {"client_id": credential.client_id, "secret": credential.secret}
    answer = await machine.ask(body)
    assert answer.json()["token_type"] == "DPoP"
    token = answer.json()["access_token"]
    assert (await machine.get(PATH, token)).status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    assert (await Caller().get(PATH, headers=headers)).status_code == 401


async def test_no_other_door_takes_the_scheme_of_courts(world: World) -> None:
    _, machine = await _bound(world)
    worker = await world.somebody("SW")
    await worker.sign_in()
    answer = await machine.get("/plans", worker.token or "")
    assert answer.status_code == 401
    assert (await machine.get("/plans", await machine.signed_in())).status_code == 401
