"""What the walks over all operations ask about goals and reviews of needs."""

from collections.abc import Iterator
from typing import Any

from tests.backend.duties import Asked
from tests.world import Caller, a_day

OWN = {"status": "going_well", "strengths": ["good welder"]}
VIEW = {"status": "some_support_wanted", "what_helps": "A timetable."}


def a_goal() -> dict[str, Any]:
    return {"words": "Une boulangerie.", "language": "fr"}


def a_review() -> dict[str, Any]:
    return {"held_on": a_day().isoformat(), "language": "fr"}


async def make(worker: Caller, plan: str, *, goals: bool = True) -> dict[str, Any]:
    """A goal, and a review that is open, with something written in one of its areas."""
    goal = None
    if goals:
        goal = (await worker.post(f"/plans/{plan}/goals", a_goal())).json()["id"]
    begun = await worker.post(f"/plans/{plan}/needs-reviews", a_review())
    assert begun.status_code == 201, begun.text
    [review] = (await worker.get(f"/plans/{plan}/needs-reviews")).json()["reviews"]
    home, money = review["areas"][0]["id"], review["areas"][2]["id"]
    body = {"own": OWN, "view": VIEW, "own_ok": True, "looked": True}
    saved = await worker.send("PUT", f"/needs-areas/{home}", body, version=1)
    assert saved.status_code == 200, saved.text
    return {"goal": goal, "needs": review["id"], "areas": [home, money]}


def acts(plan: str, ids: dict[str, Any]) -> Iterator[Asked]:
    home, money = [(one,) for one in ids["areas"]]
    said = {"own": OWN, "view": VIEW, "own_ok": True, "looked": True}
    step = {"item": "NSR-12", "due_on": a_day().isoformat()}
    yield "listGoals", "GET", "/plans/{}/goals", (plan,), None, None
    yield "sayGoal", "POST", "/plans/{}/goals", (plan,), a_goal(), None
    yield "endGoal", "POST", "/goals/{}/end", (ids["goal"],), {"how": "reached"}, 1
    yield "listNeedsReviews", "GET", "/plans/{}/needs-reviews", (plan,), None, None
    yield "saveNeedsArea", "PUT", "/needs-areas/{}", home, said, 2
    yield "agreeStep", "POST", "/needs-areas/{}/step", money, step, 1
    yield "closeNeedsReview", "POST", "/needs-reviews/{}/close", (ids["needs"],), {}, 1
    short = {**a_review(), "areas": [{"area": "home", "own": "going_well"}], "own_ok": True}
    path = "/plans/{}/needs-reviews/short"
    yield "recordShortReview", "POST", path, (plan,), short, None
    yield "beginNeedsReview", "POST", "/plans/{}/needs-reviews", (plan,), a_review(), None
    yield "noteLifeChange", "POST", "/plans/{}/life-changes", (plan,), {"what": "asked"}, None
