"""What both agreed on in a review becomes a row of the plan."""

from datetime import timedelta

import pytest

from backend.needs import rules
from backend.needs.bank import items
from backend.templates.reading import standard
from tests.backend.courts.docket import join
from tests.backend.reviews import agree, area_of, begin
from tests.world import World, a_day, row


async def test_an_agreed_step_wakes_the_row_that_sleeps_there(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan = found["id"]
    assert row(found, "HOU-03")["state"] == "dormant"
    await begin(worker, plan)
    home = await area_of(worker, plan, "home")
    assert (await agree(worker, home, "NSR-09")).status_code == 422, "it is of another area"
    assert (await agree(worker, home, "NSR-02", due_on="2020-01-01")).status_code == 422
    assert (await agree(worker, home, "NSR-02")).status_code == 200
    woken = row(await world.plan(worker, plan), "HOU-03")
    due = (a_day() + timedelta(days=9)).isoformat()
    assert (woken["state"], woken["due_on"], woken["pinned"]) == ("planned", due, True)
    step = (await area_of(worker, plan, "home"))["step"]
    assert (step["milestone"], step["due_on"]) == (woken["id"], due)


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_must_be_there_on_the_day_stays_pinned_where_a_hand_did_it_alone(
    world: World, *, by_hand: bool
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    if by_hand:
        found = row(await world.plan(worker, plan), "FIN-04")
        day = {"state": "planned", "due_on": (a_day() + timedelta(days=20)).isoformat()}
        set_ = await worker.patch(f"/milestones/{found['id']}", day, version=found["version"])
        assert set_.status_code == 200, set_.text
    await begin(worker, plan)
    agreed = await agree(worker, await area_of(worker, plan, "money"), "NSR-11")
    assert agreed.status_code == 200, agreed.text
    assert row(await world.plan(worker, plan), "FIN-04")["pinned"] is by_hand


async def test_or_becomes_a_row_of_its_own_that_nobody_else_sees(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await begin(worker, plan)
    home = await area_of(worker, plan, "home")
    assert (await agree(worker, home, "NSR-03", owner="CT")).status_code == 422
    assert (await agree(worker, home, "NSR-03", owner="PE")).status_code == 200
    made = row(await world.plan(worker, plan), "NSR-03")
    assert (made["title"], made["owner"]) == (items()["NSR-03"].words["en"], "PE")
    history = (await worker.get(f"/milestones/{made['id']}/history")).json()
    assert [one["kind"] for one in history] == ["added"]
    home = await area_of(worker, plan, "home")
    assert (await agree(worker, home, "NSR-03")).status_code == 200, "another day, the same row"
    assert row(await world.plan(worker, plan), "NSR-03")["id"] == made["id"]
    for role in ("PO", "TR", "PS", "CP"):
        other = await world.somebody(role)
        await join(world, worker, plan, other, role)
        codes = {one["code"] for one in (await world.plan(other, plan))["milestones"]}
        assert "NSR-03" not in codes, role
    done = {"state": "done"}
    made = row(await world.plan(worker, plan), "NSR-03")
    path = f"/milestones/{made['id']}"
    assert (await worker.patch(path, done, version=made["version"])).status_code == 200
    home = await area_of(worker, plan, "home")
    assert (await agree(worker, home, "NSR-03")).status_code == 409, "it was closed"


def test_every_item_of_the_bank_is_of_an_area_and_of_a_row_that_there_is() -> None:
    rows = {one.code: one for one in standard().rows}
    assert {item.area for item in items().values()} == set(rules.AREAS)
    for item in items().values():
        assert all(item.words.values())
        assert item.code not in rows
        if item.row is not None:
            assert rows[item.row].pathway == item.pathway, item.code
