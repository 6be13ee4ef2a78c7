"""A return to custody is told to nobody but those who work on it, and holds the plan until it ends.

Whoever else reads the plan sees a pause, as of any other. While a return is open no statement makes
the plan run again: it is reopened, or taken back as a mistake, first. Whoever is on duty records
one through broken glass too, so broken glass may pause a plan; it ends no return.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0080_glass_adds_nothing import changes

ID = "2026-11-30T16:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of returns to custody"

TABLE = "custody_return"
RULES = """
ALTER TABLE custody_return ADD CONSTRAINT custody_return_order CHECK (returned_at >= left_at);
ALTER TABLE custody_return ADD CONSTRAINT custody_return_ended CHECK (
    (reopened_at IS NULL OR taken_back_at IS NULL)
    AND (ended_by IS NULL) = (reopened_at IS NULL AND taken_back_at IS NULL));
CREATE UNIQUE INDEX custody_return_open ON custody_return (plan)
    WHERE reopened_at IS NULL AND taken_back_at IS NULL;
"""
# Who works on it: the workers of the plan, and the release desk while it has a part.
MINE = """plan IN (SELECT h.plan FROM my_mandates() h
    WHERE h.role::text = ANY (ARRAY['SW', 'CO', 'PS']))"""
ENDS = """plan IN (SELECT h.plan FROM my_mandates() h
    WHERE h.role::text = ANY (ARRAY['SW', 'CO']))"""
WALLS = f"""
ALTER TABLE custody_return ENABLE ROW LEVEL SECURITY;
ALTER TABLE custody_return FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON custody_return FOR SELECT TO throughcare_app USING ({MINE});
CREATE POLICY app_adds ON custody_return FOR INSERT TO throughcare_app WITH CHECK ({MINE}
    AND recorded_by = {ME} AND ended_by IS NULL
    AND returned_at > clock_timestamp() - interval '1 day');
CREATE POLICY app_changes ON custody_return FOR UPDATE TO throughcare_app USING ({ENDS});
CREATE POLICY jobs ON custody_return TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON custody_return AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
GRANT SELECT, INSERT ON custody_return TO throughcare_app;
GRANT UPDATE (reopened_at, taken_back_at, ended_by, version) ON custody_return TO throughcare_app;
GRANT SELECT, DELETE ON custody_return TO throughcare_worker;
GRANT SELECT ON custody_return TO throughcare_backup;
CREATE TRIGGER custody_return_ends_once BEFORE UPDATE ON custody_return FOR EACH ROW
    WHEN (OLD.ended_by IS NOT NULL) EXECUTE FUNCTION refuse();
"""
PAUSED = """
CREATE FUNCTION stay_paused() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM custody_return r WHERE r.plan = NEW.id
                  AND r.reopened_at IS NULL AND r.taken_back_at IS NULL)
    THEN
        RAISE EXCEPTION 'a return is open' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION stay_paused FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stay_paused TO throughcare_app, throughcare_worker;
CREATE TRIGGER plan_stays_paused BEFORE UPDATE ON plan FOR EACH ROW
    WHEN (NEW.state::text = ANY (ARRAY['active_inside', 'active_outside', 'step_down'])
          AND OLD.state::text = 'paused')
    EXECUTE FUNCTION stay_paused();
DROP TRIGGER plan_by_glass ON plan;
CREATE TRIGGER plan_by_glass BEFORE UPDATE ON plan FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.closed_at IS DISTINCT FROM OLD.closed_at
          OR (NEW.state <> OLD.state
              AND NEW.state::text <> ALL (ARRAY['active_outside', 'paused']))))
    EXECUTE FUNCTION glass_closes_nothing();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (RULES, triggers(TABLE), WALLS, changes(TABLE), PAUSED):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
