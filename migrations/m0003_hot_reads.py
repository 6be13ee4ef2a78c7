"""The caseload in one round trip: session, scope, audit row and page in one function."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Functions for the reads that happen all the time"

FUNCTIONS = """
-- One page of a worker's caseload, sorted by what is due next: it stands on the plan's own row.
CREATE FUNCTION caseload_page(
    reader uuid, at timestamptz, after_due date, after_plan uuid, size int)
RETURNS TABLE (id uuid, version int, alias varchar, state varchar, release_date date,
               certainty varchar, zone varchar, person uuid, mandate varchar, identity bytea,
               wrapped bytea, due_on date, title text, win_after smallint)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone, p.person,
           m.role, s.identity, k.wrapped, p.next_due_on, p.next_title, n.win_after
      FROM mandate m
      JOIN plan p ON p.id = m.plan AND p.state NOT IN ('closed', 'transferred', 'ended_death')
      JOIN person s ON s.id = p.person
      JOIN subject_key k ON k.id = p.person
      LEFT JOIN milestone n ON n.id = p.next_milestone
     WHERE m.actor = reader AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)
       AND (coalesce(p.next_due_on, '9999-12-31'), p.id) > (after_due, after_plan)
     ORDER BY coalesce(p.next_due_on, '9999-12-31'), p.id LIMIT size
$$;

-- Likewise for every other reader: told, and sorted, by their own rows alone, for the order
-- would tell of the rest.
CREATE FUNCTION own_caseload_page(
    reader uuid, at timestamptz, after_due date, after_plan uuid, size int)
RETURNS TABLE (id uuid, version int, alias varchar, state varchar, release_date date,
               certainty varchar, zone varchar, person uuid, mandate varchar, identity bytea,
               wrapped bytea, due_on date, title text, win_after smallint)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.version, p.alias, p.state, p.release_date, p.certainty, p.zone, p.person,
           m.role, s.identity, k.wrapped, n.due_on, n.title, n.win_after
      FROM mandate m
      JOIN plan p ON p.id = m.plan AND p.state NOT IN ('closed', 'transferred', 'ended_death')
      JOIN person s ON s.id = p.person
      JOIN subject_key k ON k.id = p.person
      LEFT JOIN LATERAL (
           SELECT o.due_on, o.title, o.win_after FROM milestone o
            WHERE o.plan = p.id AND o.owner = m.role AND o.state IN ('planned', 'in_progress')
              AND (o.day <= 0 OR p.left_custody_at IS NOT NULL)
            ORDER BY o.due_on, o.code LIMIT 1) n ON true
     WHERE m.actor = reader AND m.starts <= at AND (m.ends IS NULL OR m.ends > at)
       AND (coalesce(n.due_on, '9999-12-31'), p.id) > (after_due, after_plan)
     ORDER BY coalesce(n.due_on, '9999-12-31'), p.id LIMIT size
$$;

-- Who holds this access token, now in scope for the row policies of this transaction.
-- TC401: nobody does. TC403: the operation is of another role.
CREATE FUNCTION enter(token bytea, at timestamptz, allowed text[])
RETURNS TABLE (actor uuid, actor_role varchar, actor_agency uuid, actor_session uuid)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT f.id, f.role, f.agency, s.id INTO actor, actor_role, actor_agency, actor_session
      FROM session s JOIN staff f ON f.id = s.staff AND f.active
     WHERE s.access = token AND s.access_until > at AND s.until > at AND s.ended_at IS NULL
       AND NOT s.browser;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TC401', MESSAGE = 'not signed in';
    END IF;
    IF NOT actor_role = ANY (allowed) THEN
        RAISE EXCEPTION USING ERRCODE = 'TC403', MESSAGE = 'not your role';
    END IF;
    PERFORM set_config('app.actor', actor::text, true), set_config('app.now', at::text, true);
    RETURN NEXT;
END $$;

CREATE FUNCTION caseload(
    token bytea, at timestamptz, allowed text[], workers text[], request varchar,
    after_due date, after_plan uuid, size int)
RETURNS TABLE (id uuid, version int, alias varchar, state varchar, release_date date,
               certainty varchar, zone varchar, person uuid, mandate varchar, identity bytea,
               wrapped bytea, due_on date, title text, win_after smallint)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    INSERT INTO audit (at, actor, role, operation, agency, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'listPlans', who.actor_agency, 'done', request);
    IF who.actor_role = ANY (workers) THEN
        RETURN QUERY SELECT * FROM caseload_page(who.actor, at, after_due, after_plan, size);
    ELSE
        RETURN QUERY SELECT * FROM own_caseload_page(who.actor, at, after_due, after_plan, size);
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION caseload_page, own_caseload_page, enter, caseload FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caseload_page, own_caseload_page, enter, caseload TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(FUNCTIONS)

    manager.add_raw(run)
    return manager
