"""Which rows a reader knows of, said in the database too.

What m0003 made for the caseload goes: no release calls it any more.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Rows cut to their reader"

GONE = "DROP FUNCTION caseload, caseload_page, own_caseload_page"

# The twin of `sees` in plans/rules.py, which has the reasons; a test draws rows for both.
SEES = """
CREATE FUNCTION sees(reader varchar, r milestone) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN reader IN ('SW', 'CO') THEN true
        WHEN reader = 'CP' THEN r.owner = 'CP' AND r.state <> 'dormant'
        WHEN r.pathway LIKE 'CNS%' OR r.state IN ('dormant', 'declined') THEN false
        WHEN (r.agree <> '-' OR r.kind IN ('V', 'N')) AND r.state NOT IN ('in_progress', 'done')
            THEN false
        WHEN reader = 'PO' THEN r.kind = 'O' OR (r.pathway = 'PRB' AND r.owner = 'PO')
            OR (r.court IN ('Y', 'A') AND r.state = 'done')
        WHEN reader = 'PS' THEN r.kind <> 'V' AND (r.owner = 'PS' OR 'PS' = ANY (r.partners))
        ELSE reader = 'TR' AND r.owner = 'TR'
    END
$$;
REVOKE EXECUTE ON FUNCTION sees FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sees TO throughcare_app, throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GONE, SEES):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
