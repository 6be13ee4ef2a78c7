"""Good news, and the first time that a court reads anything."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backend.summaries.wording import words
from workflows.story.cast import Answer, Staff
from workflows.story.stage import LANGUAGE, Stage
from workflows.story.year import Year

REFERENCE = "JEP 2031/417"
COMMENT = "Le cours a commencé deux semaines plus tard que prévu."
TAKEN_BACK_WITHIN = 10  # minutes
OK, NOT_MODIFIED, SIGNED_OUT, CONFLICT = 200, 304, 401, 409


async def tells_good_news(stage: Stage, year: Year) -> None:
    """W-18."""
    plan, trainer = year.plan, stage.staff["alix"]
    async with stage.step("W-18", "The certificate is there: good news for those who may know"):
        await plan.wake("VOC-06", "IDD-02", "IDD-03")
        await plan.begin("VOC-06")
        await plan.done("VOC-05", "VOC-06", by=trainer)
        await plan.done("IDD-02")
        stage.does(trainer, "notes the certificate: VOC-06 is done")
        early = [text for phone in (year.mentor, year.sibling) for text in stage.heard(phone)]
        stage.must_not("told while it can still be taken back", early)
        await stage.wait(TAKEN_BACK_WITHIN)
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


@dataclass
class Report:
    """A summary on its way to the court: what it is about."""

    stage: Stage
    year: Year
    kind: str
    first: int  # the day of the story on which its period begins

    def __post_init__(self) -> None:
        self.officer = self.stage.staff["dominique"]
        self.subject = {
            "file": self.year.file,
            "type": self.kind,
            "period_from": self.year.calendar.day(self.first).isoformat(),
            "period_to": self.stage.today.isoformat(),
        }

    async def read(self, by: Staff, *, comment: str | None = None) -> None:
        """Somebody reads the draft to the person, who may say something to it."""
        facts = await self._record(by, "read", comment)
        self.stage.does(by, f"reads the {facts} facts to the person")

    async def check(self, by: Staff) -> None:
        """A second pair of eyes."""
        facts = await self._record(by, "checked")
        self.stage.does(by, f"looks at the {facts} facts before they go to the court")

    async def _record(self, by: Staff, kind: str, comment: str | None = None) -> int:
        path = f"{self.year.plan.path}/summaries/draft"
        query = "&".join(f"{name}={value}" for name, value in self.subject.items())
        draft = await by.get(f"{path}?{query}")
        said: dict[str, Any] = {"kind": kind, "read_on": self.subject["period_to"]}
        said |= {"language": LANGUAGE, "digest": draft["digest"], "comment": comment}
        await self.year.plan.post("readings", {**self.subject, **said}, by=by)
        return len(draft["draft"]["facts"])

    async def too_early(self) -> Answer:
        """What the officer is told who issues it already now."""
        await self.officer.prove()
        return await self.officer.ask("POST", f"{self.year.plan.path}/summaries", self.subject)

    async def issue(self) -> None:
        await self.year.plan.post("summaries", self.subject, by=self.officer)
        self.stage.does(self.officer, "issues the summary")


def reason(refused: Answer) -> str:
    """Why, as the last part of the problem's type."""
    return str(refused.body["type"]).rsplit(":", 1)[-1]


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
        report = Report(stage, year, "release_plan_report", -180)
        early = await report.too_early()
        await report.read(stage.staff["camille"], comment=COMMENT)
        await report.issue()
        chain = {c: r["state"] for c, r in (await plan.rows()).items() if c.startswith("SUM-")}
        stage.must("read and issued are done by it", {chain["SUM-4"], chain["SUM-6"]}, {"done"})
        stage.must("no step to it is open any more", set(chain.values()), {"done", "not_needed"})
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
        stage.must("for that reason", reason(early), "summary-not-read-to-person")
        stage.must("the court gets version 1", (pulled.status, summary["version"]), (OK, 1))
        stage.must("unchanged is told by its tag", again.status, NOT_MODIFIED)
        stage.must("what the person ticked is in it", words(LANGUAGE)["VOC-06"] in told)
        comments = [comment["text"] for comment in summary["person_view"]["comments"]]
        stage.must("the person's words are as they were", comments, [COMMENT])
        access = (await stage.staff["solange"].get(f"{plan.path}/access"))["access"]
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
