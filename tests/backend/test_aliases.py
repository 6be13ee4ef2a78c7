"""No two people on open plans of an agency go by the same word, whoever opens the plans."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from backend import migrate
from backend.agencies import aliases
from backend.database import transaction
from backend.messages.wording import check_alias
from tests.world import Caller, World

WORDS = ("Azur", "Cedar", "Dune")
SQL = "SELECT free_alias($1::text[])"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of three words, which six pairs follow."""
    monkeypatch.setattr(aliases, "ALIASES", WORDS)


async def _a_plan(world: World, worker: Caller) -> tuple[str, str]:
    plan = await world.a_plan(worker, template="light")
    return plan["id"], plan["alias"]


async def _asked(who: Caller, *offered: str) -> str | None:
    async with transaction(who.id) as held:
        found: str | None = await held.fetchval(SQL, list(offered))
        return found


@pytest.mark.usefixtures("few")
async def test_more_plans_than_words_all_differ_though_no_worker_sees_the_others(
    world: World,
) -> None:
    workers = [await world.somebody("SW") for _ in range(3)]
    found = [(await _a_plan(world, workers[n % 3]))[1] for n in range(9)]
    assert set(found[:3]) == set(WORDS)
    assert len({alias.casefold() for alias in found}) == 9
    assert [check_alias(alias) for alias in found] == found


@pytest.mark.usefixtures("few")
async def test_plans_that_are_opened_at_once_differ(world: World) -> None:
    workers = [await world.somebody("SW") for _ in range(4)]
    for worker in workers:
        await worker.sign_in()
    opened = await asyncio.gather(*(_a_plan(world, workers[n % 4]) for n in range(8)))
    assert len({alias for _, alias in opened}) == 8


@pytest.mark.usefixtures("few")
async def test_a_word_by_which_a_mentor_knows_somebody_else_is_not_free_in_any_spelling(
    world: World,
) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    id_, first = await _a_plan(world, worker)
    for word in set(WORDS) - {first}:
        alias = word.replace("u", "ú").replace("e", "é").upper()
        mentor = {"role": "ME", "name": "Imaginary Mentor", "alias": alias}
        assert (await worker.post(f"/plans/{id_}/circle", mentor)).status_code == 201
    assert " " in (await _a_plan(world, other))[1]


@pytest.mark.usefixtures("few")
async def test_the_word_of_a_closed_plan_is_free_again(world: World) -> None:
    worker = await world.somebody("SW")
    plans = [await _a_plan(world, worker) for _ in range(3)]
    id_, alias = plans[1]
    seen = await world.plan(worker, id_)
    closed = await worker.post(f"/plans/{id_}/state", {"state": "closed"}, version=seen["version"])
    assert closed.status_code == 200, closed.text
    assert (await _a_plan(world, worker))[1] == alias


async def test_the_database_answers_for_the_actors_own_agency_and_tells_no_other_word(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    _, alias = await _a_plan(world, worker)
    colleague = await world.somebody("TR")
    elsewhere = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    assert await _asked(colleague, alias, "nowhere on any list") == "nowhere on any list"
    assert await _asked(colleague, alias) is None
    assert await _asked(elsewhere, alias, "Dune") == alias
    async with transaction(colleague.id) as held:
        assert await held.fetch("SELECT 1 FROM plan UNION ALL SELECT 1 FROM member") == []


async def test_the_owner_sees_no_more_than_the_agency_of_an_actor(world: World) -> None:
    worker = await world.somebody("SW")
    id_, _ = await _a_plan(world, worker)
    elsewhere = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    url = world.server.url(migrate.role_name("owner"), world.database_name)
    held = await asyncpg.connect(url)
    try:
        for actor, seen in (("", []), (str(elsewhere.id), []), (str(worker.id), [UUID(id_)])):
            await held.execute("SELECT set_config('app.actor', $1, false)", actor)
            assert [row["id"] for row in await held.fetch("SELECT id FROM plan")] == seen
    finally:
        await held.close()


@pytest.mark.usefixtures("few")
async def test_a_mentor_of_several_people_hears_of_each_by_another_word(world: World) -> None:
    worker = await world.somebody("SW")
    heard = []
    for _ in range(3):
        plan, own = await _a_plan(world, worker)
        mentor = {"role": "ME", "language": "en", "name": "Mentor"}
        assert (await worker.post(f"/plans/{plan}/circle", mentor)).status_code == 201
        circle = (await worker.get(f"/plans/{plan}")).json()["circle"]
        heard += [own, *(one["alias"] for one in circle if one["role"] == "ME")]
    assert len({alias.casefold() for alias in heard}) == 6
