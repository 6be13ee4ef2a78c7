"""Backups of a world in which something has happened, and what is in them."""

import asyncio
import base64
import io
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from backend import archive, database
from backend.actors.actions import destroy_key
from backend.archive import Manifest
from backend.backup import backup
from backend.migrate import role_name
from backend.psql import environment, program
from backend.restore import inspect_keys, newest_keys, restore
from tests import forks
from tests.backend.duties import asked
from tests.world import Caller, World

ROWS = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t"


@dataclass
class Backups:
    """A database with a few people in it, a folder, a key, and how to get from one to another."""

    world: World
    worker: Caller
    plan: dict[str, Any]
    folder: Path
    key: Path
    canaries: Mapping[str, str]

    def url(self, role: database.Role, name: str | None = None) -> str:
        return self.world.server.url(role_name(role), name or self.world.database_name)

    @property
    def public(self) -> list[Any]:
        return [one.to_public() for one in self.identities]

    @property
    def identities(self) -> list[Any]:
        return archive.read_identities(self.key)

    async def make(self) -> Path:
        made = await asyncio.to_thread(backup, self.url("backup"), self.folder, self.public)
        return made.path

    async def bring(
        self,
        path: Path,
        name: str,
        key: Path | None = None,
        *,
        listed: Collection[UUID] | None = None,
    ) -> Any:
        """Restore as the command does: first prove the file, then touch the database."""
        identities = archive.read_identities(key or self.key)
        manifest = archive.inspect(path, identities)
        keys = inspect_keys(newest_keys(path), identities, manifest)
        url = self.url("owner", name)
        return await asyncio.to_thread(
            restore, url, path, identities, manifest, keys, listed=listed
        )

    async def sql(self, name: str, query: str) -> list[tuple[Any, ...]]:
        held = await asyncpg.connect(self.world.server.url(database=name))
        try:
            return [tuple(one) for one in await held.fetch(query)]
        finally:
            await held.close()

    async def rows(self, name: str) -> dict[str, tuple[Any, ...]]:
        tables = await self.sql(
            name,
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname = 'public'",
        )
        return {table: (await self.sql(name, ROWS.format(table=table)))[0] for (table,) in tables}


async def answered(answer: Any) -> dict[str, Any]:
    found = await answer
    assert found.status_code in {200, 201}, found.text
    body: dict[str, Any] = found.json()
    return body


async def forged(backups: Backups, manifest: Manifest, *words: str) -> Path:
    """A file that opens and is not what its list says, as a faulty dump would make it."""
    dump = await asyncio.to_thread(
        subprocess.run,
        [program("pg_dump"), "--format=custom", *words],
        env=environment(backups.url("backup")),
        capture_output=True,
        check=True,
    )
    path = backups.folder / "throughcare-20260101T000000Z.age"
    path.unlink(missing_ok=True)
    archive.write(path, backups.public, manifest, io.BytesIO(dump.stdout))
    return path


def run_verb(verb: str, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    clean = {"PATH": "/usr/bin:/bin", "VAULT_KEY": base64.b64encode(bytes(range(32))).decode()}
    return forks.run([verb, *words], {**clean, **env})


def key_files(backups: Backups) -> list[Path]:
    return sorted(backups.folder.glob(archive.KEYS_NAMES))


async def destroy(backups: Backups, subject: UUID) -> None:
    coordinator = await backups.world.somebody("CO", agency=backups.world.agency)
    await backups.world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, 'CO', now() - interval '1 hour', $2"
        "   FROM plan WHERE id = $1",
        UUID(backups.plan["id"]),
        coordinator.id,
    )
    second = await backups.world.somebody("CO", agency=backups.world.agency)
    await asked(backups.world, backups.plan["id"], second)
    async with database.transaction(coordinator.id):
        await destroy_key(subject)
