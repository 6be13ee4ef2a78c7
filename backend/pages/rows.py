"""One row of a plan: its state, its date, its history."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.consents.actions import NewConsent, record_consent
from backend.consents.routes import RecordConsent
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.evidence.actions import get_milestone
from backend.evidence.rules import may_know
from backend.evidence.views import RowView
from backend.matrix import cell, covers
from backend.meetings.reading import words_beside
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import answers_for, office_of
from backend.plans import rules
from backend.plans.actions.milestones import (
    MilestoneChange,
    change_milestone,
    find_milestone,
    milestone_history,
)
from backend.plans.actions.offering import row_again_from
from backend.plans.actions.undoing import undo_milestone, undoable
from backend.plans.views import ChangeMilestone, MilestoneView
from backend.templates.actions import template_of_plan

Event = Mapping[str, Any]
KNOWN = ("act", "document", "provider")
STATES = (
    "planned",
    "in_progress",
    "done",
    "not_needed",
    "declined",
    "not_possible",
    "cancelled",
)


class RowController(Controller):
    path = "/rows/{row_id:uuid}"

    @get("/")
    async def row(
        self, request: HttpRequest, row_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _row(request, row_id, saved=saved)

    @post("/")
    async def change(self, request: HttpRequest, row_id: FromPath[UUID]) -> Page:
        """Another state, another date, or both; from the plan it leads back to the plan."""
        form: Form = request.state.form
        back = _back(form)

        async def act(actor: Actor, form: Form) -> Written:
            return await change_milestone(actor, row_id, form.seen, _wanted(form))

        return await submit(
            request,
            "changeMilestone",
            act,
            lambda _: go(f"{back}?saved={row_id}" if back else f"/desk/rows/{row_id}?saved=1"),
            lambda tried: _row(request, row_id, tried),
        )

    @post("/undo")
    async def undo(self, request: HttpRequest, row_id: FromPath[UUID]) -> Page:
        """What one has just done to it is taken back."""
        back = _back(request.state.form)

        async def act(actor: Actor, form: Form) -> Written:
            return await undo_milestone(actor, row_id, form.seen)

        return await submit(
            request,
            "undoMilestone",
            act,
            lambda _: go(f"{back or f'/desk/rows/{row_id}'}?saved=undone"),
            lambda tried: _row(request, row_id, tried),
        )

    @post("/answer")
    async def answer(self, request: HttpRequest, row_id: FromPath[UUID]) -> Page:
        """What the person said to this one offer."""

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(RecordConsent, kind="participation", milestone=row_id)
            _, plan = await find_milestone(actor, row_id)
            new = NewConsent(
                given.kind,
                given.language,
                answer=given.answer,
                milestone=row_id,
                explained_by=given.explained_by,
                again_on=given.again_on,
                person_asks=given.person_asks,
            )
            return await record_consent(actor, plan["id"], new)

        return await submit(
            request,
            "recordConsent",
            act,
            lambda _: go(f"/desk/rows/{row_id}?saved=1"),
            lambda tried: _row(request, row_id, tried),
        )


def _back(form: Form) -> str | None:
    """The page on which the form stood: of a plan, or of what waits for a worker's word."""
    if form.one("back") == "verify":
        return "/desk/verify"
    try:
        return f"/desk/plans/{UUID(form.one('back'))}"
    except ValueError:
        return None


def _wanted(form: Form) -> MilestoneChange:
    """`to` is a state, with its cause behind a slash: one choice instead of two that must fit."""
    given = form.read(ChangeMilestone)
    state, _, cause = form.one("to").partition("/")
    return MilestoneChange(
        state=state or None,
        cause=cause or None,
        due_on=given.due_on,
        reason=given.reason,
        done_on=given.done_on,
        show_court=given.show_court,
        known=given.known,
        happened=given.happened,
        person_asks=given.person_asks,
    )


async def _row(
    request: HttpRequest, row_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        found = await get_milestone(actor, row_id)
        history = _told(await milestone_history(actor, row_id))
        row, plan = found.row, found.plan
        said = await answers_for(actor, plan, row)
        works = plan["mandate"] in rules.WORKERS
        again = await row_again_from(plan, row) if works else None
        office = await office_of(actor)
        own = (await template_of_plan(plan["id"])).pathways
        decided = await words_beside(plan, row_id)
        undo = await undoable(actor, row_id)
    read = found.as_plan()
    return show(
        request,
        "row.html",
        tried=tried,
        own=own,
        row=MilestoneView.of(row, read),
        known=RowView.of(found, read),
        may_know=[one for one in KNOWN if one in may_know(plan["mandate"])],
        plan=plan,
        decided=decided,
        undo=undo,
        role=plan["mandate"],
        reads_alias=cell(plan["mandate"], "alias").reads and covers(plan["told_groups"], "alias"),
        zone=plan["zone"],
        today=read.today,
        court=row["court"],
        saved=saved,
        again=again,
        answers=said and said.answers,
        staff=said.staff if said else (),
        office=office,
        changeable=rules.goes_on(plan["state"], row["code"])
        and rules.changes(plan["mandate"], row),
        nexts=[
            state
            for state in STATES
            if rules.may_become(row["state"], state)
            and rules.may_say(plan["mandate"], state, None, dates=False, tick=False)
        ],
        causes=[
            cause
            for cause in sorted(rules.CAUSES)
            if rules.may_say(plan["mandate"], "not_possible", cause, dates=False, tick=False)
        ],
        dates=rules.may_say(plan["mandate"], None, None, dates=True, tick=False),
        open=row["state"] in rules.OPEN,
        history=history,
        news=_news(row["version"], history, tried) if works else (),
    )


def _told(history: Sequence[Event]) -> list[Event]:
    """The history without the mark on the row that goes with every claim."""
    return [
        event
        for event, following in zip_longest(history, history[1:])
        if not (following and (event["kind"], following["kind"]) == ("tick", "said"))
    ]


def _news(version: int, history: Sequence[Event], tried: Attempt | None) -> Sequence[Event]:
    """What happened since the version for which a refused form was made."""
    if tried is None or not tried.stale or not tried.form.one("seen").isdecimal():
        return []
    missed, news = version - tried.form.seen, list[Event]()
    for event in reversed(history):
        if missed <= 0:
            break
        missed -= 2 if event["kind"] == "undone" else 1  # it was done, and taken back
        news.insert(0, event)
    return news
