"""A mentor's place, and the gate before a relative: the database asks for both itself.

Who is in a circle by a release that asked for neither goes on there. That release still runs while
this one comes: a relative whom it adds is carried like those of before, by the trigger of a member.
A later release takes that trigger away.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME, NOW
from migrations.m0028_safety import ROW_SECURITY
from migrations.m0056_accounts_are_walled import APP, JOBS, wall
from migrations.m0080_glass_adds_nothing import adds, changes
from migrations.m0092_what_an_operator_sets import AT_TERMINAL

ID = "2026-11-30T20:35:00:000000"
VERSION = "1.38.0"
DESCRIPTION = (
    "Walls of mentors and the family map, a mentor's place, and the gate before a relative"
)

TABLE = "relative"
OF = "plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['{roles}']))"
WRITES = OF.format(roles="SW")
COORDINATES = OF.format(roles="CO")
# A coordinator adds a relative to a circle, and reads the map behind broken glass alone.
READS = f"{WRITES} OR (plan IN (SELECT plans_by_glass()) AND {COORDINATES})"
MAP = f"""
ALTER TABLE relative ADD CONSTRAINT relative_actor FOREIGN KEY (id) REFERENCES actor
    ON DELETE RESTRICT;
ALTER TABLE relative ADD CONSTRAINT relative_relation CHECK (relation IN
    ('partner', 'parent', 'grown_child', 'sibling', 'relative', 'friend', 'gone'));
ALTER TABLE relative ADD CONSTRAINT relative_wish
    CHECK (wish IN ('wanted', 'not_wanted', 'not_allowed'));
CREATE TRIGGER relative_stays BEFORE UPDATE ON relative FOR EACH ROW
    WHEN (NEW.plan <> OLD.plan OR NEW.id <> OLD.id OR (NEW.carried AND NOT OLD.carried))
    EXECUTE FUNCTION refuse();
ALTER POLICY app_reads ON relative USING ({READS});
ALTER POLICY app_adds ON relative WITH CHECK (({WRITES} OR {COORDINATES}) AND named_by = {ME}
    AND NOT carried);
ALTER POLICY app_changes ON relative USING ({WRITES});
CREATE POLICY jobs_wait ON relative AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
CREATE POLICY owner_reads ON relative FOR SELECT TO throughcare_owner USING (true);
CREATE POLICY owner_carries ON relative FOR INSERT TO throughcare_owner WITH CHECK (carried);
CREATE POLICY owner_forgets ON relative FOR UPDATE TO throughcare_owner USING (true);
GRANT SELECT, INSERT ON relative TO throughcare_app;
GRANT UPDATE (relation, wish, children_there, takes_part, language, heard_by, heard_at,
    safety_asked_by, safety_asked_at, barred_by, barred_at, carried, version) ON relative
    TO throughcare_app;
GRANT SELECT, DELETE ON relative TO throughcare_worker;
GRANT SELECT ON relative TO throughcare_backup;
"""

# The same rule as backend.family.rules.may_be_prompted, and a test compares the two.
GATE = f"""
CREATE FUNCTION may_be_prompted(asked uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM relative r WHERE r.id = asked AND NOT (
               r.barred_at IS NULL AND coalesce(r.wish = 'wanted', false)
               AND ((r.carried AND r.takes_part IS DISTINCT FROM false)
                    OR (coalesce(r.takes_part, false) AND r.safety_asked_at IS NOT NULL))))
$$;
-- An order, or a no of either. backend.family.rules.is_parted is the same.
CREATE FUNCTION is_parted(asked uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM relative r WHERE r.id = asked AND (
        r.barred_at IS NOT NULL OR r.wish <> 'wanted' OR r.takes_part = false))
$$;
-- What the person has said of their family, for their own file: of each the words that are theirs.
CREATE FUNCTION family_as_told(asked uuid)
RETURNS TABLE (id uuid, relation varchar, wish varchar, children_there boolean, named_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.id, r.relation, r.wish, r.children_there, r.named_at FROM relative r
     WHERE r.plan = asked AND r.wish IS NOT NULL AND NOT r.carried AND r.plan IN (
           SELECT h.plan FROM my_mandates() h WHERE h.role = 'PE')
$$;

CREATE FUNCTION keep_gate() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT may_be_prompted(NEW.subject) THEN
        RAISE EXCEPTION 'a human asks first' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'link_gate';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER link_gate BEFORE INSERT OR UPDATE OF state ON link FOR EACH ROW
    WHEN (NEW.plan IS NOT NULL
          AND NEW.state::text = ANY (ARRAY['invited', 'unconfirmed', 'active']))
    EXECUTE FUNCTION keep_gate();
-- Nothing is queued, and whoever queues hears of no more than of what was queued before.
CREATE FUNCTION queue_by_gate() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF may_be_prompted(NEW.recipient) THEN
        RETURN NEW;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER message_gate BEFORE INSERT ON message FOR EACH ROW
    WHEN (NEW.plan IS NOT NULL AND NEW.recipient IS NOT NULL AND NEW.link IS NOT NULL)
    EXECUTE FUNCTION queue_by_gate();
CREATE FUNCTION keep_apart() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF is_parted(NEW.actor) THEN
        RAISE EXCEPTION 'there is no contact' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'relative_apart';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mandate_apart BEFORE INSERT ON mandate FOR EACH ROW WHEN (NEW.role = 'FA')
    EXECUTE FUNCTION keep_apart();

CREATE FUNCTION carry_relative() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM relative r WHERE r.id = NEW.id) THEN
        INSERT INTO relative (id, agency, plan, version, relation, wish, children_there, carried,
                              named_by, named_at)
        VALUES (NEW.id, NEW.agency, NEW.plan, 1, 'relative', 'wanted', false, true,
                coalesce({ME}, NEW.id), coalesce({NOW}, clock_timestamp()));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER member_is_on_the_map AFTER INSERT ON member FOR EACH ROW WHEN (NEW.role = 'FA')
    EXECUTE FUNCTION carry_relative();
-- What stood on the map of somebody goes with their key, whoever destroys it.
CREATE FUNCTION map_goes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE relative SET relation = 'gone', wish = NULL, children_there = false, takes_part = NULL,
           language = NULL, heard_by = NULL, heard_at = NULL, safety_asked_by = NULL,
           safety_asked_at = NULL, barred_by = NULL, barred_at = NULL, version = version + 1
     WHERE id = NEW.id AND relation <> 'gone';
    RETURN NULL;
END $$;
CREATE TRIGGER map_goes AFTER UPDATE ON subject_key FOR EACH ROW
    WHEN (NEW.wrapped IS NULL AND OLD.wrapped IS NOT NULL) EXECUTE FUNCTION map_goes();
ALTER POLICY owner_notes ON change
    WITH CHECK (entity::text = ANY (ARRAY['message', 'task', 'member', 'disclosure', 'relative']));

REVOKE EXECUTE ON FUNCTION may_be_prompted, is_parted, family_as_told, keep_gate, queue_by_gate,
    keep_apart, carry_relative, map_goes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_be_prompted, is_parted TO throughcare_app, throughcare_worker;
GRANT EXECUTE ON FUNCTION family_as_told TO throughcare_app;
"""
# Whoever is in a circle was wanted there, and goes on by the yes that stands. The owner sees no row
# of a plan; for this one statement nobody else sees the tables either.
CARRIED = """
ALTER TABLE member NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mandate NO FORCE ROW LEVEL SECURITY;
ALTER TABLE relative NO FORCE ROW LEVEL SECURITY;
ALTER TABLE change NO FORCE ROW LEVEL SECURITY;
INSERT INTO relative (id, agency, plan, version, relation, wish, children_there, carried, named_by,
                      named_at)
SELECT b.id, b.agency, b.plan, 1, 'relative', 'wanted', false, true, b.id,
       coalesce(min(m.starts), clock_timestamp())
  FROM member b LEFT JOIN mandate m ON m.actor = b.id AND m.plan = b.plan
 WHERE b.role = 'FA' GROUP BY b.id, b.agency, b.plan;
ALTER TABLE change FORCE ROW LEVEL SECURITY;
ALTER TABLE relative FORCE ROW LEVEL SECURITY;
ALTER TABLE mandate FORCE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
"""

HOUSE = "agency = (SELECT my_house())"
LEADS = f"{HOUSE} AND (SELECT my_role())::text = 'CO'"
MENTORS = (
    wall(
        "mentor",
        app_reads=f"""FOR SELECT {APP}
    USING ({HOUSE} AND (SELECT my_role())::text = ANY (ARRAY['CO', 'SW']))""",
        app_adds=f"FOR INSERT {APP} WITH CHECK ({LEADS} AND added_by = {ME})",
        app_changes=f"FOR UPDATE {APP} USING ({LEADS}) WITH CHECK ({LEADS})",
        jobs_read=f"FOR SELECT {JOBS} USING (true)",
        jobs_change=f"FOR UPDATE {JOBS} USING (true)",
    )
    + f"""
ALTER TABLE mentor ADD CONSTRAINT mentor_actor FOREIGN KEY (id) REFERENCES actor
    ON DELETE RESTRICT;
ALTER TABLE mentor ADD CONSTRAINT mentor_vetting CHECK (vetting IN ('passed', 'not_passed'));
ALTER TABLE mentor ADD CONSTRAINT mentor_vetted CHECK (
    (vetting IS NULL) = (vetted_on IS NULL)
    AND (valid_until IS NOT NULL) = coalesce(vetting = 'passed', false));
GRANT SELECT, INSERT ON mentor TO throughcare_app;
GRANT UPDATE (identity, languages, vetting, vetted_on, valid_until, boundaries_on, trained_on,
    ended_at, version) ON mentor TO throughcare_app;
GRANT SELECT ON mentor TO throughcare_worker, throughcare_backup;
GRANT UPDATE (identity, vetting, vetted_on, valid_until, version) ON mentor TO throughcare_worker;

-- A coordinator adds a mentor to the agency, whoever's plan they see.
ALTER POLICY app_adds ON actor
    WITH CHECK ({AT_TERMINAL}
                OR (kind = 'person' AND agency = (SELECT my_agency()))
                OR (kind = 'member' AND (agency IN (SELECT p.agency FROM plan p) OR ({LEADS}))));
CREATE POLICY owner_reads_mentors ON member FOR SELECT TO throughcare_owner
    USING (mentor IS NOT NULL);
ALTER TABLE member ADD CONSTRAINT member_mentor CHECK (mentor IS NULL OR role = 'ME');

-- How many people somebody of one's own agency supports: a number, and of whom for nobody.
CREATE FUNCTION mentor_load(asked uuid) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(DISTINCT m.person)::integer FROM member b
      JOIN mandate m ON m.actor = b.id AND m.role = 'ME'
       AND (m.ends IS NULL OR m.ends > coalesce({NOW}, clock_timestamp()))
     WHERE b.mentor = asked AND b.agency = (SELECT my_house())
$$;
-- The mentor's row is held, so that of all who ask for the last place one gets it.
CREATE FUNCTION keep_mentor_room() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose mentor;
    at constant timestamptz := coalesce({NOW}, clock_timestamp());
BEGIN
    SELECT t.* INTO whose FROM mentor t
     WHERE t.id = (SELECT b.mentor FROM member b WHERE b.id = NEW.actor) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NEW;  -- of a release that knew no profile
    END IF;
    IF whose.ended_at IS NOT NULL OR whose.valid_until IS NULL OR whose.valid_until < (
        SELECT (at AT TIME ZONE a.zone)::date FROM agency a WHERE a.id = whose.agency)
    THEN
        RAISE EXCEPTION 'the vetting does not hold' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'mentor_vetted';
    END IF;
    IF (SELECT count(DISTINCT m.person) FROM member b
          JOIN mandate m ON m.actor = b.id AND m.role = 'ME'
           AND (m.ends IS NULL OR m.ends > at)
         WHERE b.mentor = whose.id AND m.id <> NEW.id
           AND m.person IS DISTINCT FROM NEW.person) >= 3
    THEN
        RAISE EXCEPTION 'three people at a time' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'mentor_room';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER place_with_a_mentor BEFORE INSERT ON mandate FOR EACH ROW WHEN (NEW.role = 'ME')
    EXECUTE FUNCTION keep_mentor_room();
CREATE TRIGGER place_goes_on BEFORE UPDATE OF ends ON mandate FOR EACH ROW
    WHEN (NEW.role = 'ME' AND OLD.ends IS NOT NULL AND (NEW.ends IS NULL OR NEW.ends > OLD.ends))
    EXECUTE FUNCTION keep_mentor_room();

-- A year after a mentor has left nothing of them is left that tells who they were.
CREATE FUNCTION forget_mentor(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    UPDATE mentor SET identity = NULL, vetting = NULL, vetted_on = NULL, valid_until = NULL,
           version = version + 1
     WHERE id = asked AND ended_at <= clock_timestamp() - interval '365 days'
       AND (identity IS NOT NULL OR vetting IS NOT NULL);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION mentor_load, keep_mentor_room, forget_mentor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mentor_load TO throughcare_app;
GRANT EXECUTE ON FUNCTION forget_mentor TO throughcare_worker;
"""
)

# Whom a mentor or a colleague may call: themselves read it, and their agency's coordinators.
SUPPORT = (
    wall(
        "support",
        app_reads=f"FOR SELECT {APP} USING (id = {ME} OR ({LEADS}))",
        app_adds=f"FOR INSERT {APP} WITH CHECK ({LEADS} AND set_by = {ME})",
        app_changes=f"FOR UPDATE {APP} USING ({LEADS}) WITH CHECK ({LEADS} AND set_by = {ME})",
        jobs_read=f"FOR SELECT {JOBS} USING (true)",
    )
    + f"""
ALTER TABLE support ADD CONSTRAINT support_actor FOREIGN KEY (id) REFERENCES actor
    ON DELETE RESTRICT;
ALTER TABLE support ADD CONSTRAINT support_another CHECK (human <> id);
GRANT SELECT, INSERT ON support TO throughcare_app;
GRANT UPDATE (human, set_by, set_at, version) ON support TO throughcare_app;
GRANT SELECT ON support TO throughcare_worker, throughcare_backup;

-- How many people each social worker of a coordinator's own house carries, and of whom for nobody.
CREATE FUNCTION load_of_house() RETURNS TABLE (who uuid, people integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT m.actor, count(DISTINCT m.person)::integer
      FROM mandate m JOIN plan p ON p.id = m.plan
       AND p.state::text <> ALL (ARRAY['closed', 'transferred', 'ended_death'])
     WHERE p.agency = (SELECT my_house()) AND (SELECT my_role())::text = 'CO'
       AND m.role = 'SW' AND m.glass IS NULL AND m.starts <= {NOW}
       AND (m.ends IS NULL OR m.ends > {NOW})
     GROUP BY m.actor
$$;
REVOKE EXECUTE ON FUNCTION load_of_house FROM PUBLIC;
GRANT EXECUTE ON FUNCTION load_of_house TO throughcare_app;
"""
)

# Both functions are taken as they stand, so that what another migration has made of them stays.
AS_THEY_STAND = """
DO $$
DECLARE
    was constant text := pg_get_functiondef('{name}'::regproc);
    now constant text := replace(was, $q${before}$q$, $q${after}$q$);
BEGIN
    IF was = now THEN
        RAISE EXCEPTION '{name} is not as it was';
    END IF;
    EXECUTE now;
END $$;
"""
CHANGED = (
    (
        "reaches_key",
        "OR EXISTS (SELECT 1 FROM link WHERE subject = asked)",
        """OR EXISTS (SELECT 1 FROM link WHERE subject = asked)
        OR EXISTS (SELECT 1 FROM mentor WHERE id = asked)""",
    ),
    (
        "whose_act",
        "('addCircleMember', 'endMandate', 'leaveCircle')",
        "('addCircleMember', 'endMandate', 'leaveCircle', 'announceEnding')",
    ),
    (
        "whose_act",
        "ELSIF operation = 'readIncoming' THEN",
        """ELSIF operation IN ('nameRelative', 'changeRelative') THEN
        told := (SELECT b.id FROM member b WHERE b.id = asked);
    ELSIF operation = 'readIncoming' THEN""",
    ),
)


def statements() -> str:
    changed = (
        AS_THEY_STAND.format(name=name, before=before, after=after)
        for name, before, after in CHANGED
    )
    walls = triggers(TABLE) + ROW_SECURITY.format(table=TABLE, mine=WRITES)
    return "".join(
        (walls, adds(TABLE), changes(TABLE), MAP, GATE, CARRIED, MENTORS, SUPPORT, *changed)
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
