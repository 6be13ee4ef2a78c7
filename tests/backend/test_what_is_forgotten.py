"""What has ended long enough is taken away by the owner's functions, and nothing beside it.

`forget` and `drop_audit` delete what no policy lets the jobs delete: each of their conditions keeps
something that is still needed.
"""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.backend.laid import DAY, YEAR, But, Laid, Rows, changed, of, row

OVER, LATELY, SOON = -31 * DAY, -29 * DAY, DAY
# Of each thing that is asked for: what is there, and what stays. What goes is named so.
KEPT: Mapping[str, Rows] = {
    "sessions": {
        "gone court": row("court_token", until=OVER),
        "court": row("court_token", until=LATELY),
        "gone late": row("session", until=OVER),
        "gone ended": row("session", until=SOON, ended_at=OVER),
        "gone later": row("session", until=OVER, ended_at=LATELY),
        "session": row("session", until=SOON),
        "late": row("session", until=LATELY),
        "ended": row("session", until=SOON, ended_at=LATELY),
        **{
            f"{name} token": row("refresh_token", session=name)
            for name in ("gone late", "gone ended", "gone later", "session", "late", "ended")
        },
    },
    "devices": {
        "gone unseen": row("device", seen_at=-400 * DAY),
        "gone ended": row("device", seen_at=OVER, ended_at=OVER),
        "seen": row("device", seen_at=-300 * DAY),
        "ended": row("device", seen_at=-400 * DAY, ended_at=LATELY),
        "open": row("device", seen_at=-400 * DAY),
        "session": row("session", device="open", until=OVER, ended_at=OVER),
    },
    "factors": {
        "gone": row("factor", ended_at=OVER),
        "in force": row("factor", confirmed_at=-YEAR),
        "ended": row("factor", ended_at=LATELY),
        **{
            f"{name} code": row("recovery_code", factor=name)
            for name in ("gone", "in force", "ended")
        },
    },
    "invitations": {
        "gone late": row("account_invitation", expires_at=OVER),
        "gone ended": row("account_invitation", expires_at=SOON, ended_at=OVER),
        "gone used": row("account_invitation", expires_at=SOON, used_at=OVER, account="any"),
        "open": row("account_invitation", expires_at=SOON),
        "late": row("account_invitation", expires_at=LATELY),
        "ended": row("account_invitation", expires_at=OVER, ended_at=LATELY),
    },
    "passes": {
        **{
            f"pass {name}": row("entry_pass", id=name, made_at=-60 * DAY, **ends)
            for name, ends in {
                "gone late": {"until": OVER},
                "gone ended": {"until": SOON, "ended_at": OVER},
                "open": {"until": SOON},
                "late": {"until": LATELY},
                "ended": {"until": SOON, "ended_at": LATELY},
            }.items()
        },
        **{
            name: row("entry_key", subject="any")
            for name in ("gone late", "gone ended", "open", "late", "ended")
        },
    },
}
COUNTED = {"sessions": 3, "devices": 2, "factors": 1, "invitations": 3, "passes": 2}


async def _left(laid: Laid, rows: Rows) -> set[str]:
    """The names of those that are still there."""
    found = set()
    for name, one in rows.items():
        id_ = str(one.values.get("id", name))
        if await laid.all(f"SELECT id FROM {one.table} WHERE id = '{of(id_)}'"):
            found.add(name)
    return found


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize("before", [timedelta(0), -30 * DAY], ids=["whatever is said", "by then"])
async def test_what_opened_a_door_goes_a_month_after_it_closed(
    laid: Laid, what: str, before: timedelta
) -> None:
    async with laid.rows(KEPT[what]) as now:
        assert await laid.ask("forget($1, $2)", what, now + before) == COUNTED[what]
        stay = {name for name in KEPT[what] if not name.startswith("gone")}
        assert await _left(laid, KEPT[what]) == stay


@pytest.mark.parametrize("what", KEPT)
async def test_nothing_goes_that_ended_after_the_day_that_is_said(laid: Laid, what: str) -> None:
    async with laid.rows(KEPT[what]) as now:
        assert await laid.ask("forget($1, $2)", what, now - 2 * YEAR) == 0
        assert await laid.ask("forget($1, $2)", "something else", now) == 0
        assert await _left(laid, KEPT[what]) == KEPT[what].keys()


OLD = -11 * YEAR


def _sealed(at: int, age: timedelta, **head: object) -> Rows:
    return {
        f"row {at}": row("audit", id=10 + at, at=age, operation="x", outcome="done"),
        f"seal {at}": row("audit_seal", id=at, audit=10 + at, mac="mac"),
        f"head {at}": row("audit_head", id=at, mac="mac", **head),
    }


CHAIN: Rows = {
    **_sealed(1, OLD, filed_at=OLD),
    **_sealed(2, OLD, posted_at=OLD),
    **_sealed(3, OLD),
    **_sealed(4, OLD, filed_at=OLD),
    **_sealed(5, OLD, filed_at=OLD),
    **_sealed(6, -DAY, filed_at=OLD),
    **_sealed(7, -DAY),
}
# What is otherwise, and through which seal it is asked for.
REFUSED: Mapping[str, tuple[But, int]] = {
    "a younger row is under it": ({}, 6),
    "a row of it is missing": ({"row 2": None}, 4),
    "it is the last": ({"seal 6": None, "seal 7": None}, 5),
    "there is none": ({"seal 4": None}, 4),
}


async def _chain(laid: Laid) -> tuple[list[int], ...]:
    """The rows, seals, anchors and heads that are there."""
    tables = ("audit", "audit_seal", "audit_anchor", "audit_head")
    made = [await laid.all(f"SELECT id FROM {table} ORDER BY id") for table in tables]
    return tuple(made)


async def test_the_audit_goes_through_a_seal_and_an_anchor_stays(laid: Laid) -> None:
    async with laid.rows(CHAIN):
        assert await laid.ask("drop_audit(4, $1)", b"proof") == 4
        assert await _chain(laid) == ([15, 16, 17], [5, 6, 7], [4], [3, 4, 5, 6, 7])


@pytest.mark.parametrize("case", REFUSED)
async def test_the_audit_stays_whole_where_it_must(laid: Laid, case: str) -> None:
    but, through = REFUSED[case]
    async with laid.rows(changed(CHAIN, but)):
        before = await _chain(laid)
        assert await laid.ask(f"drop_audit({through}, $1)", b"proof") == 0
        assert await _chain(laid) == before
