"""What an issuer wrote is seen by somebody else; a session stands on a device; a week tells a day.

The program asks both first. A check of a draft on which the issuer wrote down a comment later is
none, and what stands for it in a small agency has lain for a day with every comment. A session
that is opened on a device that ended would stand in no list of devices, and nobody could end it.
A relative who is asked how things are learns that the person has left, as by the first night.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME

ID = "2026-11-30T10:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Seen with the words that go along; a session on a device that stands"

TWO = f"""
CREATE OR REPLACE FUNCTION ask_for_another() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.issued_by IS DISTINCT FROM {ME} OR NOT EXISTS (
        SELECT 1 FROM reading r
         WHERE r.plan = NEW.plan AND r.summary IS NULL
           AND ((r.kind::text = ANY (ARRAY['read', 'checked']) AND r.recorded_by <> NEW.issued_by
                 AND NOT EXISTS (
                     SELECT 1 FROM reading o
                      WHERE o.plan = r.plan AND o.digest = r.digest AND o.summary IS NULL
                        AND o.recorded_by = NEW.issued_by AND o.comment IS NOT NULL
                        AND o.recorded_at > r.recorded_at))
                OR (r.recorded_at <= clock_timestamp() - interval '24 hours'
                    AND NOT EXISTS (
                        SELECT 1 FROM reading o
                         WHERE o.plan = r.plan AND o.digest = r.digest AND o.summary IS NULL
                           AND o.comment IS NOT NULL
                           AND o.recorded_at > clock_timestamp() - interval '24 hours')
                    AND EXISTS (
                    SELECT 1 FROM plan p WHERE p.id = NEW.plan
                       AND p.agency = (SELECT my_agency()) AND is_small(p.agency)))))
    THEN
        RAISE EXCEPTION 'nobody else has seen this summary'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'summary_seen';
    END IF;
    RETURN NEW;
END $$;
"""
GROUPS = """
CREATE OR REPLACE FUNCTION message_group(key varchar, step varchar) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN key = 'GATE-WAIT' THEN 'messages'
        WHEN key LIKE 'GATE%' OR (key = 'APPT-MOVED' AND step = 'release') THEN 'release date'
        WHEN key IN ('NIGHT1', 'CONTACT72', 'FAM-HOW') THEN 'release date'
        WHEN key LIKE 'GOODNEWS%' THEN 'milestones'
        WHEN key LIKE 'APPT%' THEN 'appointments'
        ELSE 'messages' END
$$;
"""
DEVICES = """
CREATE FUNCTION stands_on_a_device() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.device IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM device d
         WHERE d.id = NEW.device AND d.staff = NEW.staff AND d.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'this device has ended'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'session_device';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION stands_on_a_device FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stands_on_a_device TO throughcare_app;
CREATE TRIGGER session_device BEFORE INSERT OR UPDATE OF device ON session FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION stands_on_a_device();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (TWO, GROUPS, DEVICES):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
