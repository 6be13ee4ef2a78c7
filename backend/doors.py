"""How an HTTP request becomes an actor, a key and a version."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler

from backend.access import Actor, Bearer
from backend.courts.rules import Call
from backend.courts.sessions import Proofs, court_of_token
from backend.database import stated_purpose
from backend.errors import (
    BadInput,
    KeyMissing,
    MoreToLookAt,
    NotFound,
    NotJson,
    NotSignedIn,
    NotYourRole,
    TooMuch,
    VersionMissing,
)
from backend.once import Asked, Written, digest, once
from backend.passes.entry import holder_of
from backend.settings import settings
from backend.silence import silent_since
from backend.staff.sessions import holder_of_token, staff_of_token
from backend.words import PURPOSES

PUBLIC = "public"
COURT = "court"
PAGE = "page"
FILE = "file"  # the pages of somebody's own file: no account, a pass
IN_SQL = "in_sql"
LIMITED = "limited"  # also for a session that may only set up a second factor
T = TypeVar("T")
HttpRequest = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}
_VERSION = re.compile(r'"?([0-9]{1,9})"?')


class WrittenView(msgspec.Struct):
    """Every write answers with the row and its new version; what it holds is read by GET."""

    id: UUID
    version: int


WrittenReply = Response[WrittenView]


AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def admit(request: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application: first who it is, then whether it is well formed.

    One guard and not two, for Litestar copies the handler for each.
    """
    await _authenticate(request, handler)
    _well_formed(request, handler)


async def _authenticate(request: AnyConnection, handler: BaseRouteHandler) -> None:
    """Only routes marked public let the anonymous in.

    Raises NotSignedIn for no token, a token that expired, and a token of the other kind.
    """
    if handler.opt.get(PUBLIC):
        return
    state = request.scope["state"]
    if handler.opt.get(FILE):
        state["actor"] = await _holder_of_cookie(request)
        return
    if handler.opt.get(PAGE):
        state["actor"] = await _actor_of_cookie(request, limited=bool(handler.opt.get(LIMITED)))
        return
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    proved = bool(handler.opt.get(COURT)) and scheme.lower() == "dpop"
    if not (proved or scheme.lower() == "bearer") or not token or len(token) > 200:  # noqa: PLR2004
        raise NotSignedIn
    hashed = hashlib.sha256(token.encode()).digest()
    if handler.opt.get(COURT):
        proofs = proofs_of(request, hashed) if proved else None
        state["actor"] = await court_of_token(hashed, proofs, state["request_id"])
        return
    if handler.opt.get(IN_SQL):
        state["token"] = hashed  # asked of the database together with what is read
        return
    limited = bool(handler.opt.get(LIMITED))
    state["actor"] = await staff_of_token(hashed, state["request_id"], limited=limited)


def proofs_of(request: AnyConnection, token: bytes | None = None) -> Proofs:
    """What the machine shows of its key (RFC 9449), for this call and the token of this hash."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    url = settings().api_url + path.partition(b"?")[0].decode("latin-1")
    ath = base64.urlsafe_b64encode(token).rstrip(b"=").decode() if token else None
    call = Call(str(request.scope.get("method", "")), url, ath)
    return Proofs(request.headers.getall("dpop", []), call)


def _well_formed(request: AnyConnection, handler: BaseRouteHandler) -> None:
    """What no route means is refused.

    Raises MethodNotAllowed for OPTIONS, which Litestar adds to every route; over the API
    BadInput for a purpose that is none and for a query parameter that is unknown or doubled,
    and NotJson.
    """
    if request.scope.get("method") == "OPTIONS":
        raise MethodNotAllowedException(headers={"allow": ", ".join(_methods(request))})
    if handler.opt.get(PAGE) or handler.opt.get(COURT) or handler.opt.get(FILE):
        return  # a page is asked by browsers; to a court all that is amiss looks alike
    _take_purpose(request.headers.get("x-purpose"))
    takes = handler.parsed_fn_signature.parameters
    named = [name for name, _ in request.query_params.multi_items()]
    if len(named) != len(set(named)) or not takes.keys() - request.path_params.keys() >= set(named):
        raise BadInput("A query parameter is unknown or stands twice.")
    if "data" in takes and not _is_json(request.headers.get("content-type", "")):
        raise NotJson


def _take_purpose(stated: str | None) -> None:
    if stated is not None and stated not in PURPOSES:
        raise BadInput("X-Purpose is none of: " + ", ".join(PURPOSES))
    stated_purpose.set(stated)


def _methods(request: AnyConnection) -> list[str]:
    path = request.scope["path_template"]
    routes = [route for route in request.app.routes if route.path_format == path]
    return sorted({str(method) for route in routes for method in route.methods})


def _is_json(content_type: str) -> bool:
    kind, *more = content_type.lower().replace(" ", "").split(";")
    return kind == "application/json" and set(more) <= {"charset=utf-8", 'charset="utf-8"'}


def cookie_name(what: str = "") -> str:
    """The prefix binds a cookie to this very host; browsers take it over TLS only."""
    return ("__Host-" if settings().secure_cookies else "") + "throughcare" + what


async def _actor_of_cookie(request: AnyConnection, *, limited: bool) -> Actor:
    """Who looks at a page: known by the cookie alone, which opens nothing but pages."""
    token = request.cookies.get(cookie_name(), "")
    if token:
        hashed = hashlib.sha256(token[:200].encode(errors="replace")).digest()
        with suppress(NotSignedIn):
            actor, news = await holder_of_token(
                hashed, request.scope["state"]["request_id"], browser=True, limited=limited
            )
            request.scope["state"]["news"] = news
            request.scope["state"]["silence"] = actor.agency and await silent_since(actor.agency)
            return actor
    if isinstance(request, Request) and request.method == "POST":
        # what was typed outlives the session in which it was typed
        request.state.typed = await request.body()
    raise NotSignedIn


async def _holder_of_cookie(request: AnyConnection) -> Actor:
    """Who came in with a pass: by a cookie of its own, which opens nothing but their file."""
    token = request.cookies.get(cookie_name("-file"), "")[:200]
    hashed = hashlib.sha256(token.encode(errors="replace")).digest()
    return await holder_of(hashed, request.scope["state"]["request_id"])


def path_of(request: HttpRequest) -> str:
    """Of this very request; `request.url` puts a whole address together to say it."""
    path: str = request.scope["path"]
    return path


def address_of(request: HttpRequest) -> str:
    """Where the request comes from: as the proxy says it, or where none stands before, the peer."""
    if settings().behind_proxy:
        return request.headers.get("x-real-ip", "")
    return request.client.host if request.client else ""


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def at_once(request: HttpRequest, act: Callable[[Bearer], Awaitable[tuple[UUID, T]]]) -> T:
    """For a route that asks the database who holds the token: what `act` came to for them."""
    state = request.scope["state"]
    bearer = Bearer(state["token"], state["request_id"])
    try:
        state["reader"], found = await act(bearer)
    except (NotFound, NotYourRole, TooMuch):
        # refused: the log says to whom, as it says of every other route
        state["actor"] = await staff_of_token(bearer.token, bearer.request)
        raise
    return found


async def write(
    request: HttpRequest,
    operation: str,
    act: Callable[[Actor], Awaitable[Written]],
) -> Written:
    """Carry out a write once for its Idempotency-Key. Raises KeyMissing, KeyReused."""
    actor, asked = actor_of(request), await _asked(request)
    return await once(actor, operation, asked, lambda: act(actor))


async def _asked(request: HttpRequest) -> Asked:
    seen = request.headers.get("if-match", "")
    asked = digest(path_of(request).encode(), seen.encode(), await request.body())
    return Asked(request.headers.get("idempotency-key", ""), asked)


async def change(
    request: HttpRequest,
    operation: str,
    act: Callable[[Actor, int], Awaitable[Written]],
) -> Written:
    """A write on a row that the caller saw. Raises VersionMissing, VersionStale too."""
    seen = version_seen(request)
    return await write(request, operation, lambda actor: act(actor, seen))


async def change_at_once(
    request: HttpRequest,
    operation: str,
    short: Callable[[Bearer, Asked, int], Awaitable[tuple[UUID, Written]]],
    act: Callable[[Actor, int], Awaitable[Written]],
) -> Written:
    """A change in one statement where that is enough (the token is judged in it), else by `act`."""
    with suppress(VersionMissing, KeyMissing, MoreToLookAt):
        seen, asked = version_seen(request), await _asked(request)
        return await at_once(request, lambda bearer: short(bearer, asked, seen))
    # who is not signed in hears that before anything else
    request.state.actor = await staff_of_token(request.state.token, request.state.request_id)
    return await change(request, operation, act)


def version_seen(request: HttpRequest) -> int:
    """What If-Match says; 0, which no row ever has, for what is no version.

    So it is the action that refuses, after it has looked whether the row is the caller's.
    Raises VersionMissing.
    """
    given = request.headers.get("if-match")
    if given is None:
        raise VersionMissing
    return int(found[1]) if (found := _VERSION.fullmatch(given)) else 0


def answer(written: Written, body: T) -> Response[T]:
    """The answer to a write: its body, its version as ETag."""
    return Response(
        body, status_code=written.status, headers={"ETag": f'"{written.version}"', **NO_STORE}
    )


def plain(written: Written) -> WrittenReply:
    return answer(written, WrittenView(written.id, written.version))
