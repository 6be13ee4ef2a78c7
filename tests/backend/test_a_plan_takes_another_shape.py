"""A plan moves to a newer template or to other overlays, looked at before; others keep theirs."""

from typing import Any

from tests.backend.templates.test_versions_of_an_agency import OWN, line, published
from tests.world import Caller, World, row


async def shape(worker: Caller, plan: str, **values: Any) -> dict[str, Any]:
    """All of what a plan holds, but for what is said here."""
    seen = (await worker.get(f"/plans/{plan}/template")).json()
    return {name: seen[name] for name in ("size", "overlays", "supervision")} | values


async def looked_at(worker: Caller, plan: str, **values: Any) -> dict[str, Any]:
    body = await shape(worker, plan, **values)
    answer = await worker.post(f"/plans/{plan}/template/preview", body)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def moved(worker: Caller, plan: str, **values: Any) -> None:
    seen = (await worker.get(f"/plans/{plan}/template")).json()
    body = await shape(worker, plan, **values)
    answer = await worker.post(f"/plans/{plan}/template", body, version=seen["version"])
    assert answer.status_code == 200, answer.text


async def test_open_plans_keep_their_version_until_somebody_moves_them(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    id_ = plan["id"]
    await published(head, line("HOU-02", offset=-50), OWN)
    seen = (await worker.get(f"/plans/{id_}/template")).json()
    assert (seen["number"], seen["newest"]) == (1, 2)
    before = await world.plan(worker, id_)
    preview = await looked_at(worker, id_, newest=True)
    assert [one["code"] for one in preview["added"]] == ["OWN-01"]
    (changed,) = preview["changed"]
    assert (changed["code"], changed["fields"]) == ("HOU-02", ["day"])
    assert changed["due_before"] == row(before, "HOU-02")["due_on"] < changed["due_on"]
    assert await world.plan(worker, id_) == before, "nothing was changed by a look"
    await moved(worker, id_, newest=True)
    after = await world.plan(worker, id_)
    assert row(after, "HOU-02")["due_on"] == changed["due_on"]
    assert row(after, "OWN-01")["state"] == "planned"
    assert (await worker.get(f"/plans/{id_}/template")).json()["number"] == 2
    again = await looked_at(worker, id_, newest=True)
    assert (again["added"], again["changed"], again["left_out"]) == ([], [], [])


async def test_what_became_of_a_row_stands_in_its_history(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    await published(head, line("HOU-02", offset=-50), OWN)
    await moved(worker, plan["id"], newest=True, overlays=["no_family"])
    after = await world.plan(worker, plan["id"])
    kinds = {}
    for code in ("HOU-02", "OWN-01", "FAM-01"):
        told = await worker.get(f"/milestones/{row(after, code)['id']}/history")
        kinds[code] = [(one["kind"], one["after"]) for one in told.json()]
    assert kinds == {
        "HOU-02": [("template", "planned")],
        "OWN-01": [("added", "planned")],
        "FAM-01": [("template", "cancelled")],
    }


async def test_a_row_that_was_left_out_comes_back_with_its_overlay_gone(world: World) -> None:
    worker = await world.somebody("SW")
    id_ = (await world.a_plan(worker))["id"]
    before = await world.plan(worker, id_)
    await moved(worker, id_, overlays=["no_family", "other_place"])
    there = await world.plan(worker, id_)
    assert {one["state"] for one in there["milestones"] if one["pathway"] == "FAM"} == {"cancelled"}
    assert row(there, "FAR-01")["state"] == "planned"
    await moved(worker, id_, overlays=[])
    after = await world.plan(worker, id_)
    for one in before["milestones"]:
        is_ = row(after, one["code"])
        assert (is_["state"], is_["due_on"]) == (one["state"], one["due_on"])
    assert row(after, "FAR-01")["state"] == "cancelled"


async def test_a_row_about_which_a_date_was_made_stays(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, overlays=["safety_first"])
    milestone = row(plan, "WOM-01")["id"]
    woken = await worker.patch(f"/milestones/{milestone}", {"state": "planned"}, version=1)
    assert woken.status_code == 200, woken.text
    when = {"role": "SW", "held_on": plan["release_date"], "held_at": "10:00:00"}
    path = f"/plans/{plan['id']}/appointments"
    assert (await worker.post(path, {**when, "milestone": milestone})).status_code == 201
    seen = await looked_at(worker, plan["id"], overlays=[])
    assert [one["code"] for one in seen["stay"]] == ["WOM-01"]
    assert {one["code"] for one in seen["left_out"]} == {"WOM-02", "WOM-03"}


async def test_what_cannot_be_is_refused(world: World) -> None:
    worker = await world.somebody("SW")
    id_ = (await world.a_plan(worker))["id"]
    path = f"/plans/{id_}/template/preview"
    body = await shape(worker, id_)
    for wrong in ({"size": "huge"}, {"overlays": ["recall"]}, {"overlays": ["unplanned"]}):
        answer = await worker.post(path, {**body, **wrong})
        assert answer.status_code == 422, answer.text
    stale = await worker.post(f"/plans/{id_}/template", body, version=99)
    assert stale.status_code == 412


async def test_those_who_work_on_it_alone_know_by_which_overlays_a_plan_is_made(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    stranger, officer = await world.somebody("SW"), await world.somebody("PO")
    assert (await stranger.get(f"/plans/{plan['id']}/template")).status_code == 404
    assert (await officer.get(f"/plans/{plan['id']}/template")).status_code == 403
