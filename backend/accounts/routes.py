from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.accounts import actions
from backend.doors import (
    NO_STORE,
    PUBLIC,
    HttpRequest,
    WrittenReply,
    actor_of,
    address_of,
    answer,
    change,
    plain,
    write,
)
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    ProveAgain,
    Taken,
    TooManyTries,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
    WrongCredentials,
)
from backend.problems import documented
from backend.words import CodeWord, Login, PasswordWord

WRITE = (KeyMissing, KeyReused, NotYourRole)
CHANGE = (*WRITE, NotFound, VersionMissing, VersionStale, NotFromThisState)


class InviteColleague(msgspec.Struct, forbid_unknown_fields=True):
    """What they will be, and a neutral name that phones may show."""

    role: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
    alias: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
    id: UUID | None = None


class InvitedView(msgspec.Struct):
    """`code` is shown to whoever invites, for paper or by voice; it works once, for three days."""

    id: UUID
    version: int
    code: str


class AcceptInvitation(msgspec.Struct, forbid_unknown_fields=True):
    code: CodeWord
    login: Login
    password: PasswordWord


class ColleagueView(msgspec.Struct):
    id: UUID
    version: int
    role: str
    alias: str
    since: datetime
    second_factor: bool


class WaitingView(msgspec.Struct):
    id: UUID
    version: int
    role: str
    alias: str
    expires_at: datetime


class ColleaguesView(msgspec.Struct):
    accounts: Sequence[ColleagueView]
    invited: Sequence[WaitingView]


class ColleagueController(Controller):
    tags = ["staff"]  # noqa: RUF012 - Litestar declares it so

    @get("/colleagues", operation_id="listColleagues", responses=documented(NotYourRole))
    async def list_colleagues(self, request: HttpRequest) -> Response[ColleaguesView]:
        """The accounts of your agency, and who was invited and has not come yet."""
        found = await actions.list_colleagues(actor_of(request))
        return Response(
            ColleaguesView(
                [
                    ColleagueView(
                        row["id"],
                        row["version"],
                        row["role"],
                        row["alias"],
                        row["created_at"],
                        row["factor"],
                    )
                    for row in found.accounts
                ],
                [
                    WaitingView(
                        row["id"], row["version"], row["role"], row["alias"], row["expires_at"]
                    )
                    for row in found.invited
                ],
            ),
            headers=NO_STORE,
        )

    @post(
        "/colleagues/{staff_id:uuid}/end",
        operation_id="endAccount",
        responses=documented(*CHANGE, ProveAgain),
    )
    async def end_account(self, request: HttpRequest, staff_id: FromPath[UUID]) -> WrittenReply:
        """End an account for good: what is signed in, at once; mandates within minutes."""
        return plain(
            await change(
                request,
                "endAccount",
                lambda actor, seen: actions.end_account(actor, staff_id, seen),
            )
        )

    @post(
        "/account-invitations",
        operation_id="inviteColleague",
        responses=documented(*WRITE, NotFromThisState, ProveAgain, Unfit, TooMuch),
    )
    async def invite(
        self, request: HttpRequest, data: JSONBody[InviteColleague]
    ) -> Response[InvitedView]:
        """Invite somebody, who chooses login and password and is known to nobody by these."""
        new = actions.NewColleague(data.role, data.alias, data.id or uuid4())
        written = await write(
            request, "inviteColleague", lambda actor: actions.invite_colleague(actor, new)
        )
        await actions.check_shown(actor_of(request), written.id)
        view = InvitedView(written.id, written.version, actions.code_of(written.id))
        return answer(written, view)

    @post(
        "/account-invitations/{invitation_id:uuid}/end",
        operation_id="endAccountInvitation",
        responses=documented(*CHANGE),
    )
    async def end_invitation(
        self, request: HttpRequest, invitation_id: FromPath[UUID]
    ) -> WrittenReply:
        """Take an invitation back that was not used."""
        return plain(
            await change(
                request,
                "endAccountInvitation",
                lambda actor, seen: actions.end_invitation(actor, invitation_id, seen),
            )
        )

    @post(
        "/account-invitations/accept",
        operation_id="acceptInvitation",
        status_code=204,
        opt={PUBLIC: True},
        responses=documented(WrongCredentials, TooManyTries, Taken, Unfit),
    )
    async def accept(self, request: HttpRequest, data: JSONBody[AcceptInvitation]) -> None:
        """Make your account with the code you were given; then use signIn."""
        await actions.accept_invitation(
            data.code,
            data.login,
            data.password,
            address=address_of(request),
            request=request.state.request_id,
        )
