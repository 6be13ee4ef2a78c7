"""Walls are judged where every row policy looks, after every mandate; the person is on the mandate.

What m0007 made for a person's row asked for a plan; now it asks for a mandate alone.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import row_security, triggers

ID = "2026-11-28T20:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls around a person, judged after every mandate"

CONSTRAINTS = """
ALTER TABLE wall ADD CONSTRAINT wall_kind CHECK (kind IN ('excluded', 'admitted'));
CREATE UNIQUE INDEX wall_once ON wall (person, actor, kind) WHERE ended_at IS NULL;
CREATE INDEX wall_of_reader ON wall (actor, kind) INCLUDE (person) WHERE ended_at IS NULL;
CREATE INDEX wall_admitted ON wall (person, actor) WHERE kind = 'admitted' AND ended_at IS NULL;
ALTER TABLE break_glass ADD CONSTRAINT break_glass_two CHECK (let_by <> asked_by);
ALTER TABLE break_glass ADD CONSTRAINT break_glass_let CHECK ((let_by IS NULL) = (let_at IS NULL));
ALTER TABLE mandate ADD CONSTRAINT mandate_glass
    CHECK (glass IS NULL OR ends <= starts + interval '4 hours');
"""

# The owner sees no row of a plan; for this one statement nobody else sees the tables either.
PERSON_OF_MANDATE = """
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mandate NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mandate DISABLE TRIGGER change_update;
UPDATE mandate m SET person = p.person FROM plan p WHERE p.id = m.plan;
ALTER TABLE mandate ENABLE TRIGGER change_update;
ALTER TABLE mandate FORCE ROW LEVEL SECURITY;
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
DROP INDEX mandate_reader;
CREATE INDEX mandate_reader ON mandate (actor, plan) INCLUDE (role, starts, ends, person, glass);

-- The release before names no person. It is the owner who looks, in the actor's own agency.
CREATE FUNCTION name_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.person IS NULL THEN
        SELECT person INTO NEW.person FROM plan WHERE id = NEW.plan;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER name_person BEFORE INSERT ON mandate
    FOR EACH ROW EXECUTE FUNCTION name_person();
"""

# The reader's own, each looked up once for a statement: who shuts them out by name, and, for
# staff, who lets in others alone.
ME = "(SELECT nullif(current_setting('app.actor', true), '')::uuid)"
NOW = "(SELECT nullif(current_setting('app.now', true), '')::timestamptz)"
MINE = f"""
     WHERE m.actor = {ME} AND m.starts <= {NOW} AND (m.ends IS NULL OR m.ends > {NOW})
       AND (m.person IS NULL OR m.person NOT IN (
            SELECT w.person FROM wall w
             WHERE w.actor = {ME} AND w.kind = 'excluded' AND w.ended_at IS NULL))
       AND (m.person IS NULL OR m.role IN ('ME', 'FA', 'PE') OR m.person NOT IN (
            SELECT w.person FROM wall w WHERE w.kind = 'admitted' AND w.ended_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM wall v WHERE v.person = w.person AND v.actor = {ME}
                                  AND v.kind = 'admitted' AND v.ended_at IS NULL)))"""

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION my_plans() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.plan FROM mandate m {MINE}
$$;

CREATE FUNCTION my_people() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.person FROM mandate m {MINE} AND m.person IS NOT NULL
$$;
ALTER POLICY app_reads ON person USING (id IN (SELECT my_people()));
ALTER POLICY app_changes ON person USING (id IN (SELECT my_people()));

-- For who does not ask for themselves: the jobs, and a coordinator who lets somebody in.
CREATE FUNCTION is_barred(whose uuid, who uuid, as_role varchar) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'excluded'
                      AND w.actor = who AND w.ended_at IS NULL)
        OR (as_role NOT IN ('ME', 'FA', 'PE')
            AND EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                           AND w.ended_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                               AND w.actor = who AND w.ended_at IS NULL))
$$;
"""

WALLS = """
CREATE POLICY owner_reads ON wall FOR SELECT TO throughcare_owner USING (true);

ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON break_glass FOR SELECT TO throughcare_app
    USING (agency = (SELECT my_agency()));
CREATE POLICY app_adds ON break_glass FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT my_agency())
                AND asked_by = nullif(current_setting('app.actor', true), '')::uuid);
CREATE POLICY app_changes ON break_glass FOR UPDATE TO throughcare_app
    USING (agency = (SELECT my_agency()));
CREATE POLICY jobs ON break_glass TO throughcare_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT ON wall, break_glass TO throughcare_app;
GRANT UPDATE (ended_at, version) ON wall TO throughcare_app;
GRANT UPDATE (let_by, let_at, ended_at, version) ON break_glass TO throughcare_app;
GRANT SELECT ON wall, break_glass TO throughcare_worker, throughcare_backup;
REVOKE EXECUTE ON FUNCTION name_person, is_barred, my_people FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_barred, my_people, name_person TO throughcare_app;
GRANT EXECUTE ON FUNCTION is_barred, name_person TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (CONSTRAINTS, PERSON_OF_MANDATE, FUNCTIONS):
            await transaction.connection.execute(part)
        await transaction.connection.execute(triggers("wall"))
        await transaction.connection.execute(row_security("wall", "plan"))
        await transaction.connection.execute(WALLS)

    manager.add_raw(run)
    return manager
