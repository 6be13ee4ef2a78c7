"""A read of one plan, or of one agency, tells nothing of a row that is alike but another's."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from backend.access import Actor
from backend.complaints.actions import list_complaints
from backend.corrections.actions import abouts_of, list_corrections
from backend.erasure.holds import list_holds
from backend.erasure.wishes import wishes_of
from backend.files.actions import read_file
from backend.flows.actions import list_flows
from backend.incidents.actions import list_incidents
from backend.pages.reading import yeses
from backend.passes.actions import NewPass, create_pass, list_passes, paper_of
from backend.passes.entry import enter, holder_of
from backend.safety.actions import list_safety
from backend.second.actions import list_reviews
from backend.staff.devices import hash_token
from backend.walls.actions import list_walls
from tests.backend.beside import (
    LONG_AGO,
    Beside,
    a_row_like,
    has_proved,
    unguarded,
)

TO_COME = {"starts": "2090-01-01T00:00:00Z", "ends": "2090-01-01T01:00:00Z"}
_LOOKED = """
INSERT INTO audit (at, actor, role, operation, plan, outcome, subject)
SELECT '2020-01-01', $3, $1, 'getPlan', id, 'done', person FROM plan WHERE id = $2
"""


Read = Callable[[Beside], Awaitable[Any]]
READS: dict[str, Read] = {
    "corrections": lambda on: list_corrections(on.actor("CO"), on.plan),
    "passes": lambda on: list_passes(on.actor("CO"), on.plan),
    "consents": lambda on: yeses(on.actor("SW"), on.plan),
    "safety": lambda on: list_safety(on.actor("SW"), on.plan),
    "holds": lambda on: list_holds(on.actor("CO"), on.plan),
    "wishes": lambda on: wishes_of(on.actor("CO"), on.plan),
    "walls": lambda on: list_walls(on.actor("CO"), on.plan),
    "flows": lambda on: list_flows(on.actor("AD")),
    "incidents": lambda on: list_incidents(on.actor("CO")),
    "complaints": lambda on: list_complaints(on.actor("CO")),
    "reviews": lambda on: list_reviews(on.actor("DP")),
}


@pytest.mark.parametrize("name", READS)
async def test_a_read_leaves_out_what_is_not_its_own(beside: Beside, name: str) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        await _come_in(beside)
        async with unguarded():
            await held.execute("UPDATE safety_flag SET lowered_at = NULL, lowered_by = NULL")
        before = await READS[name](beside)
        assert before
        await _all_that_is_anothers(beside)
        assert await READS[name](beside) == before


async def _all_that_is_anothers(beside: Beside) -> None:
    others = {"person": beside.other_person, "agency": beside.other_agency, "file": uuid4()}
    await beside.add(plan=beside.empty, **others)
    await a_row_like("participation", plan=beside.empty, pathway="FAM")
    paper = await a_row_like("entry_pass", "ended_at IS NULL", plan=beside.empty)
    opened = {"session": uuid4(), "access": f"\\x{uuid4().hex}"}
    await a_row_like("entry_key", id=paper, code=f"\\x{uuid4().hex}", **opened)


async def _come_in(beside: Beside) -> Actor:
    """The person of the plan, with a pass."""
    worker = beside.actor("SW", session=uuid4())
    await has_proved(worker)
    theirs = {"role": "PE", "actor": beside.person, "plan": beside.plan}
    new = NewPass(await a_row_like("mandate", "role = 'FA' AND ends IS NULL", **theirs))
    await create_pass(worker, beside.plan, new)
    paper = paper_of(new.id)
    return await holder_of(hash_token(await enter(paper.code, paper.pin)), None)


async def test_ones_own_file_leaves_out_what_is_not_ones_own(beside: Beside) -> None:
    async with beside.undone(beside.actor("SW")) as held:
        person = await _come_in(beside)
        for table in ("channel_consent", "safety_flag"):
            own = {"own": True} if table == "safety_flag" else {}
            await a_row_like(table, plan=beside.plan, subject=beside.person, content=None, **own)
        file, abouts = await read_file(person), await abouts_of(person)
        await _all_that_is_anothers(beside)
        assert await abouts_of(person) == abouts
        await beside.add(["correction", "entry_pass"], subject=uuid4(), file=uuid4())
        for span in (LONG_AGO, TO_COME):
            await beside.add(**span)
        theirs = {"plan": beside.plan, "actor": beside.person, "role": "PE"}
        await a_row_like("mandate", "role = 'FA' AND ends IS NULL", **theirs)
        async with unguarded():
            for role, plan in (("TR", beside.empty), (None, beside.plan)):
                await held.execute(_LOOKED, role, plan, beside.actor("CO").id)
        assert await read_file(person) == file
