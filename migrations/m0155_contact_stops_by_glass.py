"""Whoever came in by broken glass ends contact with a relative or mentor, and begins nothing.

What they may end is what hangs on the one about whom this very transaction opened a task for the
plan's social worker; each row may only become what it is when it has ended.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, NOW
from migrations.m0080_glass_adds_nothing import ELSE
from migrations.m0135_helpers import READS

ID = "2026-12-01T05:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Contact is stopped by broken glass"

FUNCTIONS = """
-- Whether this transaction opened the task that contact was stopped; with whom, or with anybody.
CREATE FUNCTION stops_now(of_plan uuid, who uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM task t WHERE t.plan = of_plan AND t.kind = 'stopped-by-glass'
                      AND (who IS NULL OR t.about = who)
                      AND t.xmin = pg_current_xact_id_if_assigned()::xid)
$$;
REVOKE EXECUTE ON FUNCTION stops_now FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stops_now TO throughcare_app;

-- Beside what ends nothing else of a row changes: no name, no alias, no language.
CREATE FUNCTION glass_only_ends() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.plan IN (SELECT plans_by_glass())
       AND to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
        RAISE EXCEPTION 'broken glass ends, and changes nothing else'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION glass_only_ends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION glass_only_ends TO throughcare_app;
"""
APART = "barred_at IS NOT NULL OR wish <> 'wanted' OR takes_part = false"
POLICIES = f"""
ALTER POLICY app_changes ON relative USING ({READS});
ALTER POLICY glass_changes_nothing ON relative
    USING ({ELSE} OR (stops_now(plan, id) AND ({APART}) IS NOT TRUE))
    WITH CHECK ({ELSE} OR (stops_now(plan, id) AND ({APART})
                AND (barred_by IS NULL OR barred_by = {ME})));
ALTER POLICY glass_changes_nothing ON link
    USING (plan IS NULL OR {ELSE} OR stops_now(plan, subject))
    WITH CHECK (plan IS NULL OR {ELSE} OR (stops_now(plan, subject) AND state = 'ended'));
ALTER POLICY glass_changes_nothing ON disclosure
    USING ({ELSE} OR stops_now(plan, recipient))
    WITH CHECK ({ELSE} OR (stops_now(plan, recipient) AND withdrawn_at IS NOT NULL));
ALTER POLICY glass_changes_nothing ON channel_consent
    USING ({ELSE} OR stops_now(plan, subject))
    WITH CHECK ({ELSE} OR (stops_now(plan, subject) AND withdrawn_at IS NOT NULL));
-- whoever steps in at the gate is another one of the circle
ALTER POLICY glass_changes_nothing ON member USING ({ELSE} OR stops_now(plan, NULL));
ALTER POLICY glass_changes_nothing ON mandate
    USING ({ELSE} OR glass IS NOT NULL OR role = 'PS' OR stops_now(plan, actor))
    WITH CHECK ({ELSE}
                OR (glass IS NOT NULL AND ends <= {NOW} + interval '1 second')
                OR (role = 'PS' AND actor <> {ME}
                    AND ends <= {NOW} + interval '7 days 1 minute')
                OR (role::text = ANY (ARRAY['ME', 'FA']) AND stops_now(plan, actor)
                    AND ends <= greatest(starts, {NOW})));
ALTER POLICY glass_changes_nothing ON task
    USING (kind::text <> ALL (ARRAY['glass-broken', 'tell-of-glass', 'stopped-by-glass'])
           OR {ELSE});

CREATE TRIGGER member_by_glass BEFORE UPDATE ON member FOR EACH ROW
    WHEN (current_user = 'throughcare_app')
    EXECUTE FUNCTION glass_only_ends('gate', 'call_weekday', 'call_at', 'version');
CREATE TRIGGER relative_by_glass BEFORE UPDATE ON relative FOR EACH ROW
    WHEN (current_user = 'throughcare_app')
    EXECUTE FUNCTION glass_only_ends('wish', 'takes_part', 'language', 'heard_by', 'heard_at',
        'safety_asked_by', 'safety_asked_at', 'barred_by', 'barred_at', 'carried', 'version');
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(FUNCTIONS + POLICIES)

    manager.add_raw(run)
    return manager
