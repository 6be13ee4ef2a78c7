"""What belongs to the agency and to no plan: a list of ways on, and what is not in order there."""

from litestar import Controller, get

from backend.doors import HttpRequest, actor_of
from backend.pages.html import Page, show
from backend.staff.asked import less_asked

AGENCY = "/desk/agency"


class AgencyPageController(Controller):
    path = "/agency"

    @get("/")
    async def agency(self, request: HttpRequest) -> Page:
        return show(request, "agency.html", less=await less_asked(actor_of(request)))
