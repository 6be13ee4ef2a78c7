"""What answers a saying is for whoever may know of the saying.

"It did happen" is said of a row that is done only because somebody said that it did not: whoever
found two of them knew that somebody had.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0109_evidence import OF_WORKERS

ID = "2026-11-30T19:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What answers a saying is for the workers"

WALLS = f"""
ALTER POLICY app_reads ON evidence
    USING (plan IN ({OF_WORKERS})
           OR (plan IN (SELECT my_plans())
               AND (actor = {ME} OR (happened AND provenance <> 'said' AND NOT answers))));
"""

WRITE = """
-- `after` holds the columns that change, and besides them `what` was said and the `saying`: whether
-- it happened, on which day, how it is known, by which message, and whether it `answers` another.
-- Whoever writes that a row is done says with it that it happened. The caller holds the row's lock
-- and has decided all of it, also whether the matter is `settled`; the answer is the new version.
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
    INSERT INTO milestone_event (
        id, agency, plan, version, milestone, actor, role, at, kind, before, after, due_before,
        due_after, what, reason)
    VALUES (
        event, old.agency, old.plan, 1, asked, actor, actor_role, at,
        CASE WHEN after ? 'state' THEN 'state' WHEN after ? 'due_on' THEN 'date'
             WHEN after ? 'show_court' THEN 'tick' ELSE 'said' END,
        old.state,
        -- a finished cycle of a repeated row is a fact of its own
        CASE WHEN after ->> 'done_on' IS NOT NULL THEN 'done' ELSE new.state END,
        old.due_on, new.due_on, after ->> 'what', why);
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


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (WALLS, WRITE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
