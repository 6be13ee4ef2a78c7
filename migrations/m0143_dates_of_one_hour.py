"""Two dates of one hour stand in an order that nothing but themselves decides.

By where they lie in the table the one that was written last comes last: who saw that would know
that something had been done and taken back.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0135_helpers import AS_THEY_STAND

ID = "2026-12-01T01:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Dates of one hour have an order"

BEFORE = "ORDER BY a.held_on, a.held_at) r)"
AFTER = "ORDER BY a.held_on, a.held_at, a.id) r)"


def statements() -> str:
    return "".join(
        AS_THEY_STAND.format(name=name, before=BEFORE, after=AFTER)
        for name in ("plan_by_flow", "read_plan_by_flow")
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
