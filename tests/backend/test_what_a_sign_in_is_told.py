"""The functions that look for an account before anybody is in scope tell of that one account.

They run as the owner, whom no policy stops: each of their conditions is a wall of its own.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from backend import clock
from tests.backend.ways import ELSE, NOTHING, Account, But, an_account, asked, put, the_one
from tests.world import World


async def _by_login(who: Account, shown: bytes) -> tuple[object, ...]:
    row = await the_one("account_of_login($1, $2, $2)", who.login, shown)
    assert (row["id"], row["agency"], row["role"]) == (who.id, who.agency, "SW")
    assert row["wrapped"]
    names = ("device", "factor", "secret", "recovery", "passkey", "had_factor")
    return tuple(row[name] for name in names)


async def test_a_password_is_told_of_what_is_its_own(world: World) -> None:
    full, bare = await an_account(world), await an_account(world, but=NOTHING)
    await an_account(world, agency=await world.an_agency(name="Elsewhere"))
    own = full.things
    told = (own["device"], own["factor"], full.mark, own["recovery_code"], True, True)
    assert await _by_login(full, full.mark) == told
    assert await _by_login(full, ELSE) == (None, own["factor"], full.mark, None, True, True)
    for shown in (full.mark, ELSE):
        assert await _by_login(bare, shown) == (None, None, None, None, False, False)


async def test_a_password_is_told_of_nothing_that_ended_or_never_began(world: World) -> None:
    ended, now = {"ended_at": clock.now()}, clock.now()
    over = {"device": ended, "factor": ended, "passkey": ended}
    for but, told in (
        (over, (None, None, None, None, False, True)),
        ({**NOTHING, "factor": ended}, (None, None, None, None, False, True)),
        ({**NOTHING, "factor": {"confirmed_at": None}}, (None, None, None, None, False, False)),
        ({**NOTHING, "passkey": ended}, (None, None, None, None, False, True)),
    ):
        who = await an_account(world, but=but)
        assert await _by_login(who, who.mark) == told, but
    spent = await an_account(world, but={"recovery_code": {"used_at": now}})
    assert (await _by_login(spent, spent.mark))[3] is None
    await world.sql("UPDATE staff SET active = false WHERE id = $1", spent.id)
    assert await asked("account_of_login($1, $2, $2)", spent.login, spent.mark) == []


async def test_a_passkey_is_told_of_whose_it_is(world: World) -> None:
    full, other = await an_account(world), await an_account(world)
    lost = await an_account(world, but={"device": {"ended_at": clock.now()}})
    over = await an_account(world, but={"passkey": {"ended_at": clock.now()}})
    for who, known, device in (
        *((full, full.mark, full.things["device"]), (full, ELSE, None)),
        *((full, other.mark, None), (lost, lost.mark, None)),
    ):
        row = await the_one("account_of_passkey($1, $2)", who.mark, known)
        assert (row["id"], row["passkey"], row["device"]) == (
            *(who.id, who.things["passkey"], device),
        )
        assert (row["agency"], row["sealed"]) == (who.agency, who.mark)
        assert row["wrapped"]
    await world.sql("UPDATE staff SET active = false WHERE id = $1", other.id)
    for shown in (over.mark, other.mark, ELSE):
        assert await asked("account_of_passkey($1, $1)", shown) == []


async def test_whoever_is_in_scope_is_told_of_themselves(world: World) -> None:
    full, ended = await an_account(world), {"ended_at": clock.now()}
    alone = {**NOTHING, "passkey": {}}
    for but, factor, recovery, strong in (
        *(({}, True, True, True), (NOTHING, False, False, False), (alone, False, False, True)),
        ({"factor": ended, "passkey": ended}, False, False, False),
        ({**NOTHING, "factor": {"confirmed_at": None}}, False, False, False),
        ({"recovery_code": {"used_at": clock.now()}}, True, False, True),
    ):
        who = await an_account(world, but=but)
        for shown in (who.mark, full.mark, ELSE):
            row = await the_one("my_account($1)", shown, actor=who.id)
            assert (row["id"], row["login"], row["strong"]) == (who.id, who.login, strong), but
            assert row["factor"] == (who.things["factor"] if factor else None), but
            assert row["secret"] == (who.mark if factor else None), but
            there = recovery and shown == who.mark
            assert row["recovery"] == (who.things["recovery_code"] if there else None), but
            assert row["wrapped"]
    assert await asked("my_account($1)", full.mark, actor=uuid4()) == []


async def test_a_code_of_an_account_counts_while_that_has_a_passkey_and_no_app(
    world: World,
) -> None:
    ended, alone = {"ended_at": clock.now()}, {**NOTHING, "passkey": {}}
    for but, code, mine, there in (
        (alone, {}, True, True),
        (alone, {"hash": ELSE}, True, False),
        (alone, {"used_at": clock.now()}, True, False),
        (alone, {}, False, False),
        ({**alone, "factor": {}}, {}, True, False),
        ({**alone, "factor": {"confirmed_at": None}}, {}, True, True),
        ({**NOTHING, "passkey": ended}, {}, True, False),
        (NOTHING, {}, True, False),
    ):
        who, other = await an_account(world, but=but), await an_account(world)
        whose = who.id if mine else other.id
        id_ = await put(world, "recovery_code", **{"staff": whose, "hash": who.mark, **code})
        by_login = await the_one("account_of_login($1, $2, $2)", who.login, who.mark)
        inside = await the_one("my_account($1)", who.mark, actor=who.id)
        for row in (by_login, inside):
            assert row["recovery"] == (id_ if there else None), (but, code, mine)


async def test_a_hash_is_still_ones_own(world: World) -> None:
    who, other = await an_account(world), await an_account(world)
    (mine,) = await world.sql("SELECT password FROM staff WHERE id = $1", who.id)

    async def is_mine(actor: UUID, seen: str) -> bool:
        return bool((await the_one("is_still_mine($1)", seen, actor=actor))["is_still_mine"])

    assert await is_mine(who.id, mine["password"])
    assert not await is_mine(who.id, "else")
    assert not await is_mine(other.id, mine["password"])
    await world.sql("UPDATE staff SET active = false WHERE id = $1", who.id)
    assert not await is_mine(who.id, mine["password"])


async def test_a_refresh_token_opens_its_own_session_while_that_stands(world: World) -> None:
    now = clock.now()
    await an_account(world)
    who = await an_account(world)
    await an_account(world)
    row = await the_one("enter_by_refresh($1, $2)", who.mark, now)
    assert (row["id"], row["session"], row["device"]) == (
        *(who.things["refresh_token"], who.things["session"], who.things["device"]),
    )
    over = await an_account(world, but={"session": {"ended_at": now}})
    late = await an_account(world, but={"session": {"until": now}})
    rests = {"access_until": now - timedelta(hours=12)}
    rested = await an_account(world, but={"session": rests})
    gone = await an_account(world)
    await world.sql("UPDATE staff SET active = false WHERE id = $1", gone.id)
    for shown in (over.mark, late.mark, rested.mark, gone.mark, ELSE):
        assert await asked("enter_by_refresh($1, $2)", shown, now) == []


async def _holder(who: Account, *, browser: bool = False) -> list[object]:
    rows = await asked("holder_of($1, $2, $3)", who.mark, clock.now(), browser)
    return [row["id"] for row in rows]


async def test_a_token_is_its_holders_while_it_and_its_session_stand(world: World) -> None:
    now = clock.now()
    clock.travel(lambda: now)
    who = await an_account(world)
    (row,) = await asked("holder_of($1, $2, false)", who.mark, now)
    assert (row["session"], row["id"], row["agency"]) == (who.things["session"], who.id, who.agency)
    assert await _holder(who, browser=True) == []
    for but in ({"access_until": now}, {"until": now}, {"ended_at": now}, {"browser": True}):
        assert await _holder(await an_account(world, but={"session": but})) == [], but
    gone = await an_account(world)
    await world.sql("UPDATE staff SET active = false WHERE id = $1", gone.id)
    assert await _holder(gone) == []


async def test_a_notice_is_told_in_a_browser_once_and_not_where_it_was_done(world: World) -> None:
    now = clock.now()
    clock.travel(lambda: now)
    await an_account(world)
    away = await world.an_agency(name="Elsewhere", zone="Asia/Almaty")
    hour, month = timedelta(hours=1), timedelta(days=30)
    for at, told_at, session, there in (
        (now, None, {"browser": True}, True),
        (now, now - hour, {"browser": True}, True),
        (now, now, {"browser": True}, False),
        (now - month, None, {"browser": True}, False),
        (now, None, {"browser": True, "limited": True}, False),
        (now, None, {"browser": False}, False),
    ):
        but: But = {"session": session, "device": {"told_at": told_at}}
        who = await an_account(world, agency=away, but=but)
        other = await an_account(world)
        for staff, device, kind in (
            *((who.id, who.things["device"], "device"), (other.id, None, "factor")),
            *((who.id, other.things["device"], "password"), (who.id, None, "passkey")),
        ):
            when = at - hour / 2 if kind == "passkey" else at
            values = {"staff": staff, "at": when, "kind": kind, "device": device}
            await put(world, "account_notice", browser=True, **values)
        sql = "holder_of($1, $2, $3)"
        row = await the_one(sql, who.mark, now, session["browser"])
        assert row["kind"] == ("password" if there else None), (at, told_at, session)
        assert (row["told_of"], row["there"]) == ((at, True) if there else (None, None))
        assert row["zone"] == ("Asia/Almaty" if there else None)
