"""No entry, no flow to another agency, and no more than the entry names."""

from datetime import timedelta
from uuid import uuid4

from backend import clock, database
from backend.flows.rules import OF_KIND
from tests.backend.flows.abroad import LAW, a_plan_abroad, what_is_sent
from tests.backend.pages.browser import at_the_desk
from tests.world import World, row


async def test_without_an_entry_a_plan_of_another_agency_is_as_if_it_never_was(
    world: World,
) -> None:
    abroad = await a_plan_abroad(world)
    never = await abroad.officer.get(f"/plans/{uuid4()}")
    assert what_is_sent(await abroad.officer.get(f"/plans/{abroad.docket.plan}")) == what_is_sent(
        never
    )
    for name, call in abroad.calls().items():
        assert (await call()).status_code == 404, name
    for who in (abroad.officer, abroad.worker):
        assert (await who.get("/plans")).json()["plans"] == []
        assert (await who.get("/tasks")).json()["tasks"] == []
    milestone = row(await world.plan(abroad.docket.worker, abroad.docket.plan), "PRB-06")
    url = f"/milestones/{milestone['id']}"
    assert (await abroad.officer.get(url + "/history")).status_code == 404
    change = await abroad.worker.patch(url, {"state": "done"}, version=milestone["version"])
    assert change.status_code == 404
    async with database.transaction(abroad.officer.id) as held:  # the second line alone
        for table in ("plan", "mandate", "milestone", "appointment", "person"):
            assert await held.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    flow = await world.a_flow(abroad.there)
    for name, call in abroad.calls().items():
        assert (await call()).status_code in {200, 201}, name
    change = await abroad.worker.patch(url, {"state": "done"}, version=milestone["version"])
    assert change.status_code == 200, change.text
    assert len((await abroad.officer.get("/plans")).json()["plans"]) == 1
    await abroad.end(flow)
    for name, call in abroad.calls().items():
        assert (await call()).status_code == 404, name


async def test_what_is_not_in_the_entry_is_not_in_the_answer(world: World) -> None:
    abroad = await a_plan_abroad(world)
    plan = abroad.docket.plan
    flow = await world.a_flow(abroad.there, groups=["alias", "release date"])
    seen = (await abroad.officer.get(f"/plans/{plan}?show=all")).json()
    release = {"state", "zone", "release_date", "certainty", "release_time", "left_custody_at"}
    assert seen.keys() == {"id", "version", "alias", *release}
    [line] = (await abroad.officer.get("/plans")).json()["plans"]
    assert line.keys() == {"id", "version", "alias", "state", "release_date", "certainty"}
    calls = abroad.calls()
    for name in calls.keys() - {"getPlan", "getPlan, all", "page"}:
        assert (await calls[name]()).status_code == 404, name
    milestone = row(await world.plan(abroad.docket.worker, plan), "PRB-06")
    for state in ("in_progress", "done"):  # the short way is as closed as the long one
        path, seen_as = f"/milestones/{milestone['id']}", milestone["version"]
        change = await abroad.worker.patch(path, {"state": state}, version=seen_as)
        assert change.status_code == 404, change.text
    same = row(await world.plan(abroad.docket.worker, plan), "PRB-06")
    assert same == milestone
    await abroad.end(flow)
    await world.a_flow(abroad.there, groups=["milestones", "circle", "appointments"])
    for who in (abroad.officer, abroad.worker):
        seen = (await who.get(f"/plans/{plan}?show=all")).json()
        assert {"alias", "person", "release_date", "supervision"}.isdisjoint(seen)
        assert {"milestones", "circle", "appointments"} <= seen.keys()
        [line] = (await who.get("/plans")).json()["plans"]
        assert line.keys() == {"id", "next_due_on", "next_title", "overdue"}
    # to the agency's own nothing of this is asked
    own = (await abroad.docket.officer.get(f"/plans/{plan}?show=all")).json()
    assert {"alias", "person", "release_date", "milestones"} <= own.keys()


async def test_a_draft_names_its_file_so_both_may_flow_or_neither(world: World) -> None:
    abroad = await a_plan_abroad(world)
    docket, officer = abroad.docket, abroad.officer
    flow = await world.a_flow(abroad.there, groups=["summary draft"])
    assert (await docket.draft(officer)).status_code == 404
    shown = (await docket.draft()).json()["digest"]
    assert (await docket.read(officer)).status_code == 404
    assert (await docket.read(officer, kind="checked", digest=shown)).status_code == 404
    await abroad.end(flow)
    await world.a_flow(abroad.there, groups=["summary draft", "court reference"])
    assert (await docket.draft(officer)).status_code == 200
    assert (await docket.read(officer)).status_code == 201


async def test_an_entry_holds_for_its_purpose_and_its_time(world: World) -> None:
    abroad = await a_plan_abroad(world)
    path = f"/plans/{abroad.docket.plan}"
    starts = clock.now() + timedelta(hours=1)
    await world.a_flow(
        abroad.there,
        starts=starts.isoformat(),
        until=(starts + timedelta(hours=1)).isoformat(),
    )
    for at, status in ((-1, 404), (0, 200), (3599, 200), (3600, 404)):
        clock.travel(lambda at=at: starts + timedelta(seconds=at))  # type: ignore[misc]
        assert (await abroad.officer.get(path)).status_code == status, at
    clock.travel(lambda: starts)
    for purpose, status in (("supervision", 200), ("complaint", 404)):
        asked = await abroad.officer.get(path, headers={"X-Purpose": purpose})
        assert asked.status_code == status, purpose
    own = await abroad.docket.officer.get(path, headers={"X-Purpose": "complaint"})
    assert own.status_code == 200


async def test_an_ngo_is_told_alias_and_tasks_and_only_by_a_law(world: World) -> None:
    abroad = await a_plan_abroad(world)
    plan = abroad.docket.plan
    await world.a_flow(abroad.there)  # from when it was taken for a public body
    await world.sql("UPDATE agency SET regime = 'ngo' WHERE id = $1", abroad.there)
    seen = (await abroad.worker.get(f"/plans/{plan}?show=all")).json()
    assert seen.keys() == {"id", "alias"}
    [line] = (await abroad.worker.get("/plans")).json()["plans"]
    assert line.keys() == {"id", "alias"}
    body = {
        "kind": "agency",
        "to_agency": str(abroad.there),
        "groups": ["alias"],
        "purpose": "care",
        "responsible": str(abroad.head.id),
    }
    for basis in ({"basis": "authorisation"}, {"basis": "law", **LAW, "groups": ["identity"]}):
        refused = await abroad.head.post("/flows", {**body, **basis})
        assert refused.status_code == 422, refused.text


async def test_nobody_can_say_of_a_mandate_that_it_is_of_the_house(world: World) -> None:
    abroad = await a_plan_abroad(world)
    [before] = await world.sql("SELECT elsewhere FROM mandate WHERE actor = $1", abroad.officer.id)
    assert before["elsewhere"] == abroad.there
    async with database.transaction(abroad.docket.worker.id) as held:
        sql = "UPDATE mandate SET elsewhere = NULL WHERE actor = $1"
        assert await held.execute(sql, abroad.officer.id) == "UPDATE 1"
    assert (await abroad.officer.get(f"/plans/{abroad.docket.plan}")).status_code == 404


async def test_who_is_told_of_no_circle_is_shown_no_page_of_it(world: World) -> None:
    abroad = await a_plan_abroad(world)
    page = f"/desk/plans/{abroad.docket.plan}/circle"
    browser = await at_the_desk(world, abroad.worker)
    flow = await world.a_flow(abroad.there, groups=sorted(OF_KIND["agency"] - {"circle"}))
    assert (await browser.open(page)).status == 404
    await abroad.end(flow)
    await world.a_flow(abroad.there)
    assert (await browser.open(page)).status == 200
