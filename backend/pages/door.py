"""Signing in and out, and the style sheet: all that a stranger may ask of the pages."""

import hashlib
import re
import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery

from backend.doors import PUBLIC, HttpRequest, actor_of, address_of, cookie_name, path_of
from backend.errors import BadInput, NotSignedIn, TooManyTries, WrongCredentials
from backend.pages.forms import Attempt, Forged, Form, door_of, is_proven, own_page, read_form
from backend.pages.html import STYLE, Page, go, show
from backend.pages.kept import is_own, keep, opened
from backend.settings import settings
from backend.staff import sessions
from backend.staff.routes import SignIn

DESK = "/desk"
SIGN_IN = "/desk/sign-in"
SET_UP = "/desk/account/factor"
# back to one of our own pages only
_TO = re.compile(r"/desk(/[a-z0-9-]+)*")
# but for the cookies: that of the device stays, or strangers could shut it out
FORGET = {"Clear-Site-Data": '"cache", "storage"'}
DEVICE_DAYS = 400  # as long as browsers keep any


def ask(
    request: HttpRequest, to: str, *, kept: str = "", joined: bool = False, **more: Any
) -> Page:
    """The sign-in form."""
    return at_the_door(request, "sign_in.html", to=to, kept=kept, joined=joined, **more)


def at_the_door(request: HttpRequest, template: str, **values: Any) -> Page:
    """A form for strangers. A cookie stands for the session that is not there yet."""
    fresh = not door_of(request)
    if fresh:
        request.state.door = secrets.token_urlsafe(16)
    page = show(request, template, **values)
    if fresh:
        page.set_cookie(cookie(cookie_name("-door"), request.state.door))
    return page


def to_sign_in(request: HttpRequest, _: Exception) -> Page:
    """To the sign-in, and back to the page afterwards.

    What was typed after a session had run out goes along, sealed, where the browser vouches for it.
    Where it was typed goes with it: whoever sits there now may be another colleague.
    """
    typed: bytes | None = getattr(request.state, "typed", None)
    path = path_of(request)
    if typed and own_page(request):
        with suppress(BadInput):  # no browser sent this, so there is nothing to keep
            if kept := keep(Form.parse(path, typed)):
                return ask(request, DESK, kept=kept, status=NotSignedIn.status)
    return go(SIGN_IN if path == DESK or typed is not None else f"{SIGN_IN}?to={quote(path)}")


@get("/", opt={PUBLIC: True}, include_in_schema=False)
async def front() -> Page:
    """Whoever types the bare address means the desk."""
    return go(DESK)


async def prove(request: HttpRequest) -> Page | None:
    """Before every form: it must come from a page of this session. Raises Forged, BadInput.

    A form of an earlier session of the same account is shown again for a look, where the browser
    vouches for it.
    """
    if request.method != "POST":
        return None
    form = await read_form(request)
    if is_proven(request, form):
        return None
    actor = getattr(request.state, "actor", None)
    if actor and own_page(request) and await is_own(actor, form.one("csrf")):
        return _look_again(request, form, status=Forged.status)
    raise Forged


def _look_again(request: HttpRequest, form: Form, *, status: int = 200) -> Page:
    """What was typed in an earlier session: it is sent by a tap of its own."""
    return show(request, "again.html", status=status, to=form.path, typed=form.typed)


class DoorController(Controller):
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar declares it so

    @get("/sign-in")
    async def ask(
        self, request: HttpRequest, to: FromQuery[str] = DESK, joined: FromQuery[str] = ""
    ) -> Page:
        return ask(request, checked(to), joined=bool(joined))

    @post("/sign-in")
    async def sign_in(self, request: HttpRequest) -> Page:
        """A new session, whatever was in the browser before."""
        form: Form = request.state.form
        to, kept = checked(form.one("to")), form.one("kept")
        try:
            given = msgspec.convert(
                {
                    "login": form.one("login").strip(),
                    "password": form.one("password"),
                    "code": form.one("code").strip() or None,
                },
                SignIn,
            )
            whence = whence_of(request)
            tokens = await sessions.sign_in(given.login, given.password, whence, code=given.code)
        except (msgspec.ValidationError, WrongCredentials):
            return ask(request, to, kept=kept, tried=Attempt(form, WrongCredentials()))
        except TooManyTries as error:
            return ask(request, to, kept=kept, tried=Attempt(form, error))
        return await come_in(request, tokens, to, kept)

    @get("/style.css")
    async def style(self) -> Response[str]:
        return Response(
            STYLE,
            media_type=MediaType.CSS,
            headers={"Cache-Control": "public, max-age=604800"},
        )


def whence_of(request: HttpRequest) -> sessions.Whence:
    """A browser, with the cookie of its device where it has signed in before."""
    return sessions.Whence(
        browser=True,
        address=address_of(request),
        device=request.cookies.get(cookie_name("-device")),
        name="Browser",
        request=request.state.request_id,
    )


async def come_in(request: HttpRequest, tokens: sessions.Tokens, to: str, kept: str) -> Page:
    """To the page that was asked for, whatever session was in the browser before.

    Or to what was typed before, for who typed it: to anybody else it is as if nothing had been.
    """
    await _end_earlier(request)
    request.state.actor = actor = await _staff(tokens.access, request)
    page = go(SET_UP if tokens.limited else to)
    if kept and not tokens.limited and (typed := await opened(actor, kept)):
        page = _look_again(request, typed)
    page.set_cookie(cookie(cookie_name(), tokens.access))
    page.set_cookie(cookie(cookie_name("-device"), tokens.device, days=DEVICE_DAYS))
    page.set_cookie(cookie(cookie_name("-door"), None))
    return page


@post("/sign-out")
async def sign_out(request: HttpRequest) -> Page:
    await sessions.sign_out(actor_of(request))
    page = go(SIGN_IN)
    page.headers.update(FORGET)
    page.set_cookie(cookie(cookie_name(), None))
    return page


async def _end_earlier(request: HttpRequest) -> None:
    try:
        await sessions.sign_out(await _staff(request.cookies.get(cookie_name(), ""), request))
    except NotSignedIn:
        return


async def _staff(token: str, request: HttpRequest) -> Any:
    hashed = hashlib.sha256(token.encode(errors="replace")).digest()
    return await sessions.staff_of_token(
        hashed, request.state.request_id, browser=True, limited=True
    )


def cookie(name: str, value: str | None, *, days: int | None = None, lax: bool = False) -> Cookie:
    """Read by no script, sent by no other site, gone with the browser or after these days.

    None as value takes it back. With `lax` it comes along when another program opened the page.
    """
    return Cookie(
        name,
        value=value or "",
        httponly=True,
        samesite="lax" if lax else "strict",
        secure=settings().secure_cookies,
        max_age=(days * 86_400 if days else None) if value else 0,
    )


def checked(to: str) -> str:
    return to if _TO.fullmatch(to) and to != SIGN_IN else DESK
