"""Recovery codes of who has a passkey and no app: with one of them the password leads in."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock
from backend.database import transaction
from backend.founding import forget_second_factor
from backend.staff import codes, rules
from tests.backend.authenticator import Authenticator, a_passkey, options_to_enrol
from tests.backend.entering import WRONG, enter, inside_of, refusal, set_up_an_app
from tests.backend.ways import NOTHING, an_account, put
from tests.databases import as_the_owner_of_everything
from tests.world import PASSWORD, Caller, World

RENEW = "/account/recovery-codes"


async def _kept(world: World, who: Caller) -> Counter[str]:
    rows = await world.sql(
        "SELECT CASE WHEN c.staff IS NULL THEN 'app' ELSE 'account' END AS whose"
        "  FROM recovery_code c LEFT JOIN factor f ON f.id = c.factor"
        " WHERE coalesce(c.staff, f.staff) = $1",
        who.id,
    )
    return Counter(row["whose"] for row in rows)


async def test_the_first_passkey_brings_ten_codes_and_a_second_none_while_one_is_left(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    ten = (await a_passkey(worker)).codes
    assert len(set(ten)) == 10
    assert (await a_passkey(worker, "stick")).codes == []
    whole = str(await world.sql("SELECT c::text AS whole FROM recovery_code c"))
    for one in ten:
        assert one not in whole
        assert one.replace("-", "") not in whole
    await world.sql("UPDATE recovery_code SET used_at = $1", clock.now())
    again = (await a_passkey(worker, "another stick")).codes
    assert len(set(again) - set(ten)) == 10
    assert await _kept(world, worker) == {"account": 10}


async def test_a_code_and_the_password_lead_in_once_and_to_everything(world: World) -> None:
    agency = await world.an_agency(second_factor="all")
    worker = await world.somebody("SW", agency=agency)
    limited = inside_of(await enter(worker))
    key = await a_passkey(limited)
    entered = await enter(worker, key.codes[0])
    assert entered.json()["refresh_token"]
    who = inside_of(entered)
    assert (await who.get("/plans")).status_code == 200
    assert len((await who.get("/account/passkeys")).json()["passkeys"]) == 1
    # it is a fresh proof, and what was lost is replaced with it
    assert (await a_passkey(who, "new phone")).codes == []
    assert refusal(await enter(worker, key.codes[0])) == WRONG
    assert (await enter(worker, key.codes[1].upper().replace("-", " "))).status_code == 200


async def test_a_password_alone_or_with_any_other_code_is_answered_like_a_wrong_one(
    world: World,
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    key, foreign = await a_passkey(worker), await a_passkey(other)
    device = (await enter(worker, key.codes[0])).json()["device"]
    refused = [
        await enter(worker, code, device=device)
        for code in (None, "000000", key.codes[0], foreign.codes[0], "aaaa-aaaa-aaaa-aaaa")
    ]
    refused.append(await enter(worker, key.codes[1], device=device, password="another one"))
    refused.append(await Caller().post("/sessions", {"login": "nobody", "password": PASSWORD}))
    assert {refusal(one) for one in refused} == {WRONG}
    assert len({one.content for one in refused}) == 1
    assert (await enter(worker, key.codes[1], device=device)).status_code == 200
    rows = await world.sql("SELECT 1 FROM recovery_code WHERE used_at IS NOT NULL")
    assert len(rows) == 2, "a wrong password spends none"


async def test_of_twenty_with_one_code_at_once_one_comes_in(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    device = (await enter(worker, key.codes[0])).json()["device"]
    tried = [enter(worker, key.codes[1], device=device) for _ in range(20)]
    counted = Counter(one.status_code for one in await asyncio.gather(*tried))
    assert counted[200] == 1
    assert counted.keys() <= {200, 401, 429}


async def test_ten_wrong_codes_are_enough(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    answers = [await enter(worker, f"aaaa-aaaa-aaaa-aa{n}") for n in range(11)]
    assert Counter(one.status_code for one in answers) == {401: 10, 429: 1}
    assert (await enter(worker, key.codes[0])).status_code == 429


async def test_a_code_proves_inside_a_session_too_and_once(world: World) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    assert (await worker.post("/account/prove", {"code": key.codes[0]})).status_code == 204
    assert refusal(await worker.post("/account/prove", {"code": key.codes[0]})) == WRONG
    other = await a_passkey(await world.somebody("SW"))
    assert refusal(await worker.post("/account/prove", {"code": other.codes[0]})) == WRONG


async def test_they_are_renewed_with_a_fresh_proof_and_told_and_other_sessions_end(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    who, elsewhere = [inside_of(await enter(worker, key.codes[n])) for n in range(2)]
    new = (await who.post(RENEW)).json()["recovery_codes"]
    assert len(set(new) - set(key.codes)) == 10
    assert (await elsewhere.get("/plans")).status_code == 401
    assert (await who.get("/plans")).status_code == 200
    assert await _kept(world, worker) == {"account": 10}
    assert refusal(await enter(worker, key.codes[2])) == WRONG
    seen = inside_of(await enter(worker, new[0]))
    kinds = [one["kind"] for one in (await seen.get("/account/notices")).json()["notices"]]
    assert "recovery" in kinds
    assert len(await world.sql("SELECT 1 FROM audit WHERE operation = 'renewRecoveryCodes'")) == 1
    start = clock.now()
    clock.travel(lambda: start + timedelta(minutes=5, seconds=1))
    assert refusal(await seen.post(RENEW)) == (403, "prove-again")
    assert (await enter(worker, new[1])).status_code == 200, "nothing was renewed"


async def test_those_of_an_app_are_renewed_likewise_and_who_has_neither_has_none(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    assert refusal(await worker.post(RENEW)) == (409, "not-from-this-state")
    offered = await worker.post("/account/factor")
    assert offered.status_code == 200
    assert refusal(await worker.post(RENEW)) == (409, "not-from-this-state"), "it is not in force"
    of_app = await set_up_an_app(worker)
    new = (await worker.post(RENEW)).json()["recovery_codes"]
    assert await _kept(world, worker) == {"app": 10}
    assert refusal(await enter(worker, of_app[0])) == WRONG
    assert (await enter(worker, new[0])).status_code == 200


async def test_with_an_app_its_codes_take_the_place_of_the_others_and_a_passkey_brings_none(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    key = await a_passkey(worker)
    of_app = await set_up_an_app(worker)
    assert await _kept(world, worker) == {"app": 10}
    assert refusal(await enter(worker, key.codes[0])) == WRONG
    assert (await a_passkey(worker, "stick")).codes == []
    for one in (await worker.get("/account/passkeys")).json()["passkeys"]:
        assert (await worker.post(f"/account/passkeys/{one['id']}/end")).status_code == 204
    assert await _kept(world, worker) == {"app": 10}, "the app is still there"
    assert (await enter(worker, of_app[0])).status_code == 200


async def test_they_go_with_the_last_passkey_and_not_before(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    key = await a_passkey(worker)
    await a_passkey(worker, "stick")
    await a_passkey(other)
    first, second = (await worker.get("/account/passkeys")).json()["passkeys"]
    assert (await worker.post(f"/account/passkeys/{first['id']}/end")).status_code == 204
    assert await _kept(world, worker) == {"account": 10}
    assert (await worker.post(f"/account/passkeys/{second['id']}/end")).status_code == 204
    assert await _kept(world, worker) == {}
    assert await _kept(world, other) == {"account": 10}
    # the password alone leads to setting up another factor, and a code of before to no more
    for code in (None, key.codes[0]):
        limited = inside_of(await enter(worker, code))
        assert (await limited.get("/plans")).status_code == 401
        assert (await limited.post(RENEW)).status_code == 401
    again = Authenticator()
    body = {"name": "phone", **again.make(await options_to_enrol(limited))}
    assert len((await limited.post("/account/passkeys", body)).json()["recovery_codes"]) == 10


async def test_codes_that_outlived_their_passkey_do_not_come_back_with_another(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    old = (await a_passkey(worker)).codes
    # a release that knew no such codes took the passkey away
    await world.sql("UPDATE passkey SET ended_at = $1", clock.now())
    new = (await a_passkey(worker, "stick")).codes
    assert len(set(new) - set(old)) == 10
    assert (await enter(worker, old[0])).status_code == 401
    assert (await enter(worker, new[0])).status_code == 200


async def test_an_operator_forgets_them_with_the_rest(world: World) -> None:
    agency = await world.an_agency()
    keyed, coded = [await world.somebody("SW", agency=agency) for _ in range(2)]
    await a_passkey(keyed)
    await set_up_an_app(coded)
    for who in (keyed, coded):
        assert who.login
        await forget_second_factor(agency, who.login)
        assert await _kept(world, who) == {}


async def test_a_code_is_of_an_app_or_of_an_account_and_never_of_both_or_none(
    world: World,
) -> None:
    who = await an_account(world)
    for factor, staff in ((who.things["factor"], who.id), (None, None)):
        with pytest.raises(asyncpg.CheckViolationError):
            await put(world, "recovery_code", factor=factor, staff=staff, hash=b"x")


async def test_a_code_is_seen_changed_and_deleted_by_its_holder_alone(world: World) -> None:
    keyed = await an_account(world, but={**NOTHING, "passkey": {}})
    coded, other = await an_account(world), await an_account(world, but=NOTHING)
    own = {
        keyed.id: await put(world, "recovery_code", staff=keyed.id, hash=b"x"),
        coded.id: coded.things["recovery_code"],
    }
    every = list(own.values())
    whose = {keyed.id: (None, keyed.id), coded.id: (coded.things["factor"], None)}
    for who in (*own, other.id):
        mine = [own[who]] if who in own else []
        for values in whose.values():
            sql = "INSERT INTO recovery_code (id, factor, staff, hash) VALUES ($1, $2, $3, '')"
            if values == whose.get(who):
                await _does(who, sql, uuid4(), *values)
            else:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await _does(who, sql, uuid4(), *values)
        async with transaction(who) as held:
            rows = await held.fetch("SELECT id FROM recovery_code WHERE id = ANY($1)", every)
        assert [row["id"] for row in rows] == mine
    # and each policy stands by itself
    await world.sql("ALTER POLICY app_reads ON recovery_code USING (true)")
    for verb in ("UPDATE recovery_code SET used_at = now()", "DELETE FROM recovery_code"):
        for who in (other.id, *own):
            done = await _does(who, f"{verb} WHERE id = ANY($1)", every)
            assert done.endswith(f" {int(who in own)}"), (verb, who)


async def _does(who: UUID, sql: str, *values: object) -> str:
    async with transaction(who) as held:
        return str(await held.execute(sql, *values))


async def test_codes_of_an_app_that_is_gone_are_none_that_is_left(world: World) -> None:
    worker = await world.somebody("SW")
    await set_up_an_app(worker)
    # as the release before left them
    await world.sql("UPDATE factor SET ended_at = $1", clock.now())
    assert len((await a_passkey(worker)).codes) == 10
    assert await _kept(world, worker) == {"account": 10}


async def test_codes_are_ones_own_where_the_database_hides_nothing(world: World) -> None:
    none, coded, keyed = [await world.somebody("SW") for _ in range(3)]
    await set_up_an_app(coded)
    await a_passkey(coded)
    await as_the_owner_of_everything(world)
    assert refusal(await none.post(RENEW)) == (409, "not-from-this-state")
    assert len((await a_passkey(keyed)).codes) == 10
    assert await _kept(world, keyed) == {"account": 10}
    assert (await keyed.post(RENEW)).status_code == 200
    (row,) = (await keyed.get("/account/passkeys")).json()["passkeys"]
    assert (await keyed.post(f"/account/passkeys/{row['id']}/end")).status_code == 204
    assert await _kept(world, keyed) == {}
    assert await _kept(world, coded) == {"app": 10}


def test_what_stands_for_the_app_of_nobody_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = rules.new_secret()
    monkeypatch.setattr(codes, "_nobody", secret)
    code = rules.code_at(secret, int(clock.now().timestamp()) // rules.STEP)
    assert codes.right_code({"factor": None, "recovery": None}, code) is None
    assert codes.right_code(None, code) is None
