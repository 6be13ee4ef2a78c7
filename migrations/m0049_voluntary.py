"""Erasing what somebody took part in of their own will; and what of safety is one's own.

While what was ordered stays, what tells of the rest is deleted, so that it is as if it had never been offered. The application may
delete it for a coordinator of the plan alone, and only while somebody's wish for it stands.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T08:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What may be deleted of a supervised plan's voluntary part"

ME = "nullif(current_setting('app.actor', true), '')::uuid"

FUNCTIONS = f"""
-- Plans of which the actor is a coordinator, and somebody wishes the voluntary part erased.
CREATE FUNCTION plans_to_thin() RETURNS SETOF uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT w.plan FROM erasure_wish w
      JOIN mandate m ON m.plan = w.plan AND m.actor = {ME} AND m.role = 'CO' AND m.glass IS NULL
     WHERE w.voluntary AND w.ended_at IS NULL AND m.plan IN (SELECT my_plans())
$$;
-- V rows, and what hangs on relatives and mentors.
CREATE FUNCTION voluntary_rows(asked uuid) RETURNS SETOF uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM milestone WHERE plan = asked
       AND (kind = 'V' OR (kind = 'N' AND pathway::text = ANY (ARRAY['FAM', 'MEN'])))
$$;
REVOKE EXECUTE ON FUNCTION plans_to_thin, voluntary_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_to_thin, voluntary_rows TO throughcare_app;
"""

POLICIES = """
GRANT DELETE ON milestone_event, appointment, correction, claim, contact, participation
    TO throughcare_app;
CREATE POLICY app_thins ON milestone_event FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND milestone IN (SELECT voluntary_rows(plan)));
CREATE POLICY app_thins ON appointment FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND milestone IN (SELECT voluntary_rows(plan)));
CREATE POLICY app_thins ON correction FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND milestone IN (SELECT voluntary_rows(plan)));
CREATE POLICY app_thins ON claim FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin())
           AND (subject IN (SELECT voluntary_rows(plan)) OR role::text = ANY (ARRAY['ME', 'FA'])));
CREATE POLICY app_thins ON contact FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND (role::text = ANY (ARRAY['ME', 'FA'])
           OR subject IN (SELECT b.id FROM member b WHERE b.role::text = ANY (ARRAY['ME', 'FA']))));
CREATE POLICY app_thins ON participation FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()));
"""

# What somebody raised about themselves is theirs to read; what others raised is no row for them.
OWN_FLAG = f"""
CREATE POLICY person_reads ON safety_flag FOR SELECT TO throughcare_app
    USING (own AND subject = {ME} AND plan IN (SELECT my_plans()));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (FUNCTIONS, POLICIES, OWN_FLAG):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
