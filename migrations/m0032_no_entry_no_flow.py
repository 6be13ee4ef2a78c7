"""A mandate of who works elsewhere opens nothing unless the registry says so, and no more than it.

The walls ask where they look at mandates already; of the agency's own staff nothing is asked. What
m0021 made stays for the release that calls it; the walls below it are the new ones.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0008_change_at_once import CHANGE
from migrations.m0012_audit_proof import PURPOSES
from migrations.m0020_walls import ME, MINE, NOW
from migrations.m0021_reads_of_one_set import BODY, BY_INDEX, COLUMNS, FORGET, OWN_ROWS, SHEET

ID = "2026-11-29T03:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "No entry, no flow"

PURPOSE = "nullif(current_setting('app.purpose', true), '')"
GROUPS = f"flow_groups(m.agency, 'agency', m.elsewhere, NULL, {NOW}, {PURPOSE}, m.plan, m.actor)"
TOLD = f"CASE WHEN m.elsewhere IS NOT NULL THEN {GROUPS} END"
STANDS = f"(m.elsewhere IS NULL OR {GROUPS} IS NOT NULL)"

MANDATES = f"""
CREATE OR REPLACE FUNCTION my_plans() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.plan FROM mandate m {MINE} AND {STANDS}
$$;
CREATE OR REPLACE FUNCTION my_people() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.person FROM mandate m {MINE} AND m.person IS NOT NULL AND {STANDS}
$$;

CREATE OR REPLACE FUNCTION my_mandates()
RETURNS TABLE (plan uuid, person uuid, role varchar) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.plan, m.person, m.role FROM mandate m {MINE} AND {STANDS}
$$;

-- With the field groups that may be told, where the reader works elsewhere.
CREATE FUNCTION my_mandates_by_flow()
RETURNS TABLE (plan uuid, person uuid, role varchar, groups text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
    SELECT m.plan, m.person, m.role, {TOLD} FROM mandate m {MINE} AND {STANDS}
$$;
DROP FUNCTION my_mandates_on(uuid);
CREATE FUNCTION my_mandates_on(asked uuid)
RETURNS TABLE (person uuid, role varchar, starts timestamptz, glass boolean, groups text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
    SELECT m.person, m.role, m.starts, m.glass IS NOT NULL, {TOLD} FROM mandate m
     WHERE m.actor = {ME} AND m.plan = asked AND m.starts <= {NOW}
       AND (m.ends IS NULL OR m.ends > {NOW})
       AND (m.person IS NULL OR NOT is_barred(m.person, m.actor, m.role)) AND {STANDS}
$$;
REVOKE EXECUTE ON FUNCTION my_mandates_by_flow, my_mandates_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_mandates_by_flow, my_mandates_on TO throughcare_app;

-- Whether what is told to a reader covers a group: everything, to the agency's own.
CREATE FUNCTION covers(groups text[], wanted text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT groups IS NULL OR wanted = ANY (groups)
$$;
REVOKE EXECUTE ON FUNCTION covers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION covers TO throughcare_app, throughcare_worker;
"""

# For who works elsewhere the change takes the longer way, where the group is asked for.
CHANGE_AT_ONCE = CHANGE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
    "AND m.actor = who.actor AND m.starts",
    "AND m.actor = who.actor AND m.elsewhere IS NULL AND m.starts",
)

# As in m0021, with the groups of each plan; what is due is no order for who is not told of rows.
SHOWS = "covers(string_to_array(m.groups, ','), 'milestones')"
OF_PLAN = f"CASE WHEN m.role = ANY (workers) AND {SHOWS} THEN {{}} END"
OF_ROW = f"CASE WHEN {SHOWS} THEN {{}} END"
PAGE = """
    SELECT {first}array_agg(l.id), array_agg(l.version), array_agg(l.alias), array_agg(l.state),
           array_agg(l.release_date), array_agg(l.certainty), array_agg(l.zone), array_agg(l.role),
           array_agg(l.person), array_agg(l.identity), array_agg(l.wrapped), array_agg(l.due_on),
           array_agg(l.title), array_agg(l.win_after), array_agg(l.groups)
      FROM (
        SELECT c.*, CASE WHEN c.role = ANY (read_names)
                          AND covers(string_to_array(c.groups, ','), 'identity')
                         THEN s.identity END AS identity, k.wrapped
          FROM (SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone,
                       p.person, m.role, m.groups, {due} AS due_on, {title}::text AS title,
                       {window} AS win_after, coalesce({due}, '9999-12-31') AS sorts
                  FROM unnest(held_plans, held_roles, held_groups) AS m (plan, role, groups)
                  JOIN plan p ON p.id = m.plan
                       AND p.state NOT IN ('closed', 'transferred', 'ended_death')
                  {join}
                 WHERE (coalesce({due}, '9999-12-31'), p.id) > (after_due, after_plan)
                 ORDER BY sorts, p.id LIMIT size) c
          JOIN person s ON s.id = c.person
          JOIN subject_key k ON k.id = c.person
         ORDER BY c.sorts, c.id) l
"""
OF_WORKER = {
    "due": OF_PLAN.format("p.next_due_on"),
    "title": OF_PLAN.format("p.next_title"),
    "window": "p.next_win_after",
    "join": "",
}
OF_OTHERS = {
    "due": OF_ROW.format("n.due_on"),
    "title": OF_ROW.format("n.title"),
    "window": "n.win_after",
    "join": OWN_ROWS,
}
HELD = """
    held_plans uuid[];
    held_roles varchar[];
    held_people uuid[];
    held_groups text[];
    told text;"""
WITH_GROUPS = BODY.replace("my_mandates()", "my_mandates_by_flow()").replace(
    "array_agg(h.person)\n      INTO held_plans, held_roles, held_people",
    "array_agg(h.person),\n           array_agg(array_to_string(h.groups, ','))\n"
    "      INTO held_plans, held_roles, held_people, held_groups",
)
OF_SCOPE = WITH_GROUPS.format(
    role="reader_role",
    of_worker=PAGE.format(first="", **OF_WORKER),
    of_others=PAGE.format(first="", **OF_OTHERS),
    forget=FORGET,
)
OF_TOKEN = WITH_GROUPS.format(
    role="who.actor_role",
    of_worker=PAGE.format(first="who.actor, ", **OF_WORKER),
    of_others=PAGE.format(first="who.actor, ", **OF_OTHERS),
    forget=FORGET,
)
CASELOAD = f"""
CREATE FUNCTION caseload_by_flow(
    reader_role varchar, workers text[], read_names text[], after_due date, after_plan uuid,
    size int)
RETURNS TABLE ({COLUMNS}, told_groups text[]) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE {HELD}
BEGIN {OF_SCOPE}
END $$;

CREATE FUNCTION read_caseload_by_flow(
    token bytea, at timestamptz, allowed text[], workers text[], read_names text[],
    request varchar, after_due date, after_plan uuid, size int)
RETURNS TABLE (actor uuid, {COLUMNS}, told_groups text[]) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE {HELD}
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    {OF_TOKEN}
END $$;

REVOKE EXECUTE ON FUNCTION caseload_by_flow, read_caseload_by_flow FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_by_flow, read_caseload_by_flow TO throughcare_app;
"""

PLAN = f"""
CREATE FUNCTION plan_by_flow(
    reader_role varchar, at timestamptz, asked uuid, states text[], until date,
    read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE ({SHEET}, told_groups text[]) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp {BY_INDEX} AS $$
DECLARE
    held record;
    told text;
BEGIN
    SELECT h.role, h.person, h.groups, bool_or(h.glass) OVER () AS glass INTO held
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
           CASE WHEN covers(held.groups, 'milestones') THEN (SELECT json_agg(r) FROM (
                SELECT n.id, n.version, n.code, n.pathway, n.title, n.owner, n.partners, n.kind,
                       n.court, n.day, n.win_after, n.state, n.cause, n.due_on, n.pinned,
                       n.done_on, n.said_by, n.show_court
                  FROM milestone n
                 WHERE n.plan = asked AND n.state = ANY (states) AND sees(held.role, n)
                   AND (n.due_on IS NULL OR n.due_on <= until)
                 ORDER BY n.due_on, n.code) r) END,
           CASE WHEN held.role = ANY (read_circle) AND covers(held.groups, 'circle')
                THEN (SELECT json_agg(r) FROM (
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
                   AND (c.glass IS NULL OR held.role = ANY (workers))
                 ORDER BY c.role, c.starts) r) END,
           CASE WHEN held.role = ANY (read_dates) AND covers(held.groups, 'appointments')
                THEN (SELECT json_agg(r) FROM (
                SELECT a.id, a.version, a.role, a.held_on, a.held_at, a.state,
                       encode(a.place, 'hex') AS place, a.milestone
                  FROM appointment a
                 WHERE a.plan = asked AND (held.role = ANY (workers) OR a.role = held.role)
                 ORDER BY a.held_on, a.held_at) r) END,
           held.glass, held.groups
      FROM plan p
      LEFT JOIN person s ON s.id = p.person AND held.role = ANY (read_names)
           AND covers(held.groups, 'identity')
      LEFT JOIN subject_key k ON k.id = p.person
     WHERE p.id = asked;
    {FORGET}
END $$;

CREATE FUNCTION read_plan_by_flow(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE (actor uuid, {SHEET}, told_groups text[]) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    RETURN QUERY SELECT who.actor, sheet.* FROM plan_by_flow(
        who.actor_role, at, asked, states, until, read_names, workers, read_dates, read_circle
        ) AS sheet;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC404', MESSAGE = 'nothing here';
    END IF;
    INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request);
END $$;

REVOKE EXECUTE ON FUNCTION plan_by_flow, read_plan_by_flow FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_by_flow, read_plan_by_flow TO throughcare_app;
"""

# What is for the running of the service, for a complaint or for an audit is for nobody's care.
HOUSE = (
    "'listFlows', 'recordFlow', 'confirmFlow', 'endFlow', 'setRegime', 'listColleagues',"
    " 'inviteColleague', 'acceptInvitation', 'endAccountInvitation', 'endAccount', 'nameCountry',"
    " 'setComplaintDays', 'makeSmall', 'recordIncident', 'listIncidents', 'amendIncident',"
    " 'draftNotice', 'recordNotice', 'closeIncident'"
)
LOOKED = (
    "'listAccess', 'listRecord', 'listProofs', 'listAgencyHolds', 'listReviews', 'recordReview'"
)
COMPLAINTS = "'recordComplaint', 'listComplaints', 'answerComplaint'"
USUAL = (
    PURPOSES.partition("CREATE TRIGGER")[0]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    .replace("'denials')", f"'denials', {HOUSE})")
    .replace(
        "('listAccess')",
        f"({COMPLAINTS}) THEN 'complaint'\n        WHEN NEW.operation IN ({LOOKED})",
    )
)

MESSAGES = """
-- What of somebody a text carries: asked of the entry when it is sent, and when an entry ends.
CREATE FUNCTION message_group(key varchar, step varchar) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN key IN ('GATE-WAIT', 'GATE-OFF') THEN 'messages'
        WHEN key LIKE 'GATE%' OR (key = 'APPT-MOVED' AND step = 'release') THEN 'release date'
        WHEN key LIKE 'GOODNEWS%' THEN 'milestones'
        WHEN key LIKE 'APPT%' THEN 'appointments'
        ELSE 'messages' END
$$;

-- Whether somebody of a circle may be told such a thing by chat, and staff who work elsewhere of
-- what there is to do; null where they have no mandate.
CREATE FUNCTION message_may_flow(on_plan uuid, who uuid, wanted varchar, at timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT bool_or(CASE
        WHEN m.role IN ('ME', 'FA', 'PE')
            THEN may_flow(m.agency, 'chat', NULL, m.role, wanted, at)
        WHEN m.elsewhere IS NULL THEN true
        ELSE coalesce('tasks' = ANY (flow_groups(
            m.agency, 'agency', m.elsewhere, NULL, at, NULL, m.plan, m.actor)), false) END)
      FROM mandate m
     WHERE m.plan = on_plan AND m.actor = who AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)
$$;

-- What waits in the actor's agency and may flow no more falls away, and a human hears of each:
-- how many. `spared` are answers to what somebody just wrote.
CREATE FUNCTION cancel_without_flow(spared text[], at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        UPDATE message m SET state = 'cancelled', reason = 'no-flow', version = m.version + 1
         WHERE m.agency = (SELECT my_agency()) AND m.plan IS NOT NULL
           AND m.state IN ('queued', 'claimed') AND m.sending_at IS NULL
           AND NOT m.key = ANY (spared)
           AND NOT message_may_flow(m.plan, m.recipient, message_group(m.key, m.step), at)
        RETURNING m.id, m.agency, m.plan, m.key, m.local_due, m.recipient),
    told AS (
        INSERT INTO task (id, agency, plan, version, kind, step, role, subject, about, local_due,
                          due_at, urgency, opened_at)
        SELECT gen_random_uuid(), g.agency, g.plan, 1, 'no-flow', g.key, 'SW', g.id, g.recipient,
               g.local_due, at + interval '4 hours', 0, at
          FROM gone g
        ON CONFLICT DO NOTHING)
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION message_group, message_may_flow, cancel_without_flow FROM PUBLIC;
GRANT EXECUTE ON FUNCTION message_group, message_may_flow TO throughcare_app, throughcare_worker;
GRANT EXECUTE ON FUNCTION cancel_without_flow TO throughcare_app;

-- The owner, for this function alone: an administrator has no plan of their own to do it on.
CREATE POLICY owner_reads_waiting ON message FOR SELECT TO throughcare_owner
    USING (plan IS NOT NULL AND sending_at IS NULL
           AND (state::text = ANY (ARRAY['queued', 'claimed']) OR reason = 'no-flow'));
CREATE POLICY owner_cancels ON message FOR UPDATE TO throughcare_owner
    USING (plan IS NOT NULL AND sending_at IS NULL
           AND state::text = ANY (ARRAY['queued', 'claimed']))
    WITH CHECK (state = 'cancelled' AND reason = 'no-flow');
CREATE POLICY owner_tells ON task FOR INSERT TO throughcare_owner WITH CHECK (kind = 'no-flow');
CREATE POLICY owner_notes ON change FOR INSERT TO throughcare_owner
    WITH CHECK (entity::text = ANY (ARRAY['message', 'task']));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (MANDATES, CHANGE_AT_ONCE, CASELOAD, PLAN, USUAL, MESSAGES):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
