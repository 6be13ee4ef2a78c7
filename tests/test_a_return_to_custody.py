"""After a return to custody no machine says a word, and humans call."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock, database
from backend.access import Actor
from backend.papers.actions import tell_sheet
from backend.papers.telling import Sheet
from tests.backend.pages.browser import at_the_desk
from tests.chats import Chats, at
from tests.releases import a_release, change, joins, kinds, on_weekday
from tests.returns import WAITS, go_on, goes_back, heard, outside, tasks_of
from tests.world import Caller, World, row


async def test_on_a_plan_that_goes_on_circle_and_worker_are_asked(
    world: World, chats: Chats
) -> None:
    """Or the silence below would prove nothing."""
    _, _, _, phones = await outside(world, chats)
    before = await heard(chats, phones)
    await go_on(chats, clock.today("Africa/Tunis"))
    after = await heard(chats, phones)
    assert all(after[who] > before[who] for who in ("mentor", "mother", "worker")), after


async def test_at_once_everything_is_mute_and_nobody_hears_a_word_after(
    world: World, chats: Chats
) -> None:
    worker, head, plan, phones = await outside(world, chats)
    link = "SELECT * FROM link WHERE subject = $1::uuid AND state = 'active'"
    assert await world.sql(link, phones["person"].actor)
    today = clock.today("Africa/Tunis")
    at(today, 17, 1)
    await chats.job(_materialised)
    assert await world.sql(WAITS, plan["id"])
    before = await heard(chats, phones)
    await goes_back(world, worker, plan)
    assert await world.sql(WAITS, plan["id"]) == []
    assert (await world.plan(worker, plan["id"]))["state"] == "paused"
    assert await kinds(worker) == ["tell-the-circle"]
    assert await kinds(head) == ["tell-the-circle"]
    await go_on(chats, today)
    assert await heard(chats, phones) == before
    assert await kinds(worker) == ["tell-the-circle"]
    assert await world.sql(link, phones["person"].actor) == []
    assert await world.sql(link, phones["mother"].actor)


async def _materialised() -> None:
    from workflows.materialise import materialise  # noqa: PLC0415

    await materialise()


async def test_coming_dates_wait_for_a_look_and_nothing_is_missed(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await outside(world, chats)
    day = (clock.today("Africa/Tunis") + timedelta(days=2)).isoformat()
    date_ = {"role": "SW", "held_on": day, "held_at": "10:00:00", "place": "Office"}
    path = f"/plans/{plan['id']}/appointments"
    coming = (await worker.post(path, date_)).json()["id"]
    await goes_back(world, worker, plan)
    assert [str(one["subject"]) for one in await tasks_of(world, "appointment-in-doubt")] == [
        coming
    ]
    found = await world.sql("SELECT state FROM appointment")
    assert found == [{"state": "scheduled"}]
    assert not [one for one in await _rows(world, worker, plan) if one.get("overdue")]


@pytest.mark.parametrize("why", ["a return", "a pause"])
async def test_while_a_plan_stands_still_no_list_page_picture_or_sheet_calls_a_row_late(
    world: World, chats: Chats, why: str
) -> None:
    worker, _, plan, _ = await outside(world, chats)
    at(clock.today("Africa/Tunis") + timedelta(days=20), 10)
    assert await _late(world, worker, plan) == {"plan", "caseload", "find", "timeline", "sheet"}
    if why == "a return":
        await goes_back(world, worker, plan)
    else:
        seen = await world.plan(worker, plan["id"])
        paused = {"state": "paused"}
        path = f"/plans/{plan['id']}/state"
        assert (await worker.post(path, paused, version=seen["version"])).status_code == 200
    at(clock.today("Africa/Tunis") + timedelta(days=20), 10)
    assert await _late(world, worker, plan) == set()


async def _late(world: World, worker: Caller, plan: dict[str, Any]) -> set[str]:
    """Where it is said that something is late."""
    [listed] = (await worker.get("/plans")).json()["plans"]
    found = await worker.post("/plans/search", {"words": plan["person"]["name"]})
    [line] = found.json()["plans"]
    drawn = (await worker.get(f"/plans/{plan['id']}/timeline.svg")).text
    sheet = await _told(world, worker, plan, "plan")
    late = {
        "plan": any(one.get("overdue") for one in await _rows(world, worker, plan)),
        "caseload": listed["overdue"],
        "find": line["overdue"],
        "timeline": _marked(drawn) > 0,
        "sheet": _marked(sheet.picture) > 0,
    }
    return {where for where, said in late.items() if said}


def _marked(drawn: str) -> int:
    """How many late steps are in a picture, besides the one that explains the mark."""
    return drawn.count("<polygon") - 1


async def _told(world: World, worker: Caller, plan: dict[str, Any], name: str) -> Sheet:
    """What is printed on a sheet, before it is set."""

    async def work() -> Sheet:
        database.act_as("app")
        actor = Actor(worker.id or uuid4(), "staff", "SW", world.agency)
        return await tell_sheet(actor, UUID(plan["id"]), name, "en")

    return await database.in_fresh_context(work)


async def test_for_who_is_back_inside_no_sheet_names_a_step_or_a_day_of_the_last_release(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await outside(world, chats)

    async def steps() -> list[str]:
        return [one.text for one in (await _told(world, worker, plan, "plan")).sections[2].lines]

    await world.sql(
        "UPDATE milestone SET state = 'not_needed' WHERE day <= 0 AND state = 'planned'"
    )
    of_days = (await _told(world, worker, plan, "72-hours")).sections[0].title
    assert await steps()
    assert ":" in of_days
    await goes_back(world, worker, plan)
    assert await steps() == []
    assert ":" not in (await _told(world, worker, plan, "72-hours")).sections[0].title


async def test_a_release_desk_prints_again_for_who_is_back_inside(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await outside(world, chats)
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    path = f"/plans/{plan['id']}/papers/72-hours?language=en"
    assert (await desk.get(path)).status_code == 409
    await goes_back(world, desk, plan)
    printed = await desk.get(path)
    assert printed.status_code == 200, printed.text
    browser = await at_the_desk(world, desk)
    page = await browser.open(f"/desk/plans/{plan['id']}/papers")
    assert "To print" in page.words


async def _rows(world: World, who: Caller, plan: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await world.plan(who, plan["id"]))["milestones"]
    return rows


async def test_two_rows_count_from_that_day_and_can_be_done_while_the_plan_stands_still(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await outside(world, chats)
    await goes_back(world, worker, plan)
    seen, today = await world.plan(worker, plan["id"]), clock.today("Africa/Tunis")
    assert row(seen, "REC-01")["due_on"] == today.isoformat()
    assert row(seen, "REC-02")["due_on"] >= (today + timedelta(days=14)).isoformat()
    await change(world, worker, plan, "REC-01", state="done")
    other = row(seen, "HOU-06")
    answer = await worker.patch(f"/milestones/{other['id']}", {"state": "done"}, version=1)
    assert answer.status_code == 409, answer.text


@pytest.mark.parametrize("role", ["PO", "TR", "CP"])
async def test_to_everybody_else_it_is_a_pause_like_any_other(
    world: World, chats: Chats, role: str
) -> None:
    """Two plans differ in why they stand still; whoever may not know why sees them alike."""
    worker, _, plan, _ = await outside(world, chats)
    other = await world.somebody(role)
    await joins(world, worker, plan, other, role)
    path = f"/plans/{plan['id']}"
    paused = {"state": "paused"}
    version = (await world.plan(worker, plan["id"]))["version"]
    assert (await worker.post(f"{path}/state", paused, version=version)).status_code == 200
    alike = (await other.get(path + "?show=all")).json()
    beyond = {"state": "active_outside"}
    assert (await worker.post(f"{path}/state", beyond, version=version + 1)).status_code == 200
    await goes_back(world, worker, plan)
    found = (await other.get(path + "?show=all")).json()
    unlike = {"version"}
    assert {k: v for k, v in found.items() if k not in unlike} == {
        k: v for k, v in alike.items() if k not in unlike
    }
    assert (await other.post(f"{path}/return", version=1)).status_code == 403


async def test_no_reason_finds_a_field(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await outside(world, chats)
    version = (await world.plan(worker, plan["id"]))["version"]
    body = {"reason": "any reason"}
    await worker.post(f"/plans/{plan['id']}/return", body, version=version)
    for table in ("custody_return", "task", "milestone_event", "audit", "plan", "message"):
        for one in await world.sql(f"SELECT * FROM {table}"):
            assert "any reason" not in " ".join(str(value) for value in one.values())


async def test_the_release_desk_records_it_while_it_has_a_part_and_nobody_of_another_plan(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await outside(world, chats)
    desk = await world.somebody("PS")
    await goes_back(world, desk, plan, 404)
    await joins(world, worker, plan, desk, "PS")
    await goes_back(world, desk, plan)
    await goes_back(world, desk, plan, 409)
    await goes_back(world, worker, plan, 409)
    # who is inside again can be the desk's to end without a word
    version = (await world.plan(worker, plan["id"]))["version"]
    ended = await desk.post(f"/plans/{plan['id']}/silent-end", version=version)
    assert ended.status_code == 200, ended.text


async def test_nobody_who_is_inside_comes_back(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await goes_back(world, worker, plan, 409)


async def test_a_plan_that_was_paused_already_comes_back_too(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await outside(world, chats)
    seen = await world.plan(worker, plan["id"])
    path = f"/plans/{plan['id']}/state"
    assert (
        await worker.post(path, {"state": "paused"}, version=seen["version"])
    ).status_code == 200
    await goes_back(world, worker, plan)
    assert "tell-the-circle" in await kinds(worker)


async def test_nobody_is_called_any_more_about_a_release_at_once_that_is_over(
    world: World, chats: Chats
) -> None:
    """What the person wished stays: that they are back may turn out a mistake."""
    worker, head, plan = await _let_go_at_once(world, chats)
    assert "unplanned-release" in await kinds(worker)
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, k, '', 'SW', id,"
        " current_date, now(), 0, now() FROM plan, unnest(ARRAY['ask-again', 'needs-review']) AS k"
    )
    await goes_back(world, worker, plan)
    assert set(await kinds(worker)) == {"ask-again", "needs-review", "tell-the-circle"}
    await chats.round()
    assert await kinds(head) == ["tell-the-circle"]


async def _let_go_at_once(world: World, chats: Chats) -> tuple[Caller, Caller, dict[str, Any]]:
    head = await world.somebody("CO")
    worker, plan = await a_release(world, on_weekday(2))
    body = {"left": True}
    path = f"/plans/{plan['id']}/unplanned-release"
    answer = await worker.post(path, body, version=plan["version"])
    assert answer.status_code == 200, answer.text
    await chats.round()
    return worker, head, plan


async def test_a_mistake_is_taken_back_and_the_plan_goes_on_outside(
    world: World, chats: Chats
) -> None:
    worker, head, plan, phones = await outside(world, chats)
    await goes_back(world, worker, plan)
    seen = await world.plan(worker, plan["id"])
    path = f"/plans/{plan['id']}/state"
    inside = await worker.post(path, {"state": "active_inside"}, version=seen["version"])
    assert inside.status_code == 409
    back = await worker.post(path, {"state": "active_outside"}, version=seen["version"])
    assert back.status_code == 200, back.text
    assert await kinds(head) == []
    found = await world.plan(worker, plan["id"])
    assert {row(found, code)["state"] for code in ("REC-01", "REC-02")} == {"not_needed"}
    before = await heard(chats, phones)
    await go_on(chats, clock.today("Africa/Tunis"))
    assert (await heard(chats, phones))["mentor"] > before["mentor"]
    await goes_back(world, worker, plan)
    found = await world.plan(worker, plan["id"])
    assert {row(found, code)["state"] for code in ("REC-01", "REC-02")} == {"planned"}


async def test_a_services_tasks_stay_as_in_any_pause(world: World, chats: Chats) -> None:
    left = {}
    for way in ("return", "pause"):
        worker, _, plan, _ = await outside(world, chats)
        officer = await world.somebody("PO")
        await joins(world, worker, plan, officer, "PO")
        at(clock.today("Africa/Tunis") + timedelta(days=1), 18)
        await chats.round()
        assert "no-contact-yet" in await kinds(officer)
        if way == "return":
            await goes_back(world, worker, plan)
        else:
            seen = await world.plan(worker, plan["id"])
            path = f"/plans/{plan['id']}/state"
            await worker.post(path, {"state": "paused"}, version=seen["version"])
        left[way] = await kinds(officer)
    assert left["return"] == left["pause"]
