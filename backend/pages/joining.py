"""Making one's account with the code of an invitation; then one signs in like everybody."""

import msgspec
from litestar import Controller, get, post

from backend.accounts.actions import accept_invitation
from backend.accounts.routes import AcceptInvitation
from backend.doors import PUBLIC, HttpRequest, address_of
from backend.errors import Taken, TooManyTries, Unfit, WrongCredentials
from backend.pages.door import SIGN_IN, at_the_door
from backend.pages.forms import Attempt, Form
from backend.pages.html import Page, go


class JoinController(Controller):
    path = "/join"
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar declares it so

    @get("/")
    async def ask(self, request: HttpRequest) -> Page:
        return at_the_door(request, "join.html")

    @post("/")
    async def join(self, request: HttpRequest) -> Page:
        form: Form = request.state.form
        try:
            given = _read(form)
            await accept_invitation(
                given.code,
                given.login,
                given.password,
                address=address_of(request),
                request=request.state.request_id,
            )
        except (WrongCredentials, TooManyTries, Taken, Unfit) as error:
            return at_the_door(request, "join.html", tried=Attempt(form, error))
        return go(f"{SIGN_IN}?joined=yes")


def _read(form: Form) -> AcceptInvitation:
    """The password as it was typed, blanks and all. Raises Unfit, WrongCredentials."""
    typed = {"code": form.one("code").strip(), "login": form.one("login").strip()}
    try:
        return msgspec.convert({**typed, "password": form.one("password")}, AcceptInvitation)
    except msgspec.ValidationError as error:
        if "$.login" in str(error):
            raise Unfit(
                "A login has 3 to 80 letters, digits or . @ + - _", field="login"
            ) from error
        raise WrongCredentials from error
