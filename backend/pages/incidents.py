"""Incidents of the agency, what is due for each, and the drafts of its notices."""

from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import Unfit
from backend.incidents import actions
from backend.incidents.routes import AmendIncident, CloseIncident, RecordNotice
from backend.incidents.rules import KINDS
from backend.once import Written
from backend.pages.door import DESK
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.words import Note


class _Noticed(msgspec.Struct):
    """As a browser sends it: a day and a time of the agency's own clock."""

    kind: str
    day: date
    at: time
    description: Note


class IncidentPageController(Controller):
    path = "/incidents"

    @get("/")
    async def incidents(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _incidents(request, saved=saved)

    @post("/")
    async def record(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(_Noticed)
            zone = ZoneInfo((await office_of(actor)).zone)
            noticed = datetime.combine(given.day, given.at, zone)
            return await actions.record_incident(
                actor,
                actions.NewIncident(given.kind, noticed, given.description, _ids(form)),
            )

        return await self._save(request, "recordIncident", act)

    @post("/{incident_id:uuid}/touched")
    async def amend(self, request: HttpRequest, incident_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.amend_incident(actor, incident_id, form.seen, _ids(form))

        return await self._save(request, "amendIncident", act)

    @get("/{incident_id:uuid}/notice")
    async def notice(
        self, request: HttpRequest, incident_id: FromPath[UUID], to: FromQuery[str]
    ) -> Page:
        """To copy into a letter; nothing is sent from here."""
        language, text = await actions.draft_notice(actor_of(request), incident_id, to)
        return show(request, "notice.html", to=to, language=language, text=text)

    @post("/{incident_id:uuid}/notices")
    async def record_notice(self, request: HttpRequest, incident_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(RecordNotice)
            return await actions.record_notice(
                actor, incident_id, form.seen, to=given.to, how=given.how
            )

        return await self._save(request, "recordNotice", act)

    @post("/{incident_id:uuid}/close")
    async def close(self, request: HttpRequest, incident_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            outcome = form.read(CloseIncident).outcome
            return await actions.close_incident(actor, incident_id, form.seen, outcome)

        return await self._save(request, "closeIncident", act)

    async def _save(self, request: HttpRequest, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"{DESK}/incidents?saved={operation}"),
            lambda tried: _incidents(request, tried),
        )


def _ids(form: Form) -> list[UUID]:
    """Ids with anything between them that is no part of one. Raises Unfit."""
    words = form.one("touched").replace(",", " ").split()
    try:
        return msgspec.convert({"touched": words}, AmendIncident).touched
    except msgspec.ValidationError as error:
        raise Unfit("These are no ids of plans or people.", field="touched") from error


async def _incidents(
    request: HttpRequest, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        rows = await actions.list_incidents(actor)
        office = await office_of(actor)
    return show(
        request,
        "incidents.html",
        tried=tried,
        incidents=rows,
        kinds=KINDS,
        zone=office.zone,
        saved=saved,
    )
