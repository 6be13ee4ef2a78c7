"""Good news, and the first time that a court reads anything."""

from typing import Any
from urllib.parse import quote

from backend.summaries.wording import words
from workflows.story.cast import Answer
from workflows.story.stage import LANGUAGE, Stage
from workflows.story.year import Year

REFERENCE = "JEP 2031/417"
COMMENT = "Le cours a commencé deux semaines plus tard que prévu."
OK, NOT_MODIFIED, SIGNED_OUT, CONFLICT = 200, 304, 401, 409


async def tells_good_news(stage: Stage, year: Year) -> None:
    """W-18."""
    plan, trainer = year.plan, stage.staff["alix"]
    async with stage.step("W-18", "The certificate is there: good news for those who may know"):
        await plan.wake("VOC-03", "VOC-04", "VOC-05", "VOC-06", "IDD-02", "IDD-03")
        course = ("VOC-03", "VOC-04", "VOC-05", "VOC-06")
        hidden = [code for code in course if code in await plan.rows(trainer)]
        stage.must_not("the trainer sees a course before the person has said yes", hidden)
        await plan.begin(*course)
        await plan.done(*course, by=trainer)
        await plan.done("IDD-02")
        stage.does(trainer, "notes the certificate: VOC-06 is done")
        for phone in (year.mentor, year.sibling):
            await stage.hears(phone, "GOODNEWS")
            await stage.taps(phone, "nice")
        stage.must("VOC-06 is done", await plan.state("VOC-06"), "done")
        heard = await stage.house.one("SELECT count(*) FROM message WHERE key = 'GOODNEWS'")
        stage.must("mentor and sibling heard it, the parent did not", heard, 2)
        titles = [row["title"] for row in (await plan.rows()).values()]
        texts = [line.text for line in stage.transcript.lines if line.key == "GOODNEWS"]
        stage.must_not("name the step, or the place", [t for t in texts if t in titles])


class Court:
    """The court's machine, over HTTP: it signs for its token, and for each call."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.shown: tuple[str, dict[str, str]] = "", {}  # as it went over the wire last

    async def get(self, path: str, **headers: str) -> Answer:
        machine, api = self.stage.court.machine, self.stage.house.api
        proof = {"DPoP": machine.proof("POST", "/court/token")}
        given = await api.post("/court/token", json=machine.credentials(), headers=proof)
        token = given.json()["access_token"]
        shown = {"Authorization": f"DPoP {token}", "DPoP": machine.proof("GET", path, token)}
        answer = await api.get(path, headers={**shown, **headers})
        self.shown = path, shown
        body = answer.json() if answer.content else None
        return Answer(answer.status_code, body, answer.headers)

    async def listed(self, reference: str = REFERENCE) -> Answer:
        return await self.get(f"/court/summaries?file_ref={quote(reference)}")

    async def newest(self) -> Answer:
        """The summary that was issued last, as a court pulls it."""
        last = (await self.listed()).body["summaries"][-1]["id"]
        return await self.get(f"/court/summaries/{last}?file_ref={quote(REFERENCE)}")


async def issue(stage: Stage, year: Year, kind: str, first: int, *, comment: str | None) -> Answer:
    """Draft, reading, issue; the answer to the attempt that came before the reading."""
    plan, worker, officer = year.plan, stage.staff["camille"], stage.staff["dominique"]
    today = stage.today.isoformat()
    subject = {
        "file": year.file,
        "type": kind,
        "period_from": year.calendar.day(first).isoformat(),
        "period_to": today,
    }
    await officer.prove()
    early = await officer.ask("POST", f"{plan.path}/summaries", subject)
    query = "&".join(f"{name}={value}" for name, value in subject.items())
    draft = await worker.get(f"{plan.path}/summaries/draft?{query}")
    stage.does(worker, f"reads the {len(draft['draft']['facts'])} facts to the person")
    reading: dict[str, Any] = {"kind": "read", "read_on": today, "language": LANGUAGE}
    reading |= {"digest": draft["digest"], "comment": comment}
    await plan.post("readings", {**subject, **reading})
    await plan.post("summaries", subject, by=officer)
    stage.does(officer, "issues the summary")
    return early


async def court_reads(stage: Stage, year: Year) -> None:
    """W-19."""
    plan, officer = year.plan, stage.staff["dominique"]
    async with stage.step(
        "W-19", "The report is read to the person, issued, and pulled by the court"
    ):
        bound = {"client": str(stage.court.client), "reference": REFERENCE}
        year.file = (await plan.post("court-files", bound, by=officer))["id"]
        for code in ("VOC-04", "VOC-06"):
            await plan.change(code, show_court=True)
        early = await issue(stage, year, "release_plan_report", -180, comment=COMMENT)
        court = Court(stage)
        pulled = await court.newest()
        stage.does("court", "pulls by its own file reference")
        summary = pulled.body["summary"]
        told = {fact["text"] for fact in summary["facts"]}
        again = await court.get(
            f"/court/summaries/{pulled.body['id']}?file_ref={quote(REFERENCE)}",
            **{"If-None-Match": pulled.headers["etag"]},
        )
        stage.must("nothing is issued before it was read", early.status, CONFLICT)
        stage.must(
            "for that reason", early.body["type"].rsplit(":", 1)[-1], "summary-not-read-to-person"
        )
        stage.must("the court gets version 1", (pulled.status, summary["version"]), (OK, 1))
        stage.must("unchanged is told by its tag", again.status, NOT_MODIFIED)
        stage.must("what the person ticked is in it", words(LANGUAGE)["VOC-06"] in told)
        comments = [comment["text"] for comment in summary["person_view"]["comments"]]
        stage.must("the person's words are as they were", comments, [COMMENT])
        access = (await stage.staff["claude"].get(f"{plan.path}/access"))["access"]
        stage.must("who looked is seen", "getSummary" in {one["operation"] for one in access})
        never = [
            word for word in ("spirit", "psycho", "médiation") if word in str(summary).casefold()
        ]
        stage.must_not("a refusal or an offer shows", never)
        live = await court.get(plan.path)
        path, shown = court.shown
        stolen = await stage.house.api.get(path, headers=shown)
        stage.must_not("what went over the wire opens it again", stolen.status_code != SIGNED_OUT)
        stage.must_not("the court sees the plan", live.status not in {404, SIGNED_OUT})
        foreign, unknown = await court.listed("JEP 2031/418"), await court.listed("")
        stage.must("a foreign file is what never was", foreign.body, unknown.body)
        stage.must_not("a foreign file is listed", [foreign.status, unknown.status] != [404, 404])
