"""`./run audit`: whether the record is whole, and where it ends.

It reads as the backup's role, which alone sees every row and can write none.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import click

from backend import clock
from backend.audit.anchors import beginning
from backend.audit.chain import Broken, Head, Seal, Walk, read_heads
from backend.audit.seals import audit_key
from backend.processes import CANNOT_RUN, reach
from backend.settings import Settings, settings

AHEAD = 2000  # rows that are in memory at a time
WAITS = timedelta(minutes=10)  # a seal comes within seconds, or the worker is not there

_SEALED = """
SELECT s.id AS number, s.audit, s.mac, a.* FROM audit_seal s LEFT JOIN audit a ON a.id = s.audit
 ORDER BY s.id
"""
_UNSEALED = """
SELECT a.id, a.at FROM audit a
 WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.audit = a.id) ORDER BY a.id
"""
_HEAD = "SELECT id AS number, mac FROM audit_seal ORDER BY id DESC LIMIT 1"


@click.group(help="Show whether the record of who did what is whole.")
def command() -> None: ...


@command.command()
@click.option(
    "--head",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the heads that left this host: without them an end that was cut off is not noticed",
)
@click.option(
    "--restored", is_flag=True, help="a backup was restored: heads of what was lost may be unknown"
)
def verify(file: Path | None, *, restored: bool) -> None:
    """Go through the whole record; exit 1 names the first row that is not as it was."""

    async def act(configured: Settings) -> None:
        heads = _heads(file) if file else []
        for line in await examine(configured, heads, restored=restored):
            click.echo(line)
        if file is None:
            click.echo("Not shown: that nothing is missing at the end. That takes --head FILE.")

    _run(act)


@command.command()
def head() -> None:
    """Print where the chain ends now, as a line for the file of heads."""

    async def act(configured: Settings) -> None:
        async with _reading(configured) as held:
            row = await held.fetchrow(_HEAD)
        if row is None:
            raise Broken("nothing is sealed yet")
        click.echo(Head(row["number"], clock.now(), row["mac"]).line(), nl=False)

    _run(act)


def _run(act: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    try:
        asyncio.run(act(settings()))
    except asyncpg.UndefinedTableError:
        _fail("the database is not at this release: ./run migrate")
    except (Broken, UnicodeError, *CANNOT_RUN) as error:
        _fail(error)


def _fail(error: object) -> None:
    click.echo(f"audit: {error}", err=True)
    sys.exit(1)


def _heads(file: Path) -> Sequence[Head]:
    with file.open(encoding="ascii") as lines:
        heads, strange = read_heads(lines)
    if strange:
        click.echo(f"{strange} lines of {file} are no heads")
    if not heads:
        raise Broken(f"there is no head in {file}")
    return heads


@asynccontextmanager
async def _reading(configured: Settings) -> AsyncIterator[Any]:
    """The database as it is at one instant."""
    with reach(configured) as found:
        held = await asyncpg.connect(
            found.url("backup"), server_settings={"timezone": "UTC"}, timeout=10
        )
        try:
            async with held.transaction(isolation="repeatable_read", readonly=True):
                yield held
        finally:
            await held.close()


async def examine(
    configured: Settings, heads: Sequence[Head] = (), *, restored: bool = False
) -> Sequence[str]:
    """What was found, for the operator. Raises Broken for the first thing that is wrong."""
    key = audit_key(configured)
    async with _reading(configured) as held:
        number, mac = await beginning(held, key)
        walk = Walk(key, heads, restored, number, mac)
        async for row in held.cursor(_SEALED, prefetch=AHEAD):
            sealed = Seal(row["number"], row["audit"], row["mac"])
            walk.step(sealed, row if row["id"] is not None else None)
        walk.finish()
        waiting = await _waiting(held)
    return list(_said(walk, waiting))


async def _waiting(held: Any) -> int:
    """How many rows wait for their seal. Raises Broken for one that has done so for too long."""
    waiting, now = 0, clock.now()
    async for row in held.cursor(_UNSEALED, prefetch=AHEAD):
        if abs(now - row["at"]) > WAITS:
            raise Broken(
                "the row has no seal: it was put in behind the chain, or its worker is not there",
                row=row["id"],
            )
        waiting += 1
    return waiting


def _said(walk: Walk, waiting: int) -> Sequence[str]:
    rows = walk.number - walk.dropped
    lines = [f"whole: {rows} rows are sealed; {waiting} wait for their seal"]
    if walk.dropped:
        lines.append(f"It begins after number {walk.dropped}: what was older was dropped whole.")
    if walk.agreed is not None:
        lines.append(f"It agrees with the heads up to number {walk.agreed.number}.")
    if walk.lost:
        numbers = [head.number for head in walk.lost]
        lines.append(
            f"Restored at {walk.restored_at}: the heads {min(numbers)} to {max(numbers)} are of"
            " what was lost with it. Put this file of heads aside, and begin a new one."
        )
    return lines
