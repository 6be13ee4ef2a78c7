from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.goals import actions
from backend.matrix import of
from backend.problems import documented
from backend.words import Language, Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit, NotFromThisState)
GOALS = of("goals")


class SayGoal(msgspec.Struct, forbid_unknown_fields=True):
    """`words` as the person said them, in `language`; `instead_of` is what they said before."""

    words: Note
    language: Language
    kind: str = "goal"
    instead_of: UUID | None = None
    id: UUID | None = None

    def new(self) -> actions.NewGoal:
        return actions.NewGoal(
            self.words, self.language, self.kind, self.instead_of, self.id or uuid4()
        )


class EndGoal(msgspec.Struct, forbid_unknown_fields=True):
    """`how` is reached or not_mine."""

    how: str


class GoalView(msgspec.Struct, omit_defaults=True):
    """`kind` is goal, first_step or who_knows; `how` it ended: reached, not_mine or anew.

    `words` are null where their key was destroyed.
    """

    id: UUID
    version: int
    kind: Annotated[str, GOALS]
    words: Annotated[str | None, GOALS]
    language: Annotated[str, GOALS]
    said_at: Annotated[datetime, GOALS]
    ended_at: Annotated[datetime | None, GOALS] = None
    how: Annotated[str | None, GOALS] = None

    @classmethod
    def of(cls, one: dict[str, Any]) -> "GoalView":
        return cls(**{name: one[name] for name in cls.__struct_fields__})


class GoalsView(msgspec.Struct):
    goals: list[GoalView]


class GoalController(Controller):
    tags = ["goals"]  # noqa: RUF012 - Litestar declares it so

    @get(
        "/plans/{plan_id:uuid}/goals",
        operation_id="listGoals",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_goals(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[GoalsView]:
        """What the person wants, in their own words; what has ended too."""
        found = await actions.list_goals(actor_of(request), plan_id)
        view = GoalsView([GoalView.of(one) for one in found])
        return Response(view, headers=NO_STORE)

    @post("/plans/{plan_id:uuid}/goals", operation_id="sayGoal", responses=documented(*WRITE))
    async def say(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[SayGoal]
    ) -> WrittenReply:
        """Write down what the person said; nobody writes over it, and nothing translates it."""
        new = data.new()
        return plain(
            await write(request, "sayGoal", lambda actor: actions.say_goal(actor, plan_id, new))
        )

    @post(
        "/goals/{goal_id:uuid}/end",
        operation_id="endGoal",
        responses=documented(*WRITE, VersionMissing, VersionStale),
    )
    async def end(
        self, request: HttpRequest, goal_id: FromPath[UUID], data: JSONBody[EndGoal]
    ) -> WrittenReply:
        """It was reached, or it is the person's no longer; the words stay as they were said."""
        return plain(
            await change(
                request,
                "endGoal",
                lambda actor, seen: actions.end_goal(actor, goal_id, seen, data.how),
            )
        )
