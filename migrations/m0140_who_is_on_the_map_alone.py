"""Whoever is on the map of a family and in no circle is there for those alone who read the map."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0135_helpers import READS

ID = "2026-11-30T23:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A relative who is on the map alone is not of the circle"

# The person has their own family in their own file. A mandate of before is told like one of today.
MAP = f"""
CREATE POLICY app_reads_map ON member AS RESTRICTIVE FOR SELECT TO throughcare_app
    USING (role <> 'FA' OR EXISTS (SELECT 1 FROM mandate m WHERE m.actor = member.id)
           OR {READS} OR plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role = 'PE'));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(MAP)

    manager.add_raw(run)
    return manager
