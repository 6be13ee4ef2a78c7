"""A court is told what was done before a return, and nothing of the return itself."""

from datetime import timedelta
from typing import Any

from tests.backend.courts.docket import Docket, a_docket
from tests.world import World, a_day


async def _post(docket: Docket, what: str, body: Any = None) -> None:
    seen = await docket.world.plan(docket.worker, docket.plan)
    path = f"/plans/{docket.plan}/{what}"
    answer = await docket.worker.post(path, body, version=seen["version"])
    assert answer.status_code == 200, answer.text


async def _facts(docket: Docket) -> list[dict[str, Any]]:
    answer = await docket.draft()
    assert answer.status_code == 200, answer.text
    return list(answer.json()["draft"]["facts"])


async def _outside(world: World) -> Docket:
    docket = await a_docket(world)
    for code in ("PRB-05", "IDD-04"):
        await docket.change(code, {"state": "done"})
    await _post(docket, "left-custody", {"left": True})
    return docket


async def test_what_was_done_is_told_though_it_is_asked_again(world: World) -> None:
    docket = await _outside(world)
    before = [one for one in await _facts(docket) if one["kind"] == "done"]
    assert len(before) == 2
    await _post(docket, "return")
    day = (a_day() + timedelta(days=90)).isoformat()
    await _post(docket, "reopen", {"release_date": day, "certainty": "expected"})
    assert [one for one in await _facts(docket) if one["kind"] == "done"] == before
    await docket.change("PRB-05", {"state": "done"})
    again = [one for one in await _facts(docket) if one["kind"] == "done"]
    assert [one["text"] for one in again].count(before[0]["text"]) + [
        one["text"] for one in again
    ].count(before[1]["text"]) == 3


async def test_while_a_plan_is_paused_nothing_after_release_is_told_as_open_whatever_for(
    world: World,
) -> None:
    docket = await _outside(world)
    await docket.change("PRB-08", {"due_on": a_day().isoformat()})
    before = [one["text"] for one in await _facts(docket) if one["kind"] == "open"]
    await _post(docket, "state", {"state": "paused"})
    paused = await _facts(docket)
    after = [one["text"] for one in paused if one["kind"] == "open"]
    assert len(after) == len(before) - 1
    assert set(after) < set(before)
    await _post(docket, "state", {"state": "active_outside"})
    await _post(docket, "return")
    assert await _facts(docket) == paused


async def test_no_word_of_a_return_is_in_a_draft(world: World) -> None:
    """It is, word for word, the draft of a plan that was paused at the person's wish."""
    docket = await _outside(world)
    await docket.change("PRB-08", {"due_on": a_day().isoformat()})
    await _post(docket, "state", {"state": "paused"})
    paused = await _draft(docket)
    await _post(docket, "state", {"state": "active_outside"})
    assert await _draft(docket) != paused, "or a draft would not tell a pause at all"
    await _post(docket, "return")
    assert await _draft(docket) == paused
    for code in ("REC-01", "REC-02"):  # what is worked on meanwhile is no fact either
        await docket.change(code, {"state": "done"})
        assert await _draft(docket) == paused, code


async def _draft(docket: Docket) -> dict[str, Any]:
    answer = await docket.draft()
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
