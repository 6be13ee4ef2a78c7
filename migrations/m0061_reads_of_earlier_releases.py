"""What read caseloads and plans for releases that run no more is gone, with what it let through.

m0007's and m0021's functions know no data-flow registry. Whoever could call them as the application
was held by the row policies alone.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T11:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Reads of earlier releases go"

STATEMENTS = """
DROP FUNCTION read_caseload, caseload_lines, read_plan, plan_sheet;
DROP FUNCTION read_caseload_columns, caseload_columns, read_plan_cut, plan_cut;
DROP FUNCTION my_mandates_on(uuid);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
