"""A plan that was reopened goes on towards another release, of which no old word is an answer."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend import clock
from tests.chats import Chats, Member, at
from tests.releases import change, kinds, leave, on_weekday
from tests.returns import goes_back, heard, left_custody, outside, reopen, tasks_of
from tests.world import Caller, World, row


async def test_reopened_it_goes_on_inside_towards_a_new_day_and_nothing_is_said(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    for code in ("IDD-04", "HOU-05", "MEN-09", "IDD-01"):
        await change(world, worker, plan, code, state="done")
    await goes_back(world, worker, plan)
    before = await heard(chats, phones)
    at(clock.today("Africa/Tunis") + timedelta(days=14), 10)
    day = on_weekday(3, weeks=12)
    came = await reopen(world, worker, plan, day, "confirmed")
    found = await world.plan(worker, plan["id"])
    assert found["state"] == "active_inside"
    assert (found["release_date"], found["left_custody_at"]) == (day.isoformat(), None)
    assert row(found, "IDD-01")["state"] == "done"
    assert row(found, "REC-02")["state"] == "done"
    for code in ("IDD-04", "HOU-05", "MEN-09"):
        assert row(found, code)["state"] == "planned", code
        assert "done_on" not in row(found, code), code
    assert row(found, "HOU-05")["due_on"] == day.isoformat()
    assert {"MEN-10", "FAM-11"} <= {
        one["code"] for one in found["milestones"] if one["state"] == "dormant"
    }
    assert "MEN-09" in {one["code"] for one in came["moved"]}
    assert came["recipients_told"] == 0
    history = await worker.get(f"/milestones/{row(found, 'IDD-04')['id']}/history")
    again = [one for one in history.json() if one["kind"] == "again"]
    assert [(one["before"], one["after"]) for one in again] == [("done", "planned")]
    # through the questions before the new day, and that day: the old yes carries none of them
    for days in (-7, -6, -3, -1, 0):
        for hour in (10, 12, 17):
            at(day + timedelta(days=days), hour, 5)
            await chats.round()
    after = await heard(chats, phones)
    assert (after["mentor"], after["mother"]) == (before["mentor"], before["mother"])


async def test_a_yes_that_is_given_again_carries_what_hangs_on_it(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    await goes_back(world, worker, plan)
    day = on_weekday(3, weeks=12)
    await reopen(world, worker, plan, day, "confirmed")
    before = await heard(chats, phones)
    told = {"recipient": phones["mentor"].actor, "fact": "release_date", "purpose": "the day"}
    body = {**told, "until": (day + timedelta(days=30)).isoformat()}
    assert (await worker.post(f"/plans/{plan['id']}/disclosures", body)).status_code == 201
    at(day - timedelta(days=7), 10, 5)
    await chats.round()
    after = await heard(chats, phones)
    assert after["mentor"] == before["mentor"] + 1
    assert after["mother"] == before["mother"]


async def test_an_answer_to_a_question_of_the_first_release_settles_nothing_of_the_second(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    at(clock.today("Africa/Tunis"), 18, 5)
    await chats.round()
    assert "No contact" in await chats.last(phones["mentor"].phone)
    await goes_back(world, worker, plan)
    await reopen(world, worker, plan, on_weekday(3, weeks=12))
    await chats.tap(phones["mentor"].phone, "Reached")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_after_the_second_release_the_first_night_and_the_first_days_are_asked_again(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    for code in ("HOU-05", "MEN-09"):
        await change(world, worker, plan, code, state="done")
    await goes_back(world, worker, plan)
    day = on_weekday(2, weeks=12)
    await reopen(world, worker, plan, day, "confirmed")
    at(day, 10)
    await leave(world, worker, plan)
    before = await heard(chats, phones)
    at(day, 17, 5)
    await chats.round()
    assert (await heard(chats, phones))["worker"] == before["worker"] + 1
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)


async def test_only_a_return_is_reopened_and_not_into_the_past(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await outside(world, chats)
    seen = await world.plan(worker, plan["id"])
    today = clock.today("Africa/Tunis")
    body = {"release_date": today.isoformat(), "certainty": "expected"}
    path = f"/plans/{plan['id']}/reopen"
    assert (await worker.post(path, body, version=seen["version"])).status_code == 409
    await goes_back(world, worker, plan)
    version = (await world.plan(worker, plan["id"]))["version"]
    past = {**body, "release_date": (today - timedelta(days=1)).isoformat()}
    assert (await worker.post(path, past, version=version)).status_code == 422
    wrong = {**body, "certainty": "sure"}
    assert (await worker.post(path, wrong, version=version)).status_code == 422
    assert (await worker.post(path, body, version=version)).status_code == 200


async def test_what_was_said_before_a_reopening_is_about_the_release_that_it_was_about(
    world: World, chats: Chats
) -> None:
    """Or an old word would stand for the next release, and keep a worker from looking."""
    worker, _, plan, phones = await outside(world, chats)
    at(clock.today("Africa/Tunis"), 18)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    [claim] = (await worker.get("/verify")).json()["claims"]
    assert claim["code"] == "MEN-09"
    await goes_back(world, worker, plan)
    day = clock.today("Africa/Tunis")
    at(day + timedelta(days=14), 10)
    await reopen(world, worker, plan, day + timedelta(days=60))
    assert (await worker.get("/verify")).json()["claims"] == []
    found = row(await world.plan(worker, plan["id"]), "MEN-09")
    known = (await worker.get(f"/milestones/{found['id']}")).json()
    assert known["sayings"] == []
    rows = await world.sql(
        "SELECT provenance FROM evidence WHERE milestone = $1::uuid", found["id"]
    )
    assert [one["provenance"] for one in rows] == ["said"]  # it stays as what was said


async def _released_again(
    world: World, worker: Caller, plan: dict[str, Any], phones: dict[str, Member]
) -> date:
    """They came back, and have left again: the day. The mentor may know it once more."""
    await goes_back(world, worker, plan)
    day = on_weekday(2, weeks=12)
    await reopen(world, worker, plan, day, "confirmed")
    told = {"recipient": phones["mentor"].actor, "fact": "release_date", "purpose": "the day"}
    body = {**told, "until": (day + timedelta(days=30)).isoformat()}
    assert (await worker.post(f"/plans/{plan['id']}/disclosures", body)).status_code == 201
    at(day, 10)
    await leave(world, worker, plan)
    return day


async def _first_contact(world: World, worker: Caller, plan: dict[str, Any]) -> tuple[str, Any]:
    found = row(await world.plan(worker, plan["id"]), "MEN-09")
    return found["state"], found["said_by"]


async def test_what_is_taken_back_after_a_second_release_leaves_no_word_of_the_first(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    at(clock.today("Africa/Tunis"), 18, 5)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    day = await _released_again(world, worker, plan, phones)
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    assert await _first_contact(world, worker, plan) == ("planned", "ME")
    await chats.tap(phones["mentor"].phone, "Take it back")
    assert await _first_contact(world, worker, plan) == ("planned", None)
    open_ = await tasks_of(world, "no-contact-yet")
    at(day + timedelta(days=2), 12, 5)
    await chats.round()
    assert len(await tasks_of(world, "no-contact-yet")) == len(open_) + 1


@pytest.mark.parametrize("who", ["mentor", "worker"])
async def test_an_old_question_that_is_answered_after_the_second_release_is_a_contact_and_no_more(
    world: World, chats: Chats, who: str
) -> None:
    worker, _, plan, phones = await outside(world, chats)
    at(clock.today("Africa/Tunis"), 18, 5)
    await chats.round()
    day = await _released_again(world, worker, plan, phones)
    at(day + timedelta(days=1), 12, 5)
    await chats.round()
    assert "NOTED" not in await _keys(world)
    await chats.tap(phones[who].phone, "Reached")
    assert await _first_contact(world, worker, plan) == ("planned", None)
    assert await world.sql("SELECT 1 FROM evidence WHERE kind = 'contact'") == []
    assert (await worker.get("/verify")).json()["claims"] == []
    assert "NOTED" in await _keys(world)
    logged = await world.sql("SELECT outcome, made_on FROM contact")
    assert logged == [{"outcome": "reached", "made_on": day + timedelta(days=1)}]
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    assert await tasks_of(world, "no-contact-yet")


async def _keys(world: World) -> set[str]:
    return {one["key"] for one in await world.sql("SELECT key FROM message")}


async def test_an_old_no_about_the_first_night_calls_a_human_and_says_nothing_of_the_second(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await left_custody(world, chats)
    at(clock.today("Africa/Tunis"), 17, 5)
    await chats.round()
    day = await _released_again(world, worker, plan, phones)
    at(day, 18, 5)
    await chats.job(_escalated)
    waits = await tasks_of(world, "first-night")
    assert waits
    await chats.tap(phones["mentor"].phone, "No, need help")
    assert "no-bed" in await kinds(worker)
    assert await world.sql("SELECT 1 FROM evidence WHERE NOT happened") == []
    assert await tasks_of(world, "first-night") == waits


async def _escalated() -> None:
    from workflows.escalate import escalate  # noqa: PLC0415

    await escalate()


async def test_a_day_set_by_hand_for_one_release_is_none_for_the_next(
    world: World, chats: Chats
) -> None:
    """Or an old word on a step that was put off would keep everybody from looking."""
    worker, _, plan, phones = await outside(world, chats)
    today = clock.today("Africa/Tunis")
    await change(world, worker, plan, "MEN-09", due_on=str(today + timedelta(days=1)))
    at(today, 18)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    await goes_back(world, worker, plan)
    at(today + timedelta(days=14), 10)
    release = today + timedelta(days=60)
    await reopen(world, worker, plan, release)
    found = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (found["pinned"], found.get("said_by")) == (False, None)
    assert date.fromisoformat(found["due_on"]) > release
