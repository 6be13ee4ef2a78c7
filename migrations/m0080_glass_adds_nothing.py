"""Who came in by broken glass writes nothing that outlasts it, whatever the program asks for.

No wall, no mandate, no member, paper, chat or yes, no court's file and no summary is added by them;
no wall, hold, wish or chat is ended, and no task that tells of them. They end their own four hours,
and those of a release desk that has nothing left to do: that the person left cannot wait.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, NOW

ID = "2026-11-29T18:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Broken glass adds nothing that lasts"

# A wish to erase is written by its coordinators without glass as it is.
ADDED = (
    *("wall", "member", "entry_pass", "legal_hold", "link", "channel_consent", "disclosure"),
    *("participation", "court_file", "summary"),
)
CHANGED = (
    *("wall", "erasure_wish", "legal_hold", "link", "court_file", "entry_pass", "channel_consent"),
    *("disclosure", "participation", "member", "protected_address", "safety_flag"),
)
OWN_CHAT = frozenset({"link"})  # of no plan

FUNCTION = f"""
-- Plans on which the actor stands by broken glass, and by nothing else.
CREATE FUNCTION plans_by_glass() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 5 AS $$
    SELECT m.plan FROM mandate m
     WHERE m.actor = {ME} AND m.starts <= {NOW} AND (m.ends IS NULL OR m.ends > {NOW})
     GROUP BY m.plan HAVING bool_and(m.glass IS NOT NULL)
$$;
REVOKE EXECUTE ON FUNCTION plans_by_glass FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_by_glass TO throughcare_app;
"""
ELSE = "plan NOT IN (SELECT plans_by_glass())"


def _else(table: str) -> str:
    return f"plan IS NULL OR {ELSE}" if table in OWN_CHAT else ELSE


def adds(table: str) -> str:
    return f"""
CREATE POLICY glass_adds_nothing ON {table} AS RESTRICTIVE FOR INSERT TO throughcare_app
    WITH CHECK ({_else(table)});
"""


def changes(table: str) -> str:
    return f"""
CREATE POLICY glass_changes_nothing ON {table} AS RESTRICTIVE FOR UPDATE TO throughcare_app
    USING ({_else(table)});
"""


# A ripe wish of one's own in a small agency is let by a day that went by, and by no mandate.
OTHERS = f"""
CREATE POLICY glass_adds_nothing ON mandate AS RESTRICTIVE FOR INSERT TO throughcare_app
    WITH CHECK ({ELSE} OR plan = (SELECT r.plan FROM ripe_wish(glass) AS r));
CREATE POLICY glass_changes_nothing ON mandate AS RESTRICTIVE FOR UPDATE TO throughcare_app
    USING ({ELSE} OR glass IS NOT NULL OR role = 'PS')
    WITH CHECK ({ELSE}
                OR (glass IS NOT NULL AND ends <= {NOW} + interval '1 second')
                OR (role = 'PS' AND actor <> {ME}
                    AND ends <= {NOW} + interval '7 days 1 minute'));
CREATE POLICY glass_changes_nothing ON task AS RESTRICTIVE FOR UPDATE TO throughcare_app
    USING (kind::text <> ALL (ARRAY['glass-broken', 'tell-of-glass']) OR {ELSE});

CREATE FUNCTION glass_closes_nothing() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.id IN (SELECT plans_by_glass()) THEN
        RAISE EXCEPTION 'broken glass closes no plan' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION glass_closes_nothing FROM PUBLIC;
GRANT EXECUTE ON FUNCTION glass_closes_nothing TO throughcare_app;
CREATE TRIGGER plan_by_glass BEFORE UPDATE ON plan FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.closed_at IS DISTINCT FROM OLD.closed_at
          OR (NEW.state <> OLD.state AND NEW.state <> 'active_outside')))
    EXECUTE FUNCTION glass_closes_nothing();
"""


def statements() -> str:
    return "".join((FUNCTION, *map(adds, ADDED), *map(changes, CHANGED), OTHERS))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(statements())

    manager.add_raw(run)
    return manager
