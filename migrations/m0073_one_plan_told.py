"""What a hot function has judged and has at hand it says itself.

One plan is told to the row policies as an id, which is read out of its setting once for a
statement, where a list of them is compared with each row as text. Whoever changes a row of a plan
has been let in to that plan by the time that it is written: the policies of what follows are told
so, as a read tells them. And the function that reads a plan says in its row of the record whose the
plan is.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0032_no_entry_no_flow import CHANGE_AT_ONCE as EARLIER
from migrations.m0062_one_plan_for_a_sheet import STATEMENT as PLANNED_ONCE
from migrations.m0063_plans_told_by_name import (
    PLANS,
    SHEET_OF_SCOPE,
    SHEET_OF_TOKEN,
    TOLD_PEOPLE,
    TOLD_PLANS,
    _with,
)

ID = "2026-11-29T16:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "One plan is told to the row policies by its id"


def _one(name: str) -> str:
    """None where the setting is unset, empty, or holds no id."""
    said = f"current_setting('app.{name}', true)"
    return f"(SELECT CASE WHEN pg_input_is_valid({said}, 'uuid') THEN {said}::uuid END)"


THIS_PLAN, THIS_PERSON = _one("plan"), _one("person")
POLICIES = f"""
ALTER POLICY app_reads ON plan
    USING (id = {THIS_PLAN} OR id::text IN {TOLD_PLANS} OR id IN (SELECT my_plans()));
ALTER POLICY app_reads ON person
    USING (id = {THIS_PERSON} OR id::text IN {TOLD_PEOPLE} OR id IN (SELECT my_people()));
ALTER POLICY app_reads ON mandate USING (plan = {THIS_PLAN} OR {PLANS});
ALTER POLICY app_reads ON milestone USING (plan = {THIS_PLAN} OR {PLANS});
ALTER POLICY app_reads ON appointment USING (plan = {THIS_PLAN} OR {PLANS});
ALTER POLICY app_reads ON member USING (plan = {THIS_PLAN} OR {PLANS});
ALTER POLICY app_reads ON link USING (
    plan = {THIS_PLAN} OR {PLANS} OR (plan IS NULL AND agency = (SELECT my_agency())));
"""
TOLD_BY_ID = (
    ("set_config('app.plans', asked::text", "set_config('app.plan', asked::text"),
    ("set_config('app.people', held.person::text", "set_config('app.person', held.person::text"),
    ("set_config('app.plans', ''", "set_config('app.plan', ''"),
    ("set_config('app.people', ''", "set_config('app.person', ''"),
)
SCOPE = _with(SHEET_OF_SCOPE, *TOLD_BY_ID)

READ = _with(
    SHEET_OF_TOKEN,
    (
        "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)",
        "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request, subject)",
    ),
    ("asked, 'done', request);", "asked, 'done', request,\n            held.person);"),
    *TOLD_BY_ID,
)
TELL = "    PERFORM set_config('app.plan', found_plan.id::text, true);"
FORGET = "    PERFORM set_config('app.plan', '', true);"
CHANGE = _with(
    EARLIER,
    # a foreign key to the plan may be written meanwhile
    ("FOR UPDATE OF p;", "FOR NO KEY UPDATE OF p;"),
    ("    SELECT n.version, n.state", f"{TELL}\n    SELECT n.version, n.state"),
    ("    actor := who.actor;", f"{FORGET}\n    actor := who.actor;"),
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (POLICIES, SCOPE, PLANNED_ONCE, READ, CHANGE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
