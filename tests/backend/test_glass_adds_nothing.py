"""The wall below: what the database takes from whoever came in by glass, whatever SQL they send."""

import json
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend.database import transaction
from tests.backend.laid import HOUR, But, Laid, Rows, changed, of, row
from tests.backend.let_in import Let
from tests.backend.rows import a_new_copy
from tests.world import Caller

REFUSED = asyncpg.InsufficientPrivilegeError
ADDED = (
    *("wall", "member", "entry_pass", "erasure_wish", "legal_hold", "link", "channel_consent"),
    *("disclosure", "participation", "court_file", "reading", "summary", "mandate"),
)
CHANGED = (
    *("wall", "erasure_wish", "legal_hold", "link", "court_file", "entry_pass", "channel_consent"),
    *("disclosure", "member", "protected_address", "safety_flag"),
)
# What no two rows have alike.
APART: Mapping[str, Mapping[str, object]] = {
    "court_file": {"reference_index": "\\x00", "ended_at": None},
    "summary": {"number": 99},
    "reading": {"summary": None, "recorded_at": "2099-01-01T00:00:00Z"},
    "link": {"state": "ended", "token": None, "chat": None, "chat_index": None},
    "wall": {"ended_at": "2030-01-01T00:00:00Z"},
    "member": {"alias": "of no other"},
    "channel_consent": {"withdrawn_at": None},
    "disclosure": {"withdrawn_at": None},
    "mandate": {"glass": None, "ends": None, "starts": "2030-01-01T00:00:00Z"},
}
# Who writes it is who acts.
OF_WHOM: Mapping[str, str] = {
    "erasure_wish": "asked_by",
    "summary": "issued_by",
    "reading": "recorded_by",
    **dict.fromkeys(("channel_consent", "disclosure", "participation"), "recorded_by"),
}
_ADD = "INSERT INTO {0} SELECT (jsonb_populate_record(null::{0}, $1::jsonb)).*"


class _UndoneError(Exception):
    pass


_NEW = "INSERT INTO actor (id, agency, kind, created_at) VALUES ('{}', '{}', 'member', now())"


async def _does(who: UUID | None, sql: str, *values: object, first: str = "") -> str:
    """What the statement came to; it is undone."""
    came = ""
    with suppress(_UndoneError):
        async with transaction(who) as held:
            if first:
                await held.execute(first)
            came = str(await held.execute(sql, *values))
            raise _UndoneError
    return came


@pytest.mark.parametrize("table", ADDED)
async def test_the_database_takes_no_row_that_lasts_from_behind_glass(let: Let, table: str) -> None:
    scene = let.kept.scene
    new = await a_new_copy(let.kept.world, table, scene.docket.plan)
    sql, given = _ADD.format(table), {**new, **APART.get(table, {})}
    if table == "summary":  # somebody else has read it
        await let.kept.world.sql("UPDATE reading SET summary = NULL")

    async def adds(who: Caller) -> str:
        own = {OF_WHOM[table]: who.id} if table in OF_WHOM else {}
        first = ""
        if table == "member":  # somebody new
            own = {"id": uuid4()}
            first = _NEW.format(own["id"], given["agency"])
        return await _does(who.id, sql, json.dumps({**given, **own}, default=str), first=first)

    assert await adds(scene.callers["CO"]) == "INSERT 0 1"
    for guest in let.guests.values():
        with pytest.raises(REFUSED):
            await adds(guest)


@pytest.mark.parametrize("table", CHANGED)
async def test_the_database_ends_nothing_for_whoever_is_behind_glass(let: Let, table: str) -> None:
    sql = f"UPDATE {table} SET version = version + 1 WHERE plan = $1"
    if table == "erasure_wish":
        sql += " AND ended_at IS NULL"  # it ends once
    plan = UUID(let.kept.scene.docket.plan)
    assert await _does(let.kept.scene.callers["CO"].id, sql, plan) != "UPDATE 0"
    for guest in let.guests.values():
        assert await _does(guest.id, sql, plan) == "UPDATE 0"


@pytest.mark.parametrize(
    "change",
    ["state = 'closed', closed_at = now()", "closed_at = now()", "state = 'step_down'"],
)
async def test_the_database_lets_nobody_behind_glass_close_a_plan(let: Let, change: str) -> None:
    sql = f"UPDATE plan SET {change} WHERE id = $1"
    plan = UUID(let.kept.scene.docket.plan)
    assert await _does(let.kept.scene.callers["CO"].id, sql, plan) == "UPDATE 1"
    for guest in let.guests.values():
        with pytest.raises(REFUSED, match="closes no plan"):
            await _does(guest.id, sql, plan)
        for other in ("alias = alias", "state = 'active_outside', left_custody_at = now()"):
            assert await _does(guest.id, f"UPDATE plan SET {other} WHERE id = $1", plan)


async def test_the_database_closes_no_task_that_tells_of_glass_for_who_broke_it(let: Let) -> None:
    sql = "UPDATE task SET version = version WHERE plan = $1 AND kind = ANY ($2)"
    plan, own = UUID(let.kept.scene.docket.plan), ["glass-broken", "tell-of-glass"]
    assert await _does(let.kept.scene.callers["SW"].id, sql, plan, own) != "UPDATE 0"
    for guest in let.guests.values():
        assert await _does(guest.id, sql, plan, own) == "UPDATE 0"
        assert await _does(guest.id, sql, plan, ["call-back"]) != "UPDATE 0"


_NOW = "current_setting('app.now')::timestamptz"
_ENDS_NOW = f"ends = {_NOW} + interval '1 microsecond'"  # a moment after it, on which one stands
_A_DAY = f"ends = {_NOW} + interval '1 day'"


async def test_of_mandates_the_database_ends_ones_own_glass_and_a_release_desk(let: Let) -> None:
    plan, guest = UUID(let.kept.scene.docket.plan), let.guests["SW"].id
    desk, head = await let.a_desk(plan), let.kept.scene.callers["CO"].id

    async def changes(who: UUID | None, whose: UUID | None, change: str) -> str:
        sql = f"UPDATE mandate SET {change} WHERE plan = $1 AND actor = $2"
        return await _does(who, sql, plan, whose)

    assert await changes(guest, head, _ENDS_NOW) == "UPDATE 0"
    assert await changes(head, head, _ENDS_NOW) == "UPDATE 1"
    assert await changes(guest, guest, _ENDS_NOW) == "UPDATE 1"
    assert await changes(guest, desk, f"ends = {_NOW} + interval '7 days'") == "UPDATE 1"
    for whose, change in (
        (guest, "ends = ends - interval '1 minute'"),
        (guest, "glass = NULL, ends = NULL"),
        (desk, "ends = NULL"),
        (desk, f"ends = {_NOW} + interval '8 days'"),
        (desk, f"{_A_DAY}, role = 'SW'"),
        (desk, f"{_A_DAY}, actor = '{guest}'"),
    ):
        with pytest.raises(REFUSED):
            await changes(guest, whose, change)


# the function by itself

STANDS: Rows = {
    "here": row("agency"),
    "me": row("actor"),
    "plan": row("plan", person="person"),
    "glass": row("mandate", plan="plan", person="person", actor="me", glass="wish", starts=-HOUR,
                 ends=HOUR),
}  # fmt: skip
OWN: But = {"own": row("mandate", plan="plan", person="person", actor="me", starts=-2 * HOUR)}


def _own(**values: object) -> But:
    return changed({"own": OWN["own"]}, {"own": values})  # type: ignore[dict-item]


CASES: Mapping[str, tuple[But, bool]] = {
    "by glass alone": ({}, True),
    "by glass that has ended": ({"glass": {"ends": -HOUR}}, False),
    "by glass that is to be broken": ({"glass": {"starts": HOUR, "ends": 2 * HOUR}}, False),
    "by the glass of another": ({"glass": {"actor": "colleague"}}, False),
    "with a mandate besides": (OWN, False),
    "with one that ends later": (_own(ends=HOUR), False),
    "with one that has ended": (_own(ends=-HOUR), True),
    "with one to come": (_own(starts=HOUR), True),
    "with one on another plan": (_own(plan="other plan"), True),
    "while another has one": (_own(actor="colleague"), True),
}


@pytest.mark.parametrize("case", CASES)
async def test_one_stands_by_glass_where_no_mandate_of_ones_own_stands(
    laid: Laid, case: str
) -> None:
    but, stands = CASES[case]
    async with laid.rows(changed(STANDS, but), actor="me"):
        found = await laid.all("SELECT * FROM plans_by_glass()")
        assert found == ([of("plan")] if stands else [])
