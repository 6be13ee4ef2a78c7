"""A legal hold is a row of a plan; no key is destroyed under one, and a circle goes with its person.

The most for an hour is counted in people from now on, not in keys: whoever had ten relatives could
never have been erased.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import row_security, triggers

ID = "2026-11-28T22:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of legal holds, and the keys of a person with their circle"

HOLDS = """
ALTER TABLE legal_hold ADD CONSTRAINT legal_hold_ended
    CHECK ((ended_at IS NULL) = (ended_by IS NULL));
CREATE INDEX legal_hold_standing ON legal_hold (person) WHERE ended_at IS NULL;
CREATE POLICY owner_reads ON legal_hold FOR SELECT TO throughcare_owner
    USING (agency = (SELECT my_agency()));
GRANT SELECT, INSERT ON legal_hold TO throughcare_app;
GRANT UPDATE (ended_at, ended_by, version) ON legal_hold TO throughcare_app;
GRANT SELECT ON legal_hold TO throughcare_worker, throughcare_backup;

-- What an erasure takes away beside the keys: a court's reference, a reason under a worker's key.
GRANT UPDATE (reference_index) ON court_file TO throughcare_app;
GRANT UPDATE (reason) ON break_glass TO throughcare_app;
"""

ME = "nullif(current_setting('app.actor', true), '')::uuid"
NOW = "nullif(current_setting('app.now', true), '')::timestamptz"
COORDINATED = f"""
    SELECT m.plan FROM mandate m
     WHERE m.actor = {ME} AND m.role = 'CO' AND m.glass IS NULL AND m.starts <= {NOW}
       AND (m.ends IS NULL OR m.ends > {NOW}) AND m.plan IN (SELECT my_plans())"""

FUNCTIONS = f"""
-- On whatever plan it was set; the actor may see another one of this person.
CREATE FUNCTION is_held(whose uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM legal_hold WHERE person = whose AND ended_at IS NULL)
$$;

-- Whether a plan of this person is in somebody's hands on which the actor is no coordinator.
CREATE FUNCTION is_held_by_others(whose uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM mandate h WHERE h.person = whose
                      AND (h.ends IS NULL OR h.ends > {NOW})
                      AND h.plan NOT IN ({COORDINATED}))
$$;

-- Destroys the key of somebody in a circle, or of a person with all of their circles, for a
-- coordinator of the plan; false where that is not so, or the key is gone. The clock is the
-- database's own: ten people in an hour are the most for an agency, whatever time a caller says
-- it is, and a circle is counted with its person.
CREATE OR REPLACE FUNCTION destroy_key(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    SELECT p.person INTO whose FROM plan p
     WHERE p.id IN ({COORDINATED})
       AND (p.person = asked OR p.id IN (SELECT b.plan FROM member b WHERE b.id = asked)) LIMIT 1;
    IF whose IS NULL THEN
        RETURN false;
    END IF;
    IF is_held(whose) THEN
        RAISE EXCEPTION 'a legal hold stands' USING ERRCODE = 'TC409';
    END IF;
    IF (SELECT count(DISTINCT coalesce(p.person, k.id)) FROM subject_key k
          JOIN actor a ON a.id = k.id
          LEFT JOIN member b ON b.id = k.id LEFT JOIN plan p ON p.id = b.plan
         WHERE k.destroyed_at > clock_timestamp() - interval '1 hour'
           AND a.agency = (SELECT my_agency()) AND coalesce(p.person, k.id) <> whose) >= 10
    THEN
        RAISE EXCEPTION 'too many people were erased within an hour' USING ERRCODE = 'TC429';
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF asked = whose THEN
        UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
         WHERE wrapped IS NOT NULL AND id IN (
               SELECT b.id FROM member b JOIN plan p ON p.id = b.plan
                WHERE p.person = whose AND NOT EXISTS (
                      SELECT 1 FROM mandate m WHERE m.actor = b.id AND m.person <> whose
                         AND (m.ends IS NULL OR m.ends > {NOW})));
    END IF;
    RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION is_held, is_held_by_others FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_held, is_held_by_others TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(triggers("legal_hold"))
        await transaction.connection.execute(row_security("legal_hold", "plan"))
        await transaction.connection.execute(HOLDS)
        await transaction.connection.execute(FUNCTIONS)

    manager.add_raw(run)
    return manager
