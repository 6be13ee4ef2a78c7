"""Who may touch passkeys, what is drawn for them, and what an account's holder is told."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T07:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Constraints and grants for passkeys and notices"

# Jobs have no business with any of them. A key's count and its end are all that ever changes;
# what was drawn goes as soon as it is shown, so that it is shown once.
RULES = """
ALTER TABLE passkey ADD CONSTRAINT passkey_count CHECK (sign_count >= 0);
CREATE UNIQUE INDEX passkey_in_force ON passkey (hash) WHERE ended_at IS NULL;
ALTER TABLE passkey_challenge ADD CONSTRAINT passkey_challenge_hash UNIQUE (hash);
ALTER TABLE account_notice ADD CONSTRAINT account_notice_kind CHECK (kind::text = ANY (ARRAY[
    'device', 'password', 'factor', 'no_factor', 'passkey', 'passkey_ended', 'passkey_copied']));
CREATE INDEX account_notice_latest ON account_notice (staff, at);
GRANT SELECT, INSERT ON passkey, account_notice TO throughcare_app;
GRANT UPDATE (sign_count, used_at, ended_at) ON passkey TO throughcare_app;
GRANT SELECT, INSERT, DELETE ON passkey_challenge TO throughcare_app;
GRANT UPDATE (told_at) ON device TO throughcare_app;
GRANT SELECT ON passkey, passkey_challenge, account_notice TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(RULES)

    manager.add_raw(run)
    return manager
