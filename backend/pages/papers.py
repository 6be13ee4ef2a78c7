"""A plan as a picture, and the sheets that are printed for who has no phone."""

from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery

from backend.access import require
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.pages.html import LANGUAGE, Page, show
from backend.pages.plan import sheet_of
from backend.papers import rules
from backend.papers.actions import picture_of, print_sheet
from backend.papers.routes import PDF, PRINTED
from backend.papers.wording import LANGUAGES, Words
from backend.plans.actions.reading import PlanRead
from backend.plans.actions.reopening import open_return
from backend.templates.actions import template_of_plan


class PaperPageController(Controller):
    path = "/plans/{plan_id:uuid}/papers"

    @get("/")
    async def papers(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The picture of what its reader sees, and the sheets that they may print."""
        actor = actor_of(request)
        require(actor, "drawTimeline")
        async with transaction(actor.id):
            sheet = await sheet_of(actor, plan_id)
            back = await open_return(plan_id)
            own = await template_of_plan(plan_id)
        person = sheet.view.person
        spoken = getattr(person, "language", "")
        return show(
            request,
            "papers.html",
            **sheet.values(),
            drawn=picture_of(sheet.read, Words(LANGUAGE, own=own)),
            sheets=_sheets_of(sheet.read, inside_again=back is not None),
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


def _sheets_of(read: PlanRead, *, inside_again: bool) -> list[str]:
    outside = read.left_custody and not inside_again
    if rules.barred(read.role, read.row["state"], left_custody=outside) is not None:
        return []
    return [name for name, roles in rules.SHEETS.items() if read.role in roles]
