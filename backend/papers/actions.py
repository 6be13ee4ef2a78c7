"""A plan on paper, and as a picture. Each print is a look at the plan, and written down besides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import UNSET

from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, NotYourRole, Unfit
from backend.papers import rules
from backend.papers.telling import Office, Sheet, Telling, steps_of
from backend.papers.timeline import Timeline
from backend.papers.wording import Words
from backend.plans.actions.reading import PlanRead, get_plan
from backend.plans.actions.reopening import open_return
from backend.plans.rules import CERTAINTIES, WORKERS
from backend.plans.views import PlanView
from backend.safety.actions import protected_of
from backend.templates.actions import template_of_plan
from backend.typesetting import typeset

LEAST_CERTAIN = CERTAINTIES[-1]
SOURCE = Path(__file__).with_name("sheet.typ")
_OFFICE = """
SELECT service_alias, country, duty_phone, emergency_number, crisis_line
  FROM agency WHERE id = (SELECT agency FROM plan WHERE id = $1)
"""
_AGREED = "SELECT id, agree FROM milestone WHERE plan = $1"


async def print_sheet(actor: Actor, plan_id: UUID, name: str, language: str | None) -> bytes:
    """One sheet as a PDF, in the person's language unless another is asked for.

    Raises NotFound, NotYourRole, NotFromThisState, Unfit, TooMuch.
    """
    return await typeset(SOURCE, [await tell_sheet(actor, plan_id, name, language)])


async def tell_sheet(actor: Actor, plan_id: UUID, name: str, language: str | None) -> Sheet:
    """What stands on a sheet; with this it is printed."""
    require(actor, "printSheet")
    async with transaction(actor.id):
        read = await get_plan(actor, plan_id, everything=True)
        [sheet] = await sheets_of(plan_id, read, (name,), language)
        await record(actor, "printSheet", plan=plan_id)
        return sheet


async def sheets_of(
    plan_id: UUID, read: PlanRead, names: Sequence[str], language: str | None
) -> list[Sheet]:
    """What stands on some sheets of a plan that was read in all, within its transaction.

    Raises NotFound, NotYourRole, NotFromThisState, Unfit.
    """
    view = PlanView.of(read)
    back = await open_return(plan_id)
    for name in names:
        _check_print(read, view, name, inside_again=back is not None)
    if back is not None:  # from which day the next release counts nobody knows yet
        view.left_custody_at, view.certainty = None, LEAST_CERTAIN
    asked = language if language is not None else _spoken(view)
    office = await _office_of(plan_id)
    words = Words(asked, office.country, own=await template_of_plan(plan_id))
    agreed = await connection().fetch(_AGREED, plan_id)
    rows = told_of(read, view, {row["id"]: row["agree"] for row in agreed})
    places = await _places(plan_id, read) if read.role in WORKERS else {}
    telling = Telling(read, view, words, office, rows, places)
    return [telling.sheet(name) for name in names]


def _spoken(view: PlanView) -> str:
    if view.person is UNSET:
        raise Unfit("Say in which language.", field="language")
    return view.person.language


def _check_print(read: PlanRead, view: PlanView, name: str, *, inside_again: bool) -> None:
    """Who is given no release date has nothing to do with what is printed for that day."""
    if name not in rules.SHEETS or view.release_date is UNSET:
        raise NotFound
    if read.role not in rules.SHEETS[name]:
        raise NotYourRole
    outside = read.left_custody and not inside_again
    why = rules.barred(read.role, read.row["state"], left_custody=outside)
    if why is not None:
        raise NotFromThisState(why)


def told_of(read: PlanRead, view: PlanView, agreed: Mapping[UUID, str]) -> Mapping[UUID, Any]:
    """The rows that its reader has been given, with whose yes each hangs on; else a relative's."""
    if view.milestones is UNSET:
        return {}
    return {row["id"]: {**row, "agree": agreed.get(row["id"], "F")} for row in read.milestones}


async def _office_of(plan_id: UUID) -> Office:
    row = await connection().fetchrow(_OFFICE, plan_id)
    if row is None:
        raise NotFound
    return Office(**row)


async def _places(plan_id: UUID, read: PlanRead) -> Mapping[Any, str]:
    """Of the dates, as far as a paper may name them that somebody else finds.

    A protected address is typed by who was told of none, and a place may say what it is about.
    Who works in another agency is told of no protected address, so cannot look for one.
    """
    if read.groups is not None:
        return {}
    every = {one["id"]: one["place"] for one in read.appointments if one.get("place")}
    protected = await protected_of(plan_id, set(every.values()))
    return {
        id_: place
        for id_, place in every.items()
        if place not in protected and not rules.tells(place)
    }


async def draw_timeline(actor: Actor, plan_id: UUID, language: str) -> str:
    """The rows that the reader sees as a picture. Raises NotFound, NotYourRole, Unfit."""
    require(actor, "drawTimeline")
    async with transaction(actor.id):
        read = await get_plan(actor, plan_id, everything=True)
        drawn = picture_of(read, Words(language, own=await template_of_plan(plan_id)))
        await record(actor, "drawTimeline", plan=plan_id)
        return drawn


def picture_of(read: PlanRead, words: Words) -> str:
    """For a screen, with the titles that its reader has in the list.

    Raises NotFound for whose mandate has nothing to do with the day that it is drawn around.
    """
    view = PlanView.of(read)
    if view.release_date is UNSET or view.milestones is UNSET:
        raise NotFound
    drawn = Timeline(steps_of(read, read.milestones), words, titled=True)
    return drawn.paint(view.release_date, read.today)
