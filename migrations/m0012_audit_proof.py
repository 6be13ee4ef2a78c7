"""Seals are written once; a refusal is one row, or one of a number; each row has its purpose."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Rules around the chain over the audit, refusals and purposes"

SEALS = """
ALTER TABLE audit_seal ADD CONSTRAINT audit_seal_once UNIQUE (audit);
CREATE TRIGGER audit_seal_written_once BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_seal_never_emptied BEFORE TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE INDEX audit_head_to_file ON audit_head (id) WHERE filed_at IS NULL;
CREATE INDEX audit_head_to_post ON audit_head (id) WHERE posted_at IS NULL;
ALTER TABLE denial ADD CONSTRAINT denial_minute UNIQUE (actor, minute);
"""

# What an act is for: what is said for this transaction, else what its operation is usually for.
# A trigger, so that every way into the audit has it, the functions of earlier releases too.
PURPOSES = """
CREATE FUNCTION give_purpose() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.purpose := nullif(current_setting('app.purpose', true), '');
    NEW.purpose := CASE
        WHEN NEW.purpose IS NOT NULL THEN NEW.purpose
        WHEN NEW.operation IN ('bindCourtFile', 'recordReading', 'draftSummary', 'issueSummary',
            'listSummaries', 'getSummary') THEN 'summary'
        WHEN NEW.operation IN ('listAccess') THEN 'audit'
        WHEN NEW.operation IN ('signIn', 'signOut', 'courtToken', 'makeAgency', 'addStaff',
            'setLines', 'makeBot', 'addCourtClient', 'restore', 'denials') THEN 'technical'
        WHEN NEW.role = 'PO' THEN 'supervision'
        ELSE 'care' END;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_purpose BEFORE INSERT ON audit
    FOR EACH ROW WHEN (NEW.purpose IS NULL) EXECUTE FUNCTION give_purpose();
"""

# The first `most` of an actor in a minute have a row each; of the others only the number is kept.
DENIALS = """
CREATE FUNCTION note_denial(
    at timestamptz, who uuid, who_role varchar, who_agency uuid, what varchar, why varchar,
    hashed bytea, request varchar, most int)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    so_many int;
BEGIN
    INSERT INTO denial AS d (id, actor, minute, times)
    VALUES (gen_random_uuid(), coalesce(who, nobody), date_trunc('minute', at), 1)
    ON CONFLICT (actor, minute) DO UPDATE SET times = d.times + 1
    RETURNING times INTO so_many;
    IF so_many <= most THEN
        INSERT INTO audit (at, actor, role, operation, agency, outcome, reason, object_hash,
                           request)
        VALUES (at, who, who_role, what, who_agency, 'denied', why, hashed, request);
    END IF;
END $$;
"""

GRANTS = """
GRANT SELECT, INSERT ON audit_seal, audit_head TO throughcare_worker;
GRANT UPDATE (filed_at, posted_at) ON audit_head TO throughcare_worker;
GRANT SELECT, DELETE ON denial TO throughcare_worker;
GRANT SELECT ON SEQUENCE audit_id_seq TO throughcare_worker;
GRANT SELECT ON audit_head TO throughcare_app;
GRANT SELECT, INSERT, UPDATE ON denial TO throughcare_app;
GRANT SELECT ON audit_seal, audit_head, denial TO throughcare_backup;
REVOKE EXECUTE ON FUNCTION give_purpose, note_denial FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_denial TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (SEALS, PURPOSES, DENIALS, GRANTS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
