from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET, UnsetType

from backend.audit import actions, officer
from backend.doors import NO_STORE, HttpRequest, actor_of
from backend.errors import NotFound, NotYourRole, TooMuch
from backend.problems import documented


class AccessView(msgspec.Struct):
    at: datetime
    operation: str
    role: str | UnsetType = UNSET
    who: str | UnsetType = UNSET
    thing: UUID | UnsetType = UNSET
    purpose: str | UnsetType = UNSET


class AccessListView(msgspec.Struct):
    access: list[AccessView]
    before: int | None = None


class AgencyHoldView(msgspec.Struct):
    """A legal hold that stands, without its reason."""

    id: UUID
    plan: UUID
    who: UUID
    set_at: datetime


class ProofView(msgspec.Struct):
    """How much went by a rule of retention in a night."""

    at: datetime
    rule: str
    times: int


class RecordView(msgspec.Struct):
    """One act: who did what on what, as ids."""

    at: datetime
    operation: str
    outcome: str
    actor: UUID | UnsetType = UNSET
    role: str | UnsetType = UNSET
    plan: UUID | UnsetType = UNSET
    thing: UUID | UnsetType = UNSET
    purpose: str | UnsetType = UNSET


class RecordListView(msgspec.Struct):
    acts: list[RecordView]
    before: int | None = None


class OfficerController(Controller):
    """For a data-protection officer and an auditor: ids, codes and instants."""

    tags = ["access"]  # noqa: RUF012

    @get("/legal-holds", operation_id="listAgencyHolds", responses=documented(NotYourRole))
    async def list_holds(self, request: HttpRequest) -> Response[list[AgencyHoldView]]:
        """The legal holds that stand in the agency, without their reasons."""
        rows = await officer.list_agency_holds(actor_of(request))
        views = [AgencyHoldView(row["id"], row["plan"], row["who"], row["set_at"]) for row in rows]
        return Response(views, headers=NO_STORE)

    @get("/retention-proofs", operation_id="listProofs", responses=documented(NotYourRole))
    async def list_proofs(self, request: HttpRequest) -> Response[list[ProofView]]:
        """How much went by which rule of retention, the latest first."""
        rows = await officer.list_proofs(actor_of(request))
        views = [ProofView(row["at"], row["rule"], row["times"]) for row in rows]
        return Response(views, headers=NO_STORE)

    @get("/record", operation_id="listRecord", responses=documented(NotYourRole))
    async def list_record(
        self, request: HttpRequest, before: FromQuery[int | None] = None
    ) -> Response[RecordListView]:
        """Who did and read what in the agency, as ids, the latest first."""
        rows = await officer.list_record(actor_of(request), before=before)
        views = [
            RecordView(
                row["at"],
                row["operation"],
                row["outcome"],
                actor=row["actor"] or UNSET,
                role=row["role"] or UNSET,
                plan=row["plan"] or UNSET,
                thing=row["object"] or UNSET,
                purpose=row["purpose"] or UNSET,
            )
            for row in rows
        ]
        following = rows[-1]["id"] if len(rows) == officer.A_PAGE else None
        return Response(RecordListView(views, following), headers=NO_STORE)


class AccessController(Controller):
    tags = ["access"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/access",
        operation_id="listAccess",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_access(
        self,
        request: HttpRequest,
        plan_id: FromPath[UUID],
        before: FromQuery[int | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 100,
    ) -> Response[AccessListView]:
        """Who read and changed this plan, newest first; a worker sees their own acts."""
        rows = await actions.list_access(actor_of(request), plan_id, before=before, limit=limit)
        views = [
            AccessView(
                row["at"],
                row["operation"],
                role=row["role"] or UNSET,
                who=row["alias"] or UNSET,
                thing=row["object"] or UNSET,
                purpose=row["purpose"] or UNSET,
            )
            for row in rows
        ]
        following = rows[-1]["id"] if len(rows) == limit else None
        return Response(AccessListView(views, following), headers=NO_STORE)
