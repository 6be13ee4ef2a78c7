"""The worker changes: the next one sees, the last one looks on for a week, no day is nobody's."""

from datetime import datetime

from workflows.story.stage import Stage
from workflows.story.year import Year

WORDS = "Le bus de sept heures; le dossier de la boulangerie est depose."
HIDDEN = 404


async def hands_over(stage: Stage, year: Year) -> None:
    """W-54."""
    plan, old, new = year.plan, stage.staff["camille"], stage.staff["sacha"]
    async with stage.step("W-54", "The worker changes, with words for the next one"):
        before = await new.ask("GET", plan.path)
        await plan.post("handovers", {"login": new.login, "words": WORDS}, by=old)
        stage.does(old, "hands the plan over")
        asked = [task["kind"] for task in await plan.tasks(new)]
        stage.must("the next one is asked to read", "handover" in asked)
        found = await new.get(f"{plan.path}/responsibility")
        [handed] = found["handovers"]
        await new.post(f"/handovers/{handed['id']}/take", version=handed["version"])
        stage.does(new, "has read it and takes the plan")
        stage.must("the words are there", handed["words"], WORDS)
        stage.must("the next one sees the plan", (await plan.read(new))["id"], plan.id)
        stage.must("the last one looks on", (await old.ask("GET", plan.path)).status, 200)
        stage.must_not("the next one saw it before", before.status != HIDDEN)
        plan.worker = new


async def a_week_later(stage: Stage, year: Year) -> None:
    """W-54, eight days later."""
    plan, old, new = year.plan, stage.staff["camille"], stage.staff["sacha"]
    async with stage.step("W-54", "After seven days the last one sees it no more"):
        spans = (await new.get(f"{plan.path}/responsibility"))["spans"]
        ends = [datetime.fromisoformat(one["ends"]) for one in spans[:-1]]
        starts = [datetime.fromisoformat(one["starts"]) for one in spans[1:]]
        stage.must("each instant is in one span", ends, starts)
        stage.must(
            "first the one, then the other",
            [one.get("who") for one in spans],
            [str(old.id), str(new.id)],
        )
        stage.must_not("the last one reads it", (await old.ask("GET", plan.path)).status != HIDDEN)
        stage.must_not("a day is nobody's", [one for one in spans if "who" not in one])
