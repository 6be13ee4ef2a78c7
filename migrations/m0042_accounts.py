"""Who may touch invitations to an account, and that jobs end what a leaver leaves behind."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T06:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Constraints and grants for invitations to an account"

# What an account came of stays as it was, and an invitation becomes an account once.
RULES = """
ALTER TABLE account_invitation
    ADD CONSTRAINT account_invitation_hash UNIQUE (hash),
    ADD CONSTRAINT account_invitation_used CHECK ((used_at IS NULL) = (account IS NULL)),
    ADD CONSTRAINT account_invitation_ended CHECK (used_at IS NULL OR ended_at IS NULL);
GRANT SELECT, INSERT ON account_invitation TO throughcare_app;
GRANT UPDATE (version, used_at, account, ended_at) ON account_invitation TO throughcare_app;
GRANT SELECT ON account_invitation TO throughcare_backup;
GRANT UPDATE (version, ends) ON duty_shift TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(RULES)

    manager.add_raw(run)
    return manager
