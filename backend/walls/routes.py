from datetime import datetime
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
    ProveAgain,
    TooManyTries,
    TooMuch,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.problems import documented
from backend.walls import actions, glass
from backend.words import Alias, Line, Note

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound)
CHANGE = (*WRITE, VersionMissing, VersionStale, NotFromThisState)


class SetWall(msgspec.Struct, forbid_unknown_fields=True):
    """`excluded`: this colleague is kept out. `admitted`: nobody but who is named gets in."""

    kind: str
    login: Line
    id: UUID | None = None


class WallView(msgspec.Struct):
    id: UUID
    version: int
    kind: str
    who: str
    set_at: datetime


class AskBreakGlass(msgspec.Struct, forbid_unknown_fields=True):
    """The alias of somebody in your agency, and why it cannot wait for their own worker."""

    alias: Alias
    reason: Note
    id: UUID | None = None


class WishView(msgspec.Struct):
    id: UUID
    version: int
    plan: UUID
    who: str
    reason: str
    asked_at: datetime


class WallController(Controller):
    tags = ["walls"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/walls",
        operation_id="setWall",
        responses=documented(*WRITE, Unfit, NotFromThisState),
    )
    async def set_wall(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[SetWall]
    ) -> WrittenReply:
        """Keep a colleague from every plan of this person, or let in only who is named."""
        new = actions.NewWall(data.kind, data.login, data.id or uuid4())
        return plain(
            await write(request, "setWall", lambda actor: actions.set_wall(actor, plan_id, new))
        )

    @get(
        "/plans/{plan_id:uuid}/walls",
        operation_id="listWalls",
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def list_walls(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[list[WallView]]:
        """Who is kept out of this person's plans, and who alone is let in."""
        rows = await actions.list_walls(actor_of(request), plan_id)
        views = [
            WallView(row["id"], row["version"], row["kind"], row["alias"], row["set_at"])
            for row in rows
        ]
        return Response(views, headers=NO_STORE)

    @post("/walls/{wall_id:uuid}/end", operation_id="endWall", responses=documented(*CHANGE))
    async def end_wall(self, request: HttpRequest, wall_id: FromPath[UUID]) -> WrittenReply:
        """Take a wall down."""
        return plain(
            await change(
                request, "endWall", lambda actor, seen: actions.end_wall(actor, wall_id, seen)
            )
        )


class GlassController(Controller):
    path = "/break-glass"
    tags = ["walls"]  # noqa: RUF012

    @post(
        "/",
        operation_id="askBreakGlass",
        responses=documented(KeyMissing, KeyReused, NotYourRole, ProveAgain, TooManyTries),
    )
    async def ask(self, request: HttpRequest, data: JSONBody[AskBreakGlass]) -> WrittenReply:
        """Ask to see a plan that is not yours. The answer is the same whether it exists or not."""
        wish = glass.Wish(data.alias, data.reason, data.id or uuid4())
        return plain(
            await write(request, "askBreakGlass", lambda actor: glass.ask_break_glass(actor, wish))
        )

    @get("/", operation_id="listBreakGlass", responses=documented(NotYourRole))
    async def list_wishes(self, request: HttpRequest) -> Response[list[WishView]]:
        """Wishes about plans of yours that wait for your word."""
        rows = await glass.list_break_glass(actor_of(request))
        views = [
            WishView(
                row["id"], row["version"], row["plan"], row["asker"], row["reason"], row["asked_at"]
            )
            for row in rows
        ]
        return Response(views, headers=NO_STORE)

    @post(
        "/{wish_id:uuid}/let",
        operation_id="letBreakGlass",
        responses=documented(*CHANGE, ProveAgain),
    )
    async def let(self, request: HttpRequest, wish_id: FromPath[UUID]) -> WrittenReply:
        """Let a colleague see one plan for four hours; never your own wish."""
        return plain(
            await change(
                request,
                "letBreakGlass",
                lambda actor, seen: glass.let_break_glass(actor, wish_id, seen),
            )
        )

    @post("/{wish_id:uuid}/end", operation_id="endBreakGlass", responses=documented(*CHANGE))
    async def end(self, request: HttpRequest, wish_id: FromPath[UUID]) -> WrittenReply:
        """Take a wish back, or close the plan before the four hours are over."""
        return plain(
            await change(
                request,
                "endBreakGlass",
                lambda actor, seen: glass.end_break_glass(actor, wish_id, seen),
            )
        )
