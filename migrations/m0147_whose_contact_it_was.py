"""The log of contacts is its workers' to read, to others what they logged, to the person theirs.

A try is a mark on nobody: it is a row for the workers of a plan, and for whoever tried. How often
services reached the person, which a summary says, is told as numbers without the rows.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0127_dates import OF, WORKERS

ID = "2026-12-01T03:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls within the log of contacts"

OFFICERS = OF.format(roles="PO")
DUTY = "ARRAY['PO', 'SW', 'CO', 'PS']"
WALLS = f"""
CREATE INDEX contact_newest ON contact (plan, made_on DESC, at DESC, id DESC);
ALTER POLICY app_reads ON contact USING (
    {WORKERS} OR (actor = {ME} AND plan IN (SELECT my_plans()))
    OR (outcome::text = 'reached' AND (plan, subject) IN (
        SELECT h.plan, h.person FROM my_mandates() h
         WHERE h.role::text = ANY (ARRAY['PE', 'LR']))));
ALTER POLICY app_adds ON contact WITH CHECK (
    actor = {ME} AND (plan, role::text) IN (SELECT h.plan, h.role::text FROM my_mandates() h));
"""
TOLD = f"""
CREATE POLICY owner_reads ON contact FOR SELECT TO throughcare_owner
    USING (outcome::text = 'reached' AND plan IN (SELECT my_plans()));
CREATE FUNCTION contacts_of_duty(asked uuid, since date, until date)
RETURNS TABLE (role varchar, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.role, count(*) FROM contact c
     WHERE c.plan = asked AND c.outcome = 'reached' AND c.role::text = ANY ({DUTY})
       AND c.made_on BETWEEN since AND until
       AND c.plan IN (SELECT h.plan FROM my_mandates() h
                       WHERE h.role::text = ANY (ARRAY['SW', 'CO', 'PO']))
     GROUP BY c.role
$$;
REVOKE EXECUTE ON FUNCTION contacts_of_duty FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contacts_of_duty TO throughcare_app;
"""
# The release before counts for a summary by itself: with fewer rows a court would be told less.
BEFORE = f"""
CREATE POLICY release_before ON contact FOR SELECT TO throughcare_app
    USING (outcome::text = 'reached' AND role::text = ANY ({DUTY}) AND {OFFICERS});
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM staff) THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(WALLS + TOLD + BEFORE)

    manager.add_raw(run)
    return manager
