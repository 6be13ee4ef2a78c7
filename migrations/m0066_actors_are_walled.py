"""Who there is, as ids, is shown to nobody in passing; nor is how often somebody was refused.

Whoever got a statement into the application could count the people of every agency by `actor`.
The program itself only adds to it, in the transaction in which it adds whom it names; what asks
for an agency by an id runs as the owner. Refusals are counted by a function alone.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0056_accounts_are_walled import APP, JOBS, wall

ID = "2026-11-29T14:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of actors and of refusals that are counted"

# The release before this one needs none of the policies that m0056 left for the one before it. But
# where both come in one go it is that one which still runs.
OVER = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM migration WHERE name = '2026-11-29T11:00:00:000000'
                  AND ran_on < clock_timestamp()::timestamp - interval '1 hour') THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""
CLOSE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM staff) THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""

# It asks for the row that it adds (ON CONFLICT), which is not there yet.
ACTORS = wall(
    "actor",
    app_reads=f"FOR SELECT {APP} USING (id = {ME} OR xmin = pg_current_xact_id_if_assigned()::xid)",
    app_adds=f"FOR INSERT {APP} WITH CHECK (true)",
    jobs_read=f"FOR SELECT {JOBS} USING (true)",
    release_before=f"FOR SELECT {APP} USING (true)",
)

DENIALS = """
CREATE FUNCTION count_refusal(who uuid, at timestamptz) RETURNS int LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO denial AS d (id, actor, minute, times)
    VALUES (gen_random_uuid(), coalesce(who, '00000000-0000-0000-0000-000000000000'),
            date_trunc('minute', at), 1)
    ON CONFLICT (actor, minute) DO UPDATE SET times = d.times + 1
    RETURNING times
$$;
CREATE OR REPLACE FUNCTION note_denial(
    at timestamptz, who uuid, who_role varchar, who_agency uuid, what varchar, why varchar,
    hashed bytea, request varchar, most int)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF count_refusal(who, at) <= most THEN
        INSERT INTO audit (at, actor, role, operation, agency, outcome, reason, object_hash,
                           request)
        VALUES (at, who, who_role, what, who_agency, 'denied', why, hashed, request);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION count_refusal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_refusal TO throughcare_app;
REVOKE SELECT, INSERT, UPDATE ON denial FROM throughcare_app;
""" + wall(
    "denial",
    jobs_read=f"FOR SELECT {JOBS} USING (true)",
    jobs_tell=f"FOR DELETE {JOBS} USING (true)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (OVER, ACTORS, DENIALS, CLOSE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
