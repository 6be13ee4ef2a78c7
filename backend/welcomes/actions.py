"""Who of the community welcomes a person: found with them, and asked by a human.

docs/decisions/0041-who-welcomes.md says why nothing lists whom a club welcomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import Actor, check_version, find_plan, is_by_glass, require
from backend.actors.actions import make_actor, seal, unseal_with
from backend.audit.actions import record
from backend.clubs.actions import name_of_club
from backend.database import connection, transaction
from backend.errors import NotFromThisState, Unfit
from backend.once import Written
from backend.plans.rules import OPEN, OVER, goes_on
from backend.welcomes import rules
from backend.welcomes.ending import end_welcomes
from backend.welcomes.steps import find_steps, finish, wake

WRITERS = ("SW",)

_LENGTH = 1024  # a name has at most 120 letters, of four bytes each


@dataclass(frozen=True)
class NewWelcome:
    """A `club` of the agency's list, or somebody by their `name`.

    `tell` is the person's yes, if they have said it: nothing, or name_and_day.
    """

    club: UUID | None = None
    name: str | None = None
    tell: str | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Change:
    """`tell`: what the person said; `takes_part`: the yes of whoever welcomes, to a human."""

    tell: str | None = None
    takes_part: bool | None = None


async def name_welcome(actor: Actor, plan_id: UUID, new: NewWelcome) -> Written:
    """Write down who might welcome the person, as it was found with them. Nobody is told.

    Raises NotFound, Unfit, Taken, and NotFromThisState for a plan that is over, or where the person
    wants no such step.
    """
    require(actor, "nameWelcome")
    if (new.club is None) == (new.name is None):
        raise Unfit("It is a club, or somebody by a name.", field="name")
    _check_tell(new.tell)
    async with transaction(actor.id) as held:
        plan = await _open_plan(actor, plan_id)
        name = new.name or await name_of_club(plan["agency"], new.club or new.id)
        await make_actor(new.id, "member", plan["agency"])
        who = {"name": name, "club": str(new.club) if new.club else None}
        now = clock.now()
        await held.execute(
            "INSERT INTO welcome (id, agency, plan, person, version, who, tell, agreed_by,"
            " agreed_at, ended, named_by, named_at)"
            " VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, false, $9, $10)",
            new.id,
            plan["agency"],
            plan_id,
            plan["person"],
            await seal(new.id, _place(new.id), _of_one_length(who)),
            new.tell,
            actor.id if new.tell else None,
            now if new.tell else None,
            actor.id,
            now,
        )
        await record(actor, "nameWelcome", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def _place(id_: UUID) -> str:
    return f"welcome.who:{id_}"


def _of_one_length(who: dict[str, Any]) -> dict[str, Any]:
    """Whoever it is: what is sealed is as long as it was, and a name's length may tell a club."""
    return {**who, "rest": " " * (_LENGTH - len(msgspec.json.encode(who)))}


def _check_tell(tell: str | None) -> None:
    if tell is not None and tell not in rules.TOLD:
        raise Unfit(f"tell is {' or '.join(rules.TOLD)}.", field="tell")


async def _open_plan(actor: Actor, plan_id: UUID | None) -> Any:
    """Locked. Raises NotFound, NotFromThisState."""
    plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True)
    if plan["state"] in OVER:
        raise NotFromThisState("The plan is over.")
    found = (await find_steps(plan["id"])).get(rules.FOUND)
    if found is not None and found["state"] in rules.UNWANTED:
        raise NotFromThisState("This step is not wanted: open it again first, with the person.")
    return plan


async def _find(id_: UUID, seen: int) -> Any:
    row = await connection().fetchrow("SELECT * FROM welcome WHERE id = $1 FOR UPDATE", id_)
    check_version(row, seen)
    if row["ended"]:
        raise NotFromThisState("It has ended.")
    return row


async def _plan_of(id_: UUID) -> UUID | None:
    plan: UUID | None = await connection().fetchval("SELECT plan FROM welcome WHERE id = $1", id_)
    return plan


async def change_welcome(actor: Actor, id_: UUID, seen: int, change: Change) -> Written:
    """Write down a yes. With the second one the person is welcome there, and the step is done.

    Nobody is asked before the person said what may be told to them. A no is `end_welcome`.
    Raises NotFound, VersionStale, Unfit, NotFromThisState.
    """
    require(actor, "changeWelcome")
    _check_tell(change.tell)
    if change.tell is None and change.takes_part is None:
        raise Unfit("Say what should change.")
    if change.takes_part is False:
        raise Unfit("A no ends it, and is written nowhere.", field="takes_part")
    async with transaction(actor.id) as held:
        plan = await _open_plan(actor, await _plan_of(id_))
        row = await _find(id_, seen)
        after = {**row, **_said(actor, change)}
        if after["heard_at"] is not None and after["agreed_at"] is None:
            raise Unfit("First the person says what may be told to them.", field="takes_part")
        await held.execute(
            "UPDATE welcome SET tell = $2, agreed_by = $3, agreed_at = $4, heard_by = $5,"
            " heard_at = $6, version = version + 1 WHERE id = $1",
            id_,
            *(after[name] for name in ("tell", "agreed_by", "agreed_at", "heard_by", "heard_at")),
        )
        if rules.stands(after) and not rules.stands(row):
            await _found(actor, plan)
        await record(actor, "changeWelcome", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


def _said(actor: Actor, change: Change) -> dict[str, Any]:
    now = clock.now()
    said: dict[str, Any] = {}
    if change.tell is not None:
        said |= {"tell": change.tell, "agreed_by": actor.id, "agreed_at": now}
    if change.takes_part:
        said |= {"heard_by": actor.id, "heard_at": now}
    return said


async def _found(actor: Actor, plan: Any) -> None:
    """Somebody is found; whether the link holds is asked when that step is due."""
    if not goes_on(plan["state"], rules.FOUND):
        raise NotFromThisState("The plan is not running.")
    steps = await find_steps(plan["id"])
    if rules.FOUND in steps:
        await finish(actor, plan, steps[rules.FOUND])
    await wake(actor, plan, steps.get(rules.HOLDS))


async def end_welcome(actor: Actor, id_: UUID, seen: int) -> Written:
    """Either said no: who it was, and why, stands nowhere. What was held of them is gone.

    Raises NotFound, VersionStale, NotFromThisState.
    """
    require(actor, "endWelcome")
    async with transaction(actor.id):
        plan = await find_plan(actor, await _plan_of(id_), roles=WRITERS, lock=True)
        await _find(id_, seen)
        await end_welcomes(plan["id"], id_)
        await record(actor, "endWelcome", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def check_welcome(actor: Actor, plan_id: UUID, answer: str) -> Written:
    """Does the link hold? It does; another one is offered; none is wanted. The step is done.

    Where it does not hold what stood ends; which of the answers it was is kept nowhere else.
    Raises NotFound, Unfit, NotFromThisState where it was asked before or nobody welcomes them.
    """
    require(actor, "checkWelcome")
    if answer not in rules.ANSWERS:
        raise Unfit(f"answer is one of {', '.join(rules.ANSWERS)}.", field="answer")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True)
        step = (await find_steps(plan_id)).get(rules.HOLDS)
        if step is None or step["state"] not in OPEN or not goes_on(plan["state"], rules.HOLDS):
            raise NotFromThisState("This step is not open.")
        if answer != "holds":
            await end_welcomes(plan_id)
        elif not any(rules.stands(row) for row in await _standing(plan_id)):
            raise NotFromThisState("Nobody of the community welcomes them yet.")
        version = await finish(actor, plan, step)
        await record(actor, "checkWelcome", plan=plan_id, thing=step["id"])
        return Written(step["id"], version)


_STANDING = """
SELECT w.*, k.wrapped FROM welcome w LEFT JOIN subject_key k ON k.id = w.id
 WHERE w.plan = $1 AND NOT w.ended ORDER BY w.named_at, w.id
"""


async def _standing(plan: UUID) -> Sequence[Any]:
    rows: Sequence[Any] = await connection().fetch(_STANDING, plan)
    return rows


async def list_welcomes(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """Who welcomes the person, oldest first: to the plan's social workers, and a coordinator by
    broken glass. A coordinator without glass is shown none. Raises NotFound.
    """
    require(actor, "listWelcomes")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=("SW", "CO"), by_glass=True)
        await record(actor, "listWelcomes", plan=plan_id)
        if plan["mandate"] == "CO" and not await is_by_glass(plan):
            return []
        return await welcomes_of(plan_id)


async def welcomes_of(plan: UUID) -> list[dict[str, Any]]:
    """What stands, opened; `name` is None where the key was destroyed."""
    return [_opened(row) for row in await _standing(plan)]


def _opened(row: Any) -> dict[str, Any]:
    said = {"name": None, "club": None}
    if row["wrapped"] is not None and row["who"] is not None:
        said = unseal_with(row["wrapped"], row["id"], _place(row["id"]), row["who"])
    club = UUID(said["club"]) if said["club"] else None
    return {**row, "name": said["name"], "club": club, "stands": rules.stands(row)}
