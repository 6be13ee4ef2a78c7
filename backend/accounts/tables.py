from piccolo.columns import Bytea, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class AccountInvitation(Table, tablename="account_invitation"):
    """A code with which somebody makes an account: whoever invites never knows its password.

    `account` is what came of it.
    """

    id = row_id()
    agency = reference(Agency)
    version = version()
    role = Varchar(2, null=False)
    alias = Varchar(24, null=False)
    hash = Bytea(null=False)
    invited_by = reference(ActorRecord)
    made_at = instant()
    expires_at = instant()
    used_at = instant(null=True)
    account = reference(ActorRecord, null=True)
    ended_at = instant(null=True)
