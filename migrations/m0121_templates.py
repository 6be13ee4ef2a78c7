"""Each agency has a template from its first row on; what was published never changes.

A template is of nobody: whoever is of the agency reads it, and who reads a plan of another agency
that one's. The steps to a summary, and by when it is due, are for the workers of a plan, its
probation officers, and whose plan it is.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0080_glass_adds_nothing import adds, changes

ID = "2026-11-30T20:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The templates of agencies, and row security of summaries that are due"

# An agency's first template has its id, and is the standard of the program.
TEMPLATES = f"""
ALTER TABLE template_version
    ADD CONSTRAINT template_version_of UNIQUE (id, agency),
    ADD CONSTRAINT template_version_number UNIQUE (agency, number),
    ADD CONSTRAINT template_version_file CHECK (file IS NOT NULL OR (id = agency AND number = 1)),
    ADD CONSTRAINT template_version_published
        CHECK ((published_at IS NULL) = (published_by IS NULL)
               AND (number IS NOT NULL OR published_at IS NULL));
CREATE UNIQUE INDEX template_version_draft ON template_version (agency)
    WHERE number IS NULL;
CREATE FUNCTION first_template() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO template_version (id, agency, version, number) VALUES (NEW.id, NEW.id, 1, 1);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION first_template FROM PUBLIC;
GRANT EXECUTE ON FUNCTION first_template TO throughcare_app;
INSERT INTO template_version (id, agency, version, number) SELECT id, id, 1, 1 FROM agency;
CREATE TRIGGER agency_has_a_template AFTER INSERT ON agency
    FOR EACH ROW EXECUTE FUNCTION first_template();
CREATE TRIGGER template_version_stays BEFORE UPDATE ON template_version FOR EACH ROW
    WHEN (OLD.number IS NOT NULL OR NEW.agency <> OLD.agency)
    EXECUTE FUNCTION refuse();
ALTER TABLE plan ADD CONSTRAINT plan_template_own FOREIGN KEY (template_version, agency)
    REFERENCES template_version (id, agency) ON DELETE RESTRICT ON UPDATE RESTRICT NOT VALID;
CREATE INDEX plan_template_own ON plan (template_version, agency);

ALTER TABLE template_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_version FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON template_version FOR SELECT TO throughcare_app USING (
    agency = (SELECT my_house()) OR id IN (SELECT p.template_version FROM plan p)
    OR (id = agency AND (SELECT kind::text FROM actor WHERE id = {ME}) <> 'court'));
CREATE POLICY app_adds ON template_version FOR INSERT TO throughcare_app WITH CHECK (
    (id = agency AND number = 1 AND file IS NULL) OR (
        agency = (SELECT my_house()) AND begun_by = {ME} AND number IS NULL
        AND (SELECT my_role())::text = ANY (ARRAY['AD', 'CO'])));
CREATE POLICY app_changes ON template_version FOR UPDATE TO throughcare_app
    USING (agency = (SELECT my_house()) AND (SELECT my_role())::text = ANY (ARRAY['AD', 'CO']))
    WITH CHECK (agency = (SELECT my_house()) AND (number IS NULL OR published_by = {ME}));
CREATE POLICY jobs ON template_version TO throughcare_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON template_version TO throughcare_app;
GRANT UPDATE (file, number, published_by, published_at, version)
    ON template_version TO throughcare_app;
GRANT SELECT ON template_version TO throughcare_worker;
GRANT SELECT ON template_version TO throughcare_backup;
"""

TABLE = "summary_due"
OF = """plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['{roles}']))"""
READS, WRITES = OF.format(roles="SW', 'CO', 'PO', 'PE"), OF.format(roles="SW', 'PO")
DUE = f"""
ALTER TABLE summary_due
    ADD CONSTRAINT summary_due_type
        CHECK (type IN ('release_plan_report', 'start', 'periodic', 'event', 'final')),
    ADD CONSTRAINT summary_due_chain CHECK (chain BETWEEN 1 AND 99),
    ADD CONSTRAINT summary_due_end
        CHECK ((ended_at IS NULL) = (how IS NULL) AND how IN ('issued', 'dropped'));
CREATE TRIGGER summary_due_ends_once BEFORE UPDATE ON summary_due FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL OR NEW.plan <> OLD.plan OR NEW.type <> OLD.type)
    EXECUTE FUNCTION refuse();
ALTER TABLE summary_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE summary_due FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON summary_due FOR SELECT TO throughcare_app USING ({READS});
CREATE POLICY app_adds ON summary_due FOR INSERT TO throughcare_app
    WITH CHECK ({WRITES} AND recorded_by = {ME} AND ended_at IS NULL);
CREATE POLICY app_changes ON summary_due FOR UPDATE TO throughcare_app USING ({WRITES});
CREATE POLICY jobs ON summary_due TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON summary_due AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
GRANT SELECT, INSERT ON summary_due TO throughcare_app;
GRANT UPDATE (due_on, ended_at, how, version) ON summary_due TO throughcare_app;
GRANT SELECT, DELETE ON summary_due TO throughcare_worker;
GRANT SELECT ON summary_due TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (TEMPLATES, DUE, triggers(TABLE), adds(TABLE), changes(TABLE)):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
