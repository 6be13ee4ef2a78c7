"""What the person wants and needs: goals in their own words, and four reviews without a number."""

from collections.abc import Iterator
from typing import Any

from workflows.story.plans import Plan
from workflows.story.stage import Stage
from workflows.story.year import Year

GOALS = ("Avoir ma boulangerie", "Voir ma fille le dimanche", "Dormir sans me reveiller")
FIRST = {
    "own": {"status": "support_wanted_now", "strengths": ["je sais faire le pain"]},
    "view": {"status": "going_well", "source": "told_by_person"},
}
AGAIN = "needs-review"


async def says_what_they_want(stage: Stage, year: Year) -> None:
    """W-02."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-02", "Three goals in the person's own words, and a first review"):
        for words in GOALS:
            await plan.post("goals", {"words": words, "language": "fr"})
        stage.does(worker, "writes down what the person says, word for word")
        review = await _holds(plan, stage, {"work": FIRST})
        goals = (await worker.get(f"{plan.path}/goals"))["goals"]
        stage.must("the words are as they were said", {one["words"] for one in goals}, {*GOALS})
        work = next(one for one in review["areas"] if one["area"] == "work")
        stage.must("both columns stand, and differ", {c: work[c] for c in FIRST}, FIRST)
        stage.must("PLN-03 is done by it", await plan.state("PLN-03"), "done")
        path = f"/needs-areas/{work['id']}"
        late = {"own": {"status": "going_well"}, "own_ok": True}
        refused = await worker.ask("PUT", path, late, version=int(work["seen"]))
        stage.must("what was closed stays", refused.status, 409)
        stage.must_not("any number is returned for the review", list(_numbers(review)))


async def reviews_again(stage: Stage, year: Year) -> None:
    """W-14."""
    plan = year.plan
    async with stage.step("W-14", "The second review, twelve weeks before; a home is looked for"):
        said = {"own": {"status": "support_wanted_now", "wish": "pas chez mes parents"}}
        review = await _holds(plan, stage, {"home": said}, step="NSR-02")
        step = next(one["step"] for one in review["areas"] if one["area"] == "home")
        row = (await plan.rows())["HOU-03"]
        stage.must("what both agreed on is awake in the plan", row["id"], step["milestone"])
        stage.must("it has its day", (row["state"], row["due_on"]), ("planned", step["due_on"]))
        stage.must("PLN-06 is done", await plan.state("PLN-06"), "done")
        stage.must_not("the worker is asked for another", AGAIN in await plan.kinds())
        officer = stage.staff["dominique"]
        asked = await officer.ask("GET", f"{plan.path}/needs-reviews")
        stage.must_not("the probation officer reads it", asked.status != 403)  # noqa: PLR2004
        due = {"type": "release_plan_report", "due_on": stage.calendar.day(-45).isoformat()}
        await plan.post("summaries/due", due, by=officer)
        stage.does(officer, "notes that the court wants a report by the day of the hearing")
        chain = [r for c, r in (await plan.rows()).items() if c.startswith("SUM-")]
        stage.must("six steps lead there", [r["state"] for r in chain], ["planned"] * 6)
        stage.must("the last one in time", max(r["due_on"] for r in chain) <= due["due_on"])


async def is_asked_again(stage: Stage, year: Year) -> None:
    """W-14, three months later."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-14", "Ninety days after, the worker is asked to talk about another"):
        stage.must("a task for the worker", await plan.kinds(), [AGAIN])
        await plan.close(AGAIN)
        stage.does(worker, "agrees with the person: at thirty days, as planned")
        told = await stage.house.rows("SELECT 1 FROM task WHERE kind = $1 AND role <> 'SW'", AGAIN)
        stage.must_not("anybody else is asked", told)


async def reviews_after_a_month(stage: Stage, year: Year) -> None:
    """W-44."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-44", "The third review, a month after; work has begun"):
        found = await worker.ask("POST", f"{plan.path}/life-changes", {"what": "job_found"})
        stage.must("that something changed is one tap", found.status, 201)
        stage.must("the worker has a task of it", AGAIN in await plan.kinds())
        await _holds(plan, stage, {"work": {"view": {"status": "going_well"}}})
        await plan.done("VOC-12")
        stage.must("PLN-10 is done", await plan.state("PLN-10"), "done")
        stage.must_not("the task stays", AGAIN in await plan.kinds())
        kept = "SELECT 1 FROM task t WHERE to_jsonb(t)::text LIKE '%job%'"
        stage.must_not("what it was is kept", await stage.house.rows(kept))


async def reviews_after_three(stage: Stage, year: Year) -> None:
    """W-51."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-51", "The fourth review, three months after"):
        await _holds(plan, stage, {"work": {"view": {"status": "going_well"}}})
        stage.must("PLN-11 is done", await plan.state("PLN-11"), "done")
        reviews = (await worker.get(f"{plan.path}/needs-reviews"))["reviews"]
        stage.must("four stand side by side, each as it was", len(reviews), 4)
        stage.must_not("anything compares or counts them", list(_numbers(reviews)))


async def _holds(
    plan: Plan, stage: Stage, said: dict[str, Any], *, step: str | None = None
) -> dict[str, Any]:
    """Begin a review today, write some areas, agree on a step in the first of them, close it."""
    worker = plan.worker
    held = {"held_on": stage.today.isoformat(), "language": "fr", "interpreter": False}
    begun = await plan.post("needs-reviews", held)
    for area, columns in said.items():
        one = await _area(plan, area)
        sure = {"own_ok": "own" in columns, "looked": "view" in columns}
        path = f"/needs-areas/{one['id']}"
        await worker.put(path, {**columns, **sure}, version=int(one["seen"]))
        if step:
            one = await _area(plan, area)
            agreed = {"item": step, "due_on": stage.calendar.day(-56).isoformat()}
            await worker.post(f"{path}/step", agreed, version=int(one["seen"]))
    await worker.post(f"/needs-reviews/{begun['id']}/close", {}, version=begun["version"])
    stage.does(worker, "holds a review of needs and strengths with the person, and closes it")
    return await _last(plan)


async def _last(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = (await plan.worker.get(f"{plan.path}/needs-reviews"))["reviews"][0]
    return found


async def _area(plan: Plan, name: str) -> dict[str, Any]:
    areas = (await _last(plan))["areas"]
    return next(one for one in areas if one["area"] == name)


def _numbers(value: object) -> Iterator[object]:
    """Every number in an answer."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
