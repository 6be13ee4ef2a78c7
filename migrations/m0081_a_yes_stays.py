"""A yes that was taken back stays taken back, and nobody writes one of yesterday or for another.

The application may write consents; an injected statement in a worker's name could have given a
yes back, moved it to somebody else or dated it back. That the meeting at the gate is off tells
of the release date, so it goes where that may go. And nobody before whom a wall stands is told
anything by chat.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T20:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Consents are written once and withdrawn once"

# Of a yes nothing changes but that it is taken back, once, now.
STAYS = """
DROP TRIGGER consent_stays ON channel_consent;
CREATE TRIGGER consent_stays BEFORE UPDATE ON channel_consent FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker') AND (
          to_jsonb(NEW) - 'withdrawn_at' - 'version'
              IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' - 'version'
          OR NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at AND (
              OLD.withdrawn_at IS NOT NULL
              OR NEW.withdrawn_at < clock_timestamp() - interval '1 day')))
    EXECUTE FUNCTION refuse();
DROP TRIGGER disclosure_stays ON disclosure;
CREATE TRIGGER disclosure_stays BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          to_jsonb(NEW) - 'withdrawn_at' - 'version'
              IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' - 'version'
          OR NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at AND (
              OLD.withdrawn_at IS NOT NULL
              OR NEW.withdrawn_at < clock_timestamp() - interval '1 day')))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER flow_stays_ended BEFORE UPDATE ON data_flow FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION refuse();
REVOKE UPDATE ON participation FROM throughcare_app;
DROP POLICY app_changes ON participation;
DROP POLICY glass_changes_nothing ON participation;
REVOKE INSERT ON disclosure, participation FROM throughcare_worker;
"""
# Whoever heard it writes it down, on that day. The bot writes what somebody's own word began.
HEARD = """
CREATE TRIGGER consent_is_new BEFORE INSERT ON channel_consent FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker') AND (
          NEW.given_at < clock_timestamp() - interval '1 day' OR NEW.withdrawn_at IS NOT NULL
          OR NEW.recorded_by IS DISTINCT FROM (CASE current_user WHEN 'throughcare_worker'
              THEN NEW.subject ELSE nullif(current_setting('app.actor', true), '')::uuid END)))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER disclosure_is_new BEFORE INSERT ON disclosure FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.given_at < clock_timestamp() - interval '1 day' OR NEW.withdrawn_at IS NOT NULL
          OR NEW.recorded_by IS DISTINCT FROM
             nullif(current_setting('app.actor', true), '')::uuid))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER participation_is_new BEFORE INSERT ON participation FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.recorded_at < clock_timestamp() - interval '1 day'
          OR NEW.recorded_by IS DISTINCT FROM
             nullif(current_setting('app.actor', true), '')::uuid))
    EXECUTE FUNCTION refuse();
"""
OFF = """
CREATE OR REPLACE FUNCTION message_group(key varchar, step varchar) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN key = 'GATE-WAIT' THEN 'messages'
        WHEN key LIKE 'GATE%' OR (key = 'APPT-MOVED' AND step = 'release') THEN 'release date'
        WHEN key LIKE 'GOODNEWS%' THEN 'milestones'
        WHEN key LIKE 'APPT%' THEN 'appointments'
        ELSE 'messages' END
$$;
CREATE OR REPLACE FUNCTION message_may_flow(
    on_plan uuid, who uuid, wanted varchar, at timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT bool_or(CASE
        WHEN m.role IN ('ME', 'FA', 'PE')
            THEN may_flow(m.agency, 'chat', NULL, m.role, wanted, at)
        WHEN m.elsewhere IS NULL THEN true
        ELSE coalesce('tasks' = ANY (flow_groups(
            m.agency, 'agency', m.elsewhere, NULL, at, NULL, m.plan, m.actor)), false) END)
      FROM mandate m
     WHERE m.plan = on_plan AND m.actor = who
       AND (m.person IS NULL OR NOT is_barred(m.person, m.actor, m.role))
       AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)
$$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (STAYS, HEARD, OFF):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
