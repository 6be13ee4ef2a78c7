"""Many are let go by one decision: looked at first, then a row for each, and a job carries it out.

Each waits as a task of whoever answers for it: what fails stays in their list, and a crash in the
middle goes on where it was. Whoever is on duty has one task for all of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import unseal_with
from backend.agencies.actions import on_duty
from backend.alerts.actions import open_task
from backend.amnesty import rules
from backend.amnesty.rules import FOUND, Answer, Known, Malformed
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.once import Written
from backend.plans.actions.unplanned import call_staff, collapse

# By kind whether they are out by now, or will be on that day.
WAITING = {True: "let-go-out", False: "let-go"}
URGENT = 2

_MINE = """
SELECT p.id, p.alias, p.state, p.left_custody_at IS NOT NULL AS outside, p.person, s.identity,
       k.wrapped, EXISTS (SELECT 1 FROM custody_return r WHERE r.plan = p.id
          AND r.reopened_at IS NULL AND r.taken_back_at IS NULL) AS came_back
  FROM my_mandates_by_flow() h JOIN plan p ON p.id = h.plan AND p.agency = $1
  JOIN person s ON s.id = p.person LEFT JOIN subject_key k ON k.id = p.person
 WHERE h.role = 'CO' AND h.groups IS NULL AND p.id NOT IN (SELECT plans_by_glass())
"""


@dataclass(frozen=True)
class NewAmnesty:
    """`found` is how many were found when it was looked at; `left`, that they are out by now."""

    references: str
    left: bool
    found: int
    id: UUID = field(default_factory=uuid4)


async def preview_amnesty(actor: Actor, references: str) -> Sequence[Answer]:
    """Whom the lines name, among the plans of the coordinator's own agency. Raises Unfit."""
    require(actor, "previewAmnesty")
    async with transaction(actor.id):
        answers = await _answers(actor, references)
        await record(actor, "previewAmnesty")
        return answers


async def let_many_go(actor: Actor, new: NewAmnesty) -> Written:
    """A row for everybody who is found, which a job carries out within a minute.

    Family and mentors are told nothing. Raises Unfit, NotFromThisState where another number is
    found than was looked at.
    """
    require(actor, "letManyGo")
    async with transaction(actor.id):
        plans = [
            one.plan
            for one in await _answers(actor, new.references)
            if one.outcome == FOUND and one.plan is not None
        ]
        if len(plans) != new.found or not plans:
            raise NotFromThisState("By now another number is found: look again.")
        await _wait(actor, new, plans)
        await record(actor, "letManyGo", thing=new.id)
        return Written(new.id, 1, 201)


async def _answers(actor: Actor, references: str) -> list[Answer]:
    try:
        lines = rules.read_lines(references)
    except Malformed as error:
        wrong = [{"field": f"line {line}", "message": why} for line, why in error.lines[:50]]
        raise Unfit("Some lines cannot be read.", field="references", errors=wrong) from error
    if not lines:
        raise Unfit("Give one reference a line.", field="references")
    return rules.match(lines, await _known(actor))


async def _known(actor: Actor) -> list[Known]:
    rows = await connection().fetch(_MINE, actor.agency)
    return [
        Known(
            *(row["id"], row["alias"], _keys(row)),
            *(row["state"], row["outside"], row["came_back"]),
        )
        for row in rows
    ]


def _keys(row: Any) -> Collection[str]:
    """The id of the plan, its alias, and the file number of its person."""
    keys = {rules.key_of(str(row["id"])), rules.key_of(row["alias"])}
    if row["wrapped"] is not None:
        place = f"person.identity:{row['person']}"
        identity = unseal_with(row["wrapped"], row["person"], place, row["identity"])
        keys.add(rules.key_of(identity.get("file_number") or ""))
    return keys - {""}


_WAIT = """
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, local_due,
                  due_at, urgency, opened_at)
SELECT gen_random_uuid(), $1, p.id, 1, $2, $3, 'CO', $4, p.id, ($5::timestamptz AT TIME ZONE
       p.zone)::date, $5, 0, $5
  FROM plan p WHERE p.id = ANY ($6)
ON CONFLICT (kind, step, subject, about, local_due) DO NOTHING
"""


def step_of(batch: UUID) -> str:
    """How the tasks of a batch call it: as much of its id as a step holds."""
    return batch.hex[:24]


async def _wait(actor: Actor, new: NewAmnesty, plans: Sequence[UUID]) -> None:
    of_batch = (WAITING[new.left], step_of(new.id), actor.id)
    await connection().execute(_WAIT, actor.agency, *of_batch, clock.now(), list(plans))


async def call_duty(batch: Any) -> None:
    """One page for all of them; without a rota whoever answers for it has it. For the jobs."""
    sql = "SELECT ($2::timestamptz AT TIME ZONE zone)::date FROM agency WHERE id = $1"
    day = await connection().fetchval(sql, batch["agency"], batch["opened_at"])
    duty = await on_duty(batch["agency"])
    await open_task(
        "many-let-go",
        agency=batch["agency"],
        plan=None,
        subject=batch["assignee"],
        step=batch["step"],
        local_due=day,  # of the batch: what fails goes on, and pages nobody anew
        role="CO",
        assignee=duty[0]["staff"] if duty else batch["assignee"],
        due_at=clock.now(),
        urgency=URGENT,
    )


async def carry_out(task: Any) -> None:
    """Let one of them go, in the caller's transaction, in the name of who answers for it.

    Who is out by now, whose plan stands still, or who is no longer theirs, is left as they are.
    """
    held = connection()
    actor = Actor(task["assignee"], "staff", "CO", task["agency"])
    plan = await _still_inside(actor, task["plan"])
    still = await held.fetchval(
        "SELECT 1 FROM task WHERE id = $1 AND closed_at IS NULL FOR UPDATE", task["id"]
    )
    if still is None:  # another worker was faster
        return
    if plan is not None:
        await collapse(actor, plan, left=task["kind"] == WAITING[True])
        await call_staff(plan, urgency=0)
        await record(actor, "letManyGo", plan=plan["id"], thing=plan["id"])
    await held.execute(
        "UPDATE task SET closed_at = $2, outcome = $3, version = version + 1 WHERE id = $1",
        task["id"],
        clock.now(),
        "not-needed" if plan is None else "done",
    )


async def _still_inside(actor: Actor, id_: UUID) -> Any:
    group, roles = "release date", ("CO",)
    try:
        plan = await find_plan(actor, id_, group=group, roles=roles, lock=True)
    except NotFound:
        return None
    return plan if plan["state"] == "active_inside" else None
