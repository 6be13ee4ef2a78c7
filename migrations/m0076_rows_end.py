"""Rows of a plan have an end too: five years after its closing nothing of it is left but ids.

What names somebody lies under a key that was destroyed long before. The jobs delete the rest, and
restrictive policies let them only by the clock of the database: whoever takes the jobs over cannot
delete a plan on which somebody works, or one that may still have to be proved.
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
    SELECT id FROM plan
     WHERE state = 'closed' AND closed_at <= clock_timestamp() - interval '5 years'
$$;
REVOKE EXECUTE ON FUNCTION plans_long_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_long_over TO throughcare_worker;

CREATE POLICY jobs_wait ON plan AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (id IN (SELECT plans_long_over()));
CREATE POLICY jobs_wait ON task AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()) OR (plan IS NULL
           AND closed_at <= clock_timestamp() - interval '5 years'));
CREATE POLICY jobs_wait ON message AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING ((plan IS NULL AND created_at <= clock_timestamp() - interval '365 days')
           OR plan IN (SELECT p.id FROM plan p WHERE p.state = 'closed'
                          AND p.closed_at <= clock_timestamp() - interval '365 days'));
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
"""


def _waits(table: str) -> str:
    return f"""
GRANT DELETE ON {table} TO throughcare_worker;
CREATE POLICY jobs_wait ON {table} AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(OVER)
        for table in OF_A_PLAN:
            await transaction.connection.execute(_waits(table))

    manager.add_raw(run)
    return manager
