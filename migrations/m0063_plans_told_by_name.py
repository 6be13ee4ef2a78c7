"""What a hot read tells the row policies is compared as text, and no longer read as ids.

Reading sixty ids out of a setting was most of what the policies cost a caseload, for each table
again. And a setting that is no list of ids now shows nothing, where it was an error. Whether
somebody is kept out of a case is asked with statements that stay planned, a sheet is read by one
function, where one called another, and who asks is looked up once for all conditions.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME, NOW
from migrations.m0021_reads_of_one_set import BY_INDEX, SHEET
from migrations.m0032_no_entry_no_flow import PURPOSE
from migrations.m0056_accounts_are_walled import CASELOADS, SHEETS, WITH_KEYS
from migrations.m0062_one_plan_for_a_sheet import STATEMENT as PLANNED_ONCE

ID = "2026-11-29T12:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Plans told by their names"

# None where the setting is unset, empty, or holds something else.
TOLD_PLANS = "(SELECT unnest(string_to_array(current_setting('app.plans', true), ',')))"
TOLD_PEOPLE = "(SELECT unnest(string_to_array(current_setting('app.people', true), ',')))"
PLANS = f"plan::text IN {TOLD_PLANS} OR plan IN (SELECT my_plans())"
POLICIES = f"""
ALTER POLICY app_reads ON plan
    USING (id::text IN {TOLD_PLANS} OR id IN (SELECT my_plans()));
ALTER POLICY app_reads ON person
    USING (id::text IN {TOLD_PEOPLE} OR id IN (SELECT my_people()));
ALTER POLICY app_reads ON mandate USING ({PLANS});
ALTER POLICY app_reads ON milestone USING ({PLANS});
ALTER POLICY app_reads ON appointment USING ({PLANS});
ALTER POLICY app_reads ON member USING ({PLANS});
ALTER POLICY app_reads ON link
    USING ({PLANS} OR (plan IS NULL AND agency = (SELECT my_agency())));
"""
# As in m0020, with the lawyer of m0034.
BARRED = """
CREATE OR REPLACE FUNCTION is_barred(whose uuid, who uuid, as_role varchar) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'excluded'
                      AND w.actor = who AND w.ended_at IS NULL)
        OR (as_role NOT IN ('ME', 'FA', 'PE', 'LR')
            AND EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                           AND w.ended_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM wall w WHERE w.person = whose AND w.kind = 'admitted'
                               AND w.actor = who AND w.ended_at IS NULL));
END $$;
"""


def _with(text: str, *changes: tuple[str, str]) -> str:
    """The text with these changes, each of which there is something to make of."""
    for old, new in changes:
        if old not in text:
            raise ValueError(old)
        text = text.replace(old, new)
    return text


MANDATES = _with(
    WITH_KEYS.partition("REVOKE EXECUTE")[0],
    ("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
    (ME, "me"),
    (NOW, "moment"),
    (PURPOSE, "meant"),
    ("BEGIN", """DECLARE
    me uuid := nullif(current_setting('app.actor', true), '')::uuid;
    moment timestamptz := nullif(current_setting('app.now', true), '')::timestamptz;
    meant text := nullif(current_setting('app.purpose', true), '');
BEGIN"""),
)  # fmt: skip
CASELOAD = _with(
    CASELOADS,
    ("held_plans::text", "array_to_string(held_plans, ',')"),
    ("held_people::text", "array_to_string(held_people, ',')"),
)
SHEET_OF_SCOPE = _with(
    SHEETS,
    ("ARRAY[asked]::text", "asked::text"),
    ("ARRAY[held.person]::text", "held.person::text"),
)
OF_TOKEN = _with(
    SHEET_OF_SCOPE.partition("$$\nDECLARE")[2].partition("BEGIN")[2].rpartition("END $$")[0],
    ("reader_role", "who.actor_role"),
    ("SELECT p.id, p.version", "SELECT who.actor, p.id, p.version"),
    (
        "        RETURN;",
        "        RAISE EXCEPTION USING ERRCODE = 'TC404', MESSAGE = 'nothing here';",
    ),
)
SHEET_OF_TOKEN = f"""
CREATE OR REPLACE FUNCTION read_plan_by_flow(
    token bytea, at timestamptz, allowed text[], request varchar, asked uuid, states text[],
    until date, read_names text[], workers text[], read_dates text[], read_circle text[])
RETURNS TABLE (actor uuid, {SHEET}, told_groups text[]) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp {BY_INDEX}
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    who record;
    held record;
    told text;
BEGIN
    SELECT * INTO who FROM enter(token, at, allowed);
    {OF_TOKEN}    INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)
    VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request);
END $$;
"""
STATEMENTS = (
    POLICIES,
    BARRED,
    MANDATES,
    CASELOAD,
    SHEET_OF_SCOPE,
    PLANNED_ONCE,
    SHEET_OF_TOKEN,
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in STATEMENTS:
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
