"""Three other plans: a day that was not the day, days without an answer, and a return."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.templates.reading import standard
from workflows.story.cast import OTHERS, Handset
from workflows.story.plans import Plan
from workflows.story.stage import Stage
from workflows.story.year import Year

NOT_TODAY, SILENCE, RETURN = 75, 110, 130  # the days of the story on which these release


@dataclass
class Other:
    """One of the other plans, with its phones."""

    plan: Plan
    phones: dict[str, Handset] = field(default_factory=dict)


async def open_plan(stage: Stage, who: str, day: int, **more: Any) -> Other:
    """A plan with a day of release that is confirmed; release desk and officer are in it."""
    worker = stage.staff["camille"]
    body = {
        "person": {"name": OTHERS[who], "language": "fr"},
        "release_date": stage.calendar.day(day).isoformat(),
        "certainty": "confirmed",
        **more,
    }
    made = Other(Plan(stage, worker, (await worker.post("/plans", body))["id"]))
    for login in ("maxime", "dominique"):
        await made.plan.add(stage.staff[login].role, login=login)
    return made


async def join(stage: Stage, other: Other, who: str, role: str, **more: Any) -> Handset:
    """A mentor (ME) or relative (FA) joins, with a phone on which the chat is on."""
    plan = other.plan
    if role == "ME":
        joins = {"mentor": await plan.mentor(OTHERS[who])}
    else:
        joins = {"name": OTHERS[who], "relation": "sibling"}
    actor = await plan.add(role, language="fr", **joins, **more)
    if role == "FA":
        await plan.on_the_map(actor, wish="wanted")
        await plan.ask(actor)
    await plan.say_yes(actor)
    await plan.disclose(actor, "release_date", "good_news")
    phone = other.phones[role] = await plan.link(who, actor)
    await stage.hears(phone, f"WELCOME-{'M' if role == 'ME' else 'F'}")
    if role == "FA":
        await stage.taps(phone, "only_me", "SHARED-OK")
    return phone


async def opens_the_fourth(stage: Stage, year: Year) -> None:
    """For W-64."""
    light = {"template": "light", "release_time": "11:00:00"}
    year.fourth = other = await open_plan(stage, "fourth person", NOT_TODAY, **light)
    stage.does(other.plan.worker, "opens a light plan, a fortnight ahead")
    mentor = await join(stage, other, "fourth mentor", "ME", alias="Safran", gate="first")
    for key in ("GATE-7", "GATE-3", "GATE-1"):
        stage.habit(mentor, key, "yes")


async def is_not_today(stage: Stage, year: Year) -> None:
    """W-64."""
    other, desk = year.fourth, stage.staff["maxime"]
    plan, mentor = other.plan, other.phones["ME"]
    async with stage.step("W-64", "On a fourth plan the release does not happen"):
        said = {"left": False, "reason": "any reason"}
        version = (await desk.get(plan.path))["version"]
        why = await desk.ask("POST", f"{plan.path}/left-custody", said, version=version)
        tapped = stage.now
        await plan.versioned("left-custody", {"left": False}, by=desk)
        stage.does(desk, "taps: not today")
        await stage.hears(mentor, "GATE-OFF")
        stage.must("whoever would come is told within a minute", stage.now, tapped)
        found = await plan.read()
        stage.must("the date is expected again", found["certainty"], "expected")
        stage.must("nobody has left", found["left_custody_at"], None)
        stage.must_not("a reason finds a field", why.status < 400)  # noqa: PLR2004
        await stage.taps(mentor, "call_me", "HELP-COMING")
        await plan.close("gate-off", "call-me", outcome="called")


async def nothing_lives(stage: Stage, year: Year) -> None:
    """W-64, four days later."""
    other = year.fourth
    async with stage.step("W-64", "Nothing that counts from release has begun"):
        days = {row.code: row.day for row in standard().rows_for("light", ())}
        shown = (await other.plan.worker.get(other.plan.path))["milestones"]
        after = [row["code"] for row in shown if days[row["code"]] > 0]
        stage.must_not("a row after the day lives", after)
        stage.must_not("the mentor is asked about day or night", stage.heard(other.phones["ME"]))
        stage.must("no task is left", await other.plan.kinds(), [])


async def opens_the_second(stage: Stage, year: Year) -> None:
    """For the silence after release."""
    year.second = other = await open_plan(stage, "second person", SILENCE)
    stage.does(other.plan.worker, "opens a plan late; nobody is wanted at the gate")
    await other.plan.change("GAT-01", state="not_needed")
    mentor = await join(stage, other, "second mentor", "ME", alias="Zinc")
    stage.habit(mentor, "NIGHT1", None)
    stage.habit(mentor, "CONTACT72", None)
    await other.plan.wake("MEN-08")
    stage.habit(mentor, "CONTACT", None)
    stage.habit(stage.staff["camille"].pocket, "NIGHT1", "yes")


async def leaves_second(stage: Stage, year: Year) -> None:
    desk = stage.staff["maxime"]
    await year.second.plan.versioned("left-custody", {"left": True}, by=desk)
    stage.does(desk, "records that the second person has left")


def _asked(stage: Stage, phone: Handset, *, staff: bool) -> Iterator[tuple[datetime, str]]:
    """When somebody is asked for a contact: staff on an open day, the one before if need be."""
    calendar = stage.calendar
    for k, hour in ((1, 18), (2, 12), (3, 10)):
        day = SILENCE + k
        if staff and k > 1 and calendar.open_before(day) < day - 1:
            continue  # moved together with that of the day before
        day = max(calendar.open_before(day), SILENCE) if staff else day
        yield calendar.at(day, hour), phone.who


async def nobody_reaches(stage: Stage, year: Year) -> None:
    """CONTACT72 without an answer."""
    plan, mentor = year.second.plan, year.second.phones["ME"]
    worker, officer = stage.staff["camille"], stage.staff["dominique"]
    head = stage.staff["solange"]
    async with stage.step("72 h", "Three days outside, and nobody has answered"):
        expected = sorted(
            (
                *_asked(stage, worker.pocket, staff=True),
                *_asked(stage, officer.pocket, staff=True),
                *_asked(stage, mentor, staff=False),
            )
        )
        lines = stage.transcript.lines
        since = stage.calendar.at(SILENCE, 0)
        asked = [line for line in lines if line.key == "CONTACT72" and line.at > since]
        seen = sorted((line.at, line.who) for line in asked)
        stage.must("worker, officer and mentor are asked, each at their hour", seen, expected)
        stage.must("the worker has it as a task too", "no-contact-yet" in await plan.kinds())
        decides = [t for t in await plan.tasks(head) if t["kind"] == "no-contact-72h"]
        due = stage.calendar.at(stage.calendar.open_before(SILENCE + 3), 16)
        when = [datetime.fromisoformat(task["due_at"]) for task in decides]
        stage.must("at last the coordinator decides", when, [due])
        row = (await plan.rows())["MEN-09"]
        stage.must_not("the silence is written down as anything", row["state"] != "planned")
        other = [
            line.who for line in lines if line.key in {"UNPL", "APPT-MISSED"} and line.at > due
        ]
        stage.must_not("an authority is told", other)


async def is_reached(stage: Stage, year: Year) -> None:
    """CONTACT72, settled."""
    plan = year.second.plan
    async with stage.step("72 h", "The worker reaches the person by phone"):
        repeats = await stage.house.one(
            "SELECT count(*) FROM message WHERE rule = 'CONTACT' AND step = 'repeat'"
            " AND plan = $1::uuid",
            plan.id,
        )
        stage.must("the mentor's own question is repeated once", repeats, 1)
        reached = {"how": "phone", "outcome": "reached", "made_on": stage.today.isoformat()}
        await plan.post("contacts", reached)
        stage.must("the contact is confirmed: MEN-09", await plan.state("MEN-09"), "done")
        stage.must_not("a task about it stays", [k for k in await plan.kinds() if "contact" in k])


async def calls_the_mentor(stage: Stage, year: Year) -> None:
    """CONTACT, unanswered too."""
    plan = year.second.plan
    async with stage.step("72 h", "The silent mentor is called, and not reproached"):
        stage.must("the worker has it as a task", await plan.kinds(), ["mentor-silent"])
        await plan.close("mentor-silent", outcome="called")
        note = "SELECT 1 FROM milestone_event WHERE what ~ 'silen' OR kind ~ 'silen'"
        stage.must_not("the silence is noted about anybody", await stage.house.rows(note))


async def opens_the_third(stage: Stage, year: Year) -> None:
    """For W-52."""
    year.third = other = await open_plan(stage, "third person", RETURN)
    stage.does(other.plan.worker, "opens a plan late: five days ahead")
    await other.plan.change("GAT-01", state="not_needed")
    await other.plan.wake("MEN-12", "FAM-14")
    mentor = await join(stage, other, "third mentor", "ME", alias="Verger")
    await join(stage, other, "third sibling", "FA", alias="Colline")
    stage.habit(mentor, "NIGHT1", None)


async def leaves_third(stage: Stage, year: Year) -> None:
    desk, plan = stage.staff["maxime"], year.third.plan
    await plan.versioned("left-custody", {"left": True}, by=desk)
    stage.does(desk, "records that the third person has left")
    reached = {"how": "visit", "outcome": "reached", "made_on": stage.today.isoformat()}
    await plan.post("contacts", reached)
    stage.habit(year.third.phones["FA"], "FAM-HOW", "fine")


async def returns(stage: Stage, year: Year) -> None:
    """W-52."""
    plan, worker, head = year.third.plan, stage.staff["camille"], stage.staff["solange"]
    async with stage.step("W-52", "A return to custody: every chat is mute at once"):
        waits = "SELECT key FROM message WHERE plan = $1::uuid AND state IN ('queued', 'claimed')"
        stage.must(
            "a question waits for this afternoon",
            await stage.house.rows(waits, plan.id),
            [{"key": "CONTACT"}],
        )
        await plan.versioned("return", {})
        stage.does(worker, "taps: back in custody; the circle is told by a human")
        stage.must("the plan is paused", (await plan.read())["state"], "paused")
        stage.must_not("anything waits to be sent", await stage.house.rows(waits, plan.id))
        stage.must("humans are asked to call", await plan.kinds(), ["tell-the-circle"])
        await plan.close("tell-the-circle", outcome="called")
        await plan.close("tell-the-circle", outcome="called", by=head)
        await plan.done("REC-01")


async def stays_silent(stage: Stage, year: Year) -> None:
    """W-52, two weeks later."""
    async with stage.step("W-52", "Two weeks later nothing was said to anybody"):
        said = [stage.heard(phone) for phone in year.third.phones.values()]
        stage.must_not("family or mentor got a text", [texts for texts in said if texts])
        stage.must("no task came of it", await year.third.plan.kinds(), [])


async def reopens(stage: Stage, year: Year) -> None:
    """W-53."""
    plan, worker = year.third.plan, stage.staff["camille"]
    async with stage.step("W-53", "The plan is reopened with the person"):
        before = {code for code, row in (await plan.rows()).items() if row["state"] == "done"}
        again = stage.calendar.day(return_day(year) + 60).isoformat()
        body = {"release_date": again, "certainty": "confirmed", "release_time": "11:00:00"}
        came = await plan.versioned("reopen", body)
        stage.does(worker, "reopens the plan with the person; every yes is asked again")
        rows = await plan.rows()
        stage.must("what says so is done: REC-02", rows["REC-02"]["state"], "done")
        stage.must("the first contact is asked again: MEN-09", rows["MEN-09"]["state"], "planned")
        kept = {code for code in before if rows[code]["state"] == "done"}
        stage.must("what was prepared stays done", bool(kept))
        asleep = {rows[code]["state"] for code in ("MEN-12", "FAM-14")}
        stage.must("what hung on a yes sleeps", asleep, {"dormant"})
        stage.must("nobody is told", came["recipients_told"], 0)
        await plan.change("GAT-01", state="not_needed")


async def nobody_hears_of_the_new_day(stage: Stage, year: Year) -> None:
    """W-53, around the new day of release."""
    async with stage.step("W-53", "Nobody was told a day by an old yes"):
        said = [stage.heard(phone) for phone in year.third.phones.values()]
        stage.must_not("family or mentor got a text", [texts for texts in said if texts])


def return_day(year: Year) -> int:
    """The hundred and twentieth day outside, or so: when the mentor would be asked next."""
    release = year.calendar.day(RETURN)
    return year.due("MEN-12", 118, release)
