"""An auditor reads who did what in their agency, as ids, and what went because its term was over."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T09:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Auditors read the record"

POLICY = """
ALTER POLICY officer_reads ON audit
    USING ((SELECT my_role())::text = ANY (ARRAY['DP', 'AU'])
           AND (agency = (SELECT my_agency()) OR operation = 'retention'));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(POLICY)

    manager.add_raw(run)
    return manager
