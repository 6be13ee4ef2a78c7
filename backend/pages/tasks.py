"""What waits for me: escalations first, then the rest, each by the time it is due."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend import cursors
from backend.access import Actor
from backend.alerts.actions import acknowledge_task, close_task, list_tasks
from backend.alerts.routes import CloseTask
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import claims_for, office_of, titles

SIZE = 50
CLAIMS = 5  # here; the others are one tap away
OUTCOMES = ("done", "called", "substitute", "not-needed", "other")


class TaskPageController(Controller):
    path = "/tasks"

    @get("/")
    async def tasks(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None, saved: FromQuery[str] = ""
    ) -> Page:
        return await _tasks(request, cursor=cursor, saved=saved)

    @post("/{task_id:uuid}/take")
    async def take(self, request: HttpRequest, task_id: FromPath[UUID]) -> Page:
        """I have it: nobody else is asked."""

        async def act(actor: Actor, form: Form) -> Written:
            return await acknowledge_task(actor, task_id, form.seen)

        return await _save(request, "acknowledgeTask", act)

    @post("/{task_id:uuid}/close")
    async def close(self, request: HttpRequest, task_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await close_task(actor, task_id, form.seen, form.read(CloseTask).outcome)

        return await _save(request, "closeTask", act)


def is_urgent(task: Mapping[str, Any]) -> bool:
    """Whether somebody is waiting for an answer that did not come, or must be asked now."""
    return bool(task["urgency"] or task["step"].startswith("silent"))


async def _save(request: HttpRequest, operation: str, act: Act) -> Page:
    form: Form = request.state.form
    try:
        back = f"/desk/plans/{UUID(form.one('back'))}"
    except ValueError:
        back = "/desk/tasks"
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"{back}?saved={operation}"),
        lambda tried: _tasks(request, tried),
    )


async def _tasks(
    request: HttpRequest,
    tried: Attempt | None = None,
    *,
    cursor: str | None = None,
    saved: str = "",
) -> Page:
    actor = actor_of(request)
    office = await office_of(actor)
    after = cursors.read(cursor, datetime, UUID) if cursor else None
    rows = await list_tasks(actor, after=after, limit=SIZE)
    last = rows[-1] if len(rows) == SIZE else None
    urgent = [task for task in rows if is_urgent(task)]
    return show(
        request,
        "tasks.html",
        tried=tried,
        urgent=urgent,
        claims=await claims_for(actor, limit=CLAIMS),
        others=[task for task in rows if not is_urgent(task)],
        more=cursors.write(last["due_at"], last["id"]) if last else None,
        titles=await titles(actor, [task["subject"] for task in rows]),
        outcomes=OUTCOMES,
        zone=office.zone,
        saved=saved,
    )
