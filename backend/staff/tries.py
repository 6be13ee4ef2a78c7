"""How many wrong tries are borne, counted in the database: for all processes, over restarts.

A device that has signed in to an account has a count of its own there, so nobody else can shut it
out. All other devices share one count for each login, whether the login exists or not, and one for
each address: a stranger has ten guesses at a login in fifteen minutes, from however many
addresses, and a hundred from one address, at however many logins.
"""

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.actors.actions import vault
from backend.errors import TooManyTries

WINDOW = timedelta(minutes=15)
OF_LOGIN, OF_ADDRESS = 10, 100
V6_NETWORK = 64  # bits; whoever has one address has all of these

_COUNT = """
SELECT count(*) FILTER (WHERE login_index = $1 AND counter IS NOT DISTINCT FROM $2) AS of_login,
       count(*) FILTER (WHERE address = $3 AND $2::uuid IS NULL) AS of_address
  FROM sign_in_failure WHERE login_index = $1 OR address = $3
"""


@dataclass(frozen=True)
class Tried:
    """Whose password or code is tried: `counter` is the device or account with its own count."""

    login: str
    counter: UUID | None = None
    address: str = ""

    @property
    def index(self) -> bytes:
        return vault().index("staff.login", self.login.casefold())

    @property
    def address_index(self) -> bytes | None:
        """None for a device with its own count: it neither adds to that of its address nor asks."""
        if not self.address or self.counter is not None:
            return None
        return vault().index("sign_in_failure.address", network_of(self.address))


async def count_try(held: Any, tried: Tried) -> None:
    """Count a try before it is judged, one after the other: many at once are not more tries.

    Who turns out to be right takes it back with `forget_tries`. Raises TooManyTries.
    """
    index, address, now = tried.index, tried.address_index, clock.now()
    await _one_by_one(held, f"{index.hex()}:{tried.counter}")
    if address is not None:
        await _one_by_one(held, address.hex())
    await held.execute("DELETE FROM sign_in_failure WHERE at < $1", now - WINDOW)
    found = await held.fetchrow(_COUNT, index, tried.counter, address)
    if found["of_login"] >= OF_LOGIN or found["of_address"] >= OF_ADDRESS:
        raise TooManyTries
    await held.execute(
        "INSERT INTO sign_in_failure (id, login_index, at, counter, address)"
        " VALUES ($1, $2, $3, $4, $5)",
        uuid4(),
        index,
        now,
        tried.counter,
        address,
    )


async def forget_tries(held: Any, tried: Tried) -> None:
    """Begin this one count anew; those of other devices go on."""
    await held.execute(
        "DELETE FROM sign_in_failure WHERE login_index = $1 AND counter IS NOT DISTINCT FROM $2",
        tried.index,
        tried.counter,
    )


async def _one_by_one(held: Any, what: str) -> None:
    await held.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", what)


def network_of(address: str) -> str:
    with suppress(ValueError):
        known = ipaddress.ip_address(address)
        if known.version == 6:  # noqa: PLR2004 - the version of IP
            return str(ipaddress.ip_network((known, V6_NETWORK), strict=False))
    return address
