from datetime import date, timedelta

from tests.world import World, a_day, row


async def test_a_full_plan_has_the_115_base_rows_and_what_is_not_core_sleeps(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=180)
    assert len(plan["milestones"]) == 115
    kinds = {(one["kind"], one["state"]) for one in plan["milestones"]}
    assert kinds == {("C", "planned"), ("V", "dormant"), ("N", "dormant"), ("O", "dormant")}
    assert all(
        "due_on" not in one or one["due_on"] is None
        for one in plan["milestones"]
        if one["state"] == "dormant"
    )


async def test_a_light_plan_has_thirty_rows(world: World) -> None:
    worker = await world.somebody("SW")
    assert len((await world.a_plan(worker, template="light"))["milestones"]) == 30


async def test_a_supervision_basis_wakes_the_ordered_rows(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, supervision=True)
    assert {one["state"] for one in plan["milestones"] if one["kind"] == "O"} == {"planned"}


async def test_a_row_before_release_rolls_back_to_a_working_day_and_after_it_forward(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    monday = a_day() + timedelta(days=(7 - a_day().weekday()) + 196)
    assert monday.isoweekday() == 1
    plan = await world.a_plan(
        worker, release_date=monday.isoformat(), supervision=True, template="full"
    )
    before, after = row(plan, "PRB-07"), row(plan, "FIN-07")  # day -2 and day +30
    assert date.fromisoformat(before["due_on"]).isoweekday() == 5
    woken = await worker.patch(
        f"/milestones/{after['id']}", {"state": "planned"}, version=after["version"]
    )
    assert woken.status_code == 200
    plan = await world.plan(worker, plan["id"])
    assert date.fromisoformat(row(plan, "FIN-07")["due_on"]) == monday + timedelta(days=30)
    gate = row(plan, "GAT-01")
    assert date.fromisoformat(gate["due_on"]) == monday - timedelta(days=7)


async def test_a_person_has_one_open_plan(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    person = (await world.sql("SELECT person FROM plan"))[0]["person"]
    again = {
        "person_id": str(person),
        "release_date": a_day().isoformat(),
        "certainty": "expected",
    }
    refused = await worker.post("/plans", again)
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:throughcare:problem:plan-already-open",
    )
    closed = await worker.post(
        f"/plans/{plan['id']}/state", {"state": "closed"}, version=plan["version"]
    )
    assert closed.status_code == 200, closed.text
    assert (await worker.post("/plans", again)).status_code == 201


async def test_what_is_declined_takes_its_followers_along_and_keeps_no_reason(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    offer = row(plan, "CNS-11")
    woken = await worker.patch(f"/milestones/{offer['id']}", {"state": "planned"}, version=1)
    declined = await worker.patch(
        f"/milestones/{offer['id']}", {"state": "declined"}, version=woken.json()["version"]
    )
    assert declined.status_code == 200
    plan = await world.plan(worker, plan["id"])
    assert row(plan, "CNS-11")["state"] == "declined"
    assert {row(plan, code)["state"] for code in ("CNS-12", "CNS-13", "CNS-14")} == {"not_needed"}


async def test_the_caseload_comes_by_next_due_date_in_pages(world: World) -> None:
    worker = await world.somebody("SW")
    for days in (300, 200, 250):
        await world.a_plan(worker, in_days=days)
    first = (await worker.get("/plans?limit=2")).json()
    second = (await worker.get(f"/plans?limit=2&cursor={first['next']}")).json()
    due = [one["next_due_on"] for one in first["plans"] + second["plans"]]
    assert len(due) == 3
    assert due == sorted(due)
    assert second["next"] is None


async def test_a_move_takes_open_rows_along_and_leaves_pinned_and_done_ones(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=200)
    done, pinned = row(plan, "PLN-01"), row(plan, "PLN-02")
    await worker.patch(f"/milestones/{done['id']}", {"state": "done"}, version=1)
    day = (a_day() + timedelta(days=3)).isoformat()
    await worker.patch(f"/milestones/{pinned['id']}", {"due_on": day}, version=1)
    later = (a_day() + timedelta(days=214)).isoformat()
    answer = await worker.post(
        f"/plans/{plan['id']}/release-date",
        {"release_date": later, "certainty": "expected"},
        version=1,
    )
    assert answer.status_code == 200, answer.text
    move = answer.json()
    assert [one["code"] for one in move["pinned"]] == ["PLN-02"]
    codes = {one["code"] for one in move["moved"]}
    assert "PLN-03" in codes
    assert not codes & {"PLN-01", "PLN-02"}
    for one in move["moved"]:
        assert date.fromisoformat(one["after"]) - date.fromisoformat(one["before"]) == timedelta(14)
    plan = await world.plan(worker, plan["id"])
    assert row(plan, "PLN-02")["due_on"] == day
    assert plan["release_date"] == later


async def test_a_probation_officers_caseload_is_ordered_by_their_own_rows_alone(
    world: World,
) -> None:
    worker, officer = await world.somebody("SW"), await world.somebody("PO")
    plans = [await world.a_plan(worker, in_days=days) for days in (300, 200)]
    for plan in plans:
        body = {"role": "PO", "login": officer.login}
        assert (await worker.post(f"/plans/{plan['id']}/circle", body)).status_code == 201
    seen = (await officer.get("/plans")).json()["plans"]
    assert [one["id"] for one in seen] == [plans[1]["id"], plans[0]["id"]]
    assert {one["next_title"] for one in seen} == {row(plans[0], "PRB-01")["title"]}
    for code in ("PLN-01", "PLN-02", "PLN-03", "FAM-01"):
        one = row(plans[0], code)
        pinned = {"due_on": (a_day() + timedelta(days=1)).isoformat()}
        await worker.patch(f"/milestones/{one['id']}", pinned, version=1)
    again = (await officer.get("/plans")).json()["plans"]
    assert [one["id"] for one in again] == [one["id"] for one in seen]
    assert (await officer.get("/plans?limit=1")).json()["next"] is not None
