from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET, UnsetType

from backend.audit import actions, counts, officer
from backend.doors import NO_STORE, HttpRequest, actor_of
from backend.errors import BadInput, NotFound, NotYourRole, TooMuch, Unfit
from backend.problems import documented

PAGED = (NotYourRole, BadInput)


class AccessView(msgspec.Struct):
    """One act. `about` is the role of whose data it was; `other`, of somebody of the circle."""

    at: datetime
    operation: str
    role: str | UnsetType = UNSET
    who: str | UnsetType = UNSET
    thing: UUID | UnsetType = UNSET
    purpose: str | UnsetType = UNSET
    about: str | UnsetType = UNSET


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
    subject: UUID | UnsetType = UNSET


class RecordListView(msgspec.Struct):
    acts: list[RecordView]
    before: int | None = None


class AgencyMandateView(msgspec.Struct):
    """A mandate: whose, in which role, from when and until when."""

    id: UUID
    plan: UUID
    who: UUID
    role: str
    starts: datetime
    ends: datetime | UnsetType = UNSET


class AgencyMandatesView(msgspec.Struct):
    mandates: list[AgencyMandateView]
    cursor: str | UnsetType = UNSET


class AgencyConsentView(msgspec.Struct):
    """A yes to messages (channel) or a disclosure: whose it is, and not of what."""

    id: UUID
    plan: UUID
    kind: str
    subject: UUID
    given_at: datetime
    withdrawn_at: datetime | UnsetType = UNSET


class AgencyConsentsView(msgspec.Struct):
    consents: list[AgencyConsentView]
    cursor: str | UnsetType = UNSET


class CountsView(msgspec.Struct):
    """Of a month that is over; a number below five is said as "fewer than 5"."""

    month: str
    messages: dict[str, int | str]
    alerts: int | str | UnsetType = UNSET
    summaries: int | str | UnsetType = UNSET


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
                subject=row["subject"] or UNSET,
            )
            for row in rows
        ]
        following = rows[-1]["id"] if len(rows) == officer.A_PAGE else None
        return Response(RecordListView(views, following), headers=NO_STORE)

    @get("/mandates", operation_id="listAgencyMandates", responses=documented(*PAGED))
    async def list_mandates(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None
    ) -> Response[AgencyMandatesView]:
        """Who has or had a mandate on which plan, as ids, the latest first."""
        rows = await officer.list_agency_mandates(actor_of(request), officer.page_after(cursor))
        views = [
            AgencyMandateView(
                *(row["id"], row["plan"], row["who"], row["role"], row["starts"]),
                ends=row["ends"] or UNSET,
            )
            for row in rows
        ]
        return Response(
            AgencyMandatesView(views, officer.following(rows, "starts") or UNSET), headers=NO_STORE
        )

    @get("/consents", operation_id="listAgencyConsents", responses=documented(*PAGED))
    async def list_consents(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None
    ) -> Response[AgencyConsentsView]:
        """Every yes to messages and every disclosure, as ids, the latest first."""
        rows = await officer.list_agency_consents(actor_of(request), officer.page_after(cursor))
        views = [
            AgencyConsentView(
                *(row["id"], row["plan"], row["kind"], row["subject"], row["given_at"]),
                withdrawn_at=row["withdrawn_at"] or UNSET,
            )
            for row in rows
        ]
        return Response(
            AgencyConsentsView(views, officer.following(rows, "given_at") or UNSET),
            headers=NO_STORE,
        )

    @get("/counts", operation_id="countRecords", responses=documented(*PAGED, Unfit))
    async def count(
        self, request: HttpRequest, month: FromQuery[str | None] = None
    ) -> Response[CountsView]:
        """How much there was in the agency in a month that is over (YYYY-MM); the last, if none."""
        found = await counts.count_records(actor_of(request), month)
        view = CountsView(
            found.month,
            dict(found.messages),
            alerts=UNSET if found.alerts is None else found.alerts,
            summaries=UNSET if found.summaries is None else found.summaries,
        )
        return Response(view, headers=NO_STORE)


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
                about=row["about"] or UNSET,
            )
            for row in rows
        ]
        following = rows[-1]["id"] if len(rows) == limit else None
        return Response(AccessListView(views, following), headers=NO_STORE)
