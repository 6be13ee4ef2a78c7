from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, put
from litestar.params import JSONBody

from backend.agencies import actions
from backend.doors import HttpRequest, WrittenReply, plain, write
from backend.errors import KeyMissing, KeyReused, NotFound, NotYourRole, Unfit
from backend.problems import documented

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class SetRota(msgspec.Struct, forbid_unknown_fields=True):
    starts: Instant
    ends: Instant
    staff: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=10)]


class DutyController(Controller):
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @put(
        "/duty-rota",
        operation_id="setDutyRota",
        responses=documented(KeyMissing, KeyReused, NotYourRole, NotFound, Unfit),
    )
    async def set_rota(self, request: HttpRequest, data: JSONBody[SetRota]) -> WrittenReply:
        """Say who answers urgent tasks in a span of time, in the order they are asked."""
        rota = actions.Rota(data.starts, data.ends, data.staff)
        return plain(
            await write(request, "setDutyRota", lambda actor: actions.set_duty_rota(actor, rota))
        )
