"""A sheet tells of each row what comes first of one day, as the plan has it and not the standard.

An agency's own template may say another thing. The release before reads past it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0135_helpers import AS_THEY_STAND

ID = "2026-12-01T06:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Sheets say what comes first"


BEFORE = "n.done_on, n.said_by, n.show_court"


def statements() -> str:
    return "".join(
        AS_THEY_STAND.format(name=name, before=BEFORE, after=f"{BEFORE}, n.late_start")
        for name in ("plan_by_flow", "read_plan_by_flow")
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
