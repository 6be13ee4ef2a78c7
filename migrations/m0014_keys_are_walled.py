"""A wrapped key is written once: destroying one is asked of the owner, for one individual at a time.

Until now whoever held the connection of the API or of the jobs could have made everybody in the
installation unreadable with one statement. No release has used that right. Wrapping keys anew
(`./run keys rotate`) is the owner's, who alone may change the table.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T14:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Keys are destroyed one at a time, by a coordinator of the plan"

STATEMENTS = """
REVOKE UPDATE ON subject_key FROM throughcare_app, throughcare_worker;
ALTER TABLE subject_key ADD CONSTRAINT subject_key_destroyed
    CHECK (destroyed_at IS NULL OR wrapped IS NULL);
CREATE INDEX subject_key_gone ON subject_key (destroyed_at) WHERE destroyed_at IS NOT NULL;

-- Destroys the key of a person, or of somebody in a circle, for a coordinator whose mandate on
-- that plan is in force; false where that is not so, or the key is gone. The clock is the
-- database's own: ten in an hour is the most for an agency, whatever time a caller says it is.
CREATE FUNCTION destroy_key(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    IF NOT EXISTS (
        SELECT 1 FROM mandate
         WHERE actor = nullif(current_setting('app.actor', true), '')::uuid AND role = 'CO'
           AND starts <= nullif(current_setting('app.now', true), '')::timestamptz
           AND (ends IS NULL OR ends > nullif(current_setting('app.now', true), '')::timestamptz)
           AND plan IN (SELECT id FROM plan WHERE person = asked
                        UNION SELECT plan FROM member WHERE id = asked))
    THEN
        RETURN false;
    END IF;
    IF (SELECT count(*) FROM subject_key k JOIN actor a ON a.id = k.id
         WHERE k.destroyed_at > clock_timestamp() - interval '1 hour'
           AND a.agency = (SELECT my_agency())) >= 10
    THEN
        RAISE EXCEPTION 'too many keys were destroyed within an hour' USING ERRCODE = 'TC429';
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    RETURN FOUND;
END $$;
REVOKE EXECUTE ON FUNCTION destroy_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_key TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
