"""What people wrote to the bot: read here by the social worker and by nobody else."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend import cursors
from backend.access import Actor
from backend.doors import HttpRequest, actor_of
from backend.messages import incoming
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show


class IncomingController(Controller):
    path = "/messages"

    @get("/")
    async def messages(self, request: HttpRequest, cursor: FromQuery[str | None] = None) -> Page:
        return await _messages(request, cursor=cursor)

    @post("/{text_id:uuid}/read")
    async def mark(self, request: HttpRequest, text_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await incoming.mark_read(actor, text_id, form.seen)

        return await submit(
            request,
            "readIncoming",
            act,
            lambda _: go("/desk/messages"),
            lambda tried: _messages(request, tried),
        )


async def _messages(
    request: HttpRequest, tried: Attempt | None = None, *, cursor: str | None = None
) -> Page:
    before = cursors.read(cursor, datetime, UUID) if cursor else None
    lines = await incoming.list_incoming(actor_of(request), before=before)
    last = lines[-1] if len(lines) == incoming.PAGE else None
    more = cursors.write(last.received_at, last.id) if last else None
    return show(request, "messages.html", tried=tried, lines=lines, more=more)
