"""How much one account does within an hour, whichever process it asks, and who hears of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, database, migrate
from backend.settings import LIMITS, SettingsError, read
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.workflows.test_heartbeat import as_worker
from tests.world import Caller, World
from workflows.purge import purge
from workflows.tell_limits import tell_limits

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)
KIND = "urn:throughcare:problem:too-much-in-an-hour"


async def other_process(world: World, **limits: int) -> None:
    """As after a restart, or on another process: all that a pool knows is the limits."""
    await database.disconnect("app")
    url = world.server.url(migrate.role_name("app"), world.database_name)
    await database.connect("app", url, size=4, settings=database.limiting(limits))


def later(**span: float) -> None:
    now = clock.now() + timedelta(**span)
    clock.travel(lambda: now)


@pytest.fixture(autouse=True)
def _monday() -> None:
    clock.travel(lambda: MONDAY)


async def four_plans(world: World) -> tuple[Caller, list[dict[str, Any]]]:
    worker = await world.somebody("SW")
    return worker, [await world.a_plan(worker, template="light") for _ in range(4)]


async def test_so_many_plans_are_looked_at_in_an_hour_and_those_stay_open(world: World) -> None:
    worker, plans = await four_plans(world)
    later(hours=1)
    await other_process(world, plans=3)
    paths = [f"/plans/{plan['id']}" for plan in plans]
    for path in paths[:3]:
        assert (await worker.get(path)).status_code == 200
        later(minutes=1)
    await other_process(world, plans=3)
    refused = await worker.get(paths[3])
    assert (refused.status_code, refused.json()["type"]) == (429, KIND)
    assert refused.headers["retry-after"] == str(57 * 60)
    # by no other way either, nor by its rows; with whom one is working one goes on
    for path in (f"{paths[3]}/safety", f"{paths[3]}/walls", f"{paths[3]}/access"):
        assert (await worker.get(path)).status_code == 429, path
    row = f"/milestones/{plans[3]['milestones'][0]['id']}/history"
    assert (await worker.get(row)).status_code == 429
    move = {"release_date": plans[3]["release_date"], "certainty": "expected"}
    looked = await worker.post(f"{paths[3]}/release-date/preview", move)
    assert (looked.status_code, looked.json()["type"]) == (429, KIND)
    assert [(await worker.get(path)).status_code for path in paths[:3]] == [200, 200, 200]
    assert (await worker.get("/plans")).status_code == 200
    later(minutes=57)
    assert (await worker.get(paths[3])).status_code == 200


async def test_a_limit_tells_nothing_of_what_is_not_ones_own(world: World) -> None:
    worker, plans = await four_plans(world)
    other = await world.a_plan(await world.somebody("SW"), template="light")
    later(hours=1)
    await other_process(world, plans=1)
    assert (await worker.get(f"/plans/{plans[0]['id']}")).status_code == 200
    assert (await worker.get(f"/plans/{plans[1]['id']}")).status_code == 429
    assert (await worker.get(f"/plans/{other['id']}")).status_code == 404
    colleague = await world.somebody("SW")
    assert (await colleague.get("/plans")).status_code == 200, "it is nobody else's limit"


def test_who_has_sixty_people_opens_all_of_them_in_an_hour() -> None:
    assert LIMITS["plans"] >= 2 * 60
    assert LIMITS["plans"] == read({}).limits["plans"]


Asking = Callable[[Caller], Any]
A_COLLEAGUE = {"role": "SW", "alias": "Robin"}
COUNTED: dict[str, Asking] = {
    "findPerson": lambda who: who.post("/plans/search", {"words": "nobody"}),
    "createInvitation": lambda who: who.post("/invitations", {}),
    "inviteColleague": lambda who: who.post("/account-invitations", A_COLLEAGUE),
}


@pytest.mark.parametrize("operation", COUNTED)
async def test_what_is_dangerous_in_bulk_is_done_so_often_in_an_hour(
    world: World, operation: str
) -> None:
    worker = await world.somebody("AD" if operation == "inviteColleague" else "SW")
    ask = COUNTED[operation]
    await other_process(world, **{operation: 2})
    for _ in range(2):
        assert (await ask(worker)).status_code < 300
    for _ in range(2):
        later(minutes=20)
        refused = await ask(worker)
        assert (refused.status_code, refused.json()["type"]) == (429, KIND)
        await other_process(world, **{operation: 2})
    assert refused.headers["retry-after"] == "1200"
    later(minutes=20)
    assert (await ask(worker)).status_code < 300, "what was refused did not count"


async def test_so_many_papers_for_own_files_are_made_in_an_hour(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, template="light"))["id"]
    mandate, here = await in_circle(worker, plan), f"/desk/plans/{plan}/passes"
    await other_process(world, createEntryPass=2)
    async with await at_the_desk(world, worker) as desk:
        for status in (200, 200, 429):
            page = await desk.open(here)
            form = next(one for one in page.forms if ("mandate", mandate) in one.fields)
            assert (await desk.post(here, form.filled())).status == status
    assert len(await world.sql("SELECT 1 FROM entry_pass")) == 2


async def test_so_many_sheets_are_printed_in_an_hour(world: World) -> None:
    worker = await world.somebody("SW")
    path = f"/plans/{(await world.a_plan(worker, template='light'))['id']}/papers/card"
    assert "printSheet" in LIMITS
    await other_process(world, printSheet=2)
    for status in (200, 200, 429):
        assert (await worker.get(path)).status_code == status


@pytest.mark.parametrize(
    ("operation", "path"),
    [("readFile", "/file"), ("exportFile", "/file/copy.pdf"), ("exportFile", "/file/copy.json")],
)
async def test_a_file_is_read_and_copied_so_often_in_an_hour(
    world: World, operation: str, path: str
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, template="light"))["id"]
    paper = await a_paper(world, worker, plan, await in_circle(worker, plan))
    async with await comes_in(paper) as browser:  # that is a read
        assert operation in LIMITS
        await other_process(world, **{operation: 3 if operation == "readFile" else 2})
        for status in (200, 200, 429):
            assert (await browser.http.get(path)).status_code == status
        later(minutes=13)  # the paper's reader goes on where nothing was refused
        other = "/file/copy.json" if operation == "readFile" else "/file"
        assert (await browser.http.get(other)).status_code == 200


async def test_a_coordinator_and_an_officer_hear_of_it_once_a_day(world: World) -> None:
    worker, plans = await four_plans(world)
    heads = [await world.somebody("CO"), await world.somebody("DP")]
    later(hours=1)
    await other_process(world, plans=1)
    for plan in plans:
        await worker.get(f"/plans/{plan['id']}")
    denied = await world.sql(
        "SELECT actor, operation, plan, object FROM audit WHERE reason = 'too-many-tries'"
    )
    assert {(row["actor"], row["operation"]) for row in denied} == {(worker.id, "getPlan")}
    assert all(row["plan"] is None and row["object"] is None for row in denied)
    for _ in range(2):
        await as_worker(tell_limits)
    tasks = await world.sql("SELECT assignee, plan, subject FROM task WHERE kind = $1", STOPPED)
    assert {row["assignee"] for row in tasks} == {head.id for head in heads}
    assert len(tasks) == 2
    assert all((row["plan"], row["subject"]) == (None, worker.id) for row in tasks)
    assert await world.sql("SELECT 1 FROM message") == [], "nothing goes to a chat"
    shown = (await heads[0].get("/tasks")).json()
    assert STOPPED in str(shown)


STOPPED = "stopped-by-limit"


async def test_at_the_desk_too_it_says_what_to_do(world: World) -> None:
    worker, plans = await four_plans(world)
    later(hours=1)
    await other_process(world, plans=1, createInvitation=1)
    browser = await at_the_desk(world, worker)
    assert (await browser.open(f"/desk/plans/{plans[0]['id']}")).status == 200
    page = plain(await browser.open(f"/desk/plans/{plans[1]['id']}"))
    assert page.status == 429
    assert "stays open" in page.words


async def test_nobody_sees_or_counts_in_anothers_place(world: World) -> None:
    worker, _ = await four_plans(world)
    stranger = await world.somebody("SW")
    assert await world.sql("SELECT 1 FROM recent_act WHERE actor = $1", worker.id)
    for actor in (None, stranger.id):
        async with database.transaction(actor) as held:
            assert await held.fetch("SELECT 1 FROM recent_act") == []
            assert await held.execute("UPDATE recent_act SET times = 0") == "UPDATE 0"


async def test_what_was_counted_is_forgotten_an_hour_later_and_not_before(world: World) -> None:
    clock.travel(None)  # the jobs forget by the clock of the database
    await four_plans(world)
    before = await world.sql("SELECT thing FROM recent_act")
    assert len(before) == 4
    await world.sql(
        "UPDATE recent_act SET since = since - interval '61 minutes' WHERE thing = $1",
        before[0]["thing"],
    )
    await as_worker(purge)
    left = await world.sql("SELECT thing FROM recent_act")
    assert {row["thing"] for row in left} == {row["thing"] for row in before[1:]}


async def test_the_jobs_see_and_delete_nothing_that_still_counts(world: World) -> None:
    clock.travel(None)
    await four_plans(world)

    async def ask() -> tuple[list[Any], str]:
        async with database.transaction() as held:
            seen = await held.fetch("SELECT since FROM recent_act")
            return seen, await held.execute("DELETE FROM recent_act")

    found: list[tuple[list[Any], str]] = []

    async def work() -> None:
        found.append(await ask())

    await as_worker(work)
    assert found == [([], "DELETE 0")]


@pytest.mark.parametrize("given", ["plans", "plans=0", "plans=-1", "plans=many", "people=3"])
def test_a_limit_that_is_none_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(SettingsError):
        read({"HOURLY_LIMITS": given})


def test_limits_are_set_one_by_one() -> None:
    given = read({"HOURLY_LIMITS": "plans=300, findPerson=90"}).limits
    assert given == {**LIMITS, "plans": 300, "findPerson": 90}
