"""At the desk: back in custody, reopened with the person, taken back, let go at once."""

from datetime import timedelta
from typing import Any

from tests.backend.pages.browser import Browser, at_the_desk, in_the_circle, plain
from tests.releases import joins, leave
from tests.world import Caller, World, a_day, row


async def _outside(world: World) -> tuple[Caller, dict[str, Any], Browser]:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await leave(world, worker, plan)
    return worker, plan, await at_the_desk(world, worker)


async def _returns(browser: Browser, plan: dict[str, Any]) -> None:
    home = f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    saved = plain(await browser.send(page, f"{home}/return"))
    assert "nothing is said by any machine" in saved.words
    assert "Paused: no message goes out to anybody." in saved.words


async def test_one_tap_pauses_the_plan_and_shows_what_is_to_be_done(world: World) -> None:
    worker, plan, browser = await _outside(world)
    await _returns(browser, plan)
    home = f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(home))
    assert "call everybody of its circle" in page.words
    step = row(await world.plan(worker, plan["id"]), "REC-01")
    assert step["title"] in page.words
    assert "overdue" not in page.words
    saved = plain(await browser.send(page, f"/desk/rows/{step['id']}", to="done"))
    assert "is now done" in saved.words
    again = plain(await browser.open(f"{home}/release"))
    assert not again.has_form(f"{home}/return")


async def test_it_is_reopened_and_the_page_lists_which_yes_is_to_be_asked_again(
    world: World,
) -> None:
    worker, plan, browser = await _outside(world)
    mentor = await in_the_circle(worker, plan["id"], "ME", name="Invented Mentor", language="en")
    told = {"recipient": mentor, "fact": "release_date", "purpose": "the day"}
    until = (a_day() + timedelta(days=300)).isoformat()
    path = f"/plans/{plan['id']}/disclosures"
    assert (await worker.post(path, {**told, "until": until})).status_code == 201
    await _returns(browser, plan)
    home = f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    past = (a_day() - timedelta(days=1)).isoformat()
    typed = await browser.send(page, f"{home}/reopen", "release_date", release_date=past)
    refused = plain(typed)
    assert "not in the past" in refused.words
    day = (a_day() + timedelta(days=200)).isoformat()
    sent = await browser.send(refused, f"{home}/reopen", "release_date", release_date=day)
    came = plain(sent)
    assert "The date has moved" in came.words
    assert "To be asked again" in came.words
    assert "Invented Mentor: the release date" in came.words
    assert (await worker.post(path, {**told, "until": until})).status_code == 201
    later = plain(await browser.open(f"{home}/release"))
    assert "To be asked again" not in later.words
    step = row(await world.plan(worker, plan["id"]), "PLN-02")
    assert step["state"] == "planned"


async def test_a_mistake_is_taken_back_in_words_of_its_own(world: World) -> None:
    worker, plan, browser = await _outside(world)
    await _returns(browser, plan)
    home = f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    assert "active_outside" not in [value for _, value in page.form(f"{home}/state", "seen").fields]
    saved = await browser.send(page, f"{home}/state", "state", state="active_outside")
    assert saved.status == 200, saved.words
    assert (await world.plan(worker, plan["id"]))["state"] == "active_outside"


async def test_a_release_desk_taps_it_too_and_is_asked_for_nothing_more(world: World) -> None:
    worker, plan, _ = await _outside(world)
    desk = await world.somebody("PS")
    await joins(world, worker, plan, desk, "PS")
    browser, home = await at_the_desk(world, desk), f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    plain(await browser.send(page, f"{home}/return"))
    page = plain(await browser.open(f"{home}/release"))
    assert not page.has_form(f"{home}/reopen")
    assert not page.has_form(f"{home}/return")
    assert page.has_form(f"{home}/silent-end")


async def test_a_reopened_plan_says_that_the_release_desk_has_no_part_in_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    desk = await world.somebody("PS")
    [account] = await world.sql("SELECT alias FROM staff WHERE id = $1", desk.id)
    await joins(world, worker, plan, desk, "PS")
    await leave(world, worker, plan)
    browser, home = await at_the_desk(world, worker), f"/desk/plans/{plan['id']}"
    await _returns(browser, plan)
    no_part = "The release desk had a part until a week after they left"
    page = plain(await browser.open(f"{home}/release"))
    assert no_part not in page.words
    day = (a_day() + timedelta(days=200)).isoformat()
    sent = await browser.send(page, f"{home}/reopen", "release_date", release_date=day)
    came = plain(sent)
    assert "To be asked again" in came.words
    assert no_part in came.words
    assert f"{account['alias']} until" in came.words
    await joins(world, worker, plan, await world.somebody("PS"), "PS")
    assert no_part not in plain(await browser.open(f"{home}/release")).words


async def test_who_only_reads_is_offered_none_of_it(world: World) -> None:
    worker, plan, _ = await _outside(world)
    officer = await world.somebody("PO")
    await joins(world, worker, plan, officer, "PO")
    browser, home = await at_the_desk(world, officer), f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    for what in ("return", "reopen", "unplanned-release"):
        assert not page.has_form(f"{home}/{what}"), what


async def test_somebody_is_let_go_at_once_with_one_tap(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser, home = await at_the_desk(world, worker), f"/desk/plans/{plan['id']}"
    page = plain(await browser.open(f"{home}/release"))
    action = f"{home}/unplanned-release"
    saved = plain(await browser.send(page, action, "left", left="true"))
    assert "What cannot wait is due now" in saved.words
    assert "Somebody is let go today" in saved.words
    assert (await world.plan(worker, plan["id"]))["state"] == "active_outside"


async def test_a_coordinator_looks_at_a_file_and_lets_all_go_who_are_found(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plans = [await world.a_plan(worker) for _ in range(2)]
    browser = await at_the_desk(world, head)
    page = plain(await browser.open("/desk"))
    assert "Many are let go by one decision" in page.words
    page = plain(await browser.open("/desk/amnesty"))
    wrong = plain(await browser.send(page, "/desk/amnesty/preview", references="x" * 300))
    assert "line 1" in wrong.words
    lines = "\n".join([plans[0]["alias"], plans[1]["alias"], "Z-999"])
    seen = plain(await browser.send(page, "/desk/amnesty/preview", references=lines))
    assert "2 would be let go" in seen.words
    assert "nobody of this agency" in seen.words
    sent = await browser.send(seen, "/desk/amnesty", "left", left="false")
    assert "It is being carried out" in plain(sent).words
    waiting = await world.sql("SELECT plan FROM task WHERE kind = 'let-go'")
    assert {str(one["plan"]) for one in waiting} == {one["id"] for one in plans}
    again = await browser.send(page, "/desk/amnesty/preview", references="Z-999")
    assert not plain(again).has_form("/desk/amnesty")
