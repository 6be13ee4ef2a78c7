"""The functions that reach into accounts, invitations and papers as the owner, and how far.

Each of their conditions is a wall of its own, for no policy stops the owner.
"""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from backend import clock
from tests.backend.ways import ELSE, NOTHING, But, an_account, asked, put, the_one
from tests.world import World

BEGUN: But = {**NOTHING, "factor": {"confirmed_at": None}}
CODES: But = {**NOTHING, "factor": {}}
KEY: But = {**NOTHING, "passkey": {}}


def _over() -> But:
    ended = {"ended_at": clock.now()}
    return {"factor": ended, "passkey": ended}


async def test_a_colleague_has_a_second_factor_that_stands(world: World) -> None:
    head = await an_account(world, role="AD")
    away = await an_account(world, agency=await world.an_agency(name="Elsewhere"))
    for but, has in ((None, True), (NOTHING, False), (BEGUN, False), (_over(), False),
                     (CODES, True), (KEY, True)):  # fmt: skip
        who = await an_account(world, but=but)
        rows = await asked("has_second_factor($1)", who.id, actor=head.id)
        assert [row["has_second_factor"] for row in rows] == [has], but
        (row,) = await asked("has_second_factor($1)", who.id, actor=away.id)
        assert row["has_second_factor"] is None


async def test_a_login_is_found_exactly_where_it_works_and_in_its_role(world: World) -> None:
    await an_account(world)
    who, gone = await an_account(world), await an_account(world)
    await world.sql("UPDATE staff SET active = false WHERE id = $1", gone.id)
    elsewhere = await world.an_agency(name="Elsewhere")
    for login, role, agency, found in (
        *((who.login, None, None, who.id), (who.login, "SW", who.agency, who.id)),
        *((who.login, "CO", None, None), (who.login, None, elsewhere, None)),
        *((gone.login, None, None, None), ("nobody", None, None, None)),
    ):
        row = await the_one("staff_of_login($1, $2, $3)", login, role, agency)
        assert row["staff_of_login"] == found, (login, role, agency)


async def _standing(world: World) -> set[UUID]:
    rows = await world.sql("SELECT id FROM session WHERE ended_at IS NULL")
    return {row["id"] for row in rows}


async def test_an_administrator_signs_out_one_colleague_of_theirs(world: World) -> None:
    head, worker = await an_account(world, role="AD"), await an_account(world, role="CO")
    one, _ = await an_account(world), await an_account(world)
    away = await an_account(world, agency=await world.an_agency(name="Elsewhere"))
    before = clock.now() - timedelta(days=1)
    past = await an_account(world, but={"session": {"ended_at": before}})
    every = await _standing(world)
    sql = "sign_out_colleague($1, $2)"
    for actor, whom in ((worker, one), (head, away), (away, one)):
        await asked(sql, whom.id, clock.now(), actor=actor.id)
        assert await _standing(world) == every
    for whom in (one, past):
        await asked(sql, whom.id, clock.now(), actor=head.id)
    assert await _standing(world) == every - {one.things["session"]}
    (row,) = await world.sql("SELECT ended_at FROM session WHERE id = $1", past.things["session"])
    assert row["ended_at"] == before


@pytest.mark.parametrize("rule", ["none", "all"])
async def test_whoever_is_asked_for_a_second_factor_and_has_none_is_signed_out(
    world: World, rule: str
) -> None:
    before = clock.now() - timedelta(days=1)
    past = {**NOTHING, "session": {"ended_at": before}}
    out = [await an_account(world, but={**but, "session": {}}) for but in (NOTHING, BEGUN)]
    out.append(await an_account(world, but=_over()))
    await an_account(world, but={**NOTHING, "session": {}}, role="PO")
    away = await world.an_agency(name="Elsewhere")
    await an_account(world, agency=away, but={**NOTHING, "session": {}})
    ended = await an_account(world, but=past)
    for but in ({}, {**CODES, "session": {}}, {**KEY, "session": {}}):
        await an_account(world, but=but)
    await world.sql("UPDATE agency SET second_factor = $1 WHERE id = $2", rule, out[0].agency)
    await world.sql("UPDATE agency SET second_factor = 'all' WHERE id = $1", away)
    every = await _standing(world)
    sql = "SELECT sign_out_without_factor($1, $2, $3)"
    await world.sql(sql, out[0].agency, ["SW", "CO"], clock.now())
    left = every - {one.things["session"] for one in out} if rule == "all" else every
    assert await _standing(world) == left
    (row,) = await world.sql("SELECT ended_at FROM session WHERE id = $1", ended.things["session"])
    assert row["ended_at"] == before


async def test_an_invitation_is_found_and_spent_by_its_code_while_it_stands(world: World) -> None:
    head, now = await an_account(world, role="AD"), clock.now()
    until = now + timedelta(days=1)
    codes = {}
    for name, changed in (
        *(("open", {}), ("other", {}), ("used", {"used_at": now, "account": head.id})),
        *(("ended", {"ended_at": now}), ("late", {"expires_at": now})),
    ):
        codes[name] = uuid4().bytes
        values = {
            "agency": head.agency,
            "version": 1,
            "role": "SW",
            "alias": "Sam",
            "hash": codes[name],
            "invited_by": head.id,
            "made_at": now,
            "expires_at": until,
            **changed,
        }
        await put(world, "account_invitation", **values)
    for name, hashed in codes.items():
        found = await asked("invitation_of($1, $2)", hashed, now)
        assert len(found) == (name in {"open", "other"}), name
    assert await asked("invitation_of($1, $2)", ELSE, now) == []
    for name in ("open", "used", "ended", "late"):
        await asked("spend_invitation($1, $2, $3)", codes[name], head.id, now)
    rows = await world.sql("SELECT hash FROM account_invitation WHERE version = 2")
    assert [row["hash"] for row in rows] == [codes["open"]]


async def test_a_paper_counts_its_own_tries_and_its_token_opens_until_it_ends(
    world: World,
) -> None:
    who, now = await an_account(world), clock.now()
    most, ends = 5, now + timedelta(minutes=15)
    keys = {}
    for tries, until in ((0, ends), (0, ends), (most, now)):
        mark = uuid4().bytes
        values = {"subject": who.id, "code": mark, "pin": mark, "tries": tries, "access": mark}
        keys[mark] = await put(world, "entry_key", session=uuid4(), access_until=until, **values)
    first, second, third = keys
    for shown, there in ((first, True), (third, False), (ELSE, False)):
        rows = await asked("try_pass($1, $2)", shown, most)
        assert [row["id"] for row in rows] == [keys.get(shown)] * there
    (tried,) = await world.sql("SELECT id FROM entry_key WHERE tries = 1")
    assert tried["id"] == keys[first]
    for shown, there in ((second, True), (third, False), (ELSE, False)):
        rows = await asked("holder_of_pass($1, $2)", shown, now)
        assert [row["id"] for row in rows] == [keys.get(shown)] * there


async def test_ones_role_is_ones_own_while_one_works_there(world: World) -> None:
    accounts = [await an_account(world, role=role) for role in ("SW", "CO", "AD")]
    for who, role in zip(accounts, ("SW", "CO", "AD"), strict=True):
        assert (await the_one("my_role()", actor=who.id))["my_role"] == role
    await world.sql("UPDATE staff SET active = false WHERE id = $1", accounts[0].id)
    assert (await the_one("my_role()", actor=accounts[0].id))["my_role"] is None
    assert (await the_one("my_role()", actor=uuid4()))["my_role"] is None
