"""A mentor and the person may each say no; nobody is told who it was. An end is announced."""

from datetime import date, timedelta
from typing import Any

from tests.chats import Chats, Member, at
from tests.releases import a_release, change, kinds, on_weekday
from tests.world import Caller, World, a_day, row


async def _with_a_mentor(world: World, chats: Chats) -> tuple[Caller, str, Member]:
    worker, plan = await a_release(world, on_weekday(3))
    return worker, plan["id"], await chats.a_member(worker, plan["id"], gate="first")


async def _version(world: World, member: Member) -> int:
    (found,) = await world.sql("SELECT version FROM mandate WHERE id = $1::uuid", member.mandate)
    return int(found["version"])


async def test_a_no_ends_everything_in_that_second_and_no_machine_says_so(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    day = date.fromisoformat((await world.plan(worker, plan))["release_date"])
    at(day - timedelta(days=7), 9)
    await chats.round()
    assert await world.sql("SELECT 1 FROM message WHERE key = 'GATE-7' AND state = 'queued'")
    heard = len(await chats.texts(mentor.phone))
    ended = await worker.post(f"/mandates/{mentor.mandate}/end", version=1)
    assert ended.status_code == 200
    at(day - timedelta(days=7), 10, 5)
    await chats.round()
    assert len(await chats.texts(mentor.phone)) == heard
    left = await world.sql(
        "SELECT (SELECT count(*) FROM link WHERE state <> 'ended') AS chats,"
        " (SELECT count(*) FROM message WHERE state IN ('queued', 'claimed')) AS waits,"
        " (SELECT count(*) FROM disclosure WHERE withdrawn_at IS NULL) AS told,"
        " (SELECT count(*) FROM member WHERE gate IS NOT NULL) AS gates"
    )
    assert left == [{"chats": 0, "waits": 0, "told": 0, "gates": 0}]


async def test_nothing_that_is_kept_tells_who_said_no(world: World, chats: Chats) -> None:
    worker, _, mentor = await _with_a_mentor(world, chats)
    for body in ({"by": "person"}, {"reason": "any"}, {"who": "ME"}):
        refused = await worker.post(f"/mandates/{mentor.mandate}/ending", body, version=1)
        assert refused.status_code == 400  # there is no field for it
    assert (await worker.post(f"/mandates/{mentor.mandate}/end", version=1)).status_code == 200
    (act,) = await world.sql("SELECT * FROM audit WHERE operation = 'endMandate'")
    assert act["reason"] is None
    assert act["actor"] == worker.id
    assert str(act["subject"]) == mentor.actor
    columns = await world.sql(
        "SELECT column_name::text AS name FROM information_schema.columns"
        " WHERE table_name IN ('mandate', 'member', 'mentor')"
    )
    names = {one["name"] for one in columns}
    assert not names & {"ended_by", "reason", "refused_by", "said_by", "cause"}


async def test_a_planned_end_is_told_once_and_comes_with_its_day(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    last = on_weekday(2) + timedelta(days=14)
    path = f"/mandates/{mentor.mandate}/ending"
    announced = await worker.post(path, {"on": last.isoformat()}, version=1)
    assert announced.status_code == 200, announced.text
    at(a_day(), 11)
    await chats.round()
    assert "nearly over" in await chats.last(mentor.phone)
    goodbye = row(await world.plan(worker, plan), "MEN-14")
    assert (goodbye["state"], goodbye["due_on"], goodbye["pinned"]) == (
        *("planned", last.isoformat()),
        True,
    )
    heard = len(await chats.texts(mentor.phone))
    await chats.tap(mentor.phone, "OK")
    at(last, 23, 30)
    await chats.round()
    assert await world.sql("SELECT state FROM link") == [{"state": "active"}]
    at(last + timedelta(days=1), 0, 5)
    await chats.round()
    assert await world.sql("SELECT state FROM link") == [{"state": "ended"}]
    circle = (await world.plan(worker, plan))["circle"]
    assert [one for one in circle if one["role"] == "ME"] == []
    said = [one.text for one in (await chats.texts(mentor.phone))[heard:]]
    assert not [text for text in said if "nearly over" in text]


async def test_another_day_or_none_is_said_in_the_same_way(world: World, chats: Chats) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    path = f"/mandates/{mentor.mandate}/ending"
    first, second = (a_day() + timedelta(days=days) for days in (20, 40))
    for version, day in enumerate((first, second), 1):
        body = {"on": day.isoformat()}
        assert (await worker.post(path, body, version=version)).status_code == 200
        assert row(await world.plan(worker, plan), "MEN-14")["due_on"] == day.isoformat()
    assert (await worker.post(path, {"on": first.isoformat()}, version=1)).status_code == 412
    past = {"on": (a_day() - timedelta(days=1)).isoformat()}
    assert (await worker.post(path, past, version=3)).status_code == 422
    assert (await worker.post(path, {}, version=3)).status_code == 200
    assert await world.sql("SELECT ends FROM mandate WHERE role = 'ME'") == [{"ends": None}]
    assert not row(await world.plan(worker, plan), "MEN-14")["pinned"]
    sister = await chats.a_member(worker, plan, "FA")
    other = await worker.post(
        f"/mandates/{sister.mandate}/ending", {"on": second.isoformat()}, version=1
    )
    assert other.status_code == 422


async def test_who_ends_before_the_release_hands_the_gate_to_the_substitute_at_once(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    other = await chats.a_member(worker, plan, gate="substitute")
    day = date.fromisoformat((await world.plan(worker, plan))["release_date"])
    at(day - timedelta(days=7), 9)
    await chats.round()
    waits = "SELECT recipient::text FROM message WHERE key = 'GATE-7' AND state = 'queued'"
    assert await world.sql(waits) == [{"recipient": mentor.actor}]
    path = f"/mandates/{mentor.mandate}/ending"
    for version, last in enumerate((day, day - timedelta(days=1)), 1):
        body = {"on": last.isoformat()}
        assert (await worker.post(path, body, version=version)).status_code == 200
        holds = mentor if last == day else other
        duty = await world.sql("SELECT id::text FROM member WHERE gate = 'first'")
        assert duty == [{"id": holds.actor}]
    assert await world.sql(waits) == []
    at(day - timedelta(days=3), 9)
    await chats.round()
    asked = await world.sql("SELECT DISTINCT recipient::text FROM message WHERE key = 'GATE-3'")
    assert asked == [{"recipient": other.actor}]


async def test_a_day_that_is_announced_once_more_is_told_once_more(
    world: World, chats: Chats
) -> None:
    worker, _, mentor = await _with_a_mentor(world, chats)
    path = f"/mandates/{mentor.mandate}/ending"
    for version, days in enumerate((20, 40, 20), 1):
        body = {"on": (a_day() + timedelta(days=days)).isoformat()}
        assert (await worker.post(path, body, version=version)).status_code == 200
    waiting = await world.sql("SELECT step FROM message WHERE key = 'MEN-END' AND state = 'queued'")
    assert waiting == [{"step": "ask-3"}]


async def test_a_goodbye_that_a_hand_has_set_stays_on_its_day(world: World, chats: Chats) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    goodbye = row(await world.plan(worker, plan), "MEN-14")
    day = (a_day() + timedelta(days=30)).isoformat()
    for body in ({"state": "planned"}, {"due_on": day}):
        goodbye = row(await world.plan(worker, plan), "MEN-14")
        set_ = await worker.patch(f"/milestones/{goodbye['id']}", body, version=goodbye["version"])
        assert set_.status_code == 200, set_.text
    path = f"/mandates/{mentor.mandate}/ending"
    assert (await worker.post(path, {}, version=1)).status_code == 200
    goodbye = row(await world.plan(worker, plan), "MEN-14")
    assert (goodbye["pinned"], goodbye["due_on"]) == (True, day)
    other = {"on": (a_day() + timedelta(days=40)).isoformat()}
    assert (await worker.post(path, other, version=2)).status_code == 200
    goodbye = row(await world.plan(worker, plan), "MEN-14")
    assert (goodbye["pinned"], goodbye["due_on"]) == (True, day)


async def test_how_a_mentor_is_stays_theirs_and_a_heavy_heart_is_a_call_from_the_coordinator(
    world: World, chats: Chats
) -> None:
    worker, plan, mentor = await _with_a_mentor(world, chats)
    head = await world.somebody("CO")
    await worker.post(f"/plans/{plan}/circle", {"role": "CO", "login": head.login})
    due = on_weekday(3) + timedelta(days=14)
    await change(world, worker, await world.plan(worker, plan), "MEN-13", state="planned")
    await world.sql("UPDATE plan SET left_custody_at = now(), state = 'active_outside'")
    await world.sql("UPDATE milestone SET due_on = $1 WHERE code = 'MEN-13'", due)
    at(due, 17, 5)
    await chats.round()
    assert "how is it going for you" in await chats.last(mentor.phone)
    await chats.tap(mentor.phone, "Heavy")
    assert "mentor-care-call" in await kinds(head)
    assert "mentor-care-call" not in await kinds(worker)
    kept: list[Any] = await world.sql("SELECT answer FROM message WHERE key = 'MEN-CARE'")
    assert kept == [{"answer": "answered"}]
    assert await world.sql("SELECT 1 FROM claim WHERE what IN ('heavy', 'good')") == []
    (task,) = await world.sql("SELECT * FROM task WHERE kind = 'mentor-care-call'")
    assert (task["note"], task["step"], str(task["about"])) == (None, "", mentor.actor)
