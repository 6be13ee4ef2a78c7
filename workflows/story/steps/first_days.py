"""The first fortnight outside: a contact within three days, the family, the appointments."""

from workflows.story.cast import PLACE, Handset
from workflows.story.stage import Stage
from workflows.story.year import Year

MOST_A_DAY = 2


async def meets_the_officer(stage: Stage, year: Year) -> None:
    """W-32."""
    plan, officer = year.plan, stage.staff["dominique"]
    async with stage.step("W-32", "The first appointment is kept"):
        await change_date(stage, year, "PRB-08", state="attended")
        stage.does(officer, "notes: attended")
        rows = await plan.rows()
        stage.must("the first appointment is done: PRB-08", rows["PRB-08"]["state"], "done")
        contact = (rows["MEN-09"]["state"], rows["MEN-09"].get("done_on"))
        stage.must("and with it the first contact, 26 hours after", contact, ("done", year.iso(1)))


async def links_the_person(stage: Stage, year: Year) -> None:
    """W-32, later."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-32", "The person asks for the chat, on a phone of their own"):
        me = await plan.add("PE")
        await plan.say_yes(me)
        invited = await worker.post("/invitations", {"plan": plan.id, "level": "P2"})
        year.person = phone = await stage.phone("person")
        phone.actor = me
        stage.habit(phone, "APPT-7", "yes")
        await stage.says(phone, f"/start {invited['payload']}", shown="opens the link on a new SIM")
        await stage.hears(phone, "PIN-ASK")
        await stage.says(phone, invited["pin"], shown="writes the PIN")
        await stage.hears(phone, "LINK-WAIT")
        await stage.wait(30)
        stage.must_not("it is used before it is confirmed", stage.heard(phone))
        await plan.confirm(me)
        stage.does(worker, "calls the new number and confirms")
        await stage.hears(phone, "WELCOME-P")
        await stage.taps(phone, "only_me", "SHARED-OK")
        link = await stage.house.rows("SELECT state, level FROM link WHERE subject = $1::uuid", me)
        stage.must(
            "the chat is on, at the level chosen", link, [{"state": "active", "level": "P2"}]
        )
        await appointment(stage, year, year.calendar.open(7), "PRB-09")


async def mentor_calls(stage: Stage, year: Year) -> None:
    """W-33. On a closed day the question comes on the next open one."""
    plan, mentor = year.plan, year.mentor
    async with stage.step("W-33", "The mentor is asked on the first day, and has phoned"):
        await stage.hears(mentor, "CONTACT", alias="Bleu", date=year.calendar.release)
        await stage.wait(9)
        await stage.taps(mentor, "by_phone", "NOTED")
        stage.must("contact on day one: MEN-08", await plan.state("MEN-08"), "done")
        first = (await plan.rows())["MEN-09"]["done_on"]
        stage.must("the first contact stays that of the meeting", first, year.iso(1))
        known = await plan.known("MEN-09")
        stage.must("for the officer knows it, and not the mentor", known, [("PO", "act")])
        stage.must_not("the mentor's word waits for anybody", await plan.claims())
        met = year.calendar.at(1, 11, 30)
        asks = await stage.house.rows(
            "SELECT 1 FROM message WHERE rule = 'CONTACT72' AND sent_at > $1", met
        )
        stage.must_not("anybody is asked whether the person was reached", asks)


async def sibling_says_so_so(stage: Stage, year: Year) -> None:
    """W-34."""
    plan, sibling = year.plan, year.sibling
    async with stage.step("W-34", "The sibling is asked how it goes: so-so"):
        before = await _about_the_person(stage, year)
        await stage.hears(sibling, "FAM-HOW")
        await stage.wait(15)
        await stage.taps(sibling, "so_so", "NOTED")
        stage.must("a task for the worker", await plan.kinds(), ["so-so"])
        stage.must_not(
            "a row about the person changes", await _about_the_person(stage, year) != before
        )
        await plan.close("so-so", outcome="called")
        stage.does(stage.staff["camille"], "calls the sibling")


async def _about_the_person(stage: Stage, year: Year) -> object:
    rows = await year.plan.rows()
    contacts = await stage.house.one("SELECT count(*) FROM contact")
    return {code: row["state"] for code, row in rows.items()}, contacts


async def claim_is_lodged(stage: Stage, year: Year) -> None:
    """W-35."""
    plan = year.plan
    async with stage.step("W-35", "The claim is lodged; the first three days are over"):
        lodged = year.iso(year.calendar.open_before(3))
        await plan.change("FIN-06", state="done", done_on=lodged)
        stage.must("FIN-06 is done", await plan.state("FIN-06"), "done")
        never = [kind for kind in await plan.kinds(stage.staff["solange"]) if "contact" in kind]
        stage.must("the three days end with nothing to do", await plan.kinds(), [])
        stage.must_not("the coordinator is told of no contact", never)


async def comes_again(stage: Stage, year: Year) -> None:
    """W-36."""
    phone, second = year.person, year.calendar.open(7)
    async with stage.step("W-36", "The person is reminded of the second appointment"):
        when = {"date": year.calendar.day(second), "time": "10:00"}
        await stage.hears(phone, "APPT-3", **when)
        await stage.wait(12)
        await stage.taps(phone, "there", "NOTED")
        state = await stage.house.one("SELECT state FROM appointment ORDER BY held_on DESC LIMIT 1")
        stage.must("the appointment is confirmed", state, "confirmed")


async def comes(stage: Stage, year: Year) -> None:
    """W-36, later."""
    plan, phone = year.plan, year.person
    async with stage.step("W-36", "The second appointment is kept"):
        stage.must_not("the person was reminded again", stage.heard(phone))
        await change_date(stage, year, "PRB-09", state="attended")
        stage.must("the second appointment is done: PRB-09", await plan.state("PRB-09"), "done")
        stage.must_not("more than two messages came on a day", await _busy_days(stage, phone))
        await appointment(stage, year, year.calendar.open(16), None)
        stage.habit(phone, "APPT-3", "there")
        stage.habit(year.mentor, "CONTACT", "met")


async def _busy_days(stage: Stage, phone: Handset) -> list[dict[str, object]]:
    """Days with more than two messages that were no answer to what somebody did."""
    return await stage.house.rows(
        "SELECT (m.sent_at AT TIME ZONE $2)::date::text AS day, count(*) FROM message m"
        " JOIN link l ON l.id = m.link WHERE l.subject = $1::uuid AND NOT m.urgent"
        " AND m.sent_at IS NOT NULL GROUP BY 1 HAVING count(*) > $3",
        phone.actor,
        stage.calendar.zone,
        MOST_A_DAY,
    )


async def appointment(stage: Stage, year: Year, n: int, code: str | None) -> None:
    """The officer plans an appointment at 10:00."""
    plan, officer = year.plan, stage.staff["dominique"]
    row = (await plan.rows())[code]["id"] if code else None
    held = {"role": "PO", "held_on": year.iso(n), "held_at": "10:00:00", "place": PLACE}
    await plan.post("appointments", {**held, "milestone": row}, by=officer)
    stage.does(officer, f"plans an appointment: {year.iso(n)} at 10:00")


async def change_date(stage: Stage, year: Year, code: str | None = None, **wanted: object) -> str:
    """The officer changes the appointment of a row, or the last one; its id."""
    plan, officer = year.plan, stage.staff["dominique"]
    read = await plan.read(officer)
    row = next((r["id"] for r in read["milestones"] if r["code"] == code), None)
    found = [a for a in read["appointments"] if code is None or a["milestone"] == row][-1]
    path = f"/appointments/{found['id']}"
    await officer.patch(path, wanted, version=found["version"])
    return str(found["id"])
