"""The hot reads ask once for the reader's mandates, and the row policies then look at that set.

Every policy of a statement asked `my_plans()` anew: a page of a caseload asked three times, a
plan's sheet seven. Now the function that reads asks once, judged by mandates and walls as ever,
and tells the policies by two settings that end with it. Where these are not set, and for every
write, a policy asks as before. What m0007 made stays for the release that calls it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, MINE, NOW

ID = "2026-11-28T21:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Hot reads that ask for mandates once"

# As in m0003, its settings said as plain expressions: these cost a tenth of a statement.
ENTER = """
CREATE OR REPLACE FUNCTION enter(token bytea, at timestamptz, allowed text[])
RETURNS TABLE (actor uuid, actor_role varchar, actor_agency uuid, actor_session uuid)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told text;
BEGIN
    SELECT f.id, f.role, f.agency, s.id INTO actor, actor_role, actor_agency, actor_session
      FROM session s JOIN staff f ON f.id = s.staff AND f.active
     WHERE s.access = token AND s.access_until > at AND s.until > at AND s.ended_at IS NULL
       AND NOT s.browser;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC401', MESSAGE = 'not signed in';
    END IF;
    IF NOT actor_role = ANY (allowed) THEN
        RAISE EXCEPTION USING ERRCODE = 'TC403', MESSAGE = 'not your role';
    END IF;
    told := set_config('app.actor', actor::text, true);
    told := set_config('app.now', at::text, true);
    RETURN NEXT;
END $$;
"""

MANDATES = f"""
CREATE FUNCTION my_mandates() RETURNS TABLE (plan uuid, person uuid, role varchar)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.plan, m.person, m.role FROM mandate m {MINE}
$$;

-- The same of one plan, found by it.
CREATE FUNCTION my_mandates_on(asked uuid)
RETURNS TABLE (person uuid, role varchar, starts timestamptz, glass boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
    SELECT m.person, m.role, m.starts, m.glass IS NOT NULL FROM mandate m
     WHERE m.actor = {ME} AND m.plan = asked AND m.starts <= {NOW}
       AND (m.ends IS NULL OR m.ends > {NOW})
       AND (m.person IS NULL OR NOT is_barred(m.person, m.actor, m.role))
$$;
GRANT EXECUTE ON FUNCTION is_barred TO throughcare_owner;
REVOKE EXECUTE ON FUNCTION my_mandates, my_mandates_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_mandates, my_mandates_on TO throughcare_app;
"""

# Whoever may set these may set the actor too: they open nothing that was not open to them.
ASKED_PLANS = "(SELECT unnest(nullif(current_setting('app.plans', true), '')::uuid[]))"
ASKED_PEOPLE = "(SELECT unnest(nullif(current_setting('app.people', true), '')::uuid[]))"
PLANS = f"plan IN {ASKED_PLANS} OR plan IN (SELECT my_plans())"
POLICIES = f"""
ALTER POLICY app_reads ON plan USING (id IN {ASKED_PLANS} OR id IN (SELECT my_plans()));
ALTER POLICY app_reads ON person USING (id IN {ASKED_PEOPLE} OR id IN (SELECT my_people()));
ALTER POLICY app_reads ON mandate USING ({PLANS});
ALTER POLICY app_reads ON milestone USING ({PLANS});
ALTER POLICY app_reads ON appointment USING ({PLANS});
ALTER POLICY app_reads ON member USING ({PLANS});
ALTER POLICY app_reads ON link
    USING ({PLANS} OR (plan IS NULL AND agency = (SELECT my_agency())));
"""

# What a function tells the policies ends with it; one that fails takes it back with the rest.
FORGET = """told := set_config('app.plans', '', true);
    told := set_config('app.people', '', true);"""

# The planner does not know how few plans a reader has; without these it walks through everybody's.
BY_INDEX = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"

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

# One array for each column; what is sealed comes as it lies, and nothing is written out as text.
COLUMNS = """
    ids uuid[], versions int[], aliases varchar[], states varchar[], release_dates date[],
    certainties varchar[], zones varchar[], mandates varchar[], people uuid[],
    identities bytea[], wrapped bytea[], dues date[], titles text[], wins smallint[]"""

# A page sorted by `due`. A name leaves the database only where the reader's mandate reads names.
PAGE = """
    SELECT {first}array_agg(l.id), array_agg(l.version), array_agg(l.alias), array_agg(l.state),
           array_agg(l.release_date), array_agg(l.certainty), array_agg(l.zone), array_agg(l.role),
           array_agg(l.person), array_agg(l.identity), array_agg(l.wrapped), array_agg(l.due_on),
           array_agg(l.title), array_agg(l.win_after)
      FROM (
        SELECT c.*, CASE WHEN c.role = ANY (read_names) THEN s.identity END AS identity, k.wrapped
          FROM (SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone,
                       p.person, m.role, {due} AS due_on, {title}::text AS title,
                       {window} AS win_after, coalesce({due}, '9999-12-31') AS sorts
                  FROM unnest(held_plans, held_roles) AS m (plan, role)
                  JOIN plan p ON p.id = m.plan
                       AND p.state NOT IN ('closed', 'transferred', 'ended_death')
                  {join}
                 WHERE (coalesce({due}, '9999-12-31'), p.id) > (after_due, after_plan)
                 ORDER BY sorts, p.id LIMIT size) c
          JOIN person s ON s.id = c.person
          JOIN subject_key k ON k.id = c.person
         ORDER BY c.sorts, c.id) l
"""
OF_WORKER = {"due": OF_PLAN, "title": TITLE_OF_PLAN, "window": "p.next_win_after", "join": ""}
OF_OTHERS = {"due": "n.due_on", "title": "n.title", "window": "n.win_after", "join": OWN_ROWS}

BODY = """
    SELECT array_agg(h.plan), array_agg(h.role), array_agg(h.person)
      INTO held_plans, held_roles, held_people FROM my_mandates() h;
    told := set_config('app.plans', held_plans::text, true);
    told := set_config('app.people', held_people::text, true);
    IF {role} = ANY (workers) THEN
        RETURN QUERY {of_worker};
    ELSE
        RETURN QUERY {of_others};
    END IF;
    {forget}"""
HELD = """
    held_plans uuid[];
    held_roles varchar[];
    held_people uuid[];
    told text;"""


OF_SCOPE = BODY.format(
    role="reader_role",
    of_worker=PAGE.format(first="", **OF_WORKER),
    of_others=PAGE.format(first="", **OF_OTHERS),
    forget=FORGET,
)
OF_TOKEN = BODY.format(
    role="who.actor_role",
    of_worker=PAGE.format(first="who.actor, ", **OF_WORKER),
    of_others=PAGE.format(first="who.actor, ", **OF_OTHERS),
    forget=FORGET,
)

CASELOAD = f"""
-- Of whoever is in scope.
CREATE FUNCTION caseload_columns(
    reader_role varchar, workers text[], read_names text[], after_due date, after_plan uuid,
    size int)
RETURNS TABLE ({COLUMNS}) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE {HELD}
BEGIN {OF_SCOPE}
END $$;

-- Of whoever holds the token; written down.
CREATE FUNCTION read_caseload_columns(
    token bytea, at timestamptz, allowed text[], workers text[], read_names text[],
    request varchar, after_due date, after_plan uuid, size int)
RETURNS TABLE (actor uuid, {COLUMNS}) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE {HELD}
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    {OF_TOKEN}
END $$;

REVOKE EXECUTE ON FUNCTION caseload_columns, read_caseload_columns FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_columns, read_caseload_columns TO throughcare_app;
"""

SHEET = """
    id uuid, version int, alias varchar, person uuid, state varchar, zone varchar,
    release_date date, release_time time, certainty varchar, supervision boolean,
    overlays varchar[], left_custody_at timestamptz, mandate varchar, language varchar,
    identity bytea, wrapped bytea, milestones json, circle json, appointments json, glass boolean"""

PLAN = f"""
-- A plan as far as whoever is in scope may read: which mandate roles read the name, the circle and
-- the appointments is told by the caller, and so are the states and days of the rows asked for.
CREATE FUNCTION plan_cut(
    reader_role varchar, at timestamptz, asked uuid, states text[], until date,
    read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE ({SHEET}) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE
    held record;
    told text;
BEGIN
    SELECT h.role, h.person, bool_or(h.glass) OVER () AS glass INTO held
      FROM my_mandates_on(asked) h ORDER BY h.role <> reader_role, h.starts LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    told := set_config('app.plans', ARRAY[asked]::text, true);
    told := set_config('app.people', ARRAY[held.person]::text, true);
    RETURN QUERY
    SELECT p.id, p.version, p.alias, p.person, p.state, p.zone, p.release_date, p.release_time,
           p.certainty, p.supervision, p.overlays, p.left_custody_at, held.role, s.language,
           s.identity, k.wrapped,
           (SELECT json_agg(r) FROM (
                SELECT n.id, n.version, n.code, n.pathway, n.title, n.owner, n.partners, n.kind,
                       n.court, n.day, n.win_after, n.state, n.cause, n.due_on, n.pinned,
                       n.done_on, n.said_by, n.show_court
                  FROM milestone n
                 WHERE n.plan = asked AND n.state = ANY (states) AND sees(held.role, n)
                   AND (n.due_on IS NULL OR n.due_on <= until)
                 ORDER BY n.due_on, n.code) r),
           CASE WHEN held.role = ANY (read_circle) THEN (SELECT json_agg(r) FROM (
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
           CASE WHEN held.role = ANY (read_dates) THEN (SELECT json_agg(r) FROM (
                SELECT a.id, a.version, a.role, a.held_on, a.held_at, a.state,
                       encode(a.place, 'hex') AS place, a.milestone
                  FROM appointment a
                 WHERE a.plan = asked AND (held.role = ANY (workers) OR a.role = held.role)
                 ORDER BY a.held_on, a.held_at) r) END,
           held.glass
      FROM plan p
      LEFT JOIN person s ON s.id = p.person AND held.role = ANY (read_names)
      LEFT JOIN subject_key k ON k.id = p.person
     WHERE p.id = asked;
    {FORGET}
END $$;

-- TC404: it does not exist, or it is not the reader's; the two cannot be told apart.
CREATE FUNCTION read_plan_cut(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE (actor uuid, {SHEET}) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    RETURN QUERY SELECT who.actor, sheet.* FROM plan_cut(
        who.actor_role, at, asked, states, until, read_names, workers, read_dates, read_circle
        ) AS sheet;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC404', MESSAGE = 'nothing here';
    END IF;
    INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request);
END $$;

REVOKE EXECUTE ON FUNCTION plan_cut, read_plan_cut FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_cut, read_plan_cut TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (ENTER, MANDATES, POLICIES, CASELOAD, PLAN):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
