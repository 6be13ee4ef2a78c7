"""How much one account does within an hour is counted where its audit row is written.

So no way around the count is a way to the data, and no request waits longer for it. A pool says the
limits as `app.limits`; where it says none, as in earlier releases, nothing is counted.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T09:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Limits of an hour for one account"

TABLE = """
ALTER TABLE recent_act ADD CONSTRAINT recent_act_once UNIQUE (actor, what, thing);
CREATE INDEX audit_stopped ON audit (at) WHERE reason = 'too-many-tries';
ALTER TABLE recent_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE recent_act FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON recent_act FOR SELECT TO throughcare_app
    USING (actor = nullif(current_setting('app.actor', true), '')::uuid);
CREATE POLICY app_adds ON recent_act FOR INSERT TO throughcare_app
    WITH CHECK (actor = nullif(current_setting('app.actor', true), '')::uuid);
CREATE POLICY app_changes ON recent_act FOR UPDATE TO throughcare_app
    USING (actor = nullif(current_setting('app.actor', true), '')::uuid);
GRANT SELECT, INSERT ON recent_act TO throughcare_app;
GRANT UPDATE (since, times) ON recent_act TO throughcare_app;
GRANT SELECT ON recent_act TO throughcare_backup;
-- An hour later nobody needs to know it: who looked at what stands in the audit.
CREATE POLICY jobs_read ON recent_act FOR SELECT TO throughcare_worker
    USING (since < clock_timestamp() - interval '1 hour');
CREATE POLICY jobs_forget ON recent_act FOR DELETE TO throughcare_worker
    USING (since < clock_timestamp() - interval '1 hour');
GRANT SELECT (since), DELETE ON recent_act TO throughcare_worker;
"""

# A plan that was looked at within the hour is open for the rest of it, whatever else is looked at:
# who is stopped goes on with whom they are working. A court has a quota of its own, and whoever
# reads their own file has one plan.
FUNCTION = """
CREATE FUNCTION count_act() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    an_hour constant interval := interval '1 hour';
    looks boolean := NEW.plan IS NOT NULL AND NOT NEW.role = ANY (ARRAY['CT', 'PE', 'LR'])
        AND (NEW.operation ~ '^(get|list|read)' OR NEW.operation = 'milestoneHistory');
    counted varchar := CASE WHEN looks THEN 'plans' ELSE NEW.operation END;
    most int := (nullif(current_setting('app.limits', true), '')::jsonb ->> counted)::int;
    so_many int;
    began timestamptz;
BEGIN
    IF most IS NULL OR NEW.actor IS NULL THEN
        RETURN NULL;
    END IF;
    IF looks THEN
        PERFORM 1 FROM recent_act WHERE actor = NEW.actor AND what = counted AND thing = NEW.plan
            AND since > NEW.at - an_hour AND since <= NEW.at;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        INSERT INTO recent_act (id, actor, what, thing, since, times)
        VALUES (gen_random_uuid(), NEW.actor, counted, NEW.plan, NEW.at, 1)
        ON CONFLICT (actor, what, thing) DO UPDATE SET since = excluded.since;
        SELECT count(*), min(since) INTO so_many, began FROM recent_act
         WHERE actor = NEW.actor AND what = counted AND since > NEW.at - an_hour
           AND since <= NEW.at;
    ELSE
        INSERT INTO recent_act AS r (id, actor, what, thing, since, times)
        VALUES (gen_random_uuid(), NEW.actor, counted, nobody, NEW.at, 1)
        ON CONFLICT (actor, what, thing) DO UPDATE SET
            times = CASE WHEN r.since > NEW.at - an_hour AND r.since <= NEW.at
                         THEN r.times + 1 ELSE 1 END,
            since = CASE WHEN r.since > NEW.at - an_hour AND r.since <= NEW.at
                         THEN r.since ELSE NEW.at END
        RETURNING r.times, r.since INTO so_many, began;
    END IF;
    IF so_many > most THEN
        RAISE EXCEPTION 'more than an hour allows' USING ERRCODE = 'TC430',
            DETAIL = greatest(1, ceil(extract(epoch FROM began + an_hour - NEW.at)))::int::text;
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION count_act FROM PUBLIC;
CREATE TRIGGER audit_counted AFTER INSERT ON audit
    FOR EACH ROW WHEN (NEW.outcome = 'done') EXECUTE FUNCTION count_act();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (TABLE, FUNCTION):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
