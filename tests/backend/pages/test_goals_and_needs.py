"""Goals, a review and an answer for one step at the desk, without a script."""

from datetime import timedelta
from typing import Any

from backend.needs.bank import proposed
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.reviews import begin, close
from tests.world import World, a_day, row

WORDS = "Je veux revoir ma fille, inchalla"


async def test_words_are_written_down_said_anew_and_ended_by_two_taps(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/goals"
    page = plain(await browser.open(url))
    said = plain(await browser.send(page, url, kind="goal", words=WORDS, language="fr"))
    assert "It stands as it was said." in said.words
    assert WORDS in said.words
    [first] = await world.sql("SELECT id FROM goal")
    anew: Any = {"kind": "goal", "words": "Vivre près d'elle", "instead_of": str(first["id"])}
    said = plain(await browser.send(said, url, **anew))
    assert "said anew" in said.words
    [second] = await world.sql("SELECT id FROM goal WHERE ended_at IS NULL")
    ended = plain(await browser.send(said, f"{url}/{second['id']}/end", how="reached"))
    assert "It has ended; the words stay." in ended.words
    looking = plain(await (await at_the_desk(world, head)).open(url))
    assert WORDS in looking.words
    assert not looking.has_form(url)


async def test_a_refused_goal_keeps_what_was_typed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/goals"
    page = await browser.open(url)
    await browser.send(page, url, kind="first_step", words="Call the baker", language="en")
    page = await browser.open(url)
    refused = plain(
        await browser.send(page, url, kind="first_step", words="Write to him", language="en")
    )
    assert refused.status == 409
    assert "Write to him" in refused.words


async def test_a_review_is_begun_saved_area_by_area_and_closed(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    found = await world.a_plan(worker, in_days=175)
    plan = found["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/needs"
    page = plain(await browser.open(url))
    begun = plain(await browser.send(page, url, held_on=a_day().isoformat(), language="fr"))
    assert "A review is open" in begun.words
    [area] = await world.sql("SELECT id FROM needs_area WHERE area = 'home'")
    here = f"{url}/areas/{area['id']}"
    page = plain(await browser.open(here))
    assert "Did you mix faith or clothing with concern?" in page.words
    typed: Any = {
        "own_status": "support_wanted_now",
        "own_strengths": "good welder\n\nsister calls every Sunday",
        "own_wish": "a key of my own",
        "view_status": "going_well",
        "looked": "true",
    }
    refused = plain(await browser.send(page, here, **{**typed, "looked": ""}))
    assert refused.status == 422
    assert "a key of my own" in refused.words
    refused = plain(await browser.send(page, here, **typed))
    assert refused.status == 422
    [kept] = await world.sql("SELECT own, view FROM needs_area WHERE area = 'home'")
    assert kept["own"] is None, "without the person's yes their column is not written"
    saved = plain(await browser.send(await browser.open(here), here, **typed, own_ok="true"))
    assert "Saved." in saved.words
    due = (a_day() + timedelta(days=20)).isoformat()
    agreed = plain(await browser.send(saved, f"{here}/step", item="NSR-02", due_on=due, owner="SW"))
    assert "It is a step of the plan now." in agreed.words
    page = plain(await browser.open(url))
    assert "sister calls every Sunday" in page.words
    assert "The person: support wanted now" in page.words
    [review] = await world.sql("SELECT id FROM needs_review")
    closed = plain(await browser.send(page, f"{url}/{review['id']}/close"))
    assert "It is closed." in closed.words
    assert row(await world.plan(worker, plan), "PLN-03")["state"] == "done"
    looking = await at_the_desk(world, head)
    assert "a key of my own" in plain(await looking.open(url)).words
    assert "nothing of it changes any more" in plain(await looking.open(here)).words


async def test_areas_ask_for_what_they_have_a_place_for_and_no_more(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan, substances=True)
    browser = await at_the_desk(world, worker)
    for area in await world.sql("SELECT id, area FROM needs_area"):
        here = f"/desk/plans/{plan}/needs/areas/{area['id']}"
        page = plain(await browser.open(here))
        fields = {value for _, name, value in page.attributes if name == "name"}
        assert {"own_status", "view_status"} <= fields, area
        assert ("own_treatment" in fields) == (area["area"] == "health"), area
        assert ("own_wish" in fields) == (area["area"] != "health"), area
        if area["area"] == "balance":
            assert {name for name in fields if name.startswith("view_")} == {"view_status"}
        typed: Any = {"own_ok": "true", "looked": "true", "view_status": "not_discussed"}
        assert (await browser.send(page, here, **typed)).status == 200, area
    await close(worker, plan)


async def test_something_has_changed_is_one_tap(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/needs"
    page = await browser.open(url)
    told = plain(await browser.send(page, f"{url}/changes", what="housing_lost"))
    assert "What it was is kept nowhere." in told.words
    page = plain(await browser.open(f"/desk/plans/{plan}"))
    assert "another review of needs and strengths?" in page.words


async def test_an_answer_for_one_step_stands_on_its_page_and_in_the_circle(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    step = row(found, "MEN-01")["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/rows/{step}"
    page = plain(await browser.open(url))
    assert "No answer is recorded for this step." in page.words
    again = a_day() + timedelta(days=12)
    typed: Any = {"answer": "later", "language": "ar", "again_on": again.isoformat()}
    said = plain(await browser.send(page, f"{url}/answer", **typed))
    assert "later perhaps, to be asked again on" in said.words
    assert "Arabic · explained by Sam" in said.words
    circle = plain(await browser.open(f"/desk/plans/{found['id']}/circle"))
    assert "later perhaps, to be asked again on" in circle.words
    wrong: Any = {"answer": "declined", "language": "ar", "again_on": again.isoformat()}
    assert (await browser.send(said, f"{url}/answer", **wrong)).status == 422
    core = plain(await browser.open(f"/desk/rows/{row(found, 'PLN-02')['id']}"))
    assert "What the person said" not in core.words


async def test_a_probation_officer_reads_goals_and_finds_no_review(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = (await world.a_plan(worker))["id"]
    (mine,) = await world.sql("SELECT login FROM staff WHERE id = $1", officer.id)
    joined = await worker.post(f"/plans/{plan}/circle", {"role": "PO", "login": mine["login"]})
    assert joined.status_code == 201
    for kind, words in (("goal", WORDS), ("who_knows", "ma soeur")):
        said = {"kind": kind, "words": words, "language": "fr"}
        assert (await worker.post(f"/plans/{plan}/goals", said)).status_code == 201
    browser = await at_the_desk(world, officer)
    page = plain(await browser.open(f"/desk/plans/{plan}/goals"))
    assert WORDS in page.words
    assert "ma soeur" not in page.words
    assert "Who should know" not in page.words
    assert (await browser.open(f"/desk/plans/{plan}/needs")).status == 403


async def test_where_no_review_was_held_the_page_says_so(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    page = await (await at_the_desk(world, head)).open(f"/desk/plans/{plan}/needs")
    assert "No review was held yet." in plain(page).words


async def test_what_is_typed_for_the_person_without_their_yes_is_kept_on_the_page(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    browser = await at_the_desk(world, worker)
    [area] = await world.sql("SELECT id::text FROM needs_area WHERE area = 'home'")
    here = f"/desk/plans/{plan}/needs/areas/{area['id']}"
    page = await browser.open(here)
    typed: Any = {"own_wish": "A door of my own.", "looked": "true", "view_status": "going_well"}
    refused = await browser.send(page, here, **typed)
    assert refused.status == 422
    assert "without the person" in refused.words
    assert "A door of my own." in refused.words
    saved = await browser.send(refused, here, **typed, own_ok="true")
    assert saved.status == 200
    again = await browser.send(await browser.open(here), here, **typed)  # nothing new of them
    assert again.status == 200


async def test_a_second_step_for_an_area_erases_no_first_one(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    [area] = await world.sql("SELECT id::text, version FROM needs_area WHERE area = 'home'")
    first, second = [one.code for one in proposed("home")][:2]
    path, due = f"/needs-areas/{area['id']}/step", str(a_day() + timedelta(days=30))
    step = {"item": first, "due_on": due, "owner": "SW"}
    agreed = await worker.post(path, step, version=area["version"])
    assert agreed.status_code == 200, agreed.text
    version = agreed.json()["version"]
    refused = await worker.post(path, {**step, "item": second}, version=version)
    assert refused.status_code == 409
