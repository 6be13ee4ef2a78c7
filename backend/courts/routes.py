from typing import Annotated, Literal
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody

from backend.courts import actions, sessions
from backend.doors import NO_STORE, PUBLIC, HttpRequest, WrittenReply, plain, proofs_of, write
from backend.errors import (
    BadInput,
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
    """An assertion signed by the machine's key (RFC 7523), or its client id and secret."""

    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    client_assertion_type: (
        Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None
    ) = None
    client_assertion: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)] | None = None

    def way(self) -> sessions.Secret | sessions.SignedAssertion:
        """Raises BadInput for what is neither of the two, or both."""
        if self.client_assertion is not None:
            if self.secret is None and self.client_assertion_type is not None:
                return sessions.SignedAssertion(self.client_assertion, self.client_id)
        elif self.client_id and self.secret and self.client_assertion_type is None:
            return sessions.Secret(self.client_id, self.secret)
        raise BadInput("Send client_assertion with its type, or client_id and secret.")


class CourtTokenView(msgspec.Struct):
    """`token_type` is DPoP where the token is bound to the key that was proved."""

    access_token: str
    expires_in: int
    token_type: Literal["Bearer", "DPoP"]


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
        """Trade a signed assertion, or a client id and its secret, for a token of ten minutes.

        With a header `DPoP` (RFC 9449) the token is bound to the key of that proof.
        """
        proofs = proofs_of(request)
        token, seconds = await sessions.court_token(
            data.way(), proofs if proofs.shown else None, request=request.state.request_id
        )
        kind: Literal["Bearer", "DPoP"] = "DPoP" if proofs.shown else "Bearer"
        return Response(CourtTokenView(token, seconds, kind), headers=NO_STORE)

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
