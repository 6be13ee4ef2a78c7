"""Who may touch devices and second factors, and what holds for them whatever the program does."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Constraints and grants for devices and second factors"

# Jobs have no business with any of them.
RULES = """
ALTER TABLE device ADD CONSTRAINT device_hash UNIQUE (hash);
ALTER TABLE agency ADD CONSTRAINT agency_second_factor
    CHECK (second_factor IN ('none', 'leaders', 'all'));
CREATE UNIQUE INDEX factor_in_force ON factor (staff)
    WHERE confirmed_at IS NOT NULL AND ended_at IS NULL;
GRANT SELECT, INSERT ON device, factor, recovery_code TO throughcare_app;
GRANT UPDATE (name, seen_at, ended_at) ON device TO throughcare_app;
GRANT UPDATE (used_step, confirmed_at, ended_at) ON factor TO throughcare_app;
GRANT UPDATE (used_at) ON recovery_code TO throughcare_app;
GRANT SELECT ON device, factor, recovery_code TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(RULES)

    manager.add_raw(run)
    return manager
