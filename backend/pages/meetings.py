"""Meetings of a circle at the desk: planned, an agenda to print, held, and their minutes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound
from backend.meetings import actions, holding, minutes, reading, rules
from backend.meetings.views import (
    AddToMinutes,
    AnswerDecision,
    AnswerMeeting,
    ChangeMeeting,
    Decide,
    HoldMeeting,
    MeetingView,
    NoteShared,
    PlanMeeting,
    SetAgenda,
    WriteMinutes,
)
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import Sheet, sheet_of
from backend.plans.rules import OVER, WORKERS


class MeetingPageController(Controller):
    path = "/plans/{plan_id:uuid}/meetings"

    @get("/")
    async def meetings(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _list(request, plan_id, saved=saved)

    @post("/")
    async def plan(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            chosen = {name: form.all(name) for name in ("participants", "speaks_of")}
            return await actions.plan_meeting(
                actor, plan_id, form.read(PlanMeeting, **chosen).new()
            )

        return await submit(
            request,
            "planMeeting",
            act,
            lambda written: go(f"/desk/plans/{plan_id}/meetings/{written.id}?saved=planMeeting"),
            lambda tried: _list(request, plan_id, tried),
        )

    @get("/{meeting_id:uuid}")
    async def meeting(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        meeting_id: FromPath[UUID],
        saved: FromQuery[str] = "",
    ) -> Page:
        return await _one(request, plan_id, meeting_id, saved=saved)

    @get("/{meeting_id:uuid}/agenda")
    async def paper(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        meeting_id: FromPath[UUID],
        member: FromQuery[UUID],
    ) -> Page:
        """The agenda to print, for one of those who take part: a paper lies on the table."""
        actor = actor_of(request)
        async with transaction(actor.id):
            sheet = await sheet_of(actor, plan_id)
            found, role = await reading.agenda_for(actor, plan_id, meeting_id, member)
        view = MeetingView.of(found)
        return show(request, "meeting_agenda.html", **sheet.values(), meeting=view, reader=role)

    @post("/{meeting_id:uuid}")
    async def change(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ChangeMeeting, add=form.all("add"))
            return await actions.change_meeting(actor, meeting_id, form.seen, given.change())

        return await _save(request, plan_id, meeting_id, "changeMeeting", act)

    @post("/{meeting_id:uuid}/agenda")
    async def agenda(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            rows = [one for one in form.all("rows") if one]
            given = form.read(SetAgenda, leave_out=form.all("leave_out"), rows=rows)
            return await actions.set_agenda(actor, meeting_id, form.seen, given.change())

        return await _save(request, plan_id, meeting_id, "setAgenda", act)

    @post("/{meeting_id:uuid}/hold")
    async def hold(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            chosen = {name: form.all(name) for name in ("present", "dealt")}
            told = form.read(HoldMeeting, **chosen).held()
            return await holding.hold_meeting(actor, meeting_id, form.seen, told)

        return await _save(request, plan_id, meeting_id, "holdMeeting", act)

    @post("/{meeting_id:uuid}/shared")
    async def shared(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await holding.note_shared(actor, meeting_id, form.read(NoteShared).share())

        return await _save(request, plan_id, meeting_id, "noteShared", act)

    @post("/{meeting_id:uuid}/decisions")
    async def decide(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await holding.decide_at_meeting(actor, meeting_id, form.read(Decide).decision())

        return await _save(request, plan_id, meeting_id, "decideAtMeeting", act)

    @post("/{meeting_id:uuid}/decisions/{decision_id:uuid}")
    async def answer_decision(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        meeting_id: FromPath[UUID],
        decision_id: FromPath[UUID],
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            accepted = form.read(AnswerDecision).accepted
            return await holding.answer_decision(actor, decision_id, form.seen, accepted=accepted)

        return await _save(request, plan_id, meeting_id, "answerDecision", act)

    @post("/{meeting_id:uuid}/members/{member_id:uuid}")
    async def answer(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        meeting_id: FromPath[UUID],
        member_id: FromPath[UUID],
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(AnswerMeeting)
            return await actions.answer_meeting(actor, member_id, form.seen, given.answer)

        return await _save(request, plan_id, meeting_id, "answerMeeting", act)

    @post("/{meeting_id:uuid}/members/{member_id:uuid}/approve")
    async def approve(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        meeting_id: FromPath[UUID],
        member_id: FromPath[UUID],
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await minutes.approve_minutes(actor, member_id, form.seen)

        return await _save(request, plan_id, meeting_id, "approveMinutes", act)

    @post("/{meeting_id:uuid}/minutes")
    async def write(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            words = form.read(WriteMinutes).words
            return await minutes.write_minutes(actor, meeting_id, form.seen, words)

        return await _save(request, plan_id, meeting_id, "writeMinutes", act)

    @post("/{meeting_id:uuid}/addenda")
    async def add(
        self, request: HttpRequest, plan_id: FromPath[UUID], meeting_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            new = form.read(AddToMinutes).addendum()
            return await minutes.add_to_minutes(actor, meeting_id, new)

        return await _save(request, plan_id, meeting_id, "addToMinutes", act)


async def _save(
    request: HttpRequest, plan_id: UUID, meeting_id: UUID, operation: str, act: Act
) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan_id}/meetings/{meeting_id}?saved={operation}"),
        lambda tried: _one(request, plan_id, meeting_id, tried),
    )


async def _list(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        found = await reading.list_meetings(actor, plan_id)
        works = sheet.read.role in WORKERS
        rows = await reading.rows_that_are_meetings(sheet.read.row) if works else []
    return show(
        request,
        "meetings.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        meetings=[MeetingView.of(one) for one in found],
        names=_names(sheet),
        spoken_of=rules.SPOKEN_OF,
        rows=rows,
    )


async def _one(
    request: HttpRequest,
    plan_id: UUID,
    meeting_id: UUID,
    tried: Attempt | None = None,
    *,
    saved: str = "",
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        found = await reading.list_meetings(actor, plan_id)
        works = sheet.read.role in WORKERS
        rows = await reading.rows_to_speak_of(sheet.read.row) if works else []
    one = next((one for one in found if one["id"] == meeting_id), None)
    if one is None:
        raise NotFound
    asked = {member["actor"] for member in one["members"]}
    return show(
        request,
        "meeting.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        meeting=MeetingView.of(one),
        names=_names(sheet),
        by_voice={m["id"] for m in one["members"] if m["stays"] and rules.is_by_voice(m)},
        have_left={member["id"] for member in one["members"] if not member["stays"]},
        to_tell=_to_tell(sheet, one, actor),
        waited_for=any(map(rules.is_waited_for, one["members"])),
        on_paper={member["id"] for member in one["members"] if rules.is_given_paper(member)},
        others={who: name for who, name in _names(sheet).items() if who not in asked},
        open_rows=rows,
        spoken_of=rules.SPOKEN_OF,
        owners={member["id"] for member in one["members"] if rules.may_own(member)},
    )


def _to_tell(sheet: Sheet, meeting: Mapping[str, Any], actor: Actor) -> Sequence[Any]:
    """Who is told by voice that it is off. Once the plan is over, the circle says whom to call."""
    if meeting["called_off_at"] is None or sheet.read.row["state"] in OVER:
        return ()
    asked = [m for m in meeting["members"] if m["stays"] and not m["barred"]]
    return [m for m in asked if m["actor"] != actor.id and rules.is_by_voice(m)]


def _names(sheet: Sheet) -> Mapping[UUID, Any]:
    """Whoever of the circle their reader is shown."""
    return {member.actor: member for member in sheet.view.circle or ()}
