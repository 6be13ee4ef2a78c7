from piccolo.columns import UUID, BigInt, Boolean, Bytea, Text, Varchar
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


class Device(Table, tablename="device"):
    """An app or a browser in which somebody has signed in; its token opens nothing by itself."""

    id = row_id()
    staff = reference(ActorRecord)
    hash = Bytea(null=False)
    name = Varchar(40, null=False)
    browser = Boolean(default=False, null=False)
    made_at = instant()
    seen_at = instant()
    ended_at = instant(null=True)
    told_at = instant(null=True)


class Session(Table, tablename="session"):
    """One sign-in on one device: a short access token and a family of refresh tokens.

    `proved_at` is when its holder last showed a password or a code. A `limited` one opens
    nothing but what sets up a second factor.
    """

    id = row_id()
    staff = reference(ActorRecord)
    access = Bytea(null=False)
    access_until = instant()
    until = instant()
    ended_at = instant(null=True)
    browser = Boolean(default=False, null=False)
    device = reference(Device, null=True)
    proved_at = instant(null=True)
    limited = Boolean(default=False, null=False)


class RefreshToken(Table, tablename="refresh_token"):
    id = row_id()
    session = reference(Session)
    hash = Bytea(null=False)
    used_at = instant(null=True)


class Factor(Table, tablename="factor"):
    """A second factor: the sealed secret of an app that shows codes, once it is confirmed.

    `used_step` is the time step of the last code that was taken.
    """

    id = row_id()
    staff = reference(ActorRecord)
    secret = Bytea(null=False)
    used_step = BigInt(default=0, null=False)
    made_at = instant()
    confirmed_at = instant(null=True)
    ended_at = instant(null=True)


class RecoveryCode(Table, tablename="recovery_code"):
    """A code for the day on which app or passkey are lost; it works once.

    It is of an app, or of an account (`staff`) that has a passkey and no app.
    """

    id = row_id()
    factor = reference(Factor, null=True)
    staff = reference(ActorRecord, null=True)
    hash = Bytea(null=False)
    used_at = instant(null=True)


class AccountNotice(Table, tablename="account_notice"):
    """What changed in somebody's account: told on all their devices but the one where it was done.

    `device` and `browser` say where, and are null for an operator's doing. `told_at` of a device
    is up to when its holder has seen them there.
    """

    id = row_id()
    staff = reference(ActorRecord)
    at = instant()
    kind = Varchar(16, null=False)
    device = UUID(null=True, default=None)
    browser = Boolean(null=True, default=None)


class SignInFailure(Table, tablename="sign_in_failure"):
    """A wrong password or code, by keyed hashes; kept for the throttle's window only.

    `counter` is the device, or the account, that keeps a count of its own; strangers share one.
    """

    id = row_id()
    login_index = Bytea(null=False, index=True)
    at = instant()
    counter = UUID(null=True, default=None)
    address = Bytea(null=True, default=None, index=True)
