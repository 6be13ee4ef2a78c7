"""How an HTTP request becomes an actor, a key and a version."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from backend.access import Actor
from backend.courts.sessions import court_of_token
from backend.errors import NotSignedIn, VersionMissing, VersionStale
from backend.once import Written, digest, once
from backend.settings import settings
from backend.staff.sessions import staff_of_token

PUBLIC = "public"
COURT = "court"
PAGE = "page"
T = TypeVar("T")
HttpRequest = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}


class WrittenView(msgspec.Struct):
    """Every write answers with the row and its new version; what it holds is read by GET."""

    id: UUID
    version: int


WrittenReply = Response[WrittenView]


async def authenticate(
    request: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Guard of the whole application: only routes marked public let the anonymous in.

    Raises NotSignedIn for no token, a token that expired, and a token of the other kind.
    """
    if handler.opt.get(PUBLIC):
        return
    if handler.opt.get(PAGE):
        request.state.actor = await _actor_of_cookie(request)
        return
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 200:  # noqa: PLR2004
        raise NotSignedIn
    hashed = hashlib.sha256(token.encode()).digest()
    find = court_of_token if handler.opt.get(COURT) else staff_of_token
    request.state.actor = await find(hashed, request.state.request_id)


def cookie_name(what: str = "") -> str:
    """The prefix binds a cookie to this very host; browsers take it over TLS only."""
    return ("__Host-" if settings().secure_cookies else "") + "throughcare" + what


async def _actor_of_cookie(request: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    """Who looks at a page: known by the cookie alone, which opens nothing but pages."""
    token = request.cookies.get(cookie_name(), "")
    if token:
        hashed = hashlib.sha256(token[:200].encode(errors="replace")).digest()
        with suppress(NotSignedIn):
            return await staff_of_token(hashed, request.state.request_id, browser=True)
    if isinstance(request, Request) and request.method == "POST":
        # what was typed outlives the session in which it was typed
        request.state.typed = await request.body()
    raise NotSignedIn


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def write(
    request: HttpRequest,
    operation: str,
    act: Callable[[Actor], Awaitable[Written]],
) -> Written:
    """Carry out a write once for its Idempotency-Key. Raises KeyMissing, KeyReused."""
    actor = actor_of(request)
    seen = request.headers.get("if-match", "")
    asked = digest(request.url.path.encode(), seen.encode(), await request.body())
    key = request.headers.get("idempotency-key")
    return await once(actor, operation, key, asked, lambda: act(actor))


async def change(
    request: HttpRequest,
    operation: str,
    act: Callable[[Actor, int], Awaitable[Written]],
) -> Written:
    """A write on a row that the caller saw. Raises VersionMissing, VersionStale too."""
    seen = version_seen(request)
    return await write(request, operation, lambda actor: act(actor, seen))


def version_seen(request: HttpRequest) -> int:
    given = request.headers.get("if-match")
    if given is None:
        raise VersionMissing
    bare = given.strip().strip('"')
    if not bare.isdecimal() or len(bare) > 9:  # noqa: PLR2004 - a version is an int4
        raise VersionStale
    return int(bare)


def answer(written: Written, body: T) -> Response[T]:
    """The answer to a write: its body, its version as ETag."""
    return Response(
        body, status_code=written.status, headers={"ETag": f'"{written.version}"', **NO_STORE}
    )


def plain(written: Written) -> WrittenReply:
    return answer(written, WrittenView(written.id, written.version))
