"""A short review of needs at the desk: one form for a talk of ten minutes."""

from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath

from backend.access import Actor, require
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.needs import actions, reading, rules
from backend.needs.bank import proposed
from backend.needs.views import RecordShortReview
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of

NOTHING = {"", "not_discussed"}  # of these nothing is written down


class ShortReviewPageController(Controller):
    path = "/plans/{plan_id:uuid}/needs/short"

    @get("/")
    async def short(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        return await _short(request, plan_id)

    @post("/")
    async def record(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """All of the talk or nothing of it; what was typed stays where it is refused."""

        async def act(actor: Actor, form: Form) -> Written:
            return await actions.record_short_review(actor, plan_id, _given(form).review())

        return await submit(
            request,
            "recordShortReview",
            act,
            lambda _: go(f"/desk/plans/{plan_id}/needs?saved=recordShortReview"),
            lambda tried: _short(request, plan_id, tried),
        )


def _given(form: Form) -> RecordShortReview:
    return form.read(
        RecordShortReview,
        areas=[one for area in rules.AREAS if (one := _area(form, area))],
        steps=[one for n in range(rules.MOST_STEPS) if (one := _step(form, n))],
        interpreter=form.one("interpreter") == "true",
        own_ok=form.one("own_ok") == "true",
        looked=form.one("looked") == "true",
    )


def _area(form: Form, area: str) -> dict[str, Any] | None:
    """What was chosen in the line of an area; nothing where it was not spoken of."""
    names = {"own": f"own_{area}", "view": f"view_{area}", "since_last_time": f"since_{area}"}
    said = {part: word for part, name in names.items() if (word := form.one(name)) not in NOTHING}
    return {"area": area, **said} if said else None


def _step(form: Form, n: int) -> dict[str, str] | None:
    """An owner alone is no step: one of them is always chosen."""
    given = {part: form.one(f"{part}_{n}").strip() for part in ("item", "due_on", "owner")}
    said = {part: word for part, word in given.items() if word}
    return said if said.keys() & {"item", "due_on"} else None


async def _short(request: HttpRequest, plan_id: UUID, tried: Attempt | None = None) -> Page:
    actor = actor_of(request)
    require(actor, "recordShortReview")
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        held = await reading.list_reviews(actor, plan_id)
        office = await office_of(actor)
    return show(
        request,
        "needs_short.html",
        tried=tried,
        **sheet.values(),
        office=office,
        open=any(one["closed_at"] is None for one in held),
        areas=rules.AREAS,
        last_area=rules.AREAS[-1],
        steps=range(rules.MOST_STEPS),
        items={area: proposed(area) for area in rules.AREAS},
    )
