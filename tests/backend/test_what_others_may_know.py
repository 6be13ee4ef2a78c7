"""What a service that is no worker of the plan may know: its own part, and no refusal ever."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.matrix import MATRIX, ROLES, cell
from backend.plans import rules
from backend.plans.rules import once_begun
from tests.chats import at
from tests.releases import a_release, change, joins, leave, on_weekday
from tests.world import Caller, World, row

SERVICES = ("PO", "PS", "TR", "CP")


@dataclass
class Services:
    world: World
    worker: Caller
    plan: dict[str, Any]
    who: dict[str, Caller]

    async def codes(self, role: str) -> set[str]:
        found = await self.world.plan(self.who[role], self.plan["id"])
        return {one["code"] for one in found["milestones"]}

    async def becomes(self, code: str, *states: str) -> None:
        for state in states:
            wanted: dict[str, Any] = {"state": state}
            if state == "in_progress" and (before := await self.state(code)) in rules.CLOSED:
                wanted["reason"] = "The person wishes it."
                wanted["person_asks"] = before == "declined"
            await change(self.world, self.worker, self.plan, code, **wanted)

    async def state(self, code: str) -> str:
        found = row(await self.world.plan(self.worker, self.plan["id"]), code)
        return str(found["state"])


@pytest.fixture
async def services(world: World) -> Services:
    worker, plan = await a_release(world, on_weekday(3), supervision=True)
    who = {}
    for role in SERVICES:
        who[role] = await world.somebody(role)
        await joins(world, worker, plan, who[role], role)
    return Services(world, worker, plan, who)


async def test_a_part_that_hangs_on_a_yes_is_told_to_others_once_it_is_under_way(
    services: Services,
) -> None:
    await services.becomes("VOC-03", "planned")
    assert "VOC-03" not in await services.codes("TR")
    await services.becomes("VOC-03", "in_progress")
    assert "VOC-03" in await services.codes("TR")
    await services.becomes("VOC-03", "done")
    assert "VOC-03" in await services.codes("TR")
    assert "VOC-03" in await services.codes("PO")


async def test_a_refusal_looks_like_what_was_never_offered(services: Services) -> None:
    before = {role: await services.codes(role) for role in SERVICES}
    for code in ("VOC-03", "VOC-04", "VOC-05", "IDD-02", "IDD-03", "HLT-02", "HLT-05"):
        await services.becomes(code, "planned")
    await services.becomes("VOC-03", "declined")
    await services.becomes("IDD-02", "declined")
    await services.becomes("HLT-02", "declined")
    assert await services.state("VOC-04") == "not_needed", "it fell with what it depends on"
    assert {role: await services.codes(role) for role in SERVICES} == before


async def test_what_was_refused_and_begun_after_all_has_no_refusal_in_its_history(
    services: Services,
) -> None:
    await services.becomes("VOC-03", "planned", "declined", "in_progress")
    id_ = row(await services.world.plan(services.worker, services.plan["id"]), "VOC-03")["id"]
    told = (await services.who["TR"].get(f"/milestones/{id_}/history")).json()
    assert [(one["before"], one["after"]) for one in told] == [("planned", "in_progress")]
    assert "declined" not in str(told)
    assert "reason" not in str(told)
    known = (await services.worker.get(f"/milestones/{id_}/history")).json()
    assert "declined" in str(known)


async def _seen(services: Services, role: str, code: str) -> int:
    found = await services.world.plan(services.who[role], services.plan["id"])
    return int(row(found, code)["version"])


async def test_a_version_is_made_of_what_its_reader_is_shown_and_still_guards_it(
    services: Services,
) -> None:
    trainer = services.who["TR"]
    await services.becomes("VOC-03", "planned", "in_progress")
    begun = await _seen(services, "TR", "VOC-03")
    await services.becomes("VOC-03", "declined", "in_progress")
    await change(services.world, services.worker, services.plan, "VOC-03", show_court=True)
    assert await _seen(services, "TR", "VOC-03") == begun, "they were told of none of it"
    path = f"/milestones/{row(services.plan, 'VOC-03')['id']}"
    day = (clock.today("Africa/Tunis") + timedelta(days=9)).isoformat()
    await change(services.world, services.worker, services.plan, "VOC-03", due_on=day)
    stale = await trainer.patch(path, {"state": "done"}, version=begun)
    assert stale.status_code == 412, stale.text
    now = await _seen(services, "TR", "VOC-03")
    assert now != begun
    once = {"body": {"state": "done"}, "version": now, "key": "a-key-of-its-own"}
    done = await trainer.patch(path, **once)
    assert done.status_code == 200, done.text
    assert done.json()["version"] == await _seen(services, "TR", "VOC-03")
    assert (await trainer.patch(path, **once)).json() == done.json()
    assert (await services.worker.patch(path, {"state": "done"}, version=now)).status_code == 412


async def test_a_plan_has_a_version_for_those_alone_who_know_its_date(services: Services) -> None:
    for role in ("TR", "CP"):
        answer = await services.who[role].get(f"/plans/{services.plan['id']}")
        (line,) = (await services.who[role].get("/plans")).json()["plans"]
        assert "version" not in answer.json() | line
        assert "etag" not in answer.headers
    desk = await services.who["PS"].get(f"/plans/{services.plan['id']}")
    assert desk.headers["etag"] == f'"{desk.json()["version"]}"'


async def test_a_circle_names_who_looks_through_broken_glass_to_its_workers_alone(
    services: Services,
) -> None:
    head, colleague = await services.world.somebody("CO"), await services.world.somebody("SW")
    await joins(services.world, services.worker, services.plan, head, "CO")
    wish = {"alias": services.plan["alias"], "reason": "It cannot wait."}
    asked = (await colleague.post("/break-glass", wish)).json()
    let = await head.post(f"/break-glass/{asked['id']}/let", version=1)
    assert let.status_code == 200, let.text
    for reader, knows in ((services.worker, True), (head, True), (services.who["PO"], False)):
        circle = (await services.world.plan(reader, services.plan["id"]))["circle"]
        assert (str(colleague.id) in {one["actor"] for one in circle}) is knows
        assert all(("mandate_version" in one) is knows for one in circle)


async def test_a_short_form_of_the_release_date_is_its_month(services: Services) -> None:
    for role in ("TR", "CP"):
        found = await services.world.plan(services.who[role], services.plan["id"])
        assert found["release_month"] == services.plan["release_date"][:7]
        assert found["phase"] == "inside"
        assert not found.keys() & {"release_date", "certainty", "state", "zone", "release_time"}
        assert services.plan["release_date"] not in str(found)
        (line,) = (await services.who[role].get("/plans")).json()["plans"]
        assert not line.keys() & {"name", "release_date", "certainty", "state"}


async def test_a_desk_knows_the_name_and_no_alias(services: Services) -> None:
    desk = services.who["PS"]
    found = await services.world.plan(desk, services.plan["id"])
    assert found["person"]["name"] == "Imaginary Person"
    assert "alias" not in found
    (line,) = (await desk.get("/plans")).json()["plans"]
    assert line["name"] == "Imaginary Person"
    assert "alias" not in line
    assert services.plan["alias"] not in (await desk.get("/tasks")).text


async def test_a_coordinator_knows_who_is_in_the_circle_but_no_relative_by_name(
    world: World,
) -> None:
    coordinator = await world.somebody("CO")
    worker, plan = await a_release(world, on_weekday(3))
    for role, name in (("FA", "Invented Aunt"), ("ME", "Invented Mentor")):
        answer = await worker.post(f"/plans/{plan['id']}/circle", {"role": role, "name": name})
        assert answer.status_code == 201, answer.text
    circle = (await world.plan(coordinator, plan["id"]))["circle"]
    names = {one["role"]: one.get("name") for one in circle}
    assert names["FA"] is None
    assert names["ME"] == "Invented Mentor"
    circle = (await world.plan(worker, plan["id"]))["circle"]
    assert {one["role"]: one.get("name") for one in circle}["FA"] == "Invented Aunt"


async def test_a_desk_that_moves_the_date_is_told_no_number_that_hangs_on_the_circle(
    services: Services,
) -> None:
    desk, plan = services.who["PS"], services.plan
    seen = await services.world.plan(desk, plan["id"])
    day = (clock.today("Africa/Tunis") + timedelta(days=40)).isoformat()
    answer = await desk.post(
        f"/plans/{plan['id']}/release-date",
        {"release_date": day, "certainty": "expected"},
        version=seen["version"],
    )
    assert answer.status_code == 200, answer.text
    assert not answer.json().keys() & {"messages_cancelled", "recipients_told"}


async def test_a_desk_has_a_week_after_release_and_then_no_part_in_it(world: World) -> None:
    day = on_weekday(3)
    worker, plan = await a_release(world, day)
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=6), 9)
    assert (await desk.get(f"/plans/{plan['id']}")).status_code == 200
    at(day + timedelta(days=7), 10)
    assert (await desk.get(f"/plans/{plan['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("role", "code", "wanted", "status"),
    [
        ("TR", "VOC-02", {"state": "in_progress"}, 200),
        ("TR", "VOC-02", {"state": "done"}, 200),
        ("TR", "VOC-02", {"state": "not_possible", "cause": "service_side"}, 200),
        ("TR", "VOC-02", {"state": "not_possible", "cause": "health"}, 403),
        ("TR", "VOC-02", {"state": "declined"}, 403),
        ("TR", "VOC-02", {"state": "not_needed"}, 403),
        ("TR", "VOC-02", {"show_court": True}, 403),
        ("TR", "VOC-02", {"due_on": "2031-01-01"}, 403),
        ("PO", "PRB-01", {"show_court": True}, 403),
        ("PO", "PRB-01", {"state": "declined"}, 403),
        ("PO", "PRB-01", {"state": "not_needed"}, 200),
        ("SW", "VOC-02", {"state": "declined"}, 200),
    ],
)
async def test_a_service_says_what_became_of_its_part_and_nothing_of_the_persons_wishes(
    services: Services, role: str, code: str, wanted: dict[str, Any], status: int
) -> None:
    who = services.who.get(role, services.worker)
    if code == "VOC-02":  # the plan began too late for it
        await change(services.world, services.worker, services.plan, code, state="planned")
    found = row(await services.world.plan(who, services.plan["id"]), code)
    answer = await who.patch(f"/milestones/{found['id']}", wanted, version=found["version"])
    assert answer.status_code == status, answer.text


async def test_a_date_hangs_on_no_row_that_its_planner_may_not_change(services: Services) -> None:
    plan = await services.world.plan(services.worker, services.plan["id"])
    for code in ("PRB-01", "CNS-11", "PLN-05"):
        body = {
            "role": "TR",
            "held_on": plan["release_date"],
            "held_at": "10:00:00",
            "milestone": row(plan, code)["id"],
        }
        url = f"/plans/{plan['id']}/appointments"
        hidden = await services.who["TR"].post(url, body)
        never = await services.who["TR"].post(url, {**body, "milestone": plan["id"]})
        assert hidden.status_code == never.status_code == 404
        assert hidden.content == never.content


async def test_a_login_tells_nothing_of_who_has_an_account(services: Services) -> None:
    there = await services.world.somebody("TR")
    login = (await services.world.sql("SELECT login FROM staff WHERE id = $1", there.id))[0]
    url = f"/plans/{services.plan['id']}/circle"
    other = await services.worker.post(url, {"role": "PO", **login})
    never = await services.worker.post(url, {"role": "PO", "login": "nobody-at-all"})
    assert other.status_code == never.status_code == 404
    assert other.content == never.content
    for until in ("2020-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"):
        body = {"role": "TR", "until": until}
        free = [
            await services.worker.post(url, {**body, **one})
            for one in (login, {"login": "nobody-at-all"})
        ]
        assert [one.status_code for one in free] == [422, 422], until
        assert free[0].content == free[1].content


EVERY_ROW = """
CREATE UNLOGGED TABLE every_row (n milestone);
INSERT INTO every_row
SELECT jsonb_populate_record(NULL::milestone, jsonb_build_object(
           'owner', owner, 'kind', kind, 'agree', agree, 'pathway', pathway, 'court', court,
           'state', state,
           'partners', CASE partner WHEN '{}' THEN '[]'::jsonb ELSE '["PS"]' END))
  FROM unnest('{PS,TR,PO,CP,SW}'::varchar[]) owner, unnest('{V,N,O,C}'::varchar[]) kind,
       unnest('{-,P,D}'::varchar[]) agree, unnest('{CNS-P,PRB,VOC}'::varchar[]) pathway,
       unnest('{Y,A,N}'::varchar[]) court,
       unnest('{dormant,planned,in_progress,done,not_needed,declined,not_possible,cancelled}'
              ::varchar[]) state,
       unnest(ARRAY['{}', '{PS}']::text[]) partner;
"""
READERS = ["SW", "CO", "PO", "PS", "TR", "CP", "CS", "ME", "FA", "PE", "AD", "AU"]


async def test_the_rule_in_the_database_is_the_rule_in_the_program(world: World) -> None:
    """For every row that there can be: the columns that the rule looks at, in all combinations."""
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute(EVERY_ROW)
        found = await held.fetch(
            "SELECT (n).owner, (n).partners, (n).kind, (n).agree, (n).pathway, (n).court,"
            " (n).state, (SELECT array_agg(sees(reader, n) ORDER BY place)"
            "   FROM unnest($1::varchar[]) WITH ORDINALITY AS r (reader, place)) AS sees"
            "  FROM every_row",
            READERS,
        )
    finally:
        await held.close()
    assert len(found) * len(READERS) > 100_000
    rows = [dict(one) for one in found]
    wrong = [one for one in rows if one["sees"] != [rules.sees(who, one) for who in READERS]]
    assert not wrong, wrong[:3]


@given(role=st.sampled_from(ROLES), group=st.sampled_from(sorted(MATRIX)))
def test_nobody_is_given_a_group_in_full_and_in_short(role: str, group: str) -> None:
    one = cell(role, group)
    assert not (one.reads and one.short)
    assert not cell("XX", group).reads
    assert not cell(role, "no such group").reads


_DAYS = st.none() | st.dates()


@given(
    st.sampled_from(("PO", "PS", "TR", "CP")),
    st.lists(
        st.fixed_dictionaries(
            {
                "state": st.sampled_from(sorted(rules.OPEN | rules.CLOSED)),
                "due_on": _DAYS,
                "done_on": _DAYS,
                "version": st.integers(1, 99),
                "show_court": st.booleans(),
            }
        ),
        min_size=2,
        max_size=2,
    ),
)
def test_two_versions_are_one_where_what_is_shown_is_one(
    role: str, rows: list[dict[str, Any]]
) -> None:
    one, other = rows
    shown_alike = all(one[name] == other[name] for name in rules.SHOWN)
    versions = [rules.version_for(role, each) for each in rows]
    assert (versions[0] == versions[1]) is shown_alike
    hidden = {name: other[name] for name in ("version", "show_court")}
    assert rules.version_for(role, {**one, **hidden}) == versions[0]
    assert all(0 < version < 10**9 for version in versions)
    assert rules.version_for("SW", one) == one["version"]


def _happened(*steps: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"before": before, "after": after} for before, after in steps]


BEGUN, DATED = ("planned", "in_progress"), ("in_progress", "in_progress")
DONE, AGAIN = ("in_progress", "done"), ("done", "in_progress")


@pytest.mark.parametrize(
    ("with_a_no", "without"),
    [
        ([BEGUN, BEGUN], [BEGUN]),
        ([BEGUN, DATED, BEGUN], [BEGUN, DATED]),
        ([BEGUN, DATED, DATED, BEGUN, DATED], [BEGUN, DATED, DATED, DATED]),
        ([BEGUN, BEGUN, DONE], [BEGUN, DONE]),
        ([BEGUN, DONE, AGAIN, BEGUN], [BEGUN, DONE, AGAIN]),
    ],
)
def test_a_no_between_two_beginnings_leaves_no_trace_whatever_happened_between(
    with_a_no: list[tuple[str, str]], without: list[tuple[str, str]]
) -> None:
    assert once_begun(_happened(*with_a_no)) == _happened(*without)
    assert once_begun(_happened(*without)) == _happened(*without)


def test_a_part_that_was_done_and_begun_anew_is_told_as_often_as_it_was() -> None:
    cycles = _happened(BEGUN, DONE, BEGUN, DONE)
    assert once_begun(cycles) == cycles
