from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody

from backend.doors import HttpRequest, WrittenReply, actor_of, answer, change, plain, write
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
from backend.messages import links
from backend.problems import documented

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)


class CreateInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """Whose chat: a member of a plan's circle, or with neither field the caller's own."""

    plan: UUID | None = None
    subject: UUID | None = None
    level: str = "P1"
    id: UUID | None = None


class InvitationView(msgspec.Struct):
    """`payload` goes on paper or into a link; `pin` is told by voice. Both work once, 7 days."""

    id: UUID
    version: int
    payload: str
    pin: str


class LinkController(Controller):
    tags = ["chat"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/invitations",
        operation_id="createInvitation",
        responses=documented(*WRITE, NotFromThisState, Unfit, TooMuch),
    )
    async def invite(
        self, request: HttpRequest, data: JSONBody[CreateInvitation]
    ) -> Response[InvitationView]:
        """Invite somebody who has said yes to messages. A repeat shows both for five minutes."""
        new = links.NewInvitation(data.plan, data.subject, data.level, data.id or uuid4())
        written = await write(
            request, "createInvitation", lambda actor: links.create_invitation(actor, new)
        )
        await links.check_shown(actor_of(request), written.id)
        made = links.invitation_of(written.id)
        return answer(written, InvitationView(written.id, written.version, made.payload, made.pin))

    @post(
        "/links/{link_id:uuid}/confirm", operation_id="confirmLink", responses=documented(*CHANGE)
    )
    async def confirm(self, request: HttpRequest, link_id: FromPath[UUID]) -> WrittenReply:
        """Say that you called and that it is really them; only now may anything be sent."""
        return plain(
            await change(
                request,
                "confirmLink",
                lambda actor, seen: links.confirm_link(actor, link_id, seen),
            )
        )

    @post("/links/{link_id:uuid}/cut", operation_id="cutLink", responses=documented(*CHANGE))
    async def cut(self, request: HttpRequest, link_id: FromPath[UUID]) -> WrittenReply:
        """Cut a chat at once."""
        return plain(
            await change(
                request, "cutLink", lambda actor, seen: links.cut_link(actor, link_id, seen)
            )
        )
