"""A plan whose circle reaches into another agency."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from tests.backend.courts.docket import Docket, a_docket, join
from tests.world import Caller, World

NOW = datetime(2031, 3, 12, 9, tzinfo=UTC)
LAW = {"law": "Act on Return", "article": "4"}


@dataclass
class Abroad:
    """A plan with a court file, and an officer and a worker of another agency in its circle."""

    world: World
    docket: Docket
    there: UUID
    head: Caller
    officer: Caller
    worker: Caller

    async def flows(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await self.head.get("/flows")).json()
        return listed

    async def end(self, id_: object) -> None:
        answer = await self.head.post(f"/flows/{id_}/end", version=1)
        assert answer.status_code == 200, answer.text

    def calls(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Everything that a mandate across agencies opens, as what its answer is."""
        plan, officer, worker = self.docket.plan, self.officer, self.worker
        subject = "&".join(f"{name}={value}" for name, value in self.docket.subject().items())
        return {
            "getPlan": lambda: officer.get(f"/plans/{plan}"),
            "getPlan, all": lambda: worker.get(f"/plans/{plan}?show=all"),
            "listAccess": lambda: worker.get(f"/plans/{plan}/access"),
            "draftSummary": lambda: officer.get(f"/plans/{plan}/summaries/draft?{subject}"),
            "planAppointment": lambda: officer.post(f"/plans/{plan}/appointments", _a_date()),
            "logContact": lambda: officer.post(f"/plans/{plan}/contacts", _a_contact()),
            "bindCourtFile": lambda: officer.post(f"/plans/{plan}/court-files", self._file()),
            "addCircleMember": lambda: worker.post(f"/plans/{plan}/circle", _an_aunt()),
            "recordConsent": lambda: worker.post(f"/plans/{plan}/consents", _an_answer()),
            "page": lambda: officer.get(f"/plans/{plan}?show=all"),
        }

    def _file(self) -> dict[str, Any]:
        return {"client": str(self.docket.court.id), "reference": f"7/{uuid4().hex[:6]}"}


async def a_plan_abroad(world: World) -> Abroad:
    docket = await a_docket(world)
    there = await world.an_agency(name="Elsewhere")
    head = await world.somebody("AD")
    officer = await world.somebody("PO", agency=there)
    worker = await world.somebody("SW", agency=there)
    await join(world, docket.worker, docket.plan, officer, "PO")
    await join(world, docket.worker, docket.plan, worker, "SW")
    return Abroad(world, docket, there, head, officer, worker)


def _a_date() -> dict[str, Any]:
    day = (clock.today("Africa/Tunis") + timedelta(days=3)).isoformat()
    return {"role": "PO", "held_on": day, "held_at": "10:00:00"}


def _a_contact() -> dict[str, Any]:
    day = clock.today("Africa/Tunis").isoformat()
    return {"how": "phone", "outcome": "tried", "made_on": day}


def _an_aunt() -> dict[str, Any]:
    return {"role": "FA", "name": "Invented Aunt", "language": "en"}


def _an_answer() -> dict[str, Any]:
    return {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "accepted"}


def what_is_sent(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    unlike = {"x-request-id", "date"}
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name not in unlike},
    )
