"""Which rows a reader knows of, said in the database too, and a caseload as columns.

What is sealed comes as it lies, and nothing is written out as text. `caseload_lines` and `read_caseload` of m0007 stay for the release that calls them; what m0003
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


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GONE, SEES, FUNCTIONS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
