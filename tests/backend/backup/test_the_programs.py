"""What reaches the programs of PostgreSQL and age, and how one mistake ends them."""

import asyncio
import os

import pytest

from backend import archive
from backend.psql import ProgramError, Psql, environment
from backend.settings import SettingsError
from tests.backend.backup.backups import Backups


def test_a_password_goes_by_the_environment_only() -> None:
    address = "postgresql://jo:p%40ss@db.example:6543/one?sslmode=verify-full"
    env = environment(address)
    named = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")
    assert [env[name] for name in named] == [
        "db.example",
        "6543",
        "jo",
        "p@ss",
        "one",
        "verify-full",
    ]
    with pytest.raises(SettingsError, match="options"):
        environment("postgresql:///one?options=-c%20x")


async def test_one_mistake_ends_a_psql_with_its_reason(backups: Backups) -> None:
    def ask() -> list[str]:
        with Psql(backups.url("owner")) as psql:
            psql.ask("BEGIN; CREATE TABLE half (id int)")
            return psql.ask("SELECT no_such_column FROM agency")

    with pytest.raises(ProgramError, match="no_such_column"):
        await asyncio.to_thread(ask)
    assert "public.half" not in await backups.rows(backups.world.database_name)


async def test_lines_reach_age_as_they_were_written() -> None:
    lines = [os.urandom(length) + b"\n" for length in (0, 1, 70_000, 3, 200)]
    reader, got = archive.Lines(lines), b""
    while part := reader.read(4096):
        assert len(part) <= 4096
        got += part
    assert got == b"".join(lines)
    assert archive.Lines(lines).read() == b"".join(lines)
