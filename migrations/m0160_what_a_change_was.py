"""What a row was before a change goes once nobody can take the change back.

The history tells the change; why something had not been possible before it was opened again is
nobody's any more. Beside that an event stays as it was written.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What a row was before a change goes"

STATEMENT = """
CREATE INDEX event_was ON milestone_event (at) WHERE was IS NOT NULL;
GRANT UPDATE (was) ON milestone_event TO throughcare_worker;
DROP TRIGGER milestone_event_stays ON milestone_event;
CREATE TRIGGER milestone_event_stays BEFORE UPDATE ON milestone_event FOR EACH ROW
    WHEN (NEW.was IS NOT NULL
          OR (to_jsonb(NEW) - 'was' IS DISTINCT FROM to_jsonb(OLD) - 'was'
              AND (OLD.kind = 'undone' OR NEW.kind <> 'undone')))
    EXECUTE FUNCTION refuse();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(STATEMENT)

    manager.add_raw(run)
    return manager
