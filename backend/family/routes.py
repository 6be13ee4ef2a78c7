from typing import Any
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
from backend.family import actions, rules
from backend.problems import documented
from backend.words import Language, Name, Place

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)


class NameRelative(msgspec.Struct, forbid_unknown_fields=True):
    """`relation` is partner, parent, grown_child, sibling, relative or friend.

    `wish` is what the person says of contact: wanted, not_wanted, not_allowed. `children_there`:
    whether there are children in that home.
    """

    name: Name
    relation: Place
    wish: Place
    children_there: bool = False
    language: Language | None = None
    id: UUID | None = None

    def relative(self) -> actions.NewRelative:
        values = {**msgspec.structs.asdict(self), "id": self.id or uuid4()}
        return actions.NewRelative(**values)


class ChangeRelative(msgspec.Struct, forbid_unknown_fields=True):
    """`takes_part` is the relative's own answer, given to a human in `language`.

    `safety_asked`: somebody has asked them in private whether they are safe. `barred`: an order
    says no contact, or says so no more. `kept`: at the closing talk they chose whether what is
    known of them stays as long as the plan, or goes thirty days after it.
    """

    relation: Place | None = None
    wish: Place | None = None
    children_there: bool | None = None
    takes_part: bool | None = None
    language: Language | None = None
    safety_asked: bool | None = None
    barred: bool | None = None
    kept: bool | None = None

    def change(self) -> actions.Change:
        return actions.Change(**msgspec.structs.asdict(self))


class RelativeView(msgspec.Struct, omit_defaults=True):
    """One of the map. `missing` is what a human has still to ask before any message."""

    id: UUID
    version: int
    relation: str
    may_be_prompted: bool
    in_circle: bool
    children_there: bool
    safety_asked: bool
    missing: list[str]
    name: str | None = None
    language: str | None = None
    wish: str | None = None
    takes_part: bool | None = None
    barred: bool = False
    carried: bool = False
    kept: bool = False

    @classmethod
    def of(cls, row: dict[str, Any]) -> "RelativeView":
        return cls(
            row["id"],
            row["version"],
            row["relation"],
            row["may_be_prompted"],
            row["in_circle"],
            row["children_there"],
            row["safety_asked_at"] is not None,
            rules.missing(row),
            row["name"],
            row["speaks"],
            row["wish"],
            row["takes_part"],
            row["barred_at"] is not None,
            row["carried"],
            row["kept"],
        )


class MapView(msgspec.Struct):
    """To the social workers of the plan; to a coordinator nothing, but behind broken glass."""

    relatives: list[RelativeView]


class RelativeController(Controller):
    tags = ["circle"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/relatives",
        operation_id="listRelatives",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_relatives(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[MapView]:
        """The map of family and friends. A coordinator reads it by broken glass alone."""
        rows = await actions.list_relatives(actor_of(request), plan_id)
        return Response(MapView([RelativeView.of(row) for row in rows]), headers=NO_STORE)

    @post(
        "/plans/{plan_id:uuid}/relatives",
        operation_id="nameRelative",
        responses=documented(*WRITE, Taken, NotFromThisState),
    )
    async def name(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[NameRelative]
    ) -> WrittenReply:
        """Put somebody on the map, as the person says. Nobody is told."""
        new = data.relative()
        return plain(
            await write(
                request, "nameRelative", lambda actor: actions.name_relative(actor, plan_id, new)
            )
        )

    @patch(
        "/relatives/{relative_id:uuid}",
        operation_id="changeRelative",
        responses=documented(*WRITE, VersionMissing, VersionStale),
    )
    async def change_relative(
        self, request: HttpRequest, relative_id: FromPath[UUID], data: JSONBody[ChangeRelative]
    ) -> WrittenReply:
        """Write what was said or learnt. A no of either, or an order, stops everything at once."""
        wanted = data.change()
        return plain(
            await change(
                request,
                "changeRelative",
                lambda actor, seen: actions.change_relative(actor, relative_id, seen, wanted),
            )
        )
