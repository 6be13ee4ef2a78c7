"""A person is erased by two; in a small agency a day of waiting stands for the second, here too.

Whether an agency is small is asked anew each time: the administrator's word, and two active
coordinators at most.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import row_security, triggers

ID = "2026-11-29T05:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Wishes to erase, small agencies and reviews from outside"

ME = "nullif(current_setting('app.actor', true), '')::uuid"
NOW = "nullif(current_setting('app.now', true), '')::timestamptz"

CONSTRAINTS = """
ALTER TABLE break_glass DROP CONSTRAINT break_glass_two;
ALTER TABLE break_glass ADD CONSTRAINT break_glass_two
    CHECK (let_by <> asked_by OR let_at >= asked_at + interval '24 hours');
ALTER TABLE agency ADD CONSTRAINT agency_reviewer CHECK (reviewer <> id);
ALTER TABLE outside_review ADD CONSTRAINT outside_review_kind CHECK (kind IN ('glass', 'erasure'));
ALTER TABLE outside_review ADD CONSTRAINT outside_review_finding
    CHECK (finding IN ('in_order', 'not_in_order'));
ALTER TABLE outside_review ADD CONSTRAINT outside_review_other CHECK (reviewed_by <> done_by);
ALTER TABLE outside_review ADD CONSTRAINT outside_review_done
    CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL)
           AND (finding IS NULL) = (reviewed_at IS NULL));
CREATE INDEX outside_review_open ON outside_review (id) WHERE reviewed_at IS NULL;
CREATE INDEX erasure_wish_open ON erasure_wish (person, asked_at) WHERE ended_at IS NULL;
"""

FUNCTIONS = f"""
CREATE FUNCTION is_small(which uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.small AND (SELECT count(*) FROM staff s
                         WHERE s.agency = a.id AND s.active AND s.role = 'CO') <= 2
      FROM agency a WHERE a.id = which
$$;

-- The plan that the actor's own wish means, once it has waited for a day in a small agency and
-- while it is one more day old: the actor does not see that plan yet.
CREATE FUNCTION ripe_wish(asked uuid) RETURNS TABLE (plan uuid, person uuid, zone varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.person, p.zone
      FROM break_glass g JOIN plan p ON p.agency = g.agency AND lower(p.alias) = lower(g.alias)
           AND p.state NOT IN ('closed', 'transferred', 'ended_death')
     WHERE g.id = asked AND g.asked_by = {ME} AND g.let_at IS NULL AND g.ended_at IS NULL
       AND g.asked_at <= {NOW} - interval '24 hours' AND g.asked_at > {NOW} - interval '48 hours'
       AND is_small(g.agency) AND NOT bars_me(p.person)
$$;

-- Whom a task reaches: its assignee, or who holds its role on the plan, or the social worker
-- where nobody does.
CREATE FUNCTION reached(asked uuid, as_role varchar, who uuid, at timestamptz) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN who IS NOT NULL THEN ARRAY[who] ELSE coalesce(
        (SELECT array_agg(DISTINCT m.actor) FROM mandate m WHERE m.plan = asked
            AND m.role = as_role AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)),
        (SELECT array_agg(DISTINCT m.actor) FROM mandate m WHERE m.plan = asked
            AND m.role = 'SW' AND m.starts <= at AND (m.ends IS NULL OR m.ends > at))) END
$$;
REVOKE EXECUTE ON FUNCTION is_small, ripe_wish, reached FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_small, ripe_wish TO throughcare_app;
GRANT EXECUTE ON FUNCTION reached TO throughcare_worker;
"""

WALLS = f"""
-- Only what the actor's own wish names is found by the owner.
CREATE POLICY owner_reads ON break_glass FOR SELECT TO throughcare_owner
    USING (asked_by = {ME});
CREATE POLICY app_adds_alone ON mandate FOR INSERT TO throughcare_app
    WITH CHECK (glass IS NOT NULL AND actor = {ME}
                AND plan = (SELECT r.plan FROM ripe_wish(glass) AS r));

ALTER TABLE outside_review ENABLE ROW LEVEL SECURITY;
ALTER TABLE outside_review FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON outside_review FOR SELECT TO throughcare_app
    USING (done_by <> {ME} AND (
           (agency = (SELECT my_agency()) AND (SELECT my_role()) = 'DP')
           OR ((SELECT my_role())::text = ANY (ARRAY['CO', 'DP'])
               AND agency IN (SELECT a.id FROM agency a WHERE a.reviewer = (SELECT my_agency())))));
CREATE POLICY app_adds ON outside_review FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT my_agency()) AND done_by = {ME});
CREATE POLICY app_changes ON outside_review FOR UPDATE TO throughcare_app
    USING (done_by <> {ME} AND (
           (agency = (SELECT my_agency()) AND (SELECT my_role()) = 'DP')
           OR ((SELECT my_role())::text = ANY (ARRAY['CO', 'DP'])
               AND agency IN (SELECT a.id FROM agency a WHERE a.reviewer = (SELECT my_agency())))));
CREATE POLICY jobs ON outside_review TO throughcare_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT ON outside_review, erasure_wish TO throughcare_app;
GRANT UPDATE (finding, reviewed_by, reviewed_at, version) ON outside_review TO throughcare_app;
GRANT UPDATE (ended_at, version) ON erasure_wish TO throughcare_app;
GRANT SELECT ON outside_review, erasure_wish TO throughcare_worker, throughcare_backup;
GRANT UPDATE (ended_at, version) ON erasure_wish TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (CONSTRAINTS, FUNCTIONS):
            await transaction.connection.execute(part)
        await transaction.connection.execute(triggers("erasure_wish"))
        await transaction.connection.execute(row_security("erasure_wish", "plan"))
        await transaction.connection.execute(WALLS)

    manager.add_raw(run)
    return manager
