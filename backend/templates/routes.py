"""The template of an agency over HTTP: read, taken out as a file, changed, published."""

from uuid import UUID, uuid4

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
from backend.problems import documented
from backend.templates import actions
from backend.templates.reading import TemplateLine
from backend.templates.views import (
    DraftTemplate,
    ImportTemplate,
    PlanTemplateView,
    ReshapePlan,
    ShapePreviewView,
    TemplateVersionView,
    TemplateView,
)

CHANGE = (
    *(KeyMissing, KeyReused, NotYourRole, NotFound, Unfit),
    *(VersionMissing, VersionStale, NotFromThisState),
)
HEADS = {"Content-Type": "text/csv; charset=utf-8", **NO_STORE}


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
