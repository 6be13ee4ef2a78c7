"""Who reads the dates at the desk, and what may become of one there: nothing that is refused."""

from datetime import timedelta
from uuid import UUID

from backend import clock
from tests.backend.pages.browser import Page, at_the_desk, plain
from tests.dates import A_DAY, moves, put, sets
from tests.releases import joins
from tests.world import Caller, World, a_day


async def _read(world: World, who: Caller, path: str) -> Page:
    desk = await at_the_desk(world, who)
    async with desk:
        return plain(await desk.open(path))


async def test_a_coordinator_reads_the_dates_and_is_given_no_form(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    made = await put(worker, plan["id"], a_day() + 20 * A_DAY, role="SW", place="Long Street 4")
    home = f"/desk/plans/{plan['id']}"
    page = await _read(world, head, f"{home}/dates")
    assert page.status == 200
    assert "Long Street 4" in page.words
    assert not page.has_form(f"{home}/dates")
    assert not page.has_form(f"{home}/dates/{made['id']}")
    assert f'href="{home}/dates"' in (await _read(world, head, home)).html


def _offered(page: Page, action: str) -> set[str]:
    """What the form of a date lets it become."""
    forms = [part for part in page.html.split("<form")[1:] if f'action="{action}"' in part]
    return {
        option.split('"')[0]
        for part in forms
        if 'name="state"' in part
        for option in part.split('<option value="')[1:]
    }


OFF = {"cancelled_by_service", "cancelled_by_person"}


async def test_whoever_proposed_is_not_offered_the_yes_and_the_other_side_is(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    made = await put(worker, plan["id"], a_day() + 20 * A_DAY, proposed=True)
    home = f"/desk/plans/{plan['id']}/dates"
    there = f"{home}/{made['id']}"
    assert _offered(await _read(world, worker, home), there) == OFF
    yes = {"scheduled", "confirmed"}
    assert _offered(await _read(world, officer, home), there) == OFF | yes


async def test_a_proposal_falls_away_by_its_hour(world: World) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    on = a_day() + A_DAY
    made = await put(worker, plan["id"], on, proposed=True)
    later = clock.now() + timedelta(days=4)
    clock.travel(lambda: later)
    for state in ("scheduled", "confirmed"):
        await sets(officer, made["id"], 409, state=state)
    home = f"/desk/plans/{plan['id']}/dates"
    page = await _read(world, officer, home)
    coming, before = page.html.split("<h2>Before</h2>")
    assert "No date is planned" in coming
    assert "nobody agreed before its hour" in before
    assert _offered(page, f"{home}/{made['id']}") == OFF
    await sets(officer, made["id"], state="cancelled_by_service")
    [row] = await world.sql("SELECT state FROM appointment WHERE id = $1", UUID(made["id"]))
    assert row["state"] == "cancelled_by_service"


async def test_planned_again_is_offered_as_long_as_it_can_be(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    on = a_day() + 3 * A_DAY
    home = f"/desk/plans/{plan['id']}/dates"
    one = (await put(worker, plan["id"], on, role="SW"))["id"]
    moved = (await put(worker, plan["id"], on, "11:00", role="SW"))["id"]
    never = (await put(worker, plan["id"], on, "12:00", role="SW", proposed=True))["id"]
    await moves(worker, moved, on + A_DAY)
    for id_ in (one, never):
        await sets(worker, id_, state="cancelled_by_service")
    page = await _read(world, worker, home)
    offered = {id_: "scheduled" in _offered(page, f"{home}/{id_}") for id_ in (one, moved, never)}
    assert offered == {one: True, moved: False, never: False}
    later = clock.now() + timedelta(days=5)
    clock.travel(lambda: later)
    assert "scheduled" not in _offered(await _read(world, worker, home), f"{home}/{one}")
    await sets(worker, one, 409, state="scheduled")


async def test_nothing_moves_to_an_hour_that_has_passed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    coming = await put(worker, plan, a_day() + 3 * A_DAY, role="SW")
    off = await put(worker, plan, a_day() + 4 * A_DAY, role="SW")
    await sets(worker, off["id"], state="cancelled_by_person")
    for id_ in (coming["id"], off["id"]):
        to = {"held_on": str(a_day() - A_DAY), "held_at": "10:00:00"}
        refused = await sets(worker, id_, 422, **to)
        assert "one that comes" in refused["detail"]
        await moves(worker, id_, a_day() + 9 * A_DAY)
