"""A plan as a picture, and the sheets that are printed for who has no phone."""

from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery

from backend.access import require
from backend.doors import HttpRequest, actor_of
from backend.pages.html import LANGUAGE, Page, show
from backend.pages.plan import sheet_of
from backend.papers import rules
from backend.papers.actions import picture_of, print_sheet
from backend.papers.routes import PDF, PRINTED
from backend.papers.wording import LANGUAGES, Words
from backend.plans.actions.reading import PlanRead


class PaperPageController(Controller):
    path = "/plans/{plan_id:uuid}/papers"

    @get("/")
    async def papers(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The picture of what its reader sees, and the sheets that they may print."""
        actor = actor_of(request)
        require(actor, "drawTimeline")
        sheet = await sheet_of(actor, plan_id)
        person = sheet.view.person
        spoken = getattr(person, "language", "")
        return show(
            request,
            "papers.html",
            **sheet.values(),
            drawn=picture_of(sheet.read, Words(LANGUAGE)),
            sheets=_sheets_of(sheet.read),
            languages=LANGUAGES,
            spoken=spoken if spoken in LANGUAGES else "",
        )

    @get("/print")
    async def print(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        sheet: FromQuery[str] = "",
        language: FromQuery[str] = "",
    ) -> Response[bytes]:
        body = await print_sheet(actor_of(request), plan_id, sheet, language)
        return Response(body, media_type=PDF, headers=PRINTED)


def _sheets_of(read: PlanRead) -> list[str]:
    if rules.barred(read.role, read.row["state"], left_custody=read.left_custody) is not None:
        return []
    return [name for name, roles in rules.SHEETS.items() if read.role in roles]
