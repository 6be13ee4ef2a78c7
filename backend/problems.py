"""How a refusal looks over HTTP: application/problem+json with a stable type (RFC 9457)."""

import logging
import re
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from backend.database import BROKEN, CROWDED
from backend.errors import (
    BadInput,
    DatabaseBusy,
    DomainError,
    NotFound,
    NotJson,
    Taken,
    TooLarge,
    Unfit,
)
from backend.logs import place

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:throughcare:problem:"
UNEXPECTED = "unexpected"
NO_SUCH_METHOD = "method-not-allowed"
GONE = "gone"  # in the state of a request whose sender went away
# What a decoder says about a value without repeating it; the names in it are our own.
_SAYS_NO_VALUE = re.compile(
    r"Expected `[^`]*`.*|Object missing required field `\w+`|Invalid (UUID|RFC3339 encoded \w+)"
)


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong, for a program (`type`) and for a person (`title`, `detail`)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None


def documented(*errors: type[DomainError]) -> dict[int, ResponseSpec]:
    """The refusals of an operation, for the API document."""
    by_status: dict[int, list[str]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error.kind)
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=", ".join(kinds),
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status, kinds in by_status.items()
    }


def of_domain(_: Request[Any, Any, Any], error: DomainError) -> Response[Problem]:
    headers = (
        {"Retry-After": str(error.extra.get("retry_after", 5))}
        if error.status in {429, 503}
        else {}
    )
    if error.status == 401:  # noqa: PLR2004 - the status is the meaning
        headers["WWW-Authenticate"] = "Bearer"
    lines = error.extra.get("errors")
    errors = [dict(one) for one in lines] if isinstance(lines, list) else None
    return _answer(
        error.status, error.kind, error.title, error.detail, errors=errors, headers=headers
    )


_OF_STATUS: dict[int, type[DomainError]] = {
    400: BadInput,
    404: NotFound,
    413: TooLarge,
    415: NotJson,
}


def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Litestar repeats the URL and what was sent in `detail`: that may name somebody."""
    status = error.status_code
    if request.scope["state"].get(GONE):
        return of_domain(request, BadInput())  # half a request; nobody hears this, the log does
    if status >= 500:  # noqa: PLR2004 - everything from here on is our own fault
        return of_unexpected(request, error)
    if status == BadInput.status:
        return _answer(status, BadInput.kind, BadInput.title, errors=_errors(error))
    if (known := _OF_STATUS.get(status)) is not None:
        return of_domain(request, known())
    if status == 405:  # noqa: PLR2004
        return _answer(
            status, NO_SUCH_METHOD, "This method is not possible here", headers=_allow(error)
        )
    return _answer(status, f"http-{status}", DomainError.title)


def _errors(error: HTTPException) -> list[dict[str, str]] | None:
    """Which fields cannot be read and why, in words that repeat nothing of the request."""
    extra = error.extra if isinstance(error.extra, list) else []
    told = []
    for one in extra:
        said = str(one.get("message", ""))
        fits = _SAYS_NO_VALUE.fullmatch(said)
        told.append(
            {
                "field": _field(str(one.get("key", ""))),
                "message": said if fits else "This is missing, unknown or cannot be read",
            }
        )
    return told or None


def _field(key: str) -> str:
    """The framework calls the whole body "data"."""
    return "body" if key == "data" else key


def _allow(error: HTTPException) -> dict[str, str]:
    methods = (error.headers or {}).get("allow", "").split(", ")
    return {"Allow": ", ".join(sorted(set(methods) - {"OPTIONS", ""}))}


def of_unreadable(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """Bytes that no decoder takes: bad UTF-8, too deep nesting."""
    return of_domain(request, BadInput())


def of_data(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """What passes the decoder and no column or calendar takes: huge numbers, the year 10000."""
    return of_domain(request, Unfit("A value has characters or a size that cannot be stored."))


def of_taken(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """An id that the client made is in use, in its own sight or out of it: one answer for both."""
    return of_domain(request, Taken())


def of_walled(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The row policies refused what an action let through: it does not exist for the caller."""
    log.error("the database refused a write", extra={"error": place(error)})
    return of_domain(request, NotFound())


def of_broken(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.warning("database away", extra={"error": type(error).__name__})
    return of_domain(request, DatabaseBusy())


def of_unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    # the text of an error may quote a value, so only its type and place are logged
    log.error("unexpected error", extra={"error": place(error)})
    return _answer(500, UNEXPECTED, "Something broke on our side; it was noted")


def _answer(
    status: int,
    kind: str,
    title: str,
    detail: str | None = None,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    return Response(
        Problem(TYPE_PREFIX + kind, title, status, detail, errors),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


HANDLERS: ExceptionHandlersMap = {
    DomainError: of_domain,
    HTTPException: of_http,
    UnicodeError: of_unreadable,
    RecursionError: of_unreadable,
    msgspec.DecodeError: of_unreadable,
    OverflowError: of_data,
    asyncpg.DataError: of_data,
    asyncpg.UniqueViolationError: of_taken,
    asyncpg.ForeignKeyViolationError: of_walled,
    asyncpg.InsufficientPrivilegeError: of_walled,
    **dict.fromkeys(BROKEN + CROWDED, of_broken),
    Exception: of_unexpected,
}
