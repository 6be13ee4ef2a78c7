from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromQuery, QueryParameter

from backend import cursors
from backend.doors import NO_STORE, HttpRequest, actor_of
from backend.errors import BadInput, NotYourRole, TooMuch
from backend.evidence import actions
from backend.evidence.views import ClaimsView, ClaimView
from backend.problems import documented

Limit = Annotated[int, QueryParameter(ge=1, le=100)]


class EvidenceController(Controller):
    tags = ["plans"]  # noqa: RUF012 - Litestar declares it so

    @get("/verify", operation_id="listClaims", responses=documented(NotYourRole, BadInput, TooMuch))
    async def claims(
        self,
        request: HttpRequest,
        plan: FromQuery[UUID | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: Limit = 50,
    ) -> Response[ClaimsView]:
        """What was said of my plans and waits for me, oldest first: changeMilestone answers it."""
        after = cursors.read(cursor, datetime, UUID) if cursor else None
        found = await actions.list_claims(actor_of(request), plan=plan, after=after, limit=limit)
        last = found[-1] if len(found) == limit else None
        following = cursors.write(last.since, last.row["id"]) if last else None
        view = ClaimsView([ClaimView.of(one) for one in found], following)
        return Response(view, headers=NO_STORE)
