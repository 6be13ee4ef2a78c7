"""The template of an agency: a draft is changed, looked at and published; plans keep theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from backend import clock
from backend.access import Actor, check_version, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Taken, Unfit
from backend.once import Written
from backend.templates import checks
from backend.templates.reading import (
    Amiss,
    Malformed,
    TemplateLine,
    read,
    standard,
    template,
    write,
)
from backend.templates.rules import Difference, Template, differences

MOST_TOLD = 50  # errors of a file that are told at once
_READ: dict[UUID, Template] = {}  # what was published never changes


@dataclass(frozen=True)
class NewDraft:
    """`file` is what it begins with; without one it is what is in force."""

    file: str | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class TemplateRead:
    """A version, its rows, and what it changes of the one before it."""

    row: Any
    template: Template
    before: int
    differs: Sequence[Difference]


_LISTED = """
SELECT id, version, number, published_at FROM template_version
 WHERE agency = $1 ORDER BY number DESC
"""
_IN_FORCE = """
SELECT * FROM template_version WHERE agency = $1 AND number IS NOT NULL
   AND ($2::int IS NULL OR number < $2) ORDER BY number DESC LIMIT 1
"""


async def list_templates(actor: Actor) -> Sequence[Any]:
    """The versions of the actor's agency: a draft first, then the newest."""
    require(actor, "listTemplates")
    async with transaction(actor.id) as held:
        await record(actor, "listTemplates", thing=actor.agency)
        rows: Sequence[Any] = await held.fetch(_LISTED, actor.agency)
        return rows


async def get_template(actor: Actor, id_: UUID) -> TemplateRead:
    """A version with what it changes. Raises NotFound."""
    require(actor, "getTemplate")
    async with transaction(actor.id):
        row = await _find(actor, id_)
        await record(actor, "getTemplate", thing=id_)
        before = await connection().fetchrow(_IN_FORCE, actor.agency, row["number"])
        this = _template(row)
        if before is None:
            return TemplateRead(row, this, 0, ())
        return TemplateRead(row, this, before["number"], differences(_template(before), this))


async def export_template(actor: Actor, id_: UUID) -> tuple[str, str]:
    """A version as a file, with the file's name. Raises NotFound."""
    require(actor, "exportTemplate")
    async with transaction(actor.id):
        row = await _find(actor, id_)
        await record(actor, "exportTemplate", thing=id_)
        return f"template-{row['number'] or 'draft'}.csv", write(_template(row))


async def draft_template(actor: Actor, new: NewDraft) -> Written:
    """Begin the next version; there is one draft at a time.

    Raises Unfit for a file that is amiss, Taken, NotFromThisState.
    """
    require(actor, "draftTemplate")
    async with transaction(actor.id) as held:
        if await held.fetchval("SELECT 1 FROM template_version WHERE id = $1", new.id):
            raise Taken
        of = await in_force(actor.agency) if new.file is None else _checked(_read(new.file))
        try:
            await held.execute(
                "INSERT INTO template_version (id, agency, version, file, begun_by, begun_at)"
                " VALUES ($1, $2, 1, $3, $4, $5)",
                new.id,
                actor.agency,
                write(of),
                actor.id,
                clock.now(),
            )
        except asyncpg.UniqueViolationError as error:
            raise NotFromThisState("There is a draft: change or publish that one.") from error
        await record(actor, "draftTemplate", thing=new.id)
        return Written(new.id, 1, 201)


async def import_template(actor: Actor, id_: UUID, seen: int, file: str) -> Written:
    """Put a whole file in the place of a draft. Raises Unfit, with the lines that are amiss."""
    require(actor, "importTemplate")
    of = _checked(_read(file))
    async with transaction(actor.id):
        await _draft(actor, id_, seen)
        version = await _save(id_, of)
        await record(actor, "importTemplate", thing=id_)
        return Written(id_, version)


async def change_row(
    actor: Actor, id_: UUID, seen: int, line: TemplateLine, *, new: bool = False
) -> Written:
    """Add a row to a draft, or change it; the name it gives its pathway is that of all its rows.

    Raises Unfit, for a `new` one whose code is there too, NotFound, VersionStale.
    """
    require(actor, "changeTemplateRow")
    async with transaction(actor.id):
        row = await _draft(actor, id_, seen)
        of = _template(row)
        if new and line.code in of.by_code:
            raise Unfit("There is a row with this code: change that one.", field="code")
        names = {**of.pathways, **({line.pathway: line.pathway_name} if line.pathway_name else {})}
        lines = [TemplateLine.of(one, names) for one in of.rows]
        codes = [one.code for one in lines]
        at = codes.index(line.code) if line.code in codes else len(lines)
        version = await _save(id_, _checked(template([*lines[:at], line, *lines[at + 1 :]])))
        await record(actor, "changeTemplateRow", thing=id_)
        return Written(id_, version)


async def remove_row(actor: Actor, id_: UUID, seen: int, code: str) -> Written:
    """Take a row out of a draft. Raises NotFound, Unfit where it has to stay, VersionStale."""
    require(actor, "removeTemplateRow")
    async with transaction(actor.id):
        of = _template(await _draft(actor, id_, seen))
        if code not in of.by_code:
            raise NotFound
        left = replace(of, rows=tuple(row for row in of.rows if row.code != code))
        version = await _save(id_, _checked(left))
        await record(actor, "removeTemplateRow", thing=id_)
        return Written(id_, version)


async def publish_template(actor: Actor, id_: UUID, seen: int) -> Written:
    """From now on plans begin with it; open plans keep theirs. Raises NotFound, VersionStale."""
    require(actor, "publishTemplate")
    async with transaction(actor.id) as held:
        _checked(_template(await _draft(actor, id_, seen)))  # by the rules of today
        version: int = await held.fetchval(
            "UPDATE template_version SET published_by = $2, published_at = $3,"
            " number = (SELECT max(number) + 1 FROM template_version WHERE agency = $4),"
            " version = version + 1 WHERE id = $1 RETURNING version",
            id_,
            actor.id,
            clock.now(),
            actor.agency,
        )
        await record(actor, "publishTemplate", thing=id_)
        return Written(id_, version)


async def newest(agency: UUID | None) -> Any:
    """The version that plans of an agency begin with now: its row."""
    return await connection().fetchrow(_IN_FORCE, agency, None)


async def in_force(agency: UUID | None) -> Template:
    """What plans of an agency begin with now."""
    return _template(await newest(agency))


async def published(plan: Mapping[str, Any]) -> Any:
    """The version that a plan began with, or was moved to since: its row."""
    id_ = plan["template_version"] or plan["agency"]
    return await connection().fetchrow("SELECT * FROM template_version WHERE id = $1", id_)


async def template_of_plan(id_: UUID) -> Template:
    """Of a plan that the caller has been let into."""
    asked = "SELECT template_version, agency FROM plan WHERE id = $1"
    return await template_of(await connection().fetchrow(asked, id_))


async def template_of(plan: Mapping[str, Any]) -> Template:
    """The rows of that version."""
    id_: UUID = plan["template_version"] or plan["agency"]
    if id_ not in _READ:
        _READ[id_] = _template(await published(plan))
    return _READ[id_]


async def _find(actor: Actor, id_: UUID) -> Any:
    row = await connection().fetchrow(
        "SELECT * FROM template_version WHERE id = $1 AND agency = $2",
        id_,
        actor.agency,
    )
    if row is None:
        raise NotFound
    return row


async def _draft(actor: Actor, id_: UUID, seen: int) -> Any:
    row = await connection().fetchrow(
        "SELECT * FROM template_version WHERE id = $1 AND agency = $2 FOR UPDATE",
        id_,
        actor.agency,
    )
    check_version(row, seen)
    if row["number"] is not None:
        raise NotFromThisState("What was published stays as it is: begin a draft.")
    return row


async def _save(id_: UUID, of: Template) -> int:
    version: int = await connection().fetchval(
        "UPDATE template_version SET file = $2, version = version + 1 WHERE id = $1"
        " RETURNING version",
        id_,
        write(of),
    )
    return version


def _template(row: Any) -> Template:
    return standard() if row["file"] is None else read(row["file"])


def _read(file: str) -> Template:
    try:
        return read(file)
    except Malformed as error:
        raise _unfit(error.errors) from error


def _checked(of: Template) -> Template:
    if found := checks.amiss(of):
        raise _unfit(found)
    return of


def _unfit(errors: Sequence[Amiss]) -> Unfit:
    wrong = [{"field": _where(one), "message": one.why} for one in errors[:MOST_TOLD]]
    return Unfit("The template does not hold together like this.", field="file", errors=wrong)


def _where(one: Amiss) -> str:
    return ", ".join(part for part in (one.where, one.column) if part) or "file"
