"""The walls and the rules that hold whatever the program does: raw SQL in a migration of its own."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Constraints, indexes, triggers, grants and row security"

# Tables whose rows belong to one plan, with the column that names it.
PLAN_ROWS = {
    "plan": "id",
    "appointment": "plan",
    "change": "plan",
    "channel_consent": "plan",
    "claim": "plan",
    "contact": "plan",
    "court_file": "plan",
    "disclosure": "plan",
    "incoming": "plan",
    "link": "plan",
    "mandate": "plan",
    "member": "plan",
    "message": "plan",
    "milestone": "plan",
    "milestone_event": "plan",
    "participation": "plan",
    "reading": "plan",
    "release_move": "plan",
    "summary": "plan",
    "task": "plan",
}
WITHOUT_PLAN_TOO = {"link", "message", "task"}  # staff have chats and tasks of their own
APPEND_ONLY = {"change", "milestone_event", "release_move", "summary", "claim"}

CONSTRAINTS = """
ALTER TABLE staff ADD CONSTRAINT staff_login UNIQUE (login);
ALTER TABLE staff ADD CONSTRAINT staff_role
    CHECK (role IN ('SW','CO','PO','PS','CP','CS','TR','AD','AU'));
ALTER TABLE staff ADD CONSTRAINT staff_actor FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE member ADD CONSTRAINT member_actor FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE member ADD CONSTRAINT member_role CHECK (role IN ('ME','FA','PE'));
ALTER TABLE member ADD CONSTRAINT member_alias UNIQUE (plan, alias);
ALTER TABLE member ADD CONSTRAINT member_call
    CHECK ((call_weekday IS NULL) = (call_at IS NULL) AND call_weekday BETWEEN 1 AND 7);
ALTER TABLE member ADD CONSTRAINT member_gate CHECK (gate IN ('first','substitute'));
ALTER TABLE person ADD CONSTRAINT person_actor FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE subject_key ADD CONSTRAINT subject_actor
    FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE court_client ADD CONSTRAINT court_actor
    FOREIGN KEY (id) REFERENCES actor ON DELETE RESTRICT;
ALTER TABLE court_client ADD CONSTRAINT court_client_index UNIQUE (client_index);
ALTER TABLE actor ADD CONSTRAINT actor_kind
    CHECK (kind IN ('staff','member','person','court','machine'));
ALTER TABLE mandate ADD CONSTRAINT mandate_period CHECK (ends IS NULL OR ends >= starts);
ALTER TABLE mandate ADD CONSTRAINT mandate_role
    CHECK (role IN ('SW','CO','PO','PS','CP','CS','TR','ME','FA','PE'));
ALTER TABLE session ADD CONSTRAINT session_access UNIQUE (access);
ALTER TABLE refresh_token ADD CONSTRAINT refresh_hash UNIQUE (hash);
ALTER TABLE court_token ADD CONSTRAINT court_token_hash UNIQUE (hash);
ALTER TABLE bot ADD CONSTRAINT bot_number UNIQUE (number);
ALTER TABLE once ADD CONSTRAINT once_key UNIQUE (subject, operation, key);
ALTER TABLE plan ADD CONSTRAINT plan_state CHECK (state IN
    ('draft','active_inside','active_outside','step_down','closed','paused','transferred',
     'ended_death'));
ALTER TABLE plan ADD CONSTRAINT plan_certainty
    CHECK (certainty IN ('confirmed','expected','earliest_possible'));
ALTER TABLE milestone ADD CONSTRAINT milestone_code UNIQUE (plan, code);
ALTER TABLE milestone ADD CONSTRAINT milestone_state CHECK (state IN
    ('dormant','planned','in_progress','done','not_needed','declined','not_possible','cancelled'));
ALTER TABLE milestone ADD CONSTRAINT milestone_cause CHECK (
    (state = 'not_possible') = (cause IS NOT NULL)
    AND (cause IS NULL OR cause IN ('service_side','legal','health','other')));
ALTER TABLE milestone ADD CONSTRAINT milestone_kind CHECK (kind IN ('C','N','V','O'));
ALTER TABLE milestone ADD CONSTRAINT milestone_asleep
    CHECK (state <> 'dormant' OR due_on IS NULL);
ALTER TABLE appointment ADD CONSTRAINT appointment_state CHECK (state IN
    ('proposed','scheduled','confirmed','attended','rescheduled','missed_with_reason',
     'missed_no_contact','cancelled_by_service','cancelled_by_person'));
ALTER TABLE participation ADD CONSTRAINT participation_answer
    CHECK (answer IN ('offered','accepted','declined','later'));
ALTER TABLE link ADD CONSTRAINT link_state
    CHECK (state IN ('invited','unconfirmed','active','stopped','inactive','ended'));
ALTER TABLE link ADD CONSTRAINT link_level CHECK (level IN ('P1','P2'));
ALTER TABLE message ADD CONSTRAINT message_state
    CHECK (state IN ('queued','claimed','sent','failed','expired','cancelled','unknown'));
ALTER TABLE message ADD CONSTRAINT message_occurrence
    UNIQUE NULLS NOT DISTINCT (rule, step, subject, recipient, local_due);
ALTER TABLE task ADD CONSTRAINT task_occurrence
    UNIQUE NULLS NOT DISTINCT (kind, step, subject, about, local_due);
ALTER TABLE incoming_update ADD CONSTRAINT update_number UNIQUE (bot, number);
ALTER TABLE summary ADD CONSTRAINT summary_number UNIQUE (file, number);
ALTER TABLE summary ADD CONSTRAINT summary_type
    CHECK (type IN ('release_plan_report','start','periodic','event','final'));
ALTER TABLE summary ADD CONSTRAINT summary_period CHECK (period_from <= period_to);
ALTER TABLE reading ADD CONSTRAINT reading_kind CHECK (kind IN ('read','tried'));
"""

INDEXES = """
CREATE UNIQUE INDEX plan_open ON plan (person) WHERE state NOT IN
    ('closed','transferred','ended_death');
CREATE INDEX mandate_reader ON mandate (actor, plan) INCLUDE (role, starts, ends);
CREATE INDEX plan_caseload ON plan (next_due_on, id);
CREATE INDEX milestone_asked ON milestone (message, due_on) INCLUDE (id, plan, day)
    WHERE state IN ('planned','in_progress') AND message IS NOT NULL;
CREATE INDEX milestone_cycles ON milestone (due_on)
    WHERE state IN ('planned','in_progress') AND repeat_days IS NOT NULL;
CREATE INDEX plan_release ON plan (release_date) WHERE state = 'active_inside';
CREATE INDEX plan_left ON plan (left_custody_at) WHERE state = 'active_outside';
CREATE INDEX plan_zone ON plan (zone) WHERE state IN ('active_inside','active_outside','step_down');
CREATE INDEX member_call ON member (call_weekday) WHERE call_weekday IS NOT NULL;
CREATE INDEX event_history ON milestone_event (milestone, at);
CREATE INDEX appointment_due ON appointment (held_on)
    WHERE state IN ('proposed','scheduled','confirmed');
CREATE INDEX message_queue ON message (due_at) WHERE state IN ('queued','claimed');
CREATE INDEX message_unanswered ON message (sent_at)
    WHERE state = 'sent' AND answered_at IS NULL;
CREATE INDEX message_subject ON message (subject, state);
CREATE INDEX message_cap ON message (link, sent_at) WHERE sent_at IS NOT NULL;
CREATE UNIQUE INDEX message_tap ON message (tap) WHERE tap IS NOT NULL;
CREATE INDEX link_chat ON link (bot, chat_index) WHERE chat_index IS NOT NULL;
CREATE UNIQUE INDEX link_token ON link (token) WHERE token IS NOT NULL;
CREATE INDEX update_open ON incoming_update (received_at)
    WHERE handled_at IS NULL AND failed_at IS NULL;
CREATE INDEX task_open ON task (plan, due_at) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX court_file_once ON court_file (client, reference_index)
    WHERE ended_at IS NULL;
CREATE INDEX audit_plan ON audit (plan, at);
CREATE INDEX audit_restore ON audit (at) WHERE operation = 'restore';
CREATE INDEX change_entity ON change (entity_id);
"""

FUNCTIONS = """
-- What the row policies stand on. It runs as the owner, who may read mandates and nothing else.
CREATE FUNCTION my_plans() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT plan FROM mandate
     WHERE actor = nullif(current_setting('app.actor', true), '')::uuid
       AND starts <= nullif(current_setting('app.now', true), '')::timestamptz
       AND (ends IS NULL OR ends > nullif(current_setting('app.now', true), '')::timestamptz)
$$;
CREATE FUNCTION is_newborn(asked uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT 1 FROM mandate WHERE plan = asked)
$$;
CREATE FUNCTION my_agency() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT agency FROM actor WHERE id = nullif(current_setting('app.actor', true), '')::uuid
$$;

-- The day itself, or the open day before it: what a worker should do falls on a working day.
CREATE FUNCTION open_day(day date, working smallint[]) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(max(d)::date, day) FROM generate_series(day - 6, day, interval '1 day') AS d
     WHERE extract(isodow FROM d)::smallint = ANY (working)
$$;

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'plan' THEN
        INSERT INTO change (agency, plan, entity, entity_id, entity_version, kind)
        SELECT agency, id, 'plan', id, version, TG_ARGV[0] FROM changed;
    ELSE
        INSERT INTO change (agency, plan, entity, entity_id, entity_version, kind)
        SELECT agency, plan, TG_TABLE_NAME, id, version, TG_ARGV[0] FROM changed
         WHERE plan IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION refresh_next_due(plans uuid[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE plan p
       SET next_due_on = n.due_on, next_milestone = n.id, next_title = n.title
      FROM plan q
      LEFT JOIN LATERAL (
            SELECT m.id, m.due_on, m.title FROM milestone m
             WHERE m.plan = q.id AND m.state IN ('planned', 'in_progress')
               AND (m.day <= 0 OR q.left_custody_at IS NOT NULL)
             ORDER BY m.due_on, m.code LIMIT 1) n ON true
     WHERE p.id = q.id AND q.id = ANY (plans)
       AND (p.next_due_on, p.next_milestone, p.next_title)
           IS DISTINCT FROM (n.due_on, n.id, n.title)
$$;
CREATE FUNCTION keep_next_due() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM refresh_next_due(ARRAY(SELECT DISTINCT plan FROM changed));
    RETURN NULL;
END $$;
CREATE TRIGGER next_due_after_insert AFTER INSERT ON milestone
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_next_due();
CREATE TRIGGER next_due_after_update AFTER UPDATE ON milestone
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_next_due();

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_written_once BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER summary_written_once BEFORE UPDATE ON summary
    FOR EACH ROW EXECUTE FUNCTION refuse();
"""

GRANTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO throughcare_app, throughcare_worker, throughcare_backup;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO throughcare_app, throughcare_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO throughcare_app, throughcare_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO throughcare_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO throughcare_backup;
REVOKE INSERT ON migration FROM throughcare_app, throughcare_worker;
GRANT UPDATE ON agency, staff, session, refresh_token, person, subject_key, member, plan,
    milestone, mandate, participation, channel_consent, disclosure, appointment, link, message,
    incoming, task, court_client, duty_shift, once
    TO throughcare_app;
GRANT UPDATE (ended_at, bound_by, bound_at, version) ON court_file TO throughcare_app;
GRANT UPDATE (summary, version) ON reading TO throughcare_app;
GRANT UPDATE ON plan, milestone, appointment, link, message, incoming, incoming_update, task,
    mandate, channel_consent, subject_key, member, once TO throughcare_worker;
GRANT UPDATE (undone_at, version) ON claim TO throughcare_worker;
GRANT UPDATE ON heartbeat, zone_day TO throughcare_worker;
GRANT DELETE ON sign_in_failure TO throughcare_app;
REVOKE SELECT, INSERT ON incoming_update FROM throughcare_app;
REVOKE SELECT, INSERT ON session, refresh_token, sign_in_failure, court_token
    FROM throughcare_worker;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_plans(), is_newborn(uuid), my_agency() TO throughcare_app;
GRANT EXECUTE ON FUNCTION refresh_next_due(uuid[]), open_day(date, smallint[]), keep_next_due(), note_change(), refuse()
    TO throughcare_app, throughcare_worker;
"""


def row_security(table: str, column: str) -> str:
    """Only the plans of the actor in scope for the app; jobs see all; the owner sees none."""
    mine = f"{column} IN (SELECT my_plans())"
    if table in WITHOUT_PLAN_TOO:
        mine = f"({mine} OR (plan IS NULL AND agency = (SELECT my_agency())))"
    reads = mine
    if table == "court_file":
        # a court's machine sees the files that are bound to it, while both are in force
        court = """(SELECT id FROM court_client WHERE suspended_at IS NULL
            AND id = nullif(current_setting('app.actor', true), '')::uuid)"""
        reads = f"({mine} OR (ended_at IS NULL AND client = {court}))"
    if table == "summary":
        # a court sees what was issued to such a file, and nothing else
        reads = f"({mine} OR file IN (SELECT id FROM court_file WHERE ended_at IS NULL))"
    # a plan and its first mandate are born together: for a plan that nobody holds yet the
    # agency is the wall; whoever holds one gives further mandates on it, and nobody else does
    writes = mine
    if table == "plan":
        writes = f"({mine} OR agency = (SELECT my_agency()))"
    elif table in {"mandate", "change"}:
        writes = f"({mine} OR (agency = (SELECT my_agency()) AND is_newborn(plan)))"
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON {table} FOR SELECT TO throughcare_app USING ({reads});
CREATE POLICY app_adds ON {table} FOR INSERT TO throughcare_app WITH CHECK ({writes});
CREATE POLICY app_changes ON {table} FOR UPDATE TO throughcare_app USING ({mine});
CREATE POLICY jobs ON {table} TO throughcare_worker USING (true) WITH CHECK (true);
"""


OTHER_ROW_SECURITY = """
CREATE POLICY owner_reads ON mandate FOR SELECT TO throughcare_owner USING (true);

ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE person FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON person FOR SELECT TO throughcare_app
    USING (id IN (SELECT person FROM plan));
CREATE POLICY app_adds ON person FOR INSERT TO throughcare_app
    WITH CHECK (agency = (SELECT my_agency()));
CREATE POLICY app_changes ON person FOR UPDATE TO throughcare_app
    USING (id IN (SELECT person FROM plan));
CREATE POLICY jobs ON person TO throughcare_worker USING (true) WITH CHECK (true);

ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit FORCE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON audit FOR SELECT TO throughcare_app
    USING (plan IN (SELECT my_plans()));
CREATE POLICY app_adds ON audit FOR INSERT TO throughcare_app WITH CHECK (true);
CREATE POLICY jobs_add ON audit FOR INSERT TO throughcare_worker WITH CHECK (true);
CREATE POLICY jobs_read ON audit FOR SELECT TO throughcare_worker USING (true);
"""


def triggers(table: str) -> str:
    return "".join(
        f"CREATE TRIGGER change_{event.lower()} AFTER {event} ON {table} "
        f"REFERENCING {'OLD' if event == 'DELETE' else 'NEW'} TABLE AS changed "
        f"FOR EACH STATEMENT EXECUTE FUNCTION note_change('{kind}');\n"
        for event, kind in (("INSERT", "u"), ("UPDATE", "u"), ("DELETE", "d"))
    )


def statements() -> str:
    return "\n".join(
        [
            CONSTRAINTS,
            INDEXES,
            FUNCTIONS,
            *(triggers(table) for table in PLAN_ROWS if table != "change"),
            GRANTS,
            *(row_security(table, column) for table, column in PLAN_ROWS.items()),
            OTHER_ROW_SECURITY,
        ]
    )


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(statements())

    manager.add_raw(run)
    return manager
