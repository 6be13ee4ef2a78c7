"""What somebody has just done they take back within ten minutes, with all that came with it.

What an act does is marked with it, wherever it is written: `app.act` says which act goes on. What
was taken back is for the workers of the plan alone, and for whoever did it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, NOW
from migrations.m0109_evidence import OF_WORKERS
from migrations.m0135_helpers import AS_THEY_STAND

ID = "2026-12-01T01:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Ten minutes in which an act can be taken back"

JUST_NOW = f"at > {NOW} - interval '10 minutes'"
MINE = f"actor = {ME} AND {JUST_NOW} AND plan IN (SELECT my_plans())"
# A trigger's condition takes no SELECT.
_I = "nullif(current_setting('app.actor', true), '')::uuid"
_AT = "nullif(current_setting('app.now', true), '')::timestamptz"

MARKS = """
CREATE FUNCTION mark_act() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.act := current_setting('app.act')::uuid;
    IF TG_TABLE_NAME = 'appointment' AND TG_OP = 'UPDATE' THEN
        NEW.was := OLD.state;
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION mark_act FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mark_act TO throughcare_app, throughcare_worker;

CREATE TRIGGER message_of_act BEFORE INSERT OR UPDATE ON message FOR EACH ROW
    WHEN (current_setting('app.act', true) <> '') EXECUTE FUNCTION mark_act();
CREATE TRIGGER task_of_act BEFORE INSERT OR UPDATE ON task FOR EACH ROW
    WHEN (current_setting('app.act', true) <> '') EXECUTE FUNCTION mark_act();
CREATE TRIGGER appointment_of_act BEFORE INSERT OR UPDATE ON appointment FOR EACH ROW
    WHEN (current_setting('app.act', true) <> '') EXECUTE FUNCTION mark_act();
"""

WALLS = f"""
-- Acts of the actor that they can still take back.
CREATE FUNCTION my_acts() RETURNS SETOF uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.act FROM milestone_event e
     WHERE e.actor = {ME} AND e.{JUST_NOW} AND e.act IS NOT NULL
     UNION SELECT c.id FROM contact c WHERE c.actor = {ME} AND c.{JUST_NOW}
$$;
REVOKE EXECUTE ON FUNCTION my_acts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_acts TO throughcare_app;

CREATE POLICY app_takes_back ON contact FOR DELETE TO throughcare_app USING ({MINE});
CREATE POLICY app_takes_back ON appointment FOR DELETE TO throughcare_app
    USING (version = 1 AND act IN (SELECT my_acts()) AND plan IN (SELECT my_plans()));

-- An event is written once; who did it says that it is taken back, and its row stands as before.
GRANT UPDATE (kind, was, version) ON milestone_event TO throughcare_app;
ALTER POLICY app_changes ON milestone_event USING (act IS NOT NULL AND {MINE});
CREATE POLICY app_reads_undone ON milestone_event AS RESTRICTIVE FOR SELECT TO throughcare_app
    USING (kind <> 'undone' OR actor = {ME} OR plan IN ({OF_WORKERS}));
CREATE TRIGGER milestone_event_stays BEFORE UPDATE ON milestone_event FOR EACH ROW
    WHEN (OLD.kind = 'undone' OR NEW.kind <> 'undone' OR NEW.was IS NOT NULL)
    EXECUTE FUNCTION refuse();

ALTER POLICY app_changes ON evidence USING (
    provenance <> 'said' AND (({MINE}) OR EXISTS (
        SELECT 1 FROM appointment a WHERE a.id = evidence.message AND a.plan = evidence.plan
           AND (evidence.plan IN ({OF_WORKERS})
                OR evidence.plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = a.role::text
                                     AND h.role::text = ANY (ARRAY['PO', 'CP', 'TR', 'PS']))))));
DROP TRIGGER evidence_stays ON evidence;
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence FOR EACH ROW
    WHEN (OLD.taken_back_at IS NOT NULL
          OR (OLD.message IS NULL
              AND (OLD.actor = {_I} AND OLD.at > {_AT} - interval '10 minutes') IS NOT TRUE))
    EXECUTE FUNCTION refuse();
"""

# As in m0117, and of an act (see `app.act`) with what the row was before and after it.
WRITE = """
CREATE OR REPLACE FUNCTION write_milestone(
    actor uuid, actor_role varchar, at timestamptz, asked uuid, after jsonb, settled boolean,
    event uuid, why bytea)
RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    old milestone;
    new milestone;
    saying jsonb := after -> 'saying';
    done constant boolean := after ->> 'done_on' IS NOT NULL;
    of_the_circle constant boolean := actor_role IN ('ME', 'FA', 'PE');
    act constant uuid := nullif(current_setting('app.act', true), '');
    was jsonb;
BEGIN
    SELECT * INTO STRICT old FROM milestone m WHERE m.id = asked;
    IF done AND of_the_circle AND old.evidence NOT IN ('reply', 'contact') THEN
        RAISE EXCEPTION 'a claim is no proof' USING ERRCODE = 'insufficient_privilege';
    END IF;
    new := jsonb_populate_record(old, after);
    UPDATE milestone m
       SET state = new.state, cause = new.cause, due_on = new.due_on, pinned = new.pinned,
           cycle = new.cycle, done_on = new.done_on, said_by = new.said_by,
           show_court = new.show_court, version = m.version + 1
     WHERE m.id = asked;
    IF act IS NOT NULL THEN
        was := jsonb_build_object(
            'version', old.version + 1,
            'before', jsonb_build_object(
                'state', old.state, 'cause', old.cause, 'due_on', old.due_on,
                'pinned', old.pinned, 'cycle', old.cycle, 'done_on', old.done_on,
                'said_by', old.said_by, 'show_court', old.show_court),
            'after', jsonb_build_object(
                'state', new.state, 'cause', new.cause, 'due_on', new.due_on,
                'pinned', new.pinned, 'cycle', new.cycle, 'done_on', new.done_on,
                'said_by', new.said_by, 'show_court', new.show_court));
    END IF;
    INSERT INTO milestone_event (
        id, agency, plan, version, milestone, actor, role, at, kind, before, after, due_before,
        due_after, what, reason, act, was)
    VALUES (
        event, old.agency, old.plan, 1, asked, actor, actor_role, at,
        CASE WHEN after ? 'state' THEN 'state' WHEN after ? 'due_on' THEN 'date'
             WHEN after ? 'show_court' THEN 'tick' ELSE 'said' END,
        old.state,
        -- a finished cycle of a repeated row is a fact of its own
        CASE WHEN after ->> 'done_on' IS NOT NULL THEN 'done' ELSE new.state END,
        old.due_on, new.due_on, after ->> 'what', why, act, was);
    IF (saying IS NOT NULL OR done) AND old.evidence <> 'none' THEN
        INSERT INTO evidence (
            id, agency, plan, version, milestone, row_version, cycle, kind, actor, role, provenance,
            happened, day, at, message, answers)
        VALUES (
            gen_random_uuid(), old.agency, old.plan, 1, asked, old.version + 1, old.cycle,
            old.evidence, actor, actor_role,
            coalesce(saying ->> 'provenance',
                     CASE WHEN of_the_circle THEN 'said'
                          WHEN old.evidence IN ('doc', 'signed') THEN 'document' ELSE 'act' END),
            coalesce((saying ->> 'happened')::boolean, true),
            coalesce(saying ->> 'day', after ->> 'done_on')::date, at,
            (saying ->> 'message')::uuid, coalesce((saying ->> 'answers')::boolean, false));
    END IF;
    IF settled THEN
        PERFORM cancel_about(ARRAY[asked], 'settled');
        PERFORM close_tasks(asked, at, 'settled', NULL);
    ELSIF after ? 'due_on' THEN
        PERFORM cancel_about(ARRAY[asked], 'moved');
    END IF;
    RETURN old.version + 1;
END $$;
"""

CHANGED = (
    (
        "change_milestone",
        "about constant interval := '2 hours';",
        "about constant interval := '2 hours';\n    event constant uuid := gen_random_uuid();",
    ),
    (
        "change_milestone",
        """    version := write_milestone(
        who.actor, who.actor_role, at, asked, after, settled, gen_random_uuid(), NULL);""",
        """    PERFORM set_config('app.act', event::text, true);
    version := write_milestone(
        who.actor, who.actor_role, at, asked, after, settled, event, NULL);
    PERFORM set_config('app.act', '', true);""",
    ),
    (
        "whose_act",
        "('changeMilestone', 'milestoneHistory', 'getMilestone')",
        "('changeMilestone', 'undoMilestone', 'milestoneHistory', 'getMilestone')",
    ),
)


def statements() -> str:
    changed = (
        AS_THEY_STAND.format(name=name, before=before, after=after)
        for name, before, after in CHANGED
    )
    return "".join((MARKS, WALLS, WRITE, *changed))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
