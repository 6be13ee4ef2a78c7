"""A filtered caseload shows what its reader could find by opening each plan, and no more than that.

What is hidden from them filters nothing: a filter that answered by it would tell of it.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from backend import clock
from backend.plans import rules
from backend.plans.filters import READ_DAYS, RELEASES, VIEWS
from tests.backend.many_plans import (
    A_MINUTE,
    NOON,
    PATHWAYS,
    ROLE_OF,
    SERVICES,
    Office,
    all_told,
    an_office,
    shuffle,
)
from tests.backend.rows import fetched_as
from tests.releases import change, is_claimed
from tests.world import World, a_day, row


@pytest.fixture
async def office(world: World) -> Office:
    return await an_office(world)


async def test_a_filter_shows_what_one_could_find_plan_by_plan(office: Office) -> None:
    every: list[dict[str, object]] = [{"view": one} for one in VIEWS]
    every += [{"pathway": one} for one in PATHWAYS]
    every += [{"view": "now", "pathway": "PRB"}, {"view": "week", "pathway": "VOC"}]
    days: list[dict[str, object]] = [{"release": one} for one in RELEASES]
    days += [{"release": "within_168", "view": "waiting"}]
    workers: list[dict[str, object]] = [{"worker": office.who[one].id} for one in ("SW", "other")]
    some = set[str]()  # what lets some of a caseload through and keeps some back
    for seed in range(4):
        await shuffle(office, Random(seed))  # noqa: S311 - the same each time
        for who in office.who:
            told, whole = await all_told(office, who), await office.listed(who)
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
