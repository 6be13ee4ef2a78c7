"""Coming in with a pass: a code from paper and a spoken PIN open a quarter of an hour.

Nobody can be shut out by strangers: a try counts against the paper whose code was shown, and
against nothing else. A code is too long to be guessed, so there is no count for guesses.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, Kind
from backend.audit.actions import record
from backend.audit.denials import deny
from backend.database import connection, transaction
from backend.errors import NotSignedIn, WrongCredentials
from backend.passes.actions import hash_code, hash_pin
from backend.passes.rules import MOST_TRIES, SESSION, typed_code, typed_pin
from backend.staff.devices import hash_token

# A try is counted before it is judged, in one statement: many at once are not more tries.
_TRY = "SELECT * FROM try_pass($1, $2)"
# Asked as whoever holds it, so that the row policies have judged mandate and walls before.
_IN_FORCE = """
SELECT e.id, e.agency, e.plan, e.until, m.role, m.matters, p.person, p.zone, b.standing,
       coalesce(b.language, s.language) AS language
  FROM entry_pass e JOIN mandate m ON m.id = e.mandate JOIN plan p ON p.id = e.plan
  JOIN person s ON s.id = p.person LEFT JOIN member b ON b.id = m.actor
 WHERE e.id = $1 AND e.subject = $2 AND m.actor = $2 AND e.ended_at IS NULL AND e.until > $3
   AND m.role IN ('PE', 'LR') AND m.starts <= $3 AND (m.ends IS NULL OR m.ends > $3)
   AND p.state NOT IN ('closed', 'transferred', 'ended_death')
   AND NOT is_barred(p.person, m.actor, m.role)
"""


@dataclass(frozen=True)
class Holder:
    """Somebody who came in with a pass: who they are, and what it is a pass to."""

    actor: Actor
    held: Any

    @property
    def plan(self) -> UUID:
        return UUID(str(self.held["plan"]))


async def enter(code: str, pin: str, request: str | None = None) -> str:
    """A token for a quarter of an hour; whatever was open with this pass before ends.

    Whatever is wrong (code, PIN, too late, too often, no mandate) takes as long and answers
    alike. Raises WrongCredentials.
    """
    index = hash_code(typed_code(code))
    async with transaction() as held:
        found = await held.fetchrow(_TRY, index, MOST_TRIES)
    id_, subject = (found["id"], found["subject"]) if found else (uuid4(), uuid4())
    shown, right = hash_pin(id_, typed_pin(pin)), found["pin"] if found else secrets.token_bytes(32)
    opens = hmac.compare_digest(shown, right)
    async with transaction(subject) as held:
        row = await held.fetchrow(_IN_FORCE, id_, subject, clock.now())
        if opens and row is not None:
            return await _open(held, row, subject, request)
    await deny(None, "enterFile", WrongCredentials.kind, asked=index, request=request)
    raise WrongCredentials


async def _open(held: Any, row: Any, subject: UUID, request: str | None) -> str:
    token, session = secrets.token_urlsafe(32), uuid4()
    await held.execute(
        "UPDATE entry_key SET tries = tries - 1, session = $2, access = $3, access_until = $4"
        " WHERE id = $1",
        row["id"],
        session,
        hash_token(token),
        clock.now() + SESSION,
    )
    await record(_actor(row, subject, session, request), "enterFile", plan=row["plan"])
    return token


async def holder_of(hashed: bytes, request: str | None) -> Actor:
    """Who came in with this token. Raises NotSignedIn, also once their mandate has ended."""
    async with transaction() as held:
        key = await held.fetchrow("SELECT * FROM holder_of_pass($1, $2)", hashed, clock.now())
    if key is None:
        raise NotSignedIn
    async with transaction(key["subject"]) as held:
        row = await held.fetchrow(_IN_FORCE, key["id"], key["subject"], clock.now())
        if row is None:
            raise NotSignedIn
        return _actor(row, key["subject"], key["session"], request)


async def held_by(actor: Actor) -> Holder:
    """What the actor holds right now: for actions, inside their transaction. Raises NotSignedIn."""
    held = connection()
    id_ = await held.fetchval(
        "SELECT id FROM entry_key WHERE session = $1 AND subject = $2", actor.session, actor.id
    )
    row = await held.fetchrow(_IN_FORCE, id_, actor.id, clock.now())
    if row is None or row["role"] != actor.role:
        raise NotSignedIn
    return Holder(actor, row)


async def leave(actor: Actor) -> None:
    """End what is open; the paper opens it again."""
    async with transaction(actor.id) as held:
        await held.execute(
            "UPDATE entry_key SET session = NULL, access = NULL, access_until = NULL"
            " WHERE session = $1 AND subject = $2",
            actor.session,
            actor.id,
        )
        await record(actor, "leaveFile")


def _actor(row: Any, subject: UUID, session: UUID, request: str | None) -> Actor:
    kind: Kind = "person" if row["role"] == "PE" else "member"
    return Actor(subject, kind, row["role"], row["agency"], session, request)
