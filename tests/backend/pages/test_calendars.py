"""The days on which offices are closed, at the desk: who confirms them, and where one chooses."""

from datetime import timedelta

from tests.backend.pages.browser import Browser, at_the_desk, login_of, plain
from tests.world import World, a_day

URL = "/desk/calendars"
A_YEAR = timedelta(days=365)


async def test_an_administrator_sees_what_is_proposed_and_confirms_what_is_kept(
    world: World,
) -> None:
    head, browser = await world.somebody("AD"), Browser()
    page = plain(await browser.enter(await login_of(world, head), to=URL))
    assert "the days of the next months are not confirmed" in page.words
    one = f"{URL}/{world.agency}"
    page = plain(await browser.open(one))
    assert "no day counts as a holiday" in page.words
    named = plain(
        await browser.send(
            page, f"{one}/place", name="Lowland", working_days=["1", "2", "3", "4"], country="TN"
        )
    )
    assert "hangs" not in named.words
    assert "estimated: it may come a day sooner or later" in named.words
    ticked = [value for name, value in named.form(f"{one}/days").filled() if name == "closed"]
    assert ticked  # what is proposed is ticked, and counts for nothing
    rows = "SELECT closed, confirmed_until, working_days FROM calendar"
    [row] = await world.sql(rows)
    assert (row["closed"], row["confirmed_until"]) == ([], None)
    own, until = str(a_day() + timedelta(days=30)), str(a_day() + A_YEAR)
    kept = plain(
        await browser.send(named, f"{one}/days", closed=ticked[1:], other=[own], until=until)
    )
    assert "It counts from now on" in kept.words
    [row] = await world.sql(rows)
    assert [str(day) for day in row["closed"]] == sorted({*ticked[1:], own})
    assert row["working_days"] == [1, 2, 3, 4]
    # what was taken away stays away, and what was added stays
    again = [value for name, value in kept.form(f"{one}/days").filled() if name == "closed"]
    assert again == sorted({*ticked[1:], own})
    refused = await browser.send(kept, f"{one}/days", closed=[], other=[own], until="")
    assert refused.status == 422
    assert own in [value for name, value in refused.form(f"{one}/days").filled()]


async def test_where_there_are_two_places_a_worker_chooses_and_a_move_keeps_it(
    world: World,
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    desk = await at_the_desk(world, worker)
    assert "Place of release" not in plain(await desk.open("/desk/new")).words
    page = plain(await (await at_the_desk(world, head)).open(URL))
    assert page.has_form(URL)
    added = {"name": "Upland", "working_days": [7, 1, 2, 3, 4]}
    upland = (await head.post("/calendars", added)).json()["id"]
    page = plain(await desk.open("/desk/new"))
    assert "Place of release" in page.words
    day = str(a_day() + timedelta(days=200))
    opened = plain(
        await desk.send(
            page, "/desk/new", name="Somebody Invented", release_date=day, calendar=upland
        )
    )
    [plan] = await world.sql("SELECT id, calendar::text FROM plan")
    assert plan["calendar"] == upland
    assert opened.status == 200
    path = f"/desk/plans/{plan['id']}/release"
    page = plain(await desk.open(path))
    assert dict(page.form(path).filled())["calendar"] == upland
    await desk.send(page, path, calendar=str(world.agency))
    [plan] = await world.sql("SELECT calendar FROM plan")
    assert plan["calendar"] == world.agency


async def test_a_worker_looks_and_changes_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    desk = await at_the_desk(world, worker)
    page = plain(await desk.open(URL))
    assert not page.has_form(URL)
    closed = a_day() + timedelta(days=20)
    await world.sql("UPDATE calendar SET closed = ARRAY[$1::date]", closed)
    one = plain(await desk.open(f"{URL}/{world.agency}"))
    assert f"{closed:%b}" in one.words
    assert not one.has_form(f"{URL}/{world.agency}/days")
