"""What belongs to the agency and to no plan, as one list of ways on."""

from litestar import Controller, get

from backend.doors import HttpRequest
from backend.pages.html import Page, show

AGENCY = "/desk/agency"


class AgencyPageController(Controller):
    path = "/agency"

    @get("/")
    async def agency(self, request: HttpRequest) -> Page:
        return show(request, "agency.html")
