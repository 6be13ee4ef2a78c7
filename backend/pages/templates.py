"""What plans of the agency begin with: its versions, a draft row by row, and as a table."""

from typing import Any, get_args
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.templates import actions
from backend.templates.reading import EVERY_OVERLAY, EVIDENCE, ROLES, TAKES, TemplateLine
from backend.templates.routes import HEADS
from backend.templates.rules import OVERLAYS, PATHWAYS
from backend.templates.views import DraftTemplate, ImportTemplate, TemplateView

HERE = "/desk/templates"
NEW = "new"  # in the place of a code: none is like it
BLANK = {
    one.encode_name: one.default for one in msgspec.structs.fields(TemplateLine) if not one.required
}
_TYPES = {one.encode_name: one.type for one in msgspec.structs.fields(TemplateLine)}
CHOICES = {
    "overlay": EVERY_OVERLAY,
    "owner": ROLES,
    "agree": ("-", "P", "F", "D", "FD"),
    "evidence": EVIDENCE,
    "late_start": ("0", "1", "2", "3"),
    **{name: get_args(_TYPES[name]) for name in ("kind", "court", "anchor", "light")},
}


class TemplatePageController(Controller):
    path = "/templates"

    @get("/")
    async def templates(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _all(request, saved=saved)

    @post(["/", "/table"])
    async def draft(self, request: HttpRequest) -> Page:
        """As a copy of what is in force, or of a table."""

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(DraftTemplate)
            return await actions.draft_template(actor, actions.NewDraft(given.file))

        return await submit(
            request,
            "draftTemplate",
            act,
            lambda written: go(f"{HERE}/{written.id}?saved=draftTemplate"),
            lambda tried: _all(request, tried),
        )

    @get("/{template_id:uuid}")
    async def template(
        self, request: HttpRequest, template_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _one(request, template_id, saved=saved)

    @get("/{template_id:uuid}/file")
    async def file(self, request: HttpRequest, template_id: FromPath[UUID]) -> Response[str]:
        """To be opened by a spreadsheet."""
        name, file = await actions.export_template(actor_of(request), template_id)
        named = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(file, headers={**HEADS, **named}, media_type="text/csv")

    @post("/{template_id:uuid}/file")
    async def put(self, request: HttpRequest, template_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(ImportTemplate)
            return await actions.import_template(actor, template_id, form.seen, given.file)

        return await _save(request, template_id, "importTemplate", act)

    @post("/{template_id:uuid}/publish")
    async def publish(self, request: HttpRequest, template_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.publish_template(actor, template_id, form.seen)

        return await _save(request, template_id, "publishTemplate", act)

    @get("/{template_id:uuid}/rows/{code:str}")
    async def row(
        self, request: HttpRequest, template_id: FromPath[UUID], code: FromPath[str]
    ) -> Page:
        return await _row(request, template_id, code)

    @post("/{template_id:uuid}/rows/{code:str}")
    async def change(
        self, request: HttpRequest, template_id: FromPath[UUID], code: FromPath[str]
    ) -> Page:
        """A row as it is typed; under `new` it is one that was not there."""

        async def act(actor: Actor, form: Form) -> Written:
            several = {"with": ",".join(form.all("with")), "unless": " ".join(form.all("unless"))}
            line = form.read(TemplateLine, **several)
            return await actions.change_row(actor, template_id, form.seen, line, new=code == NEW)

        return await submit(
            request,
            "changeTemplateRow",
            act,
            lambda _: go(f"{HERE}/{template_id}?saved=changeTemplateRow"),
            lambda tried: _row(request, template_id, code, tried),
        )

    @post("/{template_id:uuid}/rows/{code:str}/remove")
    async def remove(
        self, request: HttpRequest, template_id: FromPath[UUID], code: FromPath[str]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.remove_row(actor, template_id, form.seen, code)

        return await submit(
            request,
            "removeTemplateRow",
            act,
            lambda _: go(f"{HERE}/{template_id}?saved=removeTemplateRow"),
            lambda tried: _row(request, template_id, code, tried),
        )


async def _save(request: HttpRequest, id_: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"{HERE}/{id_}?saved={operation}"),
        lambda tried: _one(request, id_, tried),
    )


async def _all(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    rows = await actions.list_templates(actor_of(request))
    numbers = [row["number"] for row in rows if row["number"] is not None]
    return show(
        request,
        "templates.html",
        tried=tried,
        versions=rows,
        newest=max(numbers),
        saved=saved,
    )


async def _one(
    request: HttpRequest, id_: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    read = await actions.get_template(actor_of(request), id_)
    view = TemplateView.of(read)
    by_pathway: dict[str, list[TemplateLine]] = {}
    for line in view.rows:
        by_pathway.setdefault(line.pathway, []).append(line)
    return show(
        request,
        "template.html",
        tried=tried,
        seen=view,
        named=read.template.pathways,
        pathways=[one for one in (*PATHWAYS, *sorted(read.template.pathways)) if one in by_pathway],
        by_pathway=by_pathway,
        saved=saved,
    )


async def _row(request: HttpRequest, id_: UUID, code: str, tried: Attempt | None = None) -> Page:
    read = await actions.get_template(actor_of(request), id_)
    lines = {line.code: line for line in TemplateView.of(read).rows}
    if code not in lines and code != NEW:
        raise NotFound
    values: dict[str, Any] = msgspec.to_builtins(lines[code]) if code in lines else dict(BLANK)
    return show(
        request,
        "template_row.html",
        tried=tried,
        this=read.row,
        code=code,
        new=code == NEW,
        values=values,
        several={
            "with": (ROLES, values["with"].split(",")),
            "unless": (sorted(OVERLAYS), values["unless"].split()),
        },
        columns=msgspec.structs.fields(TemplateLine),
        takes=TAKES,
        choices=CHOICES,
    )
