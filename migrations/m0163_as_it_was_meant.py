"""What three migrations said otherwise once they had landed is said here, for databases that have them.

A visit alone takes its own date back; a task about glass is shown to nobody who came by glass in
any view; and a sheet reads a plan as it did before it learned what comes first.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0142_undo import JUST_NOW

ID = "2026-12-01T08:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Say again what has landed otherwise"

TAKES_BACK = f"""
DROP POLICY app_takes_back ON appointment;
CREATE POLICY app_takes_back ON appointment FOR DELETE TO throughcare_app
    USING (version = 1 AND was IS NULL AND moved_from IS NULL AND state = 'scheduled'
           AND plan IN (SELECT my_plans()) AND act IN (
               SELECT c.id FROM contact c WHERE c.actor = {ME} AND c.{JUST_NOW}));
DROP FUNCTION IF EXISTS my_acts();
"""
RECORDED = "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome, request"
OF_WHOM = (
    "VALUES (at, who.actor, who.actor_role, 'getPlan', who.actor_agency, asked, 'done', request"
)
GLASS = "('glass-broken', 'tell-of-glass')", "('glass-broken', 'tell-of-glass', 'stopped-by-glass')"
OF_A_PLAN = (
    ("set_config('app.plans',", "set_config('app.plan',"),
    ("set_config('app.people',", "set_config('app.person',"),
    ("ORDER BY a.held_on, a.held_at)", "ORDER BY a.held_on, a.held_at, a.id)"),
    (
        f"{RECORDED})\n    {OF_WHOM});",
        f"{RECORDED}, subject)\n    {OF_WHOM},\n            held.person);",
    ),
)
SAID = {
    "caseload_in_view": (GLASS,),
    "plan_by_flow": OF_A_PLAN,
    "read_plan_by_flow": OF_A_PLAN,
}
# Where something is so already, nothing is replaced.
ANEW = """
DO $do$
DECLARE
    told text := pg_get_functiondef('{name}'::regproc);
BEGIN
    {replaced}
    EXECUTE told;
END $do$;
"""


def statements() -> str:
    anew = ""
    for name, changed in SAID.items():
        replaced = "\n    ".join(
            f"told := replace(told, $q${before}$q$, $q${after}$q$);" for before, after in changed
        )
        anew += ANEW.format(name=name, replaced=replaced)
    return TAKES_BACK + anew


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
