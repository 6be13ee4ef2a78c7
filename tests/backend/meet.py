"""What the walks over all operations ask about meetings of a circle."""

from collections.abc import Iterator
from typing import Any

from tests.backend.duties import Asked
from tests.meetings import a_meeting, approves, held, part, planned, read, with_minutes
from tests.world import Caller, a_day


async def make(worker: Caller, officer: Caller, plan: str) -> dict[str, Any]:
    """A meeting that comes, one that took place with a decision that waits, and an approved one."""
    asked = [worker.id, officer.id]
    over = await planned(worker, plan, [worker.id])
    over = await with_minutes(worker, plan, await held(worker, plan, over, "SW"))
    assert (await approves(worker, part(over, "SW"))).status_code == 200
    was = await held(worker, plan, await planned(worker, plan, asked), "SW", "PO")
    path = f"/meetings/{was['id']}"
    for about, body in (("shared", _share(was)), ("decisions", _decision(was, "PO"))):
        made = await worker.post(f"{path}/{about}", body)
        assert made.status_code == 201, made.text
    was = await with_minutes(worker, plan, was)
    comes = await planned(worker, plan, asked)
    return {"comes": comes, "was": await read(worker, plan, was["id"]), "approved": over["id"]}


def _share(meeting: dict[str, Any]) -> dict[str, Any]:
    told = {"told_by": part(meeting, "SW")["id"], "told_to": part(meeting, "PO")["id"]}
    return {**told, "facts": "work", "ground": "law"}


def _decision(meeting: dict[str, Any], role: str) -> dict[str, Any]:
    due = a_day().isoformat()
    return {"words": "Ask for the form.", "owner": part(meeting, role)["id"], "due_on": due}


def acts(plan: str, ids: dict[str, Any], worker: Caller) -> Iterator[Asked]:
    comes, was, approved = ids["comes"], ids["was"], ids["approved"]
    (next_,), (last,) = (comes["id"],), (was["id"],)
    [decision] = was["decisions"]
    mine, mine_then = part(comes, "SW"), part(was, "SW")
    words = {"words": "We spoke of the way home."}
    there = {"present": [mine["id"]], "held_on": a_day().isoformat()}
    answer, taken, later = {"answer": "come"}, {"accepted": True}, {"held_at": "15:00:00"}
    yield "listMeetings", "GET", "/plans/{}/meetings", (plan,), None, None
    yield "planMeeting", "POST", "/plans/{}/meetings", (plan,), a_meeting(worker.id), None
    path = "/meeting-members/{}"
    yield "answerMeeting", "POST", f"{path}/answer", (mine["id"],), answer, mine["version"]
    yield "changeMeeting", "PATCH", "/meetings/{}", (next_,), later, comes["version"]
    yield "setAgenda", "PUT", "/meetings/{}/agenda", (next_,), words, comes["version"]
    yield "holdMeeting", "POST", "/meetings/{}/hold", (next_,), there, comes["version"]
    yield "noteShared", "POST", "/meetings/{}/shared", (last,), _share(was), None
    yield "decideAtMeeting", "POST", "/meetings/{}/decisions", (last,), _decision(was, "SW"), None
    path = "/meeting-decisions/{}/answer"
    yield "answerDecision", "POST", path, (decision["id"],), taken, decision["version"]
    yield "writeMinutes", "PUT", "/meetings/{}/minutes", (last,), words, was["version"]
    path = "/meeting-members/{}/approve"
    yield "approveMinutes", "POST", path, (mine_then["id"],), None, mine_then["version"]
    yield "addToMinutes", "POST", "/meetings/{}/addenda", (approved,), words, None
