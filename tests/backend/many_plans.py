"""Plans of two workers by chance, and what each reader is told of them plan by plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from backend import clock
from backend.plans import rules
from backend.plans.filters import READ_DAYS, RELEASES, VIEWS
from tests.releases import is_claimed, joins
from tests.world import Caller, World, a_day

ZONE = "Africa/Tunis"
SERVICES = ("PO", "PS", "TR", "CP")
NOON = datetime(2031, 3, 12, 11, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
PATHWAYS = ("PLN", "VOC", "CNS-P", "PRB", "HOU", "ZZZ")
TOLD_ABROAD = ["alias", "milestones", "tasks"]
SPARE = "light"  # thirty rows
ROLE_OF = {"other": "SW", "abroad": "PO", "far": "SW"}


@dataclass
class Office:
    """Plans of two workers, who else is in their circles, and somebody of another agency."""

    world: World
    who: dict[str, Caller]
    plans: list[str] = field(default_factory=list)
    agency: dict[str, str] = field(default_factory=dict)

    async def listed(self, who: str, **asked: object) -> list[str]:
        answer = await self.asks(who, **asked)
        assert answer.status_code == 200, (who, asked, answer.text)
        return [line["id"] for line in answer.json()["plans"]]

    async def asks(self, who: str, **asked: object) -> httpx.Response:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return await self.who[who].get(f"/plans?{query}")

    async def everything(self, who: str) -> dict[str, str]:
        """What every filter that this reader may ask answers, as it is sent."""
        asked: list[dict[str, object]] = [{"view": one} for one in VIEWS]
        asked += [{"pathway": one} for one in ("PLN", "VOC", "PRB")]
        asked += [{"view": one, "pathway": "PRB"} for one in ("now", "week")]
        if ROLE_OF.get(who, who) in READ_DAYS:
            asked += [{"release": one} for one in RELEASES]
        return {str(one): (await self.asks(who, **one)).text for one in asked}

    async def task(self, plan: str, role: str = "SW", to: Caller | None = None) -> None:
        await self.world.sql(TASK, plan, NOON, role, to and to.id)


TASK = """
INSERT INTO task (id, agency, plan, version, kind, step, role, assignee, subject, local_due, due_at,
                  urgency, opened_at)
SELECT gen_random_uuid(), agency, id, 1, 'call-me', '', $3, $4, gen_random_uuid(),
       $2::timestamptz::date, $2, 0, $2 FROM plan WHERE id = $1::uuid
"""
DATE = """
INSERT INTO appointment (id, agency, plan, version, role, held_on, held_at, zone, state, waits_for)
SELECT gen_random_uuid(), agency, id, 1, $2, $3, '10:00', zone, $4::text,
       CASE WHEN $4::text = 'proposed' THEN 'SW' END FROM plan WHERE id = $1::uuid
"""


async def an_office(world: World) -> Office:
    """Five plans of two workers, one of another agency, and guests who are told a part."""
    clock.travel(lambda: NOON)
    who = {role: await world.somebody(role) for role in ("SW", "CO", *SERVICES)}
    who["other"] = await world.somebody("SW", name="other")
    there = await world.an_agency(name="Elsewhere")
    who["abroad"] = await world.somebody("PO", agency=there)
    await world.a_flow(there, groups=TOLD_ABROAD)
    far = await world.an_agency(name="Far")
    who["far"] = await world.somebody("SW", agency=far)
    await world.a_flow(far, groups=["alias"])
    made = Office(world, who)
    for number in range(5):
        worker = who["other" if number == 4 else "SW"]
        plan = await world.a_plan(worker, in_days=100 + number, template=SPARE, supervision=True)
        made.plans.append(plan["id"])
        made.agency[plan["id"]] = str(world.agency)
        for role in SERVICES:  # the one coordinator is in every circle
            await joins(world, worker, plan, who[role], role)
        await joins(world, worker, plan, who["abroad"], "PO")
    clock.travel(lambda: NOON + A_MINUTE)  # whose it is, is who was there first
    await joins(world, who["other"], {"id": made.plans[4]}, who["SW"], "SW")
    for id_ in made.plans:
        await joins(world, who["SW"], {"id": id_}, who["far"], "SW")
    own = await world.a_plan(await world.somebody("SW", agency=there), template=SPARE)
    made.agency[own["id"]] = str(there)
    await world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by, person)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, 'PO', $3, $2, person FROM plan"
        " WHERE id = $1::uuid",
        own["id"],
        who["abroad"].id,
        NOON,
    )
    clock.travel(lambda: NOON + 2 * A_MINUTE)
    return made


ROWS = """
UPDATE milestone m SET state = r.state, day = r.day, owner = r.owner,
       pathway = r.pathway, cause = CASE WHEN r.state = 'not_possible' THEN 'legal' END,
       done_on = CASE WHEN r.state = 'done' THEN r.due END,
       due_on = CASE WHEN r.state <> 'dormant' THEN r.due END
  FROM unnest($1::uuid[], $2::text[], $3::date[], $4::int[], $5::text[], $6::text[])
       AS r (id, state, due, day, owner, pathway) WHERE m.id = r.id
"""
PLAN = """
UPDATE plan SET state = $2, release_date = $3, left_custody_at = $4 WHERE id = $1::uuid
"""
STATES = sorted(rules.OPEN | rules.CLOSED | rules.ASLEEP)
EDGES = (-1, 0, 1, 6, 7, 14, 15)
NEAR, FAR = (-30, -1, 0, 1, 5, 6, 7, 8, 13, 14, 15), (30, 90)
BEFORE = (-3, 14, 15, 84, 85, 168, 169, 300)
OF_DATES = ("scheduled", "confirmed", "proposed", "cancelled_by_service")
SINCE = (0, 27, 28, 29, 90, 91, 200)


def _days(dice: Random, busy: float, *, alone: bool) -> tuple[int, ...]:
    if alone:
        return EDGES
    return NEAR if dice.random() < busy else FAR


async def shuffle(office: Office, dice: Random) -> None:
    """Rows, days and states by chance, near the bounds; few are near, so that a view leaves out."""
    today, world = a_day(), office.world
    for table in ("task", "appointment", "evidence"):
        await world.sql(f"DELETE FROM {table}")
    for plan in office.agency:
        busy, alone = dice.choice((0.0, 0.05, 0.3)), dice.randrange(30)  # one may be near by itself
        found = await world.sql(
            "SELECT id, owner, pathway FROM milestone WHERE plan = $1::uuid ORDER BY code", plan
        )
        made = [
            (
                one["id"],
                "planned" if number == alone else dice.choice(STATES),
                today + timedelta(days=dice.choice(_days(dice, busy, alone=number == alone))),
                dice.choice((-5, 0, 5)),
                dice.choice((one["owner"], "SW", "CO", *SERVICES)),
                dice.choice((one["pathway"], *PATHWAYS[:-1])),
            )
            for number, one in enumerate(found)
        ]
        await world.sql(ROWS, *map(list, zip(*made, strict=True)))
        out = dice.choice((True, False))
        left = NOON - timedelta(days=dice.choice(SINCE)) if out else None
        state = dice.choice(("active_outside" if out else "active_inside", "paused", "step_down"))
        day = today + timedelta(days=dice.choice(BEFORE))
        await world.sql(PLAN, plan, state, day, left)
        if dice.random() < 0.4:
            await office.task(plan, dice.choice(("SW", "PO", "TR")))
        elif dice.random() < 0.3:
            to = office.who[dice.choice(("SW", "CO", "abroad", "far"))]
            await office.task(plan, "SW", to)
        for role in ("PO", "TR", "SW"):
            if dice.random() < 0.3:
                day = today + timedelta(days=dice.choice((-1, 0, 6, 7)))
                await world.sql(DATE, plan, role, day, dice.choice(OF_DATES))
        for one in dice.sample(found, 2):
            if dice.random() < 0.4:
                await is_claimed(world, str(office.who["CO"].id), str(one["id"]))


@dataclass
class Told:
    """What a reader finds by opening everything that they may open."""

    who: str
    today: date
    sheets: Mapping[str, dict[str, Any]]
    waits: set[str]
    workers: Mapping[str, str | None]

    def rows(self, plan: str) -> list[dict[str, Any]]:
        """What is near and can go on: of a plan that stands still, as far as that is told."""
        sheet = self.sheets[plan]
        still = sheet.get("state") == "paused"
        rows = sheet.get("milestones", [])
        return [
            one
            for one in rows
            if "turn" in one and (not still or one["code"].startswith(rules.OF_A_RETURN))
        ]

    def within_a_week(self, day: str) -> bool:
        return self.today <= date.fromisoformat(day) < self.today + timedelta(days=7)

    def fits(self, plan: str, asked: Mapping[str, object]) -> bool:
        how: dict[str, Callable[[str, Any], bool]] = {
            "view": self._view,
            "release": self._release,
            "pathway": lambda one, code: any(r["pathway"] == code for r in self.rows(one)),
            "worker": lambda one, worker: self.workers.get(one) == str(worker),
        }
        return all(how[name](plan, value) for name, value in asked.items())

    def _view(self, plan: str, view: str) -> bool:
        if view == "attention":
            return plan in self.waits
        if view == "week":
            dates = [
                one["held_on"]
                for one in self.sheets[plan].get("appointments", [])
                if one["state"] in {"scheduled", "confirmed"}
            ]
            days = [one["due_on"] for one in self.rows(plan)] + dates
            return any(map(self.within_a_week, days))
        return any(one["turn"] == view for one in self.rows(plan))

    def _release(self, plan: str, window: str) -> bool:
        sheet = self.sheets[plan]
        if "release_date" not in sheet:
            return False
        left = sheet.get("left_custody_at")
        if left is None:
            days = (date.fromisoformat(sheet["release_date"]) - self.today).days
            return {
                "within_14": days <= 14,
                "within_84": days <= 84,
                "within_168": days <= 168,
                "later": days > 168,
            }.get(window, False)
        day = datetime.fromisoformat(left).astimezone(ZoneInfo(ZONE)).date()
        days = (self.today - day).days
        return {"out_28": days <= 28, "out_90": days <= 90, "out_longer": days > 90}.get(
            window, False
        )


async def all_told(office: Office, who: str) -> Told:
    caller = office.who[who]
    sheets = {one: await office.world.plan(caller, one) for one in await office.listed(who)}
    tasks = (await caller.get("/tasks?limit=100")).json()["tasks"]
    waits = {one["plan"] for one in tasks if "plan" in one}
    claims = await caller.get("/verify?limit=100")
    if claims.status_code == 200:
        waits |= {one["plan"] for one in claims.json()["claims"]}
    workers: dict[str, str | None] = {}
    for plan in sheets:
        answer = await caller.get(f"/plans/{plan}/responsibility")
        if answer.status_code == 200:
            workers[plan] = answer.json()["spans"][-1].get("who")
    return Told(who, a_day(), sheets, waits, workers)
