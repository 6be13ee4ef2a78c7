"""What a mentor or a relative says by chat is a claim: it ends the asking and settles nothing."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

ASKED = "No contact with"


async def claims(who: Caller, **more: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    answer = await who.get(f"/verify?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["claims"]
    return found


async def known(who: Caller, id_: str) -> dict[str, Any]:
    answer = await who.get(f"/milestones/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answers(who: Caller, claim: dict[str, Any], **wanted: Any) -> int:
    path = f"/milestones/{claim['milestone']}"
    return (await who.patch(path, wanted, version=claim["version"])).status_code


async def _outside(
    world: World, chats: Chats, *, iso: int = 1
) -> tuple[Caller, Caller, dict[str, Any], list[Member], date]:
    """Worker, officer, plan, the phones of officer and mentor, and the day of leaving."""
    day = on_weekday(iso)
    officer = await world.somebody("PO")
    worker, plan = await a_release(world, day)
    await joins(world, worker, plan, officer, "PO")
    phones = [await a_phone_of(chats, officer), await chats.a_member(worker, plan["id"])]
    at(day, 9)
    await leave(world, worker, plan)
    await chats.round()
    return worker, officer, plan, phones, day


async def test_a_mentor_who_reached_the_person_ends_the_calls_and_not_the_matter(
    world: World, chats: Chats
) -> None:
    head = await world.somebody("CO")
    worker, officer, plan, (_, mentor), day = await _outside(world, chats)
    at(day + timedelta(days=1), 18)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)
    await chats.tap(mentor.phone, "Reached")
    shown = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (shown["state"], shown["said_by"]) == ("planned", "ME")
    assert "no-contact-yet" not in await kinds(worker)
    for days, hour in ((2, 12), (3, 10), (3, 16)):
        at(day + timedelta(days=days), hour)
        await chats.round()
    assert "no-contact-yet" not in await kinds(worker)
    assert "no-contact-72h" not in await kinds(head)
    [waits] = await claims(worker)
    assert (waits["code"], waits["evidence"], waits["differ"]) == ("MEN-09", "contact", False)
    on = (day + timedelta(days=1)).isoformat()
    assert waits["sayings"] == [
        {"role": "ME", "provenance": "said", "happened": True, "day": on},
    ]
    assert await answers(worker, waits, state="done", done_on=on) == 200
    assert await claims(worker) == []
    found = await known(worker, waits["milestone"])
    assert [(one["role"], one["provenance"]) for one in found["sayings"]] == [
        ("ME", "said"),
        ("SW", "act"),
    ]
    assert "no-contact-yet" not in await kinds(officer)


async def test_who_may_not_know_of_a_claim_is_asked_on_as_if_nobody_had_made_it(
    world: World, chats: Chats
) -> None:
    worlds = []
    for reached in (True, False):
        _, officer, plan, (phone, mentor), day = await _outside(world, chats)
        for days, hour in ((1, 18), (2, 12), (3, 10), (3, 16)):
            at(day + timedelta(days=days), hour)
            await chats.round()
            if reached and days == 1:
                await chats.tap(mentor.phone, "Reached")
        seen = await world.plan(officer, plan["id"])
        texts = [text for text in await said(chats, phone) if ASKED in text]
        codes = [(one["code"], one["state"]) for one in seen["milestones"]]
        worlds.append((len(texts), await kinds(officer), codes))
        assert (await officer.get("/verify")).status_code == 403
    assert worlds[0] == worlds[1]
    assert worlds[0][0] == 3


async def test_not_yet_is_no_reproach_and_the_calls_go_on(world: World, chats: Chats) -> None:
    worker, _, plan, (_, mentor), day = await _outside(world, chats)
    at(day + timedelta(days=1), 18)
    await chats.round()
    heard = len(await chats.texts(mentor.phone))
    await chats.tap(mentor.phone, "Reached")
    [waits] = await claims(worker)
    assert await answers(worker, waits, happened=False) == 200
    assert await claims(worker) == []
    shown = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (shown["state"], shown["said_by"]) == ("planned", None)
    found = await known(worker, waits["milestone"])
    assert [(one["role"], one["happened"]) for one in found["sayings"]] == [
        ("ME", True),
        ("SW", False),
    ]
    assert found["differ"]
    assert not found["claimed"]
    assert len(await chats.texts(mentor.phone)) == heard + 1, "thanked as ever, and told no more"
    at(day + timedelta(days=2), 12)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)


async def test_what_is_taken_back_is_said_no_more_and_stays_in_the_history(
    world: World, chats: Chats
) -> None:
    worker, _, plan, (_, mentor), day = await _outside(world, chats)
    at(day + timedelta(days=1), 18)
    await chats.round()
    await chats.tap(mentor.phone, "Reached")
    await chats.tap(mentor.phone, "Take it back")
    assert await claims(worker) == []
    shown = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert shown["said_by"] is None
    found = await known(worker, shown["id"])
    assert [(one["role"], one["taken_back"]) for one in found["sayings"]] == [("ME", True)]
    at(day + timedelta(days=2), 12)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)


@pytest.mark.parametrize("how", ["not yet", "taken back"])
async def test_the_last_call_that_a_word_has_ended_is_made_again_once_the_word_is_gone(
    world: World, chats: Chats, how: str
) -> None:
    head = await world.somebody("CO")
    worker, _, plan, (_, mentor), day = await _outside(world, chats)
    mentors = [mentor, await chats.a_member(worker, plan["id"])]
    for days, hour in ((1, 18), (2, 12), (3, 10), (3, 16)):
        at(day + timedelta(days=days), hour)
        await chats.round()
    assert (await kinds(head)).count("no-contact-72h") == 1
    assert "no-contact-yet" in await kinds(worker)
    for one in mentors:  # however often it is said
        at(day + timedelta(days=3), 17)
        await chats.tap(one.phone, "Reached")
        assert "no-contact-72h" not in await kinds(head)
        if how == "not yet":
            [waits] = await claims(worker)
            assert await answers(worker, waits, happened=False) == 200
        else:
            await chats.tap(one.phone, "Take it back")
        assert (await kinds(head)).count("no-contact-72h") == 1
    [call] = await world.sql(
        "SELECT urgency, role, local_due FROM task WHERE kind = 'no-contact-72h'"
        " AND closed_at IS NULL"
    )
    assert tuple(call.values()) == (2, "CO", day)
    assert "no-contact-yet" not in await kinds(worker), "the calls before the last stay ended"


async def test_what_a_human_has_closed_is_not_called_for_again(world: World, chats: Chats) -> None:
    head = await world.somebody("CO")
    worker, _, _, (_, mentor), day = await _outside(world, chats)
    for hour in (10, 16):
        at(day + timedelta(days=3), hour)
        await chats.round()
    [call] = [
        one for one in (await head.get("/tasks")).json()["tasks"] if one["kind"] == "no-contact-72h"
    ]
    closed = await head.post(
        f"/tasks/{call['id']}/close", {"outcome": "done"}, version=call["version"]
    )
    assert closed.status_code == 200, closed.text
    await chats.tap(mentor.phone, "Reached")
    [waits] = await claims(worker)
    assert await answers(worker, waits, happened=False) == 200
    assert "no-contact-72h" not in await kinds(head)


async def test_a_meeting_with_probation_settles_what_a_mentor_said(
    world: World, chats: Chats
) -> None:
    worker, officer, plan, (_, mentor), day = await _outside(world, chats)
    on = (day + timedelta(days=1)).isoformat()
    at(day + timedelta(days=1), 18)
    await chats.round()
    await chats.tap(mentor.phone, "Reached")
    held = {"role": "PO", "held_on": on, "held_at": "11:00:00"}
    made = (await officer.post(f"/plans/{plan['id']}/appointments", held)).json()
    await officer.patch(f"/appointments/{made['id']}", {"state": "attended"}, version=1)
    assert await claims(worker) == []
    shown = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (shown["state"], shown["done_on"]) == ("done", on)


async def _first_night(
    world: World, chats: Chats
) -> tuple[Caller, dict[str, Any], list[Member], date]:
    """Two mentors are asked whether the person has a bed for the first night."""
    day = on_weekday(3)
    worker, plan = await a_release(world, day)
    phones = [await chats.a_member(worker, plan["id"]) for _ in range(2)]
    at(day, 9)
    await leave(world, worker, plan)
    at(day, 17)
    await chats.round()
    return worker, plan, phones, day


async def test_two_who_say_different_things_are_both_shown_and_nobody_is_right(
    world: World, chats: Chats
) -> None:
    worker, plan, (one, other), _ = await _first_night(world, chats)
    await chats.tap(one.phone, "Yes")
    await chats.tap(other.phone, "No, need help")
    assert "no-bed" in await kinds(worker)
    [waits] = await claims(worker)
    assert (waits["code"], waits["differ"]) == ("HOU-05", True)
    assert [(said["role"], said["happened"]) for said in waits["sayings"]] == [
        ("ME", True),
        ("ME", False),
    ]
    assert row(await world.plan(worker, plan["id"]), "HOU-05")["state"] == "planned"


async def test_a_no_after_a_worker_has_settled_it_is_shown_and_opens_nothing(
    world: World, chats: Chats
) -> None:
    worker, plan, (one, _), _ = await _first_night(world, chats)
    await change(world, worker, plan, "HOU-05", state="done")
    assert await claims(worker) == []
    await chats.tap(one.phone, "No, need help")
    [waits] = await claims(worker)
    assert (waits["code"], waits["state"], waits["differ"]) == ("HOU-05", "done", True)
    assert await answers(worker, waits, happened=False) == 409
    assert await answers(worker, waits, happened=True) == 200
    assert await claims(worker) == []
    found = await known(worker, waits["milestone"])
    assert [(said["role"], said["happened"]) for said in found["sayings"]] == [
        ("SW", True),
        ("ME", False),
        ("SW", True),
    ]


async def test_a_date_that_was_missed_is_no_evidence_and_stands_beside_what_is_said(
    world: World, chats: Chats
) -> None:
    worker, plan, (one, _), day = await _first_night(world, chats)
    bed = row(await world.plan(worker, plan["id"]), "HOU-05")
    held = {"role": "SW", "held_on": day.isoformat(), "held_at": "16:00:00"}
    made = await worker.post(f"/plans/{plan['id']}/appointments", {**held, "milestone": bed["id"]})
    await chats.tap(one.phone, "Yes")
    assert not (await claims(worker))[0]["differ"]
    missed = await worker.patch(
        f"/appointments/{made.json()['id']}", {"state": "missed_no_contact"}, version=1
    )
    assert missed.status_code == 200, missed.text
    [waits] = await claims(worker)
    assert waits["differ"]
    assert ("SW", "missed") in [(said["role"], said["provenance"]) for said in waits["sayings"]]
    kept = await world.sql("SELECT provenance FROM evidence")
    assert kept == [{"provenance": "said"}]


async def test_what_nobody_has_said_needs_no_answer(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    found = row(plan, "PLN-02")
    for wanted, status in (
        ({"happened": False}, 409),
        ({"happened": True}, 409),
        ({"happened": False, "due_on": plan["release_date"]}, 422),
        ({"state": "done", "known": "hearsay"}, 422),
        ({"known": "document"}, 422),
        ({"state": "in_progress", "known": "document"}, 422),
    ):
        answer = await worker.patch(f"/milestones/{found['id']}", wanted, version=found["version"])
        assert answer.status_code == status, (wanted, answer.text)
    assert await world.sql("SELECT 1 FROM evidence") == []


async def test_a_row_says_what_it_waits_for(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    waits = row(plan, "PLN-03")
    before = (await known(worker, waits["id"]))["waits_for"]
    assert [(one["code"], one["state"]) for one in before] == [("PLN-01", "planned")]
    await change(world, worker, plan, "PLN-01", state="done", known="document")
    assert (await known(worker, waits["id"]))["waits_for"] == []
    [said] = (await known(worker, row(plan, "PLN-01")["id"]))["sayings"]
    assert (said["role"], said["provenance"]) == ("SW", "document")
