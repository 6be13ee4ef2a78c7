"""Safety flags and protected addresses are rows that the workers of a plan alone see.

The database looks at the role too: whoever else holds a mandate on the plan finds no row there.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers

ID = "2026-11-29T01:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of safety flags and protected addresses"

TABLES = ("safety_flag", "protected_address")
MINE = "plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['SW', 'CO']))"
ROW_SECURITY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON {table} FOR SELECT TO throughcare_app USING ({mine});
CREATE POLICY app_adds ON {table} FOR INSERT TO throughcare_app WITH CHECK ({mine});
CREATE POLICY app_changes ON {table} FOR UPDATE TO throughcare_app USING ({mine});
CREATE POLICY jobs ON {table} TO throughcare_worker USING (true) WITH CHECK (true);
"""
RULES = """
CREATE INDEX safety_flag_kept ON safety_flag (plan, kept_from) WHERE lowered_at IS NULL;

GRANT SELECT, INSERT ON safety_flag, protected_address TO throughcare_app;
GRANT UPDATE (lowered_at, lowered_by, kept_from, version) ON safety_flag TO throughcare_app;
GRANT UPDATE (ended_at, ended_by, version) ON protected_address TO throughcare_app;
GRANT SELECT ON safety_flag, protected_address TO throughcare_worker, throughcare_backup;
GRANT UPDATE (lowered_at, kept_from, content, version) ON safety_flag TO throughcare_worker;
GRANT UPDATE (ended_at, address, version) ON protected_address TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for table in TABLES:
            await transaction.connection.execute(triggers(table))
            await transaction.connection.execute(ROW_SECURITY.format(table=table, mine=MINE))
        await transaction.connection.execute(RULES)

    manager.add_raw(run)
    return manager
