"""How a refusal looks on a page: the same statuses as over the API, as a sentence and a way on."""

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from backend.doors import HttpRequest, path_of
from backend.errors import NotSignedIn
from backend.pages.door import DESK, to_sign_in
from backend.pages.html import Page, show
from backend.problems import HANDLERS, TYPE_PREFIX


def _as_page(handler: Callable[[Any, Any], Response[Any]]) -> Callable[[HttpRequest, Any], Page]:
    def answer(request: HttpRequest, error: Exception) -> Page:
        problem = handler(request, error)
        return show(
            request,
            "problem.html",
            status=problem.status_code or 500,
            kind=problem.content.type.removeprefix(TYPE_PREFIX),
            title=problem.content.title,
        )

    return answer


REFUSALS: ExceptionHandlersMap = {
    **{error: _as_page(handler) for error, handler in HANDLERS.items()},
    NotSignedIn: to_sign_in,
}


def of_http(request: HttpRequest, error: HTTPException) -> Page:
    """An address that no route has: below /desk somebody reads the answer with their eyes."""
    path = path_of(request)
    handler: Callable[[Any, Any], Response[Any]] = HANDLERS[HTTPException]
    if path != DESK and not path.startswith(f"{DESK}/"):
        return handler(request, error)
    return _as_page(handler)(request, error)
