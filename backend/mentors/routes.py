from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

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
from backend.matrix import cut, of
from backend.mentors import actions
from backend.problems import documented
from backend.words import Language, Name, Place

CHANGE = (KeyMissing, KeyReused, NotYourRole, NotFound, VersionMissing, VersionStale)
Languages = Annotated[list[Language], msgspec.Meta(max_length=10)]


class AddMentor(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    languages: Languages = msgspec.field(default_factory=list)
    id: UUID | None = None

    def mentor(self) -> actions.NewMentor:
        return actions.NewMentor(self.name, self.languages, self.id or uuid4())


class ChangeMentor(msgspec.Struct, forbid_unknown_fields=True):
    """`vetting` is passed or not_passed, with its day; nothing else of it has a place.

    `boundaries_on` and `trained_on` are the days on which these were confirmed.
    """

    name: Name | None = None
    languages: Languages | None = None
    vetting: Place | None = None
    vetted_on: date | None = None
    boundaries_on: date | None = None
    trained_on: date | None = None

    def change(self) -> actions.Change:
        return actions.Change(**msgspec.structs.asdict(self))


class MentorView(msgspec.Struct, omit_defaults=True):
    """`free`: vetted, and with room; what stands for the rest to whoever is not told that."""

    id: UUID
    version: int
    name: Annotated[str | UnsetType, of("mentor")] = UNSET
    languages: Annotated[list[str] | UnsetType, of("mentor")] = UNSET
    free: Annotated[bool | UnsetType, of("vetting", short=True)] = UNSET
    people: Annotated[int | UnsetType, of("vetting")] = UNSET
    vetting: Annotated[str | UnsetType | None, of("vetting")] = UNSET
    vetted_on: Annotated[date | UnsetType | None, of("vetting")] = UNSET
    valid_until: Annotated[date | UnsetType | None, of("vetting")] = UNSET
    boundaries_on: Annotated[date | UnsetType | None, of("vetting")] = UNSET
    trained_on: Annotated[date | UnsetType | None, of("vetting")] = UNSET

    @classmethod
    def of(cls, row: dict[str, Any], role: str) -> "MentorView":
        names = [name for name in cls.__struct_fields__ if name in row]
        return cut(cls(**{name: row[name] for name in names}), role)


class MentorsView(msgspec.Struct):
    mentors: list[MentorView]


class MentorController(Controller):
    path = "/mentors"
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listMentors", responses=documented(NotYourRole))
    async def list_mentors(self, request: HttpRequest) -> Response[MentorsView]:
        """The mentors of the agency, by name. A social worker is told who is free, and no more."""
        actor = actor_of(request)
        rows = await actions.list_mentors(actor)
        found = MentorsView([MentorView.of(row, actor.role) for row in rows])
        return Response(found, headers=NO_STORE)

    @post(
        "/",
        operation_id="addMentor",
        responses=documented(KeyMissing, KeyReused, NotYourRole, Taken, Unfit),
    )
    async def add(self, request: HttpRequest, data: JSONBody[AddMentor]) -> WrittenReply:
        """Add somebody who wants to be a mentor; they are given nobody before they are vetted."""
        new = data.mentor()
        return plain(
            await write(request, "addMentor", lambda actor: actions.add_mentor(actor, new))
        )

    @patch(
        "/{mentor_id:uuid}",
        operation_id="changeMentor",
        responses=documented(*CHANGE, Unfit, NotFromThisState),
    )
    async def change_mentor(
        self, request: HttpRequest, mentor_id: FromPath[UUID], data: JSONBody[ChangeMentor]
    ) -> WrittenReply:
        """Put down the result of a vetting, or since when boundaries and training are confirmed."""
        wanted = data.change()
        return plain(
            await change(
                request,
                "changeMentor",
                lambda actor, seen: actions.change_mentor(actor, mentor_id, seen, wanted),
            )
        )

    @post(
        "/{mentor_id:uuid}/end",
        operation_id="endMentor",
        responses=documented(*CHANGE, NotFromThisState),
    )
    async def end(self, request: HttpRequest, mentor_id: FromPath[UUID]) -> WrittenReply:
        """They are a mentor no more. The vetting, its day and whose it is stay for a year."""
        return plain(
            await change(
                request,
                "endMentor",
                lambda actor, seen: actions.end_mentor(actor, mentor_id, seen),
            )
        )
