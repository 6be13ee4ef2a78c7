"""After a return to custody no machine says a word; humans call, and the plan can be reopened."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock, database
from backend.access import Actor
from backend.papers.actions import tell_sheet
from backend.papers.telling import Sheet
from tests.backend.pages.browser import at_the_desk
from tests.chats import Chats, Member, at
from tests.releases import a_phone_of, a_release, change, joins, kinds, leave, on_weekday, said
from tests.world import Caller, World, row

SCENE = tuple[Caller, Caller, dict[str, Any], dict[str, Member]]
WAITS = "SELECT key FROM message WHERE plan = $1::uuid AND state IN ('queued', 'claimed')"


async def _outside(world: World, chats: Chats, **values: Any) -> SCENE:
    """Worker and coordinator, a plan a day after its release, and everybody's phone."""
    scene = await _left(world, chats, **values)
    at(clock.today("Africa/Tunis") + timedelta(days=1), 15)
    await chats.round()
    return scene


async def _left(world: World, chats: Chats, **values: Any) -> SCENE:
    """The same on the day itself."""
    day = on_weekday(2)
    head = await world.somebody("CO")
    worker, plan = await a_release(world, day, **values)
    phones = {
        "mentor": await chats.a_member(worker, plan["id"], gate="first"),
        "mother": await chats.a_member(worker, plan["id"], "FA"),
        "person": await chats.a_member(worker, plan["id"], "PE", facts=()),
        "worker": await a_phone_of(chats, worker),
    }
    await change(world, worker, plan, "MEN-10", state="planned")
    await change(world, worker, plan, "FAM-11", state="planned")
    at(day, 10)
    await leave(world, worker, plan)
    return worker, head, plan, phones


async def _return(world: World, who: Caller, plan: dict[str, Any], status: int = 200) -> None:
    seen = await world.sql("SELECT version FROM plan WHERE id = $1::uuid", plan["id"])
    answer = await who.post(f"/plans/{plan['id']}/return", version=seen[0]["version"])
    assert answer.status_code == status, answer.text


async def _reopen(
    world: World, who: Caller, plan: dict[str, Any], day: date, certainty: str = "expected"
) -> dict[str, Any]:
    seen = await world.plan(who, plan["id"])
    body = {"release_date": day.isoformat(), "release_time": "09:00:00", "certainty": certainty}
    answer = await who.post(f"/plans/{plan['id']}/reopen", body, version=seen["version"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _heard(chats: Chats, phones: dict[str, Member]) -> dict[str, int]:
    """How much was said to each, but for the mornings' numbers of what waits for a worker."""
    return {
        who: sum("due today" not in text for text in await said(chats, phone))
        for who, phone in phones.items()
    }


async def _go_on(chats: Chats, first: date, days: int = 12) -> None:
    for n in range(days):
        for hour in (10, 17, 19):
            at(first + timedelta(days=n), hour, 5)
            await chats.round()


async def test_on_a_plan_that_goes_on_circle_and_worker_are_asked(
    world: World, chats: Chats
) -> None:
    """Or the silence below would prove nothing."""
    _, _, _, phones = await _outside(world, chats)
    before = await _heard(chats, phones)
    await _go_on(chats, clock.today("Africa/Tunis"))
    after = await _heard(chats, phones)
    assert all(after[who] > before[who] for who in ("mentor", "mother", "worker")), after


async def test_at_once_everything_is_mute_and_nobody_hears_a_word_after(
    world: World, chats: Chats
) -> None:
    worker, head, plan, phones = await _outside(world, chats)
    link = "SELECT * FROM link WHERE subject = $1::uuid AND state = 'active'"
    assert await world.sql(link, phones["person"].actor)
    today = clock.today("Africa/Tunis")
    at(today, 17, 1)
    await chats.job(_materialised)
    assert await world.sql(WAITS, plan["id"])
    before = await _heard(chats, phones)
    await _return(world, worker, plan)
    assert await world.sql(WAITS, plan["id"]) == []
    assert (await world.plan(worker, plan["id"]))["state"] == "paused"
    assert await kinds(worker) == ["tell-the-circle"]
    assert await kinds(head) == ["tell-the-circle"]
    await _go_on(chats, today)
    assert await _heard(chats, phones) == before
    assert await kinds(worker) == ["tell-the-circle"]
    assert await world.sql(link, phones["person"].actor) == []
    assert await world.sql(link, phones["mother"].actor)


async def _materialised() -> None:
    from workflows.materialise import materialise  # noqa: PLC0415

    await materialise()


async def test_coming_dates_wait_for_a_look_and_nothing_is_missed(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    day = (clock.today("Africa/Tunis") + timedelta(days=2)).isoformat()
    date_ = {"role": "SW", "held_on": day, "held_at": "10:00:00", "place": "Office"}
    path = f"/plans/{plan['id']}/appointments"
    coming = (await worker.post(path, date_)).json()["id"]
    await _return(world, worker, plan)
    assert [str(one["subject"]) for one in await _tasks(world, "appointment-in-doubt")] == [coming]
    found = await world.sql("SELECT state FROM appointment")
    assert found == [{"state": "scheduled"}]
    assert not [one for one in await _rows(world, worker, plan) if one["overdue"]]


@pytest.mark.parametrize("why", ["a return", "a pause"])
async def test_while_a_plan_stands_still_no_list_page_picture_or_sheet_calls_a_row_late(
    world: World, chats: Chats, why: str
) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    at(clock.today("Africa/Tunis") + timedelta(days=20), 10)
    assert await _late(world, worker, plan) == {"plan", "caseload", "find", "timeline", "sheet"}
    if why == "a return":
        await _return(world, worker, plan)
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
        "plan": any(one["overdue"] for one in await _rows(world, worker, plan)),
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
    worker, _, plan, _ = await _outside(world, chats)

    async def steps() -> list[str]:
        return [one.text for one in (await _told(world, worker, plan, "plan")).sections[2].lines]

    await world.sql(
        "UPDATE milestone SET state = 'not_needed' WHERE day <= 0 AND state = 'planned'"
    )
    of_days = (await _told(world, worker, plan, "72-hours")).sections[0].title
    assert await steps()
    assert ":" in of_days
    await _return(world, worker, plan)
    assert await steps() == []
    assert ":" not in (await _told(world, worker, plan, "72-hours")).sections[0].title


async def test_a_release_desk_prints_again_for_who_is_back_inside(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    path = f"/plans/{plan['id']}/papers/72-hours?language=en"
    assert (await desk.get(path)).status_code == 409
    await _return(world, desk, plan)
    printed = await desk.get(path)
    assert printed.status_code == 200, printed.text
    browser = await at_the_desk(world, desk)
    page = await browser.open(f"/desk/plans/{plan['id']}/papers")
    assert "To print" in page.words


async def _tasks(world: World, kind: str) -> list[dict[str, Any]]:
    return await world.sql("SELECT * FROM task WHERE kind = $1 AND closed_at IS NULL", kind)


async def _rows(world: World, who: Caller, plan: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await world.plan(who, plan["id"]))["milestones"]
    return rows


async def test_two_rows_count_from_that_day_and_can_be_done_while_the_plan_stands_still(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    await _return(world, worker, plan)
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
    worker, _, plan, _ = await _outside(world, chats)
    other = await world.somebody(role)
    await joins(world, worker, plan, other, role)
    path = f"/plans/{plan['id']}"
    paused = {"state": "paused"}
    version = (await world.plan(worker, plan["id"]))["version"]
    assert (await worker.post(f"{path}/state", paused, version=version)).status_code == 200
    alike = (await other.get(path + "?show=all")).json()
    outside = {"state": "active_outside"}
    assert (await worker.post(f"{path}/state", outside, version=version + 1)).status_code == 200
    await _return(world, worker, plan)
    found = (await other.get(path + "?show=all")).json()
    unlike = {"version"}
    assert {k: v for k, v in found.items() if k not in unlike} == {
        k: v for k, v in alike.items() if k not in unlike
    }
    assert (await other.post(f"{path}/return", version=1)).status_code == 403


async def test_no_reason_finds_a_field(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    version = (await world.plan(worker, plan["id"]))["version"]
    body = {"reason": "any reason"}
    await worker.post(f"/plans/{plan['id']}/return", body, version=version)
    for table in ("custody_return", "task", "milestone_event", "audit", "plan", "message"):
        for one in await world.sql(f"SELECT * FROM {table}"):
            assert "any reason" not in " ".join(str(value) for value in one.values())


async def test_the_release_desk_records_it_while_it_has_a_part_and_nobody_of_another_plan(
    world: World, chats: Chats
) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    desk = await world.somebody("PS")
    await _return(world, desk, plan, 404)
    await joins(world, worker, plan, desk, "PS")
    await _return(world, desk, plan)
    await _return(world, desk, plan, 409)
    await _return(world, worker, plan, 409)
    # who is inside again can be the desk's to end without a word
    version = (await world.plan(worker, plan["id"]))["version"]
    ended = await desk.post(f"/plans/{plan['id']}/silent-end", version=version)
    assert ended.status_code == 200, ended.text


async def test_nobody_who_is_inside_comes_back(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await _return(world, worker, plan, 409)


async def test_a_plan_that_was_paused_already_comes_back_too(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    seen = await world.plan(worker, plan["id"])
    path = f"/plans/{plan['id']}/state"
    assert (
        await worker.post(path, {"state": "paused"}, version=seen["version"])
    ).status_code == 200
    await _return(world, worker, plan)
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
    await _return(world, worker, plan)
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
    worker, head, plan, phones = await _outside(world, chats)
    await _return(world, worker, plan)
    seen = await world.plan(worker, plan["id"])
    path = f"/plans/{plan['id']}/state"
    inside = await worker.post(path, {"state": "active_inside"}, version=seen["version"])
    assert inside.status_code == 409
    back = await worker.post(path, {"state": "active_outside"}, version=seen["version"])
    assert back.status_code == 200, back.text
    assert await kinds(head) == []
    found = await world.plan(worker, plan["id"])
    assert {row(found, code)["state"] for code in ("REC-01", "REC-02")} == {"not_needed"}
    before = await _heard(chats, phones)
    await _go_on(chats, clock.today("Africa/Tunis"))
    assert (await _heard(chats, phones))["mentor"] > before["mentor"]
    await _return(world, worker, plan)
    found = await world.plan(worker, plan["id"])
    assert {row(found, code)["state"] for code in ("REC-01", "REC-02")} == {"planned"}


async def test_reopened_it_goes_on_inside_towards_a_new_day_and_nothing_is_said(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _outside(world, chats)
    for code in ("IDD-04", "HOU-05", "MEN-09", "IDD-01"):
        await change(world, worker, plan, code, state="done")
    await _return(world, worker, plan)
    before = await _heard(chats, phones)
    at(clock.today("Africa/Tunis") + timedelta(days=14), 10)
    day = on_weekday(3, weeks=12)
    came = await _reopen(world, worker, plan, day, "confirmed")
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
    after = await _heard(chats, phones)
    assert (after["mentor"], after["mother"]) == (before["mentor"], before["mother"])


async def test_a_yes_that_is_given_again_carries_what_hangs_on_it(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _outside(world, chats)
    await _return(world, worker, plan)
    day = on_weekday(3, weeks=12)
    await _reopen(world, worker, plan, day, "confirmed")
    before = await _heard(chats, phones)
    told = {"recipient": phones["mentor"].actor, "fact": "release_date", "purpose": "the day"}
    body = {**told, "until": (day + timedelta(days=30)).isoformat()}
    assert (await worker.post(f"/plans/{plan['id']}/disclosures", body)).status_code == 201
    at(day - timedelta(days=7), 10, 5)
    await chats.round()
    after = await _heard(chats, phones)
    assert after["mentor"] == before["mentor"] + 1
    assert after["mother"] == before["mother"]


async def test_an_answer_to_a_question_of_the_first_release_settles_nothing_of_the_second(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _outside(world, chats)
    at(clock.today("Africa/Tunis"), 18, 5)
    await chats.round()
    assert "No contact" in await chats.last(phones["mentor"].phone)
    await _return(world, worker, plan)
    await _reopen(world, worker, plan, on_weekday(3, weeks=12))
    await chats.tap(phones["mentor"].phone, "Reached")
    assert row(await world.plan(worker, plan["id"]), "MEN-09")["state"] == "planned"


async def test_after_the_second_release_the_first_night_and_the_first_days_are_asked_again(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _outside(world, chats)
    for code in ("HOU-05", "MEN-09"):
        await change(world, worker, plan, code, state="done")
    await _return(world, worker, plan)
    day = on_weekday(2, weeks=12)
    await _reopen(world, worker, plan, day, "confirmed")
    at(day, 10)
    await leave(world, worker, plan)
    before = await _heard(chats, phones)
    at(day, 17, 5)
    await chats.round()
    assert (await _heard(chats, phones))["worker"] == before["worker"] + 1
    at(day + timedelta(days=1), 18, 5)
    await chats.round()
    assert "no-contact-yet" in await kinds(worker)


async def test_only_a_return_is_reopened_and_not_into_the_past(world: World, chats: Chats) -> None:
    worker, _, plan, _ = await _outside(world, chats)
    seen = await world.plan(worker, plan["id"])
    today = clock.today("Africa/Tunis")
    body = {"release_date": today.isoformat(), "certainty": "expected"}
    path = f"/plans/{plan['id']}/reopen"
    assert (await worker.post(path, body, version=seen["version"])).status_code == 409
    await _return(world, worker, plan)
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
    worker, _, plan, phones = await _outside(world, chats)
    at(clock.today("Africa/Tunis"), 18)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    [claim] = (await worker.get("/verify")).json()["claims"]
    assert claim["code"] == "MEN-09"
    await _return(world, worker, plan)
    day = clock.today("Africa/Tunis")
    at(day + timedelta(days=14), 10)
    await _reopen(world, worker, plan, day + timedelta(days=60))
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
    await _return(world, worker, plan)
    day = on_weekday(2, weeks=12)
    await _reopen(world, worker, plan, day, "confirmed")
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
    worker, _, plan, phones = await _outside(world, chats)
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
    open_ = await _tasks(world, "no-contact-yet")
    at(day + timedelta(days=2), 12, 5)
    await chats.round()
    assert len(await _tasks(world, "no-contact-yet")) == len(open_) + 1


@pytest.mark.parametrize("who", ["mentor", "worker"])
async def test_an_old_question_that_is_answered_after_the_second_release_is_a_contact_and_no_more(
    world: World, chats: Chats, who: str
) -> None:
    worker, _, plan, phones = await _outside(world, chats)
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
    assert await _tasks(world, "no-contact-yet")


async def _keys(world: World) -> set[str]:
    return {one["key"] for one in await world.sql("SELECT key FROM message")}


async def test_an_old_no_about_the_first_night_calls_a_human_and_says_nothing_of_the_second(
    world: World, chats: Chats
) -> None:
    worker, _, plan, phones = await _left(world, chats)
    at(clock.today("Africa/Tunis"), 17, 5)
    await chats.round()
    day = await _released_again(world, worker, plan, phones)
    at(day, 18, 5)
    await chats.job(_escalated)
    waits = await _tasks(world, "first-night")
    assert waits
    await chats.tap(phones["mentor"].phone, "No, need help")
    assert "no-bed" in await kinds(worker)
    assert await world.sql("SELECT 1 FROM evidence WHERE NOT happened") == []
    assert await _tasks(world, "first-night") == waits


async def _escalated() -> None:
    from workflows.escalate import escalate  # noqa: PLC0415

    await escalate()


async def test_a_day_set_by_hand_for_one_release_is_none_for_the_next(
    world: World, chats: Chats
) -> None:
    """Or an old word on a step that was put off would keep everybody from looking."""
    worker, _, plan, phones = await _outside(world, chats)
    today = clock.today("Africa/Tunis")
    await change(world, worker, plan, "MEN-09", due_on=str(today + timedelta(days=1)))
    at(today, 18)
    await chats.round()
    await chats.tap(phones["mentor"].phone, "Reached")
    await _return(world, worker, plan)
    at(today + timedelta(days=14), 10)
    release = today + timedelta(days=60)
    await _reopen(world, worker, plan, release)
    found = row(await world.plan(worker, plan["id"]), "MEN-09")
    assert (found["pinned"], found.get("said_by")) == (False, None)
    assert date.fromisoformat(found["due_on"]) > release


async def test_a_services_tasks_stay_as_in_any_pause(world: World, chats: Chats) -> None:
    left = {}
    for way in ("return", "pause"):
        worker, _, plan, _ = await _outside(world, chats)
        officer = await world.somebody("PO")
        await joins(world, worker, plan, officer, "PO")
        at(clock.today("Africa/Tunis") + timedelta(days=1), 18)
        await chats.round()
        assert "no-contact-yet" in await kinds(officer)
        if way == "return":
            await _return(world, worker, plan)
        else:
            seen = await world.plan(worker, plan["id"])
            path = f"/plans/{plan['id']}/state"
            await worker.post(path, {"state": "paused"}, version=seen["version"])
        left[way] = await kinds(officer)
    assert left["return"] == left["pause"]
