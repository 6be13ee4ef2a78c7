from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.doors import LIMITED, NO_STORE, PUBLIC, HttpRequest, actor_of, address_of
from backend.errors import (
    NotFound,
    NotFromThisState,
    ProveAgain,
    TooManyTries,
    Unfit,
    WrongCredentials,
)
from backend.passkeys import actions, entry, proof, rules
from backend.problems import documented
from backend.staff.routes import RecoveryView, TokensView
from backend.staff.sessions import Whence
from backend.words import Bytes, DeviceName, KeyId, Token


class OptionsView(msgspec.Struct):
    """As `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` of a browser take them.

    They are good once, for five minutes.
    """

    options: dict[str, Any]


class ProveWithPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """What `navigator.credentials.get` gave, each in base64url.

    Some authenticators give no `user_handle` for a passkey that they were asked for by its id.
    """

    id: KeyId
    client_data: Bytes
    authenticator_data: Bytes
    signature: Bytes
    user_handle: KeyId | None = None

    @property
    def shown(self) -> rules.Shown:
        handle = self.user_handle or ""
        return rules.Shown(
            self.id, self.client_data, self.authenticator_data, self.signature, handle
        )


class ShowPasskey(ProveWithPasskey, kw_only=True):
    """Likewise, with a `user_handle`, for nobody said who they are; the rest is as in signIn."""

    user_handle: KeyId
    device: Token | None = None
    device_name: DeviceName | None = None


class EnrolPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """`name` is your own word for it. Phones may copy it to their maker: say nothing with it."""

    name: DeviceName


class ConfirmPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """What `navigator.credentials.create` gave, each in base64url; `name` as before."""

    name: DeviceName
    id: KeyId
    client_data: Bytes
    attestation: Bytes

    @property
    def made(self) -> rules.Made:
        return rules.Made(self.id, self.client_data, self.attestation)


class PasskeyView(msgspec.Struct):
    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None


class PasskeysView(msgspec.Struct):
    passkeys: Sequence[PasskeyView]


class PasskeySignInController(Controller):
    path = "/sessions/passkey"
    tags = ["staff"]  # noqa: RUF012 - Litestar declares it so
    opt = {PUBLIC: True}  # noqa: RUF012

    @post(
        "/options",
        operation_id="askPasskey",
        status_code=200,
        responses=documented(TooManyTries),
    )
    async def ask(self, request: HttpRequest) -> Response[OptionsView]:
        """What to hand to a browser for a sign-in. It asks for no login, and is alike for all."""
        options = await entry.ask_passkey(address_of(request))
        return Response(OptionsView(options), headers=NO_STORE, status_code=200)

    @post(
        "/",
        operation_id="signInWithPasskey",
        status_code=200,
        responses=documented(WrongCredentials, TooManyTries),
    )
    async def sign_in(
        self, request: HttpRequest, data: JSONBody[ShowPasskey]
    ) -> Response[TokensView]:
        """Start a session with a passkey, in the place of login, password and code."""
        whence = Whence(
            address=address_of(request),
            device=data.device,
            name=data.device_name or "App",
            request=request.state.request_id,
        )
        made = await entry.sign_in_with_passkey(data.shown, whence)
        return Response(TokensView.of(made), headers=NO_STORE, status_code=200)


class PasskeyProofController(Controller):
    path = "/account/prove/passkey"
    tags = ["staff"]  # noqa: RUF012

    @post(
        "/options",
        operation_id="askPasskeyProof",
        status_code=200,
        opt={LIMITED: True},
        responses=documented(NotFromThisState, TooManyTries),
    )
    async def ask(self, request: HttpRequest) -> Response[OptionsView]:
        """What to hand to a browser for a proof with one of your passkeys, in this session."""
        options = await proof.ask_passkey_proof(actor_of(request))
        return Response(OptionsView(options), headers=NO_STORE, status_code=200)

    @post(
        "/",
        operation_id="proveWithPasskey",
        status_code=204,
        opt={LIMITED: True},
        responses=documented(WrongCredentials, TooManyTries),
    )
    async def prove(self, request: HttpRequest, data: JSONBody[ProveWithPasskey]) -> None:
        """Show once more who you are, as by prove, with a passkey for password and code."""
        await proof.prove_with_passkey(actor_of(request), data.shown)


class PasskeyController(Controller):
    path = "/account/passkeys"
    tags = ["staff"]  # noqa: RUF012

    @get("/", operation_id="listPasskeys")
    async def list_passkeys(self, request: HttpRequest) -> Response[PasskeysView]:
        """Your passkeys, the oldest first."""
        found = await actions.list_passkeys(actor_of(request))
        views = [PasskeyView(one.id, one.name, one.made_at, one.used_at) for one in found]
        return Response(PasskeysView(views), headers=NO_STORE)

    @post(
        "/options",
        operation_id="enrolPasskey",
        status_code=200,
        opt={LIMITED: True},
        responses=documented(ProveAgain, Unfit, TooManyTries),
    )
    async def enrol(
        self, request: HttpRequest, data: JSONBody[EnrolPasskey]
    ) -> Response[OptionsView]:
        """Begin to set up a passkey; it counts once confirmPasskey has seen it."""
        options = await actions.enrol_passkey(actor_of(request), data.name)
        return Response(OptionsView(options), headers=NO_STORE, status_code=200)

    @post(
        "/",
        operation_id="confirmPasskey",
        status_code=200,
        opt={LIMITED: True},
        responses=documented(WrongCredentials, ProveAgain, TooManyTries),
    )
    async def confirm(
        self, request: HttpRequest, data: JSONBody[ConfirmPasskey]
    ) -> Response[RecoveryView]:
        """Put it in force; your other sessions end, and a limited one too.

        The first passkey brings recovery codes, for who has none yet.
        """
        codes = await actions.confirm_passkey(actor_of(request), data.name, data.made)
        return Response(RecoveryView(codes), headers=NO_STORE, status_code=200)

    @post(
        "/{passkey_id:uuid}/end",
        operation_id="endPasskey",
        status_code=204,
        responses=documented(ProveAgain, NotFound),
    )
    async def end(self, request: HttpRequest, passkey_id: FromPath[UUID]) -> None:
        """Remove one: it opens nothing any more, and your other sessions end."""
        await actions.end_passkey(actor_of(request), passkey_id)
