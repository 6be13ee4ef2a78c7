"""What was written is sealed, and whoever has the database but not the key is found out."""

import asyncio
import base64
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
import pytest

from backend import clock, database, migrate
from backend.audit import command, heads
from backend.audit.chain import Broken, read_heads
from backend.audit.seals import Progress, seal_rows
from backend.settings import Settings, read
from tests.world import World

KEY = bytes(range(32, 64))
REFUSED = asyncpg.InsufficientPrivilegeError
PUT_IN = "INSERT INTO audit (id, at, operation, outcome) VALUES"
ADD = "INSERT INTO audit (at, operation, outcome) VALUES ($1, $2, 'done') RETURNING id"


async def _seal(progress: Progress | None = None) -> int:
    """One round of the job, as the worker."""

    async def work() -> int:
        database.act_as("worker")
        return await seal_rows(KEY, Progress() if progress is None else progress)

    return await database.in_fresh_context(work)


async def _add(world: World, *operations: str) -> list[int]:
    rows = [await world.sql(ADD, clock.now(), operation) for operation in operations]
    return [one[0]["id"] for one in rows]


def _settings(world: World, **more: str) -> Settings:
    url = world.server.url(migrate.role_name("backup"), world.database_name)
    key = base64.b64encode(KEY).decode()
    return read({"BACKUP_DATABASE_URL": url, "AUDIT_KEY": key, **more})


async def _found(world: World, heads_: Any = (), **how: bool) -> Broken:
    with pytest.raises(Broken) as found:
        await command.examine(_settings(world), heads_, **how)
    return found.value


async def _order(world: World) -> list[int]:
    rows = await world.sql("SELECT audit FROM audit_seal ORDER BY id")
    return [row["audit"] for row in rows]


# the order


async def test_every_row_gets_its_number_and_the_record_is_whole(world: World) -> None:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    written = len(await world.sql("SELECT 1 FROM audit"))
    progress = Progress()
    assert await _seal(progress) == written
    assert await _seal(progress) == 0
    assert (await command.examine(_settings(world)))[0].startswith(f"whole: {written} rows")
    await _add(world, "later")
    assert "1 wait" in (await command.examine(_settings(world)))[0]
    assert await _seal(progress) == 1


async def test_a_row_that_is_committed_late_is_sealed_after_those_with_greater_ids(
    world: World,
) -> None:
    progress = Progress()
    url = world.server.url(migrate.role_name("app"), world.database_name)
    slow, slower = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        add = ADD.removesuffix(" RETURNING id")  # the application reads rows of its plans alone
        one, other = slow.transaction(), slower.transaction()
        await one.start()
        await slow.execute(add, clock.now(), "slow")
        (second,) = await _add(world, "second")
        assert await _seal(progress) == 1
        await other.start()
        await slower.execute(add, clock.now(), "slower")
        (fourth,) = await _add(world, "fourth")
        assert await _seal(progress) == 1
        await one.commit()
        assert await _seal(progress) == 1
        for _ in range(3):
            assert await _seal(progress) == 0
        assert progress.done < fourth
        await other.commit()
        assert await _seal(progress) == 1
    finally:
        await slow.close()
        await slower.close()
    assert await _order(world) == [second, fourth, second - 1, fourth - 1]
    for _ in range(2):
        await _seal(progress)
    assert progress.done == fourth
    await command.examine(_settings(world))


async def test_no_row_is_missed_while_many_write_and_commit_at_odds_with_their_ids(
    world: World,
) -> None:
    progress, chance = Progress(), Random(7)  # noqa: S311 - a test has its chances again
    url = world.server.url(migrate.role_name("app"), world.database_name)
    add = ADD.removesuffix(" RETURNING id")

    async def write() -> None:
        held = await asyncpg.connect(url)
        try:
            for _ in range(15):
                ending = held.transaction()
                await ending.start()
                await held.execute(add, clock.now(), "many")
                await asyncio.sleep(chance.random() / 50)
                await (ending.commit() if chance.random() < 0.8 else ending.rollback())
        finally:
            await held.close()

    writing = asyncio.gather(*(write() for _ in range(6)))
    while not writing.done():
        await _seal(progress)
    await writing
    for _ in range(2):  # with all that this process believes to know
        await _seal(progress)
    ids = [row["id"] for row in await world.sql("SELECT id FROM audit ORDER BY id")]
    order = await _order(world)
    assert sorted(order) == ids
    assert order != ids, "nothing was committed late, so nothing was shown"
    await command.examine(_settings(world))


async def test_the_first_row_of_all_is_not_passed_over(world: World) -> None:
    progress = Progress()
    for _ in range(2):
        assert await _seal(progress) == 0
    first = await _add(world, "first")
    assert await _seal(progress) == 1
    assert await _order(world) == first


async def test_many_rows_are_sealed_in_several_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.audit.seals.BATCH", 7)
    monkeypatch.setattr("backend.audit.seals.SPAN", 20)
    many = (
        "INSERT INTO audit (at, operation, outcome)"
        " SELECT $1, 'many', 'done' FROM generate_series(1, 100)"
    )
    await world.sql(many, clock.now())
    progress = Progress()
    assert await _seal(progress) == 100
    assert await _seal(Progress()) == 0
    await world.sql(many, clock.now())
    assert await _seal(progress) == 100
    assert await _order(world) == list(range(1, 201))


async def test_one_sealer_at_a_time(world: World) -> None:
    await _add(world, "one")
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute("SELECT pg_advisory_lock(4806115)")
        assert await _seal() == 0
    finally:
        await held.close()
    assert await _seal() == 1


async def test_no_role_of_a_process_and_not_even_a_superuser_rewrites_a_seal(world: World) -> None:
    await _add(world, "one")
    await _seal()
    changes = ("UPDATE audit_seal SET id = 7", "DELETE FROM audit_seal", "TRUNCATE audit_seal")
    for user in ("postgres", "throughcare_app", "throughcare_worker", "throughcare_backup"):
        held = await asyncpg.connect(world.server.url(user, world.database_name))
        try:
            for statement in changes:
                with pytest.raises(REFUSED):
                    await held.execute(statement)
        finally:
            await held.close()
    app = await asyncpg.connect(world.server.url("throughcare_app", world.database_name))
    try:
        with pytest.raises(REFUSED):
            await app.execute("INSERT INTO audit_seal VALUES (2, 2, '')")
        with pytest.raises(REFUSED):
            await app.execute("SELECT 1 FROM audit_seal")
    finally:
        await app.close()


# attacks by somebody who may do everything on the database


async def _attack(world: World, *statements: str) -> None:
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute("SET session_replication_role = replica")
        for statement in statements:
            await held.execute(statement)
    finally:
        await held.close()


# What is done, then the number that is named, its row, and a word of the reason.
ATTACKS: dict[str, tuple[Sequence[str], int | None, int | None, str]] = {
    "changed": (["UPDATE audit SET actor = gen_random_uuid() WHERE id = 3"], 3, 3, "altered"),
    "another time": (["UPDATE audit SET at = at - interval '1 us' WHERE id = 2"], 2, 2, "altered"),
    "deleted": (["DELETE FROM audit WHERE id = 3"], 3, 3, "row is missing"),
    "deleted with its seal": (
        ["DELETE FROM audit WHERE id = 3", "DELETE FROM audit_seal WHERE audit = 3"],
        *(3, None, "seal is missing"),
    ),
    "deleted, and the rest numbered anew": (
        [
            "DELETE FROM audit WHERE id = 3",
            "DELETE FROM audit_seal WHERE audit = 3",
            "UPDATE audit_seal SET id = -id WHERE id > 3",
            "UPDATE audit_seal SET id = -id - 1 WHERE id < 0",
        ],
        *(3, 4, "altered"),
    ),
    "reordered": (
        [
            "UPDATE audit SET id = -id WHERE id IN (2, 4)",
            "UPDATE audit SET id = 6 + id WHERE id < 0",
        ],
        *(2, 2, "altered"),
    ),
    "seals reordered": (
        [
            "UPDATE audit_seal SET id = -id WHERE id IN (2, 4)",
            "UPDATE audit_seal SET id = 6 + id WHERE id < 0",
        ],
        *(2, 4, "altered"),
    ),
    "the first ones deleted": (
        ["DELETE FROM audit WHERE id < 3", "DELETE FROM audit_seal WHERE audit < 3"],
        *(1, None, "seal is missing"),
    ),
    "a row exchanged": (
        ["DELETE FROM audit WHERE id = 4", f"{PUT_IN} (4, now(), 'four', 'done')"],
        *(4, 4, "altered"),
    ),
    "put in again at the end": (
        [
            "CREATE TABLE kept AS SELECT * FROM audit WHERE id = 3",
            "DELETE FROM audit WHERE id = 3",
            "INSERT INTO audit (id, at, operation, outcome) SELECT 100, at, 'x', outcome FROM kept",
        ],
        *(3, 3, "row is missing"),
    ),
    "put in behind the chain": (
        [f"{PUT_IN} (-1, now() - interval '1 day', 'getPlan', 'done')"],
        *(None, -1, "no seal"),
    ),
    "a seal without the key": (
        [
            f"{PUT_IN} (90, now(), 'getPlan', 'done')",
            "INSERT INTO audit_seal VALUES (6, 90, decode(repeat('01', 33), 'hex'))",
        ],
        *(6, 90, "altered"),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_found_and_its_place_named(world: World, name: str) -> None:
    statements, number, row, word = ATTACKS[name]
    assert await _add(world, "one", "two", "three", "four", "five") == [1, 2, 3, 4, 5]
    progress = Progress()
    await _seal(progress)
    await command.examine(_settings(world))
    await _attack(world, *statements)
    await _seal(progress)  # the job goes on meanwhile, and makes nothing good
    found = await _found(world)
    assert (found.number, found.row) == (number, row)
    assert word in str(found)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE id > 3; DELETE FROM audit_seal WHERE id > 3",
        "TRUNCATE audit; TRUNCATE audit_seal",
        "DELETE FROM audit WHERE id = 5; TRUNCATE audit_seal",
    ],
)
async def test_an_end_that_is_cut_off_is_found_by_the_head_that_left(
    world: World, statement: str, tmp_path: Path
) -> None:
    await _add(world, "one", "two", "three", "four", "five")
    await _seal()
    await _export(tmp_path)
    kept = _kept(tmp_path)
    await command.examine(_settings(world), kept)
    await _attack(world, statement)
    await _seal(Progress())
    left = len(await world.sql("SELECT 1 FROM audit_seal"))
    found = await _found(world, kept)
    assert found.number == left + 1
    assert "the end is missing" in str(found)


async def test_another_key_finds_nothing_whole(world: World) -> None:
    await _add(world, "one")
    await _seal()
    other = _settings(world, AUDIT_KEY=base64.b64encode(bytes(32)).decode())
    with pytest.raises(Broken):
        await command.examine(other)


# the head leaves


async def _export(folder: Path | None, url: str | None = None) -> None:
    async def work() -> None:
        database.act_as("worker")
        await heads.export_head(folder, url)

    await database.in_fresh_context(work)


def _kept(folder: Path) -> Any:
    found, strange = read_heads((folder / heads.FILE).read_text("ascii").splitlines())
    assert strange == 0
    return found


async def test_the_head_is_a_line_each_minute_in_which_something_happened(
    world: World, tmp_path: Path
) -> None:
    await _export(tmp_path)
    assert not (tmp_path / heads.FILE).exists()
    for n in range(3):
        await _add(world, f"act {n}")
        await _seal()
        for _ in range(2):
            await _export(tmp_path)
    kept = _kept(tmp_path)
    assert [head.number for head in kept] == [1, 2, 3]
    lines = await command.examine(_settings(world), kept)
    assert lines[1] == "It agrees with the heads up to number 3."


async def test_what_could_not_leave_leaves_later_and_one_way_waits_for_no_other(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    status = 503

    def answer(request: httpx.Request) -> httpx.Response:
        if status == 200:
            got.append(request.content)
        return httpx.Response(status)

    monkeypatch.setattr(heads, "Only", lambda _url: httpx.MockTransport(answer))
    url, away = "https://heads.example/audit", tmp_path / "not mounted"
    await _add(world, "one")
    await _seal()
    await _export(away, url)
    await _add(world, "two")
    await _seal()
    await _export(tmp_path, url)
    assert [head.number for head in _kept(tmp_path)] == [1, 2]
    assert got == []
    status = 200
    for _ in range(2):
        await _export(tmp_path, url)
    assert got == [(tmp_path / heads.FILE).read_bytes()]


# at the terminal


async def test_the_verb_says_what_it_found(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(tmp_path / heads.FILE)

    async def said(*words: str) -> tuple[int, str, str]:
        def run() -> int:
            monkeypatch.setattr(command, "settings", lambda: _settings(world))
            try:
                command.command(list(words), standalone_mode=False)
            except SystemExit as ended:
                return int(ended.code or 0)
            return 0

        code = await asyncio.to_thread(run)
        out, err = capsys.readouterr()
        return code, out, err

    assert await said("head") == (1, "", "audit: nothing is sealed yet\n")
    await _add(world, "one", "two")
    await _seal()
    await _export(tmp_path)
    code, out, _ = await said("verify", "--head", file)
    assert (code, out.splitlines()) == (
        0,
        [
            "whole: 2 rows are sealed; 0 wait for their seal",
            "It agrees with the heads up to number 2.",
        ],
    )
    code, out, _ = await said("verify")
    assert code == 0
    assert "--head FILE" in out
    code, out, _ = await said("head")
    assert code == 0
    assert re.fullmatch(r"2 \S+ [0-9a-f]{66}\n", out)
    await _attack(world, "DELETE FROM audit WHERE id = 2")
    code, _, err = await said("verify")
    assert (code, err) == (1, "audit: number 2, row 2: the row is missing\n")
    (tmp_path / "empty").touch()
    code, _, err = await said("verify", "--head", str(tmp_path / "empty"))
    assert code == 1
    assert "no head in" in err


async def test_rows_that_waited_too_long_are_named(world: World) -> None:
    await _add(world, "one")
    later = clock.now() + timedelta(minutes=11)
    clock.travel(lambda: later)
    assert (await _found(world)).row == 1
