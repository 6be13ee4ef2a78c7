from uuid import UUID

from litestar import Controller, Response, get, patch, post, put
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.meetings import actions, holding, minutes, reading
from backend.meetings.views import (
    AddToMinutes,
    AnswerDecision,
    AnswerMeeting,
    ChangeMeeting,
    Decide,
    HoldMeeting,
    MeetingsView,
    MeetingView,
    NoteShared,
    PlanMeeting,
    SetAgenda,
    WriteMinutes,
)
from backend.problems import documented

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, Taken, NotFromThisState)
CHANGE = (*WRITE[:5], NotFromThisState, VersionMissing, VersionStale)


class MeetingController(Controller):
    tags = ["meetings"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/meetings",
        operation_id="listMeetings",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_meetings(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[MeetingsView]:
        """The meetings of the circle that you lead or were asked to, with what is yours of each."""
        found = await reading.list_meetings(actor_of(request), plan_id)
        return Response(MeetingsView([MeetingView.of(one) for one in found]), headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/meetings",
        operation_id="planMeeting",
        responses=documented(*WRITE),
    )
    async def plan(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[PlanMeeting]
    ) -> WrittenReply:
        """Plan a meeting: its agenda is built from the plan, and whoever takes part is asked."""
        new = data.new()
        return plain(
            await write(
                request, "planMeeting", lambda actor: actions.plan_meeting(actor, plan_id, new)
            )
        )

    @patch(
        "/meetings/{meeting_id:uuid}",
        operation_id="changeMeeting",
        responses=documented(*CHANGE),
    )
    async def move(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[ChangeMeeting]
    ) -> WrittenReply:
        """Move a meeting, call it off, or ask more of the circle."""
        return plain(
            await change(
                request,
                "changeMeeting",
                lambda actor, seen: actions.change_meeting(actor, meeting_id, seen, data.change()),
            )
        )

    @put(
        "/meetings/{meeting_id:uuid}/agenda",
        operation_id="setAgenda",
        responses=documented(*CHANGE),
    )
    async def agenda(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[SetAgenda]
    ) -> WrittenReply:
        """Leave items out, add some; what has come up since comes along."""
        return plain(
            await change(
                request,
                "setAgenda",
                lambda actor, seen: actions.set_agenda(actor, meeting_id, seen, data.change()),
            )
        )

    @post(
        "/meeting-members/{member_id:uuid}/answer",
        operation_id="answerMeeting",
        responses=documented(*CHANGE),
    )
    async def answer(
        self, request: HttpRequest, member_id: FromPath[UUID], data: JSONBody[AnswerMeeting]
    ) -> WrittenReply:
        """Say whether you come; a worker writes down what somebody without an account says."""
        return plain(
            await change(
                request,
                "answerMeeting",
                lambda actor, seen: actions.answer_meeting(actor, member_id, seen, data.answer),
            )
        )

    @post(
        "/meetings/{meeting_id:uuid}/hold",
        operation_id="holdMeeting",
        responses=documented(*CHANGE),
    )
    async def hold(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[HoldMeeting]
    ) -> WrittenReply:
        """It took place: who was there, what was dealt with; the row that it is, is done."""
        return plain(
            await change(
                request,
                "holdMeeting",
                lambda actor, seen: holding.hold_meeting(actor, meeting_id, seen, data.held()),
            )
        )

    @post(
        "/meetings/{meeting_id:uuid}/shared",
        operation_id="noteShared",
        responses=documented(*WRITE),
    )
    async def shared(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[NoteShared]
    ) -> WrittenReply:
        """Write a line of the register: which group of facts was told to whom, on which ground."""
        share = data.share()
        return plain(
            await write(
                request, "noteShared", lambda actor: holding.note_shared(actor, meeting_id, share)
            )
        )

    @post(
        "/meetings/{meeting_id:uuid}/decisions",
        operation_id="decideAtMeeting",
        responses=documented(*WRITE),
    )
    async def decide(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[Decide]
    ) -> WrittenReply:
        """A decision becomes a row of the plan, with a day and somebody whose it is to be."""
        new = data.decision()
        return plain(
            await write(
                request,
                "decideAtMeeting",
                lambda actor: holding.decide_at_meeting(actor, meeting_id, new),
            )
        )

    @post(
        "/meeting-decisions/{decision_id:uuid}/answer",
        operation_id="answerDecision",
        responses=documented(*CHANGE),
    )
    async def answer_decision(
        self, request: HttpRequest, decision_id: FromPath[UUID], data: JSONBody[AnswerDecision]
    ) -> WrittenReply:
        """Take what a meeting decided for you, or not; no reason is asked."""
        return plain(
            await change(
                request,
                "answerDecision",
                lambda actor, seen: holding.answer_decision(
                    actor, decision_id, seen, accepted=data.accepted
                ),
            )
        )

    @put(
        "/meetings/{meeting_id:uuid}/minutes",
        operation_id="writeMinutes",
        responses=documented(*CHANGE),
    )
    async def write_minutes(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[WriteMinutes]
    ) -> WrittenReply:
        """Write the minutes, or write them anew; whoever was there is asked to approve them."""
        return plain(
            await change(
                request,
                "writeMinutes",
                lambda actor, seen: minutes.write_minutes(actor, meeting_id, seen, data.words),
            )
        )

    @post(
        "/meeting-members/{member_id:uuid}/approve",
        operation_id="approveMinutes",
        responses=documented(*CHANGE),
    )
    async def approve(self, request: HttpRequest, member_id: FromPath[UUID]) -> WrittenReply:
        """Say yes to the minutes; of who has no account, a worker once they were read to them.

        Of who has left the circle it notes nothing, and no longer waits for them.
        """
        return plain(
            await change(
                request,
                "approveMinutes",
                lambda actor, seen: minutes.approve_minutes(actor, member_id, seen),
            )
        )

    @post(
        "/meetings/{meeting_id:uuid}/addenda",
        operation_id="addToMinutes",
        responses=documented(*WRITE),
    )
    async def add(
        self, request: HttpRequest, meeting_id: FromPath[UUID], data: JSONBody[AddToMinutes]
    ) -> WrittenReply:
        """Add to minutes that were approved, and so correct them; they stay as they are."""
        new = data.addendum()
        return plain(
            await write(
                request,
                "addToMinutes",
                lambda actor: minutes.add_to_minutes(actor, meeting_id, new),
            )
        )
