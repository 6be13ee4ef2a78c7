"""Under supervision: what somebody took part in of their own will goes, what was ordered stays.

Afterwards it is as if it had never been offered: rows sleep again, their history is gone, and
mentors, relatives and who welcomes them with it.
docs/decisions/0018-erasure-and-retention.md says what exactly.
"""

from typing import Any
from uuid import UUID

from backend import clock
from backend.access import Actor, check_version, require
from backend.actors.actions import destroy_key, hold_keys
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.erasure.ending import WHY
from backend.erasure.holds import is_held, own_plan_locked
from backend.erasure.wishes import WHOLE, is_ordered, let_by
from backend.errors import NotFromThisState, UnderLegalHold
from backend.messages import outbox
from backend.once import Written
from backend.staff.proof import require_fresh
from backend.welcomes.ending import end_welcomes

CHOSEN = ("CNS-P", "CNS-S", "CNS-X", "FAM", "MEN")  # pathways that nobody is ordered into


async def erase_voluntary(actor: Actor, plan_id: UUID, seen: int) -> Written:
    """Erase the voluntary part of a plan whose person is under supervision.

    For a coordinator as `erase_person` is, where another one has asked for just this.
    Raises NotFound, VersionStale, ProveAgain, UnderLegalHold, TooManyTries, and NotFromThisState
    where nobody asked for it, and where the whole person may be erased.
    """
    require(actor, "eraseVoluntary")
    async with transaction(actor.id) as held:
        plan = await own_plan_locked(actor, plan_id)
        plan = await held.fetchrow("SELECT * FROM plan WHERE id = $1 FOR NO KEY UPDATE", plan_id)
        await hold_keys()
        check_version(plan, seen)
        await require_fresh(actor)
        await _check(plan)
        circle = await _circle(plan)
        await _take_out(plan_id, circle)
        for one in circle:
            await destroy_key(one)
        await end_welcomes(plan_id)
        await let_by(actor, plan["person"], voluntary=True)
        await record(actor, "eraseVoluntary", plan=plan_id, thing=plan["person"])
        # the plan's own version stays: who reads it sees nothing else of this
        return Written(plan_id, seen)


async def take_out_again(plan_id: UUID) -> None:
    """What a backup of before brought back, inside the caller's transaction: their keys are gone.

    For the jobs, and where `plans_to_thin_again` names the plan. Nobody else's rows are touched.
    """
    held = connection()
    await held.execute("SELECT 1 FROM plan WHERE id = $1 FOR NO KEY UPDATE", plan_id)
    circle = await held.fetch(
        "SELECT b.id FROM member b JOIN subject_key k ON k.id = b.id AND k.wrapped IS NULL"
        " WHERE b.plan = $1 AND b.role::text = ANY (ARRAY['ME', 'FA']) ORDER BY b.id",
        plan_id,
    )
    await _take_out(plan_id, [row["id"] for row in circle])
    await held.execute("UPDATE plan SET version = version + 1 WHERE id = $1", plan_id)


async def _take_out(plan: UUID, circle: list[UUID]) -> None:
    """The names of the circle go last: by them the database knows what the jobs may take out."""
    found = await connection().fetch("SELECT voluntary_rows($1) AS id", plan)
    rows = [row["id"] for row in found]
    await _silence(plan, rows, circle)
    await _forget(plan, rows, circle)
    await _let_go(plan, circle)


async def _check(plan: Any) -> None:
    if await is_held(plan["person"]):
        raise UnderLegalHold
    if not is_ordered(plan):
        raise NotFromThisState(WHOLE)


async def _circle(plan: Any) -> list[UUID]:
    """Mentors and relatives, but for one who stands by somebody else as well."""
    rows = await connection().fetch(
        "SELECT b.id FROM member b JOIN subject_key k ON k.id = b.id AND k.wrapped IS NOT NULL"
        " WHERE b.plan = $1 AND b.role::text = ANY (ARRAY['ME', 'FA'])"
        " AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.actor = b.id AND m.plan <> b.plan"
        "  AND (m.ends IS NULL OR m.ends > $2)) ORDER BY b.id",
        plan["id"],
        clock.now(),
    )
    return [row["id"] for row in rows]


_OF_MEETINGS = """
SELECT id FROM meeting WHERE plan = $1 UNION SELECT id FROM meeting_member WHERE plan = $1
 UNION SELECT id FROM meeting_decision WHERE plan = $1
"""


async def _silence(plan: UUID, rows: list[UUID], circle: list[UUID]) -> None:
    """Nothing about it waits to be said or done, and no chat of theirs is left."""
    held, now = connection(), clock.now()
    links = await held.fetch(
        "UPDATE link SET state = 'ended', ended_at = coalesce(ended_at, $2), token = NULL,"
        " pin = NULL, chat = NULL, chat_index = NULL, version = version + 1"
        " WHERE plan = $3 AND subject = ANY($1) RETURNING id",
        circle,
        now,
        plan,
    )
    for link in links:
        await outbox.cancel_link(link["id"], WHY)
    tasks = await held.fetch(
        "UPDATE task SET closed_at = coalesce(closed_at, $4), outcome = $5, note = NULL,"
        " version = version + 1 WHERE plan = $3 AND (subject = ANY($1) OR subject = ANY($2)"
        "  OR about = ANY($2)) RETURNING id",
        [*rows, *(row["id"] for row in await held.fetch(_OF_MEETINGS, plan))],
        circle,
        plan,
        now,
        WHY,
    )
    about = [*rows, *circle, *(row["id"] for row in tasks)]
    await outbox.cancel_about(about, WHY)
    await held.execute(
        "UPDATE message SET variables = NULL, chat = NULL, answer = NULL, version = version + 1"
        " WHERE plan = $3 AND (subject = ANY($1) OR recipient = ANY($2))",
        about,
        circle,
        plan,
    )
    await held.execute(
        "UPDATE incoming SET text = NULL, version = version + 1"
        " WHERE plan = $1 AND text IS NOT NULL",
        plan,
    )


async def _forget(plan: UUID, rows: list[UUID], circle: list[UUID]) -> None:
    """As if it had never been offered: what tells of it is deleted, and the rows sleep."""
    held = connection()
    for sql in (
        "DELETE FROM milestone_event WHERE milestone = ANY($1)",
        (
            "DELETE FROM appointment_move WHERE appointment IN"
            " (SELECT id FROM appointment WHERE milestone = ANY($1))"
        ),
        "DELETE FROM appointment WHERE milestone = ANY($1)",
        "DELETE FROM correction WHERE milestone = ANY($1)",
    ):
        await held.execute(sql, rows)
    await held.execute(
        "DELETE FROM evidence WHERE plan = $3 AND (milestone = ANY($1) OR actor = ANY($2))",
        rows,
        circle,
        plan,
    )
    await held.execute(
        "DELETE FROM claim WHERE plan = $3 AND (subject = ANY($1) OR actor = ANY($2))",
        rows,
        circle,
        plan,
    )
    await held.execute(
        "DELETE FROM contact WHERE plan = $2 AND (subject = ANY($1) OR actor = ANY($1))",
        circle,
        plan,
    )
    await held.execute(
        "DELETE FROM participation WHERE plan = $1"
        " AND (answer <> 'accepted' OR pathway = ANY($2) OR milestone = ANY($3))",
        plan,
        list(CHOSEN),
        rows,
    )
    # nobody is ordered to say what they want or need; a step agreed on is a need like others
    for sql in (
        "DELETE FROM needs_area WHERE plan = $1",
        "DELETE FROM needs_review WHERE plan = $1",
        "DELETE FROM goal WHERE plan = $1",
        # the words of a meeting speak of both parts; that it was held is a row that stays
        "DELETE FROM meeting_note WHERE plan = $1",
        "DELETE FROM meeting_decision WHERE plan = $1",
        "DELETE FROM meeting_share WHERE plan = $1",
        "DELETE FROM meeting_item WHERE plan = $1",
        "DELETE FROM meeting_member WHERE plan = $1",
        "DELETE FROM meeting WHERE plan = $1",
    ):
        await held.execute(sql, plan)
    await held.execute(
        "UPDATE milestone SET state = 'dormant', cause = NULL, due_on = NULL, done_on = NULL,"
        " pinned = false, cycle = 0, said_by = NULL, show_court = false, version = version + 1"
        " WHERE id = ANY($1) AND (state <> 'dormant' OR show_court OR pinned)",
        rows,
    )
    # of what was ordered nobody of the circle has said anything
    await held.execute(
        "UPDATE milestone SET said_by = NULL, version = version + 1"
        " WHERE plan = $1 AND said_by::text = ANY (ARRAY['ME', 'FA'])",
        plan,
    )


async def _let_go(plan: UUID, circle: list[UUID]) -> None:
    """Their mandates end, and whatever was let or kept for them."""
    held, now = connection(), clock.now()
    for sql in (
        (
            "UPDATE channel_consent SET withdrawn_at = coalesce(withdrawn_at, $2),"
            " version = version + 1 WHERE plan = $3 AND subject = ANY($1)"
        ),
        (
            "UPDATE disclosure SET withdrawn_at = coalesce(withdrawn_at, $2),"
            " version = version + 1 WHERE plan = $3 AND recipient = ANY($1)"
        ),
        (
            "UPDATE safety_flag SET lowered_at = coalesce(lowered_at, $2), kept_from = NULL,"
            " version = version + 1 WHERE plan = $3 AND subject = ANY($1)"
        ),
        (
            "UPDATE protected_address SET ended_at = coalesce(ended_at, $2),"
            " version = version + 1 WHERE plan = $3 AND subject = ANY($1)"
        ),
        (
            "UPDATE mandate SET ends = greatest(starts, $2::timestamptz), version = version + 1"
            " WHERE plan = $3 AND actor = ANY($1) AND (ends IS NULL OR ends > $2)"
        ),
    ):
        await held.execute(sql, circle, now, plan)
    await held.execute(
        "UPDATE member SET gate = NULL, call_weekday = NULL, call_at = NULL, mentor = NULL,"
        " alias = 'gone-' || substr(id::text, 1, 8), version = version + 1 WHERE id = ANY($1)",
        circle,
    )
    await held.execute(
        "UPDATE task SET closed_at = $2, outcome = $3, version = version + 1"
        " WHERE kind = 'complaint-due' AND closed_at IS NULL"
        "   AND subject IN (SELECT id FROM complaint WHERE subject = ANY($1))",
        circle,
        now,
        WHY,
    )
    await held.execute(
        "UPDATE incident SET description = NULL, outcome = NULL, version = version + 1"
        " WHERE touched && $1 AND (description IS NOT NULL OR outcome IS NOT NULL)",
        circle,
    )
