"""The caseload and the plan in one round trip each, and row policies that stay cheap.

What m0003 made for the caseload stays for the release that calls it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Functions that read a caseload or a plan in one round trip"

# The settings are read once for a statement, not once for a row.
POLICIES = """
CREATE OR REPLACE FUNCTION my_plans() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT plan FROM mandate
     WHERE actor = (SELECT nullif(current_setting('app.actor', true), '')::uuid)
       AND starts <= (SELECT nullif(current_setting('app.now', true), '')::timestamptz)
       AND (ends IS NULL
            OR ends > (SELECT nullif(current_setting('app.now', true), '')::timestamptz))
$$;
-- One person at a time, by their own plan, and not by a walk through everybody's.
ALTER POLICY app_reads ON person USING (EXISTS (SELECT 1 FROM plan p WHERE p.person = person.id));
ALTER POLICY app_changes ON person USING (EXISTS (SELECT 1 FROM plan p WHERE p.person = person.id));
"""

# The owner sees no row of a plan; for this one statement nobody else sees the table either.
NEXT_WINDOW = """
CREATE OR REPLACE FUNCTION refresh_next_due(plans uuid[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE plan p
       SET next_due_on = n.due_on, next_milestone = n.id, next_title = n.title,
           next_win_after = n.win_after
      FROM plan q
      LEFT JOIN LATERAL (
            SELECT m.id, m.due_on, m.title, m.win_after FROM milestone m
             WHERE m.plan = q.id AND m.state IN ('planned', 'in_progress')
               AND (m.day <= 0 OR q.left_custody_at IS NOT NULL)
             ORDER BY m.due_on, m.code LIMIT 1) n ON true
     WHERE p.id = q.id AND q.id = ANY (plans)
       AND (p.next_due_on, p.next_milestone, p.next_title, p.next_win_after)
           IS DISTINCT FROM (n.due_on, n.id, n.title, n.win_after)
$$;
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone NO FORCE ROW LEVEL SECURITY;
ALTER TABLE plan DISABLE TRIGGER change_update;
UPDATE plan p SET next_win_after = n.win_after FROM milestone n WHERE n.id = p.next_milestone;
ALTER TABLE plan ENABLE TRIGGER change_update;
ALTER TABLE milestone FORCE ROW LEVEL SECURITY;
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
"""

# What is due next: on the plan's own row for a worker. Every other reader is told, and sorted, by
# their own rows alone, for the order would tell of the rest.
NEXT_OF_PLAN = """
                   CASE WHEN m.role = ANY (workers) THEN p.next_due_on END AS due_on,
                   CASE WHEN m.role = ANY (workers) THEN p.next_title END AS title,
                   p.next_win_after AS win_after"""
DUE_OF_PLAN = "CASE WHEN m.role = ANY (workers) THEN p.next_due_on END"
NEXT_OWN = "n.due_on, n.title, n.win_after"
OWN_ROWS = """
    LEFT JOIN LATERAL (
         SELECT o.due_on, o.title, o.win_after FROM milestone o
          WHERE o.plan = p.id AND o.owner = m.role AND o.state IN ('planned', 'in_progress')
            AND (o.day <= 0 OR p.left_custody_at IS NOT NULL)
          ORDER BY o.due_on, o.code LIMIT 1) n ON true
"""

# A page of a caseload, sorted by `due`, as one JSON text: the program reads that faster than rows.
LINES = """
    SELECT json_agg(l) FROM (
        SELECT c.id, c.version, c.alias, c.state, c.release_date, c.certainty, c.zone, c.person,
               c.role AS mandate, encode(s.identity, 'hex') AS identity,
               encode(k.wrapped, 'hex') AS wrapped, c.due_on, c.title, c.win_after
          FROM (SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone,
                       p.person, m.role, {columns}, coalesce({due}, '9999-12-31') AS sorts
                  FROM mandate m
                  JOIN plan p ON p.id = m.plan
                       AND p.state NOT IN ('closed', 'transferred', 'ended_death')
                  {join}
                 WHERE m.actor = reader AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)
                   AND (coalesce({due}, '9999-12-31'), p.id) > (after_due, after_plan)
                 ORDER BY sorts, p.id LIMIT size) c
          JOIN person s ON s.id = c.person
          JOIN subject_key k ON k.id = c.person
         ORDER BY c.sorts, c.id) l
"""

# The planner does not know how few plans a reader has; without these it walks through everybody's.
BY_INDEX = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

CASELOAD = f"""
CREATE FUNCTION caseload_lines(
    reader uuid, reader_role varchar, at timestamptz, workers text[], after_due date,
    after_plan uuid, size int)
RETURNS json LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
BEGIN
    IF reader_role = ANY (workers) THEN
        RETURN ({LINES.format(due=DUE_OF_PLAN, columns=NEXT_OF_PLAN, join="")});
    END IF;
    RETURN ({LINES.format(due="n.due_on", columns=NEXT_OWN, join=OWN_ROWS)});
END $$;

CREATE FUNCTION read_caseload(
    token bytea, at timestamptz, allowed text[], workers text[], request varchar,
    after_due date, after_plan uuid, size int)
RETURNS TABLE (actor uuid, lines json) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    actor := who.actor;
    lines := caseload_lines(
        who.actor, who.actor_role, at, workers, after_due, after_plan, size);
    RETURN NEXT;
END $$;
"""

PLAN = f"""
-- A plan as far as its reader may read: which mandate roles read the name, the circle and the
-- appointments is told by the caller, and so are the states and days of the rows that are asked for.
CREATE FUNCTION plan_sheet(
    reader uuid, reader_role varchar, at timestamptz, asked uuid, states text[], until date,
    read_names text[], workers text[], read_dates text[])
RETURNS TABLE (
    id uuid, version int, alias varchar, person uuid, state varchar, zone varchar,
    release_date date, release_time time, certainty varchar, supervision boolean,
    overlays varchar[], left_custody_at timestamptz, mandate varchar, language varchar,
    identity bytea, wrapped bytea, milestones json, circle json, appointments json)
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
                 WHERE n.plan = asked AND n.state = ANY (states)
                   AND (n.due_on IS NULL OR n.due_on <= until)
                 ORDER BY n.due_on, n.code) r),
           CASE WHEN m.role = ANY (workers) THEN (SELECT json_agg(r) FROM (
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
                 ORDER BY a.held_on, a.held_at) r) END
      FROM plan p
      JOIN mandate m ON m.plan = p.id AND m.actor = reader AND m.starts <= at
           AND (m.ends IS NULL OR m.ends > at)
      LEFT JOIN person s ON s.id = p.person AND m.role = ANY (read_names)
      LEFT JOIN subject_key k ON k.id = p.person
     WHERE p.id = asked
     ORDER BY m.role <> reader_role, m.starts LIMIT 1;
END $$;

-- TC404: it does not exist, or it is not the reader's; the two cannot be told apart.
CREATE FUNCTION read_plan(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[])
RETURNS TABLE (
    actor uuid, id uuid, version int, alias varchar, person uuid, state varchar, zone varchar,
    release_date date, release_time time, certainty varchar, supervision boolean,
    overlays varchar[], left_custody_at timestamptz, mandate varchar, language varchar,
    identity bytea, wrapped bytea, milestones json, circle json, appointments json)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    RETURN QUERY SELECT who.actor, sheet.* FROM plan_sheet(
        who.actor, who.actor_role, at, asked, states, until, read_names, workers, read_dates
    ) AS sheet;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC404', MESSAGE = 'nothing here';
    END IF;
    INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request);
END $$;
"""

GRANTS = """
REVOKE EXECUTE ON FUNCTION caseload_lines, read_caseload, plan_sheet, read_plan FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_lines, read_caseload, plan_sheet, read_plan TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (POLICIES, NEXT_WINDOW, CASELOAD, PLAN, GRANTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
