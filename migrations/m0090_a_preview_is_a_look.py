"""To look at what a move would do is to look at the plan, and is counted as that."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T03:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A preview is a look at a plan"

COUNTED = """
CREATE OR REPLACE FUNCTION count_act() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    an_hour constant interval := interval '1 hour';
    looks boolean := NEW.plan IS NOT NULL AND NOT NEW.role = ANY (ARRAY['CT', 'PE', 'LR'])
        AND (NEW.operation ~ '^(get|list|read|preview)' OR NEW.operation = 'milestoneHistory');
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
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(COUNTED)

    manager.add_raw(run)
    return manager
