"""`prepare` leaves a database that nobody but our roles gets into, whoever made it and how."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from backend import migrate
from backend.database import ROLES
from backend.settings import SettingsError
from tests.world import World

STRANGER = "throughcare_tests_stranger"


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Any]:
    held = await asyncpg.connect(world.server.url(database="postgres"))
    try:
        yield held
    finally:
        await held.close()


@pytest.fixture
async def owned(world: World, admin: Any) -> AsyncIterator[str]:
    """The name of a database that an administrator made for the owner, and no more."""
    name = f"{world.database_name}_owned"
    await admin.execute(f"CREATE DATABASE {name} OWNER {migrate.role_name('owner')}")
    yield name
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _may(admin: Any, name: str, who: str, what: str = "CONNECT") -> bool:
    may: bool = await admin.fetchval("SELECT has_database_privilege($1, $2, $3)", who, name, what)
    return may


@pytest.mark.parametrize("by_owner", [True, False])
async def test_a_database_that_the_owner_has_already_is_closed_to_everybody_else(
    world: World, admin: Any, owned: str, *, by_owner: bool
) -> None:
    assert await _may(admin, owned, "public", "CONNECT, TEMPORARY")
    role = migrate.role_name("owner") if by_owner else None
    url = world.server.url(role, owned) if role else world.server.url(database=owned)
    await migrate.prepare(url)
    assert not await _may(admin, owned, "public", "CONNECT, TEMPORARY")
    for one in ROLES:
        assert await _may(admin, owned, migrate.role_name(one)), one
    held = await asyncpg.connect(world.server.url(database=owned))
    try:
        owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
        assert await held.fetchval(owner) == migrate.role_name("owner")
    finally:
        await held.close()


@pytest.mark.parametrize("half", [True, False])
async def test_who_may_not_close_it_is_given_the_words_for_an_administrator(
    world: World, admin: Any, owned: str, *, half: bool
) -> None:
    await admin.execute(f"CREATE ROLE {STRANGER} LOGIN")
    if half:  # all is in order but for the REVOKE, which fails with no error
        await migrate.prepare(world.server.url(database=owned))
        await admin.execute(f"GRANT CONNECT ON DATABASE {owned} TO PUBLIC")
    try:
        with pytest.raises(SettingsError) as refused:
            await migrate.prepare(world.server.url(STRANGER, owned))
    finally:
        await admin.execute(f"DROP ROLE {STRANGER}")
    assert f"REVOKE CONNECT, TEMPORARY ON DATABASE {owned} FROM PUBLIC;" in str(refused.value)


async def test_where_all_is_in_order_nothing_is_asked_of_the_database_again(
    world: World, owned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: str) -> Sequence[str]:
        raise AssertionError

    await migrate.prepare(world.server.url(database=owned))
    monkeypatch.setattr(migrate, "_hand_over", never)
    await migrate.prepare(world.server.url(database=owned))
    await migrate.prepare(world.server.url(migrate.role_name("app"), owned))


async def test_where_it_may_not_be_hidden_what_a_session_does_a_superuser_is_asked(
    world: World, admin: Any, owned: str
) -> None:
    await migrate.prepare(world.server.url(database=owned))
    await admin.execute("ALTER ROLE throughcare_app RESET track_activities")
    try:
        assert not await migrate.prepare(world.server.url(migrate.role_name("owner"), owned))
    finally:
        assert await migrate.prepare(world.server.url(database=owned))
    assert await migrate.prepare(world.server.url(migrate.role_name("owner"), owned))
