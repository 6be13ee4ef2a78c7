"""A caseload that is filtered: the same lines in the same order, of the plans that were asked for.

The unfiltered read stays as it is. This one has its statement, with one condition more; what each
reader may know is judged for each plan by the mandate under which they read it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0021_reads_of_one_set import BY_INDEX, COLUMNS
from migrations.m0063_plans_told_by_name import CASELOAD, _with

ID = "2026-12-01T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A caseload by views and filters"

TOLD = "covers(string_to_array(m.groups, ','), '{group}')"
ROWS_TOLD, DATES_TOLD = TOLD.format(group="milestones"), TOLD.format(group="appointments")
DAYS_TOLD, TASKS_TOLD = TOLD.format(group="release date"), TOLD.format(group="tasks")
# Whoever is told days is told that a plan stands still; to all others it looks as it did.
KNOWS_DAYS = f"(m.role = ANY (read_days) AND {DAYS_TOLD})"
TODAY = "(moment AT TIME ZONE p.zone)::date"
OUT_SINCE = "(p.left_custody_at AT TIME ZONE p.zone)::date"
# The twins of `is_live` and `goes_on` in plans/rules.py, of a row `r` that the reader sees.
LIVE = f"""
    r.plan = p.id AND r.state IN ('planned', 'in_progress')
    AND (r.day <= 0 OR p.left_custody_at IS NOT NULL) AND sees(m.role, r)
    AND (p.state IN ('active_inside', 'active_outside', 'step_down') OR NOT {KNOWS_DAYS}
         OR (p.state = 'paused' AND r.code LIKE 'REC-%'))"""
SOON = f"{LIVE} AND r.due_on <= {TODAY} + 14"
# The twin of `turn`: `now` is the reader's own, `waiting` that of others.
TURN = f"""EXISTS (SELECT 1 FROM milestone r
    WHERE {SOON} AND (r.state = 'in_progress' OR r.due_on <= {TODAY})
      AND (r.owner = m.role) = (in_view = 'now'))"""
WEEK = f"""({ROWS_TOLD} AND EXISTS (SELECT 1 FROM milestone r
    WHERE {LIVE} AND r.due_on >= {TODAY} AND r.due_on < {TODAY} + 7))
    OR (m.role = ANY (read_dates) AND {DATES_TOLD} AND EXISTS (
        SELECT 1 FROM appointment a
         WHERE a.plan = p.id AND a.state IN ('scheduled', 'confirmed')
           AND a.held_on >= {TODAY} AND a.held_on < {TODAY} + 7
           AND (m.role = ANY (workers) OR a.role = m.role)))"""
# The twin of `MINE` in alerts/actions.py, of the mandates on this plan; and of what waits in
# evidence/actions.py. A test looks at both beside these.
HOLDS = "{who}.starts <= moment AND ({who}.ends IS NULL OR {who}.ends > moment)"
OF_GLASS = "({who}.glass IS NULL OR t.kind NOT IN ('glass-broken', 'tell-of-glass'))"
TASK = f"""EXISTS (SELECT 1 FROM task t WHERE t.plan = p.id AND t.closed_at IS NULL
    AND (t.assignee = me OR (t.assignee IS NULL AND {TASKS_TOLD} AND EXISTS (
        SELECT 1 FROM mandate h WHERE h.plan = p.id AND h.actor = me
           AND {HOLDS.format(who="h")} AND {OF_GLASS.format(who="h")}
           AND (h.role = t.role OR (h.role = 'SW' AND NOT EXISTS (
                SELECT 1 FROM mandate o WHERE o.plan = p.id AND o.role = t.role
                   AND {HOLDS.format(who="o")} AND {OF_GLASS.format(who="o")})))))))"""
CLAIM = f"""(m.role = ANY (workers) AND {ROWS_TOLD}
    AND p.state IN ('active_inside', 'active_outside', 'step_down')
    AND EXISTS (SELECT 1 FROM evidence e JOIN milestone n ON n.id = e.milestone
        WHERE e.plan = p.id AND e.provenance = 'said' AND e.taken_back_at IS NULL
          AND e.cycle = n.cycle
          AND CASE WHEN e.happened THEN n.state IN ('planned', 'in_progress')
                   ELSE n.state = 'done' AND e.day >= n.done_on END
          AND NOT EXISTS (SELECT 1 FROM evidence o
                WHERE o.milestone = e.milestone AND o.cycle = e.cycle AND o.provenance <> 'said'
                  AND o.taken_back_at IS NULL AND o.row_version > e.row_version)
          AND NOT EXISTS (SELECT 1 FROM milestone_event g
                WHERE g.milestone = e.milestone AND g.kind = 'again' AND g.at >= e.at)))"""
# The twin of `responsible` in handovers/rules.py, at this moment.
RESPONSIBLE = f"""(SELECT w.actor FROM mandate w
    WHERE w.plan = p.id AND w.role = 'SW' AND w.glass IS NULL AND {HOLDS.format(who="w")}
      AND NOT EXISTS (SELECT 1 FROM handover g WHERE g.plan = p.id AND g.at <= moment
                         AND g.given_by = w.actor AND g.at >= w.starts)
    ORDER BY (SELECT max(g.at) FROM handover g WHERE g.plan = p.id AND g.at <= moment
                 AND g.given_to = w.actor) DESC NULLS LAST, w.starts, w.actor LIMIT 1)"""
HOLD = f"""
    (of_agency IS NULL OR p.agency = of_agency)
    AND (is_out IS NULL OR ({KNOWS_DAYS} AND (p.left_custody_at IS NOT NULL) = is_out
         AND CASE WHEN is_out THEN {TODAY} - {OUT_SINCE} ELSE p.release_date - {TODAY} END
             BETWEEN coalesce(first_day, -2147483648) AND coalesce(last_day, 2147483647)))
    AND (of_worker IS NULL
         OR (m.role = ANY (workers) AND m.groups IS NULL AND {RESPONSIBLE} = of_worker))
    AND (near_in IS NULL OR ({ROWS_TOLD} AND EXISTS (
         SELECT 1 FROM milestone r WHERE {SOON} AND r.pathway = near_in)))
    AND CASE in_view WHEN 'week' THEN {WEEK} WHEN 'attention' THEN {TASK} OR {CLAIM}
             WHEN 'now' THEN {ROWS_TOLD} AND {TURN}
             WHEN 'waiting' THEN {ROWS_TOLD} AND {TURN} ELSE in_view IS NULL END
    AND """

FIRST, _, _ = CASELOAD.partition("CREATE OR REPLACE FUNCTION read_caseload_by_flow")
OF_SCOPE = _with(
    FIRST,
    ("CREATE OR REPLACE FUNCTION caseload_by_flow(", "CREATE FUNCTION caseload_in_view("),
    (
        "workers text[], read_names text[], after_due date, after_plan uuid,\n    size int)",
        """workers text[], read_names text[], read_days text[], read_dates text[],
    moment timestamptz, asked jsonb, after_due date, after_plan uuid, size int)""",
    ),
    # what is made of lists is else planned anew for each read, which takes longer than to read
    (BY_INDEX, f"{BY_INDEX} SET plan_cache_mode = force_generic_plan"),
    (
        "    told text;",
        """    told text;
    me uuid := nullif(current_setting('app.actor', true), '')::uuid;
    in_view text := asked ->> 'view';
    near_in text := asked ->> 'pathway';
    of_worker uuid := (asked ->> 'worker')::uuid;
    of_agency uuid := (asked ->> 'agency')::uuid;
    is_out boolean := (asked ->> 'out')::boolean;
    first_day int := (asked ->> 'first')::int;
    last_day int := (asked ->> 'last')::int;""",
    ),
    ("WHERE (coalesce(", f"WHERE {HOLD}(coalesce("),
)
OF_TOKEN = f"""
CREATE FUNCTION read_caseload_in_view(
    token bytea, at timestamptz, allowed text[], workers text[], read_names text[],
    read_days text[], read_dates text[], request varchar, asked jsonb, after_due date,
    after_plan uuid, size int)
RETURNS TABLE (actor uuid, {COLUMNS}, told_groups text[]) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    RETURN QUERY SELECT who.actor, page.* FROM caseload_in_view(
        who.actor_role, workers, read_names, read_days, read_dates, at, asked, after_due,
        after_plan, size) AS page;
END $$;
"""
RIGHTS = """
REVOKE EXECUTE ON FUNCTION caseload_in_view, read_caseload_in_view FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_in_view, read_caseload_in_view TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (OF_SCOPE, OF_TOKEN, RIGHTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
