"""Rows of a plan for passes and corrections; a lawyer or guardian (LR) is one of the circle.

What the functions say of a mentor, a relative and the person holds for them too: no admission of
others keeps them out, and their key goes a month after the plan was closed. The functions are
taken as they stand, so that what another migration has made of them stays.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import row_security, triggers

ID = "2026-11-29T04:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of passes and corrections, and lawyers and guardians in a circle"

CONSTRAINTS = """
ALTER TABLE mandate DROP CONSTRAINT mandate_role;
ALTER TABLE mandate ADD CONSTRAINT mandate_role
    CHECK (role IN ('SW','CO','PO','PS','CP','CS','TR','ME','FA','PE','LR'));
ALTER TABLE mandate ADD CONSTRAINT mandate_matters
    CHECK ((role = 'LR') = (matters IS NOT NULL) AND cardinality(matters) > 0
       AND matters <@ ARRAY['plan', 'circle', 'summaries', 'consents', 'access']::varchar[]);
ALTER TABLE member DROP CONSTRAINT member_role;
ALTER TABLE member ADD CONSTRAINT member_role CHECK (role IN ('ME','FA','PE','LR'));
ALTER TABLE member ADD CONSTRAINT member_standing
    CHECK ((role = 'LR') = (standing IS NOT NULL) AND standing IN ('lawyer', 'guardian'));
ALTER TABLE entry_pass ADD CONSTRAINT entry_pass_ended
    CHECK ((ended_at IS NULL) OR ended_at >= made_at);
ALTER TABLE entry_key ADD CONSTRAINT entry_key_code UNIQUE (code);
ALTER TABLE entry_key ADD CONSTRAINT entry_key_access UNIQUE (access);
ALTER TABLE entry_key ADD CONSTRAINT entry_key_session CHECK (
    (session IS NULL) = (access IS NULL) AND (access IS NULL) = (access_until IS NULL));
ALTER TABLE correction ADD CONSTRAINT correction_part
    CHECK (part IN ('plan', 'circle', 'summaries', 'consents', 'access'));
ALTER TABLE correction ADD CONSTRAINT correction_answer CHECK (
    answer IN ('accepted', 'refused') AND (answer IS NULL) = (answered_at IS NULL)
    AND (answer IS NULL) = (answered_by IS NULL));
CREATE INDEX correction_open ON correction (due_on) WHERE answered_at IS NULL;
CREATE INDEX entry_pass_open ON entry_pass (mandate) WHERE ended_at IS NULL;
"""

GRANTS = """
GRANT SELECT, INSERT ON entry_pass, entry_key, correction TO throughcare_app;
GRANT UPDATE (ended_by, ended_at, version) ON entry_pass TO throughcare_app;
GRANT UPDATE (tries, session, access, access_until) ON entry_key TO throughcare_app;
GRANT UPDATE (answer, reason, answered_by, answered_at, version) ON correction TO throughcare_app;
GRANT SELECT ON entry_pass, correction TO throughcare_worker;
GRANT UPDATE (ended_by, ended_at, version) ON entry_pass TO throughcare_worker;
GRANT SELECT ON entry_pass, entry_key, correction TO throughcare_backup;
"""


LAWYERS = """
DO $$
DECLARE
    told text;
    changed integer := 0;
    one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN
        ('my_plans', 'my_people', 'my_mandates', 'my_mandates_by_flow', 'is_barred',
         'destroy_expired')
    LOOP
        told := replace(pg_get_functiondef(one),
            $q$('ME', 'FA', 'PE')$q$, $q$('ME', 'FA', 'PE', 'LR')$q$);
        told := replace(told, $q$b.role = 'FA'$q$, $q$b.role IN ('FA', 'LR')$q$);
        IF told <> pg_get_functiondef(one) THEN
            EXECUTE told;
            changed := changed + 1;
        END IF;
    END LOOP;
    IF changed <> 6 THEN
        RAISE EXCEPTION 'only % of six functions know of a circle', changed;
    END IF;
END $$;
"""


def statements() -> str:
    return "\n".join(
        [
            CONSTRAINTS,
            *(triggers(table) for table in ("entry_pass", "correction")),
            *(row_security(table, "plan") for table in ("entry_pass", "correction")),
            GRANTS,
            LAWYERS,
        ]
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(statements())

    manager.add_raw(run)
    return manager
