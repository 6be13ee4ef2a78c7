"""The last weeks before: the date is granted, moved and confirmed; what is late finds a hand."""

import json

from backend.calendars.rules import OpenDays
from backend.plans.rules import due_on
from backend.templates.reading import standard
from workflows.story.cast import SERVICE
from workflows.story.stage import Stage
from workflows.story.year import Year

SILENT = "SELECT 1 FROM message WHERE created_at > $1"


async def court_grants(stage: Stage, year: Year) -> None:
    """W-20."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-20", "The court grants it; the date is expected, not confirmed"):
        before, since = await plan.rows(), stage.now
        await stage.wait(1)
        to = {"release_date": year.first_date.isoformat(), "certainty": "expected"}
        moved = await plan.versioned("release-date", to)
        stage.does(
            worker, f"notes the decision: {year.first_date}, expected; wakes what is ordered"
        )
        await plan.wake("PRB-05", "PRB-06", "PRB-07", "PRB-08", "PRB-09")
        await plan.change("IDD-03", state="in_progress", due_on=stage.today.isoformat())
        found = await plan.read()
        stage.must("the certainty changed", found["certainty"], "expected")
        after = await plan.rows()
        kept = {c: r["due_on"] for c, r in after.items() if before[c]["state"] == r["state"]}
        stage.must("no row leaves its day", kept, {c: before[c]["due_on"] for c in kept})
        stage.must("the ordered rows are awake", after["PRB-08"]["state"], "planned")
        stage.must_not("the family is told yet", await stage.house.rows(SILENT, since))
        stage.must_not("a recipient is counted as told", moved["recipients_told"])


async def date_moves(stage: Stage, year: Year) -> None:
    """W-21."""
    plan, worker, release = year.plan, stage.staff["camille"], year.calendar.release
    async with stage.step("W-21", "The date moves by twelve days and is confirmed"):
        before = await plan.rows()
        to = {
            "release_date": release.isoformat(),
            "certainty": "confirmed",
            "release_time": "09:00:00",
        }
        moved = await plan.versioned("release-date", to)
        stage.does(worker, f"moves the date to {release}, 09:00, confirmed")
        date = {"date": release, "time": "09:00"}
        await stage.hears(year.mentor, "APPT-MOVED", **date)
        await stage.taps(year.mentor, "ok")
        after = await plan.rows()
        days = {row.code: row.day for row in standard().rows_for("full", ())}
        open_ = [r for r in after.values() if r["state"] in {"planned", "in_progress"}]
        free = {r["code"]: r["due_on"] for r in open_ if not r.get("pinned")}
        week = OpenDays(year.calendar.working_days)
        due = {
            c: due_on(c, days[c], release, week, not_before=stage.today).isoformat() for c in free
        }
        stage.must("every open row moves along", free, due)
        done = {c: r["due_on"] for c, r in before.items() if r["state"] == "done"}
        stage.must("what is done stays", {c: after[c]["due_on"] for c in done}, done)
        stage.must(
            "what a hand set stays, and is shown",
            [r["code"] for r in moved["pinned"]],
            ["HOU-03", "IDD-03"],
        )
        stage.must("one recipient is told, who holds gate duty", moved["recipients_told"], 1)
        told = await stage.house.one("SELECT count(*) FROM message WHERE key = 'APPT-MOVED'")
        stage.must_not("anybody is told twice, or who knew no date", told - 1)
        doubled = await stage.house.rows(
            "SELECT rule, subject, recipient FROM message WHERE state = 'queued'"
            " GROUP BY 1, 2, 3 HAVING count(*) > 1"
        )
        stage.must_not("a queued message stands twice", doubled)


async def staff_link(stage: Stage, year: Year) -> None:
    """The staff link their own phones: for the digest, the first night, and being on duty."""
    del year
    for login in ("camille", "solange", "dominique"):
        who = stage.staff[login]
        invited = await who.post("/invitations")
        who.phone = phone = await stage.phone(who.what)
        await stage.says(phone, f"/start {invited['payload']}", shown="opens the link of their own")
        await stage.hears(phone, "PIN-ASK")
        await stage.says(phone, invited["pin"], shown="writes the PIN")
        await stage.hears(phone, "LINK-WAIT", worker_alias=SERVICE)
        confirmed = invited["version"] + 2  # it was opened, and the PIN was right
        await who.post(f"/links/{invited['id']}/confirm", version=confirmed)
        await stage.hears(phone, "WELCOME-M")
        if login != "camille":
            stage.habit(phone, "TASKS", None)


async def is_late(stage: Stage, year: Year) -> None:
    """W-22."""
    plan, worker = year.plan, stage.staff["camille"]
    phone = worker.pocket
    async with stage.step("W-22", "Readiness check: the papers are late and find a named hand"):
        today, rows = stage.today.isoformat(), await plan.rows()
        mine = {"SW", "PE", "CS"}  # rows of a role that nobody holds are the worker's
        due = [
            code
            for code, row in rows.items()
            if row["due_on"] == today
            and row["owner"] in mine
            and row["state"] in {"planned", "in_progress"}
        ]
        waiting = [t for t in await plan.tasks() if t["due_at"][:10] <= today]
        await stage.hears(phone, "TASKS", n=len(due) + len(waiting))
        stage.must("the morning's digest counts what is due", bool(due))
        await stage.taps(phone, "open")
        stage.must("the papers are late, and shown so", rows["IDD-03"].get("overdue"))
        new = year.calendar.day(year.calendar.open(-14)).isoformat()
        await plan.change("IDD-03", due_on=new)
        await plan.done("PLN-07")
        stage.does(worker, f"checks the ten items; a temporary certificate is asked for by {new}")
        row = (await plan.rows())["IDD-03"]
        named = (row["owner"], row["due_on"], row.get("pinned"), row.get("overdue"))
        stage.must("a named hand and a day", named, ("SW", new, True, None))
        stage.must("the check is done", await plan.state("PLN-07"), "done")
        stage.must_not("the person's row counts against them", row["state"] == "not_possible")
    stage.habit(phone, "TASKS", None)


async def chooses_hours(stage: Stage, year: Year) -> None:
    """W-25."""
    plan, worker, phone = year.plan, stage.staff["camille"], year.sibling
    async with stage.step("W-25", "The sibling wants no messages on Friday noon"):
        await stage.says(phone, "aide")
        await stage.hears(phone, "HELP")
        await stage.taps(phone, "quiet_hours", "QUIET")
        await stage.taps(phone, "not_friday_noon", "QUIET-OK")
        stage.must("asking for help reached a human", await plan.kinds(), ["need-help"])
        await plan.close("need-help", outcome="called")
        await plan.wake("FAM-03", "FAM-04")
        await plan.done("FAM-03")
        stage.does(worker, "calls back; a weekly call is agreed, on Friday at 12:30")


async def is_reminded(stage: Stage, year: Year) -> None:
    """W-25, on the last Friday before the tenth day."""
    phone = year.sibling
    async with stage.step("W-25", "On Friday at 12:30 the weekly reminder is due, and waits"):
        stage.must_not("a message comes in the quiet hours", stage.heard(phone))
        await stage.wait(1)
        await stage.hears(phone, "FAM-CALL")
        stage.must(
            "it comes when they are over",
            stage.calendar.local(stage.now).strftime("%H:%M"),
            "14:30",
        )
        await stage.taps(phone, "done", "NOTED")
        quiet = await stage.house.one(
            "SELECT quiet FROM link WHERE subject = $1::uuid", phone.actor
        )
        hours = [{"day": 5, "from": "11:30", "to": "14:30"}]
        stage.must("hours are kept, and only hours", json.loads(quiet), hours)
        columns = await stage.house.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name ~ 'relig|faith|belief|confession'"
        )
        stage.must_not("a creed has a place to be written", columns)
        stage.habit(phone, "FAM-CALL", "done")
