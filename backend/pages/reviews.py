"""What was done without a second person, to whoever looks at it from outside."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.door import DESK
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.second import actions
from backend.second.routes import RecordReview
from backend.second.rules import FINDINGS


class ReviewPageController(Controller):
    path = "/reviews"

    @get("/")
    async def reviews(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _reviews(request, saved=saved)

    @post("/{review_id:uuid}")
    async def record(self, request: HttpRequest, review_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            finding = form.read(RecordReview).finding
            return await actions.record_review(actor, review_id, form.seen, finding)

        return await submit(
            request,
            "recordReview",
            act,
            lambda _: go(f"{DESK}/reviews?saved=recordReview"),
            lambda tried: _reviews(request, tried),
        )


async def _reviews(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        rows = await actions.list_reviews(actor)
        office = await office_of(actor)
    return show(
        request,
        "reviews.html",
        tried=tried,
        reviews=rows,
        findings=FINDINGS,
        zone=office.zone,
        saved=saved,
    )
