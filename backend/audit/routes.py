from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET, UnsetType

from backend.audit import actions
from backend.doors import NO_STORE, HttpRequest, actor_of
from backend.errors import NotFound, NotYourRole
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


class AccessController(Controller):
    tags = ["access"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/access",
        operation_id="listAccess",
        responses=documented(NotYourRole, NotFound),
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
