"""What holds a court's machine to its key, its day and its files."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Constraints and grants of courts' machines"

# The owner sees no row of a plan; for this one statement nobody else sees the tables either.
WHOSE = """
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE court_file NO FORCE ROW LEVEL SECURITY;
ALTER TABLE court_file DISABLE TRIGGER change_update;
UPDATE court_file f SET subject = p.person FROM plan p WHERE p.id = f.plan;
ALTER TABLE court_file ENABLE TRIGGER change_update;
ALTER TABLE court_file FORCE ROW LEVEL SECURITY;
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
"""

STATEMENTS = """
ALTER TABLE court_client ADD CONSTRAINT court_client_quota CHECK (daily_quota > 0);
ALTER TABLE court_assertion ADD CONSTRAINT court_assertion_once UNIQUE (hash);
CREATE INDEX court_assertion_over ON court_assertion (until);
ALTER TABLE court_day ADD CONSTRAINT court_day_once UNIQUE (client, day);
CREATE INDEX court_day_recent ON court_day (day);
ALTER TABLE court_canary ADD CONSTRAINT court_canary_once UNIQUE (client, reference_index);

GRANT SELECT, INSERT ON court_assertion, court_day, court_canary TO throughcare_app;
GRANT UPDATE (pulls, canaries) ON court_day TO throughcare_app;
GRANT UPDATE (until) ON court_token TO throughcare_app;
GRANT SELECT ON court_day, court_assertion TO throughcare_worker;
GRANT DELETE ON court_assertion TO throughcare_worker;
GRANT SELECT ON court_assertion, court_day, court_canary TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(WHOSE + STATEMENTS)

    manager.add_raw(run)
    return manager
