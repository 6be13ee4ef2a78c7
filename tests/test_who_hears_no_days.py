"""While a flag keeps days and places from somebody, their phone shows nothing of it."""

from datetime import timedelta

from tests.chats import Chats, at
from tests.releases import a_release, on_weekday, said
from tests.world import World


async def test_whom_a_flag_names_hears_no_days_and_is_told_nothing_of_it(
    world: World, chats: Chats
) -> None:
    day = on_weekday(3)
    worker, plan = await a_release(world, day)
    sibling = await chats.a_member(worker, plan["id"], "FA", gate="first")
    mother = await chats.a_member(worker, plan["id"], "FA", gate="substitute")
    at(day - timedelta(days=7), 0, 30)
    await chats.round()
    waiting = "SELECT recipient::text, state, reason FROM message WHERE key LIKE 'GATE%'"
    queued = {one["recipient"]: one["state"] for one in await world.sql(waiting)}
    assert queued[sibling.actor] == "queued"
    before = len(await said(chats, sibling))
    flag = {"subject": mother.actor, "kept_from": sibling.actor, "words": "Afraid of him."}
    raised = await worker.post(f"/plans/{plan['id']}/safety-flags", flag)
    assert raised.status_code == 201, raised.text
    now = [one for one in await world.sql(waiting) if one["recipient"] == sibling.actor]
    assert {(one["state"], one["reason"]) for one in now} == {("cancelled", "not-released")}
    for days, hour in ((-7, 10), (-6, 10), (-3, 10)):
        at(day + timedelta(days=days), hour)
        await chats.round()
    assert len(await said(chats, sibling)) == before
    later = [one for one in await world.sql(waiting) if one["recipient"] == sibling.actor]
    assert len(later) > len(now), "what fell due since was judged when it was to be sent"
    assert {(one["state"], one["reason"]) for one in later} == {("cancelled", "not-released")}
    id_ = raised.json()["id"]
    assert (await worker.post(f"/safety-flags/{id_}/lower", version=1)).status_code == 200
    at(day - timedelta(days=1), 10)
    await chats.round()
    assert len(await said(chats, sibling)) == before + 1
