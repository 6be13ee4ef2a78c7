"""Who works here: an administrator invites and ends accounts, a coordinator sees who there is."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.accounts import actions
from backend.accounts.routes import InviteColleague
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.account import submit_proved
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.staff import proof
from backend.staff.actions import ROLES

COLLEAGUES = "/desk/colleagues"


class ColleaguePageController(Controller):
    path = "/colleagues"

    @get("/")
    async def colleagues(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _colleagues(request, saved=saved)

    @post("/")
    async def invite(self, request: HttpRequest) -> Page:
        """The code stands on this one answer, and on no page that opens later."""

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(InviteColleague)
            return await actions.invite_colleague(
                actor, actions.NewColleague(given.role, given.alias)
            )

        def shown(written: Written) -> Page:
            return show(request, "account_invitation.html", code=actions.code_of(written.id))

        async def still(actor: Actor, written: Written) -> None:
            await actions.check_shown(actor, written.id)

        return await submit_proved(
            request, "inviteColleague", act, shown, _again(request), still=still
        )

    @post("/{staff_id:uuid}/end")
    async def end(self, request: HttpRequest, staff_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_account(actor, staff_id, form.seen)

        return await submit_proved(
            request, "endAccount", act, _saved("endAccount"), _again(request)
        )

    @post("/invitations/{invitation_id:uuid}/end")
    async def end_invitation(self, request: HttpRequest, invitation_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_invitation(actor, invitation_id, form.seen)

        return await submit(
            request,
            "endAccountInvitation",
            act,
            _saved("endAccountInvitation"),
            _again(request),
        )


def _saved(operation: str) -> Callable[[Written], Page]:
    return lambda _: go(f"{COLLEAGUES}?saved={operation}")


def _again(request: HttpRequest) -> Callable[[Attempt], Awaitable[Page]]:
    return lambda tried: _colleagues(request, tried)


async def _colleagues(
    request: HttpRequest, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    found = await actions.list_colleagues(actor)
    office = await office_of(actor)
    return show(
        request,
        "colleagues.html",
        tried=tried,
        accounts=found.accounts,
        invited=found.invited,
        roles=ROLES,
        asks=await proof.proof_asked(actor),
        zone=office.zone,
        saved=saved,
    )
