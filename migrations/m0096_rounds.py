"""Readiness sees which job does not get on, and no row with a made-up zone or week stops one.

Postgres counts in any zone of the form XYZ5, which nobody else knows. A name without a digit is one
of a place, or the database would not have taken it; those of places that have digits stand here.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T04:25:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What readiness reads of jobs and updates; zones and weeks that there are"

# The application reads instants alone of what came in.
STATEMENTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON job_round TO throughcare_worker;
GRANT SELECT ON job_round TO throughcare_app, throughcare_backup;
GRANT SELECT (received_at, handled_at, failed_at) ON incoming_update TO throughcare_app;
GRANT DELETE ON incoming_update TO throughcare_worker;
UPDATE incoming_update SET sealed = NULL WHERE failed_at IS NOT NULL AND sealed IS NOT NULL;
CREATE INDEX update_failed ON incoming_update (failed_at) WHERE failed_at IS NOT NULL;
ALTER TABLE agency ADD CONSTRAINT agency_week CHECK (cardinality(working_days) > 0
    AND working_days <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]) NOT VALID;
"""
# Rows that are there are not looked at, as in m0009.
ZONED = ("agency", "plan", "member", "link")


def _of_a_place(table: str) -> str:
    return rf"""
ALTER TABLE {table} ADD CONSTRAINT {table}_zone_named CHECK (zone ~ '^[A-Z]' AND (
    zone !~ '[0-9,:<]' OR zone ~ '^Etc/GMT(0|[+](\d|1[0-2])|-(\d|1[0-4]))$'
    OR zone ~ '^(GMT[+-]?0|EST5EDT|CST6CDT|MST7MDT|PST8PDT)$')) NOT VALID;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)
        await transaction.connection.execute("".join(map(_of_a_place, ZONED)))

    manager.add_raw(run)
    return manager
