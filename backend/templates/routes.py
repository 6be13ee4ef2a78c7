"""The template of an agency over HTTP: read, taken out as a file, changed, published."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, change, plain, write
from backend.errors import (
    KeyMissing,
    KeyReused,
    NotFound,
    NotFromThisState,
    NotYourRole,
    Taken,
    Unfit,
    VersionMissing,
    VersionStale,
)
from backend.plans.actions import reshaping
from backend.plans.shape import Changed
from backend.problems import documented
from backend.templates import actions
from backend.templates.reading import TemplateLine
from backend.templates.rules import Difference
from backend.words import Sheet

CHANGE = (
    *(KeyMissing, KeyReused, NotYourRole, NotFound, Unfit),
    *(VersionMissing, VersionStale, NotFromThisState),
)
HEADS = {"Content-Type": "text/csv; charset=utf-8", **NO_STORE}


class DraftTemplate(msgspec.Struct, forbid_unknown_fields=True):
    """`file`: a table as `exportTemplate` gives it; without one it begins with what is in force."""

    file: Sheet | None = None
    id: UUID | None = None


class ImportTemplate(msgspec.Struct, forbid_unknown_fields=True):
    file: Sheet


class TemplateVersionView(msgspec.Struct):
    """`number` is null for a draft; plans begin with the highest one."""

    id: UUID
    version: int
    number: int | None
    published_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> "TemplateVersionView":
        return cls(row["id"], row["version"], row["number"], row["published_at"])


class DifferenceView(msgspec.Struct):
    """`kind`: added, changed or removed; `fields` are those that were changed."""

    kind: str
    code: str
    title: str
    fields: list[str]

    @classmethod
    def of(cls, one: Difference) -> "DifferenceView":
        return cls(one.kind, one.row.code, one.row.title, list(one.fields))


class TemplateView(msgspec.Struct):
    """`differs` from the version `before` it (0: there is none)."""

    this: TemplateVersionView
    before: int
    differs: list[DifferenceView]
    rows: list[TemplateLine]

    @classmethod
    def of(cls, read: actions.TemplateRead) -> "TemplateView":
        lines = [TemplateLine.of(row, read.template.pathways) for row in read.template.rows]
        differs = [DifferenceView.of(one) for one in read.differs]
        return cls(TemplateVersionView.of(read.row), read.before, differs, lines)


class ReshapePlan(msgspec.Struct, forbid_unknown_fields=True):
    """All of what a plan is to hold. `newest`: by the newest template, and no more by its own."""

    size: str
    supervision: bool
    overlays: Annotated[list[str], msgspec.Meta(max_length=10)]
    newest: bool = False

    def shape(self) -> reshaping.NewShape:
        overlays = frozenset(self.overlays)
        return reshaping.NewShape(self.newest, self.size, overlays, self.supervision)


class PlanTemplateView(msgspec.Struct):
    """`number` is the version a plan is made by; there is a newer one where `newest` is higher."""

    version: int
    number: int
    newest: int
    size: str
    overlays: list[str]
    supervision: bool

    @classmethod
    def of(cls, read: reshaping.PlanTemplate) -> "PlanTemplateView":
        plan = read.plan
        made = (plan["template"], plan["overlays"], plan["supervision"])
        return cls(plan["version"], read.number, read.newest, *made)


class ReshapedRow(msgspec.Struct, omit_defaults=True):
    """A row with its day before and after; `fields` of it are defined otherwise."""

    code: str
    title: str
    state: str
    due_before: date | None = None
    due_on: date | None = None
    fields: list[str] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, one: Changed) -> "ReshapedRow":
        row, title = one.row, one.fields.get("title", one.row["title"])
        return cls(row["code"], title, one.state, row["due_on"], one.due, sorted(one.fields))

    @classmethod
    def as_is(cls, row: Any) -> "ReshapedRow":
        return cls(row["code"], row["title"], row["state"], due_on=row["due_on"])


class ShapePreviewView(msgspec.Struct):
    """What would be added, changed and left out; `stay` though they would be left out.

    `falls_away` is the number of messages that wait and would not be sent.
    """

    number: int
    added: list[ReshapedRow]
    changed: list[ReshapedRow]
    left_out: list[ReshapedRow]
    stay: list[ReshapedRow]
    falls_away: int

    @classmethod
    def of(cls, seen: reshaping.ShapePreview) -> "ShapePreviewView":
        rows = seen.rows
        new = [ReshapedRow.as_is(row) for row in rows.new]
        return cls(
            seen.number,
            [*new, *(ReshapedRow.of(one) for one in rows.again)],
            [ReshapedRow.of(one) for one in rows.changed],
            [ReshapedRow.as_is(row) for row in rows.ended],
            [ReshapedRow.as_is(row) for row in rows.stay],
            len(seen.falls_away),
        )


class PlanTemplateController(Controller):
    path = "/plans/{plan_id:uuid}/template"
    tags = ["plans"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="getPlanTemplate", responses=documented(NotYourRole, NotFound))
    async def get_plan_template(
        self, request: HttpRequest, plan_id: FromPath[UUID]
    ) -> Response[PlanTemplateView]:
        """By which template a plan is made, and whether there is a newer one."""
        read = await reshaping.get_plan_template(actor_of(request), plan_id)
        tag = {"ETag": f'"{read.plan["version"]}"'}
        return Response(PlanTemplateView.of(read), headers={**NO_STORE, **tag})

    @post(
        "/preview",
        operation_id="previewShape",
        status_code=200,
        responses=documented(NotYourRole, NotFound, Unfit, NotFromThisState),
    )
    async def preview(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[ReshapePlan]
    ) -> Response[ShapePreviewView]:
        """What another template or other overlays would do; nothing is changed."""
        seen = await reshaping.preview_shape(actor_of(request), plan_id, data.shape())
        tag = {"ETag": f'"{seen.version}"'}
        return Response(ShapePreviewView.of(seen), headers={**NO_STORE, **tag})

    @post("/", operation_id="reshapePlan", responses=documented(*CHANGE))
    async def reshape(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[ReshapePlan]
    ) -> WrittenReply:
        """Move a plan to the newest template, or to other overlays."""
        to = data.shape()
        return plain(
            await change(
                request,
                "reshapePlan",
                lambda actor, seen: reshaping.reshape_plan(actor, plan_id, seen, to),
            )
        )


class TemplateController(Controller):
    path = "/templates"
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/", operation_id="listTemplates", responses=documented(NotYourRole))
    async def list_templates(self, request: HttpRequest) -> Response[list[TemplateVersionView]]:
        """The versions of what plans begin with: a draft first, then the newest."""
        rows = await actions.list_templates(actor_of(request))
        return Response([TemplateVersionView.of(row) for row in rows], headers=NO_STORE)

    @post(
        "/",
        operation_id="draftTemplate",
        responses=documented(KeyMissing, KeyReused, NotYourRole, Unfit, Taken, NotFromThisState),
    )
    async def draft(self, request: HttpRequest, data: JSONBody[DraftTemplate]) -> WrittenReply:
        """Begin a draft of the next version."""
        new = actions.NewDraft(data.file, data.id or uuid4())
        return plain(
            await write(request, "draftTemplate", lambda actor: actions.draft_template(actor, new))
        )

    @get(
        "/{template_id:uuid}",
        operation_id="getTemplate",
        responses=documented(NotYourRole, NotFound),
    )
    async def get_template(
        self, request: HttpRequest, template_id: FromPath[UUID]
    ) -> Response[TemplateView]:
        """A version, and what it changes of the one before it."""
        read = await actions.get_template(actor_of(request), template_id)
        tag = {"ETag": f'"{read.row["version"]}"'}
        return Response(TemplateView.of(read), headers={**NO_STORE, **tag})

    @get(
        "/{template_id:uuid}/file",
        operation_id="exportTemplate",
        media_type="text/csv",
        responses=documented(NotYourRole, NotFound),
    )
    async def export(self, request: HttpRequest, template_id: FromPath[UUID]) -> Response[str]:
        """A version as a table for a spreadsheet."""
        name, file = await actions.export_template(actor_of(request), template_id)
        named = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(file, headers={**HEADS, **named}, media_type="text/csv")

    @put(
        "/{template_id:uuid}/file",
        operation_id="importTemplate",
        responses=documented(*CHANGE),
    )
    async def import_(
        self, request: HttpRequest, template_id: FromPath[UUID], data: JSONBody[ImportTemplate]
    ) -> WrittenReply:
        """Put a whole table in the place of a draft; what is amiss is told line by line."""
        return plain(
            await change(
                request,
                "importTemplate",
                lambda actor, seen: actions.import_template(actor, template_id, seen, data.file),
            )
        )

    @put(
        "/{template_id:uuid}/rows",
        operation_id="changeTemplateRow",
        responses=documented(*CHANGE),
    )
    async def change_row(
        self, request: HttpRequest, template_id: FromPath[UUID], data: JSONBody[TemplateLine]
    ) -> WrittenReply:
        """Add a row to a draft, or change the row of this code."""
        return plain(
            await change(
                request,
                "changeTemplateRow",
                lambda actor, seen: actions.change_row(actor, template_id, seen, data),
            )
        )

    @post(
        "/{template_id:uuid}/rows/{code:str}/remove",
        operation_id="removeTemplateRow",
        responses=documented(*CHANGE),
    )
    async def remove_row(
        self, request: HttpRequest, template_id: FromPath[UUID], code: FromPath[str]
    ) -> WrittenReply:
        """Take a row out of a draft."""
        return plain(
            await change(
                request,
                "removeTemplateRow",
                lambda actor, seen: actions.remove_row(actor, template_id, seen, code),
            )
        )

    @post(
        "/{template_id:uuid}/publish",
        operation_id="publishTemplate",
        responses=documented(*CHANGE),
    )
    async def publish(self, request: HttpRequest, template_id: FromPath[UUID]) -> WrittenReply:
        """From now on plans begin with it; open plans keep theirs until they are moved."""
        return plain(
            await change(
                request,
                "publishTemplate",
                lambda actor, seen: actions.publish_template(actor, template_id, seen),
            )
        )

    @post(
        "/{template_id:uuid}/discard",
        operation_id="discardTemplate",
        responses=documented(*CHANGE),
    )
    async def discard(self, request: HttpRequest, template_id: FromPath[UUID]) -> WrittenReply:
        """Leave a draft."""
        return plain(
            await change(
                request,
                "discardTemplate",
                lambda actor, seen: actions.discard_template(actor, template_id, seen),
            )
        )
