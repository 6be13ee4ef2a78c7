"""The meetings of a plan, as far as their reader may know of each part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backend.access import Actor, find_plan, require
from backend.actors.actions import unseal_or_none
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.matrix import covers
from backend.meetings import agenda, holding, inviting, minutes, rules
from backend.meetings.finding import READERS
from backend.plans import rules as of_plans

LAST = date(9999, 12, 31)
_ITEMS = """
SELECT i.*, n.owner, n.partners, n.kind, n.agree, n.pathway, n.court, n.code, n.title, n.state,
       n.due_on, n.done_on
  FROM meeting_item i LEFT JOIN milestone n ON n.id = i.milestone WHERE i.plan = $1
"""
_DECISIONS = """
SELECT d.*, n.code, n.state, n.due_on FROM meeting_decision d JOIN milestone n ON n.id = d.milestone
 WHERE d.plan = $1 ORDER BY n.code
"""


@dataclass(frozen=True)
class Reader:
    """Who reads: their role on the plan, and the groups that may go where they work."""

    actor: UUID
    role: str
    groups: Sequence[str] | None = None

    @property
    def works(self) -> bool:
        """Whether they read all of it: the plan's workers, and whose plan it is."""
        return self.role in of_plans.WORKERS or self.role == "PE"


async def list_meetings(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """The meetings that the actor leads or was asked to, the newest first. Raises NotFound."""
    require(actor, "listMeetings")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=rules.GROUP, roles=READERS)
        await record(actor, "listMeetings", plan=plan_id)
        reader = Reader(actor.id, plan["mandate"], plan["told_groups"])
        return await meetings_of(plan, reader)


async def meetings_of(plan: Mapping[str, Any], reader: Reader) -> list[dict[str, Any]]:
    """As `list_meetings`, for who has been let in; opened, each part cut to its reader."""
    held, person = connection(), plan["person"]
    parts = await _parts(plan, reader)
    found = []
    for row in await held.fetch(
        "SELECT * FROM meeting WHERE plan = $1 ORDER BY held_on DESC, held_at DESC, id", plan["id"]
    ):
        id_ = row["id"]
        members = [one for one in parts["members"] if one["meeting"] == id_]
        own = next((one for one in members if one["actor"] == reader.actor), None)
        if own is None and not reader.works:
            continue
        was_there = reader.works or bool(own and own["present"])
        found.append(
            {
                **rules.as_it_stands(row, plan),
                "basis": await unseal_or_none(person, f"meeting.basis:{id_}", row["basis"]),
                "aim": await unseal_or_none(person, f"meeting.aim:{id_}", row["aim"]),
                "own": own,
                "members": members if reader.works else [one for one in members if one is own],
                "items": [one for one in parts["items"] if one["meeting"] == id_],
                "shares": [one for one in parts["shares"] if one["meeting"] == id_],
                "decisions": [one for one in parts["decisions"] if one["meeting"] == id_],
                "notes": [one for one in parts["notes"] if one["meeting"] == id_ and was_there],
                "works": reader.works,
                "speaks_of": row["speaks_of"]
                if reader.works
                else rules.told_groups(reader.role, row["speaks_of"], reader.groups),
            }
        )
    return found


async def _parts(plan: Mapping[str, Any], reader: Reader) -> dict[str, list[Any]]:
    held, id_ = connection(), plan["id"]
    items = await held.fetch(_ITEMS, id_)
    shares = await held.fetch("SELECT * FROM meeting_share WHERE plan = $1 ORDER BY at, id", id_)
    decisions = await held.fetch(_DECISIONS, id_)
    notes = await held.fetch("SELECT * FROM meeting_note WHERE plan = $1 ORDER BY at, id", id_)
    decided = [
        await _opened(plan, holding.place, one)
        for one in decisions
        if reader.works or one["owner"] == reader.actor
    ]
    words = {one["milestone"]: one["words"] for one in decided}
    return {
        "members": list(await inviting.members_of(plan)),
        "items": [
            # what a meeting before decided is told by its words, to whoever knows them
            {**one, "why": why, "words": words.get(one["milestone"])}
            if one["milestone"] is not None
            else await _opened(plan, agenda.place, {**one, "why": why})
            for one in sorted(items, key=_order)
            if (why := told_item(reader, one))
        ],
        "shares": [
            one
            for one in shares
            if reader.works or reader.actor in {one["told_by"], one["told_to"]}
        ],
        "decisions": decided,
        "notes": [await _opened(plan, minutes.place, one) for one in notes],
    }


async def words_beside(plan: Mapping[str, Any], milestone: UUID) -> str | None:
    """What a meeting decided, beside the row that it became; the row policies say to whom.

    For who has been let in, with the plan as it was found; None of any other row.
    """
    if not covers(plan["told_groups"], rules.GROUP):
        return None
    row = await connection().fetchrow(
        "SELECT id, words FROM meeting_decision WHERE milestone = $1", milestone
    )
    if row is None:
        return None
    words: str | None = await unseal_or_none(plan["person"], holding.place(row["id"]), row["words"])
    return words


async def rows_that_are_meetings(plan: UUID) -> Sequence[Any]:
    """The open rows of a plan that a meeting may be; for who has been let in."""
    found: Sequence[Any] = await connection().fetch(
        "SELECT n.id, n.code, n.title, n.due_on FROM milestone n JOIN plan p ON p.id = n.plan"
        " WHERE n.plan = $1 AND n.message = $2 AND n.state = ANY ($3)"
        " AND (n.day <= 0 OR p.left_custody_at IS NOT NULL) ORDER BY n.due_on, n.code",
        plan,
        rules.INVITATION,
        sorted(of_plans.OPEN),
    )
    return found


def _order(item: Mapping[str, Any]) -> tuple[date, str, str]:
    return item["due_on"] or LAST, item["code"] or "", str(item["id"])


def told_item(reader: Reader, item: Mapping[str, Any]) -> list[str]:
    """Why an item is there, as a reader is told; nothing where it is not there for them."""
    if reader.role not in of_plans.WORKERS:
        if item["left_out"]:
            return []
        if item["milestone"] is not None and not _sees(reader, item):
            return []
    return sorted(rules.told_why(reader.role, item["why"]))


def items_for(
    reader: Reader, items: Sequence[dict[str, Any]], decided: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Items as a worker reads them, cut to somebody else: a decision's words are its owner's."""
    others = {
        one["milestone"] for one in decided if not reader.works and one["owner"] != reader.actor
    }
    return [
        {**item, "words": None} if item["milestone"] in others else item
        for item in items
        if told_item(reader, item)
    ]


def _sees(reader: Reader, row: Mapping[str, Any]) -> bool:
    if reader.role == "PE":
        return not of_plans.is_about_another(row)
    return covers(reader.groups, "milestones") and of_plans.sees(reader.role, row)


async def _opened(plan: Mapping[str, Any], place: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    words = await unseal_or_none(plan["person"], place(row["id"]), row["words"])
    return {**row, "words": words}
