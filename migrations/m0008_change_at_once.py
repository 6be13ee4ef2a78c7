"""A row of a plan is written by one function, and the usual change takes one round trip."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Functions that change a milestone with all that follows"

EFFECTS = """
-- What waits to be said about these rows falls away; what is on its way out is left alone.
CREATE FUNCTION cancel_about(subjects uuid[], why varchar) RETURNS SETOF uuid LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    UPDATE message m SET state = 'cancelled', reason = why, version = m.version + 1
     WHERE m.subject = ANY (subjects) AND m.state IN ('queued', 'claimed')
       AND m.sending_at IS NULL RETURNING m.id;
END $$;

-- Tasks about something that are of a kind, or (no kind) that were opened because nobody had
-- answered; and what followed from these.
CREATE FUNCTION close_tasks(about uuid, at timestamptz, how varchar, of_kind varchar) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    WITH closed AS (
        UPDATE task t SET closed_at = at, outcome = how, version = t.version + 1
         WHERE t.subject = close_tasks.about AND t.closed_at IS NULL
           AND CASE WHEN of_kind IS NULL THEN t.step LIKE 'silent%' ELSE t.kind = of_kind END
        RETURNING t.id)
    UPDATE task u SET closed_at = at, outcome = how, version = u.version + 1
      FROM closed
     WHERE u.subject = closed.id AND u.kind = 'unopened' AND u.closed_at IS NULL;
END $$;
CREATE INDEX task_subject ON task (subject) WHERE closed_at IS NULL;
"""

WRITE = """
-- `after` holds the columns that change. The caller holds the row's lock and has decided all of
-- it, also whether the matter is `settled`; the answer is the new version.
CREATE FUNCTION write_milestone(
    actor uuid, actor_role varchar, at timestamptz, asked uuid, after jsonb, settled boolean,
    event uuid, why bytea)
RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    old milestone;
    new milestone;
BEGIN
    SELECT * INTO STRICT old FROM milestone m WHERE m.id = asked;
    new := jsonb_populate_record(old, after);
    UPDATE milestone m
       SET state = new.state, cause = new.cause, due_on = new.due_on, pinned = new.pinned,
           cycle = new.cycle, done_on = new.done_on, said_by = new.said_by,
           show_court = new.show_court, version = m.version + 1
     WHERE m.id = asked;
    INSERT INTO milestone_event (
        id, agency, plan, version, milestone, actor, role, at, kind, before, after, due_before,
        due_after, reason)
    VALUES (
        event, old.agency, old.plan, 1, asked, actor, actor_role, at,
        CASE WHEN after ? 'state' THEN 'state' WHEN after ? 'due_on' THEN 'date' ELSE 'tick' END,
        old.state,
        -- a finished cycle of a repeated row is a fact of its own
        CASE WHEN after ->> 'done_on' IS NOT NULL THEN 'done' ELSE new.state END,
        old.due_on, new.due_on, why);
    IF settled THEN
        PERFORM cancel_about(ARRAY[asked], 'settled');
        PERFORM close_tasks(asked, at, 'settled', NULL);
    ELSIF after ? 'due_on' THEN
        PERFORM cancel_about(ARRAY[asked], 'moved');
    END IF;
    RETURN old.version + 1;
END $$;
"""

CHANGE = """
-- A worker's change of an open row, for a key that is new. The rules come with the call: `froms`
-- are the states that it is possible from, `after` what it comes to.
-- No row comes back where there is more to look at, whatever it is, also a refusal: then what was
-- done is undone here, and nothing was kept.
CREATE FUNCTION change_milestone(
    token bytea, at timestamptz, allowed text[], request varchar, key_given varchar,
    asked_for varchar, asked uuid, seen int, workers text[], running text[], froms text[],
    after jsonb, settled boolean)
RETURNS TABLE (actor uuid, version int) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
    found_plan record;
    old record;
    today date;
    about constant interval := '2 hours';
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO once (id, subject, operation, key, asked, at, object, object_version, status)
    VALUES (gen_random_uuid(), who.actor, 'changeMilestone', key_given, asked_for, at, asked,
            seen + 1, 200)
    ON CONFLICT (subject, operation, key) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC300', MESSAGE = 'this key is known';
    END IF;
    SELECT p.id, p.agency, p.state, p.zone, m.role INTO found_plan
      FROM milestone n JOIN plan p ON p.id = n.plan JOIN mandate m ON m.plan = p.id
     WHERE n.id = asked AND m.actor = who.actor AND m.starts <= at
       AND (m.ends IS NULL OR m.ends > at)
     ORDER BY m.role <> who.actor_role, m.starts LIMIT 1 FOR UPDATE OF p;
    SELECT n.version, n.state, n.repeat_days, n.message INTO old
      FROM milestone n WHERE n.id = asked FOR UPDATE;
    IF after ->> 'state' = 'done' THEN
        today := (at AT TIME ZONE found_plan.zone)::date;
        IF NOT after ? 'done_on' THEN
            after := after || jsonb_build_object('done_on', today);
        END IF;
    END IF;
    IF (found_plan.role = ANY (workers) AND found_plan.state = ANY (running)
        AND old.version = seen AND old.state = ANY (froms)
        AND NOT (after ? 'done_on'
                 AND ((after ->> 'done_on')::date > today OR old.repeat_days IS NOT NULL
                      OR old.message IS NOT DISTINCT FROM 'GOODNEWS'
                      -- about midnight the program's own table of time zones decides
                      OR ((at - about) AT TIME ZONE found_plan.zone)::date
                         <> ((at + about) AT TIME ZONE found_plan.zone)::date))) IS NOT TRUE
    THEN
        RAISE EXCEPTION USING ERRCODE = 'TC300', MESSAGE = 'there is more to look at';
    END IF;
    version := write_milestone(
        who.actor, who.actor_role, at, asked, after, settled, gen_random_uuid(), NULL);
    INSERT INTO audit (at, actor, role, operation, agency, plan, object, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'changeMilestone', who.actor_agency, found_plan.id,
            asked, 'done', request);
    actor := who.actor;
    RETURN NEXT;
EXCEPTION WHEN SQLSTATE 'TC300' THEN
    RETURN;
END $$;
"""

GRANTS = """
REVOKE EXECUTE ON FUNCTION cancel_about, close_tasks, write_milestone, change_milestone
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cancel_about, close_tasks, write_milestone
  TO throughcare_app, throughcare_worker;
GRANT EXECUTE ON FUNCTION change_milestone TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (EFFECTS, WRITE, CHANGE, GRANTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
