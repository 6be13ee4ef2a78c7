"""No statement in a worker's name makes a wish to break glass riper than the day that it waited."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.backend.injected import sent
from tests.world import World

REFUSED = asyncpg.InsufficientPrivilegeError
_WISH = """
INSERT INTO break_glass (id, agency, version, alias, asked_by, asked_at{more})
VALUES ('{id}', '{agency}', 1, '{alias}', '{who}', now() - interval '25 hours'{values})
"""
_LET = {
    "id": "gen_random_uuid()",
    "agency": "'{agency}'",
    "plan": "'{plan}'",
    "version": "1",
    "actor": "'{who}'",
    "role": "'SW'",
    "starts": "now()",
    "ends": "now() + interval '4 hours'",
    "granted_by": "'{who}'",
    "person": "'{person}'",
    "glass": "'{wish}'",
}


@dataclass
class Small:
    """A small agency with a plan, a colleague who has no mandate on it, and a wish of theirs."""

    world: World
    colleague: UUID
    names: dict[str, Any]

    def let(self, **otherwise: str) -> str:
        values = {**_LET, **otherwise}
        sql = f"INSERT INTO mandate ({', '.join(values)}) VALUES ({', '.join(values.values())})"
        return sql.format(**self.names)

    def wish(self, more: str = "", values: str = "", **otherwise: Any) -> str:
        given = {**self.names, "id": self.names["wish"], **otherwise}
        return _WISH.format(**given, more=more, values=values.format(**given))

    async def waited(self, hours: float) -> None:
        """So long ago, by the clock of the database, the wish was written."""
        await self.world.sql(
            f"UPDATE break_glass SET written_at = clock_timestamp() - interval '{hours} hours'"
        )

    async def send(self, *statements: str) -> None:
        await sent(self.world, self.colleague, *((sql,) for sql in statements))

    async def is_in(self) -> bool:
        sql = "SELECT 1 FROM mandate WHERE actor = $1"
        return await self.world.sql(sql, self.colleague) != []


@pytest.fixture
async def small(world: World) -> Small:
    worker, colleague = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await world.sql("UPDATE agency SET small = true")
    [row] = await world.sql("SELECT * FROM plan")
    assert colleague.id
    names = {"agency": row["agency"], "plan": plan["id"], "alias": plan["alias"]}
    names |= {"who": colleague.id, "person": row["person"], "wish": uuid4(), "worker": worker.id}
    return Small(world, colleague.id, names)


async def test_a_wish_that_says_it_is_of_yesterday_opens_nothing(small: Small) -> None:
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(small.wish(), small.let())
    await small.send(small.wish())
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(small.let())
    later = "SELECT set_config('app.now', (now() + interval '25 hours')::text, true)"
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(later, small.let())
    assert not await small.is_in()


async def test_when_it_was_written_is_what_the_clock_of_the_database_says(small: Small) -> None:
    await small.send(small.wish(", written_at", ", now() - interval '25 hours'"))
    [row] = await small.world.sql(
        "SELECT written_at > clock_timestamp() - interval '1 minute' AS new FROM break_glass"
    )
    assert row["new"]
    with pytest.raises(REFUSED, match="permission denied"):
        await small.send("UPDATE break_glass SET written_at = now() - interval '25 hours'")


@pytest.mark.parametrize(("hours", "ripe"), [(23.9, False), (24.1, True), (48.1, False)])
async def test_it_opens_between_one_day_and_two(small: Small, hours: float, *, ripe: bool) -> None:
    await small.send(small.wish())
    await small.waited(hours)
    if ripe:
        await small.send(small.let())
    else:
        with pytest.raises(REFUSED, match="row-level security"):
            await small.send(small.let())
    assert await small.is_in() is ripe


@pytest.mark.parametrize(
    "otherwise",
    [
        {"role": "'CO'"},
        {"role": "'PO'"},
        {"starts": "now() - interval '1 hour'"},
        {"starts": "now() + interval '1 hour'", "ends": "now() + interval '2 hours'"},
        {"granted_by": "'{worker}'"},
        {"actor": "'{worker}'"},
        {"person": "'{worker}'"},
    ],
)
async def test_a_ripe_wish_opens_nothing_else_than_it_means(
    small: Small, otherwise: dict[str, str]
) -> None:
    await small.send(small.wish())
    await small.waited(25)
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(small.let(**otherwise))
    await small.send(small.let())


@pytest.mark.parametrize("ends", ["NULL", "now() + interval '5 hours'"])
async def test_no_glass_is_broken_for_longer_than_four_hours(small: Small, ends: str) -> None:
    await small.send(small.wish())
    await small.waited(25)
    with pytest.raises(asyncpg.CheckViolationError, match="mandate_glass"):
        await small.send(small.let(ends=ends))


async def test_a_ripe_wish_opens_once(small: Small) -> None:
    await small.send(small.wish())
    await small.waited(25)
    with pytest.raises(asyncpg.UniqueViolationError, match="mandate_glass_once"):
        await small.send(small.let(), small.let())
    await small.send(small.let())


async def test_only_a_worker_lets_themself_in(small: Small) -> None:
    auditor = await small.world.somebody("AU")
    assert auditor.id
    small.colleague = small.names["who"] = auditor.id
    await small.send(small.wish())
    await small.waited(25)
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(small.let(role="'AU'"))


@pytest.mark.parametrize(
    ("more", "values"),
    [
        (", let_by, let_at", ", '{worker}', now()"),
        (", let_by, let_at", ", '{who}', now()"),
        (", ended_at", ", now()"),
    ],
)
async def test_no_wish_begins_with_its_answer(small: Small, more: str, values: str) -> None:
    with pytest.raises(REFUSED, match="row-level security"):
        await small.send(small.wish(more, values))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("ended_at = now()", "ended_at = NULL"),
        ("ended_at = now()", "ended_at = now() + interval '1 day'"),
        ("ended_at = now()", "let_by = '{worker}', let_at = now()"),
        ("let_by = '{worker}', let_at = now()", "let_by = NULL, let_at = NULL"),
        ("let_by = '{worker}', let_at = now()", "let_at = now() + interval '1 day'"),
        ("version = 2", "let_by = '{worker}', let_at = now()"),
    ],
)
async def test_a_wish_is_let_once_by_who_lets_it_and_ends_once(
    small: Small, first: str, then: str
) -> None:
    await small.send(small.wish())
    await small.world.sql(f"UPDATE break_glass SET {first.format(**small.names)}")
    with pytest.raises(REFUSED, match="let once"):
        await small.send(f"UPDATE break_glass SET {then.format(**small.names)}")
    await small.send("UPDATE break_glass SET version = version + 1, reason = NULL")
