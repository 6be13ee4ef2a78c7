"""An agency that asks a passkey of coordinators and administrators, and takes nothing less."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from backend import clock
from backend.database import in_fresh_context
from backend.founding import ask_second_factor, forget_second_factor
from backend.staff.passwords import is_right
from backend.staff.tries import Tried, forget_tries
from tests.backend.authenticator import (
    Authenticator,
    a_passkey,
    options_to_prove,
    options_to_sign_in,
)
from tests.backend.entering import WRONG, enter, inside_of, refusal, set_up_an_app
from tests.backend.ways import NOTHING, But, an_account
from tests.databases import as_the_owner_of_everything
from tests.world import PASSWORD, App, Caller, World

LEADERS = pytest.mark.parametrize("role", ["CO", "AD"])
PROVE, PASSKEYS, FACTOR = "/account/prove", "/account/passkeys", "/account/factor"


async def _shown(key: Authenticator) -> httpx.Response:
    return await Caller().post("/sessions/passkey", key.show(await options_to_sign_in()))


def _later(minutes: int = 2) -> None:
    """So that an app shows a code that was not used."""
    moment = clock.now() + timedelta(minutes=minutes)
    clock.travel(lambda: moment)


async def _with_an_app(world: World, role: str, agency: UUID) -> tuple[Caller, App, list[str]]:
    who = await world.somebody(role, agency=agency)
    codes = await set_up_an_app(who)
    assert who.app is not None
    return who, who.app, codes


async def _opens_nothing_but_a_passkey(limited: Caller) -> None:
    for path in ("/tasks", "/plans", "/account/devices", PASSKEYS, "/colleagues"):
        assert (await limited.get(path)).status_code == 401, path
    for path in ("/sessions/end", "/account/recovery-codes", "/account/sign-out"):
        assert (await limited.post(path)).status_code == 401, path
    changed = {"old": PASSWORD, "new": "another long password"}
    assert (await limited.post("/account/password", changed)).status_code == 401
    assert refusal(await limited.post(FACTOR)) == (409, "not-from-this-state")
    confirmed = await limited.post(f"{FACTOR}/confirm", {"code": "123456"})
    assert refusal(confirmed) == (409, "not-from-this-state")


@LEADERS
async def test_an_app_alone_leads_a_leader_to_a_passkey_and_to_nothing_else(
    world: World, role: str
) -> None:
    agency = await world.an_agency()
    who, app, codes = await _with_an_app(world, role, agency)
    await ask_second_factor(agency, "passkeys")
    for code in (None, "000000"):
        assert refusal(await enter(who, code)) == WRONG
    _later()
    for code in (app.code(), codes[0]):
        entered = await enter(who, code)
        assert entered.json()["refresh_token"] is None
        await _opens_nothing_but_a_passkey(inside_of(entered))
    limited = inside_of(entered)
    key = await a_passkey(limited)
    assert key.codes == [], "those of the app are still good"
    assert (await limited.post(f"{PASSKEYS}/options", {"name": "x"})).status_code == 401
    entered = await _shown(key)
    assert entered.json()["refresh_token"]
    for path in ("/account/devices", PASSKEYS):
        assert (await inside_of(entered).get(path)).status_code == 200


@LEADERS
async def test_a_leader_with_nothing_is_led_to_a_passkey_by_the_password(
    world: World, role: str
) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    who = await world.somebody(role, agency=agency)
    entered = await enter(who)
    assert entered.json()["refresh_token"] is None
    await _opens_nothing_but_a_passkey(inside_of(entered))
    key = await a_passkey(inside_of(entered))
    assert len(key.codes) == 10
    assert (await inside_of(await _shown(key)).get("/account/devices")).status_code == 200
    assert refusal(await enter(who)) == WRONG


async def test_others_need_a_second_factor_and_an_app_is_enough(world: World) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    worker = await world.somebody("SW", agency=agency)
    entered = await enter(worker)
    assert entered.json()["refresh_token"] is None
    limited = inside_of(entered)
    assert (await limited.get("/plans")).status_code == 401
    await set_up_an_app(limited)
    assert limited.app is not None
    entered = await enter(worker, limited.app.code())
    assert entered.json()["refresh_token"]
    who = inside_of(entered)
    assert (await who.get("/plans")).status_code == 200
    await a_passkey(who)
    _later()
    assert (await enter(worker, limited.app.code())).json()["refresh_token"]
    assert (await who.post(PROVE, {"password": PASSWORD})).status_code == 204


@pytest.mark.parametrize("rule", ["none", "leaders", "all"])
async def test_where_no_passkey_is_asked_an_app_is_enough_for_a_leader(
    world: World, rule: str
) -> None:
    agency = await world.an_agency(second_factor=rule)
    who = await world.somebody("CO", agency=agency)
    entered = await enter(who)
    assert (entered.json()["refresh_token"] is None) == (rule != "none")
    first = inside_of(entered)
    await set_up_an_app(first)
    assert first.app is not None
    entered = await enter(who, first.app.code())
    assert entered.json()["refresh_token"]
    inside = inside_of(entered)
    assert (await inside.get("/account/devices")).status_code == 200
    await a_passkey(inside)
    _later()
    assert (await enter(who, first.app.code())).json()["refresh_token"]
    for proof in ({"password": PASSWORD}, {"code": first.app.code()}):
        assert (await inside.post(PROVE, proof)).status_code == 204
    _later(minutes=4)
    assert (await inside.post(FACTOR)).status_code == 200
    _later()
    assert (await inside.post(FACTOR)).status_code == 403
    changed = {"old": PASSWORD, "new": "a green boat over the hill"}
    assert (await inside.post("/account/password", changed)).status_code == 204
    assert (await inside.post(FACTOR)).status_code == 200, "the old password is a proof"


@LEADERS
async def test_once_there_is_a_passkey_password_and_app_are_answered_like_a_wrong_code(
    world: World, role: str
) -> None:
    agency = await world.an_agency()
    who, app, codes = await _with_an_app(world, role, agency)
    key = await a_passkey(who)
    device = (await enter(who, app.code())).json()["device"]
    await ask_second_factor(agency, "passkeys")
    _later()
    code = app.code()
    refused = [
        await enter(who, code, device=device),
        await enter(who, device=device),
        await enter(who, "000000", device=device),
        await enter(who, code, password="not the password", device=device),
        await Caller().post("/sessions", {"login": "nobody", "password": PASSWORD}),
    ]
    assert {refusal(one) for one in refused} == {WRONG}
    assert len({one.content for one in refused}) == 1
    assert (await inside_of(await _shown(key)).get("/account/devices")).status_code == 200
    # whoever lost the passkey has to work today
    entered = await enter(who, codes[0], device=device)
    assert entered.json()["refresh_token"]
    inside = inside_of(entered)
    assert (await inside.get("/account/devices")).status_code == 200
    assert refusal(await enter(who, codes[0], device=device)) == WRONG
    await a_passkey(inside, "new phone")
    await ask_second_factor(agency, "leaders")
    assert (await enter(who, code, device=device)).status_code == 200, "no refusal has spent it"


async def test_a_recovery_code_of_a_passkey_leads_a_leader_in_once(world: World) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    who = await world.somebody("CO", agency=agency)
    key = await a_passkey(inside_of(await enter(who)))
    entered = await enter(who, key.codes[0])
    assert entered.json()["refresh_token"]
    assert (await inside_of(entered).get("/plans")).status_code == 200
    assert refusal(await enter(who, key.codes[0])) == WRONG


async def test_a_leader_proves_with_a_passkey_or_a_recovery_code_and_with_nothing_less(
    world: World,
) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    who = await world.somebody("CO", agency=agency)
    key = await a_passkey(inside_of(await enter(who)))
    inside = inside_of(await _shown(key))
    codes = await set_up_an_app(inside)
    assert inside.app is not None
    _later(minutes=6)
    code = inside.app.code()
    for less in (
        *({"password": PASSWORD}, {"code": code}, {"password": PASSWORD, "code": code}),
        {"password": PASSWORD, "code": "000000"},
    ):
        assert refusal(await inside.post(PROVE, less)) == WRONG, less
    changed = {"old": PASSWORD, "new": "another long password"}
    assert (await inside.post("/account/password", changed)).status_code == 204
    assert (await inside.post(FACTOR)).status_code == 403, "a new password is no proof"
    assert (await inside.post(PROVE, {"code": codes[0]})).status_code == 204
    assert (await inside.post(FACTOR)).status_code == 200
    assert refusal(await inside.post(PROVE, {"code": codes[0]})) == WRONG
    _later()
    shown = key.show(await options_to_prove(inside))
    assert (await inside.post(f"{PROVE}/passkey", shown)).status_code == 204


async def test_a_leader_without_a_passkey_proves_by_password_or_app_to_set_one_up(
    world: World,
) -> None:
    agency = await world.an_agency()
    who, app, _ = await _with_an_app(world, "AD", agency)
    await ask_second_factor(agency, "passkeys")
    limited = inside_of(await enter(who, app.code()))
    _later(minutes=6)
    enrol = f"{PASSKEYS}/options"
    assert (await limited.post(enrol, {"name": "x"})).status_code == 403
    for proof in ({"code": app.code()}, {"password": PASSWORD}):
        assert (await limited.post(PROVE, proof)).status_code == 204
        assert (await limited.post(enrol, {"name": "x"})).status_code == 200


async def test_an_app_that_was_begun_before_is_not_put_in_force_in_the_place_of_a_passkey(
    world: World,
) -> None:
    agency = await world.an_agency(second_factor="all")
    who = await world.somebody("CO", agency=agency)
    app = App((await inside_of(await enter(who)).post(FACTOR)).json()["secret"])
    await ask_second_factor(agency, "passkeys")
    limited = inside_of(await enter(who))
    confirmed = await limited.post(f"{FACTOR}/confirm", {"code": app.code()})
    assert refusal(confirmed) == (409, "not-from-this-state")
    assert (await enter(who)).json()["refresh_token"] is None, "there is no app"


async def test_who_may_have_come_in_by_less_is_signed_out_when_a_passkey_is_asked_for(
    world: World,
) -> None:
    agency = await world.an_agency()
    bare, coded, keyed, both = [
        await world.somebody(role, agency=agency) for role in ("CO", "AD", "CO", "AD")
    ]
    worker, worker_bare = [await world.somebody("SW", agency=agency) for _ in range(2)]
    away = await world.somebody("CO", agency=await world.an_agency(name="Elsewhere"))
    for one in (coded, both, worker):
        await set_up_an_app(one)
    for one in (keyed, both):
        await a_passkey(one)
    everybody = (bare, coded, keyed, both, worker, worker_bare, away)
    for one in everybody:
        assert (await one.get("/account/devices")).status_code == 200
    await ask_second_factor(agency, "passkeys")
    after = [(await one.get("/account/devices")).status_code for one in everybody]
    assert after == [401, 401, 200, 401, 200, 401, 200]


async def test_the_database_believes_the_agencys_row_and_not_whoever_asks(world: World) -> None:
    app: But = {**NOTHING, "factor": {}, "session": {}}
    before = clock.now() - timedelta(days=1)
    ended = {"ended_at": before}
    out = [
        await an_account(world, role="CO", but=but)
        for but in (
            *(app, {**app, "passkey": {}}, {**app, "passkey": ended}),
            {**NOTHING, "session": {}, "passkey": ended},
        )
    ]
    stays = [
        await an_account(world, role="CO", but={**app, "passkey": {}, "factor": changed})
        for changed in (None, ended, {"confirmed_at": None})
    ]
    stays.append(await an_account(world, role="SW", but=app))
    away = await world.an_agency(name="Elsewhere")
    stays.append(await an_account(world, role="CO", agency=away, but=app))
    past = await an_account(world, role="CO", but={**app, "session": ended})
    here = out[0].agency
    sql = "SELECT sign_out_without_passkey($1, $2, $3)"
    await world.sql("UPDATE agency SET second_factor = 'passkeys' WHERE id = $1", away)
    for rule, gone in (("all", []), ("passkeys", out)):
        await world.sql("UPDATE agency SET second_factor = $1 WHERE id = $2", rule, here)
        await world.sql(sql, here, ["CO", "AD"], clock.now())
        rows = await world.sql("SELECT id FROM session WHERE ended_at IS NULL")
        standing = {row["id"] for row in rows}
        left = [one for one in (*out, *stays) if one not in gone]
        assert standing == {one.things["session"] for one in left}, rule
    (row,) = await world.sql("SELECT ended_at FROM session WHERE id = $1", past.things["session"])
    assert row["ended_at"] == before


async def test_who_removes_the_last_passkey_or_has_it_forgotten_is_led_to_another(
    world: World,
) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    who = await world.somebody("AD", agency=agency)
    key = await a_passkey(inside_of(await enter(who)))
    inside = inside_of(await _shown(key))
    await set_up_an_app(inside)
    assert inside.app is not None
    (row,) = (await inside.get(PASSKEYS)).json()["passkeys"]
    assert (await inside.post(f"{PASSKEYS}/{row['id']}/end")).status_code == 204
    entered = await enter(who, inside.app.code())
    assert entered.json()["refresh_token"] is None
    another = await a_passkey(inside_of(entered))
    assert (await _shown(another)).json()["refresh_token"]
    assert who.login
    await forget_second_factor(agency, who.login)
    entered = await enter(who)
    assert entered.json()["refresh_token"] is None
    await _opens_nothing_but_a_passkey(inside_of(entered))


@pytest.mark.parametrize("rule", ["none", "passkeys"])
async def test_a_passkey_that_is_set_up_while_somebody_signs_in_without_it_counts(
    world: World, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    agency = await world.an_agency(second_factor=rule)
    who = await world.somebody("CO", agency=agency)
    inside = inside_of(await enter(who))

    async def then_set_up(password: str, hashed: str | None) -> bool:
        await a_passkey(inside)
        return await is_right(password, hashed)

    monkeypatch.setattr("backend.staff.sessions.is_right", then_set_up)
    assert refusal(await enter(who)) == WRONG


async def test_a_code_of_an_app_that_is_taken_away_while_somebody_signs_in_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await world.somebody("CO")
    inside = inside_of(await enter(who))
    await set_up_an_app(inside)
    assert inside.app is not None
    assert world.agency
    _later()
    agency, code = world.agency, inside.app.code()

    async def then_forgotten(password: str, hashed: str | None) -> bool:
        assert who.login
        await forget_second_factor(agency, who.login)
        return await is_right(password, hashed)

    monkeypatch.setattr("backend.staff.sessions.is_right", then_forgotten)
    assert refusal(await enter(who, code)) == WRONG


async def test_who_signs_in_while_a_passkey_comes_to_be_asked_for_is_signed_out_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = await world.an_agency(second_factor="none")
    who = await world.somebody("CO", agency=agency)
    asking = []

    async def then_asked_for(held: Any, tried: Tried) -> None:
        async def ask() -> None:
            await ask_second_factor(agency, "passkeys")

        asking.append(in_fresh_context(ask))
        await asyncio.wait(asking, timeout=0.5)
        await forget_tries(held, tried)

    monkeypatch.setattr("backend.staff.sessions.forget_tries", then_asked_for)
    entered = inside_of(await enter(who))
    await asyncio.gather(*asking)
    assert (await entered.get("/account/devices")).status_code == 401


async def test_a_passkey_is_ones_own_where_the_database_hides_nothing(world: World) -> None:
    agency = await world.an_agency(second_factor="passkeys")
    bare, keyed = [await world.somebody("CO", agency=agency) for _ in range(2)]
    worker = await world.somebody("SW", agency=agency)
    key = await a_passkey(inside_of(await enter(keyed)))
    inside, limited = inside_of(await _shown(key)), inside_of(await enter(bare))
    await as_the_owner_of_everything(world)
    assert refusal(await limited.post(FACTOR)) == (409, "not-from-this-state")
    assert (await limited.post(PROVE, {"password": PASSWORD})).status_code == 204
    assert refusal(await inside.post(PROVE, {"password": PASSWORD})) == WRONG
    assert (await inside_of(await enter(worker)).post(FACTOR)).status_code == 200
