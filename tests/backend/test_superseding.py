"""What was put right is told right from then on; who issued it wrong is asked to issue it anew."""

import re
from typing import Any
from uuid import UUID

import pytest

from backend import database
from backend.access import Actor
from backend.corrections.actions import NewCorrection, answer_correction, ask_correction
from backend.errors import NotFromThisState
from tests.backend.courts.docket import Docket, a_docket
from tests.backend.papers import a_lawyer, a_paper, comes_in
from tests.world import World, row

WRONG = "Purple elephants: that meeting was never held."


async def _as_worker(docket: Docket, act: Any) -> Any:
    assert docket.worker.id is not None
    actor = Actor(docket.worker.id, "staff", "SW", docket.world.agency, None, "test")

    async def work() -> Any:
        return await act(actor)

    return await database.in_fresh_context(work)


async def _asked(docket: Docket, **about: Any) -> UUID:
    new = NewCorrection(text=WRONG, **about)
    made = await _as_worker(docket, lambda one: ask_correction(one, new, UUID(docket.plan)))
    return UUID(str(made.id))


async def _answered(docket: Docket, id_: UUID, answer: str) -> None:
    await _as_worker(docket, lambda one: answer_correction(one, id_, 1, answer, "Looked at."))


async def _flagged(world: World) -> list[tuple[str, UUID]]:
    rows = await world.sql(
        "SELECT role, subject FROM task WHERE kind = 'summary-wrong' AND closed_at IS NULL"
        " ORDER BY role"
    )
    return [(one["role"], one["subject"]) for one in rows]


async def _facts(docket: Docket) -> list[str]:
    draft = await docket.draft()
    assert draft.status_code == 200, draft.text
    return [one["text"] for one in draft.json()["draft"]["facts"]]


@pytest.fixture
async def docket(world: World) -> Docket:
    made = await a_docket(world)
    await made.change("PRB-02", {"state": "done"})
    return made


async def test_a_fact_is_put_right_first_and_then_said_to_be(docket: Docket) -> None:
    held = row(await docket.world.plan(docket.worker, docket.plan), "PRB-02")["id"]
    before = await _facts(docket)
    issued = UUID(await docket.issued())
    id_ = await _asked(docket, part="plan", milestone=UUID(held))
    with pytest.raises(NotFromThisState, match="Put the row right first"):
        await _answered(docket, id_, "accepted")
    assert await _flagged(docket.world) == []
    await docket.change("PRB-02", {"state": "in_progress", "reason": "It was not held."})
    await _answered(docket, id_, "accepted")
    assert await _flagged(docket.world) == [("PO", issued), ("SW", issued)]
    assert set(await _facts(docket)) < set(before)
    # who issues it anew is asked no more, and the court has both
    again = UUID(await docket.issued())
    assert await _flagged(docket.world) == []
    listed = (await docket.court.list(docket.reference)).json()
    assert [one["id"] for one in listed["summaries"]] == [str(issued), str(again)]


@pytest.mark.parametrize(
    ("answer", "said"), [("accepted", "was put right"), ("refused", "did not change it")]
)
async def test_a_later_summary_says_that_an_earlier_one_was_called_wrong(
    docket: Docket, answer: str, said: str
) -> None:
    first = await docket.draft()
    assert "corrections" not in first.json()["draft"]
    issued = UUID(await docket.issued())
    id_ = await _asked(docket, part="summaries", summary=issued)
    assert "corrections" not in (await docket.draft()).json()["draft"]
    await _answered(docket, id_, answer)
    draft = await docket.draft()
    [told] = draft.json()["draft"]["corrections"]
    assert told["summary"] == 1
    assert said in told["text"]
    assert WRONG not in draft.text
    flagged = [("PO", issued), ("SW", issued)]
    assert await _flagged(docket.world) == (flagged if answer == "accepted" else [])
    again = await docket.issued()
    pulled = await docket.court.pull(docket.reference, again)
    assert said in pulled.text
    assert WRONG not in pulled.text


@pytest.mark.parametrize("answer", ["accepted", "refused"])
async def test_what_a_lawyer_called_wrong_is_told_to_no_court_as_the_persons_word(
    docket: Docket, answer: str
) -> None:
    """That it was put right is told to who had it; that it was asked in vain is theirs to say."""
    issued = UUID(await docket.issued())
    before = (await docket.draft()).text
    await _asked_by_a_lawyer(docket)
    [asked] = await docket.world.sql("SELECT id, role, summary FROM correction")
    assert (asked["role"], asked["summary"]) == ("LR", issued)
    assert (await docket.draft()).text == before
    await _answered(docket, asked["id"], answer)
    draft = await docket.draft()
    if answer == "refused":
        assert draft.text == before
        return
    [told] = draft.json()["draft"]["corrections"]
    assert told["text"] == "Summary 1 was put right."
    assert await _flagged(docket.world) == [("PO", issued), ("SW", issued)]
    again = await docket.issued()
    pulled = await docket.court.pull(docket.reference, again)
    assert "was put right" in pulled.text
    assert "called wrong" not in pulled.text


async def test_the_persons_word_stays_the_persons_beside_a_lawyers(docket: Docket) -> None:
    issued = UUID(await docket.issued())
    own = await _asked(docket, part="summaries", summary=issued)
    await _answered(docket, own, "refused")
    await _asked_by_a_lawyer(docket)
    [asked] = await docket.world.sql("SELECT id FROM correction WHERE role = 'LR'")
    await _answered(docket, asked["id"], "accepted")
    told = (await docket.draft()).json()["draft"]["corrections"]
    assert {one["text"] for one in told} == {
        "Summary 1 was called wrong by the person; the service did not change it.",
        "Summary 1 was put right.",
    }


async def _asked_by_a_lawyer(docket: Docket) -> None:
    lawyer = await a_lawyer(docket.worker, docket.plan, "summaries")
    paper = await a_paper(docket.world, docket.worker, docket.plan, lawyer)
    async with await comes_in(paper) as browser:
        page = await browser.open("/file")
        [about] = re.findall(r'value="(summaries/[^"]+)"', page.html)
        sent = await browser.send(page, "/file/corrections", about=about, text=WRONG)
        assert sent.status == 200, sent.words


async def test_what_no_court_may_know_flags_nothing_and_is_told_to_none(docket: Docket) -> None:
    await docket.issued()
    before = (await docket.draft()).text
    plan = await docket.world.plan(docket.worker, docket.plan)
    offers = [one for one in plan["milestones"] if one["kind"] == "V"]
    chosen = next(one for one in offers if one["pathway"] == "VOC")
    id_ = await _asked(docket, part="plan", milestone=UUID(chosen["id"]))
    await docket.change(chosen["code"], {"state": "planned"})
    await _answered(docket, id_, "accepted")
    assert await _flagged(docket.world) == []
    assert (await docket.draft()).text == before
