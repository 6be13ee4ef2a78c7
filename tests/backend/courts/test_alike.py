"""The files that are bound to a machine are the only way in; all the rest looks alike."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx

from backend.courts.clients import add_canaries, resume, suspend
from backend.operating import at_terminal
from tests.backend.courts.docket import REFERENCE, Docket, a_court, a_docket
from tests.backend.courts.machines import bind, seen
from tests.backend.courts.test_quota import alarms, tasks_of
from tests.backend.test_what_it_costs import on_the_wire
from tests.world import Caller, World

CANARY = "2031/9001"
Ask = Callable[[], Awaitable[httpx.Response]]


async def _watch(docket: Docket, *references: str) -> None:
    async with at_terminal(docket.court.id):
        await add_canaries(docket.court.id, references)


async def _erase(world: World, docket: Docket) -> None:
    """Destroy the key of the person of a docket's plan."""
    sql = "UPDATE subject_key SET wrapped = NULL WHERE id = (SELECT person FROM plan WHERE id = $1)"
    await world.sql(sql, docket.plan)


async def _strangers(world: World, docket: Docket, id_: str) -> dict[str, Ask]:
    """Everything that a machine may ask for and that is not its file."""
    court = docket.court
    foreign = await a_docket(world)
    other = await foreign.issued()
    await bind(foreign, foreign.court.id, "only the other's")
    erased = await a_docket(world)
    await bind(erased, court.id, "of an erased person")
    erased.file = str(
        (await world.sql("SELECT id FROM court_file WHERE client = $1 AND plan = $2",
                         court.id, erased.plan))[0]["id"]
    )  # fmt: skip
    gone = await erased.issued()
    await _erase(world, erased)
    empty = await a_docket(world)
    await bind(empty, court.id, "of an erased person, nothing issued")
    await _erase(world, empty)
    await bind(docket, court.id, "ended")
    ending = {"client": str(court.id), "reference": "ended", "bound": False}
    await docket.officer.post(f"/plans/{docket.plan}/court-files", ending)
    await _watch(docket, CANARY)
    return {
        "unknown": lambda: court.list("nobody's"),
        "foreign": lambda: court.list("only the other's"),
        "ended": lambda: court.list("ended"),
        "a canary": lambda: court.list(CANARY),
        "a canary with blanks": lambda: court.list(f" {CANARY} "),
        "of an erased person": lambda: court.list("of an erased person"),
        "of an erased person, empty": lambda: court.list("of an erased person, nothing issued"),
        "malformed": lambda: court.caller.get("/court/summaries?file_ref=%ff%00"),
        "none": lambda: court.caller.get("/court/summaries"),
        "more than is asked": lambda: court.caller.get("/court/summaries?file_ref=nobody&more=1"),
        "a purpose that is none": lambda: court.list("nobody's", headers={"X-Purpose": "?"}),
        "unknown, one": lambda: court.pull("nobody's", id_),
        "foreign, one": lambda: court.pull("only the other's", other),
        "another file's, one": lambda: court.pull(REFERENCE, other),
        "nobody's, one": lambda: court.pull(REFERENCE, str(uuid4())),
        "no id, one": lambda: court.pull(REFERENCE, "no id"),
        "a canary, one": lambda: court.pull(CANARY, id_),
        "of an erased person, one": lambda: court.pull("of an erased person", gone),
    }


async def test_whatever_is_not_its_file_gives_equal_bytes_for_equal_work(
    world: World, tmp_path: Path
) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    asks = await _strangers(world, docket, id_)
    answers, trips = {}, {}
    async with on_the_wire(world, tmp_path) as wire:

        async def ask(what: str, how: Ask) -> None:
            before = wire.trips
            answers[what] = seen(await how())
            trips[what] = wire.trips - before

        for _ in range(2):  # what a connection learns once is not in it
            await ask("its own", lambda: docket.court.list(REFERENCE))
            await ask("its own, one", lambda: docket.court.pull(REFERENCE, id_))
        for what, how in asks.items():
            await ask(what, how)
        strangers = {what: answers[what] for what in asks}
        assert {what for what in asks if strangers[what] != strangers["unknown"]} == set()
        assert strangers["unknown"][0] == 404
        assert (answers["its own"][0], answers["its own, one"][0]) == (200, 200)
        assert set(trips.values()) == {trips["unknown"]}, trips

        every = {**asks, "its own": lambda: docket.court.list(REFERENCE)}
        await world.sql("UPDATE court_client SET daily_quota = 1")
        await docket.court.list("nobody's")  # the first beyond the quota is written down
        for what, how in every.items():
            await ask(what, how)
        assert {answers[what][:2] for what in every} == {(429, answers["unknown"][1])}
        assert {trips[what] for what in every} == {trips["unknown"]}, trips

        async with at_terminal():
            await suspend(docket.court.id)
        stranger = Caller()
        stranger.token = "x" * 43
        await ask("no machine", lambda: stranger.get("/court/summaries"))
        for what, how in every.items():
            await ask(what, how)
            assert answers[what] == answers["no machine"], what
            assert trips[what] == trips["no machine"], what
        assert answers["no machine"][0] == 401


async def test_a_canary_is_written_down_and_told_to_a_human_without_a_word_of_anybody(
    world: World,
) -> None:
    docket = await a_docket(world)
    coordinator = await world.somebody("CO")
    await docket.issued()
    await _watch(docket, CANARY)
    await docket.court.list(REFERENCE)
    await docket.court.list("nobody's")
    await alarms()
    assert await tasks_of(coordinator, "court-canary") == []
    await docket.court.list(CANARY)
    await docket.court.pull(CANARY, str(uuid4()))
    for _ in range(2):
        await alarms()
    [task] = await tasks_of(coordinator, "court-canary")
    assert (task.get("plan"), task["subject"]) == (None, str(docket.court.id))
    rows = await world.sql("SELECT * FROM audit WHERE outcome = 'canary' ORDER BY id")
    assert [(row["operation"], row["actor"], row["plan"], row["object"]) for row in rows] == [
        ("listSummaries", docket.court.id, None, None),
        ("getSummary", docket.court.id, None, None),
    ]
    [kept] = await world.sql("SELECT * FROM task WHERE kind = 'court-canary'")
    persons = {row["id"] for row in await world.sql("SELECT id FROM person")}
    assert not persons & set(kept.values())
    assert kept["note"] is None
    page = await coordinator.get("/tasks")
    assert CANARY not in page.text


async def test_a_canary_belongs_to_one_machine(world: World) -> None:
    docket = await a_docket(world)
    other = await a_court(world)
    await _watch(docket, CANARY)
    await bind(docket, other.id, CANARY)
    assert (await other.list(CANARY)).status_code == 200
    assert await world.sql("SELECT 1 FROM audit WHERE outcome = 'canary'") == []


async def test_a_file_is_there_again_for_a_machine_that_is_let_go_on(world: World) -> None:
    docket = await a_docket(world)
    async with at_terminal():
        await suspend(docket.court.id)
    async with at_terminal():
        await resume(docket.court.id)
    assert (await docket.court.list(REFERENCE)).status_code == 401  # the token of before
    body = {
        "client_id": docket.court.credential.client_id,
        "secret": docket.court.credential.secret,
    }
    docket.court.caller.token = (await Caller().post("/court/token", body)).json()["access_token"]
    assert (await docket.court.list(REFERENCE)).status_code == 200
