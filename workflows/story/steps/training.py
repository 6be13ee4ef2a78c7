"""Training and work: a course that starts, is stopped by the service and ends; a status at last."""

from workflows.story.stage import Stage
from workflows.story.year import Year

COURSE = ("VOC-03", "VOC-04", "VOC-05")


async def forms_the_circle(stage: Stage, year: Year) -> None:
    """W-07."""
    plan, head, trainer = year.plan, stage.staff["solange"], stage.staff["alix"]
    async with stage.step("W-07", "The circle stands, each with a mandate; the market is checked"):
        ends = stage.calendar.at(400, 0).isoformat()
        joins = {"role": "CP", "login": "morgan", "until": ends}
        made = await plan.post("circle", joins, by=head)
        await plan.done("PLN-04")
        await plan.done("VOC-02", by=trainer)
        stage.does(trainer, "has looked which trades are wanted there")
        circle = {one["mandate"]: one["role"] for one in (await plan.read(head))["circle"]}
        roles = {"SW", "CO", "PO", "TR", "PS", "CP", "FA"}
        stage.must("each has a role", {*circle.values()}, roles)
        mandates = (await stage.staff["andrea"].get("/mandates"))["mandates"]
        stage.must("each is there by a mandate", circle.keys() <= {m["id"] for m in mandates})
        ends_on = next(m.get("ends") for m in mandates if m["id"] == made["id"])
        stage.must("the counsellor's has its last day", bool(ends_on))
        stage.must("VOC-02 is done", await plan.state("VOC-02"), "done")
        known = await plan.known("VOC-02")
        stage.must("as the trainer's own act", known, [("TR", "act")])
        seen = await plan.rows(trainer)
        others = [code for code, row in seen.items() if row["pathway"] != "VOC"]
        stage.must_not("the trainer sees another part", others)


async def course_starts(stage: Stage, year: Year) -> None:
    """W-10."""
    plan, trainer = year.plan, stage.staff["alix"]
    async with stage.step("W-10", "The course starts; who is there stands on the trainer's list"):
        await plan.wake(*COURSE)
        hidden = [code for code in COURSE if code in await plan.rows(trainer)]
        stage.must_not("the trainer sees a course before the person has said yes", hidden)
        await plan.begin(*COURSE)
        await plan.done("VOC-03", "VOC-04", by=trainer)
        stage.does(trainer, "agrees on the place, and notes the first day: VOC-04 is done")
        row = (await plan.rows())["VOC-04"]
        day = stage.today.isoformat()
        stage.must("done, on that day", (row["state"], row["done_on"]), ("done", day))
        known = await plan.known("VOC-04")
        stage.must("by who keeps the list of attendance", known, [("TR", "act")])


async def course_is_stopped(stage: Stage, year: Year) -> None:
    """W-12."""
    plan, trainer, officer = year.plan, stage.staff["alix"], stage.staff["dominique"]
    async with stage.step("W-12", "The level of security rises, and the course stops"):
        await plan.change("VOC-05", by=trainer, state="not_possible", cause="service_side")
        stage.does(trainer, "notes: not possible, by the service")
        row = (await plan.rows())["VOC-05"]
        found = (row["state"], row["cause"])
        stage.must("the service is the cause", found, ("not_possible", "service_side"))
        gone = "SELECT 1 FROM evidence WHERE milestone = $1::uuid AND NOT happened"
        stage.must_not("it is an absence", await stage.house.rows(gone, row["id"]))
        missed = "SELECT 1 FROM appointment WHERE state LIKE 'missed%'"
        stage.must_not("a date counts as missed", await stage.house.rows(missed))
        stage.must_not("the officer hears of it", "VOC-05" in await plan.rows(officer))


async def course_goes_on(stage: Stage, year: Year) -> None:
    """W-12, three weeks later."""
    plan = year.plan
    async with stage.step("W-12", "Three weeks later the course goes on"):
        await plan.change("VOC-05", state="in_progress", reason="The course goes on.")
        row = (await plan.rows())["VOC-05"]
        stage.must("it is under way again", row["state"], "in_progress")
        stage.must_not("a cause stays with it", row.get("cause"))
        told = await plan.worker.get(f"/milestones/{row['id']}/history")
        was = [one for one in told if one.get("after") == "not_possible"]
        stage.must("that it stood still is history, and the service's", len(was), 1)


async def six_weeks(stage: Stage, year: Year) -> None:
    """W-46."""
    plan = year.plan
    async with stage.step("W-46", "Six weeks outside: is there work, training, school?"):
        await plan.done("VOC-13")
        stage.does(plan.worker, "notes how it stands")
        row = (await plan.rows())["VOC-13"]
        on_that_day = ("done", stage.today.isoformat())
        stage.must("it is on record", (row["state"], row["done_on"]), on_that_day)
        officer, trainer = stage.staff["dominique"], stage.staff["alix"]
        seen = [who.what for who in (officer, trainer) if "VOC-13" in await plan.rows(who)]
        stage.must_not("officer or trainer is shown an outcome", seen)
        stage.must_not("a task comes of it", await plan.kinds())
