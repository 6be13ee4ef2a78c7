"""An auditor reads mandates and two kinds of yes as ids, and counts; an administrator one count."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0032_no_entry_no_flow import USUAL

ID = "2026-11-29T10:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Auditors look at mandates, consents and counts"

# The tables are closed to both roles. The functions below run as the owner, for whom policies hold
# as well: they open the agency of whoever asks, and to nobody but these roles.
POLICIES = """
CREATE POLICY owner_reads_for_auditor ON channel_consent FOR SELECT TO throughcare_owner
    USING ((SELECT my_role()) = 'AU' AND agency = (SELECT my_agency()));
CREATE POLICY owner_reads_for_auditor ON disclosure FOR SELECT TO throughcare_owner
    USING ((SELECT my_role()) = 'AU' AND agency = (SELECT my_agency()));
CREATE POLICY owner_reads_for_auditor ON task FOR SELECT TO throughcare_owner
    USING ((SELECT my_role()) = 'AU' AND agency = (SELECT my_agency()));
CREATE POLICY owner_reads_for_auditor ON summary FOR SELECT TO throughcare_owner
    USING ((SELECT my_role()) = 'AU' AND agency = (SELECT my_agency()));
CREATE POLICY owner_counts ON message FOR SELECT TO throughcare_owner
    USING ((SELECT my_role())::text = ANY (ARRAY['AU', 'AD'])
           AND agency = (SELECT my_agency()));
"""

LISTS = """
CREATE FUNCTION mandates_of_agency(before timestamptz, before_id uuid, most int)
RETURNS TABLE (id uuid, plan uuid, who uuid, role varchar, starts timestamptz, ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT m.id, m.plan, m.actor, m.role, m.starts, m.ends FROM mandate m
     WHERE m.agency = (SELECT my_agency()) AND (SELECT my_role()) = 'AU'
       AND (before IS NULL OR (m.starts, m.id) < (before, before_id))
     ORDER BY m.starts DESC, m.id DESC LIMIT most
$$;

-- Whose yes it is, and when: neither to what nor, of a disclosure, to whom and until when.
-- No participation: see decision 22.
CREATE FUNCTION consents_of_agency(before timestamptz, before_id uuid, most int)
RETURNS TABLE (id uuid, plan uuid, kind text, subject uuid, given_at timestamptz,
               withdrawn_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT y.id, y.plan, y.kind, y.subject, y.given_at, y.withdrawn_at
      FROM (SELECT c.id, c.plan, 'channel' AS kind, c.subject, c.given_at, c.withdrawn_at
              FROM channel_consent c WHERE c.agency = (SELECT my_agency())
            UNION ALL
            SELECT d.id, d.plan, 'disclosure', p.person, d.given_at, d.withdrawn_at
              FROM disclosure d JOIN plan p ON p.id = d.plan
             WHERE d.agency = (SELECT my_agency())) y
     WHERE (SELECT my_role()) = 'AU'
       AND (before IS NULL OR (y.given_at, y.id) < (before, before_id))
     ORDER BY y.given_at DESC, y.id DESC LIMIT most
$$;
"""

# A number below five does not leave the database: `times` is null for it, and for none at all.
COUNTS = """
CREATE FUNCTION counts_of_agency(month date)
RETURNS TABLE (what text, state text, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH span AS (
        SELECT a.id AS agency, (SELECT my_role()) AS role,
               date_trunc('month', month::timestamp) AT TIME ZONE a.zone AS opens,
               (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE a.zone
                   AS closes
          FROM agency a WHERE a.id = (SELECT my_agency())
    ), found AS (
        SELECT 'messages' AS what, s.state, count(m.id) AS times
          FROM span
         CROSS JOIN unnest(ARRAY['queued', 'claimed', 'sent', 'failed', 'expired', 'cancelled',
                                 'unknown']) AS s (state)
          LEFT JOIN message m ON m.agency = span.agency AND m.state = s.state
                AND m.due_at >= span.opens AND m.due_at < span.closes
         WHERE span.role::text = ANY (ARRAY['AU', 'AD']) GROUP BY s.state
        UNION ALL
        SELECT 'alerts', NULL, count(t.id)
          FROM span LEFT JOIN task t ON t.agency = span.agency AND t.urgency = 2
                AND t.opened_at >= span.opens AND t.opened_at < span.closes
         WHERE span.role = 'AU' GROUP BY span.agency
        UNION ALL
        SELECT 'summaries', NULL, count(s.id)
          FROM span LEFT JOIN summary s ON s.agency = span.agency
                AND s.issued_at >= span.opens AND s.issued_at < span.closes
         WHERE span.role = 'AU' GROUP BY span.agency
    )
    SELECT f.what, f.state, CASE WHEN f.times >= 5 THEN f.times END FROM found f
$$;
REVOKE EXECUTE ON FUNCTION mandates_of_agency, consents_of_agency, counts_of_agency FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mandates_of_agency, consents_of_agency, counts_of_agency
    TO throughcare_app;
"""

# What is looked at for an audit is for an audit, as the record and the proofs are.
LOOKED = USUAL.replace(
    "'listAgencyHolds'",
    "'listAgencyHolds', 'listAgencyMandates', 'listAgencyConsents', 'countRecords'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (POLICIES, LISTS, COUNTS, LOOKED):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
