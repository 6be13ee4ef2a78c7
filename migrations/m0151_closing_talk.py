"""What is known of a family goes after the closing talk with it, while the plan goes on.

When the talk was noted the database says itself, so no statement of the application makes the term
be over; the jobs destroy no key before it. Of a talk that was held before this release the term
begins now. From an order, and from that somebody is afraid, nobody is to be told by who is left:
the person's own file shows neither.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0135_helpers import AS_THEY_STAND

ID = "2026-12-01T04:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The family's data ends after the closing talk"

TALK = """
CREATE FUNCTION note_closing_talk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE relative
       SET talked_at = CASE WHEN NEW.state = 'done' THEN clock_timestamp() END,
           version = version + 1
     WHERE plan = NEW.plan AND relation <> 'gone';
    RETURN NULL;
END $$;
CREATE TRIGGER closing_talk AFTER UPDATE OF state ON milestone FOR EACH ROW
    WHEN (NEW.code = 'FAM-15' AND (NEW.state = 'done') <> (OLD.state = 'done'))
    EXECUTE FUNCTION note_closing_talk();

-- The talk was a term ago, they take part no more, and did not choose to be kept.
CREATE FUNCTION family_let_go(asked uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM relative r JOIN agency a ON a.id = r.agency
         WHERE r.id = asked AND NOT r.kept
           AND r.talked_at + make_interval(days => coalesce(a.keep_circle, 30)) <= at
           AND NOT EXISTS (SELECT 1 FROM mandate m
                            WHERE m.actor = asked AND (m.ends IS NULL OR m.ends > at)))
$$;
CREATE FUNCTION forget_relative(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    IF NOT family_let_go(asked, clock_timestamp()) OR EXISTS (
        SELECT 1 FROM relative r WHERE r.id = asked AND (r.barred_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM mandate m WHERE m.plan = r.plan AND is_held(m.person))))
    THEN
        RETURN false;
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    RETURN FOUND;
END $$;
REVOKE EXECUTE ON FUNCTION note_closing_talk, family_let_go, forget_relative FROM PUBLIC;
GRANT EXECUTE ON FUNCTION family_let_go, forget_relative TO throughcare_worker;
GRANT UPDATE (kept) ON relative TO throughcare_app;
CREATE INDEX relative_talked ON relative (talked_at) WHERE talked_at IS NOT NULL;
"""

# As in m0087; and of a relative of whom no key is left since the talk.
GONE = """
    plan NOT IN (SELECT plans_held()) AND {whose} IN (
        SELECT r.id FROM relative r JOIN subject_key k ON k.id = r.id AND k.wrapped IS NULL
         WHERE r.talked_at IS NOT NULL)"""
DELETES = f"""
ALTER POLICY jobs_wait ON claim USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND (
        subject IN (SELECT voluntary_rows(plan)) OR role::text = ANY (ARRAY['ME', 'FA'])))
    OR ({GONE.format(whose="actor")}));
ALTER POLICY jobs_wait ON contact USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND (role::text = ANY (ARRAY['ME', 'FA'])
        OR subject IN (SELECT b.id FROM member b WHERE b.role::text = ANY (ARRAY['ME', 'FA']))))
    OR ({GONE.format(whose="actor")}) OR ({GONE.format(whose="subject")}));
"""

CHANGED = (
    # what an old backup brings back of a family whose term is over is no part that was erased
    (
        "plans_to_thin_again",
        "AND b.alias <> 'gone-' || substr(b.id::text, 1, 8))",
        """AND b.alias <> 'gone-' || substr(b.id::text, 1, 8)
              AND NOT family_let_go(b.id, clock_timestamp()))""",
    ),
    (
        "family_as_told",
        "AND NOT r.carried",
        "AND NOT r.carried AND NOT family_let_go(r.id, clock_timestamp())",
    ),
    ("map_goes", "children_there = false,", "children_there = false, kept = false,"),
)

BEFORE = """
ALTER TABLE milestone NO FORCE ROW LEVEL SECURITY;
ALTER TABLE relative NO FORCE ROW LEVEL SECURITY;
ALTER TABLE change NO FORCE ROW LEVEL SECURITY;
UPDATE relative SET talked_at = clock_timestamp(), version = version + 1
 WHERE relation <> 'gone'
   AND plan IN (SELECT m.plan FROM milestone m WHERE m.code = 'FAM-15' AND m.state = 'done');
ALTER TABLE change FORCE ROW LEVEL SECURITY;
ALTER TABLE relative FORCE ROW LEVEL SECURITY;
ALTER TABLE milestone FORCE ROW LEVEL SECURITY;
"""


def statements() -> str:
    changed = (
        AS_THEY_STAND.format(name=name, before=before, after=after)
        for name, before, after in CHANGED
    )
    return "".join((TALK, DELETES, *changed, BEFORE))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(statements())

    manager.add_raw(run)
    return manager
