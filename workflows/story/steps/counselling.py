"""Counselling: dates that a counsellor enters, a referral that the person signs, and no content."""

from workflows.story.stage import Stage
from workflows.story.year import Year

REFUSED = 400
HIDDEN = 404
NOTE = {"note": "what was said"}
FLOW = {
    "kind": "agency",
    "groups": ["alias", "milestones", "counselling dates"],
    "purpose": "care",
    "basis": "authorisation",
}


async def first_session(stage: Stage, year: Year) -> None:
    """W-08, the same day."""
    plan, counsellor = year.plan, stage.staff["morgan"]
    async with stage.step("W-08", "The first session with the counsellor, whose notes stay there"):
        await plan.wake("CNS-02")
        await plan.begin("CNS-02")
        await plan.done("CNS-02", by=counsellor)
        stage.does(counsellor, "enters the day, and nothing else")
        stage.must("the worker sees that it was held", await plan.state("CNS-02"), "done")
        seen = await plan.rows(counsellor)
        others = [code for code, row in seen.items() if row["owner"] != "CP"]
        stage.must_not("the counsellor sees another part", others)
        for login in ("dominique", "alix", "maxime"):
            who = stage.staff[login]
            theirs = [code for code in await plan.rows(who) if code.startswith("CNS")]
            stage.must_not(f"the {who.what} sees it", theirs)


async def refers(stage: Stage, year: Year) -> None:
    """W-23."""
    plan, counsellor, other = year.plan, stage.staff["morgan"], stage.staff["lou"]
    admin, auditor = stage.staff["charlie"], stage.staff["andrea"]
    async with stage.step("W-23", "The person signs that the counsellor outside may know"):
        flow = {**FLOW, "to_agency": str(other.agency), "responsible": str(admin.id)}
        recorded = await admin.post("/flows", flow)
        stage.does(admin, "enters in the registry what may go to the counsellors outside")
        await plan.add("CP", login="lou")
        early = await other.ask("GET", plan.path)
        until = stage.calendar.day(60).isoformat()
        signed = {"recipient": str(other.id), "fact": "referral", "purpose": "suivi"}
        made = await plan.post("disclosures", {**signed, "until": until})
        stage.does(plan.worker, "records what the person has signed, until a day")
        await plan.wake("CNS-03", "CNS-04")
        await plan.begin("CNS-03", "CNS-04")
        await plan.done("CNS-03", "CNS-04", by=counsellor)
        stage.does(counsellor, "has found a first date outside: CNS-04")
        stage.must("the day of it is there", await plan.state("CNS-04"), "done")
        flows = {one["id"]: one["basis"] for one in await auditor.get("/flows")}
        stage.must("the registry shows the flow", flows[recorded["id"]], "authorisation")
        yes = [one["id"] for one in (await auditor.get("/consents"))["consents"]]
        stage.must("the auditor sees whose yes, as an id", made["id"] in yes)
        acts = {one["operation"] for one in (await auditor.get("/record"))["acts"]}
        stage.must("and that it was recorded", {"discloseTo", "recordFlow"} <= acts)
        found = await other.get(plan.path)
        allowed = {"id", "alias", "milestones"}
        stage.must("what the entry names is all that is seen", set(found), allowed)
        stage.must_not("they saw it before the person signed", early.status != HIDDEN)
        row = (await plan.rows(counsellor))["CNS-04"]
        copied = await counsellor.ask(
            "PATCH", f"/milestones/{row['id']}", NOTE, version=row["version"]
        )
        stage.must_not("notes find a field", copied.status < REFUSED)


async def is_seen_outside(stage: Stage, year: Year) -> None:
    """W-38."""
    plan, other, officer = year.plan, stage.staff["lou"], stage.staff["dominique"]
    async with stage.step("W-38", "The first session outside was held"):
        await plan.wake("CNS-05")
        await plan.begin("CNS-05")
        await plan.done("CNS-05", by=other)
        stage.does(other, "enters the day")
        rows = await plan.rows()
        held = [code for code in ("CNS-02", "CNS-05") if rows[code]["state"] == "done"]
        stage.must("the worker sees yes or no", held, ["CNS-02", "CNS-05"])
        path = f"/milestones/{rows['CNS-05']['id']}"
        version = (await plan.rows(other))["CNS-05"]["version"]
        refused = await other.ask("PATCH", path, NOTE, version=version)
        stage.must_not("what was said finds a field", refused.status < REFUSED)
        seen = [code for code in await plan.rows(officer) if code.startswith("CNS")]
        stage.must_not("the officer sees it", seen)


async def referral_is_over(stage: Stage, year: Year) -> None:
    """W-38, when what was signed has run out."""
    plan, other = year.plan, stage.staff["lou"]
    async with stage.step("W-38", "What the person had signed has run out"):
        stage.must("what goes on is theirs alone", await plan.state("CNS-05"), "done")
        answer = await other.ask("GET", plan.path)
        stage.must_not("the counsellor outside still sees the plan", answer.status != HIDDEN)
