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
from backend.errors import NotFound
from backend.matrix import covers
from backend.meetings import agenda, holding, inviting, minutes, rules
from backend.meetings.finding import READERS
from backend.plans import rules as of_plans

LAST = date(9999, 12, 31)
_ITEMS = """
SELECT i.*, n.owner, n.partners, n.kind, n.agree, n.pathway, n.court, n.code, n.title, n.state,
       n.due_on, n.done_on, n.late_start
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


async def agenda_for(
    actor: Actor, plan_id: UUID, meeting: UUID, member: UUID
) -> tuple[dict[str, Any], str]:
    """A meeting as one of those who take part may know it, to print, and their role by now.

    Raises NotFound, for whoever is given no paper too.
    """
    require(actor, "listMeetings")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=rules.GROUP, roles=READERS)
        await record(actor, "listMeetings", plan=plan_id)
        known = await meetings_of(plan, Reader(actor.id, plan["mandate"], plan["told_groups"]))
        parts = (one for of in known if of["id"] == meeting for one in of["members"])
        whose = next((one for one in parts if one["id"] == member), None)
        if whose is None or not rules.is_given_paper(whose):
            raise NotFound
        reader = Reader(whose["actor"], whose["role_now"], whose["groups"])
        found = next(one for one in await meetings_of(plan, reader) if one["id"] == meeting)
        items = [one for one in found["items"] if not one["left_out"]]
        return {**found, "items": items, "works": False}, reader.role


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


async def rows_that_are_meetings(plan: Mapping[str, Any]) -> Sequence[Any]:
    """The open rows of a plan that a meeting may be; for who has been let in."""
    left = plan["left_custody_at"] is not None
    return [row for row in await _open_rows(plan) if rules.fits(row, left=left)]


async def rows_to_speak_of(plan: Mapping[str, Any]) -> Sequence[Any]:
    """The open rows of a plan that may be put on an agenda; for its workers."""
    return [row for row in await _open_rows(plan) if not of_plans.is_about_another(row)]


async def _open_rows(plan: Mapping[str, Any]) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND state = ANY ($2)"
        " ORDER BY due_on, late_start, code",
        plan["id"],
        sorted(of_plans.OPEN),
    )
    return rows


def _order(item: Mapping[str, Any]) -> tuple[date, int, str, str]:
    """Of what is due on one day, what cannot wait first; words of the worker's come last."""
    return item["due_on"] or LAST, item["late_start"] or 0, item["code"] or "", str(item["id"])


def told_item(reader: Reader, item: Mapping[str, Any]) -> list[str]:
    """Why an item is there, as a reader is told; nothing where it is not there for them."""
    if reader.role not in of_plans.WORKERS:
        if item["left_out"]:
            return []
        if item["milestone"] is not None and not _sees(reader, item):
            return []
    return sorted(rules.told_why(reader.role, item["why"]))


def _sees(reader: Reader, row: Mapping[str, Any]) -> bool:
    if reader.role == "PE":
        return not of_plans.is_about_another(row)
    return covers(reader.groups, "milestones") and of_plans.sees(reader.role, row)


async def _opened(plan: Mapping[str, Any], place: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    words = await unseal_or_none(plan["person"], place(row["id"]), row["words"])
    return {**row, "words": words}
