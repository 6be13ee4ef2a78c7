"""Walls are judged where every row policy looks, after every mandate; the person is on the mandate.

What m0007 made for a person's row asked for a plan; now it asks for a mandate alone. `plan_sheet`
and `read_plan` of m0007 stay for the release that calls them.
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
CREATE INDEX mandate_reader ON mandate (actor, plan) INCLUDE (role, starts, ends, person);

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

# The planner does not know how few plans a reader has; without these it walks through everybody's.
BY_INDEX = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

PLAN = f"""
-- A plan as far as its reader may read: which mandate roles read the name, the circle and the
-- appointments is told by the caller, and so are the states and days of the rows that are asked for.
CREATE FUNCTION plan_cut(
    reader uuid, reader_role varchar, at timestamptz, asked uuid, states text[], until date,
    read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE (
    id uuid, version int, alias varchar, person uuid, state varchar, zone varchar,
    release_date date, release_time time, certainty varchar, supervision boolean,
    overlays varchar[], left_custody_at timestamptz, mandate varchar, language varchar,
    identity bytea, wrapped bytea, milestones json, circle json, appointments json, glass boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
BEGIN
    RETURN QUERY
    SELECT p.id, p.version, p.alias, p.person, p.state, p.zone, p.release_date, p.release_time,
           p.certainty, p.supervision, p.overlays, p.left_custody_at, m.role, s.language,
           s.identity, k.wrapped,
           (SELECT json_agg(r) FROM (
                SELECT n.id, n.version, n.code, n.pathway, n.title, n.owner, n.partners, n.kind,
                       n.court, n.day, n.win_after, n.state, n.cause, n.due_on, n.pinned,
                       n.done_on, n.said_by, n.show_court
                  FROM milestone n
                 WHERE n.plan = asked AND n.state = ANY (states) AND sees(m.role, n)
                   AND (n.due_on IS NULL OR n.due_on <= until)
                 ORDER BY n.due_on, n.code) r),
           CASE WHEN m.role = ANY (read_circle) THEN (SELECT json_agg(r) FROM (
                SELECT c.id AS mandate, c.version, c.actor, c.role, b.alias, b.gate,
                       encode(b.identity, 'hex') AS identity, encode(bk.wrapped, 'hex') AS wrapped,
                       f.alias AS staff_alias, l.id AS link, l.version AS link_version,
                       l.state AS link_state
                  FROM mandate c
                  LEFT JOIN member b ON b.id = c.actor
                  LEFT JOIN staff f ON f.id = c.actor
                  LEFT JOIN subject_key bk ON bk.id = b.id
                  LEFT JOIN LATERAL (
                       SELECT x.id, x.version, x.state FROM link x
                        WHERE x.plan = asked AND x.subject = c.actor
                        ORDER BY x.state = 'active' DESC, x.expires_at DESC LIMIT 1) l ON true
                 WHERE c.plan = asked AND c.starts <= at AND (c.ends IS NULL OR c.ends > at)
                 ORDER BY c.role, c.starts) r) END,
           CASE WHEN m.role = ANY (read_dates) THEN (SELECT json_agg(r) FROM (
                SELECT a.id, a.version, a.role, a.held_on, a.held_at, a.state,
                       encode(a.place, 'hex') AS place, a.milestone
                  FROM appointment a
                 WHERE a.plan = asked AND (m.role = ANY (workers) OR a.role = m.role)
                 ORDER BY a.held_on, a.held_at) r) END,
           EXISTS (SELECT 1 FROM mandate g WHERE g.plan = asked AND g.actor = reader
                      AND g.glass IS NOT NULL AND g.starts <= at AND g.ends > at)
      FROM plan p
      JOIN mandate m ON m.plan = p.id AND m.actor = reader AND m.starts <= at
           AND (m.ends IS NULL OR m.ends > at)
      LEFT JOIN person s ON s.id = p.person AND m.role = ANY (read_names)
      LEFT JOIN subject_key k ON k.id = p.person
     WHERE p.id = asked
     ORDER BY m.role <> reader_role, m.starts LIMIT 1;
END $$;

-- TC404: it does not exist, or it is not the reader's; the two cannot be told apart.
CREATE FUNCTION read_plan_cut(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE (
    actor uuid, id uuid, version int, alias varchar, person uuid, state varchar, zone varchar,
    release_date date, release_time time, certainty varchar, supervision boolean,
    overlays varchar[], left_custody_at timestamptz, mandate varchar, language varchar,
    identity bytea, wrapped bytea, milestones json, circle json, appointments json, glass boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    RETURN QUERY SELECT who.actor, sheet.* FROM plan_cut(
        who.actor, who.actor_role, at, asked, states, until, read_names, workers, read_dates,
        read_circle) AS sheet;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC404', MESSAGE = 'nothing here';
    END IF;
    INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request);
END $$;
"""

PLAN_GRANTS = """
REVOKE EXECUTE ON FUNCTION plan_cut, read_plan_cut FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_cut, read_plan_cut TO throughcare_app;
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
        for part in (CONSTRAINTS, PERSON_OF_MANDATE, FUNCTIONS, PLAN, PLAN_GRANTS):
            await transaction.connection.execute(part)
        await transaction.connection.execute(triggers("wall"))
        await transaction.connection.execute(row_security("wall", "plan"))
        await transaction.connection.execute(WALLS)

    manager.add_raw(run)
    return manager
