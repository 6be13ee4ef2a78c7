"""What is written of a meeting: approved by whoever was there, and nothing of it changes then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import seal
from backend.alerts.actions import close_tasks, open_task
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Taken
from backend.meetings import inviting, rules
from backend.meetings.finding import check_state, find_meeting, find_member
from backend.once import Written

ASKED = "minutes-asked"
MINUTES, ADDENDUM = "minutes", "addendum"


async def write_minutes(actor: Actor, id_: UUID, seen: int, words: str) -> Written:
    """Write the minutes, or write them anew: whoever has approved them is asked again.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "writeMinutes")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_)
        check_version(row, seen)
        check_state(row, coming=False)
        note = await held.fetchval(
            "SELECT id FROM meeting_note WHERE meeting = $1 AND kind = $2", id_, MINUTES
        )
        if note is None:
            await _insert(actor, plan, id_, Addendum(words), MINUTES)
        else:
            await held.execute(
                "UPDATE meeting_note SET words = $2, written_by = $3, at = $4,"
                " version = version + 1 WHERE id = $1",
                note,
                await seal(plan["person"], place(note), words),
                actor.id,
                clock.now(),
            )
        await held.execute(
            "UPDATE meeting_member SET approved_at = NULL, approved_by = NULL,"
            " version = version + 1 WHERE meeting = $1 AND present",
            id_,
        )
        await held.execute("UPDATE meeting SET version = version + 1 WHERE id = $1", id_)
        await _ask(actor, plan, id_)
        await record(actor, "writeMinutes", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


def place(note: UUID) -> str:
    return f"meeting_note.words:{note}"


async def _ask(actor: Actor, plan: Mapping[str, Any], meeting: UUID) -> None:
    for member in await inviting.members_of(plan, meeting):
        if not member["present"] or member["actor"] == actor.id:
            continue
        if rules.is_by_voice(member):
            continue
        await open_task(
            ASKED,
            agency=plan["agency"],
            plan=plan["id"],
            subject=member["id"],
            # one that was answered is another one, once the minutes are others
            step=str(member["version"]),
            role=member["role"],
            assignee=member["actor"],
            local_due=clock.today(plan["zone"]),
        )


async def approve_minutes(actor: Actor, id_: UUID, seen: int) -> Written:
    """Say yes to the minutes, as one read them; of who reads nothing here, once they were read to.

    `id_` is that of a part in the meeting; its version changes with the minutes. With the last yes
    they are approved. Of who has left the circle no yes is noted: once nobody else is asked, the
    minutes are approved without them. Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "approveMinutes")
    async with transaction(actor.id) as held:
        member, meeting, plan = await find_member(actor, id_, seen)
        check_state(meeting, coming=False)
        written = await held.fetchval(
            "SELECT 1 FROM meeting_note WHERE meeting = $1 AND kind = $2", meeting["id"], MINUTES
        )
        if not member["present"] or written is None:
            raise NotFromThisState("There are no minutes of theirs.")
        if member["approved_at"] is not None:
            raise NotFromThisState("They have approved them.")
        await held.execute(
            "UPDATE meeting_member SET approved_at = $2, approved_by = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            *((clock.now(), actor.id) if member["stays"] else (None, None)),
        )
        await close_tasks(id_, ASKED, "approved")
        if not await _close(meeting["id"]) and not member["stays"]:
            raise NotFromThisState("They have left the circle, and others are still asked.")
        await record(actor, "approveMinutes", plan=plan["id"], thing=meeting["id"])
        return Written(id_, seen + 1)


_WAITS = f"""
SELECT EXISTS (SELECT 1 FROM meeting_member a
                WHERE a.meeting = $1 AND a.present AND a.approved_at IS NULL AND {inviting.STAYS})
"""


async def _close(meeting: UUID) -> bool:
    """Whoever takes no part in the plan any more is waited for no longer; False while one is."""
    held, now = connection(), clock.now()
    if await held.fetchval(_WAITS, meeting, now):
        return False
    await held.execute(
        "UPDATE meeting SET approved_at = $2, version = version + 1 WHERE id = $1",
        meeting,
        now,
    )
    return True


@dataclass(frozen=True)
class Addendum:
    words: str
    id: UUID = field(default_factory=uuid4)


async def add_to_minutes(actor: Actor, id_: UUID, new: Addendum) -> Written:
    """Correct or complete minutes that were approved, without touching them.

    Raises NotFound, Taken, NotFromThisState.
    """
    require(actor, "addToMinutes")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_)
        if row["approved_at"] is None:
            raise NotFromThisState("The minutes are not approved yet: write them anew.")
        if await held.fetchval("SELECT 1 FROM meeting_note WHERE id = $1", new.id):
            raise Taken
        await _insert(actor, plan, id_, new, ADDENDUM)
        await record(actor, "addToMinutes", plan=plan["id"], thing=id_)
        return Written(new.id, 1, 201)


async def _insert(
    actor: Actor, plan: Mapping[str, Any], meeting: UUID, new: Addendum, kind: str
) -> None:
    await connection().execute(
        "INSERT INTO meeting_note (id, agency, plan, version, meeting, kind, words, written_by, at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
        meeting,
        kind,
        await seal(plan["person"], place(new.id), new.words),
        actor.id,
        clock.now(),
    )
