"""Who sees rows about those who work here, and whose keys: whatever SQL the application sends."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import embedded
from backend.database import transaction
from tests.backend.kept import Kept, a_copy
from tests.world import World

REFUSED = asyncpg.InsufficientPrivilegeError
# What names a row that is somebody's own, table by table.
OWN = {
    "subject_key": "id",
}
GARBAGE = ("", " ", "garbage", "0", "'; DROP TABLE staff; --", str(UUID(int=0)), str(uuid4()))


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        yield made


async def _seen(actor: UUID | None, table: str) -> set[UUID]:
    async with transaction(actor) as held:
        return {row["id"] for row in await held.fetch(f"SELECT id FROM {table}")}


async def _every(world: World, table: str, where: str = "true", *values: object) -> set[UUID]:
    rows = await world.sql(f"SELECT id FROM {table} WHERE {where}", *values)
    return {row["id"] for row in rows}


async def _rows_with(table: str, setting: str) -> int:
    """How many rows show with this actor; one that cannot be read shows none."""
    try:
        async with transaction() as held:
            await held.execute("SELECT set_config('app.actor', $1, true)", setting)
            await held.execute("SELECT set_config('app.now', now()::text, true)")
            return int(await held.fetchval(f"SELECT count(*) FROM {table}"))
    except asyncpg.DataError:
        return 0


async def test_nobody_sees_a_row_without_being_somebody(kept: Kept) -> None:
    for table in OWN:
        assert await _every(kept.world, table), table
        assert await _seen(None, table) == set(), table
        for setting in GARBAGE:
            assert await _rows_with(table, setting) == 0, (table, setting)


# Whose key it is that seals a row, or a chat, table by table.
SEALED_FOR = {
    "person": ["id"],
    "member": ["id"],
    "link": ["subject"],
    "court_file": ["subject"],
    "complaint": ["subject"],
    "break_glass": ["asked_by"],
    "incident": ["recorded_by", "closed_by"],
}


async def test_keys_are_ones_own_and_those_of_whose_rows_one_sees(kept: Kept) -> None:
    callers = kept.scene.callers.values()
    readers = [*(one.id for one in callers), kept.scene.docket.court.id]
    readers += [kept.other.docket.worker.id, kept.elsewhere.docket.worker.id]
    for reader in readers:
        async with transaction(reader) as held:
            rows = [
                row["id"]
                for table, columns in SEALED_FOR.items()
                for column in columns
                for row in await held.fetch(f"SELECT {column} AS id FROM {table}")
            ]
        own = await _every(kept.world, "subject_key", "id = $1 OR id = ANY($2)", reader, rows)
        assert await _seen(reader, "subject_key") == own
    people = await _every(kept.world, "person", "agency = $1", kept.world.agency)
    keys = await _seen(kept.scene.docket.worker.id, "subject_key")
    assert 0 < len(keys & people) < len(people)
    assert not await _seen(kept.elsewhere.docket.worker.id, "subject_key") & people
    assert not await _seen(kept.scene.callers["AD"].id, "subject_key") & people


async def test_a_key_comes_with_whose_it_is_and_is_given_to_nobody_else(kept: Kept) -> None:
    worker = kept.scene.docket.worker.id
    for who in (kept.elsewhere.docket.worker.id, worker):
        with pytest.raises(REFUSED):
            await _give_a_key(worker, await _keyless(kept.world, who))


async def _keyless(world: World, agency_of: UUID | None) -> UUID:
    """Somebody who is there and has no key."""
    id_ = uuid4()
    await world.sql(
        "INSERT INTO actor (id, agency, kind, created_at)"
        " SELECT $1, agency, 'member', now() FROM actor WHERE id = $2",
        id_,
        agency_of,
    )
    return id_


async def _give_a_key(actor: UUID | None, to: UUID) -> None:
    async with transaction(actor) as held:
        await held.execute("INSERT INTO subject_key (id, wrapped) VALUES ($1, '\\x00')", to)


WAYS: Mapping[str, str] = {
    "account_of_login": "'nobody', '\\x00', '\\x00'",
    "account_of_passkey": "'\\x00', '\\x00'",
    "holder_of": "'\\x00', now(), false",
    "enter_by_refresh": "'\\x00', now()",
}


async def test_a_way_in_tells_of_the_one_whose_it_is_and_of_nobody_else(kept: Kept) -> None:
    login = kept.scene.docket.worker.login
    async with transaction() as held:
        for name, values in WAYS.items():
            assert await held.fetch(f"SELECT * FROM {name}({values})") == [], name
        rows = await held.fetch("SELECT * FROM account_of_login($1, '\\x00', '\\x00')", login)
        assert [row["id"] for row in rows] == [kept.scene.docket.worker.id]
        for guess in ("%", "", f"{login}%", f"{login}' OR true --"):
            sql = "SELECT * FROM account_of_login($1, '\\x00', '\\x00')"
            assert await held.fetch(sql, guess) == [], guess
