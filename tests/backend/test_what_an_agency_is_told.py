"""The functions that list and count for an agency as the owner tell it of itself, and its role.

The owner sees every row here, whatever its own policies say: what is left is the function.
"""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from backend import clock, embedded
from tests.backend.kept import Kept, a_copy
from tests.backend.ways import asked
from tests.world import World

# Who is told, and the rows that are the agency's.
LISTS = {
    "mandates_of_agency($1, $2, $3)": ("AU", "SELECT id FROM mandate WHERE agency = $1"),
    "consents_of_agency($1, $2, $3)": (
        "AU",
        """SELECT id FROM channel_consent WHERE agency = $1
            UNION ALL SELECT id FROM disclosure WHERE agency = $1""",
    ),
    "holds_of_agency()": (
        "DP",
        "SELECT id FROM legal_hold WHERE agency = $1 AND ended_at IS NULL",
    ),
}
OWNERS = """
SELECT tablename, policyname FROM pg_policies
 WHERE roles = '{throughcare_owner}' AND cmd IN ('SELECT', 'UPDATE') AND qual <> 'true'
"""
MANY = 5  # no smaller number is told


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        for row in await made.world.sql(OWNERS):
            await made.world.sql(
                f"ALTER POLICY {row['policyname']} ON {row['tablename']} USING (true)"
            )
        yield made


async def _ids(world: World, sql: str, agency: UUID) -> list[UUID]:
    return sorted(row["id"] for row in await world.sql(sql, agency))


async def _house(world: World, who: UUID | None) -> UUID:
    (row,) = await world.sql("SELECT agency FROM staff WHERE id = $1", who)
    agency: UUID = row["agency"]
    return agency


@pytest.mark.parametrize("call", LISTS)
async def test_a_list_is_of_the_agency_and_for_its_role(kept: Kept, call: str) -> None:
    role, own = LISTS[call]
    values = (None, None, 1000) if "$1" in call else ()
    houses = set()
    for scene in (kept.scene, kept.elsewhere):
        house = await _house(kept.world, scene.callers[role].id)
        houses.add(house)
        expected = await _ids(kept.world, own, house)
        assert expected, "there is something to tell"
        rows = await asked(call, *values, actor=scene.callers[role].id)
        assert sorted(row["id"] for row in rows) == expected
        for other in {"SW", "CO", "AD", "DP", "AU"} - {role}:
            assert await asked(call, *values, actor=scene.callers[other].id) == [], other
    assert len(houses) == 2


@pytest.mark.parametrize("call", [call for call in LISTS if "$1" in call])
async def test_a_list_goes_on_after_its_last_row(kept: Kept, call: str) -> None:
    auditor = kept.scene.callers["AU"].id
    rows = await asked(call, None, None, 1000, actor=auditor)
    at = "given_at" if "given_at" in rows[0] else "starts"
    assert await asked(call, None, None, 2, actor=auditor) == rows[:2]
    assert await asked(call, rows[1][at], rows[1]["id"], 1000, actor=auditor) == rows[2:]


async def test_a_disclosure_is_of_the_person_of_its_plan(kept: Kept) -> None:
    auditor = kept.scene.callers["AU"].id
    for row in await asked("consents_of_agency(NULL, NULL, 1000)", actor=auditor):
        if row["kind"] == "disclosure":
            (plan,) = await kept.world.sql("SELECT person FROM plan WHERE id = $1", row["plan"])
            assert row["subject"] == plan["person"]


async def _like(world: World, table: str, agency: UUID, times: int, **values: Any) -> None:
    """Rows like one that is there, told apart by their step where there is one."""
    for _ in range(times):
        more = {**values, "id": str(uuid4()), "agency": str(agency)}
        if table != "summary":
            more["step"] = uuid4().hex[:12]
        else:
            more["number"] = 1000 + uuid4().int % 10**6
        await world.sql(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(null::{table}, to_jsonb(t)"
            f" || $1::jsonb)).* FROM {table} t LIMIT 1",
            json.dumps(more, default=str),
        )


async def test_a_number_is_of_the_agency_and_of_its_month(kept: Kept) -> None:
    world, opens = kept.world, datetime(2026, 3, 1, tzinfo=ZoneInfo("Africa/Tunis"))
    closes, moment = opens.replace(month=4), timedelta(microseconds=1)
    auditor, head = kept.scene.callers["AU"].id, kept.scene.callers["AD"].id
    here = await _house(world, auditor)
    away = await _house(world, kept.elsewhere.callers["AU"].id)
    for agency, at, times in (
        *((here, opens, MANY), (here, closes - moment, 1), (here, opens - moment, 2)),
        *((here, closes, 2), (away, opens, 3)),
    ):
        sent = {"due_at": at, "state": "sent", "tap": None}
        await _like(world, "message", agency, times, **sent)
        await _like(world, "task", agency, times, opened_at=at, urgency=2)
        await _like(world, "task", agency, times, opened_at=at, urgency=1)
        await _like(world, "summary", agency, times, issued_at=at)
    for who, more in ((head, {}), (auditor, {"alerts": MANY + 1, "summaries": MANY + 1})):
        told = {"messages": MANY + 1, **more}
        rows = await asked("counts_of_agency($1)", opens.date(), actor=who)
        assert {row["what"]: row["times"] for row in rows if row["times"]} == told
        assert {row["what"] for row in rows} == told.keys()
    for who in (kept.scene.callers["CO"].id, kept.scene.callers["DP"].id, uuid4()):
        assert await asked("counts_of_agency($1)", opens.date(), actor=who) == []
    rows = await asked("counts_of_agency($1)", opens.date(), actor=kept.elsewhere.callers["AU"].id)
    assert not any(row["times"] for row in rows)
    rows = await asked("counts_of_agency($1)", closes.date(), actor=auditor)
    assert not any(row["times"] for row in rows)


async def test_what_waits_without_an_entry_is_cancelled_in_the_agency_alone(kept: Kept) -> None:
    world = kept.world
    head = kept.scene.callers["AD"].id
    here = await _house(world, head)
    away = await _house(world, kept.elsewhere.callers["AD"].id)
    await world.sql("DELETE FROM data_flow")
    await world.sql("UPDATE message SET state = 'sent', tap = NULL WHERE state <> 'sent'")
    (one,) = await world.sql(
        "SELECT to_jsonb(m)::text AS row FROM message m JOIN member b ON b.id = m.recipient"
        " WHERE m.agency = $1 AND m.plan IS NOT NULL LIMIT 1",
        here,
    )
    waits: dict[str, object] = {"state": "queued", "sending_at": None, "tap": None, "key": "GATE-1"}
    made = {}
    for name, more in (
        *(("waits", {}), ("claimed", {"state": "claimed"}), ("said", {"state": "failed"})),
        *(("begun", {"sending_at": "2026-03-01T10:00:00Z"}), ("of no plan", {"plan": None})),
        *(("elsewhere", {"agency": str(away)}), ("spared", {"key": "STOP-OK"})),
    ):
        made[name] = uuid4()
        row = {**json.loads(one["row"]), **waits, "id": str(made[name]), "step": name, **more}
        await world.sql(
            "INSERT INTO message SELECT (jsonb_populate_record(null::message, $1::jsonb)).*",
            json.dumps(row),
        )
    moment = clock.now()
    rows = await asked("cancel_without_flow($1, $2)", ["STOP-OK"], moment, actor=head)
    assert [row["cancel_without_flow"] for row in rows] == [2]
    gone = await world.sql("SELECT id FROM message WHERE state = 'cancelled'")
    assert {row["id"] for row in gone} == {made["waits"], made["claimed"]}
