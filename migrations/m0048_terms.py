"""Terms by agency and by age: the day stands in the plan; the floors stand here.

The jobs may change a plan, but not when it was closed, whose it is, or until when somebody is kept:
who took them over would else have made a term run out.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T08:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Terms by agency and by age, with their floors"

RULES = """
ALTER TABLE agency ADD CONSTRAINT agency_keep CHECK (
    keep_person BETWEEN 180 AND 3653 AND keep_circle BETWEEN 30 AND 3653);

CREATE FUNCTION keep_the_terms() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.person <> OLD.person
        OR NEW.keep_until IS DISTINCT FROM OLD.keep_until
        OR NEW.circle_until IS DISTINCT FROM OLD.circle_until
        OR (NEW.closed_at IS DISTINCT FROM OLD.closed_at AND (
            OLD.closed_at IS NOT NULL
            OR NEW.closed_at < clock_timestamp() - interval '1 day'))
    THEN
        RAISE EXCEPTION 'no job changes a term' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_the_terms FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_the_terms TO throughcare_app, throughcare_worker;
CREATE TRIGGER plan_terms BEFORE UPDATE ON plan FOR EACH ROW
    WHEN (current_user = 'throughcare_worker') EXECUTE FUNCTION keep_the_terms();

-- Nor does anybody move somebody of a circle to another plan, or make a job open an old one.
CREATE TRIGGER member_stays BEFORE UPDATE ON member FOR EACH ROW
    WHEN (NEW.plan <> OLD.plan OR NEW.id <> OLD.id) EXECUTE FUNCTION refuse();
CREATE TRIGGER mandate_stays BEFORE UPDATE ON mandate FOR EACH ROW
    WHEN (current_user = 'throughcare_worker' AND (NEW.plan <> OLD.plan OR NEW.actor <> OLD.actor
          OR NEW.person IS DISTINCT FROM OLD.person)) EXECUTE FUNCTION refuse();
REVOKE INSERT ON plan, member, mandate, person FROM throughcare_worker;
"""

# The least of all countries, halved for who was no adult; and the day that the closing computed.
FUNCTION = """
CREATE OR REPLACE FUNCTION destroy_expired(asked uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    SELECT p.person INTO whose FROM plan p
     WHERE p.state = 'closed' AND (p.person = asked OR p.id IN (
           SELECT b.plan FROM member b WHERE b.id = asked AND b.role IN ('FA', 'LR')
              AND p.closed_at <= clock_timestamp() - interval '15 days'
              AND coalesce(p.circle_until, p.closed_at + interval '30 days') <= clock_timestamp()
              AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.actor = asked
                                 AND m.person <> p.person
                                 AND (m.ends IS NULL OR m.ends > clock_timestamp()))))
     LIMIT 1;
    -- every plan has a mandate, and an open one is not seen here: so it is one too many
    IF whose IS NULL OR is_held(whose) OR (asked = whose AND EXISTS (
        SELECT 1 FROM mandate m WHERE m.person = whose AND m.plan NOT IN (
               SELECT p.id FROM plan p WHERE p.person = whose AND p.state = 'closed'
                  AND p.closed_at <= clock_timestamp() - interval '90 days'
                  AND coalesce(p.keep_until, p.closed_at + interval '365 days')
                      <= clock_timestamp())))
    THEN
        RETURN false;
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF asked = whose THEN
        UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
         WHERE wrapped IS NOT NULL AND id IN (
               SELECT b.id FROM member b JOIN plan p ON p.id = b.plan
                WHERE p.person = whose AND NOT EXISTS (
                      SELECT 1 FROM mandate m WHERE m.actor = b.id AND m.person <> whose
                         AND (m.ends IS NULL OR m.ends > clock_timestamp())));
    END IF;
    RETURN true;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (RULES, FUNCTION):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
