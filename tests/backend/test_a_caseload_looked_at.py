"""A filtered caseload shows what its reader could find by opening each plan, and no more than that.

What is hidden from them filters nothing: a filter that answered by it would tell of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from backend import clock
from backend.plans import rules
from backend.plans.filters import READ_DAYS, RELEASES, VIEWS
from tests.backend.rows import fetched_as
from tests.chats import at
from tests.releases import change, is_claimed, joins
from tests.world import Caller, World, a_day, row

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


@pytest.fixture
async def office(world: World) -> Office:
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


async def _shuffle(office: Office, dice: Random) -> None:
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


async def _told(office: Office, who: str) -> Told:
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


async def test_a_filter_shows_what_one_could_find_plan_by_plan(office: Office) -> None:
    every: list[dict[str, object]] = [{"view": one} for one in VIEWS]
    every += [{"pathway": one} for one in PATHWAYS]
    every += [{"view": "now", "pathway": "PRB"}, {"view": "week", "pathway": "VOC"}]
    days: list[dict[str, object]] = [{"release": one} for one in RELEASES]
    days += [{"release": "within_168", "view": "waiting"}]
    workers: list[dict[str, object]] = [{"worker": office.who[one].id} for one in ("SW", "other")]
    some = set[str]()  # what lets some of a caseload through and keeps some back
    for seed in range(4):
        await _shuffle(office, Random(seed))  # noqa: S311 - the same each time
        for who in office.who:
            told, whole = await _told(office, who), await office.listed(who)
            role = ROLE_OF.get(who, who)
            may = (*every, *(days if role in READ_DAYS else ()))
            for asked in (*may, *(workers if role in rules.WORKERS else ())):
                wanted = [one for one in whole if told.fits(one, asked)]
                assert await office.listed(who, **asked) == wanted, (seed, who, asked)
                if 0 < len(wanted) < len(whole):
                    some.add(str(asked))
    single = (one for one in (*every, *days) if len(one) == 1 and one != {"pathway": "ZZZ"})
    assert some >= set(map(str, single))


async def test_whose_a_plan_is_follows_its_handovers(office: Office) -> None:
    """Whoever gave it away looks on for a week, and has it no more."""
    plan, giver, taker = office.plans[0], office.who["SW"], office.who["other"]
    assert plan in await office.listed("CO", worker=giver.id)
    given = {"login": taker.login, "words": "Look at the papers."}
    assert (await giver.post(f"/plans/{plan}/handovers", given)).status_code == 201
    clock.travel(lambda: NOON + 3 * A_MINUTE)
    assert plan in await office.listed("SW")
    for who in ("CO", "SW", "other"):
        assert plan not in await office.listed(who, worker=giver.id)
        assert plan in await office.listed(who, worker=taker.id)
    assert office.plans[4] in await office.listed("SW", worker=taker.id)
    assert await office.listed("CO", worker=uuid4()) == []
    ended = "UPDATE mandate SET ends = $2 WHERE plan = $1::uuid AND actor = $3"
    await office.world.sql(ended, plan, clock.now(), taker.id)
    assert plan in await office.listed("SW")
    for who in ("CO", "SW"):
        for one in (giver, taker):
            assert plan not in await office.listed(who, worker=one.id), "it is nobody's now"


async def test_what_was_said_calls_for_attention_until_somebody_answers(office: Office) -> None:
    plan, mentor = office.plans[0], str(office.who["CO"].id)
    readers = ("SW", "CO", "PO", "abroad", "far")
    found = row(await office.world.plan(office.who["SW"], plan), "PLN-01")
    await is_claimed(office.world, mentor, found["id"])
    seen = {who: await office.listed(who, view="attention") for who in readers}
    assert seen == {"SW": [plan], "CO": [plan], "PO": [], "abroad": [], "far": []}
    await change(office.world, office.who["SW"], {"id": plan}, "PLN-01", happened=False)
    assert not [who for who in readers if await office.listed(who, view="attention")]


async def test_a_plan_of_another_agency_is_found_by_it(office: Office) -> None:
    here, there = str(office.world.agency), office.agency[list(office.agency)[-1]]
    assert set(await office.listed("abroad", agency=here)) == set(office.plans)
    assert await office.listed("abroad", agency=there) == [list(office.agency)[-1]]
    assert await office.listed("SW", agency=there) == []


READ = """
SELECT plan, count(*) AS n FROM audit WHERE actor = $1 AND operation = 'listPlans' GROUP BY plan
"""


async def test_a_page_of_a_filter_ends_where_the_next_one_begins(office: Office) -> None:
    for number, plan in enumerate(office.plans[:4]):
        found = row(await office.world.plan(office.who["SW"], plan), "PLN-01")
        day = {"due_on": str(a_day() - timedelta(days=number % 2))}
        await change(office.world, office.who["SW"], {"id": plan}, found["code"], **day)
    whole = await office.listed("SW", view="now", release="within_168")
    assert len(whole) > 3
    lines, cursor = list[dict[str, Any]](), ""
    for _ in range(len(whole) + 1):
        more = {"cursor": cursor} if cursor else {}
        answer = await office.asks("SW", view="now", release="within_168", limit=1, **more)
        lines += answer.json()["plans"]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert [one["id"] for one in lines] == whole
    assert lines == sorted(lines, key=lambda one: (one["next_due_on"], one["id"]))
    assert await office.world.sql(READ, office.who["SW"].id) == [
        {"plan": None, "n": len(whole) + 2}
    ]


async def test_by_what_a_role_is_not_told_it_filters_nothing(office: Office) -> None:
    for role in ("TR", "CP"):
        for window in RELEASES:
            assert (await office.asks(role, release=window)).status_code == 403, (role, window)
    for role in SERVICES:
        refused = await office.asks(role, worker=office.who["SW"].id)
        assert refused.status_code == 403, role
    assert await office.listed("abroad", release="within_168") == [list(office.agency)[-1]]
    assert await office.listed("PO", release="within_168") == await office.listed("PO")


async def test_a_filter_that_is_none_is_refused_by_its_name(world: World) -> None:
    worker = await world.somebody("SW")
    for name, value in (
        *(("view", one) for one in ("late", "", "Now")),
        *(("release", one) for one in ("15", "out", "within_15")),
        *(("pathway", one) for one in ("home", "HOU%0A", "")),
        *((name, one) for name in ("worker", "agency") for one in ("sam", "1", "")),
    ):
        answer = await worker.get(f"/plans?{name}={value}")
        assert answer.status_code == 400, (name, value, answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == [name], value


OTHERS = (*SERVICES, "abroad", "far")
NEVER_TOLD_DAYS = ("TR", "CP", "abroad", "far")


@dataclass(frozen=True)
class Hidden:
    """What changes on a plan ($1) while these readers look; `found`: its worker finds it."""

    readers: tuple[str, ...]
    sql: str
    found: bool = True


# The even ones on one plan and the odd ones on the other, so that none covers another.
HIDDEN = {
    "a date of another service": Hidden(
        ("PS", "TR", "CP", "abroad", "far"),
        "INSERT INTO appointment (id, agency, plan, version, role, held_on, held_at, zone, state)"
        " SELECT gen_random_uuid(), agency, id, 1, 'PO', $2::timestamptz::date, '10:00', zone,"
        " 'scheduled' FROM plan WHERE id = $1::uuid",
    ),
    "a colleague has a task": Hidden(
        ("CO", *OTHERS),
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,"
        " urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, 'call-me', '', 'SW', id,"
        " $2::timestamptz::date, $2, 2, $2 FROM plan WHERE id = $1::uuid",
    ),
    "what a mentor said": Hidden(
        OTHERS,
        'SELECT write_milestone(w.actor, \'ME\', $2, n.id, \'{"said_by": "ME", "saying":'
        ' {"happened": true, "day": "2031-03-12"}, "what": "met"}\'::jsonb, false,'
        " gen_random_uuid(), NULL) FROM milestone n JOIN mandate w ON w.plan = n.plan"
        " AND w.role = 'CO' WHERE n.plan = $1::uuid AND n.code = 'PLN-01'",
    ),
    "an offer waits for a yes": Hidden(
        OTHERS,
        "UPDATE milestone SET state = 'planned', due_on = $2::timestamptz::date, day = -1"
        " WHERE plan = $1::uuid AND kind IN ('V', 'N') AND owner <> 'CP'",
    ),
    "the day itself": Hidden(
        NEVER_TOLD_DAYS,
        "UPDATE plan SET release_date = $2::timestamptz::date + 4, certainty = 'confirmed'"
        " WHERE id = $1::uuid",
    ),
    "that the plan stands still": Hidden(
        NEVER_TOLD_DAYS,
        "UPDATE plan SET state = 'paused' WHERE id = $1::uuid AND $2::timestamptz IS NOT NULL",
    ),
    "an offer sleeps or was declined": Hidden(
        OTHERS,
        "UPDATE milestone SET state = 'declined', due_on = $2::timestamptz::date"
        " WHERE plan = $1::uuid AND state = 'dormant' AND owner <> 'CP'",
        found=False,  # nobody filters by a no
    ),
    "somebody is afraid": Hidden(
        OTHERS,
        "INSERT INTO safety_flag (id, agency, plan, version, subject, raised_by, raised_at)"
        " SELECT gen_random_uuid(), p.agency, p.id, 1, p.person, m.actor, $2"
        "   FROM plan p JOIN mandate m ON m.plan = p.id AND m.role = 'CO' WHERE p.id = $1::uuid",
        found=False,  # nor by that
    ),
}
LATER = """
UPDATE milestone SET due_on = $2::timestamptz::date + 60
 WHERE plan = $1::uuid AND due_on IS NOT NULL
"""


async def test_no_filter_tells_of_what_is_hidden(office: Office) -> None:
    """Two worlds that differ in one thing alone; every filter of every reader answers alike."""
    quiet = office.plans[:2]  # of these nothing is near, so whatever comes up is seen
    for plan in quiet:
        await office.world.sql(LATER, plan, NOON)
    seen = {who: await office.everything(who) for who in ("SW", "CO", *OTHERS)}
    for number, (what, secret) in enumerate(HIDDEN.items()):
        await office.world.sql(secret.sql, quiet[number % 2], NOON)
        now = {who: await office.everything(who) for who in seen}
        assert (now["SW"] != seen["SW"]) is secret.found, what
        for who in secret.readers:
            assert now[who] == seen[who], (what, who)
        seen = now


async def test_the_database_filters_nobodys_plans_but_the_actors(office: Office) -> None:
    """Whatever role a caller claims, and whatever they say that roles may read."""
    stranger = await office.world.somebody("SW")
    call = (
        "SELECT ids FROM caseload_in_view('SW', $1, $1, $1, $1, $2, $3::jsonb, '0001-01-01',"
        " '00000000-0000-0000-0000-000000000000', 50)"
    )
    everybody = ["SW", "CO", *SERVICES]
    for asked in ("{}", '{"view": "now"}', '{"out": false}', '{"pathway": "PLN"}'):
        [page] = await fetched_as(stranger.id, call, everybody, NOON, asked)
        assert page["ids"] is None, asked
        [own] = await fetched_as(office.who["SW"].id, call, everybody, NOON, asked)
        assert set(map(str, own["ids"])) <= set(office.plans), asked
    assert own["ids"]
    at(a_day() + timedelta(days=1), 9)
