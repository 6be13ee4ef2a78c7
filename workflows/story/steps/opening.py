"""Half a year before: the plan, its offers, its circle and the first chats."""

from workflows.story.cast import MENTOR, PARENT, PERSON, SIBLING
from workflows.story.plans import Plan
from workflows.story.stage import Stage
from workflows.story.year import Year

BASE_ROWS = 115
FORBIDDEN_FIELD = "offence"


async def opens_the_plan(stage: Stage, year: Year) -> None:
    """W-01."""
    worker = stage.staff["camille"]
    body = {
        "person": {"name": PERSON, "language": "fr"},
        "release_date": year.first_date.isoformat(),
        "certainty": "earliest_possible",
    }
    async with stage.step("W-01", "The plan is opened; every part of it is the person's to choose"):
        refused = await worker.ask("POST", "/plans", {**body, FORBIDDEN_FIELD: "anything"})
        opened = await worker.post("/plans", body)
        year.plan = plan = Plan(stage, worker, opened["id"])
        stage.does(worker, f"opens the plan for {year.first_date}, earliest possible date")
        for pathway in ("PLN", "VOC", "FAM", "HOU", "IDD", "FIN", "PRB"):
            await _says(plan, pathway, "accepted")
        rows = (await plan.rows()).values()
        stage.must(f"all {BASE_ROWS} rows of the template are there", len(rows), BASE_ROWS)
        asleep = {row["kind"] for row in rows if row["state"] == "dormant"}
        awake = {row["kind"] for row in rows if row["state"] != "dormant"}
        stage.must("core rows are open; offers, needs and orders sleep", awake, {"C"})
        stage.must("nothing else sleeps", asleep, {"V", "N", "O"})
        stage.must("no overlay is on", (await plan.read())["overlays"], [])
        printed = await plan.print("plan", "ar")
        stage.does(worker, "prints plan and rights in Arabic, and goes through them by voice")
        stage.must("it is a sheet of paper", printed.headers["content-type"], "application/pdf")
        other = await plan.print("plan", "sw")
        stage.must_not("English is printed for a language without words", other.status < 400)  # noqa: PLR2004
        stage.must_not("ask for an offence: the field is refused", refused.status < 400)  # noqa: PLR2004
        stage.must_not("anything is sent", await stage.house.rows("SELECT 1 FROM message"))


async def _says(plan: Plan, pathway: str, answer: str) -> None:
    said = {"kind": "participation", "language": "fr", "pathway": pathway, "answer": answer}
    await plan.post("consents", said)


async def accepts_and_declines(stage: Stage, year: Year) -> None:
    """W-03."""
    plan, worker = year.plan, stage.staff["camille"]
    officer, trainer = stage.staff["dominique"], stage.staff["alix"]
    async with stage.step("W-03", "The person wants counselling and a mentor, and no chaplain"):
        for login in ("dominique", "alix", "maxime"):
            who = stage.staff[login]
            await plan.add(who.role, login=login)
        await plan.wake("CNS-01", "MEN-01")
        await plan.done("CNS-01", "MEN-01")
        row = (await plan.rows())["CNS-11"]
        no = {"kind": "participation", "language": "ar", "milestone": row["id"]}
        await plan.post("consents", {**no, "answer": "offered"})
        row = (await plan.rows())["CNS-11"]
        why = {"state": "declined", "reason": "any reason"}
        path = f"/milestones/{row['id']}"
        refused = await worker.ask("PATCH", path, why, version=row["version"])
        for pathway in ("CNS-P", "MEN"):
            await _says(plan, pathway, "accepted")
        await plan.post("consents", {**no, "answer": "declined"})
        stage.does(worker, "records what the person said to each offer")
        rows = await plan.rows()
        stage.must("CNS-11 is declined", rows["CNS-11"]["state"], "declined")
        followed = {rows[code]["state"] for code in ("CNS-12", "CNS-13", "CNS-14")}
        stage.must("what hangs on it is not needed", followed, {"not_needed"})
        said = "SELECT answer, language, explained_by = recorded_by AS told FROM participation"
        [last] = await stage.house.rows(f"{said} WHERE answer = 'declined'")
        kept = {"answer": "declined", "language": "ar", "told": True}
        stage.must("who explained it, and in which language", last, kept)
        stage.must("a reason for a no finds no field", refused.status, 422)
        for reader in (officer, trainer):
            seen = {code for code in await plan.rows(reader) if code.startswith("CNS")}
            stage.must_not(f"the {reader.what} sees it", seen)


async def asks_the_family(stage: Stage, year: Year) -> None:
    """W-04."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-04", "A human speaks with parent and sibling before any message"):
        await plan.wake("FAM-02")
        # neither word is one of those that are drawn: it stands for these two alone
        parent = await plan.add(
            "FA", name=PARENT, relation="parent", language="fr", alias="Peuplier"
        )
        sibling = await plan.add(
            "FA",
            name=SIBLING,
            relation="sibling",
            language="fr",
            alias="Roseau",
            gate="substitute",
            call_weekday=5,
            call_at="12:30:00",
        )

        async def invites() -> list[int]:
            asked = [{"plan": plan.id, "subject": who} for who in (parent, sibling)]
            answers = [await worker.ask("POST", "/invitations", one) for one in asked]
            return [answer.status for answer in answers]

        stage.does(worker, "draws the map with the person, who wants both")
        for who in (parent, sibling):
            await plan.on_the_map(who, wish="wanted")
        early = await invites()
        stage.does(worker, "calls the sibling: yes to messages on an own phone")
        await plan.say_yes(sibling)
        early += await invites()
        stage.does(worker, "calls the parent: will talk, wants no messages; asks each in private")
        await plan.ask(parent)
        early += [(await invites())[0]]
        await plan.ask(sibling)
        missing = [one["missing"] for one in (await plan.relatives()).values()]
        stage.must("wish, own yes and safety are asked of both", missing, [[], []])
        await plan.disclose(parent, "release_date")
        await plan.disclose(sibling, "release_date", "good_news")
        await plan.done("FAM-02")
        year.sibling_actor = sibling
        yes = await stage.house.rows("SELECT subject FROM channel_consent")
        stage.must(
            "only the sibling's yes to messages is there",
            [str(r["subject"]) for r in yes],
            [sibling],
        )
        told = await stage.house.one("SELECT count(*) FROM disclosure WHERE fact = 'release_date'")
        stage.must("the person lets both be told the date", told, 2)
        invited = [status for status in early if status != 422]  # noqa: PLR2004
        stage.must_not("anybody is invited before they said yes", invited)


async def links_the_sibling(stage: Stage, year: Year) -> None:
    """W-05."""
    plan, worker, actor = year.plan, stage.staff["camille"], year.sibling_actor
    async with stage.step("W-05", "The sibling opens the chat with the PIN told by voice"):
        asked = {"plan": plan.id, "subject": actor, "level": "P1"}
        invited = await worker.post("/invitations", asked)
        stage.does(worker, "hands over a link on paper and tells the PIN by voice")
        year.sibling = phone = await stage.phone("sibling")
        phone.actor = actor
        wrong = f"{(int(invited['pin']) + 1) % 10**6:06d}"
        await stage.says(phone, f"/start {invited['payload']}", shown="opens the link")
        await stage.hears(phone, "PIN-ASK")
        for _ in range(2):
            await stage.says(phone, wrong, shown="writes a wrong PIN")
            await stage.hears(phone, "PIN-WRONG")
        await stage.says(phone, invited["pin"], shown="writes the PIN")
        await stage.hears(phone, "LINK-WAIT")
        link = (await stage.house.rows("SELECT state, tries FROM link"))[0]
        stage.must("the chat waits for a call", link, {"state": "unconfirmed", "tries": 2})
        stage.must("a task says so", await plan.kinds(), ["confirm-link"])
        said = [line.text for line in stage.transcript.lines if line.kind == "message"]
        stage.must_not("anything is revealed: no alias yet", [t for t in said if "Roseau" in t])


async def confirms_the_sibling(stage: Stage, year: Year) -> None:
    """W-06."""
    plan, worker, phone = year.plan, stage.staff["camille"], year.sibling
    async with stage.step("W-06", "The worker calls, the check phrase is right, the chat is on"):
        stage.does(worker, "calls the known number and confirms")
        await plan.confirm(phone.actor)
        await stage.hears(phone, "WELCOME-F")
        await stage.taps(phone, "only_me", "SHARED-OK")
        link = (await stage.house.rows("SELECT state, level FROM link"))[0]
        stage.must("the chat is on, with the least said", link, {"state": "active", "level": "P1"})
        stage.must_not("the task stays", await plan.kinds())


async def meets_a_stranger(stage: Stage, year: Year) -> None:
    """W-09."""
    del year
    async with stage.step("W-09", "A stranger finds the bot and writes"):
        stranger = await stage.phone("stranger")
        for text in ("Bonjour", "/start", "/start AAAA", "Vexim", "123456", "?", "allo"):
            await stage.says(stranger, text)
        texts = stage.heard(stranger)
        stage.must("five answers a day, then silence", len(texts), 5)
        for _ in texts:
            await stage.hears(stranger, "UNKNOWN")
        stage.must("all of them the same", len(set(texts)), 1)
        stage.must_not("anything is kept", await stage.house.rows("SELECT 1 FROM incoming"))


async def links_the_mentor(stage: Stage, year: Year) -> None:
    """W-11."""
    plan = year.plan
    async with stage.step("W-11", "A mentor is found, vetted and linked"):
        await plan.wake("MEN-02", "MEN-03")
        mentor = await plan.mentor(MENTOR, vetted=False)
        joins = {"role": "ME", "mentor": mentor, "language": "fr"}
        early = await plan.worker.ask("POST", f"{plan.path}/circle", joins)
        await plan.vet(mentor)
        stage.does(
            stage.staff["solange"], "puts down that the vetting was passed, and the training"
        )
        actor = await plan.add("ME", mentor=mentor, language="fr", alias="Bleu", gate="first")
        await plan.say_yes(actor)
        await plan.disclose(actor, "release_date", "good_news")
        year.mentor = phone = await plan.link("mentor", actor)
        await stage.hears(phone, "WELCOME-M")
        phone.alias = "Bleu"
        await plan.done("MEN-02")
        stage.must("the mentor is linked", (await plan.link_of(actor))["link_state"], "active")
        stage.must_not("who is not vetted joins", early.status != 409)  # noqa: PLR2004
        path = f"/plans/{plan.id}"
        bare = await stage.house.api.get(path)
        other = await stage.staff["sacha"].ask("GET", path)
        nowhere = await stage.staff["sacha"].ask("GET", f"/plans/{actor}")
        stage.must("another worker's plan is what never was", other.body, nowhere.body)
        stage.must_not("who has no account reads the plan", bare.status_code != 401)  # noqa: PLR2004
        stage.must_not("who has no mandate reads it", other.status != 404)  # noqa: PLR2004


async def asks_the_mentor(stage: Stage, year: Year) -> None:
    """W-13."""
    plan, phone, meeting = year.plan, year.mentor, year.meeting
    async with stage.step("W-13", "The mentor is asked for a day, and names one"):
        await stage.hears(phone, "MEN-TASK", alias="Bleu", date=year.calendar.day(meeting))
        await stage.wait(6)
        await stage.taps(phone, "have_a_date", "DATE-ASK")
        await stage.taps(phone, "day-7", "DATE-OK", date=year.calendar.day(meeting))
        row = (await plan.rows())["MEN-03"]
        said = {"state": row["state"], "said_by": row.get("said_by")}
        stage.must("the plan shows it as said", said, {"state": "planned", "said_by": "ME"})


async def mentor_has_met(stage: Stage, year: Year) -> None:
    """W-13, later."""
    plan, worker = year.plan, stage.staff["camille"]
    async with stage.step("W-13", "The first meetings of mentor and officer have taken place"):
        stage.must_not("the mentor was asked again", stage.heard(year.mentor))
        met = year.iso(year.meeting)
        await plan.change("MEN-03", state="done", done_on=met)
        await plan.done("PRB-03", by=stage.staff["dominique"])
        stage.does(worker, f"confirms the first meeting, on {met}")
        rows = await plan.rows()
        stage.must(
            "done, with its day",
            (rows["MEN-03"]["state"], rows["MEN-03"]["done_on"]),
            ("done", met),
        )
        stage.must("PRB-03 is done by the probation officer", rows["PRB-03"]["state"], "done")
