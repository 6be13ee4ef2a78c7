"""Signing in with a passkey, and one's own passkeys: the only pages of the desk with a script."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.doors import LIMITED, PUBLIC, HttpRequest, actor_of, address_of
from backend.errors import NotFromThisState, TooManyTries, Unfit, WrongCredentials
from backend.pages.account import ACCOUNT, account_page, prove_with, try_form
from backend.pages.door import DESK, ask, checked, come_in, whence_of
from backend.pages.forms import Attempt, Form
from backend.pages.html import PASSKEY_SCRIPT, Page, go, show
from backend.passkeys import actions, entry
from backend.passkeys.proof import ask_passkey_proof, prove_with_passkey
from backend.passkeys.routes import ConfirmPasskey, EnrolPasskey, ProveWithPasskey, ShowPasskey
from backend.staff import proof
from backend.staff.asked import passkey_asked

PASSKEYS = f"{ACCOUNT}/passkeys"


class PasskeyDoorController(Controller):
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar declares it so

    @post("/sign-in/passkey")
    async def offer(self, request: HttpRequest) -> Page:
        return await _ask_to_show(request)

    @post("/sign-in/passkey/show")
    async def sign_in(self, request: HttpRequest) -> Page:
        """A new session, as by password and code; what was drawn is good for one try."""
        form: Form = request.state.form
        try:
            given = _read(form, ShowPasskey)
            tokens = await entry.sign_in_with_passkey(given.shown, whence_of(request))
        except (WrongCredentials, TooManyTries) as error:
            return await _ask_to_show(request, Attempt(form, error))
        return await come_in(request, tokens, checked(form.one("to")), form.one("kept"))

    @get("/passkey.js")
    async def script(self) -> Response[str]:
        return Response(
            PASSKEY_SCRIPT,
            media_type="text/javascript",
            headers={"Cache-Control": "public, max-age=604800"},
        )


class PasskeyProofPageController(Controller):
    """A fresh proof by passkey, and back to the page that asks for one."""

    path = "/account/prove"

    @get("/", opt={LIMITED: True})
    async def ask(self, request: HttpRequest, to: FromQuery[str] = DESK) -> Page:
        return await _ask_to_prove(request, checked(to))

    @post("/", opt={LIMITED: True})
    async def prove(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await prove_with_passkey(actor, _read(form, ProveWithPasskey).shown)
            return go(checked(form.one("to")))

        async def again(request: HttpRequest, tried: Attempt) -> Page:
            return await _ask_to_prove(request, checked(tried.form.one("to")), tried)

        return await try_form(request, act, again)


class PasskeyPageController(Controller):
    path = "/account/passkeys"

    @get("/new", opt={LIMITED: True})
    async def new(self, request: HttpRequest) -> Page:
        return await _new(request)

    @post("/", opt={LIMITED: True})
    async def enrol(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            name = form.read(EnrolPasskey).name
            await prove_with(actor, form)
            options = await actions.enrol_passkey(actor, name)
            wanted = await passkey_asked(actor)
            return show(
                request,
                "passkey_make.html",
                script=True,
                options=_json(options),
                name=name,
                wanted=wanted,
            )

        return await try_form(request, act, _new)

    @post("/confirm", opt={LIMITED: True})
    async def confirm(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            given = _read(form, ConfirmPasskey)
            codes = await actions.confirm_passkey(actor, given.name, given.made)
            return show(request, "passkey_made.html", codes=codes)

        return await try_form(request, act, _new)

    @post("/{passkey_id:uuid}/end")
    async def end(self, request: HttpRequest, passkey_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await prove_with(actor, form)
            await actions.end_passkey(actor, passkey_id)
            return go(f"{ACCOUNT}?saved=passkey_ended")

        return await try_form(request, act, account_page)


async def _ask_to_show(request: HttpRequest, tried: Attempt | None = None) -> Page:
    """Drawn anew for each time that it is shown."""
    form: Form = request.state.form
    to, kept = checked(form.one("to", DESK)), form.one("kept")
    try:
        options = await entry.ask_passkey(address_of(request))
    except TooManyTries as error:
        return ask(request, to, kept=kept, tried=Attempt(form, error))
    return show(
        request,
        "passkey_show.html",
        script=True,
        tried=tried,
        options=_json(options),
        to=to,
        kept=kept,
    )


async def _ask_to_prove(request: HttpRequest, to: str, tried: Attempt | None = None) -> Page:
    """Drawn anew likewise; without a script where there is nothing to ask for."""
    options = ""
    try:
        options = _json(await ask_passkey_proof(actor_of(request)))
    except (NotFromThisState, TooManyTries) as error:
        tried = Attempt(Form(), error)
    wanted = await passkey_asked(actor_of(request))
    return show(
        request,
        "passkey_prove.html",
        script=bool(options),
        tried=tried,
        options=options,
        to=to,
        wanted=wanted,
    )


async def _new(request: HttpRequest, tried: Attempt | None = None) -> Page:
    actor = actor_of(request)
    asks, wanted = await proof.proof_asked(actor), await passkey_asked(actor)
    return show(request, "passkey_new.html", tried=tried, asks=asks, wanted=wanted)


def _json(options: Any) -> str:
    return msgspec.json.encode(options).decode()


def _read(form: Form, type_: type[Any]) -> Any:
    """What only our script writes. Raises WrongCredentials for anything else."""
    try:
        return form.read(type_)
    except Unfit as error:
        raise WrongCredentials from error
