"""It takes two; in an agency of one or two a day of waiting, and somebody from outside later."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.errors import NotFound, Unfit
from backend.founding import make_small
from backend.second.rules import may_let
from tests.backend.pages.browser import at_the_desk, plain
from tests.workflows.test_heartbeat import as_worker
from tests.world import Caller, World
from workflows.watch_duties import watch_duties

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)
A_DAY = timedelta(hours=24)


@dataclass
class Small:
    """An agency with one coordinator and one social worker, and another that looks in later."""

    world: World
    head: Caller
    worker: Caller
    plan: str
    alias: str
    outside: Caller

    async def ask(self, by: Caller | None = None) -> Any:
        return await (by or self.head).post(f"/plans/{self.plan}/erasure-wishes", {})

    async def waited(self, hours: float) -> None:
        """So long ago, by the clock of the database too, the wish was written."""
        later(hours)
        for table in ("erasure_wish", "break_glass"):
            await self.world.sql(
                f"UPDATE {table} SET written_at = clock_timestamp() - $1::interval"
                " WHERE ended_at IS NULL",
                timedelta(hours=hours),
            )

    async def erase(self, by: Caller | None = None) -> Any:
        [row] = await self.world.sql("SELECT version FROM plan WHERE id = $1", UUID(self.plan))
        path = f"/plans/{self.plan}/erase"
        return await (by or self.head).post(path, None, version=row["version"])

    async def small(self, *, small: bool = True) -> bool:
        agency = self.world.agency or uuid4()
        return await make_small(agency, small=small, reviewer="Elsewhere")

    async def reviews(self, by: Caller) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await by.get("/outside-reviews")).json()
        return found

    async def asked(self, who: Caller) -> int:
        await as_worker(watch_duties)
        rows = await self.world.sql(
            "SELECT 1 FROM task WHERE kind = 'outside-review' AND assignee = $1"
            " AND closed_at IS NULL",
            who.id,
        )
        return len(rows)


def later(hours: float) -> None:
    clock.travel(lambda: MONDAY + timedelta(hours=hours))


@pytest.fixture
async def desk(world: World) -> Small:
    later(0)
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    afar = await world.an_agency(name="Elsewhere")
    outside = await world.somebody("CO", agency=afar)
    return Small(world, head, worker, plan["id"], plan["alias"], outside)


async def test_one_asks_and_another_erases(desk: Small) -> None:
    assert (await desk.erase()).status_code == 409
    other = await desk.world.somebody("CO")
    mandate = {"role": "CO", "login": other.login}
    joined = await desk.worker.post(f"/plans/{desk.plan}/circle", mandate)
    assert joined.status_code == 201, joined.text
    assert (await desk.ask(desk.worker)).status_code == 403
    wish = await desk.ask()
    assert wish.status_code == 201
    assert (await desk.ask()).status_code == 409
    assert (await desk.erase()).status_code == 409
    later(30 * 24)
    assert (await desk.erase(other)).status_code == 409, "a wish of a month ago is none"
    wish = await desk.ask()
    path = f"/erasure-wishes/{wish.json()['id']}/end"
    assert (await other.post(path, None, version=1)).status_code == 200
    assert (await other.post(path, None, version=2)).status_code == 409
    assert (await desk.erase(other)).status_code == 409, "it was refused"
    await desk.ask()
    assert (await desk.erase(other)).status_code == 200
    assert await desk.world.sql("SELECT 1 FROM outside_review") == []
    assert await desk.world.sql("SELECT 1 FROM erasure_wish WHERE ended_at IS NULL") == []


async def test_in_a_small_agency_a_day_stands_for_the_second_person(desk: Small) -> None:
    await desk.ask()
    later(25)
    assert (await desk.erase()).status_code == 409, "nobody has said that it is small"
    assert await desk.small()
    later(23.9)
    assert (await desk.erase()).status_code == 409
    later(24)
    await desk.head.sign_in()
    assert (await desk.erase()).status_code == 404, "the database has a clock of its own"
    await desk.waited(23.9)
    later(24)
    assert (await desk.erase()).status_code == 404
    await desk.waited(24)
    assert (await desk.erase()).status_code == 200
    [review] = await desk.reviews(desk.outside)
    assert (review["kind"], review["done_by"]) == ("erasure", str(desk.head.id))
    assert await desk.reviews(desk.head) == [], "nobody looks at themselves"
    assert await desk.asked(desk.outside) == 1
    assert await desk.asked(desk.head) == 0
    path, found = f"/outside-reviews/{review['id']}", {"finding": "in_order"}
    assert (await desk.head.post(path, found, version=1)).status_code == 404
    unfit = await desk.outside.post(path, {"finding": "nice"}, version=1)
    assert unfit.status_code == 422
    assert (await desk.outside.post(path, found, version=1)).status_code == 200
    assert (await desk.outside.post(path, found, version=2)).status_code == 409
    assert await desk.asked(desk.outside) == 0


async def test_it_is_small_only_while_it_really_is(desk: Small) -> None:
    await desk.small()
    await desk.ask()
    await desk.waited(25)
    more = [await desk.world.somebody("CO") for _ in range(2)]
    assert not await desk.small()
    assert (await desk.erase()).status_code == 409
    await desk.world.sql("UPDATE staff SET active = false WHERE id = $1", more[0].id)
    await desk.small(small=False)
    assert (await desk.erase()).status_code == 409
    assert await desk.small()
    assert (await desk.erase()).status_code == 200


async def test_the_glass_too_opens_on_the_day_after_for_whoever_asked(desk: Small) -> None:
    await desk.small()
    colleague = await desk.world.somebody("SW")
    asked = await colleague.post("/break-glass", {"alias": desk.alias, "reason": "It burns."})
    path = f"/break-glass/{asked.json()['id']}/let"
    early = await colleague.post(path, None, version=1)
    assert early.status_code == 409
    later(24)
    assert (await colleague.post(path, None, version=1)).status_code == 404
    await desk.waited(24)
    assert (await colleague.get(f"/plans/{desk.plan}")).status_code == 404
    opened = await colleague.post(path, None, version=1)
    assert opened.status_code == 200, opened.text
    assert (await colleague.get(f"/plans/{desk.plan}")).status_code == 200
    later(28.1)
    assert (await colleague.get(f"/plans/{desk.plan}")).status_code == 404
    assert [one["kind"] for one in await desk.reviews(desk.outside)] == ["glass"]
    tasks = await desk.world.sql("SELECT kind FROM task WHERE plan IS NOT NULL ORDER BY kind")
    assert [row["kind"] for row in tasks] == ["glass-broken", "tell-of-glass"]


async def test_a_second_wish_of_ones_own_is_let_while_the_first_glass_is_broken(
    desk: Small,
) -> None:
    await desk.small()
    colleague = await desk.world.somebody("SW")
    wish = {"alias": desk.alias, "reason": "It burns."}
    asked = [(await colleague.post("/break-glass", wish)).json()["id"] for _ in range(2)]
    await desk.waited(24)
    for one in asked:
        opened = await colleague.post(f"/break-glass/{one}/let", None, version=1)
        assert opened.status_code == 200, opened.text


async def test_the_glass_stays_closed_for_whoever_asked_elsewhere_or_too_late(
    desk: Small,
) -> None:
    colleague = await desk.world.somebody("SW")
    wish = {"alias": desk.alias, "reason": "It burns."}
    paths = [
        f"/break-glass/{(await colleague.post('/break-glass', one)).json()['id']}/let"
        for one in (wish, {**wish, "alias": "Nobody"})
    ]
    await desk.waited(25)
    assert (await colleague.post(paths[0], None, version=1)).status_code == 404
    await desk.small()
    assert (await colleague.post(paths[1], None, version=1)).status_code == 404
    wall = {"kind": "excluded", "login": colleague.login}
    walled = await desk.worker.post(f"/plans/{desk.plan}/walls", wall)
    assert (await colleague.post(paths[0], None, version=1)).status_code == 404
    taken = await desk.worker.post(f"/walls/{walled.json()['id']}/end", None, version=1)
    assert taken.status_code == 200
    later(48.1)
    assert (await colleague.post(paths[0], None, version=1)).status_code == 409
    assert await desk.world.sql("SELECT 1 FROM mandate WHERE glass IS NOT NULL") == []


async def test_without_a_reviewer_the_agency_hears_that_it_needs_one(desk: Small) -> None:
    agency = desk.world.agency or uuid4()
    await make_small(agency, small=True)
    await desk.ask()
    await desk.waited(25)
    await desk.erase()
    assert await desk.asked(desk.head) == 1
    officer = await desk.world.somebody("DP")
    assert await desk.asked(officer) == 1
    browser = await at_the_desk(desk.world, desk.outside)
    assert "Nothing waits" in plain(await browser.open("/desk/reviews")).words
    with pytest.raises(NotFound):
        await make_small(agency, small=True, reviewer="Nowhere")
    with pytest.raises(Unfit):
        await make_small(agency, small=True, reviewer="Horizon")


async def test_somebody_from_outside_looks_at_the_desk(desk: Small) -> None:
    await desk.small()
    await desk.ask()
    await desk.waited(25)
    await desk.erase()
    browser = await at_the_desk(desk.world, desk.outside)
    page = plain(await browser.open("/desk/reviews"))
    [row] = await desk.world.sql("SELECT id FROM outside_review")
    page = plain(await browser.send(page, f"/desk/reviews/{row['id']}", finding="not_in_order"))
    assert "It is recorded" in page.words
    assert "Not in order" in page.words


@given(
    waited=st.timedeltas(timedelta(0), timedelta(days=3)), small=st.booleans(), own=st.booleans()
)
def test_whoever_asked_lets_it_only_in_a_small_agency_and_a_day_later(
    *, waited: timedelta, small: bool, own: bool
) -> None:
    me = uuid4()
    wish = {"asked_by": me if own else uuid4(), "asked_at": MONDAY}
    may = may_let(wish, me, MONDAY + waited, small=small)
    assert may == (not own or (small and waited >= A_DAY))
