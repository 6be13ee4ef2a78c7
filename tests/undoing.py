"""A plan with something of everything, on which what somebody does is taken back."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from backend import clock
from tests.backend.courts.docket import REFERENCE, a_court
from tests.chats import Chats, Member, at
from tests.releases import a_release, is_claimed, joins, leave, on_weekday
from tests.world import Caller, World, row

AWAKE = ("VOC", "MEN", "CNS-0", "FAM-11", "HLT")
OTHERS = ("PO", "PS", "TR", "CP")
# One message about each open row waits, and one task was opened because nobody had answered.
_WAITING = """
INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,
                     local_due, key, due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), l.agency, l.plan, 1, l.bot, l.id, l.subject, 'MEN-TASK', 'waits', m.id,
       $2::timestamptz::date, 'MEN-TASK', $2::timestamptz + interval '2 days',
       $2::timestamptz + interval '3 days', $2, 'queued'
  FROM link l JOIN milestone m ON m.plan = l.plan AND m.state IN ('planned', 'in_progress')
 WHERE l.subject = $1 AND l.state = 'active'
"""
_TASKS = """
WITH made AS (
    INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,
                      urgency, opened_at)
    SELECT gen_random_uuid(), agency, plan, 1, 'no-answer', 'silent-2', owner, id,
           $2::timestamptz::date, $2, 0, $2 FROM milestone
     WHERE plan = $1 AND state IN ('planned', 'in_progress')
    RETURNING *)
INSERT INTO task SELECT (jsonb_populate_record(NULL::task, to_jsonb(m) || jsonb_build_object(
    'id', gen_random_uuid(), 'kind', 'unopened', 'step', '', 'subject', m.id))).* FROM made m
"""
# All that is there, but for what says that something was taken back. Who sees a task or a date sees
# its version; that of a row is the workers'.
_ALL = """
SELECT '{table}' AS of, to_jsonb(t) - ARRAY[{less}]::text[] AS row FROM {table} t
 WHERE {column} = $1 AND {there} ORDER BY t.id
"""
_THERE = {
    "plan": "true",
    "milestone": "true",
    "message": "reason IS DISTINCT FROM 'taken_back'",
    "task": "outcome IS DISTINCT FROM 'taken_back'",
    "appointment": "true",
    "contact": "true",
    "claim": "true",
    "participation": "true",
    "evidence": "taken_back_at IS NULL",
    "milestone_event": "kind <> 'undone'",
}
_MARKS = {
    "milestone": "'version'",
    "message": "'version', 'act', 'lease', 'attempt', 'retry_at', 'worker'",
    "task": "'act'",
    "appointment": "'act', 'was'",
}


@dataclass
class House:
    world: World
    chats: Chats
    staff: dict[str, Caller]
    plan: str
    file: str
    phones: dict[str, Member]

    async def rows(self) -> dict[str, dict[str, Any]]:
        found = await self.world.sql("SELECT * FROM milestone WHERE plan = $1", UUID(self.plan))
        return {one["code"]: one for one in found}

    async def version(self, role: str, code: str) -> int:
        """As this role knows the row; 0 where they do not see it."""
        plan = await self.world.plan(self.staff[role], self.plan)
        found = [one for one in plan["milestones"] if one["code"] == code]
        return int(found[0]["version"]) if found else 0

    async def change(self, role: str, code: str, **wanted: Any) -> httpx.Response:
        id_ = (await self.rows())[code]["id"]
        seen = await self.version(role, code)
        return await self.staff[role].patch(f"/milestones/{id_}", wanted, version=seen)

    async def undo(self, role: str, done: httpx.Response) -> httpx.Response:
        """Take back a change of a row that was just answered."""
        said = done.json()
        path = f"/milestones/{said['id']}/undo"
        return await self.staff[role].post(path, version=said["version"])

    async def contact(self, role: str, **more: Any) -> httpx.Response:
        body = {"how": "phone", "outcome": "reached", "made_on": self.today(), **more}
        return await self.staff[role].post(f"/plans/{self.plan}/contacts", body)

    async def visit(self, ticks: dict[str, str], **more: Any) -> httpx.Response:
        worker, rows = self.staff["SW"], await self.rows()
        seen = (await self.world.plan(worker, self.plan))["version"]
        ticked = [
            {"milestone": str(rows[code]["id"]), "version": rows[code]["version"], "state": state}
            for code, state in ticks.items()
        ]
        body = {"how": "visit", "made_on": self.today(), "ticks": ticked, **more}
        return await worker.post(f"/plans/{self.plan}/visits", body, version=seen)

    async def undo_contact(self, role: str, done: httpx.Response) -> httpx.Response:
        return await self.staff[role].post(f"/contacts/{done.json()['id']}/undo")

    @staticmethod
    def today(days: int = 0) -> str:
        return (clock.today("Africa/Tunis") + timedelta(days=days)).isoformat()

    async def whole(self) -> list[tuple[str, str]]:
        """All rows of the plan."""
        found = []
        for table, there in _THERE.items():
            sql = _ALL.format(
                table=table,
                there=there,
                column="id" if table == "plan" else "plan",
                less=_MARKS.get(table, ""),
            )
            found += await self.world.sql(sql, UUID(self.plan))
        return [(one["of"], json.dumps(json.loads(one["row"]), sort_keys=True)) for one in found]

    async def looks(self) -> dict[str, str]:
        """What everybody who is no worker of the plan is given of it."""
        seen = dict[str, str]()
        for role in OTHERS:
            who, plan = self.staff[role], f"/plans/{self.plan}?show=all"
            paths = [plan, "/plans", "/tasks", f"/desk/plans/{self.plan}"]
            for one in (await who.get(plan)).json()["milestones"]:
                paths += [f"/milestones/{one['id']}", f"/milestones/{one['id']}/history"]
            for path in paths:
                answer = await who.get(path)
                seen[f"{role} {path}"] = f"{answer.status_code} {answer.text}"
        draft = (
            f"/plans/{self.plan}/summaries/draft?file={self.file}&type=start"
            f"&period_from={self.today(-30)}&period_to={self.today()}"
        )
        answer = await self.staff["PO"].get(draft)
        assert answer.status_code == 200, answer.text
        seen["CT"] = answer.text
        for who_, phone in self.phones.items():
            seen[who_] = "\n".join(one.text for one in await self.chats.texts(phone.phone))
        return seen


async def a_house(world: World, chats: Chats) -> House:
    """The day after the release, in the evening: a first contact is awaited."""
    day = on_weekday(2)
    worker, plan = await a_release(world, day, supervision=True)
    staff = {"SW": worker}
    for role in OTHERS:
        staff[role] = await world.somebody(role)
        await joins(world, worker, plan, staff[role], role)
    phones = {
        "ME": await chats.a_member(worker, plan["id"], facts=("good_news",)),
        "FA": await chats.a_member(worker, plan["id"], "FA"),
        "PE": await chats.a_member(worker, plan["id"], "PE"),
    }
    court = await a_court(world)
    body = {"client": str(court.id), "reference": REFERENCE}
    bound = await staff["PO"].post(f"/plans/{plan['id']}/court-files", body)
    assert bound.status_code == 201, bound.text
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 15)
    house = House(world, chats, staff, plan["id"], bound.json()["id"], phones)
    for code, one in (await house.rows()).items():
        if one["state"] == "dormant" and code.startswith(AWAKE):
            await house.change("SW", code, state="planned")
    for code in ("VOC-03", "VOC-08"):
        date = {"role": "TR", "held_on": house.today(4), "held_at": "10:00:00"}
        date["milestone"] = row(plan, code)["id"]
        made = await worker.post(f"/plans/{plan['id']}/appointments", date)
        assert made.status_code == 201, made.text
    await is_claimed(world, phones["ME"].actor, row(plan, "MEN-07")["id"])
    await is_claimed(world, phones["ME"].actor, row(plan, "PRB-06")["id"])
    await world.sql(_WAITING, UUID(phones["ME"].actor), clock.now())
    await world.sql(_TASKS, UUID(plan["id"]), clock.now())
    later(timedelta(minutes=15))
    await chats.round()
    return house


def later(span: timedelta = timedelta(seconds=7)) -> None:
    now = clock.now() + span
    clock.travel(lambda: now)


def a_key() -> str:
    return str(uuid4())
