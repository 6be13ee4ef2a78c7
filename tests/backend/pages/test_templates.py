"""What plans begin with, at the desk; how one plan is made; and by when a court is to have what."""

from datetime import timedelta
from typing import Any

from backend.templates.reading import standard, write
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.templates.test_versions_of_an_agency import OWN, published
from tests.world import World, a_day, row

URL = "/desk/templates"


async def test_a_coordinator_drafts_changes_a_row_adds_one_and_publishes(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    desk = await at_the_desk(world, head)
    page = plain(await desk.open(URL))
    assert "the standard" in page.words
    page = plain(await desk.send(page, URL))
    assert "The draft is begun" in page.words
    [found] = await world.sql("SELECT id::text FROM template_version WHERE number IS NULL")
    here = f"{URL}/{found['id']}"
    one = f"{here}/rows/HOU-02"
    page = plain(await desk.open(one))
    filled = dict(page.form(one).filled())
    assert (filled["offset"], filled["owner"]) == ("-84", "SW")
    page = plain(await desk.send(page, one, offset="-70"))
    assert "HOU-02" in page.words
    assert "changed: its day" in page.words
    new = f"{here}/rows/new"
    own: dict[str, Any] = {
        **{name: str(value) for name, value in OWN.items()},
        "with": ["PE", "CO"],
    }
    page = plain(await desk.send(plain(await desk.open(new)), new, **own))
    assert "A day out is planned added" in page.words
    assert "Things to look forward to" in page.words
    again = plain(await desk.send(plain(await desk.open(new)), new, **own))
    assert "There is a row with this code" in again.words
    page = plain(await desk.send(page, f"{here}/publish"))
    assert "From now on plans begin with it" in page.words
    assert not page.has_form(f"{here}/publish")
    plan = await world.a_plan(worker)
    assert row(plan, "OWN-01")["title"] == "A day out is planned"
    page = plain(await (await at_the_desk(world, worker)).open(f"/desk/plans/{plan['id']}/rows"))
    assert "Things to look forward to" in page.words


async def test_a_row_that_may_not_go_stays_and_what_was_typed_is_kept(world: World) -> None:
    head = await world.somebody("CO")
    desk = await at_the_desk(world, head)
    await desk.send(plain(await desk.open(URL)), URL)
    [found] = await world.sql("SELECT id::text FROM template_version WHERE number IS NULL")
    one = f"{URL}/{found['id']}/rows/GAT-01"
    page = plain(await desk.open(one))
    refused = await desk.send(page, f"{one}/remove")
    assert refused.status == 422
    assert "GAT-01 may not be left out" in refused.words
    refused = await desk.send(page, one, offset="-3", milestone="Who meets him?")
    assert refused.status == 422
    assert "It is the day itself: -7" in refused.words
    assert ("milestone", "Who meets him?") in refused.form(one).filled()


async def test_a_table_goes_out_and_comes_in_and_its_wrong_lines_are_named(world: World) -> None:
    head = await world.somebody("CO")
    desk = await at_the_desk(world, head)
    page = await desk.open(f"{URL}/{world.agency}/file")
    assert page.status == 200
    file = write(standard())
    wrong = file.replace("HOU-02,base,,HOU,,release,-84", "HOU-02,base,,HOU,,release,soon")
    page = plain(await desk.open(URL))
    refused = await desk.send(page, f"{URL}/table", file=wrong)
    assert refused.status == 422
    assert "offset: A whole number of days from -730 to 1095." in refused.words


async def test_a_worker_looks_first_and_moves_a_plan_to_the_newest_version(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    await published(head, OWN)
    desk = await at_the_desk(world, worker)
    here = f"/desk/plans/{plan['id']}/template"
    page = plain(await desk.open(here))
    assert "By version 1 of what plans begin with; the newest is 2." in page.words
    typed = page.form(here).filled(newest="true", overlays=["other_place"])
    seen = plain(await desk.post(f"{here}/preview", typed))
    assert "Nothing has happened yet" in seen.words
    assert "OWN-01 A day out is planned" in seen.words
    page = plain(await desk.send(seen, here))
    assert "The plan is made so from now on." in page.words
    assert "By version 2" in page.words
    codes = {one["code"] for one in (await world.plan(worker, plan["id"]))["milestones"]}
    assert {"OWN-01", "FAR-01"} <= codes


async def test_a_summary_is_expected_moved_and_left_at_the_desk(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    desk = await at_the_desk(world, worker)
    here = f"/desk/plans/{plan['id']}/summaries"
    page = plain(await desk.open(here))
    assert "None is expected." in page.words
    due = a_day() + timedelta(days=60)
    page = plain(await desk.send(page, here, type="start", due_on=str(due)))
    assert "A summary of the start" in page.words
    [found] = await world.sql("SELECT id::text FROM summary_due")
    one = f"{here}/{found['id']}"
    page = plain(await desk.send(page, f"{one}/move", due_on=str(due + timedelta(days=7))))
    assert "Its steps moved along." in page.words
    page = plain(await desk.send(page, f"{one}/drop"))
    assert "not wanted any more" in page.words
