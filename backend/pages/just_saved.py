"""The button that takes back what was just saved, for ten minutes."""

from dataclasses import dataclass
from uuid import UUID

from backend.access import Actor
from backend.contacts import undoing as of_contacts
from backend.plans.actions import undoing as of_rows


@dataclass(frozen=True)
class Undo:
    """A form, with the version that it names."""

    path: str
    seen: int | None = None


async def undo_of(actor: Actor, saved: str) -> Undo | None:
    """For the row that a page says is saved; None for anything else, and once it is too late."""
    try:
        row = UUID(saved)
    except ValueError:
        return None
    seen = await of_rows.undoable(actor, row)
    return None if seen is None else Undo(f"/desk/rows/{row}/undo", seen)


async def undo_of_contact(actor: Actor, plan: UUID, id_: UUID | None) -> Undo | None:
    """For a contact or a visit of a plan, likewise."""
    if id_ is None or not await of_contacts.undoable(actor, id_):
        return None
    return Undo(f"/desk/plans/{plan}/contacts/{id_}/undo")
