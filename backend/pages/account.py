"""One's own account: devices, password, and the app that shows codes."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import msgspec
import segno
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import OPERATIONS, Actor
from backend.doors import LIMITED, HttpRequest, actor_of
from backend.errors import DatabaseBusy, DomainError, WrongCredentials
from backend.feeds.actions import end_feed, get_feed, make_feed
from backend.feeds.routes import address_of_feed
from backend.once import Written
from backend.pages.door import FORGET, SIGN_IN
from backend.pages.forms import Act, Attempt, Form, Still, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.passkeys.actions import list_passkeys
from backend.staff import actions, devices, factors, notices, proof, recovery
from backend.staff.asked import passkey_asked
from backend.staff.routes import ChangePassword, ConfirmFactor, Prove, SeeNotices
from backend.support.actions import own_support

S = TypeVar("S", bound=msgspec.Struct)
ACCOUNT = "/desk/account"
NEW_PASSKEY = f"{ACCOUNT}/passkeys/new"


class AccountPageController(Controller):
    path = "/account"

    @get("/")
    async def account(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await account_page(request, saved=saved)

    @post("/devices/{device_id:uuid}/end")
    async def end_device(self, request: HttpRequest, device_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await prove_with(actor, form)
            await devices.end_device(actor, device_id)
            return go(f"{ACCOUNT}?saved=device")

        return await try_form(request, act, account_page)

    @post("/seen")
    async def see(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await notices.see_notices(actor, form.read(SeeNotices).until)
            return go(ACCOUNT)

        return await try_form(request, act, account_page)

    @post("/sign-out")
    async def sign_out_everywhere(self, request: HttpRequest) -> Page:
        await devices.sign_out_everywhere(actor_of(request))
        page = go(SIGN_IN)
        page.headers.update(FORGET)
        return page

    @post("/password")
    async def change_password(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            given = _read(form, ChangePassword)
            await actions.change_password(actor, given.old, given.new)
            return go(f"{ACCOUNT}?saved=password")

        return await try_form(request, act, account_page)

    @post("/feed")
    async def make_feed(self, request: HttpRequest) -> Page:
        """The link for a calendar app, once."""

        async def act(actor: Actor, form: Form) -> Page:
            await prove_with(actor, form)
            url = address_of_feed(await make_feed(actor))
            return show(request, "feed.html", url=url)

        return await try_form(request, act, account_page)

    @post("/feed/end")
    async def end_feed(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, _: Form) -> Page:
            await end_feed(actor)
            return go(f"{ACCOUNT}?saved=feed")

        return await try_form(request, act, account_page)

    @get("/factor", opt={LIMITED: True})
    async def factor(self, request: HttpRequest) -> Page:
        return await _factor(request)

    @post("/factor", opt={LIMITED: True})
    async def enrol(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await prove_with(actor, form)
            return _offer(request, await factors.enrol_factor(actor))

        return await try_form(request, act, _factor)

    @post("/factor/confirm", opt={LIMITED: True})
    async def confirm(self, request: HttpRequest) -> Page:
        """The recovery codes, once; a wrong code shows the same QR code again."""

        async def act(actor: Actor, form: Form) -> Page:
            codes = await factors.confirm_factor(actor, _read(form, ConfirmFactor).code)
            return await _show_codes(request, codes)

        async def again(request: HttpRequest, tried: Attempt) -> Page:
            if not isinstance(tried.error, WrongCredentials):
                return await _factor(request, tried)
            return _offer(request, await factors.offered_factor(actor_of(request)), tried)

        return await try_form(request, act, again)

    @post("/recovery")
    async def renew_codes(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Page:
            await prove_with(actor, form)
            codes = await recovery.renew_codes(actor)
            return await _show_codes(request, codes, renewed=True)

        return await try_form(request, act, account_page)


async def account_page(
    request: HttpRequest, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    office = await office_of(actor)
    return show(
        request,
        "account.html",
        tried=tried,
        devices=await devices.list_devices(actor),
        human=await own_support(actor),
        passkeys=await list_passkeys(actor),
        codes_left=await recovery.codes_left(actor),
        notices=await notices.list_notices(actor),
        zone=office.zone,
        asks=await proof.proof_asked(actor),
        wanted=await passkey_asked(actor),
        feed=await get_feed(actor) if actor.role in OPERATIONS["getFeed"] else None,
        saved=saved,
    )


async def _factor(request: HttpRequest, tried: Attempt | None = None) -> Page:
    """The way to codes from an app; to a passkey, of whom one is asked before."""
    actor = actor_of(request)
    wanted = await passkey_asked(actor)
    if wanted.missing:
        return go(NEW_PASSKEY)
    asks = await proof.proof_asked(actor)
    return show(request, "factor.html", tried=tried, asks=asks, wanted=wanted)


async def _show_codes(request: HttpRequest, codes: list[str], *, renewed: bool = False) -> Page:
    wanted = await passkey_asked(actor_of(request))
    return show(request, "recovery.html", codes=codes, renewed=renewed, wanted=wanted)


def _offer(request: HttpRequest, offered: factors.Offered, tried: Attempt | None = None) -> Page:
    drawn = segno.make_qr(offered.uri).svg_inline(omitsize=True, light="#fff")
    return show(request, "offered.html", tried=tried, offered=offered, drawn=drawn)


async def try_form(
    request: HttpRequest,
    act: Callable[[Actor, Form], Awaitable[Page]],
    again: Callable[[HttpRequest, Attempt], Awaitable[Page]],
) -> Page:
    """Carry out a form that gives out what is kept nowhere: no key, and no answer to repeat."""
    form: Form = request.state.form
    try:
        return await act(actor_of(request), form)
    except DatabaseBusy:
        raise
    except DomainError as error:
        return await again(request, Attempt(form, error))


async def prove_with(actor: Actor, form: Form) -> None:
    """With what the form holds of it; where that is nothing, an earlier proof has to be fresh."""
    if form.one("password") or form.one("code"):
        given = _read(form, Prove)
        await proof.prove(actor, password=given.password or "", code=given.code or "")


async def submit_proved(
    request: HttpRequest,
    operation: str,
    act: Act,
    then: Callable[[Written], Page],
    again: Callable[[Attempt], Awaitable[Page]],
    *,
    still: Still | None = None,
) -> Page:
    """A form that asks for a fresh proof: a wrong password counts although nothing is done."""
    form: Form = request.state.form
    try:
        await prove_with(actor_of(request), form)
    except DatabaseBusy:
        raise
    except DomainError as error:
        return await again(Attempt(form, error))
    return await submit(request, operation, act, then, again, still=still)


def _read(form: Form, type_: type[S]) -> S:
    """Secrets as they were typed, blanks and all. Raises WrongCredentials for what is none."""
    names = [one.name for one in msgspec.structs.fields(type_)]
    try:
        return msgspec.convert({n: form.one(n) for n in names if form.one(n)}, type_)
    except msgspec.ValidationError as error:
        raise WrongCredentials from error
