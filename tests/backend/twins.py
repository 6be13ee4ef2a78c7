"""Twin plans, alike in all but their ids: a change goes the short way on one and the long way on
the other, and what it leaves is compared.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from backend.access import Actor
from backend.errors import DomainError
from backend.once import Asked, digest, once
from backend.plans.actions.milestones import MilestoneChange, change_milestone
from backend.problems import TYPE_PREFIX
from tests.world import Caller, World

# A Monday; at the easternmost end of the world it is Tuesday by now.
NOON = datetime(2031, 3, 3, 11, tzinfo=UTC)
SEEN = 3  # the version of the row of every case


def the_day(days: int = 0) -> str:
    return (NOON.date() + timedelta(days=days)).isoformat()


@dataclass(frozen=True)
class Kind:
    """A row of the template, and how it is before the change; `hushed`: nobody may hear of it."""

    code: str
    state: str = "planned"
    paused: bool = False
    hushed: bool = False


@dataclass(frozen=True)
class Change:
    body: dict[str, Any]
    seen: int = SEEN


KINDS = {
    "plain": Kind("PLN-05"),
    "under way": Kind("PLN-06", "in_progress"),
    "repeating": Kind("FAM-04"),
    "good news": Kind("VOC-06"),
    "good news that nobody may hear": Kind("VOC-06", hushed=True),
    "with others that depend on it": Kind("CNS-01"),
    "dormant": Kind("CNS-11", "dormant"),
    "done": Kind("PLN-02", "done"),
    "of a paused plan": Kind("PLN-05", paused=True),
}
CHANGES = {
    "planned": Change({"state": "planned"}),
    "in_progress": Change({"state": "in_progress"}),
    "done": Change({"state": "done"}),
    "done last week": Change({"state": "done", "done_on": the_day(-7)}),
    "done, as a paper shows": Change({"state": "done", "known": "document"}),
    "done, as nobody knows": Change({"state": "done", "known": "hearsay"}),
    "not yet": Change({"happened": False}),
    "it did": Change({"happened": True}),
    "done tomorrow": Change({"state": "done", "done_on": the_day(1)}),
    "not_needed": Change({"state": "not_needed"}),
    "declined": Change({"state": "declined"}),
    "not_possible": Change({"state": "not_possible", "cause": "health"}),
    "not_possible without a cause": Change({"state": "not_possible"}),
    "cancelled": Change({"state": "cancelled"}),
    "due_on": Change({"due_on": the_day(10)}),
    "due_on and in_progress": Change({"due_on": the_day(10), "state": "in_progress"}),
    "due_on and planned": Change({"due_on": the_day(10), "state": "planned"}),
    "due_on and done": Change({"due_on": the_day(10), "state": "done"}),
    "show_court": Change({"show_court": True}),
    "show_court and done": Change({"show_court": True, "state": "done"}),
    "a reason and in_progress": Change({"state": "in_progress", "reason": "it was too early"}),
    "nothing at all": Change({}),
    "a stale version": Change({"state": "done"}, SEEN - 1),
    "a version to come": Change({"state": "done"}, SEEN + 1),
    "version 0": Change({"state": "done"}, 0),
}


@dataclass(frozen=True)
class Told:
    """The answer: a version, or the type and the words of a refusal."""

    status: int
    version: int | None = None
    type: str | None = None
    detail: str | None = None


_KEEP = """
UPDATE milestone SET state = 'planned', due_on = '2031-03-20', version = 3
 WHERE code IN ('FAM-04', 'VOC-06', 'CNS-02');
UPDATE milestone SET due_on = '2031-02-11', version = 3 WHERE code = 'PLN-05';
UPDATE milestone SET version = 3 WHERE code IN ('PLN-02', 'PLN-06', 'CNS-01', 'CNS-11', 'VOC-03');
UPDATE milestone SET state = 'planned', due_on = '2031-03-10' WHERE code = 'CNS-01';
UPDATE milestone SET state = 'in_progress' WHERE code = 'PLN-06';
UPDATE milestone SET state = 'done', done_on = '2031-03-01' WHERE code = 'PLN-02';
CREATE TEMP TABLE kept_milestone AS SELECT * FROM milestone;
CREATE TEMP TABLE kept_plan AS SELECT * FROM plan;
SET session_replication_role = replica;
"""
# triggers and keys look away, so that also what is written once can go
_RESET = """
DELETE FROM evidence; DELETE FROM milestone_event; DELETE FROM message; DELETE FROM task;
DELETE FROM change;
DELETE FROM audit; DELETE FROM once; DELETE FROM plan;
INSERT INTO plan SELECT * FROM kept_plan;
DELETE FROM milestone m USING kept_milestone k WHERE k.id = m.id AND k.* IS DISTINCT FROM m.*;
INSERT INTO milestone SELECT * FROM kept_milestone k
 WHERE NOT EXISTS (SELECT 1 FROM milestone m WHERE m.id = k.id);
UPDATE disclosure SET withdrawn_at = NULL;
"""
# Of what is about the row one message waits, one is on its way and one is sent; one task was
# opened because nobody answered, one because nobody opened that, and one has another cause.
_ABOUT = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, due_at, expires_at, created_at, state, sending_at)
SELECT gen_random_uuid(), l.agency, l.plan, 1, l.bot, l.id, l.subject, 'MEN-TASK', s.step, $2,
       $3::timestamptz::date, 'MEN-TASK', $3, $3, $3, s.state, s.sending
  FROM link l, (VALUES ('waits', 'queued', NULL), ('leaves', 'claimed', $3::timestamptz),
                       ('gone', 'sent', NULL)) AS s (step, state, sending)
 WHERE l.plan = $1
"""
_TASKS = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,
                  urgency, opened_at)
SELECT t.id, p.agency, p.id, 1, t.kind, t.step, 'SW', t.subject, $3::timestamptz::date, $3, 0, $3
  FROM plan p,
       (VALUES ($4::uuid, 'no-answer', 'silent-2', $2::uuid),
               (gen_random_uuid(), 'unopened', '', $4::uuid),
               (gen_random_uuid(), 'call-back', '', $2::uuid)) AS t (id, kind, step, subject)
 WHERE p.id = $1
"""

TRACES = {
    "plan": "SELECT version, state, next_due_on, next_title, next_win_after FROM plan"
    " WHERE id = $1",
    "rows": "SELECT code, version, state, cause, due_on, pinned, cycle, done_on, said_by,"
    " show_court FROM milestone WHERE plan = $1 ORDER BY code",
    "events": "SELECT m.code, e.version, e.actor, e.role, e.at, e.kind, e.before, e.after,"
    " e.due_before, e.due_after, e.what, e.reason IS NULL AS silent, e.move FROM milestone_event e"
    " JOIN milestone m ON m.id = e.milestone WHERE e.plan = $1 ORDER BY m.code",
    "evidence": "SELECT m.code, e.version, e.row_version, e.cycle, e.kind, e.actor, e.role,"
    " e.provenance, e.happened, e.day, e.at, e.message, e.taken_back_at, e.answers FROM evidence e"
    " JOIN milestone m ON m.id = e.milestone WHERE e.plan = $1 ORDER BY e.row_version",
    "messages": "SELECT m.code, x.key, x.step, x.state, x.reason, x.version, x.local_due, x.due_at"
    " FROM message x JOIN milestone m ON m.id = x.subject WHERE x.plan = $1 ORDER BY x.key, x.step",
    "tasks": "SELECT kind, step, closed_at, closed_by, outcome, version FROM task WHERE plan = $1"
    " ORDER BY kind",
    "audit": "SELECT a.at, a.actor, a.role, a.agency, a.outcome, m.code FROM audit a"
    " LEFT JOIN milestone m ON m.id = a.object"
    " WHERE a.plan = $1 AND a.operation = 'changeMilestone'",
    "once": "SELECT m.code, o.subject, o.at, o.object_version, o.status FROM once o"
    " JOIN milestone m ON m.id = o.object WHERE m.plan = $1 AND o.operation = 'changeMilestone'",
    "change": "SELECT entity, entity_version, kind, count(*) FROM change WHERE plan = $1"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
}
Trace = dict[str, list[dict[str, Any]]]


@dataclass
class Twins:
    world: World
    held: Any
    worker: Caller
    rows: dict[tuple[str, str], dict[str, UUID]]  # by twin and "running" or "paused": by code
    plans: dict[tuple[str, str], UUID]

    def row(self, twin: str, kind: Kind) -> UUID:
        return self.rows[twin, _which(kind)][kind.code]

    async def reset(self, kind: Kind) -> None:
        """Both twins as they were at first, with something to ask and to do about the row."""
        await self.held.execute(_RESET)
        if kind.hushed:
            await self.held.execute("UPDATE disclosure SET withdrawn_at = $1", NOON)
        for twin in ("short", "long"):
            plan, id_ = self.plans[twin, _which(kind)], self.row(twin, kind)
            await self.held.execute(_ABOUT, plan, id_, NOON)
            await self.held.execute(_TASKS, plan, id_, NOON, uuid4())

    async def trace(self, twin: str, kind: Kind) -> Trace:
        plan = self.plans[twin, _which(kind)]
        return {
            name: [dict(one) for one in await self.held.fetch(sql, plan)]
            for name, sql in TRACES.items()
        }

    async def over_http(self, kind: Kind, change: Change) -> Told:
        answer = await self.worker.patch(
            f"/milestones/{self.row('short', kind)}", change.body, version=change.seen
        )
        said = answer.json()
        if answer.status_code == 200:
            assert said["id"] == str(self.row("short", kind))
            assert answer.headers["etag"] == f'"{said["version"]}"'
            return Told(200, said["version"])
        return Told(answer.status_code, None, said["type"], said.get("detail"))

    async def by_action(self, kind: Kind, change: Change) -> Told:
        """The reference: the action itself, once for its key."""
        actor = Actor(self.worker.id or uuid4(), "staff", "SW", self.world.agency)
        asked = Asked(str(uuid4()), digest(b"the long way"))
        wanted, id_ = msgspec.convert(change.body, MilestoneChange), self.row("long", kind)
        try:
            written = await once(
                actor,
                "changeMilestone",
                asked,
                lambda: change_milestone(actor, id_, change.seen, wanted),
            )
        except DomainError as error:
            return Told(error.status, None, TYPE_PREFIX + error.kind, error.detail)
        assert written.id == id_
        return Told(written.status, written.version)


def _which(kind: Kind) -> str:
    return "paused" if kind.paused else "running"


@asynccontextmanager
async def twins(world: World) -> AsyncIterator[Twins]:
    """Two pairs, one of them paused, each with a mentor who may hear good news. It is noon."""
    worker = await world.somebody("SW")
    rows, plans = {}, {}
    for which in ("running", "paused"):
        for twin in ("short", "long"):
            plan = await world.a_plan(worker, in_days=100)
            await _mentor(world, worker, plan["id"])
            if which == "paused":
                paused = await worker.post(
                    f"/plans/{plan['id']}/state", {"state": "paused"}, version=plan["version"]
                )
                assert paused.status_code == 200, paused.text
            plans[twin, which] = UUID(plan["id"])
            rows[twin, which] = {one["code"]: UUID(one["id"]) for one in plan["milestones"]}
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute(_KEEP)
        yield Twins(world, held, worker, rows, plans)
    finally:
        await held.close()


async def _mentor(world: World, worker: Caller, plan: str) -> None:
    """A mentor with a chat, to whom good news is told."""
    who, day = str(uuid4()), the_day(90)
    for path, body in (
        ("circle", {"role": "ME", "name": "Invented Mentor", "language": "en", "id": who}),
        ("consents", {"kind": "channel", "language": "en", "subject": who, "channel": "telegram"}),
        ("disclosures", {"recipient": who, "fact": "good_news", "purpose": "joy", "until": day}),
    ):
        made = await worker.post(f"/plans/{plan}/{path}", body)
        assert made.status_code == 201, made.text
    invited = await worker.post("/invitations", {"plan": plan, "subject": who})
    assert invited.status_code == 201, invited.text
    await world.sql(
        "UPDATE link SET state = 'active', confirmed_at = $2 WHERE id = $1",
        UUID(invited.json()["id"]),
        NOON,
    )
