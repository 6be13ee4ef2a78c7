"""The registry is asked by one function; what an agency does today is written into it.

A mandate says by itself whether its reader works elsewhere, so that nobody else pays for the
question. What stands here before the next migration makes the walls ask, so nothing stops.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T03:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Who works elsewhere, and what flows today"

CONSTRAINTS = """
ALTER TABLE agency ADD CONSTRAINT agency_regime CHECK (regime IN ('public_body', 'ngo'));
ALTER TABLE data_flow ADD CONSTRAINT data_flow_to CHECK (CASE kind
    WHEN 'agency' THEN to_agency <> agency AND num_nonnulls(to_agency) = 1
         AND num_nonnulls(court, to_role) = 0
    WHEN 'court' THEN num_nonnulls(court) = 1 AND num_nonnulls(to_agency, to_role) = 0
    WHEN 'chat' THEN num_nonnulls(to_role) = 1 AND to_role IN ('ME', 'FA', 'PE')
         AND num_nonnulls(to_agency, court) = 0
    WHEN 'person' THEN num_nonnulls(to_agency, court, to_role) = 0
    ELSE false END);
ALTER TABLE data_flow ADD CONSTRAINT data_flow_basis
    CHECK (basis IN ('law', 'authorisation', 'own_right'));
ALTER TABLE data_flow ADD CONSTRAINT data_flow_purpose CHECK (purpose IN
    ('care', 'supervision', 'summary', 'complaint', 'audit', 'technical'));
ALTER TABLE data_flow ADD CONSTRAINT data_flow_groups CHECK (cardinality(groups) > 0);
ALTER TABLE data_flow ADD CONSTRAINT data_flow_period CHECK (until IS NULL OR until > starts);
-- what somebody answers for names who that is, and a law with its article
ALTER TABLE data_flow ADD CONSTRAINT data_flow_confirmed CHECK (confirmed_at IS NULL OR (
    num_nonnulls(confirmed_by, responsible) = 2
    AND (basis <> 'law' OR num_nonnulls(law, article) = 2)));
ALTER TABLE data_flow ADD CONSTRAINT data_flow_ended
    CHECK ((ended_at IS NULL) = (ended_by IS NULL));
CREATE INDEX data_flow_standing ON data_flow (agency, kind, to_agency, to_role)
    WHERE ended_at IS NULL;
"""

# The owner sees no row of a plan; for these statements nobody else sees the table either.
ELSEWHERE = """
ALTER TABLE mandate NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mandate DISABLE TRIGGER change_update;
UPDATE mandate m SET elsewhere = a.agency
  FROM actor a WHERE a.id = m.actor AND a.kind = 'staff' AND a.agency <> m.agency;
ALTER TABLE mandate ENABLE TRIGGER change_update;
ALTER TABLE mandate FORCE ROW LEVEL SECURITY;
DROP INDEX mandate_reader;
CREATE INDEX mandate_reader ON mandate (actor, plan)
    INCLUDE (role, starts, ends, person, glass, agency, elsewhere);

-- Whoever writes a mandate cannot say otherwise, and the release before says nothing.
CREATE FUNCTION name_elsewhere() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.elsewhere := (SELECT nullif(a.agency, NEW.agency) FROM actor a
                       WHERE a.id = NEW.actor AND a.kind = 'staff');
    RETURN NEW;
END $$;
CREATE TRIGGER name_elsewhere BEFORE INSERT OR UPDATE OF actor, agency, elsewhere ON mandate
    FOR EACH ROW EXECUTE FUNCTION name_elsewhere();
REVOKE EXECUTE ON FUNCTION name_elsewhere FROM PUBLIC;
GRANT EXECUTE ON FUNCTION name_elsewhere TO throughcare_app, throughcare_worker;
"""

# What flows today: nobody has confirmed it yet, so no law is named; it is in force all the same.
TODAY = """
ALTER TABLE court_file NO FORCE ROW LEVEL SECURITY;
INSERT INTO data_flow (id, agency, version, kind, to_agency, court, to_role, groups, purpose, basis,
                       starts, recorded_at)
SELECT gen_random_uuid(), t.agency, 1, t.kind, t.to_agency, t.court, t.to_role,
       string_to_array(t.groups, ','), t.purpose, t.basis, now(), now()
  FROM (
    SELECT a.id AS agency, 'chat' AS kind, NULL::uuid AS to_agency, NULL::uuid AS court,
           c.to_role, c.groups, 'care' AS purpose, c.basis
      FROM agency a CROSS JOIN (VALUES
           ('FA', 'alias,messages,appointments,milestones,release date', 'authorisation'),
           ('ME', 'alias,messages,appointments,milestones,release date', 'authorisation'),
           ('PE', 'alias,messages,appointments,milestones,release date', 'own_right')
           ) AS c (to_role, groups, basis)
    UNION ALL
    SELECT a.id, 'person', NULL, NULL, NULL, 'access,alerts,alias,appointments,chat text,circle,'
           || 'conditions,consents,contacts,corrections,counselling dates,court reference,'
           || 'entry passes,family,goals,health,housing,identity,languages,messages,'
           || 'milestone detail,milestones,money,offers,release date,review,safe contact,safety,'
           || 'spiritual wish,summary,summary draft,work',
           'care', 'own_right'
      FROM agency a
    UNION ALL
    SELECT DISTINCT c.agency, 'court', NULL::uuid, c.court, NULL, 'summary', 'summary', 'law'
      FROM (SELECT agency, id AS court FROM court_client
            UNION SELECT agency, client FROM court_file WHERE ended_at IS NULL) AS c
    UNION ALL
    SELECT DISTINCT m.agency, 'agency', m.elsewhere, NULL::uuid, NULL,
           'access,alerts,alias,appointments,chat text,circle,conditions,consents,contacts,'
           || 'corrections,counselling dates,court reference,entry passes,family,goals,health,'
           || 'housing,identity,languages,'
           || 'mentor,messages,milestone detail,milestones,money,offers,release date,review,'
           || 'safe contact,safety,spiritual wish,summary,summary draft,tasks,work', 'supervision', 'law'
      FROM mandate m
     WHERE m.elsewhere IS NOT NULL AND (m.ends IS NULL OR m.ends > now())) AS t;
ALTER TABLE court_file FORCE ROW LEVEL SECURITY;
"""

ME = "nullif(current_setting('app.actor', true), '')::uuid"
WALLS = f"""
ALTER TABLE data_flow ENABLE ROW LEVEL SECURITY;
ALTER TABLE data_flow FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON data_flow FOR SELECT TO throughcare_app
    USING (agency = (SELECT agency FROM staff WHERE id = {ME} AND role::text = ANY (ARRAY['AD', 'CO', 'AU', 'DP'])));
-- what is proposed is written at the terminal, where no member of staff acts
CREATE POLICY app_adds ON data_flow FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT agency FROM staff WHERE id = {ME} AND role = 'AD')
                OR (recorded_by IS NULL AND NOT EXISTS (SELECT 1 FROM staff WHERE id = {ME})));
CREATE POLICY app_changes ON data_flow FOR UPDATE TO throughcare_app
    USING (agency = (SELECT agency FROM staff WHERE id = {ME} AND role = 'AD'));
CREATE POLICY owner_reads ON data_flow FOR SELECT TO throughcare_owner USING (true);
CREATE POLICY owner_reads ON disclosure FOR SELECT TO throughcare_owner
    USING (fact = 'referral');
GRANT SELECT, INSERT ON data_flow TO throughcare_app;
GRANT UPDATE (law, article, responsible, confirmed_by, confirmed_at, ended_by, ended_at, version)
    ON data_flow TO throughcare_app;
GRANT SELECT ON data_flow TO throughcare_backup;
"""

# The twin of `opened` in backend/flows/rules.py; a test draws entries for both.
FUNCTIONS = """
-- The field groups that may go from an agency to a receiver (an agency or a court), or to a role
-- of a circle by chat; null where nothing may. `said_for` is the purpose, where one was stated. Of
-- what hangs on the person's authorisation: where `reader` has it on this plan, today.
CREATE FUNCTION flow_groups(
    sender uuid, to_kind varchar, receiver uuid, as_role varchar, at timestamptz, said_for varchar,
    on_plan uuid, reader uuid)
RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT array_agg(DISTINCT g::text)
      FROM data_flow f JOIN agency s ON s.id = f.agency LEFT JOIN agency r ON r.id = f.to_agency
     CROSS JOIN unnest(f.groups) AS g
     WHERE f.agency = sender AND f.kind = to_kind AND f.ended_at IS NULL
       AND coalesce(f.to_agency, f.court) IS NOT DISTINCT FROM receiver
       AND f.to_role IS NOT DISTINCT FROM as_role
       AND f.starts <= at AND (f.until IS NULL OR f.until > at)
       AND (said_for IS NULL OR f.purpose = said_for)
       -- from a public body to an NGO: by a law that is named, and never the facts
       AND (s.regime <> 'public_body' OR r.regime IS DISTINCT FROM 'ngo'
            OR (f.basis = 'law' AND f.law IS NOT NULL AND g IN ('alias', 'tasks')))
       AND (f.kind <> 'agency' OR f.basis <> 'authorisation' OR EXISTS (
            SELECT 1 FROM disclosure d
             WHERE d.plan = on_plan AND d.recipient = reader AND d.fact = 'referral'
               AND d.withdrawn_at IS NULL AND d.until >= (at AT TIME ZONE s.zone)::date))
$$;

CREATE FUNCTION may_flow(
    sender uuid, to_kind varchar, receiver uuid, as_role varchar, wanted varchar, at timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(wanted = ANY (
        flow_groups(sender, to_kind, receiver, as_role, at, NULL, NULL, NULL)), false)
$$;
REVOKE EXECUTE ON FUNCTION flow_groups, may_flow FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flow_groups, may_flow TO throughcare_app, throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (CONSTRAINTS, ELSEWHERE, TODAY, WALLS, FUNCTIONS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
