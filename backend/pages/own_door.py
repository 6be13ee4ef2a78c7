"""The way into somebody's own file: a code from paper and a spoken number, for a while."""

import secrets
from collections.abc import Callable
from typing import Any

from litestar import Controller, MediaType, Response, get, post
from litestar.params import FromPath
from litestar.types import ExceptionHandlersMap

from backend.doors import PUBLIC, HttpRequest, actor_of, cookie_name
from backend.errors import NotSignedIn, WrongCredentials
from backend.files.wording import Words, asked_for
from backend.pages.door import FORGET, cookie
from backend.pages.forms import Attempt, Forged, Form, door_of, is_proven, read_form
from backend.pages.html import STYLE, Page, go, show
from backend.passes import entry
from backend.passes.rules import PATH, typed_code
from backend.problems import HANDLERS

FILE = "/file"


def said_to(request: HttpRequest) -> Words:
    """In the language of their browser: who is not in yet is not known, and nor is theirs."""
    return Words(asked_for(request.headers.get("accept-language", "")))


async def prove(request: HttpRequest) -> Page | None:
    """Before every form: it must come from a page of ours. Raises Forged, BadInput."""
    if request.method == "POST" and not is_proven(request, await read_form(request)):
        raise Forged
    return None


def _ask(request: HttpRequest, code: str, tried: Attempt | None = None) -> Page:
    fresh = not door_of(request)
    if fresh:
        request.state.door = secrets.token_urlsafe(16)
    page = show(request, "file_enter.html", tried=tried, said=said_to(request), code=code)
    if fresh:
        page.set_cookie(cookie(cookie_name("-door"), request.state.door))
    return page


class OwnDoorController(Controller):
    path = "/enter"
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar declares it so

    @get("/{code:str}")
    async def scan(self, code: FromPath[str]) -> Page:
        """From the paper's picture: the code leaves the address bar at once."""
        page = go(PATH)
        page.set_cookie(cookie(cookie_name("-code"), typed_code(code), lax=True))
        return page

    @get("/")
    async def ask(self, request: HttpRequest) -> Page:
        return _ask(request, typed_code(request.cookies.get(cookie_name("-code"), "")))

    @post("/")
    async def enter(self, request: HttpRequest) -> Page:
        """A new session, whatever was in the browser before."""
        form: Form = request.state.form
        code = form.one("code")
        try:
            token = await entry.enter(code, form.one("pin"), request.state.request_id)
        except WrongCredentials as error:
            return _ask(request, code, Attempt(form, error))
        page = go(FILE)
        page.set_cookie(cookie(cookie_name("-file"), token))
        for name in ("-door", "-code"):
            page.set_cookie(cookie(cookie_name(name), None))
        return page


@get("/style.css", opt={PUBLIC: True})
async def style() -> Response[str]:
    return Response(STYLE, media_type=MediaType.CSS, headers={"Cache-Control": "no-store"})


@post("/close")
async def close(request: HttpRequest) -> Page:
    """Nothing of it is left in this browser."""
    await entry.leave(actor_of(request))
    page = go(PATH)
    page.headers.update(FORGET)
    for name in ("-file", "-door", "-code"):
        page.set_cookie(cookie(cookie_name(name), None))
    return page


def _as_page(handler: Callable[[Any, Any], Response[Any]]) -> Callable[[HttpRequest, Any], Page]:
    def answer(request: HttpRequest, error: Exception) -> Page:
        status = handler(request, error).status_code or 500
        return show(request, "file_problem.html", status=status, said=said_to(request))

    return answer


def _to_door(_: HttpRequest, __: Exception) -> Page:
    page = go(PATH)
    page.set_cookie(cookie(cookie_name("-file"), None))
    return page


REFUSALS: ExceptionHandlersMap = {
    **{error: _as_page(handler) for error, handler in HANDLERS.items()},
    NotSignedIn: _to_door,
}
