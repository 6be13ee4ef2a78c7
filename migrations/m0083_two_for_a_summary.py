"""A summary is issued only when somebody else than who issues it has seen the draft.

The action asks for it of the very draft; the database of the plan, for it cannot know a draft: a
reading on which nothing was issued yet, by another. Whoever reads or checks writes it down then, in
their own name, and it is used once. Under the release before, an officer who alone has seen a draft
is refused from here on (404).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T02:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Two for a summary"

ME = "nullif(current_setting('app.actor', true), '')::uuid"

KINDS = """
ALTER TABLE reading DROP CONSTRAINT reading_kind;
ALTER TABLE reading ADD CONSTRAINT reading_kind CHECK (kind IN ('read', 'tried', 'checked'));
ALTER TABLE reading ADD CONSTRAINT reading_comment CHECK (kind <> 'checked' OR comment IS NULL);
ALTER TABLE outside_review DROP CONSTRAINT outside_review_kind;
ALTER TABLE outside_review ADD CONSTRAINT outside_review_kind
    CHECK (kind IN ('glass', 'erasure', 'summary'));
"""
# The program's clock is that of whoever sends the statement; a draft lies for a day by our own.
READINGS = f"""
CREATE TRIGGER reading_is_new BEFORE INSERT ON reading FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.recorded_by IS DISTINCT FROM {ME} OR NEW.summary IS NOT NULL
          OR NEW.recorded_at < clock_timestamp() - interval '1 hour'))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER reading_used_once BEFORE UPDATE ON reading FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND OLD.summary IS NOT NULL)
    EXECUTE FUNCTION refuse();
CREATE POLICY glass_adds_nothing ON reading AS RESTRICTIVE FOR INSERT TO throughcare_app
    WITH CHECK (plan NOT IN (SELECT plans_by_glass()));
REVOKE INSERT ON reading, summary FROM throughcare_worker;
"""
TWO = f"""
CREATE FUNCTION ask_for_another() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.issued_by IS DISTINCT FROM {ME} OR NOT EXISTS (
        SELECT 1 FROM reading r
         WHERE r.plan = NEW.plan AND r.summary IS NULL
           AND ((r.kind::text = ANY (ARRAY['read', 'checked']) AND r.recorded_by <> NEW.issued_by)
                OR (r.recorded_at <= clock_timestamp() - interval '24 hours' AND EXISTS (
                    SELECT 1 FROM plan p WHERE p.id = NEW.plan
                       AND p.agency = (SELECT my_agency()) AND is_small(p.agency)))))
    THEN
        RAISE EXCEPTION 'nobody else has seen this summary'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'summary_seen';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION ask_for_another FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_for_another TO throughcare_app;
CREATE TRIGGER summary_seen BEFORE INSERT ON summary FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION ask_for_another();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (KINDS, READINGS, TWO):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
