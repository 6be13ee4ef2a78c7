"""That somebody is asked about the first night tells that the person has left.

So those texts go where the release date may go, by the registry of data flows too.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T02:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Questions of the first days are of the release date"

GROUPS = """
CREATE OR REPLACE FUNCTION message_group(key varchar, step varchar) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN key = 'GATE-WAIT' THEN 'messages'
        WHEN key LIKE 'GATE%' OR (key = 'APPT-MOVED' AND step = 'release') THEN 'release date'
        WHEN key IN ('NIGHT1', 'CONTACT72') THEN 'release date'
        WHEN key LIKE 'GOODNEWS%' THEN 'milestones'
        WHEN key LIKE 'APPT%' THEN 'appointments'
        ELSE 'messages' END
$$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(GROUPS)

    manager.add_raw(run)
    return manager
