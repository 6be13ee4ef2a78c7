from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from backend import cursors
from backend.alerts import actions
from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain
from backend.errors import (
    BadInput,
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    VersionMissing,
    VersionStale,
)
from backend.matrix import cut, of
from backend.problems import documented
from backend.words import END

CHANGE = (
    KeyMissing,
    KeyReused,
    NotYourRole,
    NotFound,
    VersionMissing,
    VersionStale,
    NotFromThisState,
)
Limit = Annotated[int, QueryParameter(ge=1, le=100)]


class TaskView(msgspec.Struct):
    """Something to do: `kind` and `step` say what, `plan` and `subject` about what."""

    id: UUID
    version: int
    kind: str
    step: str
    role: str
    subject: UUID
    due_at: datetime
    urgency: int
    opened_at: datetime
    plan: UUID | UnsetType = UNSET
    alias: Annotated[str | UnsetType, of("alias")] = UNSET
    about: UUID | UnsetType = UNSET
    acknowledged_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: Any, reader: str) -> "TaskView":
        """A key for what there is, and none for the rest."""
        given = {name: value for name, value in dict(row).items() if value is not None}
        return cut(msgspec.convert(given, cls), reader)


class TasksView(msgspec.Struct):
    tasks: list[TaskView]
    next: str | None = None


class CloseTask(msgspec.Struct, forbid_unknown_fields=True):
    """A word for what came of it, such as done, called or substitute."""

    outcome: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z-]{1,23}" + END)] = "done"


class TaskController(Controller):
    path = "/tasks"
    tags = ["tasks"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listTasks", responses=documented(NotYourRole, BadInput))
    async def list_tasks(
        self,
        request: HttpRequest,
        plan: FromQuery[UUID | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: Limit = 50,
    ) -> Response[TasksView]:
        """What waits for me, soonest first."""
        after = cursors.read(cursor, datetime, UUID) if cursor else None
        rows = await actions.list_tasks(actor_of(request), plan=plan, after=after, limit=limit)
        views = [TaskView.of(row, actor_of(request).role) for row in rows]
        last = views[-1] if len(views) == limit else None
        following = cursors.write(last.due_at, last.id) if last else None
        return Response(TasksView(views, following), headers=NO_STORE)

    @post(
        "/{task_id:uuid}/acknowledge",
        operation_id="acknowledgeTask",
        responses=documented(*CHANGE),
    )
    async def acknowledge(self, request: HttpRequest, task_id: FromPath[UUID]) -> WrittenReply:
        """Say that you have it; its escalation stops."""
        return plain(
            await change(
                request,
                "acknowledgeTask",
                lambda actor, seen: actions.acknowledge_task(actor, task_id, seen),
            )
        )

    @post("/{task_id:uuid}/close", operation_id="closeTask", responses=documented(*CHANGE))
    async def close(
        self, request: HttpRequest, task_id: FromPath[UUID], data: JSONBody[CloseTask]
    ) -> WrittenReply:
        """Close a task with a word for what came of it."""
        return plain(
            await change(
                request,
                "closeTask",
                lambda actor, seen: actions.close_task(actor, task_id, seen, data.outcome),
            )
        )
