"""No time zone is stored that the database does not know: one such row would stop every job."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T17:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Time zones that the database knows"

# A name that is not known raises in the check itself. Rows that are there are not looked at.
STATEMENTS = """
ALTER TABLE agency ADD CONSTRAINT agency_zone
    CHECK (timestamptz '2000-01-01Z' AT TIME ZONE zone IS NOT NULL) NOT VALID;
ALTER TABLE plan ADD CONSTRAINT plan_zone_known
    CHECK (timestamptz '2000-01-01Z' AT TIME ZONE zone IS NOT NULL) NOT VALID;
ALTER TABLE member ADD CONSTRAINT member_zone
    CHECK (timestamptz '2000-01-01Z' AT TIME ZONE zone IS NOT NULL) NOT VALID;
ALTER TABLE link ADD CONSTRAINT link_zone
    CHECK (timestamptz '2000-01-01Z' AT TIME ZONE zone IS NOT NULL) NOT VALID;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
