"""One card for one visit, saved at once."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath

from backend.access import Actor, require
from backend.contacts.actions import HOW, Tick, Visit, record_visit
from backend.contacts.routes import RecordVisit
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.plans import rules


class VisitController(Controller):
    path = "/plans/{plan_id:uuid}"

    @get("/visit")
    async def visit(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        return await _card(request, plan_id)

    @post("/visit")
    async def record(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """All of the card or nothing of it."""

        async def act(actor: Actor, form: Form) -> Written:
            return await record_visit(actor, plan_id, form.seen, _visit(form))

        return await submit(
            request,
            "recordVisit",
            act,
            lambda written: go(f"/desk/plans/{plan_id}?saved=visit&act={written.id}"),
            lambda tried: _card(request, plan_id, tried),
        )


def _ticks(form: Form) -> dict[str, str]:
    """The ticked rows with the version at which each was shown."""
    return dict(given.partition(".")[::2] for given in form.all("tick"))


def _visit(form: Form) -> Visit:
    ticks = [{"milestone": row, "version": seen} for row, seen in _ticks(form).items()]
    given = form.read(RecordVisit, ticks=ticks)
    return Visit(
        given.how,
        given.made_on,
        [Tick(tick.milestone, tick.version) for tick in given.ticks],
        given.next_on,
        given.next_at,
    )


async def _card(request: HttpRequest, plan_id: UUID, tried: Attempt | None = None) -> Page:
    actor = actor_of(request)
    require(actor, "recordVisit")
    sheet = await sheet_of(actor, plan_id)
    read, ticked = sheet.read, _ticks(tried.form) if tried else {}
    open_ = {m["id"] for m in read.milestones if m["state"] in rules.OPEN}
    soon = {
        m["id"]
        for m in read.milestones
        if rules.is_soon(m, read.today, left_custody=read.left_custody)
    }
    rows = [row for row in (sheet.view.milestones or []) if row.id in open_]
    return show(
        request,
        "visit.html",
        tried=tried,
        **sheet.values(),
        how=HOW,
        soon=[row for row in rows if row.id in soon],
        later=[row for row in rows if row.id not in soon],
        ticked=ticked,
        changed=[
            row
            for row in sheet.view.milestones or []
            if str(row.id) in ticked and ticked[str(row.id)] != str(row.version)
        ],
    )
