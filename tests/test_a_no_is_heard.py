"""A no to a pathway ends what was about to be asked of it, in the same moment."""

from datetime import timedelta

from tests.chats import Chats, at
from tests.releases import a_release, change, kinds, on_weekday, said
from tests.world import World, row

WEDNESDAY = 3


async def test_what_was_about_to_be_asked_is_not_and_what_waits_for_a_human_ends(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"])
    due = day - timedelta(days=10)
    await change(world, worker, plan, "MEN-04", state="planned")
    await change(world, worker, plan, "MEN-04", due_on=due.isoformat())
    at(due - timedelta(days=7), 9)
    await chats.round()
    waiting = "SELECT state, reason FROM message WHERE key = 'MEN-TASK'"
    assert await world.sql(waiting) == [{"state": "queued", "reason": None}]
    before, tasks = len(await said(chats, mentor)), await kinds(worker)
    body = {"kind": "participation", "language": "en", "pathway": "MEN", "answer": "declined"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", body)).status_code == 201
    assert await world.sql(waiting) == [{"state": "cancelled", "reason": "settled"}]
    for days in (7, 5, 3, 1, -1, -3):
        at(due - timedelta(days=days), 12)
        await chats.round()
    assert len(await said(chats, mentor)) == before
    assert await kinds(worker) == tasks


async def test_nobody_who_said_no_is_reminded_of_the_date_or_looked_for(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    await change(world, worker, plan, "CNS-07", state="planned")
    on = day - timedelta(days=8)
    date_ = {"role": "SW", "held_on": on.isoformat(), "held_at": "15:00:00"}
    date_["milestone"] = row(plan, "CNS-07")["id"]
    made = await worker.post(f"/plans/{plan['id']}/appointments", date_)
    assert made.status_code == 201, made.text
    at(on - timedelta(days=7), 8)
    await chats.round()
    waiting = "SELECT state, reason FROM message WHERE key = 'APPT-7'"
    assert await world.sql(waiting) == [{"state": "queued", "reason": None}]
    before = len(await said(chats, person))
    body = {"kind": "participation", "language": "en", "pathway": "CNS-S", "answer": "declined"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", body)).status_code == 201
    assert await world.sql(waiting) == [{"state": "cancelled", "reason": "settled"}]
    for days in (7, 3, 1, 0, -1, -4):
        at(on - timedelta(days=days), 12)
        await chats.round()
    assert len(await said(chats, person)) == before
    assert {"call-after-missed", "second-way"}.isdisjoint(await kinds(worker))
    missed = {"state": "missed_no_contact"}
    path = f"/appointments/{made.json()['id']}"
    assert (await worker.patch(path, missed, version=2)).status_code == 409


async def test_after_a_no_nobody_writes_or_calls_for_a_date_that_was_missed_before_it(
    world: World, chats: Chats
) -> None:
    day = on_weekday(WEDNESDAY)
    worker, plan = await a_release(world, day)
    person = await chats.a_member(worker, plan["id"], "PE", facts=())
    await change(world, worker, plan, "CNS-07", state="planned")
    on = day - timedelta(days=8)
    body = {"role": "SW", "held_on": on.isoformat(), "milestone": row(plan, "CNS-07")["id"]}
    path = f"/plans/{plan['id']}/appointments"
    made = [
        (await worker.post(path, {**body, "held_at": f"{hour}:00:00"})).json()["id"]
        for hour in (10, 11)
    ]
    at(on, 10, 30)
    missed = {"state": "missed_no_contact"}
    assert (await worker.patch(f"/appointments/{made[0]}", missed, version=1)).status_code == 200
    assert "call-after-missed" in await kinds(worker)
    at(on, 11, 15)
    before = await said(chats, person)
    no = {"kind": "participation", "language": "en", "pathway": "CNS-S", "answer": "declined"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", no)).status_code == 201
    assert "call-after-missed" not in await kinds(worker)
    # said of the other only now
    assert (await worker.patch(f"/appointments/{made[1]}", missed, version=1)).status_code == 200
    for hour in (13, 15, 18):
        at(on, hour)
        await chats.round()
    assert await said(chats, person) == before
    assert "call-after-missed" not in await kinds(worker)
