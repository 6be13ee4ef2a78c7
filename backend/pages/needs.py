"""Reviews of needs and strengths at the desk: a list, a review, and one area at a time."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound, Unfit
from backend.needs import actions, reading, rules, writing
from backend.needs.bank import proposed
from backend.needs.views import (
    AgreeStep,
    BeginReview,
    CloseReview,
    LifeChange,
    OwnColumn,
    WorkersColumn,
)
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of

OWN, VIEW = "own_", "view_"  # what the names of fields begin with, one column beside the other


class NeedsPageController(Controller):
    path = "/plans/{plan_id:uuid}/needs"

    @get("/")
    async def reviews(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _reviews(request, plan_id, saved=saved)

    @post("/")
    async def begin(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(BeginReview)
            kept = (given.held_on, given.language, given.interpreter, given.substances)
            return await actions.begin_review(actor, plan_id, writing.NewReview(*kept))

        return await self._save(request, plan_id, "beginNeedsReview", act)

    @post("/changes")
    async def changed(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """One tap of a list of words: none of them is kept."""

        async def act(actor: Actor, form: Form) -> Written:
            return await actions.note_life_change(actor, plan_id, form.read(LifeChange).what)

        return await self._save(request, plan_id, "noteLifeChange", act)

    @post("/{review_id:uuid}/close")
    async def close(
        self, request: HttpRequest, plan_id: FromPath[UUID], review_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(CloseReview, interpreter=form.one("interpreter") == "true")
            held_as = writing.AsHeld(given.held_on, given.language, given.interpreter)
            return await actions.close_review(actor, review_id, form.seen, held_as)

        return await self._save(request, plan_id, "closeNeedsReview", act)

    @get("/areas/{area_id:uuid}")
    async def area(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        area_id: FromPath[UUID],
        saved: FromQuery[str] = "",
    ) -> Page:
        return await _area(request, plan_id, area_id, saved=saved)

    @post("/areas/{area_id:uuid}")
    async def save(
        self, request: HttpRequest, plan_id: FromPath[UUID], area_id: FromPath[UUID]
    ) -> Page:
        """One area, with both columns; the person's goes along where they agree."""

        async def act(actor: Actor, form: Form) -> Written:
            own_ok, own = bool(form.one("own_ok")), _column(form, OWN, OwnColumn)
            if not own_ok and _plain(own) != _plain(await _stands(actor, plan_id, area_id)):
                raise Unfit("Nothing is written there without the person's yes.", field="own_ok")
            change = writing.AreaChange(
                own if own_ok else None,
                _column(form, VIEW, WorkersColumn),
                own_ok,
                looked=bool(form.one("looked")),
            )
            return await actions.save_area(actor, area_id, form.seen, change)

        return await self._save_area(request, plan_id, area_id, "saveNeedsArea", act)

    @post("/areas/{area_id:uuid}/step")
    async def agree(
        self, request: HttpRequest, plan_id: FromPath[UUID], area_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(AgreeStep)
            step = writing.Step(given.item, given.due_on, given.owner)
            return await actions.agree_step(actor, area_id, form.seen, step)

        return await self._save_area(request, plan_id, area_id, "agreeStep", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"/desk/plans/{plan_id}/needs?saved={operation}"),
            lambda tried: _reviews(request, plan_id, tried),
        )

    async def _save_area(
        self, request: HttpRequest, plan_id: UUID, area_id: UUID, operation: str, act: Act
    ) -> Page:
        here = f"/desk/plans/{plan_id}/needs/areas/{area_id}"
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"{here}?saved={operation}"),
            lambda tried: _area(request, plan_id, area_id, tried),
        )


async def _stands(actor: Actor, plan_id: UUID, area_id: UUID) -> rules.Column:
    """The person's column as it stands; one that nobody has written is not discussed."""
    for review in await reading.list_reviews(actor, plan_id):
        for area in review["areas"]:
            if area["id"] == area_id and area["own"] is not None:
                column: rules.Column = area["own"]
                return column
    return OwnColumn("not_discussed").column()


def _plain(column: rules.Column) -> rules.Column:
    return replace(column, strengths=tuple(column.strengths))


def _column(form: Form, prefix: str, type_: type[Any]) -> rules.Column:
    """The fields of one column, under the rules of the API; strengths are one a line."""
    named = tuple(
        (name.removeprefix(prefix), value) for name, value in form.fields if name.startswith(prefix)
    )
    lines = Form(form.path, named).one("strengths").splitlines()
    strengths = [line.strip() for line in lines if line.strip()]
    read: rules.Column = Form(form.path, named).read(type_, strengths=strengths).column()
    return read


async def _reviews(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        held = await reading.list_reviews(actor, plan_id)
        office = await office_of(actor)
    return show(
        request,
        "needs.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        office=office,
        open=next((one for one in held if one["closed_at"] is None), None),
        closed=[one for one in held if one["closed_at"] is not None],
    )


async def _area(
    request: HttpRequest,
    plan_id: UUID,
    area_id: UUID,
    tried: Attempt | None = None,
    *,
    saved: str = "",
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        held = await reading.list_reviews(actor, plan_id)
    for review in held:
        for area in review["areas"]:
            if area["id"] == area_id:
                last = _last_time(held, review, area["area"])
                return show(
                    request,
                    "needs_area.html",
                    tried=tried,
                    **sheet.values(),
                    saved=saved,
                    review=review,
                    area=area,
                    last=last,
                    next=_next(review, area),
                    items=proposed(area["area"]),
                    wordless=area["area"] == rules.HEALTH,
                    word_alone=area["area"] == rules.BALANCE,
                    tellers=rules.MAY_HAVE_TOLD,
                )
    raise NotFound


def _last_time(held: Any, review: Any, area: str) -> Any:
    """The same area of the review before, to be read beside: nothing compares the two."""
    before = [one for one in held if one["closed_at"] and one["id"] != review["id"]]
    return next((one for past in before[:1] for one in past["areas"] if one["area"] == area), None)


def _next(review: Any, area: Any) -> Any:
    areas = review["areas"]
    at = next(n for n, one in enumerate(areas) if one["id"] == area["id"])
    return areas[at + 1] if at + 1 < len(areas) else None
