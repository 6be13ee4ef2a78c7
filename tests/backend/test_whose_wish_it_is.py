"""A wish to break glass waits for a coordinator of the very plan that it means, and nobody else."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.access import Actor
from backend.errors import NotFound
from backend.second.rules import DELAY
from backend.walls.glass import (
    Wish,
    ask_break_glass,
    end_break_glass,
    let_break_glass,
    list_break_glass,
    own_wishes,
)
from tests.backend.beside import LONG_AGO, Beside, a_row_like, has_proved


async def _a_wish(held: Any, beside: Beside, **more: Any) -> UUID:
    """Of the plan's worker, about its person."""
    alias = await held.fetchval("SELECT alias FROM plan WHERE id = $1", beside.plan)
    asked = {"asked_by": beside.actor("SW").id, "asked_at": clock.now(), "alias": alias}
    open_ = dict.fromkeys(("let_by", "let_at", "ended_at", "reason"))
    return await a_row_like("break_glass", **{**open_, **asked, "version": 1, **more})


async def _waiting(head: Actor) -> set[UUID]:
    return {row["id"] for row in await list_break_glass(head)}


async def test_it_waits_for_the_coordinator_of_the_plan(beside: Beside) -> None:
    head = beside.actor("CO")
    async with beside.undone(head) as held:
        wish = await _a_wish(held, beside)
        assert wish in await _waiting(head)
        assert wish not in await _waiting(beside.actor("CO", beside.kept.other))


MANDATES = ("role = 'SW'", "starts = '2090-01-01'", "starts = '2020-01-01', ends = '2020-01-02'")


@pytest.mark.parametrize("becomes", MANDATES)
async def test_it_waits_for_no_other_mandate(beside: Beside, becomes: str) -> None:
    head = beside.actor("CO")
    async with beside.undone(head) as held:
        wish = await _a_wish(held, beside)
        sql = f"UPDATE mandate SET {becomes} WHERE plan = $1 AND actor = $2"
        await held.execute(sql, beside.plan, head.id)
        assert wish not in await _waiting(head)


async def test_it_is_of_the_plans_agency_and_of_a_colleague(beside: Beside) -> None:
    head = beside.actor("CO")
    async with beside.undone(head) as held:
        foreign = await _a_wish(held, beside, agency=beside.other_agency)
        own = await _a_wish(held, beside, asked_by=head.id)
        assert not {foreign, own} & await _waiting(head)


async def test_three_wishes_of_others_are_none_of_ones_own(beside: Beside) -> None:
    head = beside.actor("CO", session=uuid4())
    async with beside.undone(head) as held:
        await has_proved(head)
        for _ in range(3):
            await _a_wish(held, beside)
        await ask_break_glass(head, Wish("Nobody", "It cannot wait."))


async def _is_small(held: Any, beside: Beside, head: Actor) -> None:
    await held.execute("UPDATE agency SET small = true WHERE id = $1", beside.agency)
    await held.execute("UPDATE staff SET active = false WHERE role = 'CO' AND id <> $1", head.id)


async def test_in_a_small_agency_ones_own_are_told_from_a_colleagues(beside: Beside) -> None:
    head = beside.actor("CO", session=uuid4())
    async with beside.undone(head) as held:
        await _is_small(held, beside, head)
        await has_proved(head)
        ripe = {"asked_at": clock.now() - DELAY * 1.5}
        own = await _a_wish(held, beside, asked_by=head.id, **ripe)
        await _a_wish(held, beside, **ripe)
        assert [row["id"] for row in await own_wishes(head)] == [own]
        colleagues = await _a_wish(held, beside)
        await let_break_glass(head, colleagues, 1)


async def test_it_is_ended_by_who_asked_or_let_and_nobody_else(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        wish = await _a_wish(held, beside)
        with pytest.raises(NotFound):
            await end_break_glass(beside.actor("CO"), wish, 1)
        await end_break_glass(worker, wish, 1)


async def test_what_was_over_before_stays_as_it_ended(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        await held.execute("DROP INDEX mandate_glass_once")  # the program does not lean on it
        let = await held.fetchrow("SELECT id, version FROM break_glass WHERE let_at IS NOT NULL")
        ended = await a_row_like("mandate", "glass IS NOT NULL", **{**LONG_AGO, "glass": let["id"]})
        beside.watched = {str(ended)}
        changed = await beside.changes(end_break_glass(worker, let["id"], let["version"]))
        assert changed.keys() == {"break_glass", "mandate"}
