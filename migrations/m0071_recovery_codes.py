"""Recovery codes of who has a passkey and no app: whose they are, and what they open.

The release before makes codes of apps alone, and reads what it did; it takes no others for right,
for it asks for the app first.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0056_accounts_are_walled import APP, OF_FACTOR

ID = "2026-11-29T16:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Recovery codes of accounts"

MINE = f"staff = {ME} OR {OF_FACTOR}"
RULES = f"""
ALTER TABLE recovery_code ADD CONSTRAINT recovery_code_of_one
    CHECK (num_nonnulls(factor, staff) = 1);
ALTER POLICY app_reads ON recovery_code USING ({MINE});
ALTER POLICY app_adds ON recovery_code WITH CHECK ({MINE});
ALTER POLICY app_changes ON recovery_code USING ({MINE});
CREATE POLICY app_deletes ON recovery_code FOR DELETE {APP} USING ({MINE});
GRANT DELETE ON recovery_code TO throughcare_app;
ALTER TABLE account_notice DROP CONSTRAINT account_notice_kind;
ALTER TABLE account_notice ADD CONSTRAINT account_notice_kind CHECK (kind::text = ANY (ARRAY[
    'device', 'password', 'factor', 'no_factor', 'passkey', 'passkey_ended', 'passkey_copied',
    'recovery']));
"""

# As in m0056, but for the codes: those of an account count as long as it has a passkey and no app.
ITS_CODES = """
    LEFT JOIN recovery_code r ON r.hash = shown AND r.used_at IS NULL AND (r.factor = f.id
           OR (f.id IS NULL AND r.staff = s.id AND EXISTS (
               SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL)))
"""
FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION account_of_login(asked text, shown bytea, known bytea)
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
{ITS_CODES}
     WHERE s.login = asked AND s.active;
END $$;

CREATE OR REPLACE FUNCTION my_account(shown bytea)
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
{ITS_CODES}
     WHERE s.id = nullif(current_setting('app.actor', true), '')::uuid;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (RULES, FUNCTIONS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
