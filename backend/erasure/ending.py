"""What ends with a person whose key is destroyed, whoever destroys it."""

from datetime import timedelta
from uuid import UUID

from backend import clock
from backend.database import connection, moment
from backend.messages import outbox
from backend.passes.ending import end_passes_of

WHY = "erased"


async def end_what_goes_on(person: UUID, plans: list[UUID], *, by: UUID | None) -> None:
    """All but the mandates, on which whoever does it may still stand."""
    await _silence(plans)
    await _close(plans, by)
    await _let_go(person, plans)
    await _take_words(person, plans)


async def _silence(plans: list[UUID]) -> None:
    """Nothing that waits is said, and no address of a chat is left."""
    held = connection()
    # a chat before what is to be said in it, as everybody does who ends one
    await held.execute(
        "UPDATE link SET state = 'ended', ended_at = coalesce(ended_at, $2), token = NULL,"
        " pin = NULL, chat = NULL, chat_index = NULL, version = version + 1 WHERE plan = ANY($1)",
        plans,
        clock.now(),
    )
    for plan in plans:
        await outbox.cancel_plan(plan, WHY)
    tasks = await held.fetch("SELECT id FROM task WHERE plan = ANY($1)", plans)
    about = [*plans, *(row["id"] for row in tasks)]  # staff are told of these in their own chats
    await outbox.cancel_about(about, WHY)
    await held.execute(
        "UPDATE message SET variables = NULL, version = version + 1"
        " WHERE variables IS NOT NULL AND (plan = ANY($1) OR subject = ANY($2))",
        plans,
        about,
    )
    # under the key of who wrote it, and that is kept where they stand by somebody else too
    await held.execute(
        "UPDATE incoming SET text = NULL, version = version + 1"
        " WHERE plan = ANY($1) AND text IS NOT NULL",
        plans,
    )


async def _close(plans: list[UUID], by: UUID | None) -> None:
    held, now = connection(), clock.now()
    await held.execute(
        "UPDATE task SET closed_at = $2, closed_by = $3, outcome = $4, version = version + 1"
        " WHERE plan = ANY($1) AND closed_at IS NULL",
        plans,
        now,
        by,
        WHY,
    )
    # a court's reference names somebody: what it was found by goes too, and another may have it
    await held.execute(
        "UPDATE court_file SET ended_at = coalesce(ended_at, $2), version = version + 1,"
        " reference_index = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')"
        " WHERE plan = ANY($1)",
        plans,
        now,
    )
    await held.execute(
        "UPDATE plan SET state = 'closed', closed_at = coalesce(closed_at, $2),"
        " version = version + 1 WHERE id = ANY($1)",
        plans,
        now,
    )


async def _let_go(person: UUID, plans: list[UUID]) -> None:
    """Walls have nobody to stand around; the reasons of wishes lie under keys of the staff."""
    held = connection()
    for plan in plans:
        await end_passes_of(plan)
    await held.execute(
        "UPDATE wall SET ended_at = $2, version = version + 1"
        " WHERE person = $1 AND ended_at IS NULL",
        person,
        clock.now(),
    )
    await held.execute(
        "UPDATE safety_flag SET lowered_at = coalesce(lowered_at, $2), kept_from = NULL,"
        " content = NULL, version = version + 1 WHERE plan = ANY($1)",
        plans,
        clock.now(),
    )
    await held.execute(
        "UPDATE protected_address SET ended_at = coalesce(ended_at, $2), address = NULL,"
        " version = version + 1 WHERE plan = ANY($1)",
        plans,
        clock.now(),
    )
    await held.execute(
        "UPDATE erasure_wish SET ended_at = $2, version = version + 1"
        " WHERE person = $1 AND ended_at IS NULL",
        person,
        clock.now(),
    )
    # with the version that its asker saw: to take back a wish about nobody goes as before
    await held.execute(
        "UPDATE break_glass g SET reason = NULL FROM plan p"
        " WHERE p.id = ANY($1) AND g.reason IS NOT NULL AND ("
        "  (g.agency = p.agency AND lower(g.alias) = lower(p.alias)"
        "   AND g.asked_at >= p.opened_at)"
        "  OR g.id IN (SELECT m.glass FROM mandate m WHERE m.plan = p.id))",
        plans,
    )


async def _take_words(person: UUID, plans: list[UUID]) -> None:
    """An incident's words lie under keys of the staff; what was due and done stays without them.

    A complaint's lie under the key of whose it is; who was asked to answer it is asked no more.
    """
    held = connection()
    members = await held.fetch("SELECT id FROM member WHERE plan = ANY($1)", plans)
    touched = [person, *plans, *(row["id"] for row in members)]
    await held.execute(
        "UPDATE incident SET description = NULL, outcome = NULL, version = version + 1"
        " WHERE touched && $1 AND (description IS NOT NULL OR outcome IS NOT NULL)",
        touched,
    )
    await held.execute(
        "UPDATE task SET closed_at = $2, outcome = $3, version = version + 1"
        " WHERE kind = 'complaint-due' AND closed_at IS NULL"
        "   AND subject IN (SELECT id FROM complaint WHERE person = $1)",
        person,
        clock.now(),
        WHY,
    )


async def end_mandates(plans: list[UUID]) -> None:
    """A moment after this transaction, which still stands on one of them."""
    await connection().execute(
        "UPDATE mandate SET ends = greatest(starts, $2::timestamptz), version = version + 1"
        " WHERE plan = ANY($1) AND (ends IS NULL OR ends > $2)",
        plans,
        moment() + timedelta.resolution,
    )
