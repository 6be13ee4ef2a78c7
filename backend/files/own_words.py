"""What the person wants, needs and answered, in their own file: gathered, and told."""

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, UnsetType

from backend.database import connection
from backend.files import views
from backend.files.lines import Line, facts
from backend.files.rules import answer_in_own_file
from backend.files.wording import Words, isolated
from backend.goals.actions import goals_of
from backend.needs.reading import reviews_of
from backend.needs.rules import Column

ERASED = "\N{EM DASH}"  # for words whose key was destroyed


async def gather_goals(plan: Any, zone: ZoneInfo) -> list[views.FileGoal]:
    """The person's alone: a lawyer is told of them by the person."""
    return [
        views.FileGoal(
            one["kind"],
            one["language"],
            one["said_at"].astimezone(zone).date(),
            one["words"],
            one["ended_at"] and one["ended_at"].astimezone(zone).date(),
            one["how"],
        )
        for one in await goals_of(plan)
    ]


async def gather_reviews(plan: Any) -> list[views.FileReview]:
    """Both columns, as they were said; areas of which nothing was said are left out."""
    return [
        views.FileReview(
            one["held_on"],
            one["language"],
            one["interpreter"],
            [_area(area) for area in one["areas"] if area["own"] or area["view"] or area["agreed"]],
        )
        for one in await reviews_of(plan)
    ]


_ANSWERS = """
SELECT a.*, m.code, m.title FROM participation a LEFT JOIN milestone m ON m.id = a.milestone
 WHERE a.plan = $1 ORDER BY a.recorded_at, a.pathway, a.id
"""


async def gather_answers(plan: Any, zone: ZoneInfo, reader: str) -> list[views.FileAnswer]:
    """What the person said to offers: to a part of the plan, or to one row of it."""
    return [
        views.FileAnswer(
            row["pathway"],
            row["answer"],
            row["recorded_at"].astimezone(zone).date(),
            row["language"],
            row["code"],
            row["title"],
            row["again_on"],
        )
        for row in await connection().fetch(_ANSWERS, plan["id"])
        if answer_in_own_file(reader, row)
    ]


def _area(area: Any) -> views.FileArea:
    own, view = [_column(area[name]) for name in ("own", "view")]
    return views.FileArea(area["area"], own, view, area["code"], area["title"])


def _column(column: Column | None) -> views.FileColumn | None:
    if column is None:
        return None
    said = {name: getattr(column, name) for name in views.FileColumn.__struct_fields__}
    return views.FileColumn(**{**said, "strengths": list(column.strengths)})


def tell_goals(goals: Sequence[views.FileGoal] | UnsetType, words: Words) -> list[Line] | None:
    if goals is UNSET:
        return None
    return [
        Line(
            isolated(one.words or ERASED),
            facts(
                words.of("goal", one.kind),
                words.day(one.said_on),
                words.of("goal_end", one.how) if one.how else None,
            ),
        )
        for one in goals
    ]


def tell_reviews(
    reviews: Sequence[views.FileReview] | UnsetType, words: Words
) -> list[Line] | None:
    if reviews is UNSET:
        return None
    return [line for one in reviews for line in _review(one, words)]


def _review(one: views.FileReview, words: Words) -> Iterator[Line]:
    with_ = words["word.interpreter"] if one.interpreter else ""
    yield Line(f"{words['word.held']} {words.day(one.held_on)}", with_)
    for area in one.areas:
        said = [
            f"{words[f'column.{name}']}: {_said(column, words)}"
            for name, column in (("own", area.own), ("view", area.view))
            if column
        ]
        if area.code and area.step:
            said.append(f"{words['word.agreed']}: {words.row(area.code, area.step)}")
        yield Line(words.of("area", area.area), "", tuple(said))


def _said(column: views.FileColumn, words: Words) -> str:
    treatment = None if column.treatment is None else str(column.treatment).lower()
    told_by = f" ({words.of('role', column.told_by)})" if column.told_by else ""
    return facts(
        words.of("status", column.status),
        words.of("since", column.since_last_time) if column.since_last_time else None,
        words.of("treatment", treatment) if treatment else None,
        *(isolated(one) for one in column.strengths),
        isolated(column.what_helps) if column.what_helps else None,
        f"{words['word.wish']}: {isolated(column.wish)}" if column.wish else None,
        words.of("source", column.source) + told_by if column.source else None,
    )
