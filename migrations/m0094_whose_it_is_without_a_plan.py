"""What belongs to no plan is for whom it names, and no more for everybody in the house.

A coordinator's task that a complaint falls due, an officer's that somebody was stopped by a limit,
a colleague's own chat and what is said in it: whoever worked in the house could read and close it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0063_plans_told_by_name import PLANS
from migrations.m0073_one_plan_told import THIS_PLAN

ID = "2026-11-30T04:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Rows of no plan are walled too"

# Functions, so that they cost nothing where no such row is met; they run as whoever asks, and see
# what the policies of these tables show them.
FUNCTIONS = """
-- Whoever may answer a complaint or close an incident ends what others are asked about it.
CREATE FUNCTION reaches_task(of_kind varchar, asked uuid) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN CASE of_kind
        WHEN 'complaint-due' THEN EXISTS (SELECT 1 FROM complaint WHERE id = asked)
        WHEN 'incident-due' THEN EXISTS (SELECT 1 FROM incident WHERE id = asked)
        ELSE false END;
END $$;
-- Staff are told of a plan or a task in their own chats: with it goes what was to be said.
CREATE FUNCTION reaches_message(asked uuid) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN asked IN (SELECT my_plans()) OR EXISTS (SELECT 1 FROM task WHERE id = asked);
END $$;
-- An administrator ends the chat of whose account they have just ended.
CREATE FUNCTION has_left(asked uuid) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN my_role() = 'AD' AND EXISTS (
        SELECT 1 FROM staff WHERE id = asked AND agency = my_agency() AND NOT active);
END $$;
REVOKE EXECUTE ON FUNCTION reaches_task, reaches_message, has_left FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reaches_task, reaches_message, has_left TO throughcare_app;
"""

MINE = "plan IN (SELECT my_plans())"
OF_HOUSE = "plan IS NULL AND agency = (SELECT my_agency())"
TASKS = f"{MINE} OR ({OF_HOUSE} AND (assignee = {ME} OR reaches_task(kind, subject)))"
MESSAGES = f"""{MINE} OR ({OF_HOUSE} AND (
    recipient = {ME} OR reaches_message(subject) OR has_left(recipient)))"""
LINKS = f"({OF_HOUSE} AND (subject = {ME} OR has_left(subject)))"
POLICIES = f"""
ALTER POLICY app_reads ON task USING ({TASKS});
ALTER POLICY app_changes ON task USING ({TASKS});
ALTER POLICY app_adds ON task WITH CHECK ({MINE});
ALTER POLICY app_reads ON message USING ({MESSAGES});
ALTER POLICY app_changes ON message USING ({MESSAGES});
ALTER POLICY app_adds ON message WITH CHECK ({MINE} OR ({OF_HOUSE} AND recipient = {ME}));
ALTER POLICY app_reads ON link USING (plan = {THIS_PLAN} OR {PLANS} OR {LINKS});
ALTER POLICY app_changes ON link USING ({MINE} OR {LINKS});
ALTER POLICY app_adds ON link WITH CHECK ({MINE} OR ({OF_HOUSE} AND subject = {ME}));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (FUNCTIONS, POLICIES):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
