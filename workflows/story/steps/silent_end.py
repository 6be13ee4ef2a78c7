"""On one more plan the person dies: everything stops at once, and humans call."""

from workflows.story.stage import Stage
from workflows.story.steps.others import join, open_plan
from workflows.story.year import Year

RELEASE = 216  # the day of the story on which this plan releases
DEATH = RELEASE + 9


async def opens_the_fifth(stage: Stage, year: Year) -> None:
    """For W-63."""
    year.fifth = other = await open_plan(stage, "fifth person", RELEASE)
    stage.does(other.plan.worker, "opens a plan late")
    await other.plan.change("GAT-01", state="not_needed")
    await other.plan.wake("MEN-10")
    mentor = await join(stage, other, "fifth mentor", "ME", alias="Cendre")
    await join(stage, other, "fifth sibling", "FA", alias="Marais")
    for key in ("NIGHT1", "CONTACT72"):
        stage.habit(mentor, key, None)
    stage.habit(mentor, "CONTACT", "met")
    stage.habit(other.phones["FA"], "FAM-HOW", "fine")


async def leaves_fifth(stage: Stage, year: Year) -> None:
    plan, desk = year.fifth.plan, stage.staff["maxime"]
    await plan.versioned("left-custody", {"left": True}, by=desk)
    stage.does(desk, "records that the fifth person has left")
    reached = {"how": "visit", "outcome": "reached", "made_on": stage.today.isoformat()}
    await plan.post("contacts", reached)
    await plan.change("MEN-10", due_on=year.iso(DEATH))


async def dies(stage: Stage, year: Year) -> None:
    """W-63."""
    plan, head = year.fifth.plan, stage.staff["solange"]
    async with stage.step("W-63", "On a fifth plan the person dies; one tap, and all is still"):
        waits = "SELECT key FROM message WHERE plan = $1::uuid AND state IN ('queued', 'claimed')"
        before = await stage.house.rows(waits, plan.id)
        stage.must("a question waits for this afternoon", before, [{"key": "CONTACT"}])
        await plan.versioned("silent-end", {})
        stage.does(plan.worker, "taps: this plan ends, without a word")
        stage.must_not("anything waits to be sent", await stage.house.rows(waits, plan.id))
        written = await stage.house.one(
            "SELECT count(DISTINCT xmin::text) FROM message"
            " WHERE plan = $1::uuid AND state = 'cancelled' AND reason = 'closed'",
            plan.id,
        )
        stage.must("all that waited fell away in one transaction", written, 1)
        open_ = "SELECT 1 FROM milestone WHERE plan = $1::uuid AND state = ANY ($2)"
        rows = await stage.house.rows(open_, plan.id, ["planned", "in_progress"])
        stage.must_not("a row is open", rows)
        calls = {task["kind"] for task in await plan.tasks(head)}
        stage.must("the coordinator has whom to call", calls, {"tell-the-circle"})
        why = (
            "SELECT 1 FROM plan WHERE id = $1::uuid AND state <> 'closed' UNION ALL"
            " SELECT 1 FROM milestone WHERE plan = $1::uuid AND state = 'cancelled'"
            " AND cause IS NOT NULL UNION ALL SELECT 1 FROM audit WHERE plan = $1::uuid"
            " AND operation = 'endSilently' AND reason IS NOT NULL"
        )
        stage.must_not("what it was is written anywhere", await stage.house.rows(why, plan.id))
        for who in (head, plan.worker):
            await plan.close("tell-the-circle", outcome="called", by=who)
        stage.does(head, "calls the sibling and the mentor")


async def family_asks(stage: Stage, year: Year) -> None:
    """W-63, a fortnight later."""
    plan, sibling = year.fifth.plan, year.fifth.phones["FA"]
    async with stage.step("W-63", "Two weeks later the family asks for help, and is heard"):
        said = [stage.heard(phone) for phone in year.fifth.phones.values()]
        stage.must_not("anybody got a text meanwhile", [texts for texts in said if texts])
        await stage.says(sibling, "aide")
        await stage.hears(sibling, "HELP")
        asked = "SELECT kind FROM task WHERE plan = $1::uuid AND closed_at IS NULL"
        open_ = [row["kind"] for row in await stage.house.rows(asked, plan.id)]
        stage.must("a human is asked to call", open_, ["need-help"])
        await plan.close("need-help", outcome="called")
