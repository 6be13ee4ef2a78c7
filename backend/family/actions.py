"""The map of family and friends, drawn with the person; and what ends when somebody says no.

docs/decisions/0037-who-helps.md says what stands behind each rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, check_version, find_plan, is_by_glass, require
from backend.actors.actions import make_actor, unseal_with
from backend.audit.actions import record
from backend.circles.joining import NewName, write_member
from backend.circles.parting import part_ways
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.family import rules
from backend.once import Written
from backend.plans.actions.refusing import rest_of_family
from backend.plans.rules import OVER

WRITERS = ("SW",)


@dataclass(frozen=True)
class NewRelative:
    """`wish` is what the person says of contact with them: wanted, not_wanted, not_allowed."""

    name: str
    relation: str
    wish: str
    children_there: bool = False
    language: str | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Change:
    """What was said or learnt since; None leaves it as it is.

    `takes_part` is the relative's own, to a human, in `language`. `barred`: an order stands.
    `kept` is theirs too: what is known of them stays for as long as the plan does.
    """

    relation: str | None = None
    wish: str | None = None
    children_there: bool | None = None
    takes_part: bool | None = None
    language: str | None = None
    safety_asked: bool | None = None
    barred: bool | None = None
    kept: bool | None = None


async def name_relative(actor: Actor, plan_id: UUID, new: NewRelative) -> Written:
    """Put somebody on the map as the person says. They are in no circle by that.

    Raises NotFound, Unfit, Taken, and NotFromThisState for a plan that is over.
    """
    require(actor, "nameRelative")
    _check_words(new.relation, new.wish)
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True)
        if plan["state"] in OVER:
            raise NotFromThisState("The plan is over: nobody is added to it.")
        await make_actor(new.id, "member", plan["agency"])
        await write_relative(actor, plan, new.id, new.relation, new)
        name = NewName(new.id, "FA", new.name, language=new.language)
        await write_member(actor, plan, name)
        await record(actor, "nameRelative", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def write_relative(
    actor: Actor, plan: Any, id_: UUID, relation: str, new: NewRelative | None = None
) -> None:
    """The row of somebody new; without `new` the person was not asked yet."""
    _check_words(relation, None)
    barred = new is not None and new.wish == rules.NOT_ALLOWED
    await connection().execute(
        "INSERT INTO relative (id, agency, plan, version, relation, wish, children_there,"
        " barred_by, barred_at, carried, named_by, named_at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, false, $9, $10)",
        id_,
        plan["agency"],
        plan["id"],
        relation,
        new.wish if new else None,
        bool(new and new.children_there),
        actor.id if barred else None,
        clock.now() if barred else None,
        actor.id,
        clock.now(),
    )


def _check_words(relation: str | None, wish: str | None) -> None:
    if relation is not None and relation not in rules.RELATIONS:
        raise Unfit(f"relation is one of {', '.join(sorted(rules.RELATIONS))}.", field="relation")
    if wish is not None and wish not in rules.WISHES:
        raise Unfit(f"wish is one of {', '.join(sorted(rules.WISHES))}.", field="wish")


async def change_relative(actor: Actor, id_: UUID, seen: int, change: Change) -> Written:
    """Write what was said or learnt. A no, or an order, stops everything with them at once.

    Raises NotFound, VersionStale, Unfit.
    """
    require(actor, "changeRelative")
    _check_words(change.relation, change.wish)
    if (change.takes_part is None) != (change.language is None):
        raise Unfit("Whether they take part was said in a language.", field="language")
    if change.safety_asked is False:
        raise Unfit("That it was asked is not taken back.", field="safety_asked")
    async with transaction(actor.id) as held:
        plan_id = await held.fetchval("SELECT plan FROM relative WHERE id = $1", id_)
        # None is nobody's plan
        plan = await find_plan(actor, plan_id, roles=WRITERS, lock=True)
        row = await held.fetchrow("SELECT * FROM relative WHERE id = $1 FOR UPDATE", id_)
        check_version(row, seen)
        await write_change(actor, plan, row, change)
        await record(actor, "changeRelative", plan=plan["id"], thing=id_)
        return Written(id_, seen + 1)


async def write_change(actor: Actor, plan: Any, row: Any, change: Change) -> None:
    """What follows stands in the caller's transaction, who holds the plan. Raises Unfit."""
    after = {**row, **_written(actor, row, change)}
    if after == dict(row):
        raise Unfit("Say what should change.")
    await _write(after)
    if rules.is_parted(after) and not rules.is_parted(row):
        await part_ways(plan, row["id"])
        if not await _others_of_family(plan["id"], row["id"]):
            await rest_of_family(actor, plan)


def _written(actor: Actor, row: Any, change: Change) -> dict[str, Any]:
    """The columns that change; an order that is lifted lets nothing begin again by itself."""
    now = clock.now()
    said: dict[str, Any] = {
        name: value
        for name in ("relation", "wish", "children_there", "kept")
        if (value := getattr(change, name)) is not None
    }
    if change.takes_part is not None:
        said |= {"takes_part": change.takes_part, "language": change.language}
        said |= {"heard_by": actor.id, "heard_at": now}
    if change.safety_asked:
        said |= {"safety_asked_by": actor.id, "safety_asked_at": now}
    if (change.barred or change.wish == rules.NOT_ALLOWED) and row["barred_at"] is None:
        said |= {"barred_by": actor.id, "barred_at": now}
    if change.barred is False and row["barred_at"] is not None:
        anew = ("barred_by", "barred_at", "takes_part", "safety_asked_by", "safety_asked_at")
        said |= {**dict.fromkeys(anew), "carried": False}
    return _all_anew(row, said)


def _all_anew(row: Any, said: dict[str, Any]) -> dict[str, Any]:
    """With a no what was said before is over: a later yes begins with every question."""
    if rules.is_parted(row) or not rules.is_parted({**row, **said}):
        return said
    over = {"takes_part": None, "safety_asked_by": None, "safety_asked_at": None}
    return {**over, **said, "carried": False}


_WRITE = """
UPDATE relative SET relation = $2, wish = $3, children_there = $4, takes_part = $5, language = $6,
       heard_by = $7, heard_at = $8, safety_asked_by = $9, safety_asked_at = $10, barred_by = $11,
       barred_at = $12, carried = $13, kept = $14, version = version + 1 WHERE id = $1
"""
_WRITTEN = (
    *("relation", "wish", "children_there", "takes_part", "language", "heard_by", "heard_at"),
    *("safety_asked_by", "safety_asked_at", "barred_by", "barred_at", "carried", "kept"),
)


async def _write(after: dict[str, Any]) -> None:
    await connection().execute(_WRITE, after["id"], *(after[name] for name in _WRITTEN))


async def _others_of_family(plan: UUID, but: UUID) -> bool:
    """Whether there is somebody else whom the family's rows may be about."""
    rows = await connection().fetch(
        "SELECT * FROM relative WHERE plan = $1 AND id <> $2 AND relation <> 'gone' ORDER BY id",
        plan,
        but,
    )
    return any(not rules.is_parted(row) for row in rows)


async def find_relative(plan: Any, id_: UUID) -> Any:
    """Somebody of the map who may join the circle. Raises NotFound, NotFromThisState."""
    row = await connection().fetchrow(
        "SELECT * FROM relative WHERE id = $1 AND plan = $2", id_, plan["id"]
    )
    if row is None or plan["mandate"] not in WRITERS:
        raise NotFound
    if rules.is_parted(row):
        raise NotFromThisState("The map says that there is no contact.")
    return row


_MAP = """
SELECT r.*, b.identity, k.wrapped, b.language AS speaks, may_be_prompted(r.id),
       m.id IS NOT NULL AS in_circle
  FROM relative r JOIN member b ON b.id = r.id LEFT JOIN subject_key k ON k.id = r.id
  LEFT JOIN LATERAL (SELECT o.id FROM mandate o WHERE o.plan = r.plan AND o.actor = r.id
        AND o.starts <= $2 AND (o.ends IS NULL OR o.ends > $2) LIMIT 1) m ON true
 WHERE r.plan = $1 AND r.relation <> 'gone' ORDER BY r.named_at, r.id
"""


async def list_relatives(actor: Actor, plan_id: UUID) -> Sequence[dict[str, Any]]:
    """The map, oldest first: to the plan's social workers, and a coordinator by broken glass.

    A coordinator without glass is shown none, whoever is on it. Raises NotFound.
    """
    require(actor, "listRelatives")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, roles=("SW", "CO"), by_glass=True)
        await record(actor, "listRelatives", plan=plan_id)
        if plan["mandate"] == "CO" and not await is_by_glass(plan):
            return []
        return [_opened(row) for row in await held.fetch(_MAP, plan_id, clock.now())]


def _opened(row: Any) -> dict[str, Any]:
    name, place = None, f"member.identity:{row['id']}"
    if row["wrapped"] is not None and row["identity"] is not None:
        name = unseal_with(row["wrapped"], row["id"], place, row["identity"])["name"]
    return {**row, "name": name}
