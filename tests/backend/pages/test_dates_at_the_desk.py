"""Who reads the dates at the desk, and what may become of one there: nothing that is refused."""

from tests.backend.pages.browser import Page, at_the_desk, plain
from tests.dates import A_DAY, put
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
