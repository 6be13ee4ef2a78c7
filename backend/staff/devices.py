"""The devices on which somebody has signed in: at most three apps and three browsers."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import NotFound
from backend.staff.proof import hold_account, require_fresh

MOST = 3  # of a kind; the one that was not seen for longest gives way

_LIST = """
SELECT d.id, d.name, d.browser, d.made_at, d.seen_at,
       EXISTS (SELECT 1 FROM session s WHERE s.device = d.id AND s.ended_at IS NULL
               AND s.until > $2
               AND s.access_until + CASE WHEN s.browser THEN interval '0'
                                         ELSE interval '12 hours' END > $2) AS signed_in,
       d.id IS NOT DISTINCT FROM (SELECT device FROM session WHERE id = $3) AS here
  FROM device d WHERE d.staff = $1 AND d.ended_at IS NULL ORDER BY d.seen_at DESC, d.id
"""
_TOO_MANY = """
UPDATE device SET ended_at = $3 WHERE id IN (
    SELECT id FROM device WHERE staff = $1 AND browser = $2 AND ended_at IS NULL
     ORDER BY seen_at DESC, made_at DESC, id OFFSET $4)
RETURNING id
"""


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


async def new_device(held: Any, staff: UUID, name: str, *, browser: bool) -> tuple[UUID, str]:
    """A device and its token. The account's row is locked, so that two at once are not one more."""
    id_, token, now = uuid4(), secrets.token_urlsafe(32), clock.now()
    await held.execute(
        "INSERT INTO device (id, staff, hash, name, browser, made_at, seen_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $6)",
        id_,
        staff,
        hash_token(token),
        name,
        browser,
        now,
    )
    ended = await held.fetch(_TOO_MANY, staff, browser, now, MOST)
    await end_sessions(held, staff, devices=[row["id"] for row in ended])
    return id_, token


async def list_devices(actor: Actor) -> Sequence[Any]:
    """The actor's own, the one that was seen last first."""
    async with transaction(actor.id) as held:
        await record(actor, "listDevices")
        rows: Sequence[Any] = await held.fetch(_LIST, actor.id, clock.now(), actor.session)
        return rows


async def end_device(actor: Actor, device: UUID) -> None:
    """End what is signed in on it, and forget it: its next sign-in is a stranger's.

    Raises NotFound, and for another device than the own ProveAgain.
    """
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        found = await held.fetchrow(
            "SELECT id, id = (SELECT device FROM session WHERE id = $3) AS here"
            "  FROM device WHERE id = $1 AND staff = $2 AND ended_at IS NULL",
            device,
            actor.id,
            actor.session,
        )
        if found is None:
            raise NotFound
        if not found["here"]:
            await require_fresh(actor)
        await held.execute("UPDATE device SET ended_at = $2 WHERE id = $1", device, clock.now())
        await end_sessions(held, actor.id, devices=[device])
        await record(actor, "endDevice", thing=device)


async def sign_out_everywhere(actor: Actor) -> None:
    """End every session of the account, this one too. Devices stay known to the throttle."""
    async with transaction(actor.id) as held:
        await hold_account(held, actor.id)
        await end_sessions(held, actor.id)
        await record(actor, "signOutEverywhere", thing=actor.session)


async def end_sessions(
    held: Any, staff: UUID, *, devices: Sequence[UUID] | None = None, but: UUID | None = None
) -> None:
    """End the sessions of an account: all, or those on some devices; `but` stays."""
    await held.execute(
        "UPDATE session SET ended_at = $2 WHERE staff = $1 AND ended_at IS NULL"
        " AND ($3::uuid[] IS NULL OR device = ANY($3)) AND id IS DISTINCT FROM $4",
        staff,
        clock.now(),
        devices,
        but,
    )
