"""Who is kept from a person's plans whatever the mandates say, and how glass is broken."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend import clock, database
from backend.alerts.due import first_due
from backend.walls.rules import LASTS, WAITS, is_open
from tests.databases import as_the_owner_of_everything
from tests.releases import a_release, joins, kinds, on_weekday
from tests.world import PASSWORD, Caller, World

PROVE = "urn:throughcare:problem:prove-again"
REASON = "Their worker is ill, and the mother stands at the door."


@dataclass
class House:
    """A plan with its worker and coordinator, and a colleague who has a mandate on it."""

    world: World
    head: Caller
    worker: Caller
    colleague: Caller
    plan: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/plans/{self.plan['id']}"

    async def wall(self, kind: str, who: Caller, *, by: Caller | None = None) -> str:
        answer = await (by or self.worker).post(
            f"{self.path}/walls", {"kind": kind, "login": who.login}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def sees(self, who: Caller) -> bool:
        """By every way to it alike."""
        one = (await who.get(self.path)).status_code == 200
        listed = [line["id"] for line in (await who.get("/plans")).json()["plans"]]
        assert (self.plan["id"] in listed) is one
        row = await who.get(f"/milestones/{self.plan['milestones'][0]['id']}/history")
        assert (row.status_code == 200) is one
        return one


@pytest.fixture
async def house(world: World) -> House:
    head = await world.somebody("CO")
    worker, plan = await a_release(world, on_weekday(3))
    colleague = await world.somebody("SW")
    await joins(world, worker, plan, colleague, "SW")
    return House(world, head, worker, colleague, plan)


async def test_who_is_excluded_sees_nothing_from_that_instant_on_and_again_afterwards(
    house: House,
) -> None:
    assert await house.sees(house.colleague)
    wall = await house.wall("excluded", house.colleague)
    assert not await house.sees(house.colleague)
    barred = await house.colleague.get(house.path)
    never = await house.colleague.get(f"/plans/{uuid4()}")
    assert barred.content == never.content
    assert await house.sees(house.worker)
    ended = await house.worker.post(f"/walls/{wall}/end", version=1)
    assert ended.status_code == 200, ended.text
    assert await house.sees(house.colleague)


async def test_an_exclusion_holds_for_every_plan_of_the_person_and_every_later_mandate(
    house: House, world: World
) -> None:
    await house.wall("excluded", house.colleague)
    closed = await house.worker.post(
        f"{house.path}/state", {"state": "closed"}, version=house.plan["version"]
    )
    assert closed.status_code == 200, closed.text
    person = (await world.sql("SELECT person FROM plan WHERE id = $1", house.plan["id"]))[0]
    again = {
        "person_id": str(person["person"]),
        "release_date": house.plan["release_date"],
        "certainty": "expected",
    }
    opened = await house.worker.post("/plans", again)
    assert opened.status_code == 201, opened.text
    house.plan = await world.plan(house.worker, opened.json()["id"])
    await joins(world, house.worker, house.plan, house.colleague, "SW")
    assert not await house.sees(house.colleague)


async def test_where_some_are_let_in_alone_no_other_staff_gets_in(house: House) -> None:
    first = await house.wall("admitted", house.head, by=house.head)
    assert await house.sees(house.head)
    assert not await house.sees(house.worker)
    assert not await house.sees(house.colleague)
    second = await house.wall("admitted", house.colleague, by=house.head)
    assert await house.sees(house.colleague)
    shown = (await house.head.get(f"{house.path}/walls")).json()
    assert {one["id"] for one in shown} == {first, second}
    for wall in (first, second):
        ended = await house.colleague.post(f"/walls/{wall}/end", version=1)
        assert ended.status_code == 200, ended.text
    assert await house.sees(house.worker)


async def test_a_wall_around_one_person_says_nothing_of_another(house: House) -> None:
    other_worker, other = await a_release(house.world, on_weekday(3))
    await joins(house.world, other_worker, other, house.colleague, "SW")
    there = House(house.world, house.head, other_worker, house.colleague, other)
    await house.wall("excluded", house.colleague)
    assert (await house.sees(house.colleague), await there.sees(house.colleague)) == (False, True)
    await house.wall("admitted", house.worker)
    assert await there.sees(house.colleague)
    # and who is let in here is not let in there
    await there.wall("admitted", house.colleague)
    guest = await house.world.somebody("SW")
    await joins(house.world, house.worker, house.plan, guest, "SW")
    await joins(house.world, other_worker, other, guest, "SW")
    await house.wall("admitted", guest)
    assert (await house.sees(guest), await there.sees(guest)) == (True, False)


async def test_whoever_lets_in_the_first_is_among_them(house: House) -> None:
    await house.wall("admitted", house.colleague)
    assert await house.sees(house.worker)
    assert await house.sees(house.colleague)
    assert not await house.sees(house.head)


async def test_who_is_let_in_no_more_is_kept_out_while_others_are_let_in(house: House) -> None:
    wall = await house.wall("admitted", house.colleague)
    ended = await house.worker.post(f"/walls/{wall}/end", version=1)
    assert ended.status_code == 200, ended.text
    assert (await house.sees(house.worker), await house.sees(house.colleague)) == (True, False)


async def test_an_exclusion_is_stronger_than_an_admission(house: House) -> None:
    await house.wall("admitted", house.colleague)
    await house.wall("excluded", house.colleague)
    assert not await house.sees(house.colleague)


async def test_the_program_refuses_the_barred_also_without_the_wall_in_the_database(
    house: House, world: World
) -> None:
    await house.wall("excluded", house.colleague)
    await house.colleague.get("/tasks")  # signed in while the pool is the application's
    await as_the_owner_of_everything(world)
    answer = await house.colleague.post(f"{house.path}/contacts", _a_contact())
    assert answer.status_code == 404


def _a_contact() -> dict[str, str]:
    return {"how": "met", "outcome": "reached", "made_on": clock.today("Africa/Tunis").isoformat()}


async def test_a_morning_counts_nothing_of_a_plan_that_a_wall_keeps_from_its_reader(
    house: House,
) -> None:
    assert await _first_due(house.colleague) is not None
    await house.wall("excluded", house.colleague)
    assert await _first_due(house.colleague) is None
    assert await _first_due(house.worker) is not None


async def _first_due(who: Caller) -> date | None:
    """What the job of the morning looks at, in its own role."""

    async def look() -> date | None:
        database.act_as("worker")
        async with database.transaction():
            assert who.id
            return await first_due(who.id, clock.today("Africa/Tunis"), zone="Africa/Tunis")

    return await database.in_fresh_context(look)


async def test_a_wall_is_set_by_the_workers_of_the_plan_on_colleagues_of_its_agency(
    house: House, world: World
) -> None:
    stranger, officer = await world.somebody("SW"), await world.somebody("PO")
    await joins(world, house.worker, house.plan, officer, "PO")
    url = f"{house.path}/walls"
    body = {"kind": "excluded", "login": house.colleague.login}
    assert (await stranger.post(url, body)).status_code == 404
    assert (await officer.post(url, body)).status_code == 403
    other = await world.an_agency(name="Elsewhere")
    afar = await world.somebody("SW", agency=other)
    assert (await house.worker.post(url, {**body, "login": afar.login})).status_code == 404
    assert (await house.worker.post(url, {**body, "kind": "hidden"})).status_code == 422
    assert (await house.worker.post(url, {**body, "login": house.worker.login})).status_code == 422
    assert (await house.worker.post(url, body)).status_code == 201
    assert (await house.worker.post(url, body)).status_code == 409


# break-glass


def _later(span: timedelta) -> None:
    now = clock.now() + span
    clock.travel(lambda: now)


async def _asks(who: Caller, alias: str) -> dict[str, Any]:
    answer = await who.post("/break-glass", {"alias": alias, "reason": REASON})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_glass_is_broken_by_two_for_four_hours_and_everybody_hears(house: House) -> None:
    stranger = await house.world.somebody("SW")
    wish = await _asks(stranger, house.plan["alias"].upper())
    assert not await house.sees(stranger)
    (shown,) = (await house.head.get("/break-glass")).json()
    assert (shown["reason"], shown["plan"]) == (REASON, house.plan["id"])
    let = await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
    assert let.status_code == 200, let.text
    assert await house.sees(stranger)
    assert "tell-of-glass" in await kinds(house.worker)
    assert "glass-broken" in await kinds(house.head)
    _later(LASTS - timedelta(seconds=1))
    assert await house.sees(stranger)
    _later(timedelta(seconds=1))
    assert not await house.sees(stranger)
    access = (await house.head.get(f"{house.path}/access")).json()["access"]
    looked = {one["operation"] for one in access}
    assert {"letBreakGlass", "getPlan"} <= looked, "it stays in the list of who looked"


async def test_a_coordinator_reads_a_relatives_name_through_broken_glass_alone(
    house: House,
) -> None:
    second = await house.world.somebody("CO")
    await joins(house.world, house.worker, house.plan, second, "CO")
    aunt = {"role": "FA", "name": "Invented Aunt"}
    assert (await house.worker.post(f"{house.path}/circle", aunt)).status_code == 201
    assert "Invented Aunt" not in (await second.get(house.path)).text
    wish = await _asks(second, house.plan["alias"])
    let = await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
    assert let.status_code == 200, let.text
    assert "Invented Aunt" in (await second.get(house.path)).text
    assert "Invented Aunt" not in (await house.head.get(house.path)).text
    _later(LASTS)
    assert "Invented Aunt" not in (await second.get(house.path)).text


async def test_a_wish_is_answered_alike_whether_there_is_such_a_person_or_not(
    house: House,
) -> None:
    stranger = await house.world.somebody("SW")
    there = await stranger.post("/break-glass", {"alias": house.plan["alias"], "reason": REASON})
    never = await stranger.post("/break-glass", {"alias": "Nobody", "reason": REASON})
    assert there.status_code == never.status_code == 201
    assert len(there.content) == len(never.content)
    (only,) = (await house.head.get("/break-glass")).json()
    assert only["id"] == there.json()["id"]


async def test_nobody_lets_their_own_wish(house: House) -> None:
    second = await house.world.somebody("CO")
    wish = await _asks(house.head, house.plan["alias"])
    own = await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
    assert own.status_code == 404
    # a coordinator who came later has no mandate on this plan, and so no say
    assert (await second.post(f"/break-glass/{wish['id']}/let", version=1)).status_code == 404
    assert (await house.worker.post(f"/break-glass/{wish['id']}/let", version=1)).status_code == 404


async def test_who_asks_and_who_lets_have_just_shown_who_they_are(house: House) -> None:
    stranger = await house.world.somebody("SW")
    unlike = {"alias": "Nobody", "reason": REASON}
    await stranger.sign_in()
    await house.head.sign_in()
    _later(timedelta(minutes=5, seconds=1))
    refused = await stranger.post("/break-glass", unlike)
    assert (refused.status_code, refused.json()["type"]) == (403, PROVE)
    assert await house.world.sql("SELECT 1 FROM break_glass") == []
    assert (await stranger.post("/account/prove", {"password": PASSWORD})).status_code == 204
    wish = await _asks(stranger, house.plan["alias"])
    path = f"/break-glass/{wish['id']}/let"
    refused = await house.head.post(path, version=1)
    assert (refused.status_code, refused.json()["type"]) == (403, PROVE)
    elsewhere = await house.head.post(f"/break-glass/{uuid4()}/let", version=1)
    assert elsewhere.status_code == 404, "that it is not there comes before the proof"
    assert not await house.sees(stranger)
    assert (await house.head.post("/account/prove", {"password": PASSWORD})).status_code == 204
    assert (await house.head.post(path, version=1)).status_code == 200
    assert await house.sees(stranger)


async def test_a_wish_waits_for_a_day_and_three_are_enough(house: House) -> None:
    stranger = await house.world.somebody("SW")
    wishes = [await _asks(stranger, house.plan["alias"]) for _ in range(3)]
    fourth = await stranger.post("/break-glass", {"alias": "Nobody", "reason": REASON})
    assert fourth.status_code == 429
    _later(WAITS)
    assert (await house.head.get("/break-glass")).json() == []
    late = await house.head.post(f"/break-glass/{wishes[0]['id']}/let", version=1)
    assert late.status_code == 409
    assert (await stranger.post("/break-glass", {"alias": "x", "reason": "y"})).status_code == 201


async def test_who_is_kept_out_gets_in_through_no_glass(house: House) -> None:
    await house.wall("excluded", house.colleague)
    wish = await _asks(house.colleague, house.plan["alias"])
    let = await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
    assert let.status_code == 409
    assert not await house.sees(house.colleague)


async def test_glass_is_closed_before_its_time_by_who_asked_or_let(house: House) -> None:
    stranger = await house.world.somebody("SW")
    for closes in (stranger, house.head):
        wish = await _asks(stranger, house.plan["alias"])
        await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
        assert await house.sees(stranger)
        assert (await house.colleague.post(_end(wish), version=2)).status_code == 404
        ended = await closes.post(_end(wish), version=2)
        assert ended.status_code == 200, ended.text
        _later(timedelta.resolution)
        assert not await house.sees(stranger)
        assert (await closes.post(_end(wish), version=3)).status_code == 409


async def test_glass_whose_mandate_was_ended_like_another_is_over(house: House) -> None:
    stranger = await house.world.somebody("SW")
    wish = await _asks(stranger, house.plan["alias"])
    await house.head.post(f"/break-glass/{wish['id']}/let", version=1)
    circle = (await house.head.get(house.path)).json()["circle"]
    (theirs,) = [one for one in circle if one["actor"] == str(stranger.id)]
    path = f"/mandates/{theirs['mandate']}/end"
    assert (await house.head.post(path, version=theirs["mandate_version"])).status_code == 200
    _later(timedelta.resolution)
    for closes in (stranger, house.head):
        assert (await closes.post(_end(wish), version=2)).status_code == 409


def _end(wish: dict[str, Any]) -> str:
    return f"/break-glass/{wish['id']}/end"


def test_a_wish_is_open_until_it_was_let_ended_or_waited_too_long() -> None:
    asked = clock.now()
    wish = {"asked_at": asked, "let_at": None, "ended_at": None}
    assert is_open(wish, asked)
    assert not is_open({**wish, "let_at": asked}, asked)
    assert not is_open({**wish, "ended_at": asked}, asked)
    assert not is_open(wish, asked + WAITS)


async def test_a_wall_tries_no_login_for_free(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    url, other = f"{house.path}/walls", await house.world.somebody("SW")
    taken = await house.wall("admitted", house.colleague)
    before = (await house.worker.get(url)).json()
    for kind in ("excluded", "admitted"):
        tried = [
            await house.worker.post(url, {"kind": kind, "login": login, "id": taken})
            for login in (other.login, "nobody-at-all")
        ]
        assert [one.status_code for one in tried] == [409, 409]
        assert tried[0].content == tried[1].content
    never = await house.worker.post(url, {"kind": "excluded", "login": "nobody-at-all"})
    assert never.status_code == 404
    refused = [one for one in caplog.records if "refused a write" in one.getMessage()]
    assert refused == [], "nor is a try a trouble of the database's"
    assert (await house.worker.get(url)).json() == before, "nothing is left of a try"
