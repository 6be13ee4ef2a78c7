"""A missed date, a moved one, a stop, and the end."""

from workflows.story.stage import Stage
from workflows.story.steps.court import Court, Report, reason
from workflows.story.steps.first_days import change_date
from workflows.story.year import Year


async def misses(stage: Stage, year: Year) -> None:
    """W-40."""
    plan, phone, officer = year.plan, year.person, stage.staff["dominique"]
    async with stage.step("W-40", "The bus strikes, and the appointment is missed"):
        date = await change_date(stage, year, state="missed_no_contact")
        stage.does(officer, "notes: nobody came, nobody called")
        await stage.wait(90)
        await stage.hears(phone, "APPT-MISSED")
        await stage.wait(25)
        await stage.taps(phone, "new_time", "HELP-COMING")
        row = (await stage.house.rows("SELECT * FROM appointment WHERE id = $1::uuid", date))[0]
        stage.must("who answers has been in touch", row["state"], "missed_with_reason")
        stage.must("the worker finds a new time", await plan.kinds(), ["new-time"])
        calls = await plan.kinds(officer)
        stage.must("the officer need not call", calls, [])
        words = [name for name in row if name in {"reason", "motive", "note"}]
        stage.must_not("a motive has a place to be written", words)
        found = await plan.read()
        stage.must_not("anything follows from it", found["state"] != "active_outside")
        to = year.calendar.open(28)
        when = {"held_on": year.iso(to), "held_at": "10:00:00", "by": "person"}
        await change_date(stage, year, None, **when)
        stage.does(officer, f"gives another time: {year.calendar.day(to)} at 10:00")
        stage.must("a new time ends the asking for one", await plan.kinds(), [])
        state = await stage.house.one("SELECT state FROM appointment WHERE id = $1::uuid", date)
        stage.must("what was missed stays so", state, "missed_with_reason")
        await stage.hears(phone, "APPT-MOVED", date=year.calendar.day(to), time="10:00")
        await stage.taps(phone, "ok")


async def is_moved(stage: Stage, year: Year) -> None:
    """W-42."""
    phone, new = year.person, year.calendar.open(30)
    async with stage.step("W-42", "The service moves an appointment"):
        to = {"held_on": year.iso(new), "held_at": "11:00:00", "by": "service"}
        old = await change_date(stage, year, None, **to)
        await stage.hears(phone, "APPT-MOVED", date=year.calendar.day(new), time="11:00")
        await stage.taps(phone, "ok")
        state = await stage.house.one("SELECT state FROM appointment WHERE id = $1::uuid", old)
        stage.must("it counts as cancelled by the service", state, "cancelled_by_service")
        told = await stage.house.one(
            "SELECT count(*) FROM message s JOIN appointment a ON a.id = s.subject"
            " WHERE s.key = 'APPT-MOVED' AND a.moved_from = $1::uuid",
            old,
        )
        stage.must("the person is told once", told, 1)
        missed = "SELECT 1 FROM appointment WHERE id = $1::uuid AND state LIKE 'missed%'"
        stage.must_not("it counts as missed", await stage.house.rows(missed, old))


async def comes_then(stage: Stage, year: Year) -> None:
    """W-42, later."""
    async with stage.step("W-42", "The moved appointment is kept"):
        date = await change_date(stage, year, state="attended")
        state = await stage.house.one("SELECT state FROM appointment WHERE id = $1::uuid", date)
        stage.must("it is attended", state, "attended")


async def parent_is_afraid(stage: Stage, year: Year) -> None:
    """W-43."""
    plan, worker, sibling = year.plan, stage.staff["camille"], year.sibling
    async with stage.step("W-43", "In private the parent says that there is fear at home"):
        map_ = (await plan.relatives()).values()
        parent = next(one["id"] for one in map_ if one["relation"] == "parent")
        said = {"subject": parent, "raiser": parent, "kept_from": sibling.actor}
        await plan.post("safety-flags", {**said, "words": "There is fear at home."})
        stage.does(worker, "raises a flag: no days and places to the sibling, and tells nobody")
        await plan.wake("FAM-13")
        rows = await plan.rows()
        stage.must("support of the family is offered", rows["FAM-13"]["state"], "planned")
        waits = await stage.house.rows(
            "SELECT 1 FROM message WHERE recipient = $1::uuid AND state IN ('queued', 'claimed')",
            sibling.actor,
        )
        stage.must("nothing about a day waits for the sibling", len(waits), 0)
        stage.must_not("the sibling is told why, or anything", stage.heard(sibling))
        seen = await plan.rows(stage.staff["dominique"])
        stage.must_not("the probation officer sees it", "FAM-13" in seen)


async def mentoring_nears_its_end(stage: Stage, year: Year) -> None:
    """W-55."""
    plan, mentor, day = year.plan, year.mentor, 180
    async with stage.step("W-55", "The end of the mentoring is announced, a fortnight ahead"):
        one = await plan.link_of(mentor.actor)
        path = f"/mandates/{one['mandate']}/ending"
        await plan.worker.post(path, {"on": year.iso(day)}, version=one["mandate_version"])
        stage.does(plan.worker, f"announces the last day, {year.iso(day)}, to both")
        await stage.hears(mentor, "MEN-END", worker_alias=plan.worker.alias)
        await stage.taps(mentor, "ok")
        goodbye = (await plan.rows())["MEN-14"]
        stage.must("the goodbye is due on it", goodbye["due_on"], year.iso(day))
        stage.must_not("the chat ends before its day", one["link_state"] != "active")


async def mentoring_has_ended(stage: Stage, year: Year) -> None:
    """W-55, later."""
    mentor = year.mentor
    async with stage.step("W-55", "The goodbye was held; mandate and chat ended with the day"):
        await year.plan.done("MEN-14")
        state = await stage.house.one(
            "SELECT state FROM link WHERE subject = $1::uuid", mentor.actor
        )
        stage.must("the chat has ended", state, "ended")
        await stage.says(mentor, "Bonjour")
        await stage.hears(mentor, "UNKNOWN")
        circle = (await year.plan.read())["circle"]
        stage.must_not("the mentor is of the circle", [o for o in circle if o["role"] == "ME"])


async def sibling_stops(stage: Stage, year: Year) -> None:
    """W-47."""
    plan, sibling = year.plan, year.sibling
    async with stage.step("W-47", "The sibling wants no more messages, in one Arabic word"):
        await stage.says(sibling, "توقف")
        await stage.hears(sibling, "STOP-OK")
        link = await stage.house.one(
            "SELECT state FROM link WHERE subject = $1::uuid", sibling.actor
        )
        stage.must("the chat is off at once", link, "stopped")
        stage.must("the worker is told", await plan.kinds(), ["link-stopped"])
        await plan.close("link-stopped", outcome="called")
        stage.does(stage.staff["camille"], "will use the phone")


async def hears_no_more(stage: Stage, year: Year) -> None:
    """W-47, later."""
    plan, sibling = year.plan, year.sibling
    async with stage.step("W-47", "Three months after release, the family would have been asked"):
        asked = (await plan.rows())["FAM-14"]
        stage.must("the question of day 90 would have come by now", asked["state"], "planned")
        stage.must_not("the sibling is told anything more", stage.heard(sibling))


async def expects_the_last(stage: Stage, year: Year) -> None:
    """W-60."""
    plan, officer = year.plan, stage.staff["dominique"]
    async with stage.step("W-60", "The final summary is due in two weeks: the short way"):
        due = {"type": "final", "due_on": year.calendar.day(365).isoformat()}
        await plan.post("summaries/due", due, by=officer)
        stage.does(officer, "notes by which day the court is to have the final summary")
        rows = await plan.rows()
        open_ = {c for c, r in rows.items() if c.startswith("SUP-") and r["state"] == "planned"}
        stage.must("six steps lead there", open_, {f"SUP-{n}" for n in range(1, 7)})
        asked = await stage.staff["alix"].ask("GET", f"{plan.path}/summaries/due")
        stage.must_not("the trainer knows of it", asked.status < 400)  # noqa: PLR2004


async def ends(stage: Stage, year: Year) -> None:
    """W-61."""
    plan, worker = year.plan, stage.staff["camille"]
    day = year.calendar.open(365)
    async with stage.step("W-61", "The closing talk; the person is thanked and the chat ends"):
        report = Report(stage, year, "final", 0)
        await report.read(report.officer)
        alone = await report.too_early()
        stage.must("who read it does not issue it alone", reason(alone), "summary-not-checked")
        await report.check(stage.staff["solange"])
        await report.issue()
        [due] = [one for one in await plan.due() if one["type"] == "final"]
        stage.must("what was expected is there", due["how"], "issued")
        await plan.done("PLN-13")
        opened = await stage.house.one("SELECT count(*) FROM task")
        await plan.versioned("state", {"state": "closed"})
        stage.does(worker, "closes the plan, with thanks")
        stage.must("the plan is closed", (await plan.read())["state"], "closed")
        await stage.to(day + 7, 9)
        stage.must("the chat is on for a week", await _links(stage, year), ["active"])
        await stage.to(day + 7, 11)
        stage.must("and off after it", await _links(stage, year), ["ended"])
        await stage.to(day + 14, 9)
        after = await stage.house.one("SELECT count(*) FROM task")
        stage.must_not("a task is made any more", after - opened)
        stage.must_not("the sibling is written to", stage.heard(year.sibling))
        year.summary = (await Court(stage).newest()).body["summary"]


async def _links(stage: Stage, year: Year) -> list[str]:
    rows = await stage.house.rows(
        "SELECT state FROM link WHERE subject = $1::uuid", year.person.actor
    )
    return [row["state"] for row in rows]
