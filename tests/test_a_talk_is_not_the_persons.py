"""What a mother says is hers: a talk with her is no date of the person's, in no answer or chat."""

from datetime import date, timedelta
from typing import Any

from tests.backend.courts.docket import a_docket
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.chats import Chats, at
from tests.releases import a_release, kinds, leave, on_weekday, said
from tests.world import Caller, World, a_day, row

WEDNESDAY = 3


async def _talk(
    world: World, plan: dict[str, Any], on: date, role: str = "SW", state: str = "scheduled"
) -> str:
    """As an earlier release let it be made: a date that hangs on a talk with the family."""
    [made] = await world.sql(
        "INSERT INTO appointment (id, agency, plan, version, milestone, role, held_on, held_at,"
        " zone, state) SELECT gen_random_uuid(), agency, id, 1, $2::uuid, $3, $4, '10:00', zone,"
        " $5 FROM plan WHERE id = $1::uuid RETURNING id::text",
        plan["id"],
        row(plan, "FAM-05")["id"],
        role,
        on,
        state,
    )
    return str(made["id"])


async def _becomes(worker: Caller, id_: str, state: str) -> None:
    answer = await worker.patch(f"/appointments/{id_}", {"state": state}, version=1)
    assert answer.status_code == 200, answer.text


async def test_a_date_is_not_made_of_a_talk_with_somebody_else(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    path = f"/plans/{plan['id']}/appointments"
    for code, status in (("FAM-05", 422), ("MEN-02", 422), ("HOU-01", 201)):
        body = {"role": "SW", "held_on": f"{a_day()}", "held_at": "10:00:00"}
        answer = await worker.post(path, {**body, "milestone": row(plan, code)["id"]})
        assert answer.status_code == status, (code, answer.text)


async def test_the_person_is_reminded_of_none_and_told_of_no_change_of_it(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    on = day - timedelta(days=8)
    talk, moved, off = [await _talk(world, plan, on) for _ in range(3)]
    before = await said(chats, person)
    for days in (7, 3, 1):
        at(on - timedelta(days=days), 12)
        await chats.round()
    to = {"held_on": f"{on + timedelta(days=1)}", "held_at": "11:00:00"}
    assert (await worker.patch(f"/appointments/{moved}", to, version=1)).status_code == 201
    await _becomes(worker, off, "cancelled_by_service")
    at(on, 10, 30)
    await _becomes(worker, talk, "missed_no_contact")
    for hour in (13, 15, 18):
        at(on, hour)
        await chats.round()
    assert await said(chats, person) == before
    assert "call-after-missed" in await kinds(worker), "somebody calls the mother"


async def test_to_have_met_the_mother_is_no_contact_with_the_person(world: World) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    at(day, 9)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 12)
    await _becomes(worker, await _talk(world, plan, day + timedelta(days=1)), "attended")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_a_court_hears_of_no_date_of_a_mother(world: World) -> None:
    docket = await a_docket(world)
    plan = await world.plan(docket.worker, docket.plan)
    before = (await docket.draft()).json()
    for state in ("attended", "missed_no_contact", "cancelled_by_service"):
        await _talk(world, plan, a_day() - timedelta(days=3), "PO", state)
    assert (await docket.draft()).json() == before


async def test_it_stands_in_nobodys_own_file(world: World) -> None:
    docket = await a_docket(world)
    plan = await world.plan(docket.worker, docket.plan)
    await _talk(world, plan, a_day())
    mandate = await in_circle(docket.worker, docket.plan)
    async with await comes_in(await a_paper(world, docket.worker, docket.plan, mandate)) as browser:
        copy = (await browser.http.get("/file/copy.json")).json()
    assert copy["appointments"] == []


async def test_who_does_not_see_the_row_is_not_told_its_id_by_a_date(world: World) -> None:
    docket = await a_docket(world)
    plan = await world.plan(docket.worker, docket.plan)
    body = {"role": "PO", "held_on": f"{a_day()}", "held_at": "10:00:00"}
    hidden = row(plan, "HLT-01")["id"]
    path = f"/plans/{docket.plan}/appointments"
    made = await docket.worker.post(path, {**body, "milestone": hidden})
    assert made.status_code == 201, made.text
    for who, told in ((docket.officer, None), (docket.worker, hidden)):
        seen = (await who.get(f"/plans/{docket.plan}")).json()["appointments"]
        [one] = [one for one in seen if one["id"] == made.json()["id"]]
        assert one.get("milestone") == told
