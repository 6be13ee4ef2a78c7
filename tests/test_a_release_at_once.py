"""Somebody is let go within the hour: what cannot wait is due, staff are called, nobody else."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.plans.late_start import critical
from backend.templates.reading import standard
from backend.templates.rules import CRITICAL, OVERLAYS
from tests.chats import Chats, Member, at
from tests.releases import (
    a_phone_of,
    a_release,
    change,
    joins,
    kinds,
    leave,
    move,
    on_weekday,
    said,
)
from tests.world import Caller, World, a_day, row

KEPT = {"PLN-01", "PRB-02", "HOU-04", "IDD-04", "FIN-05", "PLN-07", "HLT-06", "GAT-01", "HOU-05"}


@given(template=st.sampled_from(["full", "light"]), on=st.sets(st.sampled_from(sorted(OVERLAYS))))
def test_what_stays_is_what_may_not_be_lost_and_what_it_needs(template: str, on: set[str]) -> None:
    rows = standard().rows_for(template, on)
    kept, codes = critical(rows), {one.code for one in rows}
    assert {one.code for one in rows if one.late_start <= CRITICAL} <= kept <= codes
    for one in rows:
        if one.code in kept:
            assert set(one.depends) & codes <= kept, one.code
    needed = {code for one in rows if one.code in kept for code in one.depends}
    for one in rows:
        if one.late_start > CRITICAL and one.code in kept - needed:
            assert one.code.startswith("UNP-") or one.code == "HOU-05", one.code


async def _let_go(
    world: World, who: Caller, plan: dict[str, Any], *, left: bool, status: int = 200
) -> None:
    [seen] = await world.sql("SELECT version FROM plan WHERE id = $1::uuid", plan["id"])
    answer = await who.post(
        f"/plans/{plan['id']}/unplanned-release", {"left": left}, version=seen["version"]
    )
    assert answer.status_code == status, answer.text


async def _inside(world: World, chats: Chats) -> tuple[Caller, dict[str, Any], dict[str, Member]]:
    """A plan weeks ahead of its day, with a circle; some of it is done."""
    head = await world.somebody("CO")
    worker, plan = await a_release(world, on_weekday(3, weeks=9))
    phones = {
        "head": await a_phone_of(chats, head),
        "mentor": await chats.a_member(worker, plan["id"], gate="first"),
        "mother": await chats.a_member(worker, plan["id"], "FA", gate="substitute"),
        "worker": await a_phone_of(chats, worker),
    }
    await change(world, worker, plan, "PLN-01", state="done")
    await change(world, worker, plan, "MEN-10", state="planned")
    await change(world, worker, plan, "FAM-11", state="planned")
    await chats.round()
    return worker, plan, phones


async def test_the_plan_shrinks_at_once_and_what_is_done_stays(world: World, chats: Chats) -> None:
    worker, plan, _ = await _inside(world, chats)
    today = a_day()
    before = await world.plan(worker, plan["id"])
    await _let_go(world, worker, plan, left=False)
    found = await world.plan(worker, plan["id"])
    assert (found["release_date"], found["certainty"]) == (today.isoformat(), "confirmed")
    assert found["state"] == "active_inside"
    assert row(found, "PLN-01")["state"] == "done"
    states = {one["code"]: one["state"] for one in found["milestones"]}
    assert {states[code] for code in KEPT - {"PLN-01"}} == {"planned"}
    assert {states[code] for code in ("MEN-10", "FAM-11", "MEN-09", "VOC-02")} == {"dormant"}
    assert {states[f"UNP-0{n}"] for n in (1, 2, 3)} == {"planned"}
    assert row(found, "UNP-01")["due_on"] == today.isoformat()
    for one in before["milestones"]:
        if one["state"] not in {"planned", "in_progress"}:
            assert states[one["code"]] == one["state"], one["code"]
    woken = row(found, "MEN-10")
    again = {"state": "planned"}
    answer = await worker.patch(f"/milestones/{woken['id']}", again, version=woken["version"])
    assert answer.status_code == 200, answer.text


async def test_staff_are_called_within_a_minute_and_the_circle_is_told_nothing(
    world: World, chats: Chats
) -> None:
    worker, plan, phones = await _inside(world, chats)
    on_call = await world.somebody("SW")
    duty = await a_phone_of(chats, on_call)
    now = clock.now()
    shift = {
        "starts": (now - timedelta(hours=1)).isoformat(),
        "ends": (now + timedelta(hours=12)).isoformat(),
        "staff": [str(on_call.id)],
    }
    head = await world.somebody("CO")
    rota = await head.send("PUT", "/duty-rota", shift)
    assert rota.status_code == 200, rota.text
    before = {who: len(await said(chats, phone)) for who, phone in phones.items()}
    await _let_go(world, worker, plan, left=False)
    assert "unplanned-release" in await kinds(worker)
    await chats.round()
    assert "Urgent task" in await chats.last(duty.phone)
    assert "Urgent task" in await chats.last(phones["head"].phone)
    for hour in (12, 15, 18):
        at(a_day(), hour, 5)
        await chats.round()
    for who in ("mentor", "mother"):
        assert len(await said(chats, phones[who])) == before[who], who
    assert "gate-unanswered" not in await kinds(worker)


async def test_one_tap_says_too_that_they_are_out_and_the_first_night_is_asked_about(
    world: World, chats: Chats
) -> None:
    worker, plan, phones = await _inside(world, chats)
    await _let_go(world, worker, plan, left=True)
    found = await world.plan(worker, plan["id"])
    assert found["state"] == "active_outside"
    assert found["left_custody_at"]
    mother, today = len(await said(chats, phones["mother"])), a_day()
    await chats.round()
    at(today, 17, 5)
    await chats.round()
    assert "tonight" in (await chats.last(phones["worker"].phone)).lower()
    for days in range(1, 8):
        for hour in (10, 12, 18):
            at(today + timedelta(days=days), hour, 5)
            await chats.round()
    assert len(await said(chats, phones["mother"])) == mother
    reached = {"how": "phone", "outcome": "reached", "made_on": a_day().isoformat()}
    assert (await worker.post(f"/plans/{plan['id']}/contacts", reached)).status_code == 201
    assert row(await world.plan(worker, plan["id"]), "UNP-02")["state"] == "done"


async def test_a_date_set_by_hand_stays(world: World, chats: Chats) -> None:
    worker, plan, _ = await _inside(world, chats)
    day = (a_day() + timedelta(days=90)).isoformat()
    await change(world, worker, plan, "VOC-10", due_on=day)
    await _let_go(world, worker, plan, left=False)
    found = row(await world.plan(worker, plan["id"]), "VOC-10")
    assert (found["state"], found["due_on"], found["pinned"]) == ("planned", day, True)


async def test_what_cannot_wait_is_due_at_once_whatever_date_was_set_by_hand(
    world: World, chats: Chats
) -> None:
    """Also what it depends on; a date that is soon enough stays as it was set."""
    worker, plan, _ = await _inside(world, chats)
    later = (a_day() + timedelta(days=30)).isoformat()
    for code in ("IDD-04", "HOU-04", "HOU-02"):
        await change(world, worker, plan, code, due_on=later)
    today = a_day().isoformat()
    await change(world, worker, plan, "FIN-05", due_on=today)
    before = {one["code"]: one for one in (await world.plan(worker, plan["id"]))["milestones"]}
    assert before["HOU-02"]["state"] == "planned"
    await _let_go(world, worker, plan, left=False)
    found = await world.plan(worker, plan["id"])
    for code in ("IDD-04", "HOU-04", "HOU-02"):
        one = row(found, code)
        assert (one["state"], one["due_on"], one["pinned"]) == ("planned", today, False), code
        history = (await worker.get(f"/milestones/{one['id']}/history")).json()
        assert (later, today) in [(e.get("due_before"), e.get("due_after")) for e in history], code
    assert (row(found, "FIN-05")["due_on"], row(found, "FIN-05")["pinned"]) == (today, True)


async def test_what_is_needed_behind_a_row_with_a_date_of_its_own_does_not_fall_asleep(
    world: World, chats: Chats
) -> None:
    worker, plan, _ = await _inside(world, chats)
    for code in KEPT - {"PLN-01"}:
        soon = (a_day() + timedelta(days=30)).isoformat()
        await change(world, worker, plan, code, due_on=soon)
    open_ = {
        one["code"]: one["state"] for one in (await world.plan(worker, plan["id"]))["milestones"]
    }
    needed = {
        before
        for one in standard().rows_for("full", ())
        if one.code in KEPT
        for before in one.depends
        if open_.get(before) == "planned"
    }
    await _let_go(world, worker, plan, left=False)
    found = await world.plan(worker, plan["id"])
    assert needed - KEPT
    assert {row(found, code)["state"] for code in needed} == {"planned"}


async def test_only_who_is_inside_is_let_go_and_a_desk_only_while_it_has_a_part(
    world: World, chats: Chats
) -> None:
    worker, plan, _ = await _inside(world, chats)
    desk = await world.somebody("PS")
    await _let_go(world, desk, plan, left=False, status=404)
    await joins(world, worker, plan, desk, "PS")
    await _let_go(world, desk, plan, left=False)
    await leave(world, worker, plan)
    await _let_go(world, worker, plan, left=True, status=409)


async def test_who_came_back_and_is_let_go_at_once_is_asked_for_every_yes_again(
    world: World, chats: Chats
) -> None:
    worker, plan, _ = await _inside(world, chats)
    await leave(world, worker, plan)
    await change(world, worker, plan, "MEN-09", state="done")
    version = (await world.plan(worker, plan["id"]))["version"]
    back = await worker.post(f"/plans/{plan['id']}/return", version=version)
    assert back.status_code == 200, back.text
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    await _let_go(world, desk, plan, left=True, status=409)
    at(a_day() + timedelta(days=9), 10)
    await _let_go(world, worker, plan, left=True)
    found = await world.plan(worker, plan["id"])
    assert found["state"] == "active_outside"
    assert row(found, "UNP-02")["state"] == "planned"
    stands = "SELECT 1 FROM disclosure WHERE withdrawn_at IS NULL"
    assert await world.sql(stands) == []
    assert [one["reopened_at"] is not None for one in await _returns(world)] == [True]


async def test_the_next_release_of_who_was_let_go_at_once_has_its_first_contact_asked_about(
    world: World, chats: Chats
) -> None:
    """What slept because there was no time for it is there again where there is."""
    worker, plan, _ = await _inside(world, chats)
    await _let_go(world, worker, plan, left=True)
    await change(world, worker, plan, "UNP-02", state="done")
    version = (await world.plan(worker, plan["id"]))["version"]
    back = await worker.post(f"/plans/{plan['id']}/return", version=version)
    assert back.status_code == 200, back.text
    day = on_weekday(2, weeks=20)
    body = {"release_date": day.isoformat(), "certainty": "confirmed"}
    version = (await world.plan(worker, plan["id"]))["version"]
    again = await worker.post(f"/plans/{plan['id']}/reopen", body, version=version)
    assert again.status_code == 200, again.text
    found = await world.plan(worker, plan["id"])
    states = {one["code"]: one["state"] for one in found["milestones"]}
    assert row(found, "MEN-09")["due_on"] == (day + timedelta(days=3)).isoformat()
    assert states["MEN-09"] == states["VOC-02"] == "planned"
    assert (states["UNP-01"], states["UNP-02"], states["UNP-03"]) == ("dormant", "done", "dormant")
    at(day, 10)
    await leave(world, worker, plan)
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)


async def _returns(world: World) -> list[dict[str, Any]]:
    return await world.sql("SELECT * FROM custody_return")


async def test_a_plan_that_is_opened_so_begins_with_what_cannot_wait_and_keeps_the_rest_asleep(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(
        worker, in_days=0, overlays=["unplanned"], certainty="confirmed", supervision=True
    )
    states = {one["code"]: one["state"] for one in plan["milestones"]}
    assert {states[code] for code in KEPT | {"UNP-01", "UNP-02", "UNP-03"}} == {"planned"}
    assert states["MEN-09"] == "dormant"
    assert "unplanned-release" in await kinds(worker)


async def test_the_gate_of_a_day_that_comes_is_asked_about_whatever_the_plan_began_with(
    world: World, chats: Chats
) -> None:
    """Staff are called at once about that very day; a day a week ahead has its calls before."""
    day = on_weekday(3, weeks=2)
    at(day - timedelta(days=7), 9)
    worker = await world.somebody("SW")
    plan = await world.a_plan(
        worker, release_date=day.isoformat(), certainty="confirmed", overlays=["unplanned"]
    )
    assert row(plan, "GAT-01")["state"] == "planned"
    at(day - timedelta(days=1), 18, 5)
    await chats.round()
    assert "gate-unanswered" in await kinds(worker)


async def test_who_was_to_go_at_once_and_did_not_is_met_at_the_gate_of_the_next_day(
    world: World, chats: Chats
) -> None:
    worker, plan, _ = await _inside(world, chats)
    await _let_go(world, worker, plan, left=False)
    await leave(world, worker, plan, left=False)
    day = on_weekday(3, weeks=12)
    await move(world, worker, plan, day)
    assert row(await world.plan(worker, plan["id"]), "UNP-01")["due_on"] == day.isoformat()
    at(day - timedelta(days=1), 18, 5)
    await chats.round()
    assert "gate-unanswered" in await kinds(worker)
