from uuid import UUID

import asyncpg

from backend import clock
from backend.access import Actor
from backend.actors.actions import give_key, make_actor
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import Taken, Unfit, WrongCredentials
from backend.messages.wording import UnfitAlias, check_alias
from backend.staff.asked import passkey_asked
from backend.staff.devices import end_sessions
from backend.staff.notices import note_here
from backend.staff.passwords import hash_password, is_right
from backend.staff.proof import begin_try, require_live, stamp
from backend.staff.tries import forget_tries

ROLES = ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "AD", "AU", "DP")


async def add_staff(
    id_: UUID,
    *,
    agency: UUID,
    role: str,
    login: str,
    alias: str,
    password: str,
    invited: bytes | None = None,
) -> None:
    """Make an account, at the terminal, or of the invitation whose hash `invited` is: it is spent.

    Raises Unfit for an alias that a chat must not carry and a password that is easily guessed,
    Taken for a login.
    """
    fit = check_account(role, alias)
    named = await connection().fetchval("SELECT name FROM agency WHERE id = $1", agency)
    hashed = await hash_password(password, (login, alias, named or ""))
    if invited is None:
        await make_actor(id_, "staff", agency)
    else:
        await connection().execute("SELECT spend_invitation($1, $2, $3)", invited, id_, clock.now())
        await give_key(id_)
    try:
        await connection().execute(
            "INSERT INTO staff (id, agency, version, role, login, alias, password, active,"
            " created_at) VALUES ($1, $2, 1, $3, $4, $5, $6, true, $7)",
            id_,
            agency,
            role,
            login.casefold(),
            fit,
            hashed,
            clock.now(),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "staff_login":
            raise
        raise Taken("This login is in use.") from error


def check_account(role: str, alias: str) -> str:
    """The alias as it is kept. Raises Unfit for an unknown role and an alias that no chat takes."""
    if role not in ROLES:
        raise Unfit(f"There is no role {role}.", field="role")
    try:
        return check_alias(alias)
    except UnfitAlias as error:
        raise Unfit(f"The alias is not fit for a chat: {error}.", field="alias") from error


async def change_password(actor: Actor, old: str, new: str) -> None:
    """Take a new password; every other session of the account ends.

    The old one is a fresh proof, as `prove` takes it.
    Raises WrongCredentials, TooManyTries, Unfit.
    """
    found, tried = await begin_try(actor)
    if not await is_right(old, found["password"]):
        raise WrongCredentials
    async with transaction(actor.id) as held:
        words = await held.fetchrow(
            "SELECT s.login, s.alias, a.name FROM staff s JOIN agency a ON a.id = s.agency"
            " WHERE s.id = $1",
            actor.id,
        )
    hashed = await hash_password(new, tuple(words), second_factor=found["strong"])
    async with transaction(actor.id) as held:
        if not await held.fetchval("SELECT is_still_mine($1)", found["password"]):
            raise WrongCredentials
        await require_live(actor)  # the account is locked from here on
        await held.execute(
            "UPDATE staff SET password = $2, version = version + 1 WHERE id = $1",
            actor.id,
            hashed,
        )
        await note_here(held, actor, "password")
        await end_sessions(held, actor.id, but=actor.session)
        if not (await passkey_asked(actor)).there:
            await stamp(held, actor)
        await forget_tries(held, tried)
        await record(actor, "changePassword", thing=actor.id)
