from piccolo.columns import UUID, Boolean, Bytea, Text, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version


class Staff(Table, tablename="staff"):
    """An account. Its id is the id of its actor."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    role = Varchar(2, null=False)
    login = Varchar(80, null=False)
    alias = Varchar(24, null=False)
    password = Text(null=False, secret=True)
    active = Boolean(default=True, null=False)
    created_at = instant()


class Session(Table, tablename="session"):
    """One sign-in on one device: a short access token and a family of refresh tokens."""

    id = row_id()
    staff = reference(ActorRecord)
    access = Bytea(null=False)
    access_until = instant()
    until = instant()
    ended_at = instant(null=True)
    browser = Boolean(default=False, null=False)


class RefreshToken(Table, tablename="refresh_token"):
    id = row_id()
    session = reference(Session)
    hash = Bytea(null=False)
    used_at = instant(null=True)


class SignInFailure(Table, tablename="sign_in_failure"):
    """A wrong password, by keyed hash of the login; kept for the throttle's window only."""

    id = row_id()
    login_index = Bytea(null=False, index=True)
    at = instant()
