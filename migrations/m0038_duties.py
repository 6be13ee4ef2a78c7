"""Incidents and complaints are the agency's and no plan's; a data-protection officer reads ids.

A complaint is seen by the coordinators of its agency, but not by the one whom it is about, nor by
whom a wall keeps from its person. Whoever writes one down adds it and does not see it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T05:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of incidents and complaints, and what an officer reads"

ME = "nullif(current_setting('app.actor', true), '')::uuid"

CONSTRAINTS = """
ALTER TABLE staff DROP CONSTRAINT staff_role;
ALTER TABLE staff ADD CONSTRAINT staff_role
    CHECK (role IN ('SW','CO','PO','PS','CP','CS','TR','AD','AU','DP'));
ALTER TABLE agency ADD CONSTRAINT agency_complaint_days CHECK (complaint_days BETWEEN 1 AND 60);
ALTER TABLE incident ADD CONSTRAINT incident_notices CHECK (
    authority_how IN ('sent', 'not_owed') AND people_how IN ('sent', 'not_owed'));
ALTER TABLE incident ADD CONSTRAINT incident_told CHECK (
    (authority_how IS NULL) = (authority_at IS NULL) AND (people_how IS NULL) = (people_at IS NULL));
ALTER TABLE incident ADD CONSTRAINT incident_closed CHECK ((closed_by IS NULL) = (closed_at IS NULL));
CREATE INDEX incident_open ON incident (id) WHERE closed_at IS NULL;
ALTER TABLE complaint ADD CONSTRAINT complaint_by CHECK (by_role IN ('PE','FA','ME'));
ALTER TABLE complaint ADD CONSTRAINT complaint_answered CHECK (
    (answered_by IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_at IS NULL)
    AND (answered_by IS NULL OR answered_by IS DISTINCT FROM about));
CREATE INDEX complaint_open ON complaint (id) WHERE answered_at IS NULL;
"""

FUNCTIONS = f"""
CREATE FUNCTION my_role() RETURNS varchar LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT role FROM staff WHERE id = {ME} AND active
$$;

-- A wall is a row of a plan: whom it keeps out sees neither. So it is the owner who looks.
CREATE FUNCTION bars_me(whose uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'excluded'
                      AND w.actor = {ME} AND w.ended_at IS NULL)
        OR (EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                       AND w.ended_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                               AND w.actor = {ME} AND w.ended_at IS NULL))
$$;

-- What an officer reads of the holds of their agency: ids and instants, and no reason.
CREATE FUNCTION holds_of_agency()
RETURNS TABLE (id uuid, plan uuid, who uuid, set_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.id, h.plan, h.set_by, h.set_at FROM legal_hold h
     WHERE h.agency = (SELECT my_agency()) AND h.ended_at IS NULL
       AND (SELECT my_role()) = 'DP'
$$;
REVOKE EXECUTE ON FUNCTION my_role, bars_me, holds_of_agency FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_role, bars_me, holds_of_agency TO throughcare_app;
"""

WALLS = f"""
ALTER TABLE incident ENABLE ROW LEVEL SECURITY;
ALTER TABLE incident FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON incident FOR SELECT TO throughcare_app
    USING (agency = (SELECT my_agency()) AND (SELECT my_role())::text = ANY (ARRAY['CO', 'DP']));
CREATE POLICY app_adds ON incident FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT my_agency()) AND recorded_by = {ME});
CREATE POLICY app_changes ON incident FOR UPDATE TO throughcare_app
    USING (agency = (SELECT my_agency()) AND (SELECT my_role())::text = ANY (ARRAY['CO', 'DP']));
CREATE POLICY jobs ON incident TO throughcare_worker USING (true) WITH CHECK (true);

ALTER TABLE complaint ENABLE ROW LEVEL SECURITY;
ALTER TABLE complaint FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON complaint FOR SELECT TO throughcare_app
    USING (agency = (SELECT my_agency()) AND (SELECT my_role()) = 'CO'
           AND about IS DISTINCT FROM {ME} AND NOT bars_me(person));
CREATE POLICY app_adds ON complaint FOR INSERT TO throughcare_app
    WITH CHECK (recorded_by = {ME} AND person IN (SELECT my_people()));
CREATE POLICY app_changes ON complaint FOR UPDATE TO throughcare_app
    USING (agency = (SELECT my_agency()) AND (SELECT my_role()) = 'CO'
           AND about IS DISTINCT FROM {ME} AND NOT bars_me(person));
CREATE POLICY jobs ON complaint TO throughcare_worker USING (true) WITH CHECK (true);

CREATE POLICY officer_reads ON audit FOR SELECT TO throughcare_app
    USING ((SELECT my_role()) = 'DP'
           AND (agency = (SELECT my_agency()) OR operation = 'retention'));

GRANT SELECT, INSERT ON incident, complaint TO throughcare_app;
GRANT UPDATE (touched, description, authority_how, authority_at, people_how, people_at, outcome,
              closed_by, closed_at, version) ON incident TO throughcare_app;
GRANT UPDATE (answer, answered_by, answered_at, version) ON complaint TO throughcare_app;
GRANT SELECT ON incident, complaint TO throughcare_worker, throughcare_backup;
GRANT UPDATE (description, outcome, version) ON incident TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (CONSTRAINTS, FUNCTIONS, WALLS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
