from piccolo.columns import BigInt, Bytea
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.columns import instant, reference, row_id


class Passkey(Table, tablename="passkey"):
    """A key pair of a phone, a machine or a stick; we hold its public half, sealed.

    `hash` is of the credential's id, with our key: it finds the row and names nothing. `sealed`
    holds that id, the public key, and the word by which its holder calls it. `sign_count` is what
    the authenticator counted last, 0 where it counts nothing.
    """

    id = row_id()
    staff = reference(ActorRecord)
    hash = Bytea(null=False)
    sealed = Bytea(null=False)
    sign_count = BigInt(default=0, null=False)
    made_at = instant()
    used_at = instant(null=True)
    ended_at = instant(null=True)


class PasskeyChallenge(Table, tablename="passkey_challenge"):
    """Something drawn by lot that an authenticator has to sign, once, within minutes.

    `hash` is of it and of the session for which it was drawn; it is deleted when it is shown.
    `address` is a keyed hash of the address, or the session, from which it was asked.
    """

    id = row_id()
    hash = Bytea(null=False)
    address = Bytea(null=True, default=None, index=True)
    until = instant()
