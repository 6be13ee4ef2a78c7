from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.matrix import of
from backend.problems import documented
from backend.welcomes import actions, rules
from backend.words import Name, Place

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, NotFromThisState)


class NameWelcome(msgspec.Struct, forbid_unknown_fields=True):
    """A `club` of the agency's list, or somebody of the community by their `name`.

    `tell` is the person's yes, if they said it: nothing, or name_and_day (first name, and the day
    on which they come).
    """

    club: UUID | None = None
    name: Name | None = None
    tell: Place | None = None
    id: UUID | None = None

    def new(self) -> actions.NewWelcome:
        return actions.NewWelcome(self.club, self.name, self.tell, self.id or uuid4())


class ChangeWelcome(msgspec.Struct, forbid_unknown_fields=True):
    """`tell`: the person's yes, and what may be told. `takes_part`: whoever welcomes said yes."""

    tell: Place | None = None
    takes_part: bool | None = None

    def change(self) -> actions.Change:
        return actions.Change(self.tell, self.takes_part)


class CheckWelcome(msgspec.Struct, forbid_unknown_fields=True):
    """`answer` is holds, another (another one is offered) or none (none is wanted)."""

    answer: Place


class WelcomeView(msgspec.Struct, omit_defaults=True):
    """`stands`: both said yes. `missing` is who has still to be asked: person, helper."""

    id: UUID
    version: int
    name: Annotated[str | None, of("welcome")]
    stands: Annotated[bool, of("welcome")]
    missing: Annotated[list[str], of("welcome")]
    club: Annotated[UUID | None, of("welcome")] = None
    tell: Annotated[str | None, of("welcome")] = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "WelcomeView":
        return cls(
            row["id"],
            row["version"],
            row["name"],
            row["stands"],
            rules.missing(row),
            row["club"],
            row["tell"],
        )


class WelcomesView(msgspec.Struct):
    """To the social workers of the plan; to a coordinator nothing, but behind broken glass."""

    welcomes: list[WelcomeView]


class WelcomeController(Controller):
    tags = ["circle"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/welcomes",
        operation_id="listWelcomes",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_welcomes(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[WelcomesView]:
        """Who of the community welcomes the person. A coordinator reads it by broken glass."""
        rows = await actions.list_welcomes(actor_of(request), plan_id)
        return Response(WelcomesView([WelcomeView.of(row) for row in rows]), headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/welcomes",
        operation_id="nameWelcome",
        responses=documented(*WRITE, Taken, Unfit),
    )
    async def name(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[NameWelcome]
    ) -> WrittenReply:
        """Write down who might welcome the person, found with them. Nobody is told."""
        new = data.new()
        return plain(
            await write(
                request, "nameWelcome", lambda actor: actions.name_welcome(actor, plan_id, new)
            )
        )

    @post(
        "/plans/{plan_id:uuid}/welcomes/check",
        operation_id="checkWelcome",
        responses=documented(*WRITE, Unfit),
    )
    async def check(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[CheckWelcome]
    ) -> WrittenReply:
        """Does the link hold? Each answer is one; which it was is not kept."""
        return plain(
            await write(
                request,
                "checkWelcome",
                lambda actor: actions.check_welcome(actor, plan_id, data.answer),
            )
        )

    @patch(
        "/welcomes/{welcome_id:uuid}",
        operation_id="changeWelcome",
        responses=documented(*WRITE, Unfit, VersionMissing, VersionStale),
    )
    async def change_welcome(
        self, request: HttpRequest, welcome_id: FromPath[UUID], data: JSONBody[ChangeWelcome]
    ) -> WrittenReply:
        """Write down the yes of the person, then the yes of whoever welcomes them."""
        wanted = data.change()
        return plain(
            await change(
                request,
                "changeWelcome",
                lambda actor, seen: actions.change_welcome(actor, welcome_id, seen, wanted),
            )
        )

    @post(
        "/welcomes/{welcome_id:uuid}/end",
        operation_id="endWelcome",
        responses=documented(*WRITE, VersionMissing, VersionStale),
    )
    async def end(self, request: HttpRequest, welcome_id: FromPath[UUID]) -> WrittenReply:
        """Either said no. What was held of them is gone; who said it stands nowhere."""
        return plain(
            await change(
                request,
                "endWelcome",
                lambda actor, seen: actions.end_welcome(actor, welcome_id, seen),
            )
        )
