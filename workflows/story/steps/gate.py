"""The days around release: who meets the person, who steps in, what is handed over."""

from workflows.story.cast import DUTY, PLACE
from workflows.story.stage import Stage
from workflows.story.year import Year


async def places_the_first_date(stage: Stage, year: Year) -> None:
    """W-24."""
    plan, officer, worker = year.plan, stage.staff["dominique"], stage.staff["camille"]
    async with stage.step("W-24", "The first appointment is on the day itself, and far away"):
        row = (await plan.rows())["PRB-08"]["id"]
        put = await plan.post("appointments", _with(year, 0, 14, row), by=officer)
        stage.does(officer, f"plans an appointment: {year.iso(0)} at 14:00")
        unknown = "travel_unchecked" in put["cautions"]
        stage.must("the officer hears that nobody knows the way", unknown)
        path, to = f"/appointments/{put['id']}", {"held_on": year.iso(1), "held_at": "11:00:00"}
        new = await officer.patch(path, {**to, "by": "service"}, version=1)
        stage.does(officer, f"moves it: {year.calendar.day(1)} at 11:00")
        moved = f"/appointments/{new['id']}"
        await worker.patch(moved, {"travel_checked": True}, version=1)
        stage.does(worker, "has looked at the bus")
        chain = (await worker.get(moved))["chain"]
        states = [one["state"] for one in chain]
        stage.must("what it was is known", states, ["cancelled_by_service", "scheduled"])
        said = "SELECT 1 FROM message WHERE subject = ANY($1::uuid[])"
        dates = [put["id"], new["id"]]
        stage.must_not("anybody is written to", await stage.house.rows(said, dates))


async def gets_ready(stage: Stage, year: Year) -> None:
    """The rows of the day wake, somebody is on duty."""
    plan, officer, head = year.plan, stage.staff["dominique"], stage.staff["solange"]
    await plan.wake("MEN-06", "MEN-07", "MEN-08", "MEN-10", "MEN-11", "MEN-12")
    await plan.wake("FAM-09", "FAM-10", "FAM-11", "FAM-14", "FIN-04", "FIN-06", "HLT-05")
    await plan.begin("HLT-05")
    await plan.done("PRB-05", "PRB-06", by=officer)
    await plan.done("IDD-03", "FAM-09", "FIN-04", "HOU-04")
    duty = {
        "starts": year.calendar.at(-8, 0).isoformat(),
        "ends": year.calendar.at(8, 0).isoformat(),
        "staff": [str(stage.staff[login].id) for login in ("camille", "solange")],
    }
    await head.put("/duty-rota", duty)
    stage.does(head, "sets who is on duty around the day: social worker, then coordinator")


def _with(year: Year, n: int, hour: int, milestone: str) -> dict[str, object]:
    """An appointment with the probation officer."""
    return {
        "role": "PO",
        "held_on": year.calendar.day(n).isoformat(),
        "held_at": f"{hour:02d}:00:00",
        "milestone": milestone,
        "place": PLACE,
    }


async def mentor_says_yes(stage: Stage, year: Year) -> None:
    """W-26."""
    plan, mentor = year.plan, year.mentor
    async with stage.step("W-26", "A week before, the mentor is asked and can come"):
        await stage.hears(mentor, "GATE-7", alias="Bleu", date=year.calendar.release, time="09:00")
        await stage.wait(8)
        await stage.taps(mentor, "yes", "NOTED")
        stage.must("the mentor's part is confirmed: MEN-06", await plan.state("MEN-06"), "done")
        await stage.to(-6, 10, 5)
        stage.must_not("the mentor is asked again next day", stage.heard(mentor))


async def mentor_falls_ill(stage: Stage, year: Year) -> None:
    """W-27."""
    plan, mentor, sibling = year.plan, year.mentor, year.sibling
    worker, date = stage.staff["camille"], year.calendar.release
    async with stage.step(
        "W-27", "Three days before, the mentor cannot come; the sibling steps in"
    ):
        await stage.hears(mentor, "GATE-3", alias="Bleu", date=date, time="09:00")
        await stage.wait(5)
        stage.does(mentor, "is ill")
        await stage.taps(mentor, "no", "CANT-PENDING")
        await stage.hears(worker.pocket, "UNPL", duty_phone=DUTY)
        await stage.hears(sibling, "GATE-3-F", date=date, time="09:00")
        stage.must("the worker is told at once", "gate-substitute" in await plan.kinds())
        await stage.taps(worker.pocket, "taken")
        await stage.wait(20)
        await stage.taps(sibling, "yes", "NOTED")
        holder = await stage.house.rows("SELECT id::text FROM member WHERE gate = 'first'")
        stage.must("gate duty is the sibling's", holder, [{"id": sibling.actor}])
        await plan.close("gate-substitute", outcome="substitute")
        stage.does(worker, "calls the mentor: will be there by phone")
        await stage.to(-3, 16, 5)
        stage.must_not("somebody is searched once more, or called", await plan.kinds())
        stage.must_not("what was confirmed is taken back", await plan.state("MEN-06") != "done")
        stage.must_not("the mentor is asked why", stage.heard(mentor))


async def hands_over(stage: Stage, year: Year) -> None:
    """W-28."""
    plan, desk = year.plan, stage.staff["maxime"]
    async with stage.step("W-28", "Papers and conditions are handed over"):
        await plan.done("IDD-04", "PRB-07", by=desk)
        stage.does(desk, "hands over papers and conditions, against signature")
        for sheet in ("day-one", "72-hours"):
            printed = await plan.print(sheet, "fr", desk)
            stage.must(f"the desk prints {sheet}", printed.status, 200)
        card = await plan.print("card", "fr")
        stage.must("the worker prints the card that is handed over", card.status, 200)
        stage.does(desk, "hands over two sheets and the card")
        shut = await plan.print("card", "fr", desk)
        stage.must_not("the desk prints when the person is expected where", shut.status != 403)  # noqa: PLR2004
        row = (await plan.rows(desk))["HLT-05"]
        named = {"state": "done", "note": "name and dose"}
        path = f"/milestones/{row['id']}"
        refused = await desk.ask("PATCH", path, named, version=row["version"])
        stage.must_not("a name of a medicine finds a field", refused.status < 400)  # noqa: PLR2004


async def hands_over_more(stage: Stage, year: Year) -> None:
    """W-28, the day after."""
    plan, desk = year.plan, stage.staff["maxime"]
    async with stage.step("W-28", "The day before: a supply of medicine, and money"):
        await plan.done("HLT-05", "FIN-05", by=desk)
        stage.does(desk, "hands over a fortnight's supply, and pays out the savings")
        rows = await plan.rows()
        states = {rows[code]["state"] for code in ("IDD-04", "PRB-07", "HLT-05", "FIN-05")}
        stage.must("all four are done", states, {"done"})
        seen = {row["kind"] for row in (await plan.rows()).values() if row["owner"] == "PS"}
        offers = [code for code in await plan.rows(desk) if code.startswith(("CNS", "MEN", "VOC"))]
        stage.must("the desk had its own rows", bool(seen))
        stage.must_not("the desk sees offers or counselling", offers)


async def sibling_is_ready(stage: Stage, year: Year) -> None:
    """W-29."""
    plan, sibling = year.plan, year.sibling
    async with stage.step("W-29", "The day before, the sibling is asked and is ready"):
        await stage.hears(sibling, "GATE-1", time="09:00")
        await stage.wait(10)
        await stage.taps(sibling, "yes", "NOTED")
        stage.must("who meets the person is confirmed: FAM-10", await plan.state("FAM-10"), "done")
        stage.must("and so is the chain: GAT-01", await plan.state("GAT-01"), "done")
        await stage.to(-1, 16, 5)
        stage.must_not("anybody is told to call", "gate-unanswered" in await plan.kinds())
        texts = [line.text for line in stage.transcript.lines if line.key.startswith("GATE")]
        stage.must_not("a place is named", [t for t in texts if PLACE in t or "porte" in t])


async def is_released(stage: Stage, year: Year) -> None:
    """W-30."""
    plan, sibling = year.plan, year.sibling
    worker, desk = stage.staff["camille"], stage.staff["maxime"]
    async with stage.step("W-30", "Release; nobody answers the question, so the worker calls"):
        await stage.wait(5)
        await plan.versioned("left-custody", {"left": True}, by=desk)
        stage.does(desk, "records that the person has left; the sibling is there")
        stage.must("the plan goes on outside", (await plan.read())["state"], "active_outside")
        await stage.to(0, 10)
        await stage.hears(sibling, "GATE-0-F")
        await stage.to(0, 10, 59)
        stage.must_not("anybody is alarmed before two hours", await plan.kinds())
        await stage.to(0, 11)
        await stage.hears(worker.pocket, "UNPL", duty_phone=DUTY)
        stage.must("the worker is told after two hours", await plan.kinds(), ["gate-unanswered"])
        await stage.wait(3)
        await stage.taps(worker.pocket, "taken")
        await stage.wait(12)
        stage.does(worker, "calls: they are together, all is well")
        await plan.done("MEN-07")
        await plan.close("gate-unanswered", outcome="called")
        stage.must("MEN-07 is done by the worker", await plan.state("MEN-07"), "done")
        stage.must("as what they know themselves", await plan.known("MEN-07"), [("SW", "act")])
        await stage.to(0, 14)
        stage.must_not("the coordinator is paged", stage.heard(stage.staff["solange"].pocket))
        told = [line.who for line in stage.transcript.lines if line.key == "UNPL"]
        stage.must_not("an authority is told", set(told) - {"social worker"})


async def first_night(stage: Stage, year: Year) -> None:
    """W-31."""
    plan, worker = year.plan, stage.staff["camille"]
    for login in ("camille", "dominique"):  # asked on this day only where the next is closed
        stage.habit(stage.staff[login].pocket, "CONTACT72", None)
    async with stage.step("W-31", "Is there a place to sleep tonight?"):
        alias = (await plan.read())["alias"]
        await stage.hears(worker.pocket, "NIGHT1", alias=alias)
        await stage.hears(year.mentor, "NIGHT1", alias="Bleu")
        await stage.taps(year.mentor, "yes", "NOTED")
        stage.must("what the mentor says waits for the worker", await plan.claims(), ["HOU-05"])
        stage.must_not("a word by chat is a fact", await plan.state("HOU-05") == "done")
        await stage.wait(4)
        await stage.taps(worker.pocket, "yes", "NOTED")
        known = [("ME", "said"), ("SW", "act")]
        stage.must("the worker has looked, and both stand", await plan.known("HOU-05"), known)
        stage.must_not("anything waits", await plan.claims())
        stage.must("housed on the first night: HOU-05", await plan.state("HOU-05"), "done")
        await stage.to(0, 20, 5)
        stage.must_not(
            "the ladder goes on at six and at eight", "first-night" in await plan.kinds()
        )
