"""A sheet tells of each row what comes first of one day, as the plan has it and not the standard.

An agency's own template may say another thing. The release before reads past it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0062_one_plan_for_a_sheet import STATEMENT as PLANNED_ONCE
from migrations.m0063_plans_told_by_name import SHEET_OF_SCOPE, SHEET_OF_TOKEN

ID = "2026-12-01T06:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Sheets say what comes first"


def _first(text: str) -> str:
    before = "n.done_on, n.said_by, n.show_court"
    if before not in text:
        raise ValueError(before)
    return text.replace(before, f"{before}, n.late_start")


SCOPE, TOKEN = _first(SHEET_OF_SCOPE), _first(SHEET_OF_TOKEN)
STATEMENTS = (SCOPE, PLANNED_ONCE, TOKEN)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in STATEMENTS:
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
