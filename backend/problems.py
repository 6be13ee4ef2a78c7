"""How a refusal looks over HTTP: application/problem+json with a stable type (RFC 9457)."""

import logging
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from backend.database import BROKEN
from backend.errors import BadInput, DatabaseBusy, DomainError, NotFound, Taken, TooLarge, Unfit

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:throughcare:problem:"


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
    headers = {"Retry-After": "5"} if error.status in {429, 503} else {}
    if error.status == 401:  # noqa: PLR2004 - the status is the meaning
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(error.status, error.kind, error.title, error.detail, headers=headers)


def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    if error.status_code == NotFound.status:
        return of_domain(request, NotFound())
    if error.status_code == TooLarge.status:
        return of_domain(request, TooLarge())
    # Litestar repeats the URL and its query in `detail`: that may name somebody, so it stays out
    if isinstance(error, ValidationException | SerializationException):
        extra: Any = getattr(error, "extra", None)
        fields = extra if isinstance(extra, list) else []
        errors = [
            {"field": str(one.get("key", "")), "message": str(one.get("message", ""))[:200]}
            for one in fields
            if isinstance(one, dict)
        ]
        return _answer(400, BadInput.kind, BadInput.title, errors=errors or None)
    kind = {405: "method-not-allowed", 415: "unsupported-media-type"}.get(
        error.status_code, f"http-{error.status_code}"
    )
    title = {405: "This method is not possible here", 415: "Send application/json"}.get(
        error.status_code, "The request cannot be carried out"
    )
    return _answer(error.status_code, kind, title, headers=dict(error.headers or {}))


def of_unreadable(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """Bytes that no decoder takes: bad UTF-8, too deep nesting, an unknown charset."""
    return of_domain(request, BadInput())


def of_data(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """Values that pass the decoder and that no column takes: NUL, lone surrogates, huge numbers."""
    return of_domain(request, Unfit("A value has characters or a size that cannot be stored."))


def of_taken(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """An id that the client made is in use, in its own sight or out of it: one answer for both."""
    return of_domain(request, Taken())


def of_walled(request: Request[Any, Any, Any], _: Exception) -> Response[Problem]:
    """The row policies refused what an action let through: it does not exist for the caller."""
    log.error("a row policy refused a write")
    return of_domain(request, NotFound())


def of_broken(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.warning("database away", extra={"error": type(error).__name__})
    return of_domain(request, DatabaseBusy())


def of_unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    # the text of an error may quote a value, so only its type and place are logged
    log.error("unexpected error", extra={"error": _place(error)})
    return _answer(500, "unexpected", "Something broke on our side; it was noted")


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


def _place(error: BaseException) -> str:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(frames[-6:]))}"


HANDLERS: ExceptionHandlersMap = {
    DomainError: of_domain,
    HTTPException: of_http,
    UnicodeError: of_unreadable,
    RecursionError: of_unreadable,
    LookupError: of_unexpected,
    msgspec.DecodeError: of_unreadable,
    asyncpg.DataError: of_data,
    asyncpg.exceptions.UntranslatableCharacterError: of_data,
    asyncpg.UniqueViolationError: of_taken,
    asyncpg.ForeignKeyViolationError: of_walled,
    asyncpg.InsufficientPrivilegeError: of_walled,
    **dict.fromkeys(BROKEN, of_broken),
    Exception: of_unexpected,
}
