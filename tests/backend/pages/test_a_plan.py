import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.backend.pages.browser import DESK, Browser, at_the_desk, in_the_circle, plain
from tests.releases import is_claimed
from tests.world import World, a_day, row

HOSTILE = """<script>alert("x")</script><img src=x onerror='y'>&amp;{{ 7 * 7 }}"""


async def test_a_tick_is_saved_and_stands_in_the_list(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "PLN-03")
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}"))
    assert "Imaginary Person" in page.words
    assert plan["alias"] in page.words
    action = f"/desk/rows/{step['id']}"
    saved = plain(await browser.send(page, action, to="done"))
    assert saved.answer.url.path == f"/desk/plans/{plan['id']}"
    assert f"Saved: {step['title']} is now done." in saved.words
    assert not saved.has_form(action)
    everything = plain(await browser.open(f"/desk/plans/{plan['id']}/rows"))
    at = everything.words.index(step["title"])
    assert "Done today" in everything.words[at : at + 400]
    assert row(await world.plan(worker, plan["id"]), "PLN-03")["state"] == "done"


async def test_a_double_tap_has_one_effect(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "PLN-03")
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{step['id']}"
    form = (await browser.open(f"/desk/plans/{plan['id']}")).form(action).filled(to="done")
    pages = await asyncio.gather(*(browser.post(action, form, follow=False) for _ in range(5)))
    pages.append(await browser.post(action, form, follow=False))
    assert {page.status for page in pages} == {303}
    assert len({page.answer.headers["location"] for page in pages}) == 1
    events = await world.sql("SELECT * FROM milestone_event WHERE milestone = $1", UUID(step["id"]))
    assert len(events) == 1


async def test_the_same_form_with_other_values_is_not_taken_twice(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{row(plan, 'PLN-03')['id']}"
    form = (await browser.open(action)).form(action)
    assert (await browser.post(action, form.filled(to="in_progress"))).status == 200
    page = await browser.post(action, form.filled(to="done"))
    assert page.status == 422
    assert "sent before with other values" in page.words
    assert (await browser.send(page, action)).status == 200
    assert row(await world.plan(worker, plan["id"]), "PLN-03")["state"] == "done"


async def test_a_stale_page_shows_what_changed_and_keeps_what_was_typed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "PLN-03")
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{step['id']}"
    for state, version in (("in_progress", 1), ("done", 2)):
        await worker.patch(f"/milestones/{step['id']}", {"state": state}, version=version)
    page = await browser.open(action)
    again = {"state": "in_progress", "reason": "It was another form"}
    await worker.patch(f"/milestones/{step['id']}", again, version=3)
    await worker.patch(f"/milestones/{step['id']}", {"state": "done"}, version=4)
    stale = plain(
        await browser.send(page, action, to="in_progress", reason="One paper is missing & <late>")
    )
    assert stale.status == 412
    assert "Somebody changed this after you opened the page" in stale.words
    news = stale.words[stale.words.index("What changed since") : stale.words.index("It is")]
    assert "It was another form" in news
    assert "Planned" not in news
    assert ("reason", "One paper is missing & <late>") in stale.form(action).fields
    assert (await browser.send(stale, action)).status == 200
    history = (await browser.open(action)).words
    assert "One paper is missing & <late>" in history


async def test_a_refused_value_says_why_at_the_form_and_keeps_the_rest(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{row(plan, 'PLN-03')['id']}"
    page = await browser.open(action)
    tomorrow = (a_day() + timedelta(days=1)).isoformat()
    refused = plain(await browser.send(page, action, to="done", done_on=tomorrow))
    assert refused.status == 422
    assert "The day on which it was done lies in the future" in refused.words
    fields = refused.form(action).fields
    assert ("done_on", tomorrow) in fields
    assert ("to", "done") in fields
    unreadable = await browser.send(page, action, to="done", done_on="next week")
    assert unreadable.status == 422
    marked = [(tag, name) for tag, name, value in unreadable.attributes if name == "aria-invalid"]
    assert marked == [("input", "aria-invalid")]


async def test_what_is_not_mine_looks_like_what_never_was(world: World) -> None:
    owner, other = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(owner)
    browser = await at_the_desk(world, other)
    for suffix in ("", "/rows", "/visit", "/contacts", "/dates", "/circle", "/release", "/access"):
        foreign = await browser.open(f"/desk/plans/{plan['id']}{suffix}")
        unknown = await browser.open(f"/desk/plans/{uuid4()}{suffix}")
        assert (foreign.status, unknown.status) == (404, 404), suffix
        assert foreign.answer.content == unknown.answer.content
    step = row(plan, "PLN-03")["id"]
    unknown = await browser.open(f"/desk/rows/{uuid4()}")
    assert (await browser.open(f"/desk/rows/{step}")).answer.content == unknown.answer.content
    proof = (await browser.open(DESK)).form("/desk/sign-out").fields
    for action in (f"/desk/rows/{step}", f"/desk/plans/{plan['id']}/visit"):
        tried = await browser.post(action, [*proof, ("key", str(uuid4())), ("seen", "1")])
        assert tried.status == 404
        assert tried.answer.content == unknown.answer.content


async def test_names_are_text_and_never_markup(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, person={"name": HOSTILE, "language": "en"})
    await in_the_circle(worker, plan["id"], "ME", name=HOSTILE)
    browser = await at_the_desk(world, worker)
    for path in (DESK, f"/desk/plans/{plan['id']}", f"/desk/plans/{plan['id']}/circle"):
        page = plain(await browser.open(path))
        assert HOSTILE in page.words
        assert "<script" not in page.html


@pytest.mark.parametrize("in_days", [1, 20, 100])
async def test_a_plan_fits_a_slow_network_however_much_is_due(world: World, in_days: int) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=in_days, supervision=True)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}"))
    assert len(page.answer.content) < 30_000
    more = re.search(r"(\d+) more of yours", page.words)
    if more:
        whole = plain(await browser.open(f"/desk/plans/{plan['id']}?all_due=true"))
        forms = {one.action for one in whole.forms if "/rows/" in one.action}
        assert len(forms) == 12 + int(more[1])


async def test_what_is_mine_comes_first_then_what_waits_for_others_then_what_comes(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=130, supervision=True)
    near = (await worker.get(f"/plans/{plan['id']}")).json()["milestones"]
    turns = {turn: {m["owner"] for m in near if m["turn"] == turn} for turn in ("now", "waiting")}
    assert turns["now"] == {"SW"}
    assert turns["waiting"]
    assert "SW" not in turns["waiting"]
    browser = await at_the_desk(world, worker)
    words = plain(await browser.open(f"/desk/plans/{plan['id']}")).words
    assert words.index("Now") < words.index("Waiting for others") < words.index("Next two weeks")
    mine = next(m["title"] for m in near if m["turn"] == "now")
    theirs = next(m["title"] for m in near if m["turn"] == "waiting")
    assert words.index(mine) < words.index("Waiting for others") < words.index(theirs)
    assert "How far each part has come" in words
    assert re.search(r"The plan 0 of \d+", " ".join(words.split()))


async def test_how_far_each_part_has_come_is_the_same_over_the_api(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=20)
    for code, state in (("PLN-02", "done"), ("HOU-02", "not_needed")):
        seen = row(plan, code)
        answer = await worker.patch(
            f"/milestones/{seen['id']}", {"state": state}, version=seen["version"]
        )
        assert answer.status_code == 200, answer.text
    await world.sql(
        "UPDATE milestone SET due_on = $2 WHERE plan = $1 AND code = 'PLN-03'",
        UUID(plan["id"]),
        a_day() - timedelta(days=60),
    )
    rows = (await worker.get(f"/plans/{plan['id']}?show=all")).json()["milestones"]
    answer = await worker.get(f"/plans/{plan['id']}/pathways")
    assert answer.status_code == 200, answer.text
    bars = {one["pathway"]: one for one in answer.json()["pathways"]}
    browser = await at_the_desk(world, worker)
    words = " ".join((await browser.open(f"/desk/plans/{plan['id']}")).words.split())
    for pathway, bar in bars.items():
        of = [one for one in rows if one["pathway"] == pathway]
        done = sum(one["state"] == "done" for one in of)
        counted = done + sum(one["state"] in {"planned", "in_progress"} for one in of)
        late = sum("overdue" in one for one in of)
        assert (bar["done"], bar["all"], bar["late"]) == (done, counted, late), pathway
        assert f"{done} of {counted}" + (f" · {late} overdue" if late else "") in words
    assert (bars["PLN"]["done"], next(iter(bars))) == (1, "PLN")
    assert bars["PLN"]["late"] == 1
    pause = await worker.post(
        f"/plans/{plan['id']}/state",
        {"state": "paused"},
        version=(await worker.get(f"/plans/{plan['id']}")).json()["version"],
    )
    assert pause.status_code == 200, pause.text
    still = (await worker.get(f"/plans/{plan['id']}/pathways")).json()["pathways"]
    assert not any(bar["late"] for bar in still)
    [looks] = await world.sql("SELECT count(*) AS n FROM audit WHERE operation = 'getPathways'")
    assert looks["n"] == 2


async def test_what_was_not_offered_is_one_line_and_its_row_puts_it_into_the_plan(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}/rows"))
    assert "Offers to make: 6" in page.words
    offer = row(plan, "CNS-01")
    action = f"/desk/rows/{offer['id']}"
    assert offer["title"] not in (await browser.open(f"/desk/plans/{plan['id']}")).words
    woken = await browser.send(await browser.open(action), action, to="planned")
    assert woken.status == 200
    page = await browser.open(f"/desk/plans/{plan['id']}/rows")
    assert "Offers to make: 5" in page.words


async def test_declining_asks_for_no_reason_and_says_that_it_costs_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    offer = row(plan, "CNS-11")
    await worker.patch(f"/milestones/{offer['id']}", {"state": "planned"}, version=1)
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{offer['id']}"
    page = plain(await browser.open(action))
    assert "it has no consequence and asks for no reason" in page.words
    assert (await browser.send(page, action, to="declined")).status == 200
    possible = row(plan, "HOU-02")
    action = f"/desk/rows/{possible['id']}"
    page = await browser.open(f"/desk/plans/{plan['id']}")
    await browser.send(await browser.open(action), action, to="not_possible/service_side")
    plan = await world.plan(worker, plan["id"])
    assert row(plan, "CNS-11")["state"] == "declined"
    found = row(plan, "HOU-02")
    assert (found["state"], found["cause"]) == ("not_possible", "service_side")


async def test_what_the_mentor_said_waits_for_a_yes(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "HOU-02")
    mentor = await in_the_circle(worker, plan["id"], "ME", name="Mentor", language="en")
    await is_claimed(world, mentor, step["id"])
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}"))
    assert "Mentor: it happened" in page.words
    action = f"/desk/rows/{step['id']}"
    await browser.send(page, action, "known", to="done", known="document")
    found = row(await world.plan(worker, plan["id"]), "HOU-02")
    assert found["state"] == "done"
    assert "said_by" not in found or found["said_by"] is None
    [known] = await world.sql("SELECT provenance FROM evidence WHERE role = 'SW'")
    assert known == {"provenance": "document"}


async def test_the_court_sees_a_voluntary_step_only_by_the_persons_wish(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    step = row(plan, "VOC-03")
    await worker.patch(f"/milestones/{step['id']}", {"state": "planned"}, version=1)
    browser = await at_the_desk(world, worker)
    action = f"/desk/rows/{step['id']}"
    page = await browser.open(action)
    assert "not in the summary for the court unless the person wants it" in page.words
    page = await browser.send(page, action, "show_court", show_court="true")
    assert page.status == 200
    assert row(await world.plan(worker, plan["id"]), "VOC-03")["show_court"] is True


async def test_a_visit_is_saved_at_once_and_a_stale_step_keeps_the_card(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    one, two = row(plan, "PLN-02"), row(plan, "PLN-03")
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/visit"
    page = plain(await browser.open(action))
    ticks = [f"{step['id']}.{step['version']}" for step in (one, two)]
    await worker.patch(f"/milestones/{two['id']}", {"state": "in_progress"}, version=1)
    following = (a_day() + timedelta(days=7)).isoformat()
    card: dict[str, Any] = {"how": "visit", "tick": ticks, "next_on": following, "next_at": "14:30"}
    stale = plain(await browser.send(page, action, **card))
    assert stale.status == 412
    assert two["title"] in stale.words[stale.words.index("What changed") :][:400]
    assert row(await world.plan(worker, plan["id"]), "PLN-02")["state"] == "planned"
    kept = stale.form(action).fields
    assert ("tick", f"{two['id']}.2") in kept
    assert ("next_at", "14:30") in kept
    assert ("how", "visit") in kept
    saved = await browser.send(stale, action)
    assert "The visit is saved." in saved.words
    plan = await world.plan(worker, plan["id"])
    assert {row(plan, code)["state"] for code in ("PLN-02", "PLN-03")} == {"done"}
    [appointment] = plan["appointments"]
    assert (appointment["held_on"], appointment["held_at"]) == (following, "14:30:00")
    [contact] = await world.sql("SELECT how, outcome FROM contact")
    assert contact == {"how": "visit", "outcome": "reached"}


async def test_a_try_to_reach_the_person_is_logged(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/contacts"
    page = await browser.open(action)
    assert "Nothing is logged yet." in page.words
    kept = plain(await browser.send(page, action, outcome="tried", made_on="2999-01-01"))
    assert (kept.status, ("outcome", "tried") in kept.form(action).fields) == (422, True)
    saved = await browser.send(kept, action, made_on=a_day().isoformat())
    assert "The contact is saved." in saved.words
    assert "by phone, a try" in saved.words
    assert (await world.sql("SELECT outcome FROM contact"))[0]["outcome"] == "tried"


async def test_a_probation_officer_sees_what_the_api_gives_them(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker, supervision=True)
    login = (await world.sql("SELECT login FROM staff WHERE id = $1", officer.id))[0]["login"]
    joined = await worker.post(f"/plans/{plan['id']}/circle", {"role": "PO", "login": login})
    assert joined.status_code == 201, joined.text
    browser = await at_the_desk(world, officer)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}/rows"))
    known = (await officer.get(f"/plans/{plan['id']}?show=all")).json()["milestones"]
    assert {one["title"] for one in known if one["title"] in page.words} == {
        one["title"] for one in known
    }
    for hidden in ("CNS-01", "FAM-01", "PLN-02"):
        assert row(plan, hidden)["title"] not in page.words
    for word in ("Circle", "Offers to make", "Who looked", "Messages"):
        assert word not in page.words
    assert (await browser.open(f"/desk/plans/{plan['id']}/circle")).status == 404
    assert (await browser.open("/desk/messages")).status == 403
    assert (await browser.open("/desk/new")).status == 403


async def test_a_worker_sees_their_own_acts_and_the_coordinator_everybodys(world: World) -> None:
    coordinator = await world.somebody("CO")
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    seen: dict[str, str] = {}
    for who, caller in (("SW", worker), ("CO", coordinator)):
        browser: Browser = await at_the_desk(world, caller)
        await browser.open(f"/desk/plans/{plan['id']}")
        seen[who] = plain(await browser.open(f"/desk/plans/{plan['id']}/access")).words
    assert "Sam, social worker: opened the plan" in seen["SW"]
    assert "Sam, social worker: read the plan" in seen["CO"]
    assert "Sam, coordinator: read the plan" in seen["CO"]
    assert "coordinator: read" not in seen["SW"]
