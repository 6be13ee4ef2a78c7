"""The rule is one, in the database and in the program, for every text."""

from datetime import timedelta
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.flows import rules
from backend.flows.rules import OF_KIND, Entry, Period, Regimes, opened
from backend.messages.rules import REPLIES, fact_needed
from bots.texts.catalogue import keys
from tests.backend.flows.abroad import NOW
from tests.backend.flows.entries import an_entry
from tests.world import World

ENTRIES = st.builds(
    an_entry,
    groups=st.lists(st.sampled_from(["alias", "tasks", "milestones"]), min_size=1, unique=True),
    purpose=st.sampled_from(["care", "summary"]),
    basis=st.sampled_from(["law", "authorisation"]),
    period=st.builds(
        Period,
        st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(seconds=1)]),
        st.sampled_from([None, None, NOW + timedelta(seconds=1), NOW + timedelta(days=9)]),
    ),
    law=st.sampled_from(["Act on Return", "Act on Return", None]),
    standing=st.sampled_from([True, True, True, False]),
)
REGIMES = st.builds(Regimes, st.sampled_from(rules.REGIMES), st.sampled_from(rules.REGIMES))
_PUT = """
INSERT INTO data_flow (id, agency, version, kind, to_agency, groups, purpose, basis, law, starts,
                       until, recorded_at, ended_at, ended_by)
VALUES (gen_random_uuid(), $1, 1, 'agency', $2, $3, $4, $5, $6, $7, $8, $7, $9, $10)
"""


async def test_the_rule_in_the_database_is_the_rule_in_the_program(world: World) -> None:
    drawn: list[tuple[list[Entry], Regimes, str | None, bool]] = []

    @settings(
        max_examples=80,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(ENTRIES, min_size=1, max_size=3),
        REGIMES,
        st.sampled_from([None, None, "care", "audit"]),
        st.booleans(),
    )
    def draw(entries: list[Entry], regimes: Regimes, said_for: str | None, has: bool) -> None:  # noqa: FBT001
        drawn.append((entries, regimes, said_for, has))

    draw()
    sender, receiver = await world.an_agency(), await world.an_agency(name="Elsewhere")
    worker = await world.somebody("SW")
    plan = UUID((await world.a_plan(worker))["id"])
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    opening = 0
    for entries, regimes, said_for, authorised in drawn:
        change = held.transaction()
        await change.start()
        sql = "UPDATE agency SET regime = $2 WHERE id = $1"
        await held.executemany(sql, [(sender, regimes.sender), (receiver, regimes.receiver)])
        for one in entries:
            if one.period.until and one.period.until <= one.period.starts:
                continue
            await held.execute(_PUT, sender, receiver, list(one.groups), one.purpose, one.basis,
                one.law, one.period.starts, one.period.until,
                None if one.standing else NOW, None if one.standing else worker.id)  # fmt: skip
        if authorised:
            await held.execute(
                "INSERT INTO disclosure (id, agency, plan, version, recipient, fact, purpose,"
                " until, recorded_by, given_at)"
                " VALUES (gen_random_uuid(), $1, $2, 1, $3, 'referral', 'x', $4, $3, $5)",
                sender, plan, worker.id, NOW.date(), NOW)  # fmt: skip
        told = await held.fetchval(
            "SELECT flow_groups($1, 'agency', $2, NULL, $3, $4, $5, $6)",
            sender, receiver, NOW, said_for, plan, worker.id)  # fmt: skip
        await change.rollback()
        expected: set[str] = set()
        for one in entries:
            if not (one.period.until and one.period.until <= one.period.starts):
                expected |= opened(one, regimes, NOW, said_for=said_for, authorised=authorised)
        assert set(told or ()) == expected, (entries, regimes, said_for, authorised)
        opening += bool(expected)
    await held.close()
    assert 20 < opening < len(drawn) - 20


async def test_each_text_asks_for_the_group_of_what_it_tells(world: World) -> None:
    group = {"release_date": "release date", "good_news": "milestones", None: None}
    for key in keys():
        for step in ("ask", "release"):
            [found] = await world.sql("SELECT message_group($1, $2) AS told", key, step)
            assert found["told"] in OF_KIND["chat"]
            if key not in REPLIES and (fact := fact_needed(key, step)):
                assert found["told"] == group[fact], key
