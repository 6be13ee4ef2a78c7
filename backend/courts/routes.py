from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody

from backend.courts import actions, sessions
from backend.doors import NO_STORE, PUBLIC, HttpRequest, WrittenReply, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotYourRole,
    Taken,
    Unfit,
    WrongCredentials,
)
from backend.problems import documented
from backend.words import Line


class CourtCredentials(msgspec.Struct, forbid_unknown_fields=True):
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class CourtTokenView(msgspec.Struct):
    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme


class BindCourtFile(msgspec.Struct, forbid_unknown_fields=True):
    """`client` is the court's machine by our id, `reference` the court's own; false ends it."""

    client: UUID
    reference: Line
    bound: bool = True
    id: UUID | None = None


class CourtController(Controller):
    tags = ["court"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/court/token",
        operation_id="courtToken",
        status_code=200,
        opt={PUBLIC: True},
        responses=documented(WrongCredentials),
    )
    async def token(
        self, request: HttpRequest, data: JSONBody[CourtCredentials]
    ) -> Response[CourtTokenView]:
        """Trade a client id and its secret for a token of ten minutes."""
        token, seconds = await sessions.court_token(
            data.client_id, data.secret, request=request.state.request_id
        )
        return Response(CourtTokenView(token, seconds), headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/court-files",
        operation_id="bindCourtFile",
        responses=documented(KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, Taken),
    )
    async def bind(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[BindCourtFile]
    ) -> WrittenReply:
        """Bind a court's own file reference to this plan, or end that at once."""
        wanted = actions.CourtReference(data.client, data.reference, data.bound, data.id or uuid4())
        return plain(
            await write(
                request,
                "bindCourtFile",
                lambda actor: actions.bind_court_file(actor, plan_id, wanted),
            )
        )
