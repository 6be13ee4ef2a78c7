"""Rows about those who work here, and everybody's keys, are shown to whom they concern.

Until now grants alone stood before them. A release that still runs asks for some of them before it
says who asks; for as long as it does, the policies `release_before` let it. Nobody else needs them:
`./run migrate --close` takes them away, and where there is no account yet they are gone at once.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, MINE, NOW
from migrations.m0032_no_entry_no_flow import CASELOAD, PLAN, STANDS, TOLD

ID = "2026-11-29T11:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of accounts and keys"


def wall(table: str, **policies: str) -> str:
    """Who sees which rows: the owner, for the functions that run as it, all of them."""
    return "\n".join(
        [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
            (
                f"CREATE POLICY owner_all ON {table} TO throughcare_owner"
                " USING (true) WITH CHECK (true);"
            ),
            *(f"CREATE POLICY {name} ON {table} {rule};" for name, rule in policies.items()),
        ]
    )


APP = "TO throughcare_app"
JOBS = "TO throughcare_worker"

# A key is made together with whose it is, and read in that transaction before there is a row that
# says so; ever after by whoever sees such a row.
KEYS = """
-- Whether a row that its reader sees is sealed under this key, or a chat of theirs is.
CREATE FUNCTION reaches_key(asked uuid) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM member WHERE id = asked)
        OR EXISTS (SELECT 1 FROM link WHERE subject = asked)
        OR EXISTS (SELECT 1 FROM court_file WHERE subject = asked)
        OR EXISTS (SELECT 1 FROM complaint WHERE subject = asked)
        OR EXISTS (SELECT 1 FROM break_glass WHERE asked_by = asked)
        OR EXISTS (SELECT 1 FROM incident WHERE recorded_by = asked OR closed_by = asked);
END $$;
REVOKE EXECUTE ON FUNCTION reaches_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reaches_key TO throughcare_app;
""" + wall(
    "subject_key",
    app_reads=f"""FOR SELECT {APP} USING (id = {ME}
    OR id IN (SELECT my_people()) OR xmin = pg_current_xact_id_if_assigned()::xid
    OR reaches_key(id))""",
    app_adds=f"""FOR INSERT {APP} WITH CHECK (EXISTS (SELECT 1 FROM actor a
    WHERE a.id = subject_key.id AND a.xmin = pg_current_xact_id_if_assigned()::xid))""",
    jobs_read=f"FOR SELECT {JOBS} USING (true)",
    release_before=f"""FOR SELECT {APP}
    USING (EXISTS (SELECT 1 FROM staff s WHERE s.id = subject_key.id))""",
)

# What is somebody's own, and nobody else's: an account's sessions, devices and factors.
OF_ACCOUNT = ("session", "device", "factor", "passkey", "account_notice")
OF_SESSION = "EXISTS (SELECT 1 FROM session s WHERE s.id = refresh_token.session)"
OF_FACTOR = "EXISTS (SELECT 1 FROM factor f WHERE f.id = recovery_code.factor)"


def own(table: str, mine: str) -> str:
    return wall(
        table,
        app_reads=f"FOR SELECT {APP} USING ({mine})",
        app_adds=f"FOR INSERT {APP} WITH CHECK ({mine})",
        app_changes=f"FOR UPDATE {APP} USING ({mine})",
        release_before=f"{APP} USING (true) WITH CHECK (true)",
    )


ACCOUNTS = "\n".join(
    [
        *(own(table, f"staff = {ME}") for table in OF_ACCOUNT),
        own("refresh_token", OF_SESSION),
        own("recovery_code", OF_FACTOR),
    ]
)

# Of accounts their holder sees their own, staff those of their agency, and everybody those who have
# or had a mandate on a plan of theirs.
STAFF = f"""
CREATE FUNCTION my_house() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT agency FROM staff WHERE id = {ME} AND active
$$;
CREATE FUNCTION on_my_plans() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT m.actor FROM mandate m WHERE m.plan IN (SELECT my_plans())
$$;
ALTER FUNCTION my_role() SECURITY DEFINER;
ALTER FUNCTION is_small(uuid) SECURITY DEFINER;

-- Somebody by their exact login, of a role or of an agency where these are given.
CREATE FUNCTION staff_of_login(asked text, as_role text, of_agency uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM staff
     WHERE login = asked AND active AND (as_role IS NULL OR role = as_role)
       AND (of_agency IS NULL OR agency = of_agency)
$$;

-- Whether a colleague has an app that shows codes, or a passkey.
CREATE FUNCTION has_second_factor(asked uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL)
        OR EXISTS (SELECT 1 FROM factor o WHERE o.staff = s.id AND o.confirmed_at IS NOT NULL
                      AND o.ended_at IS NULL)
      FROM staff s WHERE s.id = asked AND s.agency = (SELECT my_house())
$$;

-- For an administrator, of somebody of their own agency.
CREATE FUNCTION sign_out_colleague(asked uuid, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE session SET ended_at = at
     WHERE staff = asked AND ended_at IS NULL AND (SELECT my_role()) = 'AD' AND EXISTS (
           SELECT 1 FROM staff s WHERE s.id = asked AND s.agency = (SELECT my_house()))
$$;

-- For an operator: whoever is asked for a second factor and has none is led to set one up.
CREATE FUNCTION sign_out_without_factor(which uuid, roles text[], at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE session e SET ended_at = at
      FROM staff s
     WHERE s.id = e.staff AND e.ended_at IS NULL AND s.agency = which AND s.role = ANY (roles)
       AND EXISTS (SELECT 1 FROM agency a WHERE a.id = which AND a.second_factor <> 'none')
       AND NOT EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL)
       AND NOT EXISTS (SELECT 1 FROM factor o WHERE o.staff = s.id
                          AND o.confirmed_at IS NOT NULL AND o.ended_at IS NULL)
$$;
REVOKE EXECUTE ON FUNCTION my_house, on_my_plans, staff_of_login, has_second_factor,
    sign_out_colleague, sign_out_without_factor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_house, on_my_plans, staff_of_login, has_second_factor,
    sign_out_colleague, sign_out_without_factor TO throughcare_app;
REVOKE UPDATE ON staff FROM throughcare_app;
GRANT UPDATE (password, active, version) ON staff TO throughcare_app;
CREATE TRIGGER staff_own_password BEFORE UPDATE ON staff FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND NEW.password <> OLD.password
          AND NEW.id IS DISTINCT FROM nullif(current_setting('app.actor', true), '')::uuid)
    EXECUTE FUNCTION refuse();
""" + wall(
    "staff",
    app_reads=f"""FOR SELECT {APP} USING (id = {ME} OR agency = (SELECT my_house())
    OR id IN (SELECT on_my_plans()))""",
    app_adds=f"""FOR INSERT {APP} WITH CHECK (EXISTS (SELECT 1 FROM actor a
    WHERE a.id = staff.id AND a.agency = staff.agency
      AND a.xmin = pg_current_xact_id_if_assigned()::xid))""",
    app_changes=f"""FOR UPDATE {APP} USING (id = {ME}
    OR (agency = (SELECT my_house()) AND (SELECT my_role()) = 'AD'))""",
    jobs_read=f"FOR SELECT {JOBS} USING (true)",
    release_before=f"FOR SELECT {APP} USING (true)",
)

# What an account or a circle's holder of a pass is let do besides.
RED = "(SELECT my_role())::text = ANY (ARRAY['AD', 'CO', 'AU'])"
OF_HOUSE = "agency = (SELECT my_house())"
OF_COORDINATOR = f"{OF_HOUSE} AND (SELECT my_role()) = 'CO'"
OF_ADMINISTRATOR = f"{OF_HOUSE} AND (SELECT my_role()) = 'AD'"
OF_PAPER = "EXISTS (SELECT 1 FROM entry_pass e WHERE e.id = entry_key.id)"
OTHERS = "\n".join(
    [
        wall(
            "once",
            app_reads=f"FOR SELECT {APP} USING (subject = {ME})",
            app_adds=f"FOR INSERT {APP} WITH CHECK (subject = {ME})",
            app_changes=f"FOR UPDATE {APP} USING (subject = {ME})",
        ),
        wall(
            "duty_shift",
            app_reads=f"FOR SELECT {APP} USING ({OF_HOUSE})",
            app_adds=f"FOR INSERT {APP} WITH CHECK ({OF_COORDINATOR})",
            app_changes=f"FOR UPDATE {APP} USING ({OF_COORDINATOR})",
            jobs_read=f"FOR SELECT {JOBS} USING (true)",
            jobs_end=f"FOR UPDATE {JOBS} USING (true)",
        ),
        wall(
            "account_invitation",
            app_reads=f"FOR SELECT {APP} USING ({OF_HOUSE} AND {RED})",
            app_adds=f"FOR INSERT {APP} WITH CHECK ({OF_ADMINISTRATOR} AND invited_by = {ME})",
            app_changes=f"FOR UPDATE {APP} USING ({OF_ADMINISTRATOR})",
            release_before=f"{APP} USING (true) WITH CHECK (true)",
        ),
        wall(
            "entry_key",
            app_reads=f"FOR SELECT {APP} USING (subject = {ME} OR {OF_PAPER})",
            app_adds=f"FOR INSERT {APP} WITH CHECK ({OF_PAPER})",
            app_changes=f"FOR UPDATE {APP} USING (subject = {ME})",
            release_before=f"{APP} USING (true) WITH CHECK (true)",
        ),
    ]
)

# Before there is anybody in scope: whoever shows the exact login, hash or token is told of that one
# account what the program needs to judge them, and of no other anything.
WAYS_IN = """
CREATE FUNCTION account_of_login(asked text, shown bytea, known bytea)
RETURNS TABLE (id uuid, agency uuid, role varchar, password text, second_factor varchar,
               device uuid, factor uuid, secret bytea, wrapped bytea, recovery uuid,
               passkey boolean, had_factor boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.agency, s.role, s.password, a.second_factor, d.id, f.id, f.secret, k.wrapped,
           r.id,
           EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL),
           EXISTS (SELECT 1 FROM factor o WHERE o.staff = s.id AND o.confirmed_at IS NOT NULL)
           OR EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id)
      FROM staff s JOIN agency a ON a.id = s.agency
      LEFT JOIN device d ON d.staff = s.id AND d.hash = known AND d.ended_at IS NULL
      LEFT JOIN factor f ON f.staff = s.id AND f.confirmed_at IS NOT NULL AND f.ended_at IS NULL
      LEFT JOIN subject_key k ON k.id = s.id
      LEFT JOIN recovery_code r ON r.factor = f.id AND r.hash = shown AND r.used_at IS NULL
     WHERE s.login = asked AND s.active;
END $$;

-- The same of whoever is in scope: hashes of passwords are seen by no other way.
CREATE FUNCTION my_account(shown bytea)
RETURNS TABLE (id uuid, login varchar, password text, factor uuid, secret bytea, wrapped bytea,
               recovery uuid, strong boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.login, s.password, f.id, f.secret, k.wrapped, r.id,
           f.id IS NOT NULL
           OR EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL)
      FROM staff s
      LEFT JOIN factor f ON f.staff = s.id AND f.confirmed_at IS NOT NULL AND f.ended_at IS NULL
      LEFT JOIN subject_key k ON k.id = s.id
      LEFT JOIN recovery_code r ON r.factor = f.id AND r.hash = shown AND r.used_at IS NULL
     WHERE s.id = nullif(current_setting('app.actor', true), '')::uuid;
END $$;
-- Whether this is still the hash of whoever is in scope, whose account is locked from now on.
CREATE FUNCTION is_still_mine(seen text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM staff WHERE id = nullif(current_setting('app.actor', true), '')::uuid
        AND active AND password = seen FOR UPDATE;
    RETURN FOUND;
END $$;

CREATE FUNCTION account_of_passkey(shown bytea, known bytea)
RETURNS TABLE (id uuid, agency uuid, role varchar, passkey uuid, sealed bytea, wrapped bytea,
               device uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.agency, s.role, p.id, p.sealed, k.wrapped, d.id
      FROM passkey p JOIN staff s ON s.id = p.staff AND s.active
      LEFT JOIN subject_key k ON k.id = s.id
      LEFT JOIN device d ON d.staff = s.id AND d.hash = known AND d.ended_at IS NULL
     WHERE p.hash = shown AND p.ended_at IS NULL;
END $$;

-- Who holds this access token, and the latest that they were not told where it was given.
CREATE FUNCTION holder_of(token bytea, at timestamptz, in_browser boolean)
RETURNS TABLE (session uuid, browser boolean, access_until timestamptz, id uuid, role varchar,
               agency uuid, kind varchar, told_of timestamptz, there boolean, zone varchar)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.browser, s.access_until, f.id, f.role, f.agency, n.kind, n.at, n.browser, n.zone
      FROM session s JOIN staff f ON f.id = s.staff AND f.active
      LEFT JOIN LATERAL (
          SELECT n.kind, n.at, n.browser, a.zone FROM account_notice n
            JOIN device d ON d.id = s.device JOIN agency a ON a.id = f.agency
           WHERE n.staff = s.staff AND n.device IS DISTINCT FROM d.id
             AND n.at > greatest(coalesce(d.told_at, '-infinity'), holder_of.at - interval '30 days')
           ORDER BY n.at DESC LIMIT 1) n ON s.browser AND NOT s.limited
     WHERE s.access = token AND s.access_until > holder_of.at AND s.until > holder_of.at
       AND s.ended_at IS NULL AND s.browser = in_browser;
END $$;

-- The session of this refresh token, both locked, and its holder in scope from now on.
CREATE FUNCTION enter_by_refresh(shown bytea, at timestamptz)
RETURNS TABLE (id uuid, used_at timestamptz, session uuid, device uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who uuid;
    told text;
BEGIN
    SELECT r.id, r.used_at, s.id, s.device, s.staff INTO id, used_at, session, device, who
      FROM refresh_token r JOIN session s ON s.id = r.session
      JOIN staff f ON f.id = s.staff AND f.active
     WHERE r.hash = shown AND s.ended_at IS NULL AND s.until > enter_by_refresh.at
       FOR UPDATE OF r, s;
    IF FOUND THEN
        told := set_config('app.actor', who::text, true);
        told := set_config('app.now', enter_by_refresh.at::text, true);
        RETURN NEXT;
    END IF;
END $$;

-- The invitation of this code, locked while an account is made of it; then it is spent.
CREATE FUNCTION invitation_of(shown bytea, at timestamptz)
RETURNS TABLE (id uuid, agency uuid, role varchar, alias varchar)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT i.id, i.agency, i.role, i.alias FROM account_invitation i
     WHERE i.hash = shown AND i.used_at IS NULL AND i.ended_at IS NULL AND i.expires_at > at
       FOR UPDATE
$$;
CREATE FUNCTION spend_invitation(shown bytea, made uuid, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE account_invitation SET used_at = at, account = made, version = version + 1
     WHERE hash = shown AND used_at IS NULL AND ended_at IS NULL AND expires_at > at
$$;

-- A try counts against the paper before it is judged, in one statement: many at once are no more.
CREATE FUNCTION try_pass(shown bytea, most int) RETURNS TABLE (id uuid, subject uuid, pin bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE entry_key k SET tries = k.tries + 1 WHERE k.code = shown AND k.tries < most
    RETURNING k.id, k.subject, k.pin
$$;
CREATE FUNCTION holder_of_pass(token bytea, at timestamptz)
RETURNS TABLE (id uuid, subject uuid, session uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k.id, k.subject, k.session FROM entry_key k
     WHERE k.access = token AND k.access_until > at
$$;
REVOKE EXECUTE ON FUNCTION account_of_login, account_of_passkey, my_account, is_still_mine,
    holder_of, enter_by_refresh, invitation_of, spend_invitation, try_pass, holder_of_pass
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_login, account_of_passkey, my_account, is_still_mine,
    holder_of, enter_by_refresh, invitation_of, spend_invitation, try_pass, holder_of_pass
    TO throughcare_app;
ALTER FUNCTION enter(bytea, timestamptz, text[]) SECURITY DEFINER;
"""

# The hot reads ask the owner, who judges the reader's mandates, for the keys and names in the same
# breath: no policy is asked row by row. Otherwise as in m0032.
JUDGED = MINE.replace("('ME', 'FA', 'PE')", "('ME', 'FA', 'PE', 'LR')")
KEY = "(SELECT k.wrapped FROM subject_key k WHERE k.id = m.person)"
WITH_KEYS = f"""
CREATE FUNCTION my_mandates_with_keys()
RETURNS TABLE (plan uuid, person uuid, role varchar, groups text[], wrapped bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 50 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.plan, m.person, m.role, {TOLD}, {KEY} FROM mandate m {JUDGED} AND {STANDS};
END $$;

-- The same of one plan, with who is in its circle: their mandates, one array for each column, and
-- the keys and aliases that go with them.
CREATE FUNCTION my_circle_on(asked uuid)
RETURNS TABLE (person uuid, role varchar, starts timestamptz, glass boolean, groups text[],
               wrapped bytea, ids uuid[], versions int[], actors uuid[], roles varchar[],
               began timestamptz[], glasses boolean[], keys bytea[], aliases varchar[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.person, m.role, m.starts, m.glass IS NOT NULL, {TOLD}, {KEY}, q.*
      FROM mandate m CROSS JOIN LATERAL (
           SELECT array_agg(c.id), array_agg(c.version), array_agg(c.actor), array_agg(c.role),
                  array_agg(c.starts), array_agg(c.glass IS NOT NULL), array_agg(k.wrapped),
                  array_agg(f.alias)
             FROM mandate c LEFT JOIN staff f ON f.id = c.actor
             LEFT JOIN subject_key k ON k.id = CASE WHEN f.id IS NULL THEN c.actor END
            WHERE c.plan = asked AND c.starts <= {NOW} AND (c.ends IS NULL OR c.ends > {NOW})) q
     WHERE m.actor = {ME} AND m.plan = asked AND m.starts <= {NOW}
       AND (m.ends IS NULL OR m.ends > {NOW})
       AND (m.person IS NULL OR NOT is_barred(m.person, m.actor, m.role)) AND {STANDS};
END $$;
REVOKE EXECUTE ON FUNCTION my_mandates_with_keys, my_circle_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_mandates_with_keys, my_circle_on TO throughcare_app;
"""


def _again(text: str, *changes: tuple[str, str]) -> str:
    """Functions of before, replaced with these changes."""
    for old, new in (("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"), *changes):
        if old not in text:
            raise ValueError(old)
        text = text.replace(old, new)
    return text.partition("REVOKE EXECUTE")[0]


CASELOADS = _again(
    CASELOAD,
    ("my_mandates_by_flow()", "my_mandates_with_keys()"),
    ("held_groups text[];", "held_groups text[];\n    held_keys bytea[];"),
    ("array_agg(array_to_string(h.groups, ','))",
     "array_agg(array_to_string(h.groups, ',')), array_agg(h.wrapped)"),
    ("held_people, held_groups FROM", "held_people, held_groups, held_keys FROM"),
    ("unnest(held_plans, held_roles, held_groups) AS m (plan, role, groups)",
     ("unnest(held_plans, held_roles, held_groups, held_keys)\n"
     "                       AS m (plan, role, groups, wrapped)")),
    ("m.role, m.groups,", "m.role, m.groups, m.wrapped,"),
    (" END AS identity, k.wrapped", " END AS identity"),
    ("          JOIN subject_key k ON k.id = c.person\n", ""),
)  # fmt: skip
SHEETS = _again(
    PLAN.partition("CREATE FUNCTION read_plan_by_flow")[0],
    ("SELECT h.role, h.person, h.groups, bool_or", "SELECT h.*, bool_or"),
    ("OVER () AS glass INTO", "OVER () AS any_glass INTO"),
    ("held.glass, held.groups", "held.any_glass, held.groups"),
    ("my_mandates_on(asked)", "my_circle_on(asked)"),
    ("s.identity, k.wrapped,", "s.identity, held.wrapped,"),
    ("encode(bk.wrapped, 'hex') AS", "encode(c.wrapped, 'hex') AS"),
    ("f.alias AS staff_alias", "c.staff_alias"),
    ("FROM mandate c\n                  LEFT JOIN member b",
     ("FROM unnest(held.ids, held.versions, held.actors, held.roles, held.began,\n"
     "                       held.glasses, held.keys, held.aliases)\n"
     "                       AS c (id, version, actor, role, starts, glass, wrapped, staff_alias)\n"
     "                  LEFT JOIN member b")),
    (("                  LEFT JOIN staff f ON f.id = c.actor\n"
     "                  LEFT JOIN subject_key bk ON bk.id = b.id\n"), ""),
    (("WHERE c.plan = asked AND c.starts <= at AND (c.ends IS NULL OR c.ends > at)\n"
     "                   AND (c.glass IS NULL OR held.role = ANY (workers))"),
     "WHERE NOT c.glass OR held.role = ANY (workers)"),
    ("      LEFT JOIN subject_key k ON k.id = p.person\n", ""),
)  # fmt: skip

CLOSE = """
-- No job reads how anybody signs in.
REVOKE SELECT ON staff FROM throughcare_worker;
GRANT SELECT (id, agency, version, role, alias, active, created_at) ON staff
    TO throughcare_worker;

-- For the owner alone, once no process of the release before runs any more.
CREATE FUNCTION close_release_before() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one name;
BEGIN
    FOR one IN SELECT tablename FROM pg_policies
                WHERE schemaname = 'public' AND policyname = 'release_before'
    LOOP
        EXECUTE format('DROP POLICY release_before ON %I', one);
    END LOOP;
    REVOKE SELECT ON staff FROM throughcare_app;
    GRANT SELECT (id, agency, version, role, login, alias, active, created_at) ON staff
        TO throughcare_app;
END $$;
REVOKE EXECUTE ON FUNCTION close_release_before FROM PUBLIC;
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
        for part in (KEYS, ACCOUNTS, STAFF, OTHERS, WAYS_IN, WITH_KEYS, CASELOADS, SHEETS, CLOSE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
