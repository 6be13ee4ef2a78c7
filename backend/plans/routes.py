"""Plans and milestones over HTTP: translate, call, translate."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from backend import cursors
from backend.doors import (
    IN_SQL,
    NO_STORE,
    HttpRequest,
    WrittenReply,
    actor_of,
    answer,
    at_once,
    change,
    change_at_once,
    plain,
    write,
)
from backend.errors import (
    BadInput,
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    PlanAlreadyOpen,
    Taken,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.evidence.actions import get_milestone
from backend.evidence.views import RowView
from backend.plans.actions import (
    caseload,
    ending,
    finding,
    milestones,
    moving,
    opening,
    reading,
    release,
    reopening,
    returning,
    undoing,
    unplanned,
)
from backend.plans.actions.pathways import get_pathways
from backend.plans.filters import Filters, Release, View
from backend.plans.release_views import (
    LeftCustody,
    MoveRelease,
    MoveView,
    PlanOpened,
    PreviewView,
    move_view,
    preview_view,
)
from backend.plans.views import (
    CaseloadView,
    ChangeMilestone,
    EventView,
    FindPerson,
    OpenPlan,
    PathwaysView,
    PlanState,
    PlanView,
    new_plan,
)
from backend.problems import documented
from backend.templates.reading import PATHWAY

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)
Limit = Annotated[int, QueryParameter(ge=1, le=100)]
InPathway = Annotated[str | None, QueryParameter(pattern=PATHWAY)]


class PlanController(Controller):
    path = "/plans"
    tags = ["plans"]  # noqa: RUF012 - Litestar declares it so

    @post("/", operation_id="openPlan", responses=documented(*WRITE, PlanAlreadyOpen, Taken))
    async def open(self, request: HttpRequest, data: JSONBody[OpenPlan]) -> Response[PlanOpened]:
        """Open a plan for a person who has none open; answers what to think of about its day."""
        new = new_plan(data)
        written = await write(request, "openPlan", lambda actor: opening.open_plan(actor, new))
        cautions = await moving.cautions_of(actor_of(request), written.id)
        return answer(written, PlanOpened(written.id, written.version, list(cautions)))

    @get(
        "/",
        operation_id="listPlans",
        opt={IN_SQL: True},
        responses=documented(NotYourRole, BadInput),
    )
    async def list_plans(
        self,
        request: HttpRequest,
        *,
        cursor: FromQuery[str | None] = None,
        limit: Limit = 50,
        view: FromQuery[View | None] = None,
        release: FromQuery[Release | None] = None,
        pathway: InPathway = None,
        worker: FromQuery[UUID | None] = None,
        agency: FromQuery[UUID | None] = None,
    ) -> Response[CaseloadView]:
        """My caseload by next due date, keyset pages; what it is filtered by holds together.

        By what one's role is not told nothing is filtered: `release` is for who is told the day,
        `worker` for social workers and coordinators.
        """
        after = cursors.read(cursor, date, UUID) if cursor else None
        filters = Filters(view, release, pathway, worker, agency)
        lines = await at_once(
            request,
            lambda bearer: caseload.list_plans_of(
                bearer, after=after, limit=limit, filters=filters
            ),
        )
        last = lines[-1] if len(lines) == limit else None
        following = cursors.write(last.next_due_on or reading.LAST, last.id) if last else None
        return Response(CaseloadView(list(lines), following), headers=NO_STORE)

    @post(
        "/search",
        operation_id="findPerson",
        status_code=200,
        responses=documented(NotYourRole, Unfit, TooMuch),
    )
    async def find(
        self, request: HttpRequest, data: JSONBody[FindPerson]
    ) -> Response[CaseloadView]:
        """Find somebody on your own caseload by words of their name or file number."""
        lines = await finding.find_people(actor_of(request), data.words)
        return Response(CaseloadView(list(lines)), headers=NO_STORE)

    @get(
        "/{plan_id:uuid}",
        operation_id="getPlan",
        opt={IN_SQL: True},
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def get_plan(
        self, request: HttpRequest, plan_id: FromPath[UUID], show: FromQuery[str] = "soon"
    ) -> Response[PlanView]:
        """A plan cut to what you may see: the next two weeks, or every row with show=all."""
        read = await at_once(
            request,
            lambda bearer: reading.get_plan_of(bearer, plan_id, everything=show == "all"),
        )
        view = PlanView.of(read)
        tag = {"ETag": f'"{view.version}"'} if view.version is not UNSET else {}
        return Response(view, headers={**NO_STORE, **tag})

    @get(
        "/{plan_id:uuid}/pathways",
        operation_id="getPathways",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def pathways(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[PathwaysView]:
        """How far each pathway has come: rows done, of those open or done, and late."""
        found = await get_pathways(actor_of(request), plan_id)
        return Response(PathwaysView.of(found), headers=NO_STORE)

    @post("/{plan_id:uuid}/state", operation_id="changePlanState", responses=documented(*CHANGE))
    async def change_state(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[PlanState]
    ) -> WrittenReply:
        """Pause, step down, close or go on; pausing mutes every chat at once."""
        return plain(
            await change(
                request,
                "changePlanState",
                lambda actor, seen: release.change_plan_state(actor, plan_id, seen, data.state),
            )
        )

    @post(
        "/{plan_id:uuid}/release-date",
        operation_id="moveReleaseDate",
        responses=documented(*CHANGE),
    )
    async def move(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[MoveRelease]
    ) -> Response[MoveView]:
        """Move the release date or its certainty; answers what moved."""
        to = data.release()
        written = await change(
            request,
            "moveReleaseDate",
            lambda actor, seen: moving.move_release_date(actor, plan_id, seen, to),
        )
        return answer(written, await move_view(actor_of(request), written))

    @post(
        "/{plan_id:uuid}/release-date/preview",
        operation_id="previewRelease",
        status_code=200,
        responses=documented(NotYourRole, NotFound, Unfit, NotFromThisState, TooMuch),
    )
    async def preview(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[MoveRelease]
    ) -> Response[PreviewView]:
        """What a move of the release date would do; nothing is moved, and nobody is told."""
        to = data.release()
        seen = await moving.preview_release(actor_of(request), plan_id, to)
        tag = {"ETag": f'"{seen.version}"'}
        return Response(preview_view(seen), headers={**NO_STORE, **tag})

    @post(
        "/{plan_id:uuid}/left-custody",
        operation_id="recordLeftCustody",
        responses=documented(*CHANGE),
    )
    async def left_custody(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[LeftCustody]
    ) -> WrittenReply:
        """Record that the person has left custody, or that it is not today."""
        return plain(
            await change(
                request,
                "recordLeftCustody",
                lambda actor, seen: release.record_left_custody(
                    actor, plan_id, seen, left=data.left
                ),
            )
        )

    @post(
        "/{plan_id:uuid}/silent-end",
        operation_id="endSilently",
        responses=documented(*CHANGE),
    )
    async def end_silently(self, request: HttpRequest, plan_id: FromPath[UUID]) -> WrittenReply:
        """Close the plan at once, and say nothing to anybody: humans tell whoever has to know."""
        return plain(
            await change(
                request,
                "endSilently",
                lambda actor, seen: ending.end_silently(actor, plan_id, seen),
            )
        )

    @post(
        "/{plan_id:uuid}/unplanned-release",
        operation_id="unplannedRelease",
        responses=documented(*CHANGE),
    )
    async def unplanned(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[LeftCustody]
    ) -> WrittenReply:
        """The person is let go at once, today: what cannot wait is due now, the rest sleeps."""
        return plain(
            await change(
                request,
                "unplannedRelease",
                lambda actor, seen: unplanned.release_unplanned(
                    actor, plan_id, seen, left=data.left
                ),
            )
        )

    @post(
        "/{plan_id:uuid}/return",
        operation_id="returnToCustody",
        responses=documented(*CHANGE),
    )
    async def return_(self, request: HttpRequest, plan_id: FromPath[UUID]) -> WrittenReply:
        """The person is back in custody: pause at once, and say nothing to anybody."""
        return plain(
            await change(
                request,
                "returnToCustody",
                lambda actor, seen: returning.return_to_custody(actor, plan_id, seen),
            )
        )

    @post("/{plan_id:uuid}/reopen", operation_id="reopenPlan", responses=documented(*CHANGE))
    async def reopen(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[MoveRelease]
    ) -> Response[MoveView]:
        """Go on after a return, towards another day of release; answers what begins again."""
        to = data.release()
        written = await change(
            request,
            "reopenPlan",
            lambda actor, seen: reopening.reopen_plan(actor, plan_id, seen, to),
        )
        return answer(written, await move_view(actor_of(request), written))


class MilestoneController(Controller):
    path = "/milestones"
    tags = ["plans"]  # noqa: RUF012

    @patch(
        "/{milestone_id:uuid}",
        operation_id="changeMilestone",
        opt={IN_SQL: True},
        responses=documented(*CHANGE),
    )
    async def change(
        self, request: HttpRequest, milestone_id: FromPath[UUID], data: JSONBody[ChangeMilestone]
    ) -> WrittenReply:
        """Change the state or the date of a row, or the person's tick for the court."""
        wanted = milestones.MilestoneChange(**msgspec.structs.asdict(data))
        return plain(
            await change_at_once(
                request,
                "changeMilestone",
                lambda bearer, asked, seen: milestones.change_milestone_of(
                    bearer, asked, milestone_id, seen, wanted
                ),
                lambda actor, seen: milestones.change_milestone(actor, milestone_id, seen, wanted),
            )
        )

    @post(
        "/{milestone_id:uuid}/undo",
        operation_id="undoMilestone",
        responses=documented(*CHANGE),
    )
    async def undo(self, request: HttpRequest, milestone_id: FromPath[UUID]) -> WrittenReply:
        """Take back your own change of the last ten minutes, with all that came with it."""
        return plain(
            await change(
                request,
                "undoMilestone",
                lambda actor, seen: undoing.undo_milestone(actor, milestone_id, seen),
            )
        )

    @get(
        "/{milestone_id:uuid}",
        operation_id="getMilestone",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def milestone(
        self, request: HttpRequest, milestone_id: FromPath[UUID]
    ) -> Response[RowView]:
        """A row, what it waits for, and who knows of it that it happened."""
        read = await get_milestone(actor_of(request), milestone_id)
        view = RowView.of(read, read.as_plan())
        tag = {"ETag": f'"{view.milestone.version}"'}
        return Response(view, headers={**NO_STORE, **tag})

    @get(
        "/{milestone_id:uuid}/history",
        operation_id="milestoneHistory",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def history(
        self, request: HttpRequest, milestone_id: FromPath[UUID]
    ) -> Response[list[EventView]]:
        """What happened to a row, oldest first."""
        events = await milestones.milestone_history(actor_of(request), milestone_id)
        return Response([EventView(**event) for event in events], headers=NO_STORE)
