"""Which neutral word stands for nobody yet in an agency: asked without seeing whose the others are.

Most plans of an agency are out of the sight of whoever opens one, so the question is answered by
the owner. It sees the rows of the asking actor's own agency for this, and answers with one of the
words that it was offered: no other alias, no plan and no number of plans can be learnt from it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T14:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An alias that nobody else in the agency has"

STATEMENTS = """
CREATE POLICY owner_reads ON plan FOR SELECT TO throughcare_owner
    USING (agency = (SELECT my_agency()));
CREATE POLICY owner_reads ON member FOR SELECT TO throughcare_owner
    USING (agency = (SELECT my_agency()));

-- The same for two spellings of a word: no case, no accents.
CREATE FUNCTION spelled(alias text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN octet_length(alias) = length(alias) THEN lower(alias)
           ELSE regexp_replace(normalize(lower(alias), NFKD), '[\\u0300-\\u036f]', '', 'g') END
$$;

-- The first of these words by which nobody goes on an open plan of the actor's own agency.
CREATE FUNCTION free_alias(offered text[]) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH open AS (SELECT id, alias FROM plan
                   WHERE agency = (SELECT my_agency())
                     AND state NOT IN ('closed', 'transferred', 'ended_death')),
         used AS (SELECT spelled(alias) AS alias FROM open
                  UNION SELECT spelled(m.alias) FROM member m JOIN open ON open.id = m.plan)
    SELECT o.alias FROM unnest(offered) WITH ORDINALITY AS o(alias, place)
     WHERE spelled(o.alias) NOT IN (SELECT alias FROM used) ORDER BY o.place LIMIT 1
$$;

REVOKE EXECUTE ON FUNCTION spelled, free_alias FROM PUBLIC;
GRANT EXECUTE ON FUNCTION free_alias TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
