"""The record for an officer and an auditor, beside the incidents: ids, codes and instants.

Mandates, the yes and the counts have pages of their own, for who may ask for them.
"""

from zoneinfo import ZoneInfo

from litestar import Controller, get
from litestar.params import FromQuery

from backend.audit import counts, officer
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

    @get("/mandates")
    async def mandates(self, request: HttpRequest, cursor: FromQuery[str | None] = None) -> Page:
        actor = actor_of(request)
        async with transaction(actor.id):
            office = await office_of(actor)
            rows = await officer.list_agency_mandates(actor, officer.page_after(cursor))
        return show(
            request,
            "record_mandates.html",
            rows=rows,
            more=officer.following(rows, "starts"),
            zone=ZoneInfo(office.zone),
        )

    @get("/consents")
    async def consents(self, request: HttpRequest, cursor: FromQuery[str | None] = None) -> Page:
        actor = actor_of(request)
        async with transaction(actor.id):
            office = await office_of(actor)
            rows = await officer.list_agency_consents(actor, officer.page_after(cursor))
        return show(
            request,
            "record_consents.html",
            rows=rows,
            more=officer.following(rows, "given_at"),
            zone=ZoneInfo(office.zone),
        )

    @get("/counts")
    async def count(self, request: HttpRequest, month: FromQuery[str | None] = None) -> Page:
        found = await counts.count_records(actor_of(request), month or None)
        return show(request, "record_counts.html", found=found)
