"""Each act on a plan says whose data it was about: the person's, or somebody else's of its circle.

What a mother tells is about her. So her son's file can leave it out by this word, whichever
operation it was. It is a trigger, so that every way into the audit has it, the functions of
earlier releases and the release before too. The person is found where it costs least, on the
actor's own mandate: asked of the plan, the row policies would look up all that the actor sees.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0020_walls import ME

ID = "2026-11-29T14:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A trigger says whose data an act was about"

# The same rule as backend.plans.rules.is_about_another, and a test compares the two.
ROWS = """
-- Whose a row of a plan is: NULL for the person's. It names a role and nobody, so of several in
-- that role, or none, it is all zero: somebody else.
CREATE FUNCTION whose_milestone(asked uuid, at timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    row milestone;
    found uuid[];
BEGIN
    SELECT * INTO row FROM milestone n WHERE n.id = asked;
    IF (strpos(row.agree, 'F') > 0
        OR row.pathway IN ('FAM', 'MEN') AND row.owner <> 'PE' AND 'PE' <> ALL (row.partners))
       IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        SELECT m.actor FROM mandate m
         WHERE m.plan = row.plan AND m.role = CASE row.pathway WHEN 'MEN' THEN 'ME' ELSE 'FA' END
           AND m.starts <= at AND (m.ends IS NULL OR m.ends > at) LIMIT 2);
    RETURN CASE cardinality(found) WHEN 1 THEN found[1]
                ELSE '00000000-0000-0000-0000-000000000000' END;
END $$;
"""

# Of a plan that one has or had a mandate on, and of no other.
PERSON = f"""
CREATE FUNCTION my_person_on(asked uuid) RETURNS uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (SELECT m.person FROM mandate m WHERE m.plan = asked AND m.actor = {ME} LIMIT 1);
END $$;
"""

SUBJECTS = """
CREATE FUNCTION whose_act(operation varchar, at timestamptz, asked_plan uuid, asked uuid)
RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told uuid;
BEGIN
    IF operation IN ('getPlan', 'listAccess') OR asked IS NULL THEN
        NULL;
    ELSIF operation IN ('changeMilestone', 'milestoneHistory') THEN
        told := whose_milestone(asked, at);
    ELSIF operation = 'tap' THEN
        told := (SELECT whose_milestone(s.subject, at) FROM message s WHERE s.id = asked);
    ELSIF operation IN ('acknowledgeTask', 'closeTask') THEN
        told := (SELECT coalesce(t.about, whose_milestone(t.subject, at))
                   FROM task t WHERE t.id = asked);
    ELSIF operation IN ('addCircleMember', 'endMandate', 'leaveCircle') THEN
        told := (SELECT m.actor FROM mandate m WHERE m.id = asked);
    ELSIF operation IN ('createInvitation', 'confirmLink', 'cutLink') THEN
        told := (SELECT l.subject FROM link l WHERE l.id = asked);
    ELSIF operation IN ('recordConsent', 'withdrawConsent') THEN
        told := (SELECT c.subject FROM channel_consent c WHERE c.id = asked);
    ELSIF operation = 'readIncoming' THEN
        told := (SELECT i.subject FROM incoming i WHERE i.id = asked);
    ELSIF operation = 'logContact' THEN
        told := (SELECT c.subject FROM contact c WHERE c.id = asked);
    ELSIF operation IN ('raiseSafetyFlag', 'lowerSafetyFlag') THEN
        told := (SELECT f.subject FROM safety_flag f WHERE f.id = asked);
    ELSIF operation IN ('protectAddress', 'endProtectedAddress') THEN
        told := (SELECT a.subject FROM protected_address a WHERE a.id = asked);
    END IF;
    -- A court's machine sees no plan: the file that is bound to it says whose it is.
    RETURN coalesce(told, my_person_on(asked_plan),
                    (SELECT p.person FROM plan p WHERE p.id = asked_plan),
                    (SELECT f.subject FROM court_file f WHERE f.plan = asked_plan LIMIT 1));
END $$;

CREATE FUNCTION give_subject() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.subject := whose_act(NEW.operation, NEW.at, NEW.plan, NEW.object);
    RETURN NEW;
END $$;
CREATE TRIGGER audit_subject BEFORE INSERT ON audit
    FOR EACH ROW WHEN (NEW.plan IS NOT NULL AND NEW.subject IS NULL)
    EXECUTE FUNCTION give_subject();
-- What is no plan's is about nobody of a circle; rows of before say it of nobody. The release before
-- writes whatever plan somebody asks for the tasks of, be it none of theirs.
ALTER TABLE audit ADD CONSTRAINT audit_subject_of_plan CHECK (
    (subject IS NULL) = (plan IS NULL) OR (operation = 'listTasks' AND subject IS NULL)) NOT VALID;

REVOKE EXECUTE ON FUNCTION whose_milestone, my_person_on, whose_act, give_subject FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whose_milestone, my_person_on, whose_act
   TO throughcare_app, throughcare_worker, throughcare_owner;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (ROWS, PERSON, SUBJECTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
