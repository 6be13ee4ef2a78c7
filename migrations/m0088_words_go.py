"""Words that were typed go with a key, whoever destroys it; and no plain hash says what it hides.

What a disclosure is for and the word by which somebody of a circle goes stood in the clear after
an erasure. A plain hash of a summary, or of what a write asked, lets whoever has the rows try out
a court's references until one fits: the worker makes those of earlier releases keyed.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T03:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Typed words go with a key, and plain hashes are keyed"

GONE = "'gone-' || substr(id::text, 1, 8)"
NOW = "nullif(current_setting('app.gone', true), '')::uuid"
# To whom it is said by the function alone, and true only where the key is destroyed.
DESTROYED = f"EXISTS (SELECT 1 FROM subject_key k WHERE k.id = {NOW} AND k.wrapped IS NULL)"
THEIRS = f"""plan IN (SELECT p.id FROM plan p WHERE p.person = {NOW}
    UNION ALL SELECT b.plan FROM member b WHERE b.id = {NOW} AND b.id = disclosure.recipient)"""

# The rows of whoever's key goes, in that very statement: by an erasure or a term. The
# application may not change what a disclosure says, and needs not.
GO = f"""
CREATE POLICY owner_sees_gone ON plan FOR SELECT TO throughcare_owner
    USING (person = {NOW} AND {DESTROYED});
CREATE POLICY owner_forgets ON member FOR UPDATE TO throughcare_owner
    USING (id = {NOW} AND {DESTROYED}) WITH CHECK (alias = {GONE});
CREATE POLICY owner_sees_gone ON member FOR SELECT TO throughcare_owner
    USING (id = {NOW} AND {DESTROYED});
CREATE POLICY owner_forgets ON disclosure FOR UPDATE TO throughcare_owner
    USING ({DESTROYED} AND {THEIRS}) WITH CHECK (purpose = '' AND sealed_purpose IS NULL);
CREATE POLICY owner_sees_gone ON disclosure FOR SELECT TO throughcare_owner
    USING ({NOW} IS NOT NULL AND {DESTROYED} AND {THEIRS});
ALTER POLICY owner_notes ON change
    WITH CHECK (entity::text = ANY (ARRAY['message', 'task', 'member', 'disclosure']));

CREATE FUNCTION words_go() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.gone', NEW.id::text, true);
    UPDATE disclosure SET purpose = '', sealed_purpose = NULL, version = version + 1
     WHERE {THEIRS} AND (purpose <> '' OR sealed_purpose IS NOT NULL);
    UPDATE member SET alias = {GONE}, version = version + 1
     WHERE id = NEW.id AND alias <> {GONE};
    PERFORM set_config('app.gone', '', true);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION words_go FROM PUBLIC;
CREATE TRIGGER words_go AFTER UPDATE ON subject_key FOR EACH ROW
    WHEN (OLD.wrapped IS NOT NULL AND NEW.wrapped IS NULL) EXECUTE FUNCTION words_go();
"""
# Of those who were erased before this release.
WENT = f"""
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE disclosure NO FORCE ROW LEVEL SECURITY;
ALTER TABLE member NO FORCE ROW LEVEL SECURITY;
ALTER TABLE change NO FORCE ROW LEVEL SECURITY;
UPDATE disclosure d SET purpose = '', version = version + 1
 WHERE purpose <> '' AND EXISTS (
       SELECT 1 FROM subject_key k WHERE k.wrapped IS NULL AND (
              k.id IN (SELECT p.person FROM plan p WHERE p.id = d.plan)
              OR k.id IN (SELECT b.id FROM member b
                           WHERE b.plan = d.plan AND b.id = d.recipient)));
UPDATE member SET alias = {GONE}, version = version + 1
 WHERE id IN (SELECT k.id FROM subject_key k WHERE k.wrapped IS NULL) AND alias <> {GONE};
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
ALTER TABLE disclosure FORCE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
ALTER TABLE change FORCE ROW LEVEL SECURITY;
"""
# What an earlier release wrote in the clear the worker hides, and it can do nothing else there. A
# keyed hash of a summary has a byte before it; one of what was asked is shorter than a plain one.
HIDES = """
DROP TRIGGER summary_written_once ON summary;
CREATE TRIGGER summary_written_once BEFORE UPDATE ON summary FOR EACH ROW
    WHEN ((current_user = 'throughcare_worker'
           AND octet_length(OLD.sha256) = 32 AND octet_length(NEW.sha256) = 33
           AND to_jsonb(NEW) - 'sha256' = to_jsonb(OLD) - 'sha256') IS NOT TRUE)
    EXECUTE FUNCTION refuse();
GRANT UPDATE (sha256) ON summary TO throughcare_worker;
CREATE INDEX summary_plain ON summary (id) WHERE octet_length(sha256) = 32;

CREATE TRIGGER purpose_is_sealed BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user = 'throughcare_worker' AND (
          OLD.purpose <> '' AND OLD.sealed_purpose IS NULL
          AND NEW.purpose = '' AND NEW.sealed_purpose IS NOT NULL
          AND to_jsonb(NEW) - 'purpose' - 'sealed_purpose' - 'version'
              = to_jsonb(OLD) - 'purpose' - 'sealed_purpose' - 'version') IS NOT TRUE)
    EXECUTE FUNCTION refuse();
GRANT UPDATE (purpose, sealed_purpose, version) ON disclosure TO throughcare_worker;
CREATE INDEX disclosure_plain ON disclosure (id) WHERE purpose <> '';

CREATE POLICY jobs_see_hashes ON once FOR SELECT TO throughcare_worker USING (true);
CREATE POLICY jobs_hide_plain ON once FOR UPDATE TO throughcare_worker
    USING (length(asked) = 64) WITH CHECK (length(asked) = 44);
REVOKE SELECT, INSERT, UPDATE ON once FROM throughcare_worker;
GRANT SELECT (id, asked), UPDATE (asked) ON once TO throughcare_worker;
CREATE INDEX once_plain ON once (id) WHERE length(asked) = 64;
"""
# What was said of a relative whose key is kept lies under that key: an erasure empties it, and the
# application may do nothing else with it.
EMPTIED = """
GRANT UPDATE (content) ON safety_flag TO throughcare_app;
CREATE TRIGGER flag_is_only_emptied BEFORE UPDATE ON safety_flag FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND NEW.content IS DISTINCT FROM OLD.content
          AND (NEW.content IS NOT NULL OR NEW.lowered_at IS NULL))
    EXECUTE FUNCTION refuse();
GRANT UPDATE (address) ON protected_address TO throughcare_app;
CREATE TRIGGER address_is_only_emptied BEFORE UPDATE ON protected_address FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND NEW.address IS DISTINCT FROM OLD.address
          AND (NEW.address IS NOT NULL OR NEW.ended_at IS NULL))
    EXECUTE FUNCTION refuse();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GO, WENT, HIDES, EMPTIED):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
