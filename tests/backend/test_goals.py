"""What somebody wants stands in their own words: kept as they were said, and nobody's to edit."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from backend.database import transaction
from tests.backend.courts.docket import join
from tests.world import Caller, World

WORDS = "Je veux une boulangerie a moi, inchalla"  # as it was said, faults and all
REFUSED = asyncpg.InsufficientPrivilegeError


async def _says(worker: Caller, plan: str, words: str = WORDS, **more: Any) -> Any:
    body = {"words": words, "language": "fr", **more}
    return await worker.post(f"/plans/{plan}/goals", body)


async def _said(reader: Caller, plan: str) -> list[dict[str, Any]]:
    answer = await reader.get(f"/plans/{plan}/goals")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["goals"]
    return found


async def test_words_are_kept_as_they_were_said_and_sealed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    assert (await _says(worker, plan)).status_code == 201
    (goal,) = await _said(worker, plan)
    assert (goal["words"], goal["language"], goal["kind"]) == (WORDS, "fr", "goal")
    (kept,) = await world.sql("SELECT words FROM goal")
    assert WORDS.encode() not in kept["words"]


async def test_three_goals_stand_and_what_was_before_stays_to_be_read(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = [(await _says(worker, plan, f"goal {n}")).json()["id"] for n in range(3)]
    assert (await _says(worker, plan, "a fourth")).status_code == 409
    anew = await _says(worker, plan, "said anew", instead_of=made[0])
    assert anew.status_code == 201
    assert (await _says(worker, plan, "again", instead_of=made[0])).status_code == 409
    reached = await worker.post(f"/goals/{made[1]}/end", {"how": "reached"}, version=1)
    assert reached.status_code == 200
    told = {one["words"]: one.get("how") for one in await _said(worker, plan)}
    assert told == {"goal 0": "anew", "goal 1": "reached", "goal 2": None, "said anew": None}


@pytest.mark.parametrize("kind", ["first_step", "who_knows"])
async def test_of_a_first_step_and_of_who_should_know_one_stands(world: World, kind: str) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    first = (await _says(worker, plan, "call the baker", kind=kind)).json()["id"]
    assert (await _says(worker, plan, "write to him", kind=kind)).status_code == 409
    assert (await _says(worker, plan, "a goal", instead_of=first)).status_code == 404
    anew = await _says(worker, plan, "write to him", kind=kind, instead_of=first)
    assert anew.status_code == 201


async def test_an_end_is_of_what_was_seen_and_comes_once(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    path = f"/goals/{(await _says(worker, plan)).json()['id']}/end"
    assert (await worker.post(path, {"how": "given up"}, version=1)).status_code == 422
    assert (await worker.post(path, {"how": "not_mine"}, version=2)).status_code == 412
    assert (await worker.post(path, {"how": "not_mine"}, version=1)).status_code == 200
    assert (await worker.post(path, {"how": "reached"}, version=2)).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        "words = '\\x00'",
        "words = NULL",
        "language = 'en'",
        "kind = 'first_step'",
        "written_by = id",
        "said_at = said_at + interval '1 second'",
    ],
)
async def test_the_database_lets_nobody_write_over_the_words(world: World, change: str) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await _says(worker, plan)
    with pytest.raises(REFUSED, match="written once"):
        await world.sql(f"UPDATE goal SET {change}")  # a superuser, whom no grant holds
    with pytest.raises(REFUSED):
        async with transaction(worker.id) as held:
            await held.execute(f"UPDATE goal SET {change}")


async def test_what_has_ended_does_not_begin_again_whoever_asks(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    made = (await _says(worker, plan)).json()["id"]
    await worker.post(f"/goals/{made}/end", {"how": "reached"}, version=1)
    for change in ("ended_at = NULL, how = NULL", "how = 'not_mine'"):
        with pytest.raises(REFUSED, match="written once"):
            await world.sql(f"UPDATE goal SET {change}")


async def test_a_worker_writes_in_their_own_name_and_of_today(world: World) -> None:
    worker, another = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await _says(worker, plan)
    copied = (
        "INSERT INTO goal SELECT (jsonb_populate_record(g, $1::text::jsonb)).* FROM goal g LIMIT 1"
    )
    for forged in (
        f'{{"id": "{UUID(int=7)}", "written_by": "{another.id}"}}',
        f'{{"id": "{UUID(int=7)}", "said_at": "2020-01-01T00:00:00Z"}}',
    ):
        with pytest.raises(REFUSED, match="written once"):
            async with transaction(worker.id) as held:
                await held.execute(copied, forged)


async def test_who_is_told_of_it_and_who_is_not(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    await _says(worker, plan)
    await _says(worker, plan, "ma soeur", kind="who_knows")
    officer = await world.somebody("PO")
    await join(world, worker, plan, officer, "PO")
    assert {one["kind"] for one in await _said(head, plan)} == {"goal", "who_knows"}
    assert {one["kind"] for one in await _said(officer, plan)} == {"goal"}
    for role in ("TR", "PS", "CP"):
        other = await world.somebody(role)
        await join(world, worker, plan, other, role)
        assert (await other.get(f"/plans/{plan}/goals")).status_code == 403, role
        async with transaction(other.id) as held:
            assert await held.fetch("SELECT 1 FROM goal") == [], role
    async with transaction(officer.id) as held:
        kinds = [row["kind"] for row in await held.fetch("SELECT kind FROM goal")]
    assert kinds == ["goal"]
    stranger = await world.somebody("SW")
    assert (await stranger.get(f"/plans/{plan}/goals")).status_code == 404
    assert (await _says(stranger, plan)).status_code == 404
    assert (await _says(head, plan)).status_code == 403


async def test_nothing_is_said_of_a_plan_that_is_over(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    closed = await worker.post(
        f"/plans/{found['id']}/state", {"state": "closed"}, version=found["version"]
    )
    assert closed.status_code == 200
    assert (await _says(worker, found["id"])).status_code == 409
