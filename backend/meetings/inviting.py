"""Asking somebody to a meeting, and what they answer. No place, no reason; silence is nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from backend import clock
from backend.access import GROUPS, TOLD, Actor
from backend.alerts.actions import MEETING_OFF, close_all, open_task
from backend.database import connection, moment
from backend.meetings import rules
from backend.messages import outbox
from backend.messages.outbox import Occurrence

ASKED = "meeting-asked"  # a task of whoever has an account, as that it is off
# `a` is a part in a meeting: whose it is has not left the circle.
STAYS = """
(a.role = 'PE' OR EXISTS (SELECT 1 FROM mandate o WHERE o.plan = a.plan AND o.actor = a.actor
                             AND (o.ends IS NULL OR o.ends > $2)))
"""
_MEMBERS = f"""
SELECT a.*, coalesce(s.alias, b.alias) AS alias, coalesce(e.told, false) AS told, e.groups,
       coalesce(e.role, a.role) AS role_now, {STAYS} AS stays,
       is_barred($3, a.actor, coalesce(e.role, a.role)) AS barred
  FROM meeting_member a LEFT JOIN staff s ON s.id = a.actor LEFT JOIN member b ON b.id = a.actor
  LEFT JOIN LATERAL (
       SELECT true AS told, m.role, {GROUPS.format(at="$2")} AS groups FROM mandate m
        WHERE m.plan = a.plan AND m.actor = a.actor AND m.starts <= $2
          AND (m.ends IS NULL OR m.ends > $2) AND NOT is_barred($3, m.actor, m.role)
          AND {TOLD.format(group=f"'{rules.GROUP}'", at="$2")}
        ORDER BY m.role <> a.role, m.starts LIMIT 1) e ON true
 WHERE a.plan = $1 AND ($4::uuid IS NULL OR a.meeting = $4) ORDER BY a.role, a.id
"""


async def members_of(plan: Mapping[str, Any], meeting: UUID | None = None) -> Sequence[Any]:
    """Who is asked to a meeting of a plan, or to any, as far as the actor sees it.

    `told`: something of a meeting may be told to them, where they work; `groups`, all that may;
    `role_now` is by what they would read of it. Who does not `stays` has left the circle; before
    who is `barred` a wall stands.
    """
    values = (plan["id"], moment(), plan["person"], meeting)
    rows: Sequence[Any] = await connection().fetch(_MEMBERS, *values)
    return rows


async def invite(actor: Actor, plan: Mapping[str, Any], meeting: Mapping[str, Any]) -> None:
    """Ask each who has not answered: by chat whoever has one, staff by a task; others by voice."""
    for member in await members_of(plan, meeting["id"]):
        if member["answer"] or member["actor"] == actor.id:
            continue
        if member["role"] in rules.WITHOUT_ACCOUNT:
            await _by_chat(plan, meeting, member)
        elif member["told"]:
            await _by_task(ASKED, plan, meeting, member)


async def _by_chat(plan: Mapping[str, Any], meeting: Mapping[str, Any], member: Any) -> None:
    link = await outbox.active_link(plan["id"], member["actor"])
    if link is None:
        return
    occurrence = Occurrence(rules.INVITATION, _step(meeting), meeting["id"], meeting["held_on"])
    due = clock.now()
    # it is said as long as there is something to come to: it is judged once more when it is sent
    expires = max(rules.begins(meeting), due + outbox.LATE)
    await outbox.queue(link, rules.INVITATION, occurrence, due_at=due, expires_at=expires)


async def _by_task(
    kind: str, plan: Mapping[str, Any], meeting: Mapping[str, Any], member: Any
) -> None:
    await open_task(
        kind,
        agency=plan["agency"],
        plan=plan["id"],
        subject=member["id"],
        step=_step(meeting),
        role=member["role"],
        assignee=member["actor"],
        local_due=meeting["held_on"],
        due_at=rules.begins(meeting),
    )


def _step(meeting: Mapping[str, Any]) -> str:
    """Another one for each day and hour: moved to and fro, it is asked about each time."""
    return f"ask-{meeting['moves']}"


async def stop_asking(meeting: UUID) -> None:
    """It takes place, was called off or moved: nobody is asked any more whether they come."""
    await outbox.cancel_about([meeting], "settled")
    asked = await connection().fetch("SELECT id FROM meeting_member WHERE meeting = $1", meeting)
    await close_all([one["id"] for one in asked], (ASKED,), "settled")


async def call_off(actor: Actor, plan: Mapping[str, Any], meeting: Mapping[str, Any]) -> None:
    """Nobody is asked any more, and staff have a task that it is off; others are told by voice."""
    await stop_asking(meeting["id"])
    if not rules.is_to_come(meeting, clock.now()):
        return
    for member in await members_of(plan, meeting["id"]):
        if member["actor"] != actor.id and not rules.is_by_voice(member):
            await _by_task(MEETING_OFF, plan, meeting, member)


async def end_with(actor: Actor, plan: Mapping[str, Any]) -> None:
    """The plan ends, and with it what was to come (`rules.as_it_stands`): staff are told."""
    for meeting in await connection().fetch(
        "SELECT * FROM meeting WHERE plan = $1 ORDER BY id", plan["id"]
    ):
        if rules.is_to_come(meeting, clock.now()):
            await call_off(actor, plan, meeting)


_ANSWERED = """
UPDATE meeting_member a SET answer = $3, answered_at = $4, version = a.version + 1
  FROM meeting m JOIN plan p ON p.id = m.plan
 WHERE m.id = a.meeting AND a.meeting = $1 AND a.actor = $2 AND 'ask-' || m.moves = $5
   AND m.called_off_at IS NULL AND m.took_place_at IS NULL AND p.closed_at IS NULL
RETURNING a.id
"""


async def answered_by_chat(message: Mapping[str, Any], who: UUID, answer: str | None) -> bool:
    """Note a tap, or that it is taken back; False where it was about another time, or is over."""
    at = None if answer is None else clock.now()
    values = (message["subject"], who, answer, at, message["step"])
    return await connection().fetchval(_ANSWERED, *values) is not None
