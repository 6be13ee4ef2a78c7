"""A pass opens for its holder alone: by their own mandate, while it lasts, and in their session."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend import clock
from backend.access import Actor
from backend.errors import NotSignedIn
from backend.passes.actions import NewPass, create_pass, list_passes, paper_of
from backend.passes.entry import enter, held_by, holder_of, leave
from backend.passes.rules import SESSION
from backend.staff.devices import hash_token
from tests.backend.beside import Beside, has_proved, unguarded


async def _a_lawyer(held: Any, beside: Beside) -> tuple[Actor, bytes]:
    """Who has come in, and what opens their session."""
    worker = beside.actor("SW", session=uuid4())
    await has_proved(worker)
    sql = "SELECT id FROM mandate WHERE plan = $1 AND role = 'LR'"
    new = NewPass(await held.fetchval(sql, beside.plan))
    await create_pass(worker, beside.plan, new)
    paper = paper_of(new.id)
    token = hash_token(await enter(paper.code, paper.pin))
    return await holder_of(token, None), token


AMISS = {
    "the pass is somebody else's": "UPDATE entry_pass SET subject = made_by WHERE subject = $1",
    "its mandate is somebody else's": "UPDATE mandate SET actor = granted_by WHERE actor = $1",
    "its mandate is of another role": (
        "UPDATE mandate SET role = 'TR', matters = NULL WHERE actor = $1"
    ),
    "its mandate is to come": "UPDATE mandate SET starts = '2090-01-01' WHERE actor = $1",
    "its mandate has ended": (
        "UPDATE mandate SET starts = '2020-01-01', ends = '2020-01-02' WHERE actor = $1"
    ),
    "its session is somebody else's": (
        "UPDATE entry_key SET subject = '00000000-0000-0000-0000-000000000000' WHERE subject = $1"
    ),
    "a wall is between": (
        "UPDATE wall SET actor = $1 WHERE kind = 'excluded' AND ended_at IS NULL"
    ),
}


@pytest.mark.parametrize("name", AMISS)
async def test_it_opens_nothing_where(beside: Beside, name: str) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        lawyer, _ = await _a_lawyer(held, beside)
        await held_by(lawyer)
        async with unguarded():
            await held.execute(AMISS[name], lawyer.id)
        with pytest.raises(NotSignedIn):
            await held_by(replace(lawyer, role="TR" if "role" in name else lawyer.role))


async def test_what_it_opened_is_over_after_its_time(beside: Beside) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        _, token = await _a_lawyer(held, beside)
        later = clock.now() + SESSION + timedelta(seconds=1)
        clock.travel(lambda: later)
        with pytest.raises(NotSignedIn):
            await holder_of(token, None)


async def test_nobody_leaves_in_the_place_of_another(beside: Beside) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        lawyer, token = await _a_lawyer(held, beside)
        await leave(replace(lawyer, id=beside.person))
        assert await holder_of(token, None) == lawyer
        await leave(lawyer)
        with pytest.raises(NotSignedIn):
            await holder_of(token, None)


async def test_it_is_listed_as_open_while_its_mandate_lasts(beside: Beside) -> None:
    head = beside.actor("CO")
    async with beside.undone(beside.actor("SW")) as held:
        lawyer, _ = await _a_lawyer(held, beside)
        assert [row["opens"] for row in await list_passes(head, beside.plan)] == [True]
        for name in ("its mandate is to come", "its mandate has ended"):
            await held.execute(AMISS[name], lawyer.id)
            assert [row["opens"] for row in await list_passes(head, beside.plan)] == [False], name
