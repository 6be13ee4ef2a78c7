"""The words by which a worker finds a person: rows that follow their person, to workers alone."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of the words to search by"

RULES = """
ALTER TABLE person_word ADD CONSTRAINT person_word_once UNIQUE (person, word);
ALTER TABLE person_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_word FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON person_word FOR SELECT TO throughcare_app USING (
    person IN (SELECT h.person FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['SW', 'CO'])));
CREATE POLICY app_adds ON person_word FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT my_agency()));
GRANT SELECT, INSERT ON person_word TO throughcare_app;
GRANT SELECT ON person_word TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(RULES)

    manager.add_raw(run)
    return manager
