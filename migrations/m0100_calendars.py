"""Each agency has a calendar from its first row on, a plan one of its agency, and who confirms it.

The columns `working_days` of agencies stay as they are for servers of the release before, which
read no calendar.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME
from migrations.m0092_what_an_operator_sets import AT_TERMINAL

ID = "2026-11-30T15:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The calendars of agencies and plans"

# An agency's own calendar has its id. In a week that is none, as was taken once, every day counts.
STATEMENTS = """
CREATE FUNCTION first_calendar() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO calendar (id, agency, version, name, country, working_days, closed, rolled_version)
    VALUES (NEW.id, NEW.id, 1, left(NEW.name, 60), NEW.country, NEW.working_days, '{}', 1);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION first_calendar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION first_calendar TO throughcare_app;
INSERT INTO calendar (id, agency, version, name, country, working_days, closed, rolled_version)
SELECT id, id, 1, left(name, 60), country,
       coalesce((SELECT array_agg(DISTINCT d ORDER BY d) FROM unnest(working_days) AS d
                  WHERE d BETWEEN 1 AND 7), '{1,2,3,4,5,6,7}'),
       '{}', 1 FROM agency;
CREATE TRIGGER agency_has_a_calendar AFTER INSERT ON agency
    FOR EACH ROW EXECUTE FUNCTION first_calendar();
ALTER TABLE calendar
    ADD CONSTRAINT calendar_week CHECK (cardinality(working_days) > 0
        AND working_days <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
    ADD CONSTRAINT calendar_of UNIQUE (id, agency);
ALTER TABLE plan ADD CONSTRAINT plan_calendar_own FOREIGN KEY (calendar, agency)
    REFERENCES calendar (id, agency) ON DELETE RESTRICT ON UPDATE RESTRICT NOT VALID;
CREATE INDEX plan_calendar_own ON plan (calendar, agency);

CREATE FUNCTION is_open(day date, place calendar) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT extract(isodow FROM day)::smallint = ANY ((place).working_days)
       AND day <> ALL ((place).closed)
$$;
-- The day itself, or the open day before it; no place is closed for longer than thirty days.
CREATE FUNCTION open_day(day date, place calendar) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN is_open(day, place) THEN day ELSE (
        SELECT coalesce(max(d)::date, day)
          FROM generate_series(day - 31, day - 1, interval '1 day') AS d
         WHERE is_open(d::date, place)) END
$$;
REVOKE EXECUTE ON FUNCTION is_open, open_day(date, calendar) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_open, open_day(date, calendar) TO throughcare_worker;
"""

# Weekdays and dates are of nobody: whoever reads a plan of another agency counts by its place. A
# court reads none.
WALLS = f"""
ALTER TABLE calendar ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON calendar FOR SELECT TO throughcare_app
    USING ((SELECT kind::text FROM actor WHERE id = {ME}) <> 'court' OR {AT_TERMINAL});
CREATE POLICY app_adds ON calendar FOR INSERT TO throughcare_app
    WITH CHECK (({AT_TERMINAL} AND id = agency) OR (
        agency = (SELECT my_house()) AND changed_by = {ME}
        AND (SELECT my_role())::text = ANY (ARRAY['AD', 'CO'])));
CREATE POLICY app_changes ON calendar FOR UPDATE TO throughcare_app
    USING (agency = (SELECT my_house()) AND (SELECT my_role())::text = ANY (ARRAY['AD', 'CO']))
    WITH CHECK (agency = (SELECT my_house()) AND changed_by = {ME});
CREATE POLICY jobs ON calendar TO throughcare_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON calendar TO throughcare_app;
GRANT UPDATE (name, country, part, working_days, closed, confirmed_until, changed_by, changed_at,
    version) ON calendar TO throughcare_app;
GRANT SELECT, UPDATE (rolled_version) ON calendar TO throughcare_worker;
GRANT SELECT ON calendar TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENTS)
        await transaction.connection.execute(WALLS)

    manager.add_raw(run)
    return manager
