"""What a statement in a worker's name cannot do: be let in by itself, hire, and rule the agency.

The application's role could say when it had wished to break glass, change every agency, and make
accounts of whatever role and agency. Now a wish ripens by the database's own clock; what an
operator sets at the terminal is set there and nowhere else; and an account comes of an invitation
that the very transaction spends.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0040_second_person import ME, NOW

ID = "2026-11-30T04:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Glass by the database's clock, and what an operator alone sets"

# Wishes of before count from now on. The owner sees none; for this one statement nobody else does.
GLASS = f"""
ALTER TABLE break_glass NO FORCE ROW LEVEL SECURITY;
UPDATE break_glass SET written_at = clock_timestamp();
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;

CREATE FUNCTION keep_glass() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.written_at := clock_timestamp();
    ELSIF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at
        OR NEW.let_by IS DISTINCT FROM OLD.let_by AND (
            OLD.let_by IS NOT NULL OR OLD.ended_at IS NOT NULL
            OR NEW.let_by IS DISTINCT FROM {ME})
        OR NEW.let_at IS DISTINCT FROM OLD.let_at AND OLD.let_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'a wish is let once and ends once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_glass FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_glass TO throughcare_app;
CREATE TRIGGER break_glass_kept BEFORE INSERT OR UPDATE ON break_glass FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION keep_glass();
ALTER POLICY app_adds ON break_glass
    WITH CHECK (agency = (SELECT my_agency()) AND asked_by = {ME}
                AND let_by IS NULL AND let_at IS NULL AND ended_at IS NULL);

CREATE OR REPLACE FUNCTION ripe_wish(asked uuid)
RETURNS TABLE (plan uuid, person uuid, zone varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.person, p.zone
      FROM break_glass g JOIN plan p ON p.agency = g.agency AND lower(p.alias) = lower(g.alias)
           AND p.state NOT IN ('closed', 'transferred', 'ended_death')
     WHERE g.id = asked AND g.asked_by = {ME} AND g.let_at IS NULL AND g.ended_at IS NULL
       AND g.asked_at <= {NOW} - interval '24 hours' AND g.asked_at > {NOW} - interval '48 hours'
       AND g.written_at <= clock_timestamp() - interval '24 hours'
       AND g.written_at > clock_timestamp() - interval '48 hours'
       AND is_small(g.agency) AND NOT bars_me(p.person)
$$;

-- What it opens is one's own, in one's own role, from now on, for four hours, once.
ALTER POLICY app_adds_alone ON mandate
    WITH CHECK (glass IS NOT NULL AND actor = {ME} AND granted_by = {ME}
                AND role = (SELECT my_role()) AND role::text = ANY (ARRAY['SW', 'CO'])
                AND starts = {NOW}
                AND (plan, person) = (SELECT r.plan, r.person FROM ripe_wish(glass) AS r));
ALTER TABLE mandate DROP CONSTRAINT mandate_glass;
ALTER TABLE mandate ADD CONSTRAINT mandate_glass
    CHECK (glass IS NULL OR (ends IS NOT NULL AND ends <= starts + interval '4 hours'));
CREATE UNIQUE INDEX mandate_glass_once ON mandate (glass) WHERE glass IS NOT NULL;
"""

# Whom a connection came as no statement can change, where it can say whatever it likes of itself. An
# operator comes as the owner, and speaks as the application.
AT_TERMINAL = "session_user <> 'throughcare_app'"
THIS_ACT = "pg_current_xact_id_if_assigned()::xid"

# Who adds a person adds them to their own agency; of a circle, to that of a plan that they see.
# Whoever was invited is added by the code.
ACCOUNTS = f"""
ALTER POLICY app_adds ON actor
    WITH CHECK ({AT_TERMINAL}
                OR (kind = 'person' AND agency = (SELECT my_agency()))
                OR (kind = 'member' AND agency IN (SELECT p.agency FROM plan p)));

CREATE OR REPLACE FUNCTION spend_invitation(shown bytea, made uuid, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO actor (id, agency, kind, created_at)
    SELECT made, i.agency, 'staff', at FROM account_invitation i
     WHERE i.hash = shown AND i.used_at IS NULL AND i.ended_at IS NULL AND i.expires_at > at
        ON CONFLICT (id) DO NOTHING;
    UPDATE account_invitation SET used_at = at, account = made, version = version + 1
     WHERE hash = shown AND used_at IS NULL AND ended_at IS NULL AND expires_at > at
$$;

-- Whether this very transaction spent an invitation for this account, and added whose it is.
CREATE FUNCTION is_invited(made uuid, house uuid, as_role varchar) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM account_invitation i JOIN actor a ON a.id = i.account
         WHERE i.account = made AND i.agency = house AND i.role = as_role
           AND i.xmin = {THIS_ACT} AND a.xmin = {THIS_ACT} AND a.kind = 'staff')
$$;
REVOKE EXECUTE ON FUNCTION is_invited FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_invited TO throughcare_app;
ALTER POLICY app_adds ON staff
    WITH CHECK (is_invited(id, agency, role) OR ({AT_TERMINAL} AND EXISTS (
        SELECT 1 FROM actor a WHERE a.id = staff.id AND a.agency = staff.agency
           AND a.xmin = {THIS_ACT})));
"""

# What is set at the terminal, for every agency at once. A rota is a new version of its agency.
OPERATORS = """
CREATE FUNCTION keep_agency() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR to_jsonb(NEW) - 'version' <> to_jsonb(OLD) - 'version'
        OR NEW.id IS DISTINCT FROM my_house() OR my_role() IS DISTINCT FROM 'CO'
    THEN
        RAISE EXCEPTION 'an agency is set up at the terminal'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_agency FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_agency TO throughcare_app;
CREATE TRIGGER agency_is_set_up BEFORE INSERT OR UPDATE ON agency FOR EACH ROW
    WHEN (session_user = 'throughcare_app') EXECUTE FUNCTION keep_agency();

CREATE FUNCTION refuse_but_at_terminal() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is set up at the terminal', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
REVOKE EXECUTE ON FUNCTION refuse_but_at_terminal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refuse_but_at_terminal TO throughcare_app;
CREATE TRIGGER bot_is_set_up BEFORE INSERT OR UPDATE ON bot FOR EACH ROW
    WHEN (session_user = 'throughcare_app') EXECUTE FUNCTION refuse_but_at_terminal();
CREATE TRIGGER court_client_is_set_up BEFORE INSERT OR UPDATE ON court_client FOR EACH ROW
    WHEN (session_user = 'throughcare_app') EXECUTE FUNCTION refuse_but_at_terminal();
REVOKE INSERT ON agency, bot, court_client FROM throughcare_worker;
"""

# The release before makes an account first and spends its invitation then. It may, until it is
# closed; what the releases before it needed is closed first.
OVER = r"""
CREATE OR REPLACE FUNCTION close_release_before() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT tablename, policyname FROM pg_policies
                WHERE schemaname = 'public' AND policyname LIKE 'release\_before%'
    LOOP
        EXECUTE format('DROP POLICY %I ON %I', one.policyname, one.tablename);
    END LOOP;
    REVOKE SELECT ON staff FROM throughcare_app;
    GRANT SELECT (id, agency, version, role, login, alias, active, created_at) ON staff
        TO throughcare_app;
END $$;
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM migration WHERE name = '2026-11-29T14:10:00:000000'
                  AND ran_on < clock_timestamp()::timestamp - interval '1 hour') THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""
BEFORE = f"""
CREATE POLICY release_before_adds ON actor FOR INSERT TO throughcare_app WITH CHECK (true);
CREATE POLICY release_before_adds ON staff FOR INSERT TO throughcare_app
    WITH CHECK (EXISTS (SELECT 1 FROM actor a WHERE a.id = staff.id AND a.agency = staff.agency
                           AND a.xmin = {THIS_ACT}));
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM staff) THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (GLASS, ACCOUNTS, OPERATORS, OVER, BEFORE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
