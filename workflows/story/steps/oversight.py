"""Who looks at the lookers, and what the person reads of all that is known of them."""

import re
from datetime import time, timedelta

from backend.calendars.rules import OpenDays
from backend.messages.rules import next_open
from workflows.story.cast import PARENT, PASSWORD, SIBLING
from workflows.story.desk import Desk
from workflows.story.stage import Stage
from workflows.story.year import Year

OK, NOT_YOURS = 200, 403
OPENS = time(8)  # of the agency
CONFIRMED = timedelta(days=700)
TEXT = "Je voudrais parler de mardi."


async def is_audited(stage: Stage, year: Year) -> None:
    """W-48."""
    plan, worker = year.plan, year.plan.worker
    auditor, admin = stage.staff["andrea"], stage.staff["charlie"]
    async with stage.step("W-48", "The auditor's monthly look; an administrator tries to read on"):
        await stage.says(year.person, TEXT)
        await stage.hears(year.person, "FREETEXT", next_open=_read_by(stage))
        async with Desk(stage.house.url) as desk:
            await desk.sign_in(worker)
            stage.must(
                "the worker reads what was written",
                TEXT in (await desk.open("/desk/messages")).text,
            )
        month = stage.calendar.day(year.calendar.open(60) - 31).strftime("%Y-%m")
        paths = (f"/counts?month={month}", "/mandates", "/consents", "/record", "/retention-proofs")
        looked = [(await auditor.ask("GET", path)).status for path in paths]
        stage.must("all five lists are there", looked, [OK] * len(paths))
        record = str((await auditor.get("/record"))["acts"])
        stage.must_not("a word or a name stands in the record", TEXT in record or SIBLING in record)
        since = stage.now
        tried = [
            (await admin.ask("GET", path)).status
            for path in (plan.path, f"{plan.path}/access", f"/tasks?plan={plan.id}")
        ]
        await stage.wait(2)  # each code of the app works once
        async with Desk(stage.house.url) as desk:
            home = await desk.sign_in(admin)
            page = await desk.open("/desk/messages")
        stage.does(admin, "asks for the plan, and for what was written in a chat")
        stage.must_not("an administrator is let in", [one for one in tried if one < NOT_YOURS])
        stage.must("they are in", (home.status_code, home.url.path), (OK, "/desk/agency"))
        stage.must_not("a word of a chat is shown", page.status_code == OK or TEXT in page.text)
        denied = "SELECT count(*) FROM audit WHERE actor = $1 AND at >= $2 AND outcome = 'denied'"
        stage.must("each try is on record", await stage.house.one(denied, admin.id, since) >= 1)
        await plan.close("free-text", outcome="called")


def _read_by(stage: Stage) -> str:
    """By when somebody of the agency reads what is written now."""
    days = OpenDays(stage.calendar.working_days)
    opens = next_open(stage.now, zone=stage.calendar.zone, days=days, opens=OPENS)
    return stage.calendar.local(opens).replace(tzinfo=None).isoformat(timespec="minutes")


async def reads_own_file(stage: Stage, year: Year) -> None:
    """W-49."""
    plan, worker = year.plan, year.plan.worker
    async with stage.step("W-49", "The person asks for their file, and reads it on any phone"):
        mine = next(one["mandate"] for one in (await plan.read())["circle"] if one["role"] == "PE")
        async with Desk(stage.house.url) as desk:
            await desk.sign_in(worker)
            here = f"/desk{plan.path}/passes"
            await desk.open(here)
            asked = {"password": PASSWORD} if 'name="password"' in desk.html else {}
            await desk.send(here, mandate=mine, **asked)
            pin = "".join(re.findall(r'class="code big">(\d{6})<', desk.html))
            code = re.findall(r'<p class="code">([^<]*)</p>', desk.html)[-1].replace(" ", "")
        stage.must("a paper is printed, and a number said", bool(pin and code))
        stage.does(worker, "prints a paper and says a number")
        async with Desk(stage.house.url) as phone:
            await phone.open(f"/file/enter/{code}")
            await phone.send("/file/enter", pin=pin)
            copy = await phone.open("/file/copy.json")
            paper = await phone.open("/file/copy.pdf")
        stage.does("person", "reads the file, and takes two copies of it")
        file = copy.json()
        stage.must("it is there for people", paper.content[:5], b"%PDF-")
        looked = {(one["role"], one.get("who")) for one in file["access"]}
        stage.must("who has read what is in it", ("SW", "Camille") in looked)
        stage.must(
            "what the person said of their family is theirs",
            {one["name"] for one in file["family"]},
            {PARENT, SIBLING},
        )
        told = copy.text
        never = ("fear", "FAM-13", "FAM-11", "so_so", "Roseau", "Peuplier")
        stage.must_not("a word of the family's is in it", [word for word in never if word in told])


async def confirms_the_days(stage: Stage, year: Year) -> None:
    """On which days offices are open, as far ahead as one may say: nobody is asked for it."""
    del year
    admin = stage.staff["charlie"]
    [own] = [one for one in await admin.get("/calendars") if one["own"]]
    until = (stage.today + CONFIRMED).isoformat()
    said = {"name": own["name"], "working_days": own["working_days"], "closed": [], "until": until}
    await admin.put(f"/calendars/{own['id']}", said, version=own["version"])
    stage.does(admin, f"confirms the days of the offices until {until}")


async def clears_the_desks(stage: Stage, year: Year) -> None:
    """What was dealt with on the way, and still stands on somebody's list."""
    del year
    for login in ("camille", "sacha", "solange", "dominique", "maxime", "alix"):
        who = stage.staff[login]
        for task in (await who.get("/tasks?limit=100"))["tasks"]:
            await who.post(
                f"/tasks/{task['id']}/close", {"outcome": "done"}, version=task["version"]
            )
