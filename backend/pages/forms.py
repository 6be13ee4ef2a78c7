"""What somebody typed: proven to come from our own page, sent once, and never lost."""

import base64
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import time
from typing import TypeVar, get_args
from urllib.parse import parse_qsl, urlsplit

import msgspec

from backend.access import Actor
from backend.actors.actions import vault
from backend.doors import HttpRequest, actor_of, cookie_name, path_of
from backend.errors import BadInput, DatabaseBusy, DomainError, Unfit, VersionStale
from backend.once import Asked, Written, digest, once

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 200
# these belong to one page that was shown, not to what was typed
OF_THE_PAGE = frozenset({"csrf", "kept"})
# and these to nobody's page: they are typed anew
SECRETS = frozenset({"password", "old", "new", "code"}) | {
    *("client_data", "attestation", "authenticator_data", "signature", "user_handle"),
}
T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class Forged(DomainError):
    """The form does not carry the proof of a page that we showed in this session."""

    status = 403
    kind = "form-not-ours"
    title = "This form does not come from a page of this session"


@dataclass(frozen=True)
class Form:
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, path: str, body: bytes) -> "Form":
        """Raises BadInput for what no browser sends."""
        try:
            pairs = parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                max_num_fields=MOST_FIELDS,
                errors="strict",
            )
        except ValueError as error:
            raise BadInput from error
        # browsers send the ends of lines as the network did in 1970
        return cls(path, tuple((name, value.replace("\r\n", "\n")) for name, value in pairs))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def one(self, name: str, default: str = "") -> str:
        return next(iter(self.all(name)), default)

    @property
    def seen(self) -> int:
        """The version of the row that the page showed. Raises VersionStale for no version."""
        given = self.one("seen")
        if not re.fullmatch(r"[0-9]{1,9}", given):
            raise VersionStale
        return int(given)

    @property
    def typed(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for pair in self.fields if pair[0] not in OF_THE_PAGE | SECRETS)

    @property
    def asked(self) -> str:
        return digest(self.path.encode(), *(part.encode() for pair in self.typed for part in pair))

    def read(self, type_: type[S], **ready: object) -> S:
        """The fields as a struct of the API, under its rules; `ready` are not read from it.

        Raises Unfit with the name of the field.
        """
        values = dict(ready)
        for one in msgspec.structs.fields(type_):
            name = one.encode_name
            text = self.one(name).strip()
            if text and name not in values:
                short = time in {one.type, *get_args(one.type)} and re.fullmatch(r"\d\d:\d\d", text)
                values[name] = f"{text}:00" if short else text
        try:
            return msgspec.convert(values, type_, strict=False)
        except msgspec.ValidationError as error:
            found = re.search(r"field `(\w+)`|`\$\.(\w+)", str(error))
            missing, broken = found.groups() if found else (None, None)
            raise Unfit(
                "Something is missing here." if missing else "This cannot be read or is too long.",
                field=missing or broken,
            ) from error


@dataclass(frozen=True)
class Attempt:
    """A form that was refused: what was typed where, and why it was refused."""

    form: Form = field(default_factory=Form)
    error: DomainError | None = None

    @property
    def stale(self) -> bool:
        return isinstance(self.error, VersionStale)

    @property
    def field(self) -> object:
        return self.error.extra.get("field") if self.error else None

    def at(self, action: str) -> bool:
        return self.form.path == action

    def value(self, action: str, name: str, default: object = "") -> object:
        """What to put into a field: what was typed there, otherwise what is known."""
        return self.form.one(name) if self.at(action) else default

    def chosen(self, action: str, name: str, default: object = ()) -> object:
        """What to tick among several."""
        return self.form.all(name) if self.at(action) else default


Act = Callable[[Actor, Form], Awaitable[Written]]
Still = Callable[[Actor, Written], Awaitable[None]]


def proof_for(request: HttpRequest) -> str:
    """The token that every form carries; it can be made by us alone, for this session alone."""
    actor = getattr(request.state, "actor", None)
    return proof_of(str(actor.session) if actor else door_of(request))


def proof_of(secret: str) -> str:
    """Of a session by its id, or of what stands for one."""
    return base64.urlsafe_b64encode(vault().derive("csrf", secret))[:22].decode()


def door_of(request: HttpRequest) -> str:
    """What stands for a session before there is one."""
    fresh: str | None = getattr(request.state, "door", None)
    return fresh or request.cookies.get(cookie_name("-door"), "")


def own_page(request: HttpRequest) -> bool:
    """Whether the browser itself says that the form stood on our own page."""
    return request.headers.get("sec-fetch-site") == "same-origin"


def check_origin(request: HttpRequest) -> None:
    """Raises Forged where the browser says that the form stood elsewhere."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Forged
    # "null" is what browsers say under our no-referrer policy
    if origin in {None, "null"}:
        return
    try:
        known = urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        known = False
    if not known:
        raise Forged


async def read_form(request: HttpRequest) -> Form:
    """The form of a request, kept with it. Raises Forged, BadInput."""
    check_origin(request)
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != MEDIA_TYPE:
        raise BadInput
    form = Form.parse(path_of(request), await request.body())
    request.state.form = form
    return form


def is_proven(request: HttpRequest, form: Form) -> bool:
    secret = getattr(request.state, "actor", None) or door_of(request)
    return bool(secret) and hmac.compare_digest(
        form.one("csrf").encode(), proof_for(request).encode()
    )


async def submit(
    request: HttpRequest,
    operation: str,
    act: Act,
    then: Callable[[Written], T],
    again: Callable[[Attempt], Awaitable[T]],
    *,
    still: Still | None = None,
) -> T:
    """Carry out a form once for its key; `again` shows it where it is refused.

    `still` is asked after it, also where the form was sent twice and nothing is done: whether what
    `then` shows may be shown. What is not the actor's stays NotFound: then the page cannot be shown
    again either.
    """
    actor, form = actor_of(request), request.state.form
    try:
        asked = Asked(form.one("key"), form.asked)
        written = await once(actor, operation, asked, lambda: act(actor, form))
        if still is not None:
            await still(actor, written)
    except DatabaseBusy:
        raise  # the same form may be sent once more: it has one effect
    except DomainError as error:
        return await again(Attempt(form, error))
    return then(written)
