"""What changed in an account is told to its holder: on each of their devices but where it was done.

Each device is told by itself: whoever came in on a new one cannot say "seen" for the others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.audit.actions import record
from backend.database import transaction

# What a session `s` on a device `d` was not told yet, of a month; $2 is the present moment.
UNTOLD = """n.staff = s.staff AND n.device IS DISTINCT FROM d.id
   AND n.at > greatest(coalesce(d.told_at, '-infinity'), $2::timestamptz - interval '30 days')"""
_LIST = f"""
SELECT n.id, n.at, n.kind, n.browser FROM session s JOIN device d ON d.id = s.device
  JOIN account_notice n ON {UNTOLD} WHERE s.id = $1 ORDER BY n.at DESC, n.id
"""
_SEEN = """
UPDATE device SET told_at = greatest(coalesce(told_at, '-infinity'), least($2, $3::timestamptz))
 WHERE id = (SELECT device FROM session WHERE id = $1)
"""


async def note(
    held: Any, staff: UUID, kind: str, *, device: UUID | None = None, browser: bool | None = None
) -> None:
    """`device` is where it was done, which is not told; `browser` says of which kind it is."""
    await held.execute(
        "INSERT INTO account_notice (id, staff, at, kind, device, browser)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        uuid4(),
        staff,
        clock.now(),
        kind,
        device,
        browser,
    )


async def note_here(held: Any, actor: Actor, kind: str) -> None:
    """Of something that is done in the actor's own session."""
    row = await held.fetchrow("SELECT device, browser FROM session WHERE id = $1", actor.session)
    await note(held, actor.id, kind, device=row["device"], browser=row["browser"])


async def note_device(held: Any, staff: UUID, device: UUID, *, browser: bool) -> None:
    """Of a device that is new; of somebody's first there is nobody to tell."""
    if await held.fetchval("SELECT true FROM device WHERE staff = $1 AND id <> $2", staff, device):
        await note(held, staff, "device", device=device, browser=browser)


async def list_notices(actor: Actor) -> Sequence[Any]:
    """What this device was not told yet, the latest first."""
    async with transaction(actor.id) as held:
        await record(actor, "listNotices")
        rows: Sequence[Any] = await held.fetch(_LIST, actor.session, clock.now())
        return rows


async def see_notices(actor: Actor, until: datetime) -> None:
    """Up to then they were seen, on this device."""
    async with transaction(actor.id) as held:
        await held.execute(_SEEN, actor.session, until, clock.now())
        await record(actor, "seeNotices", thing=actor.session)
