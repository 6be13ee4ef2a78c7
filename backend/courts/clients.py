"""A court's machine as the agency knows it: how it is made, gets its key, is stopped and let go on.

These are for the terminal of the installation; `backend.founding` writes them down.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import make_actor, vault
from backend.courts.actions import indexes
from backend.courts.keys import read_public_key
from backend.database import connection
from backend.errors import NotFromThisState, Taken, Unfit
from backend.flows.entries import propose

BUSIEST_DAY = 100  # pulls; where nobody has asked the court
TIMES_BUSIEST = 3
MOST_PULLS = 1_000_000


@dataclass(frozen=True)
class CourtCredential:
    """Shown once, to be handed to the court by a safe way."""

    client_id: str
    secret: str


async def add_court_client(
    id_: UUID, *, agency: UUID, label: str, busiest_day: int = BUSIEST_DAY
) -> CourtCredential:
    """A client with a secret. Raises Unfit, Taken."""
    secret = secrets.token_urlsafe(32)
    client_id = await _add(id_, agency, label, busiest_day, secret=hashed(secret), key=None)
    return CourtCredential(client_id, secret)


async def add_key_client(
    id_: UUID, *, agency: UUID, label: str, key: str, busiest_day: int = BUSIEST_DAY
) -> str:
    """The client id of a machine that signs with this key and has no secret. Raises Unfit."""
    no_secret = secrets.token_bytes(32)  # the hash of nothing that anybody knows
    return await _add(id_, agency, label, busiest_day, secret=no_secret, key=read_public_key(key))


async def _add(
    id_: UUID, agency: UUID, label: str, busiest_day: int, *, secret: bytes, key: str | None
) -> str:
    if not 0 < busiest_day <= MOST_PULLS:
        raise Unfit(f"The busiest day of a court has 1 to {MOST_PULLS} pulls.")
    client_id = secrets.token_urlsafe(18)
    await make_actor(id_, "court", agency)
    await connection().execute(
        "INSERT INTO court_client (id, agency, version, label, client_index, secret, public_key,"
        " key_only, daily_quota, created_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)",
        id_,
        agency,
        label,
        vault().index("court.client", client_id),
        secret,
        key,
        key is not None,
        TIMES_BUSIEST * busiest_day,
        clock.now(),
    )
    await propose(agency, court=id_)
    return client_id


async def give_key(client: UUID, key: str | None, *, key_only: bool) -> UUID:
    """Its (new) public key, and whether its secret ends; its agency. Raises Unfit."""
    agency: UUID | None = await connection().fetchval(
        "UPDATE court_client SET public_key = coalesce($2, public_key),"
        " key_only = key_only OR $3, version = version + 1"
        " WHERE id = $1 AND coalesce($2, public_key) IS NOT NULL RETURNING agency",
        client,
        read_public_key(key) if key is not None else None,
        key_only,
    )
    if agency is None:
        raise Unfit("There is no such client, or it has no key yet.")
    await _end_tokens(client)
    return agency


async def suspend(client: UUID) -> UUID:
    """From now on nothing is read, by no token; its agency. Raises Unfit, NotFromThisState."""
    agency = await _agency(client)
    done = await connection().execute(
        "UPDATE court_client SET suspended_at = $2, version = version + 1"
        " WHERE id = $1 AND suspended_at IS NULL",
        client,
        clock.now(),
    )
    if done.endswith(" 0"):
        raise NotFromThisState("This client is suspended already.")
    await _end_tokens(client)
    return agency


async def resume(client: UUID) -> UUID:
    """It may ask for a token again; the tokens of before stay ended. Raises likewise."""
    agency = await _agency(client)
    await _end_tokens(client)
    done = await connection().execute(
        "UPDATE court_client SET suspended_at = NULL, version = version + 1"
        " WHERE id = $1 AND suspended_at IS NOT NULL",
        client,
    )
    if done.endswith(" 0"):
        raise NotFromThisState("This client is not suspended.")
    return agency


async def add_canaries(client: UUID, references: Sequence[str]) -> UUID:
    """References that belong to no plan; the client's agency. In the client's own scope.

    Raises Unfit, and Taken for one that is bound to a plan: that is somebody's file.
    """
    agency = await _agency(client)
    for reference in references:
        index, as_typed = indexes(reference)
        if await connection().fetchval(
            "SELECT 1 FROM court_file WHERE client = $1 AND reference_index = ANY ($2)"
            " AND ended_at IS NULL",
            client,
            [index, as_typed],
        ):
            raise Taken("One of these references is bound to a plan.")
        await connection().execute(
            "INSERT INTO court_canary (id, client, reference_index, made_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (client, reference_index) DO NOTHING",
            uuid4(),
            client,
            index,
            clock.now(),
        )
    return agency


async def _agency(client: UUID) -> UUID:
    """Locks the client, so that what follows and a binding take turns."""
    agency: UUID | None = await connection().fetchval(
        "SELECT agency FROM court_client WHERE id = $1 FOR UPDATE", client
    )
    if agency is None:
        raise Unfit("There is no such client.")
    return agency


async def _end_tokens(client: UUID) -> None:
    await connection().execute(
        "UPDATE court_token SET until = $2 WHERE client = $1 AND until > $2", client, clock.now()
    )


def hashed(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
