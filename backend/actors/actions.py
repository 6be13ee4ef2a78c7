"""Actors are made here, and sealed values go through here with the key of their individual."""

import os
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from backend import clock
from backend.access import Kind
from backend.database import connection
from backend.errors import NotFound, Taken, TooManyTries, UnderLegalHold
from backend.keyring import keyring
from backend.settings import read, settings
from backend.vault import KeyDestroyed, Vault

_vaults: dict[str, Vault] = {}


def vault() -> Vault:
    """The vault of this installation. Its ring is read at first, and when it lacks a key."""
    if "it" not in _vaults:
        _vaults["it"] = Vault(keyring(settings()), lambda: keyring(read(os.environ)))
    return _vaults["it"]


def use_vault(made: Vault) -> None:
    """Tests and the story bring their own key."""
    _vaults["it"] = made


async def make_actor(id_: UUID, kind: Kind, agency: UUID | None) -> None:
    """Raises Taken where the id is in use, in whatever role: a guessed id tells nothing more."""
    try:
        await connection().execute(
            "INSERT INTO actor (id, agency, kind, created_at) VALUES ($1, $2, $3, $4)",
            id_,
            agency,
            kind,
            clock.now(),
        )
    except asyncpg.UniqueViolationError as error:
        raise Taken from error
    if kind in {"person", "member", "staff"}:
        await give_key(id_)


async def give_key(id_: UUID) -> None:
    """To an actor of this very transaction, and to nobody else: the database sees to it."""
    await connection().execute(
        "INSERT INTO subject_key (id, wrapped) VALUES ($1, $2)", id_, vault().new_key(id_)
    )


async def hold_keys() -> None:
    """Nobody else destroys a key until the transaction ends, as the database asks of each who does.

    Taken after the person and their plans, before rows that others may want whose keys go too.
    """
    await connection().execute("SELECT pg_advisory_xact_lock(4806114)")


async def destroy_key(subject: UUID) -> None:
    """Erase what is sealed for a person and their circle, or for one of a circle: in backups too.

    For the coordinator in scope alone, while their mandate on the plan is in force. It cannot
    be undone, and who asks for it writes the audit row. Raises NotFound where it is not theirs
    or gone, UnderLegalHold, TooManyTries above ten people in an hour.
    """
    try:
        if not await connection().fetchval("SELECT destroy_key($1)", subject):
            raise NotFound
    except asyncpg.PostgresError as error:
        if error.sqlstate == "TC429":
            raise TooManyTries from error
        if error.sqlstate == "TC409":
            raise UnderLegalHold from error
        raise


async def seal(subject: UUID, place: str, value: object) -> bytes:
    """Seal a value (as JSON) under the individual's key. `place` is table.column:row id."""
    return seal_with(await _wrapped(subject), subject, place, value)


def seal_with(wrapped: bytes | None, subject: UUID, place: str, value: object) -> bytes:
    """Likewise, where the individual's wrapped key was brought along. Raises KeyDestroyed."""
    if wrapped is None:
        raise KeyDestroyed
    return vault().seal(subject, wrapped, place, msgspec.json.encode(value))


async def unseal(subject: UUID, place: str, sealed: bytes | None) -> Any:
    """The sealed value, or None where there is none.

    Raises VaultError where it was altered or moved, KeyDestroyed where there is no key any more.
    """
    if sealed is None:
        return None
    return unseal_with(await _wrapped(subject), subject, place, sealed)


def unseal_with(wrapped: bytes | None, subject: UUID, place: str, sealed: bytes) -> Any:
    """Likewise, for lists that bring the individual's wrapped key along in their own statement."""
    if wrapped is None:
        raise KeyDestroyed
    return msgspec.json.decode(vault().unseal(subject, wrapped, place, sealed))


async def unseal_or_none(subject: UUID, place: str, sealed: bytes | None) -> Any:
    """Likewise; None too where the individual was erased, for a row that is shown without."""
    try:
        return await unseal(subject, place, sealed)
    except KeyDestroyed:
        return None


async def _wrapped(subject: UUID) -> bytes:
    wrapped: bytes | None = await connection().fetchval(
        "SELECT wrapped FROM subject_key WHERE id = $1", subject
    )
    if wrapped is None:
        raise KeyDestroyed
    return wrapped
