"""One plan: what comes next, all its rows, its release, and who looked at it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.alerts.actions import list_tasks
from backend.audit.actions import list_access
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFromThisState, Unfit
from backend.matrix import covers
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.just_saved import undo_of, undo_of_contact
from backend.pages.reading import asks_again, claims_for, desk_left, office_of, places_of
from backend.plans import rules
from backend.plans.actions import ending, moving, reading, release, reopening, returning, unplanned
from backend.plans.actions.pathways import bars
from backend.plans.release_views import LeftCustody, MoveRelease
from backend.plans.views import PlanState, PlanView
from backend.templates.actions import template_of_plan

ROWS_AT_FIRST = 12  # of what is the reader's now; the others are one tap away
LATELY = timedelta(days=14)
TASKS = 10
ACCESS_SIZE = 50


@dataclass(frozen=True)
class Sheet:
    """A plan as its reader may see it, and which rows they may change."""

    read: reading.PlanRead
    view: PlanView
    mine: Collection[UUID]

    def values(self) -> dict[str, Any]:
        return {
            "plan": self.view,
            "role": self.read.role,
            "today": self.read.today,
            "mine": self.mine,
            "zone": self.read.row["zone"],
            "over": self.read.row["state"] in rules.OVER,
            "running": self.read.row["state"] in rules.RUNNING,
            "meets": covers(self.read.groups, "meetings"),
            "logs": covers(self.read.groups, "contacts"),
        }


async def sheet_of(actor: Actor, plan_id: UUID) -> Sheet:
    """Raises NotFound, NotYourRole."""
    read = await reading.get_plan(actor, plan_id, everything=True)
    state = read.row["state"]
    goes_on = [m for m in read.milestones if rules.goes_on(state, m["code"])]
    mine = {m["id"] for m in goes_on if rules.changes(read.role, m)}
    return Sheet(read, PlanView.of(read), mine)


class PlanPageController(Controller):
    path = "/plans/{plan_id:uuid}"

    @get("/")
    async def plan(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        saved: FromQuery[str] = "",
        act: FromQuery[UUID | None] = None,
        all_due: FromQuery[bool] = False,  # noqa: FBT002 - a query, not a flag of a call
    ) -> Page:
        """What waits for me, and the next two weeks."""
        actor = actor_of(request)
        async with transaction(actor.id):
            sheet = await sheet_of(actor, plan_id)
            tasks = await list_tasks(actor, plan=plan_id, limit=TASKS)
            claims = await claims_for(actor, plan=plan_id, limit=TASKS)
            own = (await template_of_plan(plan_id)).pathways
            undo = await undo_of(actor, saved) or await undo_of_contact(actor, plan_id, act)
            of_its_day = await moving.cautions_of(actor, plan_id) if saved == "openPlan" else ()
        read = sheet.read
        soon = {
            m["id"]
            for m in read.milestones
            if rules.is_soon(m, read.today, left_custody=read.left_custody)
            and (m["id"] in sheet.mine or not rules.stands_still(read.row["state"]))
        }
        rows = sheet.view.milestones or []
        claimed = {claim.row["id"] for claim in claims}
        due = [row for row in rows if row.id in soon and row.id not in claimed]
        now, waiting, following = (
            [row for row in due if row.turn == turn] for turn in ("now", "waiting", "next")
        )
        return show(
            request,
            "plan.html",
            **sheet.values(),
            saved=next((row for row in rows if str(row.id) == saved), saved),
            undo=undo,
            of_its_day=of_its_day,
            tasks=tasks,
            titles={row.id: row.title for row in rows},
            names={member.actor: member for member in sheet.view.circle or ()},
            claims=claims,
            now=now if all_due else now[:ROWS_AT_FIRST],
            rest=0 if all_due else len(now[ROWS_AT_FIRST:]),
            waiting=waiting,
            following=following,
            bars=bars(read.milestones, read.row, read.today, own),
            lately=[row for row in rows if row.done_on and row.done_on > read.today - LATELY],
        )

    @get("/rows")
    async def rows(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """Every row by pathway; what was not offered yet is one line for each."""
        actor = actor_of(request)
        async with transaction(actor.id):
            sheet = await sheet_of(actor, plan_id)
            own = (await template_of_plan(plan_id)).pathways
        pathways: dict[str, list[Any]] = {}
        for row in sheet.view.milestones or []:
            pathways.setdefault(row.pathway, []).append(row)
        return show(request, "rows.html", **sheet.values(), pathways=pathways, own=own)

    @get("/release")
    async def release(
        self, request: HttpRequest, plan_id: FromPath[UUID], moved: FromQuery[UUID | None] = None
    ) -> Page:
        """The release date, what the last move did, and the state of the plan."""
        return await _release(request, plan_id, moved=moved)

    @post("/release")
    async def move(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await moving.move_release_date(actor, plan_id, form.seen, _release_of(form))

        return await submit(
            request,
            "moveReleaseDate",
            act,
            lambda written: go(f"/desk/plans/{plan_id}/release?moved={written.id}"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/release/preview", status_code=200)
    async def preview(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """What a move would do; what was typed stays, to be sent."""
        typed = replace(request.state.form, path=f"/desk/plans/{plan_id}/release")
        try:
            seen = await moving.preview_release(actor_of(request), plan_id, _release_of(typed))
        except (Unfit, NotFromThisState) as error:
            return await _release(request, plan_id, Attempt(typed, error))
        return await _release(request, plan_id, Attempt(typed), preview=seen)

    @post("/state")
    async def change_state(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            to = form.read(PlanState).state
            return await release.change_plan_state(actor, plan_id, form.seen, to)

        return await submit(
            request,
            "changePlanState",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=state"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/silent-end")
    async def end_silently(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await ending.end_silently(actor, plan_id, form.seen)

        return await submit(
            request,
            "endSilently",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=silent"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/unplanned-release")
    async def let_go(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The person is let go at once."""

        async def act(actor: Actor, form: Form) -> Written:
            left = form.read(LeftCustody).left
            return await unplanned.release_unplanned(actor, plan_id, form.seen, left=left)

        return await submit(
            request,
            "unplannedRelease",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=unplanned"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/return")
    async def returned(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The person is back in custody."""

        async def act(actor: Actor, form: Form) -> Written:
            return await returning.return_to_custody(actor, plan_id, form.seen)

        return await submit(
            request,
            "returnToCustody",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=returned"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/reopen")
    async def reopen(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """Go on with the person after a return; what begins again is shown then."""

        async def act(actor: Actor, form: Form) -> Written:
            return await reopening.reopen_plan(actor, plan_id, form.seen, _release_of(form))

        return await submit(
            request,
            "reopenPlan",
            act,
            lambda written: go(f"/desk/plans/{plan_id}/release?moved={written.id}"),
            lambda tried: _release(request, plan_id, tried),
        )

    @post("/left-custody")
    async def left_custody(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The person is out, or it is not today."""

        async def act(actor: Actor, form: Form) -> Written:
            left = form.read(LeftCustody).left
            return await release.record_left_custody(actor, plan_id, form.seen, left=left)

        return await submit(
            request,
            "recordLeftCustody",
            act,
            lambda _: go(f"/desk/plans/{plan_id}?saved=release"),
            lambda tried: _release(request, plan_id, tried),
        )

    @get("/access")
    async def access(
        self, request: HttpRequest, plan_id: FromPath[UUID], before: FromQuery[int | None] = None
    ) -> Page:
        """Who looked. A worker sees their own acts, a coordinator everybody's."""
        actor = actor_of(request)
        office = await office_of(actor)
        acts = await list_access(actor, plan_id, before=before, limit=ACCESS_SIZE)
        more = acts[-1]["id"] if len(acts) == ACCESS_SIZE else None
        return show(
            request,
            "access.html",
            plan_id=plan_id,
            acts=_together(acts, office.zone),
            more=more,
            zone=office.zone,
        )


def _together(acts: Sequence[Any], zone: str) -> list[tuple[Any, int]]:
    """The same act of the same actor in a row on one day is one line, with its number."""

    def what(act: Any) -> tuple[object, ...]:
        day = act["at"].astimezone(ZoneInfo(zone)).date()
        said = ("actor", "operation", "object", "purpose", "about")
        return *(act[name] for name in said), day

    groups = [list(same) for _, same in groupby(acts, what)]
    return [(same[0], len(same)) for same in groups]


def _release_of(form: Form) -> moving.Release:
    to = form.read(MoveRelease)
    return to.release()


async def _release(
    request: HttpRequest,
    plan_id: UUID,
    tried: Attempt | None = None,
    *,
    moved: UUID | None = None,
    preview: moving.Preview | None = None,
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        move = await moving.read_move(actor, moved) if moved else None
        back = await reopening.open_return(plan_id)
        works = sheet.read.role in rules.WORKERS
        asked_again = await asks_again(plan_id) if works else ()
        desk = await desk_left(plan_id) if works and not sheet.read.left_custody else ()
    steps = [to for to in rules.PLAN_STEPS if to in rules.PLAN_STEPS[sheet.read.row["state"]]]
    wrong = {"active_inside" if sheet.read.left_custody else "active_outside"}
    if back is not None:  # the page says in words of its own how it goes on
        wrong.add("active_outside")
    return show(
        request,
        "release.html",
        tried=tried,
        **sheet.values(),
        move=move,
        preview=preview,
        back=back,
        asked_again=asked_again,
        desk_left=desk,
        names={member.actor: member for member in sheet.view.circle or ()},
        steps=[to for to in steps if to not in wrong],
        certainties=rules.CERTAINTIES,
        places=await places_of(actor, plan_id),
    )
