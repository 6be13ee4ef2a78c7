from typing import Annotated

import msgspec
from litestar import Controller, Response, post
from litestar.params import JSONBody

from backend.doors import NO_STORE, PUBLIC, HttpRequest, actor_of
from backend.errors import NotSignedIn, TooManyTries, WrongCredentials
from backend.problems import documented
from backend.staff import sessions


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Refresh(msgspec.Struct, forbid_unknown_fields=True):
    refresh_token: Annotated[str, msgspec.Meta(min_length=20, max_length=200)]


class TokensView(msgspec.Struct):
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme


def _view(tokens: sessions.Tokens) -> Response[TokensView]:
    return Response(
        TokensView(tokens.access, tokens.refresh, tokens.seconds), headers=NO_STORE, status_code=200
    )


class SignInController(Controller):
    path = "/sessions"
    tags = ["staff"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/",
        operation_id="signIn",
        status_code=200,
        opt={PUBLIC: True},
        responses=documented(WrongCredentials, TooManyTries),
    )
    async def sign_in(self, request: HttpRequest, data: JSONBody[SignIn]) -> Response[TokensView]:
        """Start a session. The access token lasts ten minutes; then use refreshSession."""
        return _view(
            await sessions.sign_in(data.login, data.password, request=request.state.request_id)
        )

    @post(
        "/refresh",
        operation_id="refreshSession",
        status_code=200,
        opt={PUBLIC: True},
        responses=documented(NotSignedIn),
    )
    async def refresh(self, data: JSONBody[Refresh]) -> Response[TokensView]:
        """Trade a refresh token for new tokens, once; a second use ends the session."""
        return _view(await sessions.refresh(data.refresh_token))

    @post("/end", operation_id="signOut", status_code=204, responses=documented(NotSignedIn))
    async def sign_out(self, request: HttpRequest) -> None:
        """End the session of this token, with all its tokens, at once."""
        await sessions.sign_out(actor_of(request))
