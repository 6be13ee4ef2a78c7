"""The circle meets: on a basis, for an aim, named; what was decided is somebody's who said yes."""

from typing import Any

from workflows.story.plans import Plan
from workflows.story.stage import Stage
from workflows.story.year import Year

TIME = "14:00:00"
PAPER = {
    "basis": "Loi sur le retour, article 4",
    "aim": "Le plan est convenu, chaque etape a quelqu'un.",
    "speaks_of": ["milestones", "housing", "work"],
}
GONE = 409
WORDS = "Le bus pour les premiers jours."


async def asks_the_circle(stage: Stage, year: Year) -> None:
    """W-08, three days before."""
    plan, worker = year.plan, stage.staff["camille"]
    officer, trainer = stage.staff["dominique"], stage.staff["alix"]
    async with stage.step("W-08", "The circle is asked to its first meeting; the person always"):
        day = stage.calendar.day(stage.calendar.open(-150))
        row = (await plan.rows())["PLN-05"]
        asked = [str(one.id) for one in (worker, officer, trainer)]
        body = {
            **PAPER,
            "held_on": day.isoformat(),
            "held_at": TIME,
            "milestone": row["id"],
            "participants": [*asked, year.sibling_actor],
        }
        path = f"{plan.path}/meetings"
        bare = [
            await worker.ask("POST", path, {k: v for k, v in body.items() if k != name})
            for name in ("basis", "aim", "participants", "speaks_of")
        ]
        stage.must("without any of the four it is none", {a.status for a in bare}, {400})
        outside = {**body, "participants": [*asked, str(stage.staff["sacha"].id)]}
        refused = await worker.ask("POST", path, outside)
        await worker.post(path, body)
        stage.does(worker, "plans the meeting: basis, aim, who takes part, and of what it speaks")
        await stage.hears(year.sibling, "CIR-INV", date=day, time=TIME[:5])
        await stage.taps(year.sibling, "come", "NOTED")
        meeting = await _meeting(plan)
        roles = sorted(one["role"] for one in meeting["members"])
        stage.must("the person is asked too", roles, ["FA", "PE", "PO", "SW", "TR"])
        stage.must("the officer has a task", "meeting-asked" in await plan.kinds(officer))
        stage.must_not("an outsider can be listed", refused.status < 400)  # noqa: PLR2004
        seen = await stage.staff["maxime"].get(f"{plan.path}/meetings")
        stage.must_not("who was not asked sees a meeting", seen["meetings"])


async def meets(stage: Stage, year: Year) -> None:
    """W-08."""
    plan, worker, trainer = year.plan, stage.staff["camille"], stage.staff["alix"]
    async with stage.step("W-08", "The first meeting of the circle, with the person"):
        meeting = await _meeting(plan)
        await _put(plan, meeting, "agenda", {"words": WORDS})
        meeting = await _held(plan, stage, "SW", "PE", "PO", "TR", "FA")
        stage.must("PLN-05 is done", await plan.state("PLN-05"), "done")
        path = f"/meetings/{meeting['id']}"
        line = {"told_by": _part(meeting, "SW"), "told_to": _part(meeting, "TR"), "facts": "work"}
        await worker.post(f"{path}/shared", {**line, "ground": "law"})
        decided = {
            "words": "Chercher une place au cours.",
            "owner": _part(meeting, "TR"),
            "due_on": stage.calendar.day(-120).isoformat(),
        }
        await worker.post(f"{path}/decisions", decided)
        stage.must("a decision waits with the worker", (await plan.rows())["MTG-01"]["owner"], "SW")
        stage.must_not("the trainer has it before a yes", "MTG-01" in await plan.rows(trainer))
        [asked] = (await _meeting(plan, trainer))["decisions"]
        await trainer.post(
            f"/meeting-decisions/{asked['id']}/answer", {"accepted": True}, version=asked["version"]
        )
        stage.does(trainer, "takes what was decided")
        stage.must("now it is theirs", (await plan.rows(trainer))["MTG-01"]["owner"], "TR")
        await _minutes(plan, stage)
        meeting = await _meeting(plan)
        again = {"words": "Rien."}
        answer = await worker.ask("PUT", f"{path}/minutes", again, version=meeting["version"])
        stage.must("all who were there have approved the minutes", meeting["state"], "approved")
        stage.must("what was approved stays", answer.status, GONE)
        await plan.done("MTG-01", by=trainer)


async def _minutes(plan: Plan, stage: Stage) -> None:
    await _put(plan, await _meeting(plan), "minutes", {"words": "Nous avons parle du retour."})
    by_themselves = {"PO": stage.staff["dominique"], "TR": stage.staff["alix"]}
    for one in (await _meeting(plan))["members"]:
        who = by_themselves.get(one["role"], plan.worker)
        await who.post(f"/meeting-members/{one['id']}/approve", version=one["version"])
    stage.does(plan.worker, "writes the minutes and reads them to person and sibling")


async def asks_again(stage: Stage, year: Year) -> None:
    """W-44, two days before."""
    plan = year.plan
    async with stage.step("W-44", "The month is looked back upon together: the circle is asked"):
        meeting = await _asks(stage, year, 30, "PLN-10")
        carried = [one.get("words") for one in meeting["agenda"] if "carried" in one["why"]]
        stage.must("what was not dealt with comes again", WORDS in carried)
        there = await _meeting(plan, stage.staff["dominique"])
        why = {why for one in there["agenda"] for why in one["why"]}
        stage.must_not("the officer is told where it comes from", "carried" in why)


async def meets_again(stage: Stage, year: Year) -> None:
    """W-44."""
    async with stage.step("W-44", "The circle looks back upon the month, by phone"):
        await _held(year.plan, stage, "SW", "PE", "PO")
        stage.must("PLN-10 is done", await year.plan.state("PLN-10"), "done")


async def asks_a_third_time(stage: Stage, year: Year) -> None:
    """W-51, two days before."""
    async with stage.step("W-51", "Three months outside: the circle is asked once more"):
        meeting = await _asks(stage, year, 90, "PLN-11")
        stage.must("the person has answered", _answer(meeting, "PE"), "by_phone")
        stage.must_not("silence is anything", _answer(meeting, "PO"))


async def meets_a_third_time(stage: Stage, year: Year) -> None:
    """W-51."""
    plan, officer = year.plan, stage.staff["dominique"]
    async with stage.step("W-51", "The circle looks back upon three months"):
        meeting = await _held(plan, stage, "SW", "PE")
        await _put(plan, meeting, "minutes", {"words": "Nous avons parle du travail."})
        theirs = await _meeting(plan, officer)
        stage.must("PLN-11 is done", await plan.state("PLN-11"), "done")
        stage.must_not("who was not there reads the minutes", "minutes" in theirs)


async def _asks(stage: Stage, year: Year, n: int, code: str) -> Any:
    """Plan a meeting for a day; the person is asked in their chat, and will be there by phone."""
    plan, day = year.plan, stage.calendar.day(stage.calendar.open(n))
    asked = [str(stage.staff[login].id) for login in ("camille", "dominique")]
    row = (await plan.rows())[code]["id"]
    body = {**PAPER, "held_on": day.isoformat(), "held_at": TIME, "participants": asked}
    await plan.worker.post(f"{plan.path}/meetings", {**body, "milestone": row})
    await stage.hears(year.person, "CIR-INV", date=day, time=TIME[:5])
    await stage.taps(year.person, "by_phone", "NOTED")
    return await _meeting(plan)


def _answer(meeting: Any, role: str) -> str | None:
    found = next(one for one in meeting["members"] if one["role"] == role)
    answer: str | None = found.get("answer")
    return answer


async def _meeting(plan: Plan, reader: Any = None) -> Any:
    """The newest that its reader sees."""
    return (await (reader or plan.worker).get(f"{plan.path}/meetings"))["meetings"][0]


def _part(meeting: Any, role: str) -> str:
    return next(str(one["id"]) for one in meeting["members"] if one["role"] == role)


async def _put(plan: Plan, meeting: Any, what: str, body: object) -> None:
    await plan.worker.put(f"/meetings/{meeting['id']}/{what}", body, version=meeting["version"])


async def _held(plan: Plan, stage: Stage, *roles: str) -> Any:
    meeting = await _meeting(plan)
    there = {"present": [_part(meeting, role) for role in roles], "dealt": []}
    await plan.worker.post(f"/meetings/{meeting['id']}/hold", there, version=meeting["version"])
    stage.does(plan.worker, "notes who was there")
    return await _meeting(plan)
