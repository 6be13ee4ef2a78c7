"""Whether the process lives, and whether it can do its work. No person is in these answers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from backend import clock
from backend.database import fetch
from backend.doors import NO_STORE, PUBLIC
from backend.errors import DatabaseBusy
from backend.silence import SILENT
from backend.staff.rules import asks_less

BEATING = "worker"  # each under a name of its own, that begins so
NEEDED = (
    ("emergency_number", "no emergency number"),
    ("crisis_text", "no crisis text"),
    ("duty_phone", "no duty contact"),
)


# The newest head of the audit, and the newest that has left the host by any way.
_HEADS = """
(SELECT id AS number, at, false AS has_left FROM audit_head ORDER BY id DESC LIMIT 1)
UNION ALL
(SELECT id AS number, at, true FROM audit_head WHERE filed_at IS NOT NULL OR posted_at IS NOT NULL
  ORDER BY id DESC LIMIT 1)
"""

# What came in and waits, and what was given up: instants alone.
_UPDATES = """
SELECT (SELECT min(received_at) FROM incoming_update
         WHERE handled_at IS NULL AND failed_at IS NULL) AS waits,
       (SELECT max(failed_at) FROM incoming_update WHERE failed_at IS NOT NULL) AS failed
"""

# By chat, to members of a circle: without an entry of the registry a human is asked to tell them.
WHOM = {"FA": "relatives", "ME": "mentors", "PE": "the person"}
_CLOSED = """
SELECT a.id AS agency, k.to_role
  FROM agency a CROSS JOIN unnest(ARRAY['FA', 'ME', 'PE']) AS k(to_role)
 WHERE NOT may_flow(a.id, 'chat', NULL, k.to_role, 'messages', $1) ORDER BY a.id, k.to_role
"""


class Alive(msgspec.Struct):
    status: str = "ok"


class Readiness(msgspec.Struct, omit_defaults=True):
    """`ready` is false while the database is away; `reasons` names what else is not in order.

    `silent_since` is when the jobs gave their last sign, where they are silent: since then nothing
    was sent and nobody was reminded.
    """

    ready: bool
    reasons: list[str]
    silent_since: datetime | None = None


@get("/health/live", operation_id="healthLive", opt={PUBLIC: True}, tags=["health"])
async def live() -> Alive:
    """The process answers."""
    return Alive()


@get(
    "/health/ready",
    operation_id="healthReady",
    opt={PUBLIC: True},
    tags=["health"],
    responses={503: ResponseSpec(Readiness, generate_examples=False)},
)
async def ready() -> Response[Readiness]:
    """The database answers; what keeps messages from being sent is listed with its reason.

    So is an agency of real people whose staff may come in with less than is asked by default, a
    job that does not get on, and what came in by chat and was not read.
    """
    try:
        agencies = await fetch(
            "SELECT id, emergency_number, crisis_text, duty_phone, second_factor, demo"
            "  FROM agency ORDER BY id"
        )
        closed = await fetch(_CLOSED, clock.now())
        beats = await fetch("SELECT name, at FROM heartbeat")
        jobs = await fetch("SELECT name, at, within FROM job_round ORDER BY name")
        [updates] = await fetch(_UPDATES)
        heads = await fetch(_HEADS)
    except DatabaseBusy:
        return Response(Readiness(ready=False, reasons=["database away"]), status_code=503)
    reasons = [
        f"sending is off for agency {agency['id']}: {reason}"
        for agency in agencies
        for column, reason in NEEDED
        if not agency[column]
    ] + [
        f"sending is off for agency {one['agency']}: no data flow to {WHOM[one['to_role']]} by chat"
        for one in closed
    ]
    reasons += _less(agencies) + _silent(beats) + _failing(jobs, beats)
    reasons += _unread(updates) + _kept_here(heads)
    readiness = Readiness(ready=True, reasons=reasons, silent_since=_silent_since(jobs))
    return Response(readiness, headers=NO_STORE)


def _less(agencies: Sequence[Any]) -> list[str]:
    """Where an operator lets staff in with less; the demo's people are invented."""
    return [
        f"less than passkeys is asked of the staff of agency {one['id']}: {one['second_factor']}"
        for one in agencies
        if asks_less(one["second_factor"]) and not one["demo"]
    ]


def _silent(beats: Sequence[Any]) -> list[str]:
    """Who no longer beats beside one that does; or that nobody does."""
    now = clock.now()
    silent = sorted(beat["name"] for beat in beats if now - beat["at"] > SILENT)
    if len(silent) == len(beats):
        return [f"{BEATING} is silent"]
    # an earlier release has one row for all of its workers, and leaves it behind
    return [f"{name} is silent" for name in silent if name != BEATING]


def _silent_since(jobs: Sequence[Any]) -> datetime | None:
    last = next((job["at"] for job in jobs if job["name"] == "heartbeat"), None)
    return last if last is not None and clock.now() - last >= SILENT else None


def _failing(jobs: Sequence[Any], beats: Sequence[Any]) -> list[str]:
    """Jobs and rules of the retention that do not get on, while somebody is there to do them."""
    now = clock.now()
    if not any(now - beat["at"] <= SILENT for beat in beats):
        return []
    return [
        f"{job['name']} has not succeeded since {job['at'].isoformat()}"
        for job in jobs
        if now - job["at"] > timedelta(seconds=job["within"])
    ]


def _unread(updates: Any) -> list[str]:
    """Whether something that was written or tapped has not taken effect, or never will."""
    found, waits, failed = [], updates["waits"], updates["failed"]
    if waits is not None and clock.now() - waits > SILENT:
        found.append(f"an update of the bot waits since {waits.isoformat()}")
    if failed is not None:
        found.append(f"an update of the bot could not be read: {failed.isoformat()}")
    return found


def _kept_here(heads: Sequence[Any]) -> list[str]:
    """Whether what proves the audit leaves this host, so that who rules over it cannot undo it."""
    left = [head for head in heads if head["has_left"]]
    if not left:
        return ["the audit's head does not leave this host: AUDIT_HEAD_DIR, AUDIT_HEAD_URL"]
    waits = [head for head in heads if head["number"] > left[0]["number"]]
    if any(clock.now() - head["at"] > SILENT for head in waits):
        return [f"the audit's head has not left this host since {left[0]['at'].isoformat()}"]
    return []
