"""Clubs are the house's to read; who welcomes a person, the social workers' of that plan alone.

Which club a welcome names lies sealed in it, so no statement of whoever reads rows lists the people
of a club. A welcome ends with its key, and is deleted with it: whoever destroys that, also a
restore.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0028_safety import ROW_SECURITY
from migrations.m0056_accounts_are_walled import APP, JOBS, wall
from migrations.m0080_glass_adds_nothing import adds, changes
from migrations.m0135_helpers import AS_THEY_STAND, HOUSE, LEADS, OF, READS, WRITES

ID = "2026-12-01T05:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls of clubs and welcomes"

KINDS = """'sport', 'music', 'arts', 'making', 'garden', 'games', 'neighbours', 'work', 'learning',
    'helping'"""
CLUBS = (
    wall(
        "club",
        app_reads=f"""FOR SELECT {APP}
    USING ({HOUSE} AND (SELECT my_role())::text = ANY (ARRAY['CO', 'SW']))""",
        app_adds=f"FOR INSERT {APP} WITH CHECK ({LEADS} AND added_by = {ME})",
        app_changes=f"FOR UPDATE {APP} USING ({LEADS}) WITH CHECK ({LEADS})",
        jobs_read=f"FOR SELECT {JOBS} USING (true)",
    )
    + f"""
ALTER TABLE club ADD CONSTRAINT club_actor FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE club ADD CONSTRAINT club_kind CHECK (kind IN ({KINDS}));
ALTER TABLE club ADD CONSTRAINT club_offers
    CHECK (offers - ARRAY['VOC', 'MEN', 'FAM', 'HOU', 'FIN', 'IDD'] = '{{}}');
ALTER TABLE club ADD CONSTRAINT club_end CHECK (ended_at IS NULL OR contact IS NULL);
GRANT SELECT, INSERT ON club TO throughcare_app;
GRANT UPDATE (kind, name, area, hours, offers, contact, looked_on, ended_at, version) ON club
    TO throughcare_app;
GRANT SELECT ON club TO throughcare_worker, throughcare_backup;

-- Whoever was named to ask there is forgotten when it ends, in backups too. No `destroyed_at`: it
-- is nobody's erasure, of which ten in an hour are the most.
CREATE FUNCTION club_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    UPDATE subject_key SET wrapped = NULL WHERE id = NEW.id AND wrapped IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER club_ends AFTER UPDATE OF ended_at ON club FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION club_ends();
CREATE TRIGGER club_stays BEFORE UPDATE ON club FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL OR NEW.agency <> OLD.agency) EXECUTE FUNCTION refuse();
"""
)

TABLE = "welcome"
OWN = OF.format(roles="PE")
ENDS = OF.format(roles="SW', 'CO")
WELCOMES = f"""
ALTER TABLE welcome ADD CONSTRAINT welcome_actor FOREIGN KEY (id) REFERENCES actor
    ON DELETE RESTRICT;
ALTER TABLE welcome ADD CONSTRAINT welcome_tell CHECK (tell IN ('nothing', 'name_and_day'));
-- First the person, then whoever is to welcome them; of what has ended no yes is left.
ALTER TABLE welcome ADD CONSTRAINT welcome_asked CHECK (
    (tell IS NULL) = (agreed_at IS NULL) AND (agreed_by IS NULL) = (agreed_at IS NULL)
    AND (heard_by IS NULL) = (heard_at IS NULL) AND (heard_at IS NULL OR agreed_at IS NOT NULL)
    AND (NOT ended OR agreed_at IS NULL));
CREATE INDEX welcome_ended ON welcome (id) WHERE ended;
ALTER POLICY app_reads ON welcome USING ({READS} OR {OWN});
ALTER POLICY app_adds ON welcome WITH CHECK ({WRITES} AND named_by = {ME} AND NOT ended
    AND heard_at IS NULL AND (plan, person) IN (SELECT h.plan, h.person FROM my_mandates() h));
ALTER POLICY app_changes ON welcome USING ({WRITES});
CREATE POLICY jobs_wait ON welcome AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
CREATE POLICY owner_reads ON welcome FOR SELECT TO throughcare_owner USING (true);
CREATE POLICY owner_ends ON welcome FOR UPDATE TO throughcare_owner USING (true) WITH CHECK (ended);
CREATE POLICY owner_forgets ON welcome FOR DELETE TO throughcare_owner USING (NOT EXISTS (
    SELECT 1 FROM subject_key k WHERE k.id = welcome.id AND k.wrapped IS NOT NULL));
GRANT SELECT, INSERT ON welcome TO throughcare_app;
GRANT UPDATE (tell, agreed_by, agreed_at, heard_by, heard_at, version) ON welcome
    TO throughcare_app;
GRANT SELECT, DELETE ON welcome TO throughcare_worker;
GRANT SELECT ON welcome TO throughcare_backup;

CREATE FUNCTION keep_welcome() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (NEW.agreed_at IS NOT NULL AND NEW.agreed_at IS DISTINCT FROM OLD.agreed_at
        AND NEW.agreed_by IS DISTINCT FROM {ME})
       OR (NEW.heard_at IS NOT NULL AND NEW.heard_at IS DISTINCT FROM OLD.heard_at
           AND NEW.heard_by IS DISTINCT FROM {ME})
       OR (OLD.heard_at IS NOT NULL AND NEW.heard_at IS NULL) OR OLD.ended
    THEN
        RAISE EXCEPTION 'a yes is written by whoever heard it' USING
            ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER welcome_is_heard BEFORE UPDATE ON welcome FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION keep_welcome();

-- A no of either, or of the person to the step. While a legal hold stands what was held stays sealed.
CREATE FUNCTION end_welcomes(of_plan uuid, one uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose constant uuid := (SELECT h.person FROM my_mandates() h
        WHERE h.plan = of_plan AND h.role::text = ANY (ARRAY['SW', 'CO']) LIMIT 1);
BEGIN
    IF whose IS NULL OR NOT EXISTS (
        SELECT 1 FROM welcome w WHERE w.plan = of_plan AND (one IS NULL OR w.id = one))
    THEN
        RETURN;
    END IF;
    IF is_held(whose) THEN
        UPDATE welcome SET ended = true, tell = NULL, agreed_by = NULL, agreed_at = NULL,
               heard_by = NULL, heard_at = NULL, version = version + 1
         WHERE plan = of_plan AND (one IS NULL OR id = one) AND NOT ended;
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(4806114);
    UPDATE subject_key SET wrapped = NULL WHERE wrapped IS NOT NULL AND id IN (
        SELECT w.id FROM welcome w WHERE w.plan = of_plan AND (one IS NULL OR w.id = one));
END $$;

-- One that ended under a hold, or whose plan is over for as long as its family is kept.
CREATE FUNCTION forget_welcome(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    UPDATE subject_key SET wrapped = NULL WHERE id = asked AND wrapped IS NOT NULL AND EXISTS (
        SELECT 1 FROM welcome w LEFT JOIN plan p ON p.id = w.plan AND p.state = 'closed'
           AND p.closed_at <= clock_timestamp() - interval '15 days'
           AND coalesce(p.circle_until, p.closed_at + interval '30 days') <= clock_timestamp()
         WHERE w.id = asked AND NOT is_held(w.person) AND (w.ended OR p.id IS NOT NULL));
    RETURN FOUND;
END $$;

-- A welcome goes with its key, and its key with the person's, whoever destroys it.
CREATE FUNCTION welcome_goes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM welcome WHERE id = NEW.id;
    UPDATE subject_key SET wrapped = NULL WHERE wrapped IS NOT NULL
       AND id IN (SELECT w.id FROM welcome w WHERE w.person = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER welcome_goes AFTER UPDATE ON subject_key FOR EACH ROW
    WHEN (NEW.wrapped IS NULL AND OLD.wrapped IS NOT NULL) EXECUTE FUNCTION welcome_goes();
ALTER POLICY owner_notes ON change WITH CHECK (entity::text = ANY (
    ARRAY['message', 'task', 'member', 'disclosure', 'relative', 'welcome']));

REVOKE EXECUTE ON FUNCTION club_ends, keep_welcome, end_welcomes, forget_welcome, welcome_goes
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_welcome, end_welcomes TO throughcare_app;
GRANT EXECUTE ON FUNCTION forget_welcome TO throughcare_worker;
"""
# The person reads it in their own file, and an entry of their agency's registry says what flows
# there. The owner sees no row of it; for this one statement nobody else sees the table either.
OWN_FILE = """
ALTER TABLE data_flow NO FORCE ROW LEVEL SECURITY;
UPDATE data_flow SET groups = array_append(groups, 'welcome'), version = version + 1
 WHERE kind = 'person' AND ended_at IS NULL AND NOT 'welcome' = ANY (groups);
ALTER TABLE data_flow FORCE ROW LEVEL SECURITY;
"""
# No machine says a word to whoever welcomes somebody: a human does.
CHANGED = (
    (
        "reaches_key",
        "OR EXISTS (SELECT 1 FROM mentor WHERE id = asked)",
        """OR EXISTS (SELECT 1 FROM mentor WHERE id = asked)
        OR EXISTS (SELECT 1 FROM club WHERE id = asked)
        OR EXISTS (SELECT 1 FROM welcome WHERE id = asked)""",
    ),
    (
        "may_be_prompted",
        "SELECT NOT EXISTS (",
        """SELECT NOT EXISTS (SELECT 1 FROM welcome w WHERE w.id = asked)
       AND NOT EXISTS (""",
    ),
)


def statements() -> str:
    changed = (
        AS_THEY_STAND.format(name=name, before=before, after=after)
        for name, before, after in CHANGED
    )
    walls = triggers(TABLE) + ROW_SECURITY.format(table=TABLE, mine=WRITES)
    return "".join((CLUBS, walls, adds(TABLE), changes(TABLE), WELCOMES, OWN_FILE, *changed))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
