"""Of what falls due on one day, rights and safety come first: a plan that begins late shows why."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T15:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The next step of a plan by its priority"

# What is next now stays as it is until a row of its plan changes.
STATEMENTS = """
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
             ORDER BY m.due_on, m.late_start, m.code LIMIT 1) n ON true
     WHERE p.id = q.id AND q.id = ANY (plans)
       AND (p.next_due_on, p.next_milestone, p.next_title, p.next_win_after)
           IS DISTINCT FROM (n.due_on, n.id, n.title, n.win_after)
$$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
