from uuid import UUID

from backend import clock
from backend.actors.actions import make_actor
from backend.database import connection
from backend.errors import Taken, Unfit
from backend.messages.wording import UnfitAlias, check_alias
from backend.staff.sessions import hash_password

ROLES = ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "AD", "AU")


async def add_staff(
    id_: UUID, *, agency: UUID, role: str, login: str, alias: str, password: str
) -> None:
    """Make an account. Raises Unfit for an alias that a chat must not carry, Taken for a login."""
    if role not in ROLES:
        raise Unfit(f"There is no role {role}.")
    try:
        fit = check_alias(alias)
    except UnfitAlias as error:
        raise Unfit(f"The alias is not fit for a chat: {error}.") from error
    hashed = await hash_password(password)
    await make_actor(id_, "staff", agency)
    made = await connection().fetchval(
        "INSERT INTO staff (id, agency, version, role, login, alias, password, active, created_at)"
        " VALUES ($1, $2, 1, $3, $4, $5, $6, true, $7) ON CONFLICT (login) DO NOTHING RETURNING id",
        id_,
        agency,
        role,
        login.casefold(),
        fit,
        hashed,
        clock.now(),
    )
    if made is None:
        raise Taken("This login is in use.")
