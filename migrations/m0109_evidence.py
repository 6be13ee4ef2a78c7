"""Who says of a row that it happened, and how they know, is a row of its own, written once.

What a mentor, a relative or the person says by chat is a claim: it is for the workers of the plan
to see, and settles a row only where the template asks for an answer (`reply`). `contact` is let
through for the release before, which settled it so; the program does that no more.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME

ID = "2026-11-30T17:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What is known of a row, by whom and how"

RULES = """
ALTER TABLE evidence ADD CONSTRAINT evidence_provenance CHECK (
    provenance IN ('said', 'document', 'provider', 'act')
    AND (provenance = 'said') = (role IN ('ME', 'FA', 'PE')));
ALTER TABLE evidence ADD CONSTRAINT evidence_kind CHECK (kind <> 'none');
CREATE INDEX evidence_said ON evidence (plan, at)
    WHERE provenance = 'said' AND taken_back_at IS NULL;
CREATE INDEX evidence_message ON evidence (message) WHERE message IS NOT NULL;
"""

# Of open rows of which an earlier release noted that somebody says they are done. That a day was
# named is no such word.
SAID_BEFORE = """
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone NO FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone_event NO FORCE ROW LEVEL SECURITY;
INSERT INTO evidence (id, agency, plan, version, milestone, row_version, cycle, kind, actor, role,
                      provenance, happened, day, at)
SELECT gen_random_uuid(), m.agency, m.plan, 1, m.id, m.version, m.cycle, m.evidence, e.actor,
       e.role, 'said', true, (e.at AT TIME ZONE p.zone)::date, e.at
  FROM milestone m JOIN plan p ON p.id = m.plan
 CROSS JOIN LATERAL (
       SELECT s.* FROM milestone_event s WHERE s.milestone = m.id AND s.kind = 'said'
        ORDER BY s.at DESC, s.id LIMIT 1) AS e
 WHERE m.state IN ('planned', 'in_progress') AND m.said_by IN ('ME', 'FA', 'PE')
   AND e.role = m.said_by AND m.evidence <> 'none' AND coalesce(e.what, '') NOT LIKE 'day %';
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone_event FORCE ROW LEVEL SECURITY;
"""

# Others than the workers find what a service knows to have happened, and their own words.
OF_WORKERS = "SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['SW', 'CO'])"
OF_THE_CIRCLE = "role::text = ANY (ARRAY['ME', 'FA'])"
VOLUNTARY = f"(milestone IN (SELECT voluntary_rows(plan)) OR {OF_THE_CIRCLE})"
WALLS = f"""
ALTER TABLE evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE evidence FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON evidence FOR SELECT TO throughcare_app
    USING (plan IN ({OF_WORKERS})
           OR (plan IN (SELECT my_plans())
               AND (actor = {ME} OR (happened AND provenance <> 'said'))));
CREATE POLICY app_adds ON evidence FOR INSERT TO throughcare_app
    WITH CHECK (actor = {ME} AND plan IN (SELECT my_plans()));
CREATE POLICY app_thins ON evidence FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND {VOLUNTARY});
CREATE POLICY jobs ON evidence TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON evidence AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over())
           OR (plan IN (SELECT plans_to_thin_again()) AND {VOLUNTARY}));
GRANT SELECT, INSERT, DELETE ON evidence TO throughcare_app, throughcare_worker;
GRANT UPDATE (taken_back_at, version) ON evidence TO throughcare_worker;
GRANT SELECT ON evidence TO throughcare_backup;
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence FOR EACH ROW
    WHEN (OLD.taken_back_at IS NOT NULL OR OLD.message IS NULL)
    EXECUTE FUNCTION refuse();
"""

WRITE = """
-- `after` holds the columns that change, and besides them `what` was said and the `saying`: whether
-- it happened, on which day, how it is known and by which message. Whoever writes that a row is
-- done says with it that it happened. The caller holds the row's lock and has decided all of
-- it, also whether the matter is `settled`; the answer is the new version.
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
            happened, day, at, message)
        VALUES (
            gen_random_uuid(), old.agency, old.plan, 1, asked, old.version + 1, old.cycle,
            old.evidence, actor, actor_role,
            coalesce(saying ->> 'provenance',
                     CASE WHEN of_the_circle THEN 'said'
                          WHEN old.evidence IN ('doc', 'signed') THEN 'document' ELSE 'act' END),
            coalesce((saying ->> 'happened')::boolean, true),
            coalesce(saying ->> 'day', after ->> 'done_on')::date, at,
            (saying ->> 'message')::uuid);
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
        for part in (RULES, SAID_BEFORE, triggers("evidence"), WALLS, WRITE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
