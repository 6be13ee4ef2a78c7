"""Chains of dates, proposals, and private links to one's own dates.

Who asked for a move, and why, is for the workers of the plan; the person reads why, but where
somebody else asked. A link is its holder's: whoever shows it is told of that one account who it is.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0056_accounts_are_walled import APP, JOBS, wall

ID = "2026-11-30T20:27:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls of moved dates and of feeds"

DATES = """
-- The release before makes no proposal, and may settle one without a look at whose yes it needs.
ALTER TABLE appointment ADD CONSTRAINT appointment_waits
    CHECK (state <> 'proposed' OR waits_for IS NOT NULL);
CREATE UNIQUE INDEX appointment_moved_once ON appointment (moved_from);
CREATE TRIGGER appointment_chain BEFORE UPDATE ON appointment FOR EACH ROW
    WHEN (NEW.moved_from IS DISTINCT FROM OLD.moved_from) EXECUTE FUNCTION refuse();
"""

OF = "plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['{roles}']))"
WORKERS, PERSON = OF.format(roles="SW', 'CO"), OF.format(roles="PE")
SERVICES = OF.format(roles="SW', 'CO', 'PO', 'CP', 'TR', 'PS")
VOLUNTARY = """appointment IN (SELECT a.id FROM appointment a
    WHERE a.milestone IN (SELECT voluntary_rows(a.plan)))"""
MOVES = f"""
ALTER TABLE appointment_move ADD CONSTRAINT appointment_move_asked
    CHECK (asked_by IN ('service', 'person', 'circle'));
CREATE UNIQUE INDEX appointment_move_once ON appointment_move (appointment);
ALTER TABLE appointment_move ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_move FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON appointment_move FOR SELECT TO throughcare_app
    USING ({WORKERS} OR (asked_by <> 'circle' AND {PERSON}));
CREATE POLICY app_adds ON appointment_move FOR INSERT TO throughcare_app
    WITH CHECK (recorded_by = {ME} AND ({WORKERS}
                OR (why IS NULL AND asked_by <> 'circle' AND {SERVICES})));
CREATE POLICY app_thins ON appointment_move FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()) AND {VOLUNTARY});
CREATE POLICY jobs ON appointment_move TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON appointment_move AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over())
           OR (plan IN (SELECT plans_to_thin_again()) AND {VOLUNTARY}));
GRANT SELECT, INSERT, DELETE ON appointment_move TO throughcare_app;
GRANT SELECT, DELETE ON appointment_move TO throughcare_worker;
GRANT UPDATE (why, version) ON appointment_move TO throughcare_worker;
GRANT SELECT ON appointment_move TO throughcare_backup;
"""

# What a date had settled is taken back with it: evidence names the date as it names a tap.
EVIDENCE = f"""
GRANT UPDATE (taken_back_at, version) ON evidence TO throughcare_app;
CREATE POLICY app_changes ON evidence FOR UPDATE TO throughcare_app USING (
    provenance <> 'said' AND EXISTS (SELECT 1 FROM appointment a WHERE a.id = evidence.message
                                        AND a.plan = evidence.plan)
    AND {SERVICES});
"""

FEEDS = (
    wall(
        "date_feed",
        app_reads=f"FOR SELECT {APP} USING (staff = {ME})",
        app_adds=f"FOR INSERT {APP} WITH CHECK (staff = {ME})",
        app_changes=f"FOR UPDATE {APP} USING (staff = {ME})",
        jobs_see=f"FOR SELECT {JOBS} USING (true)",
        jobs_forget=f"""FOR DELETE {JOBS}
    USING (ended_at <= clock_timestamp() - interval '30 days'
           OR EXISTS (SELECT 1 FROM staff s WHERE s.id = date_feed.staff AND NOT s.active))""",
    )
    + """
CREATE UNIQUE INDEX date_feed_hash ON date_feed (hash);
CREATE UNIQUE INDEX date_feed_one ON date_feed (staff) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON date_feed TO throughcare_app;
GRANT UPDATE (ended_at) ON date_feed TO throughcare_app;
GRANT SELECT ON date_feed TO throughcare_backup;
GRANT SELECT (staff, ended_at), DELETE ON date_feed TO throughcare_worker;

CREATE FUNCTION holder_of_feed(shown bytea)
RETURNS TABLE (feed uuid, id uuid, role varchar, agency uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT f.id, s.id, s.role, s.agency FROM date_feed f JOIN staff s ON s.id = f.staff AND s.active
     WHERE f.hash = shown AND f.ended_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION holder_of_feed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION holder_of_feed TO throughcare_app;

ALTER TABLE account_notice DROP CONSTRAINT account_notice_kind;
ALTER TABLE account_notice ADD CONSTRAINT account_notice_kind CHECK (kind::text = ANY (ARRAY[
    'device', 'password', 'factor', 'no_factor', 'passkey', 'passkey_ended', 'passkey_copied',
    'recovery', 'feed']));
"""
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(triggers("appointment_move"))
        for part in (DATES, MOVES, EVIDENCE, FEEDS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
