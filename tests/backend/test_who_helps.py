"""The mentors of an agency: who may be given somebody, how many, and how it ends."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from backend import clock, database
from backend.mentors import rules
from tests.world import Caller, World, a_day
from workflows.mentor_care import mentor_care
from workflows.retain import carry_out

A_DAY = timedelta(days=1)


async def _a_mentor(head: Caller, *, passed: bool = True) -> dict[str, Any]:
    made = await head.post("/mentors", {"name": "Imaginary Mentor", "languages": ["fr"]})
    assert made.status_code == 201, made.text
    id_ = made.json()["id"]
    if passed:
        found = {"vetting": "passed", "vetted_on": a_day().isoformat()}
        vetted = await head.patch(f"/mentors/{id_}", found, version=1)
        assert vetted.status_code == 200, vetted.text
    return await _shown(head, id_)


async def _shown(reader: Caller, id_: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = (await reader.get("/mentors")).json()["mentors"]
    return next(one for one in found if one["id"] == id_)


async def _join(worker: Caller, plan: dict[str, Any], mentor: str) -> Any:
    return await worker.post(f"/plans/{plan['id']}/circle", {"role": "ME", "mentor": mentor})


async def test_a_mentor_joins_a_circle_from_the_agencys_list_and_in_no_other_way(
    world: World,
) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    named = await worker.post(f"/plans/{plan['id']}/circle", {"role": "ME", "name": "Anybody"})
    assert named.status_code == 422
    mentor = await _a_mentor(head)
    assert (await _join(worker, plan, mentor["id"])).status_code == 201
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    assert [one["name"] for one in circle if one["role"] == "ME"] == ["Imaginary Mentor"]
    assert (await _shown(head, mentor["id"]))["people"] == 1
    away = await world.an_agency(name="Elsewhere")
    theirs = await _a_mentor(await world.somebody("CO", agency=away))
    assert (await _join(worker, plan, theirs["id"])).status_code == 404


async def test_nobody_is_given_to_who_is_not_vetted_or_whose_vetting_has_run_out(
    world: World,
) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    mentor = await _a_mentor(head, passed=False)
    assert (await _join(worker, plan, mentor["id"])).status_code == 409
    failed = {"vetting": "not_passed", "vetted_on": a_day().isoformat()}
    path = f"/mentors/{mentor['id']}"
    assert (await head.patch(path, failed, version=1)).status_code == 200
    assert (await _join(worker, plan, mentor["id"])).status_code == 409
    long_ago = {"vetting": "passed", "vetted_on": (a_day() - rules.HOLDS - A_DAY).isoformat()}
    assert (await head.patch(path, long_ago, version=2)).status_code == 200
    assert (await _join(worker, plan, mentor["id"])).status_code == 409
    on_its_last_day = {"vetting": "passed", "vetted_on": (a_day() - rules.HOLDS).isoformat()}
    assert (await head.patch(path, on_its_last_day, version=3)).status_code == 200
    assert (await _join(worker, plan, mentor["id"])).status_code == 201


async def test_of_many_who_ask_for_the_last_place_one_gets_it(world: World) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    mentor = await _a_mentor(head)
    plans = [await world.a_plan(worker) for _ in range(8)]
    for plan in plans[:2]:
        assert (await _join(worker, plan, mentor["id"])).status_code == 201
    asked = await asyncio.gather(*(_join(worker, plan, mentor["id"]) for plan in plans[2:]))
    assert sorted(answer.status_code for answer in asked) == [201, 409, 409, 409, 409, 409]
    assert (await _shown(worker, mentor["id"]))["free"] is False
    assert (await _shown(head, mentor["id"]))["people"] == rules.MOST
    # the database asks, whatever the program forgets
    with pytest.raises(asyncpg.CheckViolationError, match="three people"):
        await world.sql(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by,"
            " person) SELECT gen_random_uuid(), m.agency, p.id, 1, m.actor, 'ME', now(), m.actor,"
            " p.person FROM mandate m, plan p WHERE m.role = 'ME' AND NOT EXISTS (SELECT 1"
            "  FROM mandate o WHERE o.plan = p.id AND o.role = 'ME') LIMIT 1"
        )
    aliases = await world.sql("SELECT count(DISTINCT alias) AS words FROM member WHERE role = 'ME'")
    assert aliases == [{"words": 3}]


async def test_a_place_is_free_again_once_a_mandate_has_ended_and_not_prolonged_over_another(
    world: World,
) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    mentor = await _a_mentor(head)
    plans = [await world.a_plan(worker) for _ in range(4)]
    made = [(await _join(worker, plan, mentor["id"])).json()["id"] for plan in plans[:3]]
    last_day = {"on": a_day().isoformat()}
    ending = f"/mandates/{made[0]}/ending"
    assert (await worker.post(ending, last_day, version=1)).status_code == 200
    assert (await _join(worker, plans[3], mentor["id"])).status_code == 409
    tomorrow = clock.now() + A_DAY
    clock.travel(lambda: tomorrow)
    assert (await _join(worker, plans[3], mentor["id"])).status_code == 201
    # somebody else has the place now, so this one does not begin again
    assert (await worker.post(ending, {}, version=2)).status_code == 409


async def test_a_worker_is_told_who_is_free_and_nothing_of_a_vetting(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    vetted, other = await _a_mentor(head), await _a_mentor(head, passed=False)
    short = {"id", "version", "name", "languages", "free"}
    seen = [await _shown(worker, one["id"]) for one in (vetted, other)]
    assert [one.keys() for one in seen] == [short, short]
    assert [one["free"] for one in seen] == [True, False]
    assert vetted["valid_until"] == (a_day() + rules.HOLDS).isoformat()
    assert "free" not in vetted
    for role in ("PO", "AD", "AU", "TR"):
        assert (await (await world.somebody(role)).get("/mentors")).status_code == 403
    assert (await worker.post("/mentors", {"name": "Mine"})).status_code == 403
    (row,) = await world.sql("SELECT identity FROM mentor WHERE id = $1::uuid", vetted["id"])
    assert b"Imaginary" not in row["identity"]


async def test_mentors_are_listed_by_name_whatever_they_carry(world: World) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    names = ("Cem", "Ada", "Bo")
    ids = {}
    for name in names:
        made = await head.post("/mentors", {"name": name})
        ids[name] = made.json()["id"]
        found = {"vetting": "passed", "vetted_on": a_day().isoformat()}
        await head.patch(f"/mentors/{ids[name]}", found, version=1)
    await _join(worker, await world.a_plan(worker), ids["Cem"])
    listed = [one["name"] for one in (await head.get("/mentors")).json()["mentors"]]
    assert listed == sorted(names)


async def test_a_vetting_has_a_result_a_day_and_no_word(world: World) -> None:
    head = await world.somebody("CO")
    mentor = await _a_mentor(head, passed=False)
    path = f"/mentors/{mentor['id']}"
    tomorrow = (a_day() + A_DAY).isoformat()
    for body in (
        {"vetting": "passed"},
        {"vetted_on": a_day().isoformat()},
        {"vetting": "with doubts", "vetted_on": a_day().isoformat()},
        {"vetting": "passed", "vetted_on": tomorrow},
        {"trained_on": tomorrow},
    ):
        assert (await head.patch(path, body, version=1)).status_code == 422, body
    why = {"vetting": "not_passed", "vetted_on": a_day().isoformat(), "reason": "any"}
    assert (await head.patch(path, why, version=1)).status_code == 400
    confirmed = {"boundaries_on": a_day().isoformat(), "trained_on": a_day().isoformat()}
    assert (await head.patch(path, confirmed, version=1)).status_code == 200
    assert (await head.patch(path, confirmed, version=1)).status_code == 412


async def test_a_mentor_leaves_when_they_support_nobody_and_little_stays(world: World) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    mentor = await _a_mentor(head)
    made = (await _join(worker, await world.a_plan(worker), mentor["id"])).json()
    path = f"/mentors/{mentor['id']}/end"
    assert (await head.post(path, version=2)).status_code == 409
    assert (await worker.post(f"/mandates/{made['id']}/end", version=1)).status_code == 200
    assert (await head.post(path, version=2)).status_code == 200
    assert (await head.get("/mentors")).json() == {"mentors": []}
    (row,) = await world.sql("SELECT vetting, languages, trained_on, boundaries_on FROM mentor")
    assert row == {"vetting": "passed", "languages": [], "trained_on": None, "boundaries_on": None}
    other = await world.a_plan(worker)
    assert (await _join(worker, other, mentor["id"])).status_code == 404


async def test_a_year_after_they_left_nothing_of_a_mentor_is_left(world: World) -> None:
    head = await world.somebody("CO")
    mentor = await _a_mentor(head)
    assert (await head.post(f"/mentors/{mentor['id']}/end", version=2)).status_code == 200
    kept = "SELECT vetting, identity IS NOT NULL AS named, wrapped IS NOT NULL AS readable"
    kept += " FROM mentor JOIN subject_key USING (id)"
    for days, expected in ((364, ("passed", True, True)), (366, (None, False, False))):
        back = clock.now() - timedelta(days=days)
        await world.sql("UPDATE mentor SET ended_at = $1", back)
        await _night()
        (found,) = await world.sql(kept)
        assert tuple(found.values()) == expected, days


async def _night() -> None:
    async def work() -> None:
        database.act_as("worker")
        async with database.transaction():
            await carry_out(clock.now())

    await database.in_fresh_context(work)


async def test_a_vetting_that_runs_out_is_a_matter_for_humans_and_ends_nothing(
    world: World,
) -> None:
    world.asked = False
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    mentor = await _a_mentor(head)
    plan = await world.a_plan(worker)
    assert (await _join(worker, plan, mentor["id"])).status_code == 201

    async def asked(who: Caller) -> list[str]:
        async def work() -> None:
            database.act_as("worker")
            await mentor_care()

        await database.in_fresh_context(work)
        await database.in_fresh_context(work)
        tasks = (await who.get("/tasks?limit=100")).json()["tasks"]
        return [one["kind"] for one in tasks if one["kind"] in {"vetting-due", "mentor-unvetted"}]

    assert (await asked(head), await asked(worker)) == ([], [])
    soon = clock.now() + rules.HOLDS - rules.ASK_BEFORE
    clock.travel(lambda: soon)
    assert (await asked(head), await asked(worker)) == (["vetting-due"], [])
    late = soon + rules.ASK_BEFORE + A_DAY
    clock.travel(lambda: late)
    assert (await asked(head), await asked(worker)) == (["vetting-due"], ["mentor-unvetted"])
    assert (await world.sql("SELECT ends FROM mandate WHERE role = 'ME'")) == [{"ends": None}]
    again = {"vetting": "passed", "vetted_on": a_day().isoformat()}
    assert (await head.patch(f"/mentors/{mentor['id']}", again, version=2)).status_code == 200
    assert (await asked(head), await asked(worker)) == ([], [])
    failed = {"vetting": "not_passed", "vetted_on": a_day().isoformat()}
    assert (await head.patch(f"/mentors/{mentor['id']}", failed, version=3)).status_code == 200
    assert await asked(worker) == ["mentor-unvetted"]
    assert (await head.patch(f"/mentors/{mentor['id']}", again, version=4)).status_code == 200
    assert (await asked(head), await asked(worker)) == ([], [])
    lapsed = late + rules.HOLDS + A_DAY
    clock.travel(lambda: lapsed)
    assert await asked(worker) == ["mentor-unvetted"]
