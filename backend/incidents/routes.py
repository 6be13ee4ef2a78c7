from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.incidents import actions
from backend.incidents.rules import MOST_TOUCHED
from backend.problems import documented
from backend.words import Note

WRITE = (KeyMissing, KeyReused, NotYourRole)
CHANGE = (*WRITE, NotFound, VersionMissing, VersionStale, NotFromThisState)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Ids = Annotated[list[UUID], msgspec.Meta(max_length=MOST_TOUCHED)]


class RecordIncident(msgspec.Struct, forbid_unknown_fields=True):
    """What happened, in a few words without a name; `touched` are ids of plans and people."""

    kind: str
    noticed_at: Instant
    description: Note
    touched: Ids = []
    id: UUID | None = None


class AmendIncident(msgspec.Struct, forbid_unknown_fields=True):
    """All ids of plans and people that are known to be touched by now."""

    touched: Ids


class RecordNotice(msgspec.Struct, forbid_unknown_fields=True):
    """`to` the authority or the people touched; `how`: sent, or not_owed by the law."""

    to: str
    how: str


class CloseIncident(msgspec.Struct, forbid_unknown_fields=True):
    """What was done, in a few words without a name."""

    outcome: Note


class IncidentView(msgspec.Struct):
    """`due_at`: until when the next notice is to be out, by the country's clock."""

    id: UUID
    version: int
    kind: str
    noticed_at: datetime
    touched: list[UUID]
    who: str
    recorded_at: datetime
    overdue: bool
    description: str | UnsetType = UNSET
    due_at: datetime | UnsetType = UNSET
    authority_how: str | UnsetType = UNSET
    authority_at: datetime | UnsetType = UNSET
    people_how: str | UnsetType = UNSET
    people_at: datetime | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    closed_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: dict[str, Any]) -> "IncidentView":
        """A key for what there is, and none for the rest."""
        given = {name: value for name, value in row.items() if value is not None}
        return msgspec.convert(given, cls)


class NoticeView(msgspec.Struct):
    language: str
    text: str


class IncidentController(Controller):
    path = "/incidents"
    tags = ["incidents"]  # noqa: RUF012 - Litestar declares it so

    @post("/", operation_id="recordIncident", responses=documented(*WRITE, Unfit))
    async def record(self, request: HttpRequest, data: JSONBody[RecordIncident]) -> WrittenReply:
        """Record what happened to the data; the country's clock runs from its noticing."""
        new = actions.NewIncident(
            data.kind, data.noticed_at, data.description, data.touched, data.id or uuid4()
        )
        return plain(
            await write(
                request, "recordIncident", lambda actor: actions.record_incident(actor, new)
            )
        )

    @get("/", operation_id="listIncidents", responses=documented(NotYourRole))
    async def list_incidents(self, request: HttpRequest) -> Response[list[IncidentView]]:
        """The agency's incidents, open ones first, with what is due."""
        rows = await actions.list_incidents(actor_of(request))
        return Response([IncidentView.of(row) for row in rows], headers=NO_STORE)

    @patch(
        "/{incident_id:uuid}", operation_id="amendIncident", responses=documented(*CHANGE, Unfit)
    )
    async def amend(
        self, request: HttpRequest, incident_id: FromPath[UUID], data: JSONBody[AmendIncident]
    ) -> WrittenReply:
        """Say who is touched as it is known by now."""
        return plain(
            await change(
                request,
                "amendIncident",
                lambda actor, seen: actions.amend_incident(actor, incident_id, seen, data.touched),
            )
        )

    @get(
        "/{incident_id:uuid}/notice",
        operation_id="draftNotice",
        responses=documented(NotYourRole, NotFound, Unfit),
    )
    async def draft(
        self, request: HttpRequest, incident_id: FromPath[UUID], to: FromQuery[str]
    ) -> Response[NoticeView]:
        """A draft for the authority or for the people touched. A human sends it, nothing here."""
        language, text = await actions.draft_notice(actor_of(request), incident_id, to)
        return Response(NoticeView(language, text), headers=NO_STORE)

    @post(
        "/{incident_id:uuid}/notices",
        operation_id="recordNotice",
        responses=documented(*CHANGE, Unfit),
    )
    async def record_notice(
        self, request: HttpRequest, incident_id: FromPath[UUID], data: JSONBody[RecordNotice]
    ) -> WrittenReply:
        """Say that a notice was sent, outside the system, or that none is owed."""
        return plain(
            await change(
                request,
                "recordNotice",
                lambda actor, seen: actions.record_notice(
                    actor, incident_id, seen, to=data.to, how=data.how
                ),
            )
        )

    @post("/{incident_id:uuid}/close", operation_id="closeIncident", responses=documented(*CHANGE))
    async def close(
        self, request: HttpRequest, incident_id: FromPath[UUID], data: JSONBody[CloseIncident]
    ) -> WrittenReply:
        """Close it with what was done."""
        return plain(
            await change(
                request,
                "closeIncident",
                lambda actor, seen: actions.close_incident(actor, incident_id, seen, data.outcome),
            )
        )
