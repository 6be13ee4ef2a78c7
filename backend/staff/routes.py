from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.doors import LIMITED, NO_STORE, PUBLIC, HttpRequest, actor_of, address_of
from backend.errors import (
    NotFound,
    NotFromThisState,
    NotSignedIn,
    ProveAgain,
    TooManyTries,
    Unfit,
    WrongCredentials,
)
from backend.problems import documented
from backend.staff import actions, devices, factors, notices, proof, recovery, sessions
from backend.words import CodeWord, DeviceName, PasswordWord, Token


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """`code` is that of the second factor, or a recovery code, where the account has one.

    `device` is what an earlier sign-in on this device gave: then strangers who try passwords do
    not shut it out. `device_name` is what its owner calls it, for their own list.
    """

    login: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    password: PasswordWord
    code: CodeWord | None = None
    device: Token | None = None
    device_name: DeviceName | None = None


class Refresh(msgspec.Struct, forbid_unknown_fields=True):
    refresh_token: Token


class RenewedView(msgspec.Struct, kw_only=True):
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme


class TokensView(msgspec.Struct, kw_only=True):
    """Without `refresh_token` the session opens nothing but what sets up a second factor.

    A passkey, where the agency asks for nothing less: then enrolFactor answers 409.
    """

    access_token: str
    refresh_token: str | None
    expires_in: int
    device: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme

    @classmethod
    def of(cls, made: sessions.Tokens) -> "TokensView":
        return cls(
            access_token=made.access,
            refresh_token=made.refresh,
            expires_in=made.seconds,
            device=made.device,
        )


class Prove(msgspec.Struct, forbid_unknown_fields=True):
    """One of them; with both, one that is right is enough.

    Of whom a passkey is asked and who has one: the code, and a recovery code alone.
    """

    password: PasswordWord | None = None
    code: CodeWord | None = None


class ChangePassword(msgspec.Struct, forbid_unknown_fields=True):
    old: PasswordWord
    new: PasswordWord


class ConfirmFactor(msgspec.Struct, forbid_unknown_fields=True):
    code: CodeWord


class FactorView(msgspec.Struct):
    """`secret` is typed into an app by hand; `uri` is the same as a QR code carries it."""

    secret: str
    uri: str


class RecoveryView(msgspec.Struct):
    """Each works once, with the password, for a code or a passkey. They are not shown again."""

    recovery_codes: Sequence[str]


class DeviceView(msgspec.Struct):
    id: UUID
    name: str
    browser: bool
    made_at: datetime
    seen_at: datetime
    signed_in: bool
    here: bool


class DeviceListView(msgspec.Struct):
    devices: Sequence[DeviceView]


class AccountNoticeView(msgspec.Struct):
    """`browser`: whether it was done in a browser or in an app; null for an operator's doing."""

    id: UUID
    at: datetime
    kind: str
    browser: bool | None


class AccountNoticesView(msgspec.Struct):
    notices: Sequence[AccountNoticeView]


class SeeNotices(msgspec.Struct, forbid_unknown_fields=True):
    """`until` is when the latest was that was seen."""

    until: datetime


class SignInController(Controller):
    path = "/sessions"
    tags = ["staff"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/",
        operation_id="signIn",
        status_code=200,
        opt={PUBLIC: True},
        responses=documented(WrongCredentials, TooManyTries),
    )
    async def sign_in(self, request: HttpRequest, data: JSONBody[SignIn]) -> Response[TokensView]:
        """Start a session. The access token lasts ten minutes; refreshSession renews it.

        What was not renewed for twelve hours is signed out.
        """
        whence = sessions.Whence(
            address=address_of(request),
            device=data.device,
            name=data.device_name or "App",
            request=request.state.request_id,
        )
        made = await sessions.sign_in(data.login, data.password, whence, code=data.code)
        return Response(TokensView.of(made), headers=NO_STORE, status_code=200)

    @post(
        "/refresh",
        operation_id="refreshSession",
        status_code=200,
        opt={PUBLIC: True},
        responses=documented(NotSignedIn),
    )
    async def refresh(self, data: JSONBody[Refresh]) -> Response[RenewedView]:
        """Trade a refresh token for new tokens, once; a second use ends the session."""
        access, fresh = await sessions.refresh(data.refresh_token)
        seconds = int(sessions.ACCESS.total_seconds())
        view = RenewedView(access_token=access, refresh_token=fresh, expires_in=seconds)
        return Response(view, headers=NO_STORE, status_code=200)

    @post("/end", operation_id="signOut", status_code=204, responses=documented(NotSignedIn))
    async def sign_out(self, request: HttpRequest) -> None:
        """End the session of this token, with all its tokens, at once."""
        await sessions.sign_out(actor_of(request))


class AccountController(Controller):
    path = "/account"
    tags = ["staff"]  # noqa: RUF012

    @post(
        "/prove",
        operation_id="prove",
        status_code=204,
        opt={LIMITED: True},
        responses=documented(WrongCredentials, TooManyTries),
    )
    async def prove(self, request: HttpRequest, data: JSONBody[Prove]) -> None:
        """Show once more who you are; for five minutes this session may do what asks for it."""
        await proof.prove(actor_of(request), password=data.password or "", code=data.code or "")

    @post(
        "/password",
        operation_id="changePassword",
        status_code=204,
        responses=documented(WrongCredentials, TooManyTries, Unfit),
    )
    async def change_password(self, request: HttpRequest, data: JSONBody[ChangePassword]) -> None:
        """Take another password; every other session of the account ends."""
        await actions.change_password(actor_of(request), data.old, data.new)

    @get("/devices", operation_id="listDevices")
    async def list_devices(self, request: HttpRequest) -> Response[DeviceListView]:
        """The devices on which you have signed in, the one that was seen last first."""
        rows = await devices.list_devices(actor_of(request))
        return Response(DeviceListView([DeviceView(**row) for row in rows]), headers=NO_STORE)

    @post(
        "/devices/{device_id:uuid}/end",
        operation_id="endDevice",
        status_code=204,
        responses=documented(ProveAgain, NotFound),
    )
    async def end_device(self, request: HttpRequest, device_id: FromPath[UUID]) -> None:
        """End what is signed in on a device, at once, and forget the device."""
        await devices.end_device(actor_of(request), device_id)

    @post(
        "/sign-out",
        operation_id="signOutEverywhere",
        status_code=204,
    )
    async def sign_out_everywhere(self, request: HttpRequest) -> None:
        """End every session of yours, on every device, at once."""
        await devices.sign_out_everywhere(actor_of(request))

    @get("/notices", operation_id="listNotices")
    async def list_notices(self, request: HttpRequest) -> Response[AccountNoticesView]:
        """What changed in your account elsewhere and was not seen on this device yet."""
        rows = await notices.list_notices(actor_of(request))
        return Response(
            AccountNoticesView([AccountNoticeView(**row) for row in rows]), headers=NO_STORE
        )

    @post("/notices/seen", operation_id="seeNotices", status_code=204)
    async def see_notices(self, request: HttpRequest, data: JSONBody[SeeNotices]) -> None:
        """Say that they were seen, on this device; your other devices are told by themselves."""
        await notices.see_notices(actor_of(request), data.until)

    @post(
        "/factor",
        operation_id="enrolFactor",
        status_code=200,
        opt={LIMITED: True},
        responses=documented(ProveAgain, NotFromThisState),
    )
    async def enrol_factor(self, request: HttpRequest) -> Response[FactorView]:
        """Begin to set up a second factor; it counts once confirmFactor has seen its first code."""
        offered = await factors.enrol_factor(actor_of(request))
        return Response(FactorView(offered.secret, offered.uri), headers=NO_STORE, status_code=200)

    @post(
        "/factor/confirm",
        operation_id="confirmFactor",
        status_code=200,
        opt={LIMITED: True},
        responses=documented(WrongCredentials, ProveAgain, NotFromThisState, TooManyTries),
    )
    async def confirm_factor(
        self, request: HttpRequest, data: JSONBody[ConfirmFactor]
    ) -> Response[RecoveryView]:
        """Put it in force with its first code; your other sessions end, and a limited one too."""
        codes = await factors.confirm_factor(actor_of(request), data.code)
        return Response(RecoveryView(codes), headers=NO_STORE, status_code=200)

    @post(
        "/recovery-codes",
        operation_id="renewRecoveryCodes",
        status_code=200,
        responses=documented(ProveAgain, NotFromThisState),
    )
    async def renew_codes(self, request: HttpRequest) -> Response[RecoveryView]:
        """New recovery codes in the place of all earlier ones; your other sessions end."""
        codes = await recovery.renew_codes(actor_of(request))
        return Response(RecoveryView(codes), headers=NO_STORE, status_code=200)
