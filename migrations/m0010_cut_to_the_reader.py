"""Plans cut to their reader in the database, and a caseload as columns.

What is sealed comes as it lies, and nothing is written out as text. `plan_sheet`, `read_plan`,
`caseload_lines` and `read_caseload` of m0007 stay for the release that calls them; what m0003
made for the release before that goes.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Plans and caseloads cut to their reader"

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

# What is due next: on the plan's own row for a worker. Every other reader is told, and sorted, by
# their own rows alone, for the order would tell of the rest.
OF_PLAN = "CASE WHEN m.role = ANY (workers) THEN p.next_due_on END"
TITLE_OF_PLAN = "CASE WHEN m.role = ANY (workers) THEN p.next_title END"
OWN_ROWS = """
    LEFT JOIN LATERAL (
         SELECT o.due_on, o.title, o.win_after FROM milestone o
          WHERE o.plan = p.id AND o.owner = m.role AND o.state IN ('planned', 'in_progress')
            AND sees(m.role, o) AND (o.day <= 0 OR p.left_custody_at IS NOT NULL)
          ORDER BY o.due_on, o.code LIMIT 1) n ON true
"""

COLUMNS = """
    ids uuid[], versions int[], aliases varchar[], states varchar[], release_dates date[],
    certainties varchar[], zones varchar[], mandates varchar[], people uuid[], identities bytea[], wrapped bytea[],
    dues date[], titles text[], wins smallint[]"""

# A page sorted by `due`. A name leaves the database only where the reader's mandate reads names.
PAGE = """
    SELECT array_agg(l.id), array_agg(l.version), array_agg(l.alias), array_agg(l.state),
           array_agg(l.release_date), array_agg(l.certainty), array_agg(l.zone), array_agg(l.role),
           array_agg(l.person), array_agg(l.identity), array_agg(l.wrapped), array_agg(l.due_on),
           array_agg(l.title), array_agg(l.win_after)
      FROM (
        SELECT c.*, CASE WHEN c.role = ANY (read_names) THEN s.identity END AS identity, k.wrapped
          FROM (SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone,
                       p.person, m.role, {due} AS due_on, {title}::text AS title,
                       {window} AS win_after, coalesce({due}, '9999-12-31') AS sorts
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
PAGE_OF_WORKER = PAGE.format(due=OF_PLAN, title=TITLE_OF_PLAN, window="p.next_win_after", join="")
PAGE_OF_OTHERS = PAGE.format(due="n.due_on", title="n.title", window="n.win_after", join=OWN_ROWS)

# The planner does not know how few plans a reader has; without these it walks through everybody's.
BY_INDEX = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

FUNCTIONS = f"""
CREATE FUNCTION caseload_columns(
    reader uuid, reader_role varchar, at timestamptz, workers text[], read_names text[],
    after_due date, after_plan uuid, size int)
RETURNS TABLE ({COLUMNS}) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
BEGIN
    IF reader_role = ANY (workers) THEN
        RETURN QUERY {PAGE_OF_WORKER};
    ELSE
        RETURN QUERY {PAGE_OF_OTHERS};
    END IF;
END $$;

CREATE FUNCTION read_caseload_columns(
    token bytea, at timestamptz, allowed text[], workers text[], read_names text[],
    request varchar, after_due date, after_plan uuid, size int)
RETURNS TABLE (actor uuid, {COLUMNS}) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    RETURN QUERY SELECT who.actor, page.* FROM caseload_columns(
        who.actor, who.actor_role, at, workers, read_names, after_due, after_plan, size) AS page;
END $$;

REVOKE EXECUTE ON FUNCTION caseload_columns, read_caseload_columns FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_columns, read_caseload_columns TO throughcare_app;
"""


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
CREATE FUNCTION read_plan_cut(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[], read_circle text[])
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


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GONE, SEES, FUNCTIONS, PLAN, PLAN_GRANTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
