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
from backend.needs import actions, reading, writing
from backend.needs.views import (
    AgreeStep,
    BeginReview,
    CloseReview,
    LifeChange,
    NeedsReviewsView,
    NeedsReviewView,
    RecordShortReview,
    SaveArea,
)
from backend.problems import documented

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, NotFromThisState)
CHANGE = (*WRITE, VersionMissing, VersionStale)


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
        found = await reading.list_reviews(actor_of(request), plan_id)
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
        new = writing.NewReview(**values)
        return plain(
            await write(
                request,
                "beginNeedsReview",
                lambda actor: actions.begin_review(actor, plan_id, new),
            )
        )

    @post(
        "/plans/{plan_id:uuid}/needs-reviews/short",
        operation_id="recordShortReview",
        responses=documented(*WRITE),
    )
    async def record_short(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RecordShortReview]
    ) -> WrittenReply:
        """A talk of ten minutes at once: areas, up to three steps, and closed. All or nothing."""
        return plain(
            await write(
                request,
                "recordShortReview",
                lambda actor: actions.record_short_review(actor, plan_id, data.review()),
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
        step = writing.Step(data.item, data.due_on, data.owner)
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
        held_as = writing.AsHeld(**msgspec.structs.asdict(data))
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
