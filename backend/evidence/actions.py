"""What is known of a row and by whom, and what waits until a worker has seen to it.

Two people may say different things: both stay, and which of them holds is for people to find out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypedDict
from uuid import UUID

import msgspec

from backend import clock
from backend.access import GROUPS, TOLD, Actor, require
from backend.appointments.rules import MISSED as MISSED_STATES
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.evidence import rules
from backend.evidence.rules import Saying
from backend.plans import rules as of_plans
from backend.plans.actions.milestones import find_milestone
from backend.plans.actions.reading import PlanRead

EARLIEST = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class Said(TypedDict):
    """A saying as its row has it; `speaker` is whoever says it, or the date that was missed."""

    speaker: UUID
    role: str
    provenance: str
    happened: bool
    day: date
    taken_back: bool
    answers: bool


_told = msgspec.json.Decoder(list[Said]).decode

# The sayings about a row `n` in the cycle `{cycle}`, from the oldest on; with them the dates for it
# that were missed, of which no evidence is ever made.
SINCE = rules.SINCE_IT_BEGAN.format(saying="o")
_SAYINGS = f"""
(SELECT coalesce(json_agg(s.* ORDER BY s.row_version NULLS FIRST, s.day), '[]') FROM (
    SELECT o.actor AS speaker, o.role, o.provenance, o.happened, o.day,
           o.taken_back_at IS NOT NULL AS taken_back, o.answers, o.row_version
      FROM evidence o WHERE o.milestone = n.id AND o.cycle = {{cycle}}
       AND {SINCE}
    UNION ALL
    SELECT a.id, a.role, '{rules.MISSED}', false, a.held_on, false, false, NULL
      FROM appointment a WHERE a.milestone = n.id AND a.state = ANY ({{missed}})) AS s)
"""
# What a mentor, a relative or the person says of a row that is not so: that it happened, of an open
# row; that it had not, of a done one. Until a worker or a service says what they know.
_WAITS = f"""
e.provenance = 'said' AND e.taken_back_at IS NULL AND e.cycle = n.cycle
AND CASE WHEN e.happened THEN n.state IN ('planned', 'in_progress')
         ELSE n.state = 'done' AND e.day >= n.done_on END
AND NOT EXISTS (SELECT 1 FROM evidence o WHERE o.milestone = e.milestone AND o.cycle = e.cycle
                   AND o.provenance <> 'said' AND o.taken_back_at IS NULL
                   AND o.row_version > e.row_version)
AND {rules.SINCE_IT_BEGAN.format(saying="e")}
"""
# A plan comes with the alias that may be told of it, and a wall is asked for once for each.
_CLAIMS = f"""
WITH held AS MATERIALIZED (
    SELECT DISTINCT ON (p.id) p.id, p.zone, p.left_custody_at,
           CASE WHEN covers({GROUPS.format(at="$2")}, 'alias') THEN p.alias END AS alias
      FROM mandate m JOIN plan p ON p.id = m.plan AND p.state = ANY ($4)
     WHERE m.actor = $1 AND m.role = ANY ($3) AND m.starts <= $2
       AND (m.ends IS NULL OR m.ends > $2) AND NOT is_barred(p.person, m.actor, m.role)
       AND {TOLD.format(group="'milestones'", at="$2")} AND ($6::uuid IS NULL OR p.id = $6))
SELECT n.*, h.alias, h.zone, h.left_custody_at, w.since,
       {_SAYINGS.format(cycle="n.cycle", missed="$5")} AS sayings
  FROM held h
  JOIN LATERAL (
       SELECT e.milestone, min(e.at) AS since FROM evidence e
         JOIN milestone n ON n.id = e.milestone
        WHERE e.plan = h.id AND {_WAITS} GROUP BY e.milestone) AS w ON true
  JOIN milestone n ON n.id = w.milestone
 WHERE (w.since, n.id) > ($7, $8) ORDER BY w.since, n.id LIMIT $9
"""


@dataclass(frozen=True)
class Claims:
    """A row of which somebody says what is not so yet, `since` when, and all that is said of it."""

    row: Any
    since: datetime
    sayings: Sequence[Said]

    @property
    def differ(self) -> bool:
        return differ(self.sayings)


def differ(sayings: Sequence[Said]) -> bool:
    return rules.differ(
        [
            Saying(one["speaker"], one["role"], one["provenance"], one["happened"], one["day"])
            for one in sayings
            if not one["taken_back"]
        ]
    )


async def list_claims(
    actor: Actor,
    *,
    plan: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Claims]:
    """What was said of the actor's own plans and waits for a worker, oldest first, by pages."""
    require(actor, "listClaims")
    async with transaction(actor.id) as held:
        rows = await held.fetch(
            _CLAIMS,
            actor.id,
            clock.now(),
            sorted(of_plans.WORKERS),
            sorted(of_plans.RUNNING),
            sorted(MISSED_STATES),
            plan,
            *(after or EARLIEST),
            limit,
        )
        await record(actor, "listClaims", plan=plan if rows else None)
        return [Claims(row, row["since"], _told(row["sayings"])) for row in rows]


@dataclass(frozen=True)
class RowRead:
    """A row with what it waits for and what is known of it, as far as its reader is told."""

    row: Any
    plan: Any
    before: Sequence[Any]
    sayings: Sequence[Said]

    @property
    def role(self) -> str:
        return str(self.plan["mandate"])

    def as_plan(self) -> PlanRead:
        """Of its plan as much as one row needs."""
        today = clock.today(self.plan["zone"])
        return PlanRead(
            self.plan, self.role, today, None, [self.row], {}, None, (), self.plan["told_groups"]
        )

    @property
    def waits(self) -> bool:
        """Whether a worker is asked for their word."""
        return self.role in of_plans.WORKERS and rules.waits(self.row, self.sayings)

    @property
    def differ(self) -> bool:
        return self.role in of_plans.WORKERS and differ(self.sayings)


_OF_PLAN = f"""
SELECT n.*, {_SAYINGS.format(cycle="n.cycle", missed="$3")} AS sayings FROM milestone n
 WHERE n.plan = $1 AND n.state = ANY ($2) ORDER BY n.due_on, n.code
"""


async def known_of(plan: UUID) -> Sequence[tuple[Any, Sequence[Said]]]:
    """The rows of a plan that are open or done, each with all that is said of it.

    For a worker of the plan, inside the caller's transaction.
    """
    states = sorted(of_plans.OPEN | {"done"})
    rows = await connection().fetch(_OF_PLAN, plan, states, sorted(MISSED_STATES))
    return [(row, _told(row["sayings"])) for row in rows]


_OF_ROW = f"""
SELECT {_SAYINGS.format(cycle="n.cycle", missed="$2")} FROM milestone n WHERE n.id = $1
"""
_BEFORE = """
SELECT b.* FROM milestone n JOIN milestone b ON b.plan = n.plan AND b.code = ANY (n.depends)
 WHERE n.id = $1 AND b.state IN ('dormant', 'planned', 'in_progress') ORDER BY b.day, b.code
"""


async def get_milestone(actor: Actor, id_: UUID) -> RowRead:
    """A row, what it still waits for, and who knows of it that it happened. Raises NotFound."""
    require(actor, "getMilestone")
    async with transaction(actor.id) as held:
        row, plan = await find_milestone(actor, id_)
        await record(actor, "getMilestone", plan=plan["id"], thing=id_)
        role = plan["mandate"]
        said = _told(await held.fetchval(_OF_ROW, id_, sorted(MISSED_STATES)))
        return RowRead(
            row,
            plan,
            [one for one in await held.fetch(_BEFORE, id_) if of_plans.sees(role, one)],
            [one for one in said if rules.sees_saying(role, one)],
        )
