"""Rows of a plan have an end too: five years after its closing nothing of it is left but ids.

What names somebody lies under a key that was destroyed before. The jobs delete the rest, and
restrictive policies let them only by the clock of the database: whoever takes the jobs over cannot
delete a plan on which somebody works, one that is held or whose keys still open something, or one
that may still have to be proved. Nor can they move a row to where it may be deleted.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T17:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Ends of a plan's rows, messages, wishes to break glass and reviews"

# Those that have waited for years since m0047 are not here; they go by policies of their own.
OF_A_PLAN = (
    *("appointment", "change", "claim", "contact", "court_file", "erasure_wish", "incoming"),
    *("legal_hold", "link", "mandate", "member", "milestone", "milestone_event"),
    *("protected_address", "reading", "release_move", "safety_flag", "summary", "wall"),
)
OVER = """
CREATE FUNCTION plans_long_over() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p
     WHERE p.state = 'closed' AND p.closed_at <= clock_timestamp() - interval '5 years'
       AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.person = p.person AND h.ended_at IS NULL)
       AND NOT EXISTS (
           SELECT 1 FROM subject_key k WHERE k.wrapped IS NOT NULL AND (k.id = p.person
              OR k.id IN (SELECT b.id FROM member b WHERE b.plan = p.id)))
$$;
-- Nothing of these is deleted by any job.
CREATE FUNCTION plans_held() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p JOIN legal_hold h ON h.person = p.person AND h.ended_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION plans_long_over, plans_held FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_long_over, plans_held TO throughcare_worker;

CREATE POLICY jobs_wait ON plan AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (id IN (SELECT plans_long_over()));
CREATE POLICY jobs_wait ON task AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()) OR (plan IS NULL
           AND greatest(opened_at, closed_at) <= clock_timestamp() - interval '5 years'
           AND closed_at IS NOT NULL));
CREATE POLICY jobs_wait ON message AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING ((plan IS NULL AND created_at <= clock_timestamp() - interval '365 days')
           OR (plan NOT IN (SELECT plans_held()) AND plan IN (
               SELECT p.id FROM plan p WHERE p.state = 'closed'
                  AND p.closed_at <= clock_timestamp() - interval '365 days')));
CREATE POLICY jobs_wait ON break_glass AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (asked_at <= clock_timestamp() - interval '5 years');
CREATE POLICY jobs_wait ON outside_review AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (reviewed_at <= clock_timestamp() - interval '5 years');
CREATE POLICY jobs_wait ON person AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (NOT EXISTS (SELECT 1 FROM plan p WHERE p.person = person.id));
CREATE POLICY jobs_wait ON complaint AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (NOT EXISTS (SELECT 1 FROM plan p WHERE p.person = complaint.person));
GRANT DELETE ON plan, task, message, break_glass, outside_review, person, complaint
    TO throughcare_worker;

-- Words that somebody is found by: the jobs see those of nobody who has a plan.
CREATE POLICY jobs_see ON person_word FOR SELECT TO throughcare_worker
    USING (NOT EXISTS (SELECT 1 FROM plan p WHERE p.person = person_word.person));
CREATE POLICY jobs_forget ON person_word FOR DELETE TO throughcare_worker
    USING (NOT EXISTS (SELECT 1 FROM plan p WHERE p.person = person_word.person));
GRANT SELECT (person), DELETE ON person_word TO throughcare_worker;
CREATE INDEX change_of_plan ON change (plan);

-- A job that was taken over moves no row to a plan that is over, and none back in time.
CREATE TRIGGER task_stays BEFORE UPDATE ON task FOR EACH ROW
    WHEN (current_user = 'throughcare_worker'
          AND (NEW.plan IS DISTINCT FROM OLD.plan OR NEW.opened_at <> OLD.opened_at))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER message_stays BEFORE UPDATE ON message FOR EACH ROW
    WHEN (current_user = 'throughcare_worker'
          AND (NEW.plan IS DISTINCT FROM OLD.plan OR NEW.created_at <> OLD.created_at))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER consent_stays BEFORE UPDATE ON channel_consent FOR EACH ROW
    WHEN (current_user = 'throughcare_worker'
          AND (NEW.plan <> OLD.plan OR NEW.given_at <> OLD.given_at
               OR NEW.withdrawn_at < OLD.given_at))
    EXECUTE FUNCTION refuse();
"""
# The jobs may change rows of these.
MOVABLE = ("appointment", "incoming", "link", "milestone")
# What goes since m0047 waits for a hold too.
SINCE = ("channel_consent", "correction", "disclosure", "entry_pass", "participation")


def _waits(table: str) -> str:
    return f"""
GRANT DELETE ON {table} TO throughcare_worker;
CREATE POLICY jobs_wait ON {table} AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
"""


def _stays(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW
    WHEN (current_user = 'throughcare_worker' AND NEW.plan IS DISTINCT FROM OLD.plan)
    EXECUTE FUNCTION refuse();
"""


def _held(table: str) -> str:
    return f"""
CREATE POLICY jobs_hold ON {table} AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan NOT IN (SELECT plans_held()));
"""


def statements() -> str:
    made = (*map(_waits, OF_A_PLAN), *map(_stays, MOVABLE), *map(_held, SINCE))
    return "".join((OVER, *made))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(statements())

    manager.add_raw(run)
    return manager
