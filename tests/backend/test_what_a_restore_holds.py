"""What a restore ends, and nothing else; how it is brought back is tried with the backups.

The rules are said here once more, in other words, over every row of two agencies.
"""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock, embedded
from backend.holding import Restored, hold
from backend.psql import Psql
from tests.backend.kept import Kept, a_copy

Row = dict[str, Any]
_LIKE = """
INSERT INTO {table} SELECT c.* FROM (SELECT * FROM {table} WHERE {where} LIMIT 1) r,
       LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(r) || '{values}'::jsonb) c
"""
AN_HOUR = timedelta(hours=1)
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _every(kept: Kept, table: str) -> dict[UUID, Row]:
    return {row["id"]: row for row in await kept.world.sql(f"SELECT * FROM {table}")}


async def _as_it_was(kept: Kept, *statements: str) -> None:
    """Rows of before, without the triggers and keys of the database."""
    async with kept.world.behind.held() as held:
        await held.execute("SET session_replication_role = replica")
        for sql in statements:
            await held.execute(sql)
        await held.execute("RESET session_replication_role")


def _like(table: str, where: str, **values: object) -> str:
    """One like the one that is there, but for these values."""
    values = {"id": uuid4(), **values}
    return _LIKE.format(table=table, where=where, values=json.dumps(values, default=str))


def _held(kept: Kept, now: datetime) -> Restored:
    with Psql(kept.world.server.url("postgres", kept.world.database_name)) as psql:
        return hold(psql, now, destroyed=0, unlisted=0)


async def _erased(kept: Kept) -> tuple[UUID, UUID]:
    """Of one plan the person's key is gone, of another that of a relative: plan, relative."""
    plan, other = UUID(kept.scene.docket.plan), UUID(kept.other.docket.plan)
    [member] = await kept.world.sql("SELECT id FROM member WHERE plan = $1 LIMIT 1", other)
    await _as_it_was(
        kept,
        "UPDATE subject_key SET wrapped = NULL WHERE id IN"
        f" ('{member['id']}', (SELECT person FROM plan WHERE id = '{plan}'))",
    )
    return plan, member["id"]


async def test_mandates_end_of_whom_no_key_is_left_and_behind_glass(kept: Kept) -> None:
    plan, relative = await _erased(kept)
    now = clock.now()
    past, lasting = [
        {"starts": now + one - 2 * AN_HOUR, "ends": now + one} for one in (-AN_HOUR, AN_HOUR)
    ]
    own, other = f"plan = '{plan}' AND glass IS NULL", f"plan = '{kept.other.docket.plan}'"
    await _as_it_was(
        kept,
        *(_like("mandate", "glass IS NOT NULL", glass=uuid4(), **one) for one in (past, lasting)),
        *(_like("mandate", own, **one) for one in (past, lasting)),
        _like("mandate", other, **lasting),
        _like("mandate", other, actor=relative, ends=None),
    )
    before = await _every(kept, "mandate")
    _held(kept, now)
    ended = set()
    for id_, row in (await _every(kept, "mandate")).items():
        was = before[id_]
        lasts = was["ends"] is None or was["ends"] > now
        if lasts and (was["plan"] == plan or was["actor"] == relative or was["glass"]):
            ended.add(id_)
            assert row["ends"] == max(was["starts"], now)
        else:
            assert row == was
    assert 4 < len(ended) < len(before) - 4


async def test_chats_end_of_whom_no_key_is_left(kept: Kept) -> None:
    plan, relative = await _erased(kept)
    there = {"state": "active", "chat": "\\x01", "chat_index": "\\x02"}
    await _as_it_was(
        kept,
        _like("link", "true", plan=kept.other.docket.plan, **there),
        _like("link", "true", plan=kept.other.docket.plan, subject=relative, **there),
    )
    before = await _every(kept, "link")
    restored = _held(kept, clock.now())
    after = await _every(kept, "link")
    for id_, row in after.items():
        gone = before[id_]["plan"] == plan or before[id_]["subject"] == relative
        if gone:
            assert (row["state"], row["chat"], row["chat_index"]) == ("ended", None, None)
        else:
            assert (row["state"], row["chat"]) == (before[id_]["state"], before[id_]["chat"])
        assert (row["token"], row["pin"]) == (None, None), "an invitation is made anew"
    assert restored.chats == sum(row["state"] == "active" for row in after.values()) > 0


async def test_references_go_of_plans_that_are_over(kept: Kept) -> None:
    plan, _ = await _erased(kept)
    before = await _every(kept, "court_file")
    _held(kept, clock.now())
    for id_, row in (await _every(kept, "court_file")).items():
        over = row["plan"] == plan
        assert (row["reference_index"] == before[id_]["reference_index"]) == (not over)
        assert over <= (row["ended_at"] is not None)
    assert {row["plan"] == plan for row in before.values()} == {True, False}


async def test_reasons_go_of_wishes_about_plans_that_are_over(kept: Kept) -> None:
    plan, _ = await _erased(kept)
    [alias] = await kept.world.sql("SELECT alias, opened_at FROM plan WHERE id = $1", plan)
    after = alias["opened_at"] + timedelta(minutes=1)
    about, before_it, elsewhere, of_plan, of_other = (uuid4() for _ in range(5))
    let = {"starts": after, "ends": after + AN_HOUR}
    said = {"reason": "\\x01", "asked_at": after, "alias": "Nobody"}
    wishes = {
        about: {**said, "alias": alias["alias"].upper()},
        before_it: {**said, "alias": alias["alias"], "asked_at": LONG_AGO},
        **dict.fromkeys((elsewhere, of_plan, of_other), said),
    }
    await _as_it_was(
        kept,
        *(_like("break_glass", "true", **{**one, "id": id_}) for id_, one in wishes.items()),
        _like("mandate", f"plan = '{plan}'", glass=of_plan, **let),
        _like("mandate", f"plan = '{kept.other.docket.plan}'", glass=of_other, **let),
    )
    _held(kept, clock.now())
    rows = await _every(kept, "break_glass")
    gone = {id_ for id_ in wishes if rows[id_]["reason"] is None}
    assert gone == {about, of_plan}


async def test_a_machine_that_was_stopped_before_is_not_among_those_to_be_let_go_on(
    kept: Kept,
) -> None:
    stopped = kept.other.docket.court.id
    await kept.world.sql("UPDATE court_client SET suspended_at = now() WHERE id = $1", stopped)
    going = await kept.world.sql("SELECT id FROM court_client WHERE suspended_at IS NULL")
    restored = _held(kept, clock.now())
    assert set(restored.courts) == {str(row["id"]) for row in going}
    assert str(stopped) not in restored.courts


async def test_every_link_to_ones_own_dates_ends(kept: Kept) -> None:
    await _as_it_was(
        kept,
        "UPDATE date_feed SET ended_at = now() WHERE ended_at IS NULL",
        "UPDATE date_feed SET ended_at = NULL WHERE id = (SELECT id FROM date_feed LIMIT 1)",
    )
    before, now = await _every(kept, "date_feed"), clock.now()
    _held(kept, now)
    ended = {id_: {**row, "ended_at": row["ended_at"] or now} for id_, row in before.items()}
    assert await _every(kept, "date_feed") == ended != before
