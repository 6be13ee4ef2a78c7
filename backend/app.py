"""The application: the only module that knows every controller."""

import logging
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from litestar import Litestar, Router
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from backend.agencies.routes import DutyController
from backend.alerts.routes import TaskController
from backend.appointments.routes import AppointmentController
from backend.audit.routes import AccessController
from backend.circles.routes import CircleController
from backend.consents.routes import ConsentController
from backend.contacts.routes import ContactController
from backend.courts.routes import CourtController
from backend.doors import PUBLIC, authenticate
from backend.health import live, ready
from backend.messages.routes import LinkController
from backend.pages.refusals import of_http
from backend.pages.routes import desk
from backend.plans.routes import MilestoneController, PlanController
from backend.problems import HANDLERS
from backend.staff.routes import SignInController
from backend.summaries.routes import PullController, SummaryController

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
API_CSP = "default-src 'none'; frame-ancestors 'none'"

# The reviewed list of what the anonymous may call; a guard test holds it.
PUBLIC_OPERATIONS = frozenset(
    {"signIn", "refreshSession", "courtToken", "healthLive", "healthReady"}
)
# And of the pages that a stranger may open.
PUBLIC_PAGES = frozenset({"/desk/sign-in", "/desk/style.css"})


class Line(ASGIMiddleware):
    """A request id, the security headers and one log line for every answer."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request, started, status = str(uuid4()), time.perf_counter(), 500
        scope.setdefault("state", {})["request_id"] = request

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-Id"] = request
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", API_CSP)
            await send(message)

        try:
            await next_app(scope, receive, sending)
        finally:
            log.info("answered", extra=_fields(scope, request, status, started))


def _fields(scope: Any, request: str, status: int, started: float) -> dict[str, object]:
    actor = scope.get("state", {}).get("actor")
    return {
        "request": request,
        # the template of the route: a path could hold an id, a query even more
        "route": f"{scope['method']} {scope.get('path_template') or '-'}",
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "actor": str(actor.id) if actor else None,
    }


def create_app(*, docs: bool = True, extra: Sequence[Any] = ()) -> Litestar:
    """The API and the pages. `docs` serves the API document at /docs."""
    return Litestar(
        route_handlers=[
            SignInController,
            PlanController,
            MilestoneController,
            AppointmentController,
            ContactController,
            TaskController,
            CircleController,
            ConsentController,
            LinkController,
            DutyController,
            AccessController,
            CourtController,
            SummaryController,
            PullController,
            desk,
            live,
            ready,
            *extra,
        ],
        guards=[authenticate],
        exception_handlers={**HANDLERS, HTTPException: of_http},
        middleware=[Line()],
        request_max_body_size=LARGEST_BODY,
        multipart_form_part_limit=10,
        logging_config=None,
        openapi_config=_documents() if docs else None,
        response_cache_config=ResponseCacheConfig(default_expiration=None),
    )


def _documents() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Throughcare",
        version="1",
        description="Coordinates a person's return from custody to the community.",
        openapi_router=Router("/docs", route_handlers=[], opt={PUBLIC: True}),
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
    )
