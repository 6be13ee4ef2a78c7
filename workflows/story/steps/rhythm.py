"""Reminders that somebody drops, and a mentor who says nothing: neither has a consequence."""

from workflows.story.stage import Stage
from workflows.story.year import Year


async def looks_back(stage: Stage, year: Year) -> None:
    """W-39."""
    plan, phone, officer = year.plan, year.person, stage.staff["dominique"]
    async with stage.step("W-39", "Two weeks are looked back upon; reminders are too many"):
        await plan.done("PLN-09")
        stage.does(
            plan.worker, "notes that the talk was held; what to change is the person's to say"
        )
        before = await _states(stage, year)
        await stage.says(phone, "stop")
        await stage.hears(phone, "STOP-OK")
        link = "SELECT state FROM link WHERE subject = $1::uuid"
        stage.must("the reminders are off", await stage.house.one(link, phone.actor), "stopped")
        stage.must("the worker is told", await plan.kinds(), ["link-stopped"])
        await plan.close("link-stopped", outcome="called")
        stage.must("the talk is on record: PLN-09", await plan.state("PLN-09"), "done")
        stage.must_not("anything follows from it", await _states(stage, year) != before)
        stage.must_not("the officer is told", await plan.kinds(officer))


async def wants_them_again(stage: Stage, year: Year) -> None:
    """W-39, a day later."""
    plan, phone = year.plan, year.person
    async with stage.step("W-39", "The person wants the reminders of dates again, by themselves"):
        stage.must_not("anything was sent meanwhile", stage.heard(phone))
        await stage.says(phone, "start")
        await stage.hears(phone, "START-OK")
        link = "SELECT state FROM link WHERE subject = $1::uuid"
        stage.must("the chat is on", await stage.house.one(link, phone.actor), "active")
        await plan.close("link-begun-again", outcome="called")


async def _states(stage: Stage, year: Year) -> object:
    rows = {code: row["state"] for code, row in (await year.plan.rows()).items()}
    dates = await stage.house.rows("SELECT id, state FROM appointment ORDER BY id")
    return rows, dates


async def goes_silent(stage: Stage, year: Year) -> None:
    """For W-45: from here on the mentor reads what is asked and says nothing."""
    stage.habit(year.mentor, "CONTACT", None)
    year.contacts = await stage.house.one("SELECT count(*) FROM contact")


async def is_silent(stage: Stage, year: Year) -> None:
    """W-45."""
    plan, mentor, officer = year.plan, year.mentor, stage.staff["dominique"]
    async with stage.step("W-45", "The mentor has not answered for two cycles"):
        asked = await stage.house.rows(
            "SELECT step FROM message WHERE rule = 'CONTACT' AND recipient = $1::uuid"
            " AND answered_at IS NULL AND state = 'sent' ORDER BY sent_at",
            mentor.actor,
        )
        steps = [row["step"] for row in asked]
        stage.must("each question is repeated once", steps, ["ask", "repeat"] * 2)
        stage.must("each time the worker has a task", await plan.kinds(), ["mentor-silent"] * 2)
        await plan.close("mentor-silent", outcome="called")
        stage.does(plan.worker, "calls, to ask how the mentor is")
        await plan.wake("MEN-13")
        stage.habit(mentor, "CONTACT", "met")
        noted = "SELECT 1 FROM milestone_event WHERE what ~ 'silen' OR kind ~ 'silen'"
        stage.must_not("a note about the person is made", await stage.house.rows(noted))
        after = await stage.house.one("SELECT count(*) FROM contact")
        stage.must_not("the silence is a contact, or a miss", after - year.contacts)
        stage.must_not("the officer is told", await plan.kinds(officer))


async def is_cared_for(stage: Stage, year: Year) -> None:
    """W-45, a week later."""
    plan, mentor, head = year.plan, year.mentor, stage.staff["solange"]
    async with stage.step("W-45", "The mentor is asked how it goes for them, and is called"):
        await stage.hears(mentor, "MEN-CARE")
        await stage.wait(10)
        await stage.taps(mentor, "heavy", "CARE-COMING", human_alias=head.alias)
        stage.must("the coordinator is asked to call", "mentor-care-call" in await plan.kinds(head))
        await plan.close("mentor-care-call", outcome="called", by=head)
        stage.habit(mentor, "MEN-CARE", "good")
        kept = "SELECT 1 FROM claim WHERE what IN ('heavy', 'good')"
        stage.must_not("what they answered is kept", await stage.house.rows(kept))
