"""Somebody who may do everything on the database is found out."""

import base64
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from backend.audit import command
from backend.audit.chain import Broken
from backend.audit.seals import Progress
from tests.backend.sealing.records import (
    add_rows,
    attack,
    export,
    heads_kept,
    seal_all,
    settings_with,
    what_is_found,
)
from tests.world import World

REFUSED = asyncpg.InsufficientPrivilegeError
PUT_IN = "INSERT INTO audit (id, at, operation, outcome) VALUES"


async def test_no_role_of_a_process_and_not_even_a_superuser_rewrites_a_seal(world: World) -> None:
    await add_rows(world, "one")
    await seal_all()
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
    assert await add_rows(world, "one", "two", "three", "four", "five") == [1, 2, 3, 4, 5]
    progress = Progress()
    await seal_all(progress)
    await command.examine(settings_with(world))
    await attack(world, *statements)
    await seal_all(progress)  # the job goes on meanwhile, and makes nothing good
    found = await what_is_found(world)
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
    await add_rows(world, "one", "two", "three", "four", "five")
    await seal_all()
    await export(tmp_path)
    kept = heads_kept(tmp_path)
    await command.examine(settings_with(world), kept)
    await attack(world, statement)
    await seal_all(Progress())
    left = len(await world.sql("SELECT 1 FROM audit_seal"))
    found = await what_is_found(world, kept)
    assert found.number == left + 1
    assert "the end is missing" in str(found)


async def test_another_key_finds_nothing_whole(world: World) -> None:
    await add_rows(world, "one")
    await seal_all()
    other = settings_with(world, AUDIT_KEY=base64.b64encode(bytes(32)).decode())
    with pytest.raises(Broken):
        await command.examine(other)
