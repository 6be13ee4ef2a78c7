from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from backend.clubs import actions
from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.matrix import of
from backend.problems import documented
from backend.words import Line, Name, Place

CHANGE = (KeyMissing, KeyReused, NotYourRole, NotFound, VersionMissing, VersionStale)
Offers = Annotated[dict[Place, Name], msgspec.Meta(max_length=10)]
CLUBS = of("clubs")


class ClubContact(msgspec.Struct, forbid_unknown_fields=True):
    """One human of the club, and how to reach them."""

    name: Name
    reach: Name

    def contact(self) -> actions.Contact:
        return actions.Contact(self.name, self.reach)


class AddClub(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` is sport, music, arts, making, garden, games, neighbours, work, learning or helping.

    There is none for a community of faith. `offers` says by pathway (VOC, MEN, FAM, HOU, FIN, IDD)
    what one can do there; `looked_on`, on which day somebody last made sure of it.
    """

    kind: Place
    name: Name
    area: Line
    hours: Name | None = None
    offers: Offers = msgspec.field(default_factory=dict)
    contact: ClubContact | None = None
    looked_on: date | None = None
    id: UUID | None = None

    def new(self) -> actions.NewClub:
        return actions.NewClub(
            self.kind,
            self.name,
            self.area,
            self.hours,
            self.offers,
            self.contact.contact() if self.contact else None,
            self.looked_on,
            self.id or uuid4(),
        )


class ChangeClub(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays; `offers` are said whole."""

    kind: Place | None = None
    name: Name | None = None
    area: Line | None = None
    hours: Name | None = None
    offers: Offers | None = None
    contact: ClubContact | None = None
    looked_on: date | None = None

    def change(self) -> actions.Change:
        return actions.Change(
            self.kind,
            self.name,
            self.area,
            self.hours,
            self.offers,
            self.contact.contact() if self.contact else None,
            self.looked_on,
        )


class ClubContactView(msgspec.Struct):
    name: str
    reach: str


class ClubView(msgspec.Struct, omit_defaults=True):
    id: UUID
    version: int
    kind: Annotated[str, CLUBS]
    name: Annotated[str, CLUBS]
    area: Annotated[str, CLUBS]
    offers: Annotated[dict[str, str], CLUBS]
    looked_on: Annotated[date, CLUBS]
    hours: Annotated[str | None, CLUBS] = None
    contact: Annotated[ClubContactView | None, CLUBS] = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ClubView":
        found = row["contact"]
        contact = ClubContactView(found.name, found.reach) if found else None
        plain_ = {name: row[name] for name in cls.__struct_fields__ if name != "contact"}
        return cls(**plain_, contact=contact)


class ClubsView(msgspec.Struct):
    clubs: list[ClubView]


class ClubController(Controller):
    path = "/clubs"
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listClubs", responses=documented(NotYourRole))
    async def list_clubs(self, request: HttpRequest) -> Response[ClubsView]:
        """The groups of the place that welcome people, by name; nothing of who goes there."""
        rows = await actions.list_clubs(actor_of(request))
        return Response(ClubsView([ClubView.of(row) for row in rows]), headers=NO_STORE)

    @post(
        "/",
        operation_id="addClub",
        responses=documented(KeyMissing, KeyReused, NotYourRole, Taken, Unfit),
    )
    async def add(self, request: HttpRequest, data: JSONBody[AddClub]) -> WrittenReply:
        """Put a group on the list: what one can do there, when, and one human to ask."""
        new = data.new()
        return plain(await write(request, "addClub", lambda actor: actions.add_club(actor, new)))

    @patch(
        "/{club_id:uuid}",
        operation_id="changeClub",
        responses=documented(*CHANGE, Unfit, NotFromThisState),
    )
    async def change_club(
        self, request: HttpRequest, club_id: FromPath[UUID], data: JSONBody[ChangeClub]
    ) -> WrittenReply:
        """Put right what stands there, or say that somebody has looked at it."""
        wanted = data.change()
        return plain(
            await change(
                request,
                "changeClub",
                lambda actor, seen: actions.change_club(actor, club_id, seen, wanted),
            )
        )

    @post(
        "/{club_id:uuid}/end",
        operation_id="endClub",
        responses=documented(*CHANGE, NotFromThisState),
    )
    async def end(self, request: HttpRequest, club_id: FromPath[UUID]) -> WrittenReply:
        """It is offered to nobody any more, and its contact is forgotten."""
        return plain(
            await change(
                request, "endClub", lambda actor, seen: actions.end_club(actor, club_id, seen)
            )
        )
