"""What somebody said by a tap: a claim by who tapped, and only seldom a fact.

A milestone follows only where its evidence is the answer itself (`reply`), or
where the tapper is the responsible worker. Everywhere else the claim waits until
a worker has seen to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from backend import clock
from backend.access import Actor
from backend.alerts.actions import open_task, step_again
from backend.database import connection
from backend.evidence.rules import settles_by_tap
from backend.messages.questions import RELEASE_AT
from backend.messages.rules import GATE_ASKS
from backend.plans.actions.claiming import claim_milestone, deny_milestone, take_back
from backend.plans.actions.milestones import goes_on_with
from backend.plans.actions.writing import keep_good_news, write_milestone

_BEFORE_THE_DAY = frozenset(ask.rule for ask in GATE_ASKS)


@dataclass(frozen=True)
class Tap:
    """One answer: who, on which message, what; `day` is the day of a date button.

    `gone` where it was asked about a release that another one has followed since: what it says
    settles and claims nothing.
    """

    actor: Actor
    link: Any
    message: Any
    plan: Any | None
    action: str
    day: date | None = None
    gone: bool = False

    @property
    def key(self) -> str:
        """The text that was answered, whoever it was written for."""
        return str(self.message["key"]).removesuffix("-F")


async def note(tap: Tap) -> None:
    """Keep the claim itself: who, when, what."""
    await connection().execute(
        "INSERT INTO claim (id, agency, plan, version, message, actor, role, subject, what, at)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
        uuid4(),
        tap.message["agency"],
        tap.message["plan"],
        tap.message["id"],
        tap.actor.id,
        tap.actor.role,
        tap.message["subject"],
        tap.action,
        clock.now(),
    )


async def tell_worker(tap: Tap, kind: str, urgency: int = 0) -> None:
    """A task for the social worker of the plan that the message was about.

    Whoever taps again after a human has closed it is heard again.
    """
    if tap.message["plan"] is None:
        return
    subject, today = tap.message["subject"], clock.today(tap.link["zone"])
    await open_task(
        kind,
        agency=tap.message["agency"],
        plan=tap.message["plan"],
        subject=subject,
        local_due=today,
        about=tap.actor.id,
        step=await step_again(
            kind, subject, about=tap.actor.id, local_due=today, step=tap.message["key"]
        ),
        urgency=urgency,
    )


_DAY_HOLDS = f"""
SELECT p.certainty = 'confirmed' AND {RELEASE_AT.format(at="$2")} = p.release_date
  FROM plan p WHERE p.id = $1
"""


async def is_of_a_day_gone(tap: Tap) -> bool:
    """Whether the day of release that was asked about has moved since, or was called off."""
    if tap.plan is None or tap.message["rule"] not in _BEFORE_THE_DAY:
        return False
    return not await connection().fetchval(_DAY_HOLDS, tap.plan["id"], tap.message["created_at"])


_OF_A_RELEASE_GONE = """
SELECT EXISTS (SELECT 1 FROM custody_return r JOIN milestone m ON m.plan = r.plan
                WHERE r.plan = $1 AND m.id = $2 AND r.reopened_at >= $3)
"""


async def is_of_a_release_gone(tap: Tap) -> bool:
    """Whether the plan was reopened since a row of it was asked about."""
    if tap.plan is None:
        return False
    asked = (tap.plan["id"], tap.message["subject"], tap.message["created_at"])
    gone: bool = await connection().fetchval(_OF_A_RELEASE_GONE, *asked)
    return gone


async def said_done(tap: Tap, code: str | None = None) -> None:
    """The row is done where the answer is its evidence; otherwise it is a claim of who says so.

    Of a row that repeats, the cycle that was asked about; where that is over, nothing.
    """
    row = await _row(tap, code)
    if row is None or tap.plan is None:
        return
    # it is asked about on its day, and the repeat carries that day; a pinned one was moved since
    over = row["due_on"] is not None and row["due_on"] > tap.message["local_due"]
    if row["repeat_days"] is not None and over and not row["pinned"]:
        return
    if settles_by_tap(row["evidence"], tap.actor.role, owner=row["owner"]):
        await _settle(tap, row)
    else:
        await _claim(tap, row)


async def said(tap: Tap, code: str) -> None:
    """Somebody else says that it happened than whose answer it waits for: a claim, and no more."""
    row = await _row(tap, code)
    if row is not None:
        await _claim(tap, row)


_OPEN_OR_DONE = """
SELECT * FROM milestone WHERE plan = $1 AND id = $2
   AND state IN ('planned', 'in_progress', 'done') FOR UPDATE
"""


async def said_not(tap: Tap) -> None:
    """It did not happen, or not yet. The row stays as it is, also where a worker has settled it."""
    if tap.gone or tap.plan is None:
        return
    row = await connection().fetchrow(_OPEN_OR_DONE, tap.message["plan"], tap.message["subject"])
    if row is not None:
        await deny_milestone(tap.actor, row, tap.plan, tap.action, message=tap.message["id"])


async def named(tap: Tap, day: date) -> None:
    """They name the day on which it is to be: no word yet that it was."""
    row = await _row(tap)
    if row is not None and tap.plan is not None:
        after = {"said_by": tap.actor.role, "what": f"day {day.isoformat()}"}
        await write_milestone(tap.actor, row, tap.plan, after)


async def _row(tap: Tap, code: str | None = None) -> Any | None:
    """The open milestone that the message is about, or the one of a code, locked.

    None where it was asked about another release: the row is about the next by now.
    """
    if tap.gone:
        return None
    return await connection().fetchrow(
        "SELECT * FROM milestone WHERE plan = $1 AND state IN ('planned', 'in_progress')"
        " AND CASE WHEN $2::text IS NULL THEN id = $3 ELSE code = $2 END FOR UPDATE",
        tap.message["plan"],
        code,
        tap.message["subject"],
    )


async def _claim(tap: Tap, row: Mapping[str, Any]) -> None:
    if tap.plan is not None:
        message = tap.message["id"]
        await claim_milestone(tap.actor, row, tap.plan, tap.action, message=message)


# What one answer changed, and nobody since: from its claim to the next of who gave it.
_SETTLED = """
SELECT e.before, e.due_before, m.*, coalesce((
           SELECT max(v.cycle) FROM evidence v WHERE v.milestone = m.id AND v.message = c.message),
       m.cycle - 1) AS said_in
  FROM claim c
  JOIN milestone_event e ON e.plan = c.plan AND e.actor = c.actor AND e.kind = 'state'
       AND e.at >= c.at AND e.at < coalesce((SELECT min(n.at) FROM claim n
                                     WHERE n.actor = c.actor AND n.at > c.at), 'infinity')
  JOIN milestone m ON m.id = e.milestone
 WHERE c.message = $1 AND c.actor = $2 AND c.undone_at IS NULL AND NOT EXISTS (
       SELECT FROM milestone_event o WHERE o.milestone = m.id AND (o.at, o.id) > (e.at, e.id)
          AND o.kind <> 'undone')
 ORDER BY m.id FOR UPDATE OF m
"""


async def unsettle(tap: Tap, message: Any) -> None:
    """Take back what the actor said by a message, and open again what that has settled.

    The caller holds its plan.
    """
    if tap.plan is None:
        return
    settled = await connection().fetch(_SETTLED, message, tap.actor.id)
    await keep_good_news([row["id"] for row in settled])
    for row in settled:
        after = {"state": row["before"], "due_on": row["due_before"], "done_on": None}
        if row["state"] == "planned":  # the next of its cycles
            after["cycle"] = row["said_in"]
        await write_milestone(tap.actor, row, tap.plan, after)
    await take_back(tap.actor, tap.plan, message)


async def _settle(tap: Tap, row: Mapping[str, Any]) -> None:
    after: dict[str, Any] = {
        "state": "done",
        "done_on": clock.today(tap.plan["zone"] if tap.plan else tap.link["zone"]),
        "said_by": None,
        "saying": {"message": tap.message["id"]},
    }
    if tap.plan is not None:
        after |= goes_on_with(row, tap.plan)
    await write_milestone(tap.actor, row, tap.plan or {}, after)
