"""What the person wants, in their own words. A worker is their pen; nobody is their editor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, require
from backend.actors.actions import seal, unseal_or_none
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.goals import rules
from backend.once import Written
from backend.passes.entry import held_by
from backend.plans.rules import OVER

GROUP, WRITERS, READERS = "goals", ("SW",), ("SW", "CO", "PO")


@dataclass(frozen=True)
class NewGoal:
    """`words` as they were said, in `language`; `instead_of` is what they said before."""

    words: str
    language: str
    kind: str = "goal"
    instead_of: UUID | None = None
    id: UUID = field(default_factory=uuid4)


async def say_goal(actor: Actor, plan_id: UUID, new: NewGoal) -> Written:
    """Keep words of the person: written down by a worker as they said them, and never after that.

    Raises NotFound, Unfit, NotFromThisState where the plan is over, where three goals stand, or
    where what it is said instead of has ended.
    """
    require(actor, "sayGoal")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
        return await _say(actor, plan, new)


async def say_own_goal(actor: Actor, new: NewGoal) -> Written:
    """The same by the person, who came in with their pass. Raises NotSignedIn too."""
    require(actor, "sayOwnGoal")
    async with transaction(actor.id):
        holder = await held_by(actor)
        plan = await find_plan(actor, holder.plan, roles=("PE",), lock=True)
        return await _say(actor, plan, new)


async def own_goals(actor: Actor) -> list[tuple[UUID, str]]:
    """What stands, for the person who came in with their pass. Raises NotSignedIn."""
    async with transaction(actor.id):
        holder = await held_by(actor)
        said = await goals_of({"id": holder.plan, "person": holder.held["person"]})
        return [(one["id"], one["words"] or "") for one in said if one["ended_at"] is None]


async def language_of_file(actor: Actor) -> str:
    """The language in which whoever came in reads their file. Raises NotSignedIn."""
    async with transaction(actor.id):
        return str((await held_by(actor)).held["language"])


async def _say(actor: Actor, plan: Any, new: NewGoal) -> Written:
    held = connection()
    if new.kind not in rules.KINDS:
        raise Unfit(f"kind is one of {', '.join(rules.KINDS)}.", field="kind")
    if plan["state"] in OVER:
        raise NotFromThisState("The plan is over.")
    if new.instead_of is not None:
        await _end_for(plan, new)
    standing = await held.fetchval(
        "SELECT count(*) FROM goal WHERE plan = $1 AND kind = $2 AND ended_at IS NULL",
        plan["id"],
        new.kind,
    )
    if standing >= (rules.MOST_GOALS if new.kind == "goal" else 1):
        raise NotFromThisState("As many as there may be stand: end one, or say it instead of one.")
    await held.execute(
        "INSERT INTO goal (id, agency, plan, version, kind, words, language, said_at, written_by)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
        new.kind,
        await seal(plan["person"], words_place(new.id), new.words),
        new.language,
        clock.now(),
        actor.id,
    )
    await record(actor, "sayGoal", plan=plan["id"], thing=new.id)
    return Written(new.id, 1, 201)


async def _end_for(plan: Any, new: NewGoal) -> None:
    """Raises NotFound for words of another plan or kind, NotFromThisState where they ended."""
    row = await connection().fetchrow("SELECT * FROM goal WHERE id = $1", new.instead_of)
    if row is None or (row["plan"], row["kind"]) != (plan["id"], new.kind):
        raise NotFound
    await _end(row, rules.ANEW)


async def end_goal(actor: Actor, id_: UUID, seen: int, how: str) -> Written:
    """It was reached, or it is theirs no longer: the words stay as they were said.

    Raises NotFound, VersionStale, NotFromThisState, Unfit.
    """
    require(actor, "endGoal")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM goal WHERE id = $1", id_)
        await find_plan(actor, plan_id, group=GROUP, roles=WRITERS, lock=True)
        row = await held.fetchrow("SELECT * FROM goal WHERE id = $1", id_)
        check_version(row, seen)
        if how not in rules.ENDS:
            raise Unfit(f"how is one of {', '.join(rules.ENDS)}.", field="how")
        await _end(row, how)
        await record(actor, "endGoal", plan=plan_id, thing=id_)
        return Written(id_, seen + 1)


async def _end(row: Any, how: str) -> None:
    if row["ended_at"] is not None:
        raise NotFromThisState("It has ended before.")
    await connection().execute(
        "UPDATE goal SET ended_at = $2, how = $3, version = version + 1 WHERE id = $1",
        row["id"],
        clock.now(),
        how,
    )


async def list_goals(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """All that was said, oldest first. Raises NotFound."""
    require(actor, "listGoals")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group=GROUP, roles=READERS)
        await record(actor, "listGoals", plan=plan_id)
        told = rules.told_to(plan["mandate"])
        return [one for one in await goals_of(plan) if one["kind"] in told]


async def goals_of(plan: Any) -> list[dict[str, Any]]:
    """The words opened; None where their key was destroyed. `plan` has its id and person."""
    rows = await connection().fetch(
        "SELECT * FROM goal WHERE plan = $1 ORDER BY said_at, id", plan["id"]
    )
    return [
        {**row, "words": await unseal_or_none(plan["person"], words_place(row["id"]), row["words"])}
        for row in rows
    ]


def words_place(id_: UUID) -> str:
    return f"goal.words:{id_}"
