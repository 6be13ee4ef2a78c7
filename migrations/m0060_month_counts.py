"""A number of a month is told once: whoever asks later is told the same, whatever was erased since.

The difference of two counts would be what went between them, and of a small agency that is
somebody. A number below five is never kept, so a later one may still be told for the first time.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T11:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Numbers of a month stay what was told"

TABLE = """
ALTER TABLE month_count ADD CONSTRAINT month_count_once UNIQUE (agency, month, what, state);
ALTER TABLE month_count ADD CONSTRAINT month_count_not_few CHECK (times >= 5);
ALTER TABLE month_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE month_count FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_tells ON month_count FOR SELECT TO throughcare_owner
    USING (agency = (SELECT my_agency()));
CREATE POLICY owner_adds ON month_count FOR INSERT TO throughcare_owner
    WITH CHECK (agency = (SELECT my_agency()));
GRANT SELECT ON month_count TO throughcare_backup;
-- An auditor pages through the mandates of an agency by these.
CREATE INDEX mandate_of_agency ON mandate (agency, starts, id);
"""

COUNTS = """
CREATE OR REPLACE FUNCTION counts_of_agency(month date)
RETURNS TABLE (what text, state text, times bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reader text := my_role();
    span record;
BEGIN
    IF reader IS NULL OR NOT reader = ANY (ARRAY['AU', 'AD']) THEN
        RETURN;
    END IF;
    SELECT a.id AS agency, date_trunc('month', counts_of_agency.month::timestamp)::date AS month,
           date_trunc('month', counts_of_agency.month::timestamp) AT TIME ZONE a.zone AS opens,
           (date_trunc('month', counts_of_agency.month::timestamp) + interval '1 month')
               AT TIME ZONE a.zone AS closes
      INTO STRICT span FROM agency a WHERE a.id = my_agency();
    WITH found AS (
        SELECT 'messages' AS what, m.state::text, count(*) AS times FROM message m
         WHERE m.agency = span.agency AND m.due_at >= span.opens AND m.due_at < span.closes
         GROUP BY m.state
        UNION ALL
        SELECT 'alerts', '', count(*) FROM task t
         WHERE reader = 'AU' AND t.agency = span.agency AND t.urgency = 2
           AND t.opened_at >= span.opens AND t.opened_at < span.closes
        UNION ALL
        SELECT 'summaries', '', count(*) FROM summary s
         WHERE reader = 'AU' AND s.agency = span.agency
           AND s.issued_at >= span.opens AND s.issued_at < span.closes
    )
    INSERT INTO month_count AS told (id, agency, month, what, state, times)
    SELECT gen_random_uuid(), span.agency, span.month, f.what, f.state, f.times
      FROM found f WHERE f.times >= 5
    ON CONFLICT ON CONSTRAINT month_count_once DO NOTHING;
    RETURN QUERY
    SELECT k.what, nullif(k.state, ''), c.times::bigint
      FROM (SELECT 'messages' AS what, s.state
              FROM unnest(ARRAY['queued', 'claimed', 'sent', 'failed', 'expired', 'cancelled',
                                'unknown']) AS s (state)
            UNION ALL
            SELECT w.what, '' FROM unnest(ARRAY['alerts', 'summaries']) AS w (what)
             WHERE reader = 'AU') k
      LEFT JOIN month_count c ON c.agency = span.agency AND c.month = span.month
           AND c.what = k.what AND c.state = k.state;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (TABLE, COUNTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
