"""Who looks through broken glass stands in a circle for its workers alone.

Otherwise as in m0021.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0021_reads_of_one_set import BY_INDEX, FORGET, SHEET

ID = "2026-11-29T01:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A circle without broken glass, but for its workers"

PLAN = f"""
-- A plan as far as whoever is in scope may read: which mandate roles read the name, the circle and
-- the appointments is told by the caller, and so are the states and days of the rows asked for.
CREATE OR REPLACE FUNCTION plan_cut(
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
                   AND (c.glass IS NULL OR held.role = ANY (workers))
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
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(PLAN)

    manager.add_raw(run)
    return manager
