"""Goals and reviews are rows that the workers of a plan see; the person sees their own file.

A goal is in the person's words: whoever asks, nothing of it is written over, and it ends once. A
review that was closed is as it was: a later one says what has changed. The database looks at the
role too. What somebody said to an offer is the workers' to know: to others at most that they
accepted.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0080_glass_adds_nothing import adds, changes

ID = "2026-11-30T18:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Walls of goals, reviews of needs and answers to offers"

TABLES = ("goal", "needs_review", "needs_area")
ACTOR = "nullif(current_setting('app.actor', true), '')::uuid"


OF = """plan IN (SELECT h.plan FROM my_mandates() h WHERE h.role::text = ANY (ARRAY['{roles}']))"""
WRITES = OF.format(roles="SW")
TOLD = OF.format(roles="SW', 'CO', 'PE")
OFFICERS = OF.format(roles="PO")
LAWYERS = OF.format(roles="LR")
READS = {
    "goal": f"{TOLD} OR (kind::text = 'goal' AND {OFFICERS})",
    "needs_review": TOLD,
    "needs_area": TOLD,
}
# the person says what they want in their own file too
CHANGES = {"goal": OF.format(roles="SW', 'PE"), "needs_review": WRITES, "needs_area": WRITES}
ROW_SECURITY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON {table} FOR SELECT TO throughcare_app USING ({reads});
CREATE POLICY app_adds ON {table} FOR INSERT TO throughcare_app WITH CHECK ({writes});
CREATE POLICY app_changes ON {table} FOR UPDATE TO throughcare_app USING ({writes});
CREATE POLICY app_thins ON {table} FOR DELETE TO throughcare_app
    USING (plan IN (SELECT plans_to_thin()));
CREATE POLICY jobs ON {table} TO throughcare_worker USING (true) WITH CHECK (true);
CREATE POLICY jobs_wait ON {table} AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()) OR plan IN (SELECT plans_to_thin_again()));
GRANT SELECT, INSERT, DELETE ON {table} TO throughcare_app;
GRANT SELECT, DELETE ON {table} TO throughcare_worker;
GRANT SELECT ON {table} TO throughcare_backup;
"""
RULES = f"""
GRANT UPDATE (ended_at, how, version) ON goal TO throughcare_app;
GRANT UPDATE (held_on, language, interpreter, settles, closed_at, version) ON needs_review
    TO throughcare_app;
GRANT UPDATE (own_ok, own, view, agreed, version) ON needs_area TO throughcare_app;

ALTER TABLE goal ADD CONSTRAINT goal_kind CHECK (kind IN ('goal', 'first_step', 'who_knows'));
ALTER TABLE goal ADD CONSTRAINT goal_end CHECK (
    (ended_at IS NULL) = (how IS NULL) AND how IN ('reached', 'not_mine', 'anew'));
CREATE UNIQUE INDEX goal_one ON goal (plan, kind) WHERE ended_at IS NULL AND kind <> 'goal';
ALTER TABLE needs_area ADD CONSTRAINT needs_area_area CHECK (area IN (
    'home', 'papers', 'money', 'health', 'learning', 'work', 'family', 'people', 'balance',
    'safety', 'substances'));
ALTER TABLE needs_area ADD CONSTRAINT needs_area_ok CHECK (own IS NULL OR own_ok);
CREATE UNIQUE INDEX needs_area_once ON needs_area (review, area);
CREATE UNIQUE INDEX needs_review_open ON needs_review (plan) WHERE closed_at IS NULL;
CREATE INDEX needs_review_closed ON needs_review (plan, closed_at);
ALTER TABLE participation ADD CONSTRAINT participation_again
    CHECK (again_on IS NULL OR answer = 'later');
CREATE INDEX participation_later ON participation (again_on) WHERE again_on IS NOT NULL;

-- Whoever asks: the words of a goal are the person's, and an end is once.
CREATE TRIGGER goal_stays BEFORE UPDATE ON goal FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL OR to_jsonb(NEW) - 'ended_at' - 'how' - 'version'
              IS DISTINCT FROM to_jsonb(OLD) - 'ended_at' - 'how' - 'version')
    EXECUTE FUNCTION refuse();
CREATE TRIGGER goal_is_new BEFORE INSERT ON goal FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.said_at < clock_timestamp() - interval '1 day' OR NEW.ended_at IS NOT NULL
          OR NEW.written_by IS DISTINCT FROM {ACTOR}))
    EXECUTE FUNCTION refuse();

CREATE TRIGGER needs_review_stays BEFORE UPDATE ON needs_review FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL OR NEW.plan <> OLD.plan OR NEW.held_by <> OLD.held_by
          OR NEW.begun_at <> OLD.begun_at)
    EXECUTE FUNCTION refuse();
CREATE FUNCTION keep_needs_area() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM needs_review r
                    WHERE r.id = NEW.review AND r.plan = NEW.plan AND r.closed_at IS NULL)
        OR (NEW.agreed IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM milestone m WHERE m.id = NEW.agreed AND m.plan = NEW.plan))
        OR (TG_OP = 'UPDATE' AND (NEW.plan, NEW.review, NEW.area)
                IS DISTINCT FROM (OLD.plan, OLD.review, OLD.area))
    THEN
        RAISE EXCEPTION 'a review that was closed stays' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_needs_area FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_needs_area TO throughcare_app;
CREATE TRIGGER needs_area_stays BEFORE INSERT OR UPDATE ON needs_area FOR EACH ROW
    WHEN (current_user = 'throughcare_app') EXECUTE FUNCTION keep_needs_area();

ALTER POLICY app_reads ON participation USING (
    {TOLD} OR (answer::text = 'accepted' AND {LAWYERS}));
"""


def _walls(table: str) -> str:
    reads, writes = READS[table], CHANGES[table]
    return ROW_SECURITY.format(table=table, reads=reads, writes=writes)


def statements() -> str:
    made = [part(table) for table in TABLES for part in (triggers, _walls, adds, changes)]
    return "".join((*made, RULES))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
