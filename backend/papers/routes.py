"""Sheets and a picture of a plan over HTTP."""

from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery

from backend.doors import NO_STORE, HttpRequest, actor_of
from backend.errors import NotFound, NotFromThisState, NotYourRole, TooMuch, Unfit
from backend.papers.actions import draw_timeline, print_sheet
from backend.problems import documented

PDF, SVG = "application/pdf", "image/svg+xml"
# Should a browser ever show it by itself, it asks nobody for anything and runs nothing.
ALONE = {"Content-Security-Policy": "default-src 'none'; sandbox", **NO_STORE}
# To be printed from where it is shown: no copy stays in a folder of downloads, and its name
# says nothing where one does.
PRINTED = {**NO_STORE, "Content-Disposition": 'inline; filename="sheet.pdf"'}


class PaperController(Controller):
    path = "/plans/{plan_id:uuid}"
    tags = ["papers"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/papers/{sheet:str}",
        operation_id="printSheet",
        media_type=PDF,
        responses=documented(NotYourRole, NotFound, NotFromThisState, Unfit, TooMuch),
    )
    async def sheet(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        sheet: FromPath[str],
        language: FromQuery[str | None] = None,
    ) -> Response[bytes]:
        """A sheet for the person, on one page: plan, day-one, 72-hours, two-weeks or card.

        In their language unless another is asked for; one that nobody has written it in is refused.
        """
        body = await print_sheet(actor_of(request), plan_id, sheet, language)
        return Response(body, media_type=PDF, headers=PRINTED)

    @get(
        "/timeline.svg",
        operation_id="drawTimeline",
        media_type=SVG,
        responses=documented(NotYourRole, NotFound, Unfit, TooMuch),
    )
    async def timeline(
        self, request: HttpRequest, plan_id: FromPath[UUID], language: FromQuery[str] = "en"
    ) -> Response[str]:
        """The rows that you may see as a picture, around the release day."""
        drawn = await draw_timeline(actor_of(request), plan_id, language)
        return Response(drawn, media_type=SVG, headers=ALONE)
