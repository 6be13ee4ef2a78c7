"""What surrounds every answer: a request id, the security headers, one log line; and how many
requests are taken in at once.
"""

import logging
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from litestar import Litestar
from litestar.types import Message

from backend.audit.denials import deny, hash_of
from backend.database import stated_purpose
from backend.doors import COURT
from backend.errors import (
    DatabaseBusy,
    DomainError,
    NotFound,
    NotSignedIn,
    NotYourRole,
    TooManyTries,
)
from backend.logs import request_id
from backend.problems import GONE, MEDIA_TYPE, TYPE_PREFIX, Problem
from backend.staff.sessions import staff_of_token

log = logging.getLogger(__name__)

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
# A page says more about itself than these.
UNLESS_SAID = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

MOST_AT_ONCE = 500
REFUSALS: dict[int, type[DomainError]] = {
    one.status: one for one in (NotYourRole, NotFound, TooManyTries)
}
NOT_UNDERSTOOD = frozenset({400, 413, 415})


class Enveloped(Litestar):
    """Litestar's middleware does not see what no route takes; this sees every answer.

    Past `most_at_once` requests in the house, further ones are turned away at the door.
    """

    most_at_once = MOST_AT_ONCE
    inside = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request, started, status = str(uuid4()), time.perf_counter(), 500
        scope.setdefault("state", {})["request_id"] = request
        scope["headers"] = _hosted(scope["headers"])
        token = request_id.set(request)
        stated_purpose.set(None)
        refused = False

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, request)
            await send(message)

        async def sending(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                if await _is_nobody(scope, message):
                    refused = True
                    await _refuse(telling, NotSignedIn, {"www-authenticate": "Bearer"})
                elif message["status"] in REFUSALS:
                    await _note_refusal(scope, REFUSALS[message["status"]])
            if not refused:
                await telling(message)

        self.inside += 1
        try:
            if self.inside > self.most_at_once:
                await _refuse(telling, DatabaseBusy, {"retry-after": "5"})
            else:
                await super().__call__(scope, _noticing(scope, receive), sending)
        finally:
            self.inside -= 1
            log.info("answered", extra=_fields(scope, status, started))
            request_id.reset(token)


def _hosted(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Litestar reads the Host to say where an error was, and fails over one that is none."""
    host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    try:
        fit = bool(host) and urlsplit(f"//{host}").port != 0
    except ValueError:
        fit = False
    if fit:
        return headers
    return [(name, b"localhost" if name == b"host" else value) for name, value in headers]


def _noticing(scope: Any, receive: Any) -> Any:
    """Who goes away in the middle of a request is marked as gone."""

    async def receiving() -> Any:
        message = await receive()
        if message["type"] == "http.disconnect":
            scope["state"][GONE] = True
        return message

    return receiving


async def _is_nobody(scope: Any, message: Any) -> bool:
    """Where a token waits to be judged together with what is read: a request that was not even
    understood came before that, and who is not signed in hears of that alone.
    """
    state = scope["state"]
    if message["status"] not in NOT_UNDERSTOOD or "token" not in state or "reader" in state:
        return False
    with suppress(DatabaseBusy):
        try:
            state["actor"] = await staff_of_token(state["token"], state["request_id"])
        except NotSignedIn:
            return True
    return False


async def _note_refusal(scope: Any, refused: type[DomainError]) -> None:
    """Somebody whom we know was refused. A court is left out: its own action writes that down."""
    handler, actor = scope.get("route_handler"), scope["state"].get("actor")
    if handler is None or actor is None or handler.opt.get(COURT):
        return
    asked = [one for one in scope.get("path_params", {}).values() if isinstance(one, UUID)]
    await deny(
        actor,
        handler.operation_id or f"page {handler.handler_name}",
        refused.kind,
        asked=hash_of(asked[-1]) if asked else None,
        request=scope["state"]["request_id"],
    )


async def _refuse(send: Any, error: type[DomainError], more: dict[str, str]) -> None:
    """What a refusal of ours looks like, where no route has a say."""
    body = msgspec.json.encode(Problem(TYPE_PREFIX + error.kind, error.title, error.status))
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **more}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _dress(message: Any, request: str) -> None:
    headers = message["headers"]
    said = {name.lower() for name, _ in headers}
    message["headers"] = [
        *headers,
        (b"x-request-id", request.encode()),
        *HEADERS,
        *(header for header in UNLESS_SAID if header[0] not in said),
    ]


def _fields(scope: Any, status: int, started: float) -> dict[str, object]:
    state = scope["state"]
    # where the database judged the token itself, it says who it was and no more
    who = state["actor"].id if state.get("actor") else state.get("reader")
    return {
        # the template of the route: a path could hold an id, a query even more
        "route": f"{scope['method'] if 'path_template' in scope else '-'}"
        f" {scope.get('path_template') or '-'}",
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "actor": str(who) if who else None,
    }
