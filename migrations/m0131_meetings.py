"""A meeting is for whoever was asked to it, and what was approved of it stays as it is.

The workers of the plan and its person read all of it; of the others each what is theirs: an item of
a row that they may know of, what they told or were told, the decision that is to be theirs, and the
minutes where they were there.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0080_glass_adds_nothing import adds, changes
from migrations.m0113_needs_and_goals import OF, TOLD

ID = "2026-11-30T20:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls of meetings"

TABLES = (
    *("meeting", "meeting_member", "meeting_item", "meeting_share", "meeting_decision"),
    "meeting_note",
)
WORKERS = OF.format(roles="SW', 'CO")
MINE = "meeting IN (SELECT my_meetings())"
READS = {
    "meeting": "id IN (SELECT my_meetings())",
    "meeting_member": MINE,
    "meeting_item": f"""{MINE} AND NOT left_out AND why::text[] && ARRAY['overdue', 'due', 'added']
        AND (milestone IS NULL OR EXISTS (
             SELECT 1 FROM milestone n JOIN my_mandates_by_flow() h ON h.plan = n.plan
              WHERE n.id = milestone AND sees(h.role, n) AND covers(h.groups, 'milestones')))""",
    "meeting_share": f"{MINE} AND {ME} IN (told_by, told_to)",
    "meeting_decision": f"{MINE} AND owner = {ME}",
    "meeting_note": f"""{MINE} AND EXISTS (SELECT 1 FROM meeting_member a
        WHERE a.meeting = meeting_note.meeting AND a.actor = {ME} AND a.present)""",
}
# What somebody who is no worker of the plan writes: their answer, their yes to the minutes, and
# with it that all have said yes.
CHANGES = {
    "meeting": "id IN (SELECT my_meetings())",
    "meeting_member": f"actor = {ME}",
    "meeting_decision": f"owner = {ME}",
}
WRITTEN_ONCE = frozenset({"meeting_share"})
FUNCTION = f"""
-- The meetings to which the actor was asked, where they may be told of meetings at all.
CREATE FUNCTION my_meetings() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 10 AS $$
    SELECT a.meeting FROM meeting_member a JOIN my_mandates_by_flow() h ON h.plan = a.plan
     WHERE a.actor = {ME} AND covers(h.groups, 'meetings')
$$;
REVOKE EXECUTE ON FUNCTION my_meetings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_meetings TO throughcare_app;
CREATE POLICY owner_reads ON meeting_member FOR SELECT TO throughcare_owner USING (actor = {ME});
"""
ROW_SECURITY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON {table} FOR SELECT TO throughcare_app USING ({told} OR ({reads}));
CREATE POLICY app_adds ON {table} FOR INSERT TO throughcare_app WITH CHECK ({workers});
CREATE POLICY app_thins ON {table} FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()));
CREATE POLICY jobs ON {table} TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON {table} AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()) OR plan IN (SELECT plans_to_thin_again()));
GRANT SELECT, INSERT, DELETE ON {table} TO throughcare_app;
GRANT SELECT, DELETE ON {table} TO throughcare_worker;
GRANT SELECT ON {table} TO throughcare_backup;
"""
APP_CHANGES = """
CREATE POLICY app_changes ON {table} FOR UPDATE TO throughcare_app USING ({changes});
"""
RULES = f"""
GRANT UPDATE (held_on, held_at, moves, called_off_at, took_place_at, approved_at, version) ON meeting
    TO throughcare_app;
GRANT UPDATE (answer, answered_at, present, approved_at, approved_by, version) ON meeting_member
    TO throughcare_app;
GRANT UPDATE (why, left_out, dealt, version) ON meeting_item TO throughcare_app;
GRANT UPDATE (accepted_at, declined_at, version) ON meeting_decision TO throughcare_app;
GRANT UPDATE (words, written_by, at, version) ON meeting_note TO throughcare_app;
-- somebody taps whether they come
GRANT UPDATE (answer, answered_at, version) ON meeting_member TO throughcare_worker;

ALTER TABLE meeting ADD CONSTRAINT meeting_speaks CHECK (cardinality(speaks_of) > 0);
ALTER TABLE meeting ADD CONSTRAINT meeting_off
    CHECK (called_off_at IS NULL OR took_place_at IS NULL);
ALTER TABLE meeting ADD CONSTRAINT meeting_approved
    CHECK (approved_at IS NULL OR took_place_at IS NOT NULL);
ALTER TABLE meeting_member ADD CONSTRAINT meeting_member_answer
    CHECK (answer IN ('come', 'by_phone', 'cant') AND (answer IS NULL) = (answered_at IS NULL));
ALTER TABLE meeting_member ADD CONSTRAINT meeting_member_approved
    CHECK (approved_at IS NULL OR (present AND approved_by IS NOT NULL));
ALTER TABLE meeting_share ADD CONSTRAINT meeting_share_ground
    CHECK (ground IN ('law', 'disclosure', 'person') AND told_by <> told_to);
ALTER TABLE meeting_decision ADD CONSTRAINT meeting_decision_once
    CHECK (accepted_at IS NULL OR declined_at IS NULL);
ALTER TABLE meeting_note ADD CONSTRAINT meeting_note_kind CHECK (kind IN ('minutes', 'addendum'));
CREATE UNIQUE INDEX meeting_member_once ON meeting_member (meeting, actor);
CREATE INDEX meeting_member_asked ON meeting_member (actor, meeting);
CREATE UNIQUE INDEX meeting_item_once ON meeting_item (meeting, milestone)
    WHERE milestone IS NOT NULL;
CREATE UNIQUE INDEX meeting_minutes_once ON meeting_note (meeting) WHERE kind = 'minutes';

-- Whoever asks: what was approved stays. Who is no worker of the plan says yes to the minutes, and
-- no more; approved is what all have said yes to who were there and still take part.
CREATE FUNCTION keep_meeting() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.approved_at IS NOT NULL
        OR to_jsonb(NEW) - '{{held_on,held_at,moves,called_off_at,took_place_at,approved_at,version}}'::text[]
           IS DISTINCT FROM
           to_jsonb(OLD) - '{{held_on,held_at,moves,called_off_at,took_place_at,approved_at,version}}'::text[]
        OR (current_user = 'throughcare_app' AND NOT (NEW.{WORKERS})
            AND to_jsonb(NEW) - '{{approved_at,version}}'::text[]
                IS DISTINCT FROM to_jsonb(OLD) - '{{approved_at,version}}'::text[])
        OR (NEW.approved_at IS NOT NULL AND (
            NOT EXISTS (SELECT 1 FROM meeting_note o WHERE o.meeting = NEW.id AND o.kind = 'minutes')
            OR EXISTS (SELECT 1 FROM meeting_member a
                        WHERE a.meeting = NEW.id AND a.present AND a.approved_at IS NULL
                          AND (a.role::text = 'PE' OR EXISTS (
                               SELECT 1 FROM mandate m WHERE m.plan = a.plan AND m.actor = a.actor
                                  AND (m.ends IS NULL OR m.ends > NEW.approved_at))))))
    THEN
        RAISE EXCEPTION 'minutes that were approved stay' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meeting_stays BEFORE UPDATE ON meeting FOR EACH ROW
    EXECUTE FUNCTION keep_meeting();

-- What belongs to a meeting: to one of its own plan, and until that was approved.
CREATE FUNCTION keep_of_meeting() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM meeting m WHERE m.id = NEW.meeting AND m.plan = NEW.plan
                      AND (m.approved_at IS NULL OR TG_ARGV[0] = 'after'))
        OR (TG_OP = 'UPDATE' AND (NEW.plan, NEW.meeting) IS DISTINCT FROM (OLD.plan, OLD.meeting))
    THEN
        RAISE EXCEPTION 'minutes that were approved stay' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meeting_member_stays BEFORE INSERT OR UPDATE ON meeting_member FOR EACH ROW
    EXECUTE FUNCTION keep_of_meeting('before');
CREATE TRIGGER meeting_item_stays BEFORE INSERT OR UPDATE ON meeting_item FOR EACH ROW
    EXECUTE FUNCTION keep_of_meeting('before');
CREATE TRIGGER meeting_share_stays BEFORE INSERT OR UPDATE ON meeting_share FOR EACH ROW
    EXECUTE FUNCTION keep_of_meeting('before');
CREATE TRIGGER meeting_decision_new BEFORE INSERT ON meeting_decision FOR EACH ROW
    EXECUTE FUNCTION keep_of_meeting('before');
CREATE TRIGGER meeting_minutes_stay BEFORE INSERT OR UPDATE ON meeting_note FOR EACH ROW
    WHEN (NEW.kind = 'minutes') EXECUTE FUNCTION keep_of_meeting('before');
CREATE TRIGGER meeting_addendum_new BEFORE INSERT ON meeting_note FOR EACH ROW
    WHEN (NEW.kind <> 'minutes') EXECUTE FUNCTION keep_of_meeting('after');
CREATE TRIGGER meeting_addendum_stays BEFORE UPDATE ON meeting_note FOR EACH ROW
    WHEN (OLD.kind <> 'minutes' OR NEW.kind <> OLD.kind) EXECUTE FUNCTION refuse();
-- an answer to a decision is one, and by whose it is to be
CREATE TRIGGER meeting_decision_stays BEFORE UPDATE ON meeting_decision FOR EACH ROW
    WHEN (coalesce(OLD.accepted_at, OLD.declined_at) IS NOT NULL
          OR to_jsonb(NEW) - '{{accepted_at,declined_at,version}}'::text[]
             IS DISTINCT FROM to_jsonb(OLD) - '{{accepted_at,declined_at,version}}'::text[])
    EXECUTE FUNCTION refuse();
-- a worker writes down what somebody says; of their own answer and yes everybody else the more so
CREATE TRIGGER meeting_member_is_asked BEFORE UPDATE ON meeting_member FOR EACH ROW
    WHEN (NEW.actor <> OLD.actor OR NEW.role <> OLD.role) EXECUTE FUNCTION refuse();
REVOKE EXECUTE ON FUNCTION keep_meeting, keep_of_meeting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_meeting, keep_of_meeting TO throughcare_app, throughcare_worker;
"""
# The person reads it in their own file, by their own right, as all that is about them. The owner
# writes no entry otherwise.
OWN_FILE = """
ALTER TABLE data_flow NO FORCE ROW LEVEL SECURITY;
UPDATE data_flow SET groups = array_append(groups, 'meetings'), version = version + 1
 WHERE kind = 'person' AND ended_at IS NULL AND NOT 'meetings' = ANY (groups);
ALTER TABLE data_flow FORCE ROW LEVEL SECURITY;
"""


def _walls(table: str) -> str:
    made = ROW_SECURITY.format(table=table, told=TOLD, reads=READS[table], workers=WORKERS)
    if table in WRITTEN_ONCE:
        return made + adds(table)
    own = f"{WORKERS} OR {CHANGES[table]}" if table in CHANGES else WORKERS
    made += APP_CHANGES.format(table=table, changes=own)
    return made + adds(table) + changes(table)


def statements() -> str:
    parts = [part(table) for table in TABLES for part in (triggers, _walls)]
    return "".join((FUNCTION, *parts, RULES, OWN_FILE))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
