"""The record for an officer and an auditor, beside the incidents: ids, codes and instants."""

from litestar import Controller, get
from litestar.params import FromQuery

from backend.audit import officer
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.pages.html import Page, show
from backend.pages.reading import office_of


class OfficerPageController(Controller):
    path = "/record"

    @get("/")
    async def record(self, request: HttpRequest, before: FromQuery[int | None] = None) -> Page:
        actor = actor_of(request)
        async with transaction(actor.id):
            office = await office_of(actor)
            acts = await officer.list_record(actor, before=before)
            holds = await officer.list_agency_holds(actor) if actor.role == "DP" else None
            proofs = await officer.list_proofs(actor)
        more = acts[-1]["id"] if len(acts) == officer.A_PAGE else None
        return show(
            request,
            "record.html",
            acts=acts,
            holds=holds,
            proofs=proofs,
            more=more,
            zone=office.zone,
        )
