"""What a statement in a worker's name cannot do: be let in by itself, hire, and rule the agency.

The application's role could say when it had wished to break glass, change every agency, and make
accounts of whatever role and agency. Now a wish ripens by the database's own clock; what an
operator sets at the terminal is set there and nowhere else; and an account comes of an invitation
that the very transaction spends.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, NOW

ID = "2026-11-30T04:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Glass by the database's clock, and what an operator alone sets"

# Wishes of before count from now on. The owner sees none; for this one statement nobody else does.
GLASS = f"""
ALTER TABLE break_glass NO FORCE ROW LEVEL SECURITY;
UPDATE break_glass SET written_at = clock_timestamp();
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;

CREATE FUNCTION keep_glass() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.written_at := clock_timestamp();
    ELSIF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at
        OR NEW.let_by IS DISTINCT FROM OLD.let_by AND (
            OLD.let_by IS NOT NULL OR OLD.ended_at IS NOT NULL
            OR NEW.let_by IS DISTINCT FROM {ME})
        OR NEW.let_at IS DISTINCT FROM OLD.let_at AND OLD.let_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'a wish is let once and ends once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_glass FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_glass TO throughcare_app;
CREATE TRIGGER break_glass_kept BEFORE INSERT OR UPDATE ON break_glass FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION keep_glass();
ALTER POLICY app_adds ON break_glass
    WITH CHECK (agency = (SELECT my_agency()) AND asked_by = {ME}
                AND let_by IS NULL AND let_at IS NULL AND ended_at IS NULL);

CREATE OR REPLACE FUNCTION ripe_wish(asked uuid)
RETURNS TABLE (plan uuid, person uuid, zone varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.person, p.zone
      FROM break_glass g JOIN plan p ON p.agency = g.agency AND lower(p.alias) = lower(g.alias)
           AND p.state NOT IN ('closed', 'transferred', 'ended_death')
     WHERE g.id = asked AND g.asked_by = {ME} AND g.let_at IS NULL AND g.ended_at IS NULL
       AND g.asked_at <= {NOW} - interval '24 hours' AND g.asked_at > {NOW} - interval '48 hours'
       AND g.written_at <= clock_timestamp() - interval '24 hours'
       AND g.written_at > clock_timestamp() - interval '48 hours'
       AND is_small(g.agency) AND NOT bars_me(p.person)
$$;

-- What it opens is one's own, in one's own role, from now on, for four hours, once.
ALTER POLICY app_adds_alone ON mandate
    WITH CHECK (glass IS NOT NULL AND actor = {ME} AND granted_by = {ME}
                AND role = (SELECT my_role()) AND role::text = ANY (ARRAY['SW', 'CO'])
                AND starts = {NOW}
                AND (plan, person) = (SELECT r.plan, r.person FROM ripe_wish(glass) AS r));
ALTER TABLE mandate DROP CONSTRAINT mandate_glass;
ALTER TABLE mandate ADD CONSTRAINT mandate_glass
    CHECK (glass IS NULL OR (ends IS NOT NULL AND ends <= starts + interval '4 hours'));
CREATE UNIQUE INDEX mandate_glass_once ON mandate (glass) WHERE glass IS NOT NULL;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GLASS,):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
