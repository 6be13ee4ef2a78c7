from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.matrix import of
from backend.needs import actions, rules
from backend.problems import documented
from backend.words import Language, Line, Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, NotFromThisState)
CHANGE = (*WRITE, VersionMissing, VersionStale)
REVIEW = of("review")


class BeginReview(msgspec.Struct, forbid_unknown_fields=True):
    """`substances`: the person wants to speak of alcohol, drugs or gambling too."""

    held_on: date
    language: Language
    interpreter: bool = False
    substances: bool = False
    id: UUID | None = None


class OwnColumn(msgspec.Struct, forbid_unknown_fields=True):
    """What the person says. Of health `treatment` alone: whether one goes on."""

    status: str = "not_discussed"
    strengths: Annotated[list[Line], msgspec.Meta(max_length=rules.MOST_STRENGTHS)] = []
    what_helps: Note | None = None
    wish: Note | None = None
    since_last_time: str | None = None
    treatment: bool | None = None

    def column(self) -> rules.Column:
        return rules.Column(**msgspec.structs.asdict(self))


class WorkersColumn(msgspec.Struct, forbid_unknown_fields=True):
    """What the worker sees, and from where they know; of inner balance the status alone."""

    status: str = "not_discussed"
    strengths: Annotated[list[Line], msgspec.Meta(max_length=rules.MOST_STRENGTHS)] = []
    what_helps: Note | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None
    released: bool = False

    def column(self) -> rules.Column:
        return rules.Column(**msgspec.structs.asdict(self))


class SaveArea(msgspec.Struct, forbid_unknown_fields=True):
    """A column that is not there stays as it is."""

    own: OwnColumn | None = None
    view: WorkersColumn | None = None
    own_ok: bool = False
    looked: bool = False

    def change(self) -> actions.AreaChange:
        return actions.AreaChange(
            None if self.own is None else self.own.column(),
            None if self.view is None else self.view.column(),
            self.own_ok,
            self.looked,
        )


class AgreeStep(msgspec.Struct, forbid_unknown_fields=True):
    item: Line
    due_on: date
    owner: str = "SW"


class CloseReview(msgspec.Struct, forbid_unknown_fields=True):
    held_on: date | None = None
    language: Language | None = None
    interpreter: bool | None = None


class LifeChange(msgspec.Struct, forbid_unknown_fields=True):
    """`what` is checked and written nowhere."""

    what: str


class ColumnView(msgspec.Struct, omit_defaults=True):
    """The words of status are in no order."""

    status: str
    strengths: list[str] = []
    what_helps: str | None = None
    wish: str | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None

    @classmethod
    def of(cls, column: rules.Column | None) -> "ColumnView | None":
        if column is None:
            return None
        values = {name: getattr(column, name) for name in cls.__struct_fields__}
        return cls(**{**values, "strengths": list(column.strengths)})


class StepView(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    state: str
    due_on: date | None


class AreaView(msgspec.Struct, omit_defaults=True):
    """`seen` is for If-Match, and says nothing: there is no number in a review."""

    id: UUID
    seen: str
    area: Annotated[str, REVIEW]
    own: Annotated[ColumnView | None, REVIEW] = None
    view: Annotated[ColumnView | None, REVIEW] = None
    step: Annotated[StepView | None, REVIEW] = None

    @classmethod
    def of(cls, one: dict[str, Any]) -> "AreaView":
        step = None
        if one["agreed"] is not None:
            about = (one["code"], one["title"], one["step_state"], one["step_due"])
            step = StepView(one["agreed"], *about)
        columns = ColumnView.of(one["own"]), ColumnView.of(one["view"])
        return cls(one["id"], str(one["version"]), one["area"], *columns, step)


class NeedsReviewView(msgspec.Struct):
    """A review, with its areas always in the same order. `held_by` is the worker's alias."""

    id: UUID
    seen: str
    held_on: Annotated[date, REVIEW]
    held_by: Annotated[str | None, REVIEW]
    language: Annotated[str, REVIEW]
    interpreter: Annotated[bool, REVIEW]
    closed: Annotated[bool, REVIEW]
    settles: Annotated[UUID | None, REVIEW]
    areas: Annotated[list[AreaView], REVIEW]

    @classmethod
    def of(cls, one: dict[str, Any]) -> "NeedsReviewView":
        return cls(
            one["id"],
            str(one["version"]),
            one["held_on"],
            one["alias"],
            one["language"],
            one["interpreter"],
            one["closed_at"] is not None,
            one["settles"],
            [AreaView.of(area) for area in one["areas"]],
        )


class NeedsReviewsView(msgspec.Struct):
    reviews: list[NeedsReviewView]


class NeedsController(Controller):
    tags = ["needs"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/needs-reviews",
        operation_id="listNeedsReviews",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_reviews(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[NeedsReviewsView]:
        """The reviews of needs and strengths, the newest first; both columns as they were said."""
        found = await actions.list_reviews(actor_of(request), plan_id)
        view = NeedsReviewsView([NeedsReviewView.of(one) for one in found])
        return Response(view, headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/needs-reviews",
        operation_id="beginNeedsReview",
        responses=documented(*WRITE),
    )
    async def begin(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[BeginReview]
    ) -> WrittenReply:
        """Begin a review that is held with the person; nothing in it has to be answered."""
        values = {**msgspec.structs.asdict(data), "id": data.id or uuid4()}
        new = actions.NewReview(**values)
        return plain(
            await write(
                request,
                "beginNeedsReview",
                lambda actor: actions.begin_review(actor, plan_id, new),
            )
        )

    @put(
        "/needs-areas/{area_id:uuid}",
        operation_id="saveNeedsArea",
        responses=documented(*CHANGE),
    )
    async def save(
        self, request: HttpRequest, area_id: FromPath[UUID], data: JSONBody[SaveArea]
    ) -> WrittenReply:
        """Write what both say of one area; the person's column with their ok alone."""
        return plain(
            await change(
                request,
                "saveNeedsArea",
                lambda actor, seen: actions.save_area(actor, area_id, seen, data.change()),
            )
        )

    @post(
        "/needs-areas/{area_id:uuid}/step", operation_id="agreeStep", responses=documented(*CHANGE)
    )
    async def agree(
        self, request: HttpRequest, area_id: FromPath[UUID], data: JSONBody[AgreeStep]
    ) -> WrittenReply:
        """What both agreed on becomes a row of the plan, with a day and somebody whose it is."""
        step = actions.Step(data.item, data.due_on, data.owner)
        return plain(
            await change(
                request,
                "agreeStep",
                lambda actor, seen: actions.agree_step(actor, area_id, seen, step),
            )
        )

    @post(
        "/needs-reviews/{review_id:uuid}/close",
        operation_id="closeNeedsReview",
        responses=documented(*CHANGE),
    )
    async def close(
        self, request: HttpRequest, review_id: FromPath[UUID], data: JSONBody[CloseReview]
    ) -> WrittenReply:
        """Close it: nothing of it changes any more, and the row that asked for it is done."""
        held_as = actions.AsHeld(**msgspec.structs.asdict(data))
        return plain(
            await change(
                request,
                "closeNeedsReview",
                lambda actor, seen: actions.close_review(actor, review_id, seen, held_as),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/life-changes",
        operation_id="noteLifeChange",
        responses=documented(*WRITE),
    )
    async def life_change(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[LifeChange]
    ) -> WrittenReply:
        """Something has changed: its worker is asked to talk about another review."""
        return plain(
            await write(
                request,
                "noteLifeChange",
                lambda actor: actions.note_life_change(actor, plan_id, data.what),
            )
        )
