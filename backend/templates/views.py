"""What a client sends about templates and what it gets."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from backend.plans.actions import reshaping
from backend.plans.shape import Changed
from backend.templates import actions
from backend.templates.reading import TemplateLine
from backend.templates.rules import Difference
from backend.words import Sheet


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
