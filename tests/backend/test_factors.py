"""The second factor: set up with a code, asked at every sign-in, used once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.errors import ProveAgain
from backend.staff import rules
from backend.staff.devices import hash_token
from backend.staff.factors import offered_factor
from backend.staff.sessions import staff_of_token
from tests.backend.entering import enter, refusal, set_up_an_app
from tests.world import PASSWORD, App, Caller, World


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def _enrolled(who: Caller) -> tuple[App, list[str]]:
    """Their app, and their recovery codes."""
    codes = await set_up_an_app(who)
    assert who.app is not None
    return who.app, codes


async def test_with_a_second_factor_a_password_alone_is_answered_like_a_wrong_one(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    app, _ = await _enrolled(worker)
    device = (await enter(worker, app.code())).json()["device"]
    answers = [
        await enter(worker, device=device),
        await enter(worker, "000000", device=device),
        await enter(worker, "not-a-code", device=device),
        await enter(worker, app.code(), password="not the password", device=device),
        await Caller().post("/sessions", {"login": "nobody", "password": PASSWORD}),
    ]
    assert {one.status_code for one in answers} == {401}
    assert len({one.content for one in answers}) == 1


async def test_the_first_code_puts_it_in_force_and_a_wrong_one_does_not(world: World) -> None:
    worker = await world.somebody("SW")
    assert refusal(await worker.post("/account/factor/confirm", {"code": "123456"})) == (
        409,
        "not-from-this-state",
    )
    app = App((await worker.post("/account/factor")).json()["secret"])
    assert refusal(await worker.post("/account/factor/confirm", {"code": "000000"})) == (
        401,
        "wrong-credentials",
    )
    assert (await enter(worker)).status_code == 200  # nothing is asked as long as it is not seen
    assert (await worker.post("/account/factor/confirm", {"code": app.code()})).status_code == 200
    assert (await enter(worker)).status_code == 401


async def test_a_code_works_once_for_an_account_and_within_one_step(world: World) -> None:
    worker = await world.somebody("SW")
    app, _ = await _enrolled(worker)
    assert (await enter(worker, rules.code_at(app.secret, app.last))).status_code == 401
    code = app.code()
    assert (await enter(worker, code)).status_code == 200
    assert (await enter(worker, code)).status_code == 401
    # nor does an earlier one that was not used
    assert (await enter(worker, rules.code_at(app.secret, app.last - 1))).status_code == 401
    _later(minutes=10)
    present = int(clock.now().timestamp()) // 30
    late = rules.code_at(app.secret, present - 2)
    assert (await enter(worker, late)).status_code == 401
    slow = rules.code_at(app.secret, present - 1)
    assert (await enter(worker, f" {slow[:3]} {slow[3:]}")).status_code == 200


async def test_of_twenty_sign_ins_with_one_code_at_once_one_comes_in(world: World) -> None:
    worker = await world.somebody("SW")
    app, _ = await _enrolled(worker)
    code = app.code()
    answers = await asyncio.gather(*(enter(worker, code) for _ in range(20)))
    assert Counter(one.status_code for one in answers)[200] == 1


async def test_codes_are_limited_for_the_account_and_not_for_the_session(world: World) -> None:
    worker = await world.somebody("SW")
    await _enrolled(worker)
    app = worker.app
    assert app is not None
    other = Caller(worker.id)
    other.token = (await enter(worker, app.code())).json()["access_token"]
    seen = [
        (await who.post("/account/prove", {"code": f"00000{n}"})).status_code
        for n in range(6)
        for who in (worker, other)
    ]
    assert seen == [401] * 10 + [429] * 2
    assert (await other.post("/account/prove", {"password": PASSWORD})).status_code == 429


async def test_a_recovery_code_works_once_and_stands_nowhere(world: World) -> None:
    worker = await world.somebody("SW")
    app, codes = await _enrolled(worker)
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in codes)
    assert (await enter(worker, codes[0])).status_code == 200
    assert (await enter(worker, codes[0])).status_code == 401
    assert (await enter(worker, codes[1].upper().replace("-", " "))).status_code == 200
    whole = str([await world.sql(f"SELECT * FROM {t}") for t in ("factor", "recovery_code")])
    for one in (*codes, *(code.replace("-", "") for code in codes), app.secret):
        assert one not in whole


async def test_a_new_factor_takes_the_place_of_the_old_one_and_ends_other_sessions(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    old, codes = await _enrolled(worker)
    elsewhere = Caller(worker.id)
    elsewhere.token = (await enter(worker, old.code())).json()["access_token"]
    new, _ = await _enrolled(worker)
    assert (await elsewhere.get("/plans")).status_code == 401
    assert (await worker.get("/plans")).status_code == 200
    _later(minutes=1)
    for gone in (old.code(), codes[3]):
        assert (await enter(worker, gone)).status_code == 401
    assert (await enter(worker, new.code())).status_code == 200


async def test_changing_it_asks_for_a_fresh_proof(world: World) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    _later(minutes=5, seconds=1)
    assert refusal(await worker.post("/account/factor")) == (403, "prove-again")
    assert refusal(await worker.post("/account/factor/confirm", {"code": "123456"})) == (
        403,
        "prove-again",
    )
    assert (await worker.post("/account/prove", {"password": PASSWORD})).status_code == 204
    app, _ = await _enrolled(worker)
    _later(minutes=6)
    worker.since = clock.now()
    worker.token = (await enter(worker, app.code())).json()["access_token"]
    _later(minutes=5, seconds=1)
    assert (await worker.post("/account/factor")).status_code == 403
    assert (await worker.post("/account/prove", {"code": "000000"})).status_code == 401
    assert (await worker.post("/account/factor")).status_code == 403
    assert (await worker.post("/account/prove", {"code": app.code()})).status_code == 204
    assert (await worker.post("/account/factor")).status_code == 200


@pytest.mark.parametrize(
    ("rule", "role", "asked"),
    [
        ("none", "AD", False),
        ("leaders", "SW", False),
        ("leaders", "CO", True),
        ("leaders", "AD", True),
        ("all", "SW", True),
    ],
)
async def test_whom_the_agency_asks_is_led_to_set_one_up_and_opens_nothing_else(
    world: World, *, rule: str, role: str, asked: bool
) -> None:
    await world.an_agency(second_factor=rule)
    who = await world.somebody(role)
    first = (await enter(who)).json()
    assert (first["refresh_token"] is None) == asked
    limited = Caller(who.id)
    limited.token = first["access_token"]
    for path in ("/account/devices", "/tasks", "/plans"):  # the last one is judged in the database
        opened = (await limited.get(path)).status_code
        assert opened == 401 if asked else opened in {200, 403}, path
    assert (await limited.post("/sessions/end")).status_code == (401 if asked else 204)
    if not asked:
        return
    app, _ = await _enrolled(limited)
    assert (await limited.post("/account/factor")).status_code == 401  # it has done its work
    tokens = (await enter(who, app.code())).json()
    assert tokens["refresh_token"]
    limited.token = tokens["access_token"]
    assert (await limited.get("/account/devices")).status_code == 200


# RFC 6238, appendix B, the lines for SHA-1, cut to six digits
@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    now = datetime.fromtimestamp(at, UTC)
    assert rules.step_of(secret, code, now) == at // 30


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    now = clock.now()
    present = int(now.timestamp()) // 30
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert rules.step_of(secret, typed, now) in {None, present - 1, present, present + 1}
    assert (
        rules.recovery_code(typed) == rules.recovery_code(typed.swapcase()) or not typed.isascii()
    )


async def test_a_secret_is_shown_again_to_a_fresh_proof_alone(world: World) -> None:
    worker = await world.somebody("SW")
    offered = (await worker.post("/account/factor")).json()
    assert worker.token
    actor = await staff_of_token(hash_token(worker.token), "r")
    assert (await offered_factor(actor)).secret == offered["secret"]
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=6))
    with pytest.raises(ProveAgain):
        await offered_factor(actor)
