"""A short review: one call for a talk of ten minutes, by the rules of a whole one."""

from datetime import timedelta
from typing import Any

from backend.needs import rules
from backend.needs.bank import proposed
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.reviews import begin, reviews
from tests.world import Caller, World, a_day, row

WANTED, WELL = "support_wanted_now", "going_well"
HOME = {"area": "home", "own": WANTED, "view": WELL, "since_last_time": "harder"}


def by(days: int, item: str, **more: Any) -> dict[str, Any]:
    return {"item": item, "due_on": (a_day() + timedelta(days=days)).isoformat(), **more}


async def short(worker: Caller, plan: str, *areas: dict[str, Any], **more: Any) -> Any:
    body = {"held_on": a_day().isoformat(), "language": "fr", "areas": list(areas or [HOME])}
    ticked = {"own_ok": True, "looked": True}
    return await worker.post(f"/plans/{plan}/needs-reviews/short", {**body, **ticked, **more})


async def test_one_call_begins_saves_agrees_and_closes(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, in_days=175))["id"]
    changed = await worker.post(f"/plans/{plan}/life-changes", {"what": "asked"})
    assert changed.status_code == 201, changed.text
    steps = [by(9, "NSR-02"), by(12, "NSR-12", owner="PE")]
    answer = await short(worker, plan, HOME, {"area": "balance", "view": WELL}, steps=steps)
    assert answer.status_code == 201, answer.text
    [review] = await reviews(worker, plan)
    assert (review["id"], review["closed"], review["settles"]) == (answer.json()["id"], True, None)
    assert [one["area"] for one in review["areas"]] == list(rules.AREAS[:-1])
    areas = {one["area"]: one for one in review["areas"]}
    assert areas["home"]["own"] == {"status": WANTED, "since_last_time": "harder"}
    assert areas["home"]["view"] == {"status": WELL}
    assert areas["balance"]["view"] == {"status": WELL}
    assert {name for name, one in areas.items() if {"own", "view"} & one.keys()} == {
        "home",
        "balance",
    }
    found = await world.plan(worker, plan)
    assert areas["home"]["step"]["milestone"] == row(found, "HOU-03")["id"]
    assert row(found, "HOU-03")["state"] == "planned"
    assert areas["money"]["step"]["due_on"] == steps[1]["due_on"]
    # the whole review keeps its place in the plan; whoever was asked to talk has talked
    assert row(found, "PLN-03")["state"] == "planned"
    tasks = (await worker.get("/tasks")).json()["tasks"]
    assert "needs-review" not in {one["kind"] for one in tasks}
    [kept] = await world.sql("SELECT own, view FROM needs_area WHERE area = 'home'")
    assert WANTED.encode() not in kept["own"]
    assert WELL.encode() not in kept["view"]
    done = await world.sql("SELECT operation FROM audit WHERE operation LIKE '%eview'")
    assert [one["operation"] for one in done] == ["recordShortReview"]
    # nothing of it changes any more, and another one may begin
    late = {"own": {"status": WELL}, "own_ok": True}
    home = areas["home"]
    refused = await worker.send("PUT", f"/needs-areas/{home['id']}", late, version=home["seen"])
    assert refused.status_code == 409
    await begin(worker, plan)


async def test_all_of_it_is_kept_or_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    before = await world.plan(worker, plan)
    for number, (areas, more) in enumerate(REFUSED):
        answer = await short(worker, plan, *areas, **more)
        assert answer.status_code == 422, (number, answer.text)
    for table in ("needs_review", "needs_area"):
        assert await world.sql(f"SELECT 1 FROM {table}") == []
    assert await world.plan(worker, plan) == before
    await begin(worker, plan)
    answer = await short(worker, plan)
    assert answer.status_code == 409
    assert "One is open" in answer.text


BALANCE = {"area": "balance", "own": WELL}
REFUSED: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([HOME], {"own_ok": False}),
    ([HOME], {"looked": False}),
    ([HOME], {"held_on": (a_day() + timedelta(days=1)).isoformat()}),
    ([HOME, HOME], {}),
    ([{"area": "faith", "own": WELL}], {}),
    ([HOME, {"area": "work"}], {}),
    ([HOME, {"area": "work", "own": "fine"}], {}),
    ([HOME, {"area": "work", "since_last_time": "better"}], {}),
    ([HOME], {"steps": [by(9, "NSR-02"), by(-1, "NSR-12")]}),
    ([HOME], {"steps": [by(9, "NSR-02"), by(9, "NSR-01")]}),
    ([HOME], {"steps": [by(9, "NSR-99")]}),
    ([HOME], {"steps": [by(9, "NSR-12", owner="ME")]}),
]


async def test_the_eleventh_area_is_there_where_it_was_spoken_of(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    [item] = [one.code for one in proposed("substances")]
    unspoken = await short(worker, plan, steps=[by(9, item)])
    assert unspoken.status_code == 422, unspoken.text
    said = {"area": "substances", "own": WELL}
    answer = await short(worker, plan, HOME, said, steps=[by(9, item)])
    assert answer.status_code == 201, answer.text
    [review] = await reviews(worker, plan)
    assert review["areas"][-1]["area"] == "substances"
    assert review["areas"][-1]["step"]["title"]


async def test_the_page_is_one_form_that_keeps_what_was_chosen(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/needs/short"
    page = plain(await browser.open(url))
    assert "Did you mix faith or clothing with concern?" in page.words
    names = {name for name, _ in page.form(url).fields}
    assert {f"{side}_{area}" for side in ("own", "view") for area in rules.AREAS} <= names
    typed: Any = {
        "own_home": WANTED,
        "view_home": WELL,
        "since_home": "same",
        "view_work": WELL,
        "item_0": "NSR-02",
        "due_on_0": "",
        "looked": "true",
    }
    for missing in ("due_on_0", "own_ok"):
        refused = plain(await browser.send(page, url, **typed))
        assert refused.status == 422, missing
        kept = refused.form(url).fields
        assert {("own_home", WANTED), ("view_work", WELL), ("item_0", "NSR-02")} <= set(kept)
        assert await world.sql("SELECT 1 FROM needs_review") == []
        typed["due_on_0"] = (a_day() + timedelta(days=9)).isoformat()
        page = refused
    saved = plain(await browser.send(page, url, **typed, own_ok="true"))
    assert "It is written down and closed." in saved.words
    assert "The person: support wanted now, the same as last time" in saved.words
    [review] = await reviews(worker, plan)
    assert [one["area"] for one in review["areas"] if "view" in one] == ["home", "work"]
    await begin(worker, plan)
    page = plain(await browser.open(url))
    assert "A review is open" in page.words
    assert not page.has_form(url)
    looking = await at_the_desk(world, head)
    assert (await looking.open(url)).status == 403
