"""What a hot function has judged and has at hand it says itself.

Whoever changes a row of a plan has been let in to that plan by the time that it is written: the
policies of what follows are told so, as a read tells them. And the function that reads a plan says
in its row of the record whose the plan is.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0008_change_at_once import CHANGE as EARLIER
from migrations.m0063_plans_told_by_name import SHEET_OF_TOKEN, _with

ID = "2026-11-29T16:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A change tells the row policies which plan it is on"

READ = _with(
    SHEET_OF_TOKEN,
    (
        "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request)",
        "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request, subject)",
    ),
    ("asked, 'done', request);", "asked, 'done', request,\n            held.person);"),
)
TELL = "    PERFORM set_config('app.plans', found_plan.id::text, true);"
FORGET = "    PERFORM set_config('app.plans', '', true);"
CHANGE = _with(
    EARLIER,
    ("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
    # a foreign key to the plan may be written meanwhile
    ("FOR UPDATE OF p;", "FOR NO KEY UPDATE OF p;"),
    ("    SELECT n.version, n.state", f"{TELL}\n    SELECT n.version, n.state"),
    ("    actor := who.actor;", f"{FORGET}\n    actor := who.actor;"),
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (READ, CHANGE):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
