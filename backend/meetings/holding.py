"""A meeting takes place: who was there, what was told to whom, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, check_waits, find_plan, require
from backend.actors.actions import seal
from backend.alerts.actions import close_tasks, open_task
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.meetings import agenda, inviting, rules
from backend.meetings.finding import check_state, find_meeting
from backend.once import Written
from backend.plans import rules as of_plans
from backend.plans.actions.adding import NewRow, add_row
from backend.plans.actions.writing import write_milestone

ASKED, BACK = "decision-asked", "decision-back"
OTHERS = ("PO", "PS", "TR", "CP")


@dataclass(frozen=True)
class Held:
    """`present` are parts in the meeting, `dealt` items of its agenda."""

    present: Sequence[UUID]
    dealt: Sequence[UUID] = ()
    held_on: date | None = None


async def hold_meeting(actor: Actor, id_: UUID, seen: int, told: Held) -> Written:
    """It took place. The row of the plan that it is, if that is open, is done with it.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "holdMeeting")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_)
        check_version(row, seen)
        check_state(row, coming=True)
        on = told.held_on or row["held_on"]
        if on > clock.today(plan["zone"]):
            raise Unfit("It is written down once it took place.", field="held_on")
        await _were_there(id_, told.present)
        await _was_dealt_with(id_, told.dealt)
        await held.execute(
            "UPDATE meeting SET took_place_at = $2, held_on = $3, version = version + 1"
            " WHERE id = $1",
            id_,
            clock.now(),
            on,
        )
        await inviting.stop_asking(id_)
        await agenda.carry_over(plan)
        await _settle(actor, plan, row["milestone"], on)
        await record(actor, "holdMeeting", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


_PRESENT = "UPDATE meeting_member SET present = id = ANY ($2), version = version + 1"
_DEALT = "UPDATE meeting_item SET dealt = id = ANY ($2), version = version + 1"


async def _were_there(meeting: UUID, present: Sequence[UUID]) -> None:
    held = connection()
    sql = f"{_PRESENT} WHERE meeting = $1 RETURNING present"
    rows = await held.fetch(sql, meeting, list(present))
    if not present or sum(row["present"] for row in rows) != len(set(present)):
        raise Unfit("Say who of those who were asked was there.", field="present")


async def _was_dealt_with(meeting: UUID, dealt: Sequence[UUID]) -> None:
    held = connection()
    sql = f"{_DEALT} WHERE meeting = $1 RETURNING dealt"
    rows = await held.fetch(sql, meeting, list(dealt))
    if sum(row["dealt"] for row in rows) != len(set(dealt)):
        raise Unfit("Dealt with is what is on the agenda.", field="dealt")


async def _settle(actor: Actor, plan: Mapping[str, Any], milestone: UUID | None, on: date) -> None:
    row = await connection().fetchrow("SELECT * FROM milestone WHERE id = $1 FOR UPDATE", milestone)
    left = plan["left_custody_at"] is not None
    if rules.fits(row, left=left) and plan["state"] in of_plans.RUNNING:
        done = {"state": "done", "done_on": on, "cause": None, "said_by": None}
        await write_milestone(actor, row, plan, done)


@dataclass(frozen=True)
class Share:
    """That somebody told somebody else of a group of facts: parts in the meeting, never content."""

    facts: str
    told_by: UUID
    told_to: UUID
    ground: str
    id: UUID = field(default_factory=uuid4)


_AUTHORISED = """
SELECT EXISTS (SELECT 1 FROM disclosure d WHERE d.plan = $1 AND d.recipient = $2
                  AND d.withdrawn_at IS NULL AND d.until >= $3 AND d.fact = ANY ($4))
"""


async def note_shared(actor: Actor, id_: UUID, share: Share) -> Written:
    """Write a line of the register. Raises NotFound, Unfit, Taken, NotFromThisState."""
    require(actor, "noteShared")
    async with transaction(actor.id) as held:
        row, plan = await find_meeting(actor, id_, coming=False)
        there = await _present(id_)
        if share.told_by == share.told_to or not there.keys() >= {share.told_by, share.told_to}:
            raise Unfit("Who was there told somebody else who was there.", field="told_to")
        teller, hearer = there[share.told_by], there[share.told_to]
        rules.check_ground(teller["role"], hearer["role"], share.facts, share.ground)
        if share.ground == rules.DISCLOSURE and not await held.fetchval(
            _AUTHORISED, plan["id"], hearer["actor"], row["held_on"], rules.released_by(share.facts)
        ):
            raise Unfit("No authorisation of it stands for them.", field="ground")
        if await held.fetchval("SELECT 1 FROM meeting_share WHERE id = $1", share.id):
            raise Taken
        await held.execute(
            "INSERT INTO meeting_share (id, agency, plan, version, meeting, facts, told_by,"
            " told_to, ground, noted_by, at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
            share.id,
            plan["agency"],
            plan["id"],
            id_,
            share.facts,
            teller["actor"],
            hearer["actor"],
            share.ground,
            actor.id,
            clock.now(),
        )
        await record(actor, "noteShared", plan=plan["id"], thing=id_)
        return Written(share.id, 1, 201)


async def _present(meeting: UUID) -> dict[UUID, Any]:
    rows = await connection().fetch(
        "SELECT * FROM meeting_member WHERE meeting = $1 AND present", meeting
    )
    return {row["id"]: row for row in rows}


@dataclass(frozen=True)
class NewDecision:
    """`owner` is a part in the meeting: whose it is, or whose it is to be."""

    words: str
    owner: UUID
    due_on: date
    id: UUID = field(default_factory=uuid4)


async def decide_at_meeting(actor: Actor, id_: UUID, new: NewDecision) -> Written:
    """A decision becomes a row of the plan. Of who is no worker of it, once they accept it.

    Raises NotFound, Unfit, Taken, NotFromThisState.
    """
    require(actor, "decideAtMeeting")
    async with transaction(actor.id) as held:
        _, plan = await find_meeting(actor, id_, coming=False)
        if plan["state"] not in of_plans.RUNNING:
            raise NotFromThisState("The plan is not running.")
        if new.due_on < clock.today(plan["zone"]):
            raise Unfit("due_on is not in the past.", field="due_on")
        if await held.fetchval("SELECT 1 FROM meeting_decision WHERE id = $1", new.id):
            raise Taken
        owner = await _owner(plan, id_, new.owner)
        role = owner["role"]
        code = await _next_code(plan["id"])
        row = NewRow(
            code, rules.PATHWAY[role], rules.TITLES["en"], rules.owner_of_row(role), new.due_on
        )
        milestone = await add_row(actor, plan, row)
        await held.execute(
            "INSERT INTO meeting_decision (id, agency, plan, version, meeting, milestone, words,"
            " owner, role, decided_by, at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
            new.id,
            plan["agency"],
            plan["id"],
            id_,
            milestone,
            await seal(plan["person"], place(new.id), new.words),
            owner["actor"],
            role,
            actor.id,
            clock.now(),
        )
        if role not in rules.AT_ONCE:
            await _ask(plan, new.id, owner)
        await record(actor, "decideAtMeeting", plan=plan["id"], thing=new.id)
        return Written(new.id, 1, 201)


def place(decision: UUID) -> str:
    return f"meeting_decision.words:{decision}"


async def _owner(plan: Mapping[str, Any], meeting: UUID, part: UUID) -> Any:
    """Raises Unfit for whoever cannot be asked here whether they take it."""
    for member in await inviting.members_of(plan, meeting):
        if member["id"] != part:
            continue
        if member["role"] not in rules.PATHWAY:
            raise Unfit("Talk about it with them, and take it yourself.", field="owner")
        if not member["told"] and member["role"] != "PE":
            raise Unfit(
                "Nothing of a meeting may flow to where they work: take it yourself.",
                field="owner",
            )
        return member
    raise Unfit("Whose it is takes part in the meeting.", field="owner")


async def _next_code(plan: UUID) -> str:
    """The caller holds the plan, so nobody else takes it."""
    before = await connection().fetchval(
        "SELECT count(*) FROM milestone WHERE plan = $1 AND code ^@ $2", plan, rules.CODE
    )
    return f"{rules.CODE}{before + 1:02}"


async def _ask(plan: Mapping[str, Any], decision: UUID, owner: Mapping[str, Any]) -> None:
    await open_task(
        ASKED,
        agency=plan["agency"],
        plan=plan["id"],
        subject=decision,
        role=owner["role"],
        assignee=owner["actor"],
        local_due=clock.today(plan["zone"]),
    )


async def answer_decision(actor: Actor, id_: UUID, seen: int, *, accepted: bool) -> Written:
    """Take what was decided, or not: a no has no reason, and goes back to the worker.

    Raises NotFound for whom was not asked, VersionStale, NotFromThisState.
    """
    require(actor, "answerDecision")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM meeting_decision WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, group=rules.GROUP, roles=OTHERS, lock=True)
        decision = await held.fetchrow("SELECT * FROM meeting_decision WHERE id = $1", id_)
        if decision is None or decision["owner"] != actor.id or decision["role"] in rules.AT_ONCE:
            raise NotFound
        answered = decision["accepted_at"] is not None or decision["declined_at"] is not None
        check_waits(decision, seen, "You have answered it." if answered else None)
        row = await held.fetchrow(
            "SELECT * FROM milestone WHERE id = $1 FOR UPDATE", decision["milestone"]
        )
        if accepted:
            await _accept(actor, plan, row, decision["role"])
        await held.execute(
            "UPDATE meeting_decision SET accepted_at = $2, declined_at = $3,"
            " version = version + 1 WHERE id = $1",
            id_,
            clock.now() if accepted else None,
            None if accepted else clock.now(),
        )
        await close_tasks(id_, ASKED, "answered")
        if not accepted and row["state"] in of_plans.OPEN:  # else there is nothing to give back
            today = clock.today(plan["zone"])
            of = {"agency": plan["agency"], "plan": plan_id}
            await open_task(BACK, **of, subject=id_, local_due=today)
        await record(actor, "answerDecision", plan=plan_id, thing=id_)
        return Written(id_, seen + 1)


async def _accept(actor: Actor, plan: Mapping[str, Any], row: Mapping[str, Any], role: str) -> None:
    """From here on the row is theirs, and under way: so they see it. Raises NotFromThisState."""
    if row["state"] not in of_plans.OPEN:
        raise NotFromThisState("It was seen to meanwhile: nothing is left to take.")
    if plan["state"] not in of_plans.RUNNING:
        raise NotFromThisState("The plan does not go on now: it cannot be taken.")
    await connection().execute("UPDATE milestone SET owner = $2 WHERE id = $1", row["id"], role)
    if row["state"] == "planned":
        await write_milestone(actor, row, plan, {"state": "in_progress"})
