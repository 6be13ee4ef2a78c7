"""Each row of the audit says what the act was for: as it was stated, or as is usual."""

from contextvars import copy_context
from typing import Any

import pytest

from backend import doors
from backend.access import OPERATIONS
from backend.database import stated_purpose
from backend.words import PURPOSES
from tests.backend.scene import a_scene
from tests.world import World

SUMMARIES = {"bindCourtFile", "recordReading", "draftSummary", "issueSummary"}
SUMMARIES |= {"listSummaries", "getSummary"}
USUAL = {
    "summary": SUMMARIES,
    "audit": {"listAccess", "listRecord", "listProofs", "listAgencyHolds", "listReviews"}
    | {"recordReview", "listAgencyMandates", "listAgencyConsents", "countRecords"},
    "complaint": {"recordComplaint", "listComplaints", "answerComplaint"},
    "technical": {"signOut", "listFlows", "recordFlow", "confirmFlow", "endFlow"}
    | {"listColleagues", "inviteColleague", "endAccountInvitation", "endAccount"}
    | {"recordIncident", "listIncidents", "amendIncident", "draftNotice", "recordNotice"}
    | {"closeIncident"},
}
LAST = "SELECT operation, purpose FROM audit ORDER BY id DESC LIMIT 1"


async def _last(world: World) -> tuple[str, str]:
    (row,) = await world.sql(LAST)
    return row["operation"], row["purpose"]


async def test_an_operation_has_its_usual_purpose_however_its_row_is_written(world: World) -> None:
    scene = await a_scene(world)
    for operation, act in scene.acts.items():
        await scene.carry_out(operation)
        rows = await world.sql(
            "SELECT role, purpose FROM audit WHERE operation = $1 AND actor = $2"
            " ORDER BY id DESC LIMIT 1",
            act.operation,
            scene.caller(operation).id,
        )
        (row,) = rows
        care = "supervision" if row["role"] == "PO" else "care"
        expected = next((what for what, those in USUAL.items() if operation in those), care)
        assert row["purpose"] == expected, operation
    assert len(scene.acts) > len(OPERATIONS) * 0.8


async def test_a_purpose_that_is_stated_is_the_one_that_is_written(world: World) -> None:
    scene = await a_scene(world)
    for operation in ("getPlan", "listPlans", "changeMilestone", "logContact", "listTasks"):
        act, caller = scene.acts[operation], scene.caller(operation)
        answer = await act.by(caller, headers={"X-Purpose": "complaint"})
        assert answer.status_code < 300, answer.text
        assert await _last(world) == (operation, "complaint")
    # and it is of that request alone
    await scene.acts["getPlan"].by(scene.caller("getPlan"))
    assert await _last(world) == ("getPlan", "care")
    # a refusal says it too
    stranger = await world.somebody("SW")
    await scene.acts["getPlan"].by(stranger, headers={"X-Purpose": "supervision"})
    assert await _last(world) == ("getPlan", "supervision")


async def test_what_is_no_purpose_is_refused_before_anything_is_read(world: World) -> None:
    scene = await a_scene(world)
    for operation in ("getPlan", "changeMilestone", "logContact"):
        act, caller = scene.acts[operation], scene.caller(operation)
        for wrong in ("", "curiosity", "care, audit", "CARE"):
            answer = await act.by(caller, headers={"X-Purpose": wrong})
            assert answer.status_code == 400, (operation, wrong)
            assert "supervision" in answer.json()["detail"]
    assert "complaint" in PURPOSES


async def test_who_looks_into_the_access_list_sees_what_for(world: World) -> None:
    scene = await a_scene(world)
    plan = scene.docket.plan
    await scene.docket.worker.get(f"/plans/{plan}", headers={"X-Purpose": "complaint"})
    seen: list[dict[str, Any]] = (
        await scene.callers["CO"].get(f"/plans/{plan}/access?limit=200")
    ).json()["access"]
    assert [one["purpose"] for one in seen if one["operation"] == "getPlan"][:1] == ["complaint"]


@pytest.mark.parametrize("stated", [None, *PURPOSES])
def test_each_purpose_of_the_list_may_be_stated(stated: str | None) -> None:
    def taken() -> str | None:
        doors._take_purpose(stated)
        return stated_purpose.get()

    assert copy_context().run(taken) == stated
