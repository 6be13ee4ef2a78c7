"""What may leave the agency: the registry, for who keeps it and for who answers for it."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import OPERATIONS, Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import Unfit
from backend.flows import actions, rules
from backend.flows.routes import ConfirmFlow, RecordFlow
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.words import PURPOSES

HERE = "/desk/flows"


class FlowPageController(Controller):
    path = "/flows"

    @get("/")
    async def flows(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _flows(request, saved=saved)

    @post("/")
    async def record(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            office = await office_of(actor)
            return await actions.record_flow(actor, _new(form, office.zone))

        return await self._save(request, "recordFlow", act)

    @post("/{flow_id:uuid}/confirm")
    async def confirm(self, request: HttpRequest, flow_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ConfirmFlow)
            confirmation = actions.Confirmation(given.responsible, given.law, given.article)
            return await actions.confirm_flow(actor, flow_id, form.seen, confirmation)

        return await self._save(request, "confirmFlow", act)

    @post("/{flow_id:uuid}/end")
    async def end(self, request: HttpRequest, flow_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_flow(actor, flow_id, form.seen)

        return await self._save(request, "endFlow", act)

    async def _save(self, request: HttpRequest, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"{HERE}?saved={operation}"),
            lambda tried: _flows(request, tried),
        )


def _new(form: Form, zone: str) -> actions.NewFlow:
    """The form names a receiver as its kind and, after a colon, who; a last day counts whole."""
    kind, _, who = form.one("to").partition(":")
    named = {"agency": "to_agency", "court": "court", "chat": "to_role"}.get(kind)
    ready: dict[str, object] = {"kind": kind, "groups": form.all("groups"), "until": None}
    if named:
        ready[named] = who
    if form.one("until"):
        try:
            last = datetime.combine(
                datetime.fromisoformat(form.one("until")), time(), ZoneInfo(zone)
            )
        except ValueError as error:
            raise Unfit("This is no day.", field="until") from error
        ready["until"] = last + timedelta(days=1)
    return form.read(RecordFlow, **ready).flow()


async def _flows(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        flows = await actions.list_flows(actor)
        office = await office_of(actor)
        writes = actor.role in OPERATIONS["recordFlow"]
        others = await actions.receivers(actor) if writes else []
        staff = await actions.colleagues(actor) if writes else []
    return show(
        request,
        "flows.html",
        tried=tried,
        standing=[flow for flow in flows if flow["ended_at"] is None],
        ended=[flow for flow in flows if flow["ended_at"] is not None],
        receivers=[
            (f"{'court' if one['is_court'] else 'agency'}:{one['id']}", one["name"])
            for one in others
        ],
        staff=[(one["id"], f"{one['alias']} ({one['role']})") for one in staff],
        groups=sorted(rules.OF_KIND["agency"]),
        purposes=PURPOSES,
        bases=rules.BASES,
        zone=office.zone,
        saved=saved,
    )
