"""Somebody's own file, read through their pass. Every read and every copy is written down."""

from collections.abc import Collection

from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import transaction
from backend.files.gathering import gather
from backend.files.views import FileView
from backend.flows.entries import Receiver, flow_groups
from backend.matrix import cut, cut_to_matters
from backend.passes.entry import Holder, held_by


async def read_file(actor: Actor, *, copy: bool = False) -> tuple[Holder, FileView]:
    """What the actor may know, as it stands now; with `copy` it leaves the house.

    Raises NotSignedIn once their mandate, the pass or the plan has ended.
    """
    require(actor, "readFile")
    async with transaction(actor.id):
        holder = await held_by(actor)
        # written first: whoever reads the list of who looked finds themselves there
        await record(actor, "exportFile" if copy else "readFile", plan=holder.plan)
        groups = await flow_groups(holder.held["agency"], Receiver("person"))
        return holder, cut_to_reader(holder, await gather(holder), groups)


def cut_to_reader(holder: Holder, found: FileView, groups: Collection[str]) -> FileView:
    """By the matrix, the registry of data flows, and a lawyer's or guardian's matters."""
    view = cut(found, holder.actor.role, groups)
    return view if holder.actor.role == "PE" else cut_to_matters(view, holder.held["matters"])
