"""Many let go by one decision, over HTTP: looked at first, then carried out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from backend.amnesty import actions, printing, rules
from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    TooMuch,
    Unfit,
)
from backend.papers.routes import PDF, PRINTED
from backend.problems import documented
from backend.words import Sheet

Number = Annotated[int, QueryParameter(ge=1, le=rules.MOST_LINES)]


class PreviewAmnesty(msgspec.Struct, forbid_unknown_fields=True):
    """One reference a line, or a table whose first column they are: alias, file number or plan."""

    references: Sheet


class LetManyGo(msgspec.Struct, forbid_unknown_fields=True):
    """`found` as it was looked at; `left`: they are out by now."""

    references: Sheet
    found: Annotated[int, msgspec.Meta(ge=1, le=rules.MOST_LINES)]
    left: bool = False
    id: UUID | None = None


class LineView(msgspec.Struct, omit_defaults=True):
    """`outcome`: found, twice, out, paused, came_back, closed, not_found or not_clear."""

    line: int
    reference: str
    outcome: str
    plan: UUID | UnsetType = UNSET
    alias: str | UnsetType = UNSET

    @classmethod
    def of(cls, one: rules.Answer) -> "LineView":
        return cls(one.line, one.reference, one.outcome, one.plan or UNSET, one.alias or UNSET)


class AmnestyView(msgspec.Struct):
    """`found` is how many would be let go."""

    found: int
    lines: list[LineView]


class SpokenView(msgspec.Struct):
    """`parts`: how many files there are; 0 where no sheet is written in the language."""

    language: str
    people: int
    parts: int


class BatchView(msgspec.Struct):
    """All whom one decision let go, by the language that they speak.

    `id` is made of what its tasks remember of the decision: not the one that `letManyGo` was sent.
    """

    id: UUID
    at: datetime
    languages: list[SpokenView]

    @classmethod
    def of(cls, one: printing.Batch) -> "BatchView":
        spoken = [SpokenView(each.language, each.people, each.parts) for each in one.spoken]
        return cls(one.id, one.at, spoken)


class AmnestyController(Controller):
    path = "/amnesties"
    tags = ["plans"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/preview",
        operation_id="previewAmnesty",
        status_code=200,
        responses=documented(NotYourRole, Unfit, TooMuch),
    )
    async def preview(
        self, request: HttpRequest, data: JSONBody[PreviewAmnesty]
    ) -> Response[AmnestyView]:
        """Whom a file of references names; nobody is let go by it."""
        answers = await actions.preview_amnesty(actor_of(request), data.references)
        found = rules.counts(answers).get(rules.FOUND, 0)
        view = AmnestyView(found, [LineView.of(one) for one in answers])
        return Response(view, headers=NO_STORE)

    @get("/", operation_id="listAmnesties", responses=documented(NotYourRole))
    async def list_amnesties(self, request: HttpRequest) -> Response[list[BatchView]]:
        """The decisions for many that you carried out in the last two weeks."""
        found = await printing.list_amnesties(actor_of(request))
        return Response([BatchView.of(one) for one in found], headers=NO_STORE)

    @get(
        "/{amnesty_id:uuid}/papers/{language:str}",
        operation_id="printAmnesty",
        media_type=PDF,
        responses=documented(NotYourRole, NotFound, TooMuch),
    )
    async def papers(
        self,
        request: HttpRequest,
        amnesty_id: FromPath[UUID],
        language: FromPath[str],
        part: Number = 1,
    ) -> Response[bytes]:
        """The day-one and 72-hours sheets of those who speak a language, twenty people a file."""
        body = await printing.print_amnesty(actor_of(request), amnesty_id, language, part)
        return Response(body, media_type=PDF, headers=PRINTED)

    @post(
        "/",
        operation_id="letManyGo",
        responses=documented(KeyMissing, KeyReused, NotYourRole, Unfit, NotFromThisState),
    )
    async def let_go(self, request: HttpRequest, data: JSONBody[LetManyGo]) -> WrittenReply:
        """Let everybody go who is found: each at once, in a transaction of their own."""
        new = actions.NewAmnesty(data.references, data.left, data.found, data.id or uuid4())
        return plain(
            await write(request, "letManyGo", lambda actor: actions.let_many_go(actor, new))
        )
