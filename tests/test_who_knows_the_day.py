"""That somebody has left is told by chat to those alone whom the person let know the day."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.messages.rules import fact_needed
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

TOLD = "SELECT key, state, reason FROM message WHERE recipient = $1::uuid AND key = ANY ($2)"
AROUND = ["NIGHT1", "CONTACT72"]


async def _three_days(chats: Chats, day: date) -> None:
    for days, hour in ((0, 17), (1, 18), (2, 12), (3, 10)):
        at(day + timedelta(days=days), hour, 5)
        await chats.round()


async def _left(
    world: World, chats: Chats, day: date, *facts: str
) -> tuple[Caller, dict[str, Any], Member]:
    """A mentor in the circle, and on the day the person has left."""
    worker, plan = await a_release(world, day)
    mentor = await chats.a_member(worker, plan["id"], facts=facts)
    at(day, 9)
    await leave(world, worker, plan)
    return worker, plan, mentor


async def test_a_mentor_who_may_not_know_the_day_hears_of_no_night_and_no_contact(
    world: World, chats: Chats
) -> None:
    day = on_weekday(1)
    worker, _, mentor = await _left(world, chats, day)
    staff = await a_phone_of(chats, worker)
    before = await said(chats, mentor)
    await _three_days(chats, day)
    assert await said(chats, mentor) == before
    found = await world.sql(TOLD, mentor.actor, AROUND)
    assert {(one["state"], one["reason"]) for one in found} == {("cancelled", "not-released")}
    assert {one["key"] for one in await world.sql(TOLD, staff.actor, AROUND)} == set(AROUND)
    assert "no-contact-yet" in await kinds(worker), "somebody is looked for all the same"


async def test_a_mentor_who_may_is_asked_about_both(world: World, chats: Chats) -> None:
    day = on_weekday(1)
    _, _, mentor = await _left(world, chats, day, "release_date")
    await _three_days(chats, day)
    found = await world.sql(TOLD, mentor.actor, AROUND)
    assert sorted(one["key"] for one in found if one["state"] == "sent") == [
        *["CONTACT72"] * 3,
        "NIGHT1",
    ]


async def test_what_waits_is_cancelled_when_the_person_takes_it_back(
    world: World, chats: Chats
) -> None:
    day = on_weekday(1)
    worker, plan, mentor = await _left(world, chats, day, "release_date")
    at(day, 12)
    await chats.round()
    found = await world.sql(TOLD, mentor.actor, AROUND)
    assert {one["state"] for one in found} == {"queued"}
    [yes] = await world.sql("SELECT id::text FROM disclosure WHERE recipient = $1", mentor.actor)
    answer = await worker.post(f"/consents/{yes['id']}/withdraw")
    assert answer.status_code == 200, answer.text
    found = await world.sql(TOLD, mentor.actor, AROUND)
    assert {(one["state"], one["reason"]) for one in found} == {("cancelled", "consent-withdrawn")}
    assert (await world.plan(worker, plan["id"]))["state"] == "active_outside"


@pytest.mark.parametrize("code", ["MEN-08", "MEN-10", "MEN-11", "MEN-12"])
@pytest.mark.parametrize("facts", [("release_date",), ()])
async def test_the_first_question_names_the_day_of_leaving_to_those_alone_who_may_know_it(
    world: World, chats: Chats, facts: tuple[str, ...], code: str
) -> None:
    left = on_weekday(1)
    worker, plan, mentor = await _left(world, chats, left, *facts)
    await change(world, worker, plan, code, state="planned")
    due = date.fromisoformat(row(await world.plan(worker, plan["id"]), code)["due_on"])
    at(due, 17, 5)
    await chats.round()
    text = (await said(chats, mentor))[-1]
    assert text.startswith("Have you been in touch"), text
    day = f"{left.day} {left:%B}"
    assert (day in text) == bool(facts), text


async def test_what_is_taken_back_of_staff_takes_nothing_from_them(
    world: World, chats: Chats
) -> None:
    day = on_weekday(1)
    worker, plan, _ = await _left(world, chats, day)
    staff = await a_phone_of(chats, worker)
    until = (day + timedelta(days=9)).isoformat()
    yes = {"recipient": staff.actor, "fact": "release_date", "purpose": "x", "until": until}
    made = await worker.post(f"/plans/{plan['id']}/disclosures", yes)
    assert made.status_code == 201, made.text
    at(day, 12)
    await chats.round()
    waits = {one["state"] for one in await world.sql(TOLD, staff.actor, AROUND)}
    assert waits == {"queued"}
    answer = await worker.post(f"/consents/{made.json()['id']}/withdraw")
    assert answer.status_code == 200, answer.text
    assert {one["state"] for one in await world.sql(TOLD, staff.actor, AROUND)} == waits


@pytest.mark.parametrize("facts", [("release_date",), ()])
async def test_a_relative_is_asked_how_things_are_who_may_know_that_the_person_has_left(
    world: World, chats: Chats, facts: tuple[str, ...]
) -> None:
    day = on_weekday(1)
    worker, plan = await a_release(world, day)
    mother = await chats.a_member(worker, plan["id"], "FA", facts=facts)
    await change(world, worker, plan, "FAM-11", state="planned")
    at(day, 9)
    await leave(world, worker, plan)
    due = date.fromisoformat(row(await world.plan(worker, plan["id"]), "FAM-11")["due_on"])
    at(due, 17, 5)
    await chats.round()
    heard = "How are things this week?" in await said(chats, mother)
    assert heard == bool(facts)
    state = "sent" if facts else "cancelled"
    found = await world.sql(TOLD, mother.actor, ["FAM-HOW"])
    assert [(one["state"], one["reason"]) for one in found] == [
        (state, None if facts else "not-released")
    ]


def test_each_of_these_texts_needs_that_the_day_was_released() -> None:
    assert {fact_needed(key) for key in [*AROUND, "FAM-HOW"]} == {"release_date"}
    assert fact_needed("CONTACT") is None
