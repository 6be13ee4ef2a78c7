"""What a newer template, another size, other overlays or supervision make of the rows of a plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.calendars.rules import OpenDays
from backend.plans import rules
from backend.plans.shape import DEFINED, LEFT_OUT, Reshaped, Shape, first_rows, reshaped
from backend.templates.reading import standard
from backend.templates.rules import CRITICAL, OVERLAYS, Template

RELEASE = date(2031, 6, 4)
DAYS = OpenDays((1, 2, 3, 4, 5))
TO_CHOOSE = sorted(OVERLAYS - {"unplanned"})
overlays = st.frozensets(st.sampled_from(TO_CHOOSE))
states = st.sampled_from(sorted(rules.OPEN | rules.CLOSED | rules.ASLEEP))
shapes = st.builds(
    Shape,
    st.just(RELEASE),
    st.integers(-200, 100).map(lambda n: RELEASE + timedelta(days=n)),
    st.just(DAYS),
    st.booleans(),
    st.sampled_from(["full", "light"]),
    overlays,
)
Row = dict[str, Any]


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """The standard with some rows elsewhere and some left out, as an agency may have it."""
    every = standard().rows
    gone = draw(st.frozensets(st.sampled_from([r.code for r in every if r.late_start > CRITICAL])))
    rows = []
    for row in every:
        if row.code not in gone:
            day = draw(st.sampled_from([row.day] * 8 + [row.day - 3, row.day + 20]))
            rows.append(replace(row, day=day) if row.code not in rules.NEVER_ROLLED else row)
    return Template(rows, {})


def as_rows(first: list[Mapping[str, Any]]) -> list[Row]:
    """As they would stand in the table."""
    more = {"id": None, "pinned": False, "cycle": 0, "what": None}
    lists = ("partners", "depends")
    return [
        {**row, **more, "id": row["code"], **{name: list(row[name]) for name in lists}}
        for row in first
    ]


@st.composite
def plans(draw: st.DrawFn, template: Template, shape: Shape) -> list[Row]:
    """A plan that began so, on which people have worked since."""
    rows = as_rows(first_rows(template, shape))
    for row in rows:
        if draw(st.integers(0, 4)) == 0:
            row["state"] = draw(states)
            row["pinned"] = row["state"] != "dormant" and draw(st.booleans())
            row["due_on"] = None if row["state"] == "dormant" else RELEASE
    return rows


def applied(rows: list[Row], done: Reshaped) -> list[Row]:
    """The plan after it."""
    there = {row["code"]: row for row in rows}
    for one in (*done.again, *done.changed):
        new = {**one.row, **one.fields, "state": one.state, "due_on": one.due}
        there[one.row["code"]] = new
    for row in done.ended:
        there[row["code"]] = {**row, "state": "cancelled", "due_on": None, "what": LEFT_OUT}
    return [*there.values(), *as_rows(list(done.new))]


def change(rows: list[Row], *two: tuple[Template, Shape], busy: tuple[str, ...] = ()) -> Reshaped:
    return reshaped(rows, two[0], two[1], busy)


@settings(max_examples=40)
@given(st.data(), templates(), templates(), shapes, shapes)
def test_nothing_done_or_refused_changes_and_no_pinned_day_moves(
    data: st.DataObject, one: Template, two: Template, before: Shape, after: Shape
) -> None:
    after = replace(after, today=before.today)
    rows = data.draw(plans(one, before))
    now = {row["code"]: row for row in applied(rows, change(rows, (one, before), (two, after)))}
    for row in rows:
        is_ = now[row["code"]]
        if row["state"] in rules.CLOSED:
            assert is_ == row
        if row["pinned"] and row["state"] in rules.OPEN:
            assert (is_["state"], is_["due_on"]) == (row["state"], row["due_on"])
        if row["state"] == "in_progress":
            assert is_["state"] == "in_progress"


@settings(max_examples=40)
@given(st.data(), templates(), templates(), shapes, shapes)
def test_what_is_wanted_is_there_once_as_it_is_defined_now(
    data: st.DataObject, one: Template, two: Template, before: Shape, after: Shape
) -> None:
    after = replace(after, today=before.today)
    rows = data.draw(plans(one, before))
    now = applied(rows, change(rows, (one, before), (two, after)))
    codes = [row["code"] for row in now]
    assert len(codes) == len(set(codes))
    there = {row["code"]: row for row in now}
    for of in two.rows_for(after.size, after.overlays):
        row = there[of.code]
        if row["state"] in rules.OPEN | rules.ASLEEP:
            said = {name: getattr(of, name) for name in DEFINED}
            assert {name: row[name] for name in DEFINED} == {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in said.items()
            }
        assert (row["due_on"] is None) >= (row["state"] == "dormant")


@settings(max_examples=40)
@given(st.data(), templates(), templates(), shapes, shapes)
def test_to_do_it_again_changes_nothing(
    data: st.DataObject, one: Template, two: Template, before: Shape, after: Shape
) -> None:
    after = replace(after, today=before.today)
    rows = data.draw(plans(one, before))
    now = applied(rows, change(rows, (one, before), (two, after)))
    again = change(now, (two, after), (two, after))
    assert (again.new, again.again, again.changed, again.ended) == ([], [], [], [])


@settings(max_examples=40)
@given(templates(), shapes, overlays)
def test_an_overlay_that_is_taken_away_again_leaves_the_plan_as_it_was(
    of: Template, shape: Shape, other: frozenset[str]
) -> None:
    rows = as_rows(first_rows(of, shape))
    there = replace(shape, overlays=other)
    moved = applied(rows, change(rows, (of, shape), (of, there)))
    back = applied(moved, change(moved, (of, there), (of, shape)))
    now = {row["code"]: row for row in back}
    for row in rows:
        assert {**now[row["code"]], "what": None} == row
    gone = [row for row in back if row["code"] not in {one["code"] for one in rows}]
    assert {row["state"] for row in gone} <= {"cancelled"}


def _full(**values: Any) -> Shape:
    of: dict[str, Any] = {"supervision": False, "size": "full", "overlays": frozenset(), **values}
    return Shape(release=RELEASE, today=RELEASE - timedelta(days=180), days=DAYS, **of)


def test_supervision_wakes_what_is_ordered_and_without_it_what_nobody_began_sleeps() -> None:
    free, under = _full(), _full(supervision=True)
    rows = as_rows(first_rows(standard(), free))
    woken = change(rows, (standard(), free), (standard(), under)).changed
    assert {one.row["code"] for one in woken} == {r["code"] for r in rows if r["kind"] == "O"}
    assert {one.state for one in woken} == {"planned"}
    rows = as_rows(first_rows(standard(), under))
    for row in rows:
        if row["code"] == "PRB-05":
            row["state"] = "in_progress"
    lifted = change(rows, (standard(), under), (standard(), free)).changed
    assert {one.state for one in lifted} == {"dormant"}
    assert "PRB-05" not in {one.row["code"] for one in lifted}


def test_what_somebody_works_on_stays_though_nobody_would_put_it_there_any_more() -> None:
    here, alone = _full(), _full(overlays=frozenset({"no_family"}))
    rows = as_rows(first_rows(standard(), here))
    there = {row["code"]: row for row in rows}
    there["FAM-02"].update(state="in_progress", due_on=RELEASE)
    there["FAM-05"].update(state="planned", due_on=RELEASE, pinned=True)
    there["FAM-12"].update(state="planned", due_on=RELEASE)
    done = change(rows, (standard(), here), (standard(), alone), busy=("FAM-12",))
    assert {row["code"] for row in done.stay} == {"FAM-02", "FAM-05", "FAM-12"}
    assert {row["pathway"] for row in done.ended} == {"FAM"}
    assert [row["code"] for row in done.new] == ["NOF-01"]


def test_what_repeats_and_has_begun_keeps_its_rhythm() -> None:
    here = _full()
    rows = as_rows(first_rows(standard(), here))
    of = Template(
        [replace(r, day=9, repeat_days=3, win_after=5) if r.code == "MEN-10" else r
         for r in standard().rows], {},
    )  # fmt: skip
    there = {row["code"]: row for row in rows}
    there["MEN-10"].update(state="planned", due_on=RELEASE, cycle=2)
    (one,) = change(rows, (standard(), here), (of, here)).changed
    assert (dict(one.fields), one.due) == ({"win_after": 5}, RELEASE)


def test_rows_of_its_own_of_a_return_and_of_a_release_at_once_are_left_alone() -> None:
    here = _full()
    rows = as_rows(first_rows(standard(), here))
    own = {**rows[0], "code": "NSR-03", "id": "NSR-03"}
    back = {**rows[0], "code": "REC-01", "id": "REC-01", "anchor": "return_to_custody"}
    once = {**rows[0], "code": "UNP-01", "id": "UNP-01"}
    done = change([*rows, own, back, once], (standard(), here), (Template([], {}), here))
    touched = {row["code"] for row in (*done.ended, *done.stay)}
    assert not touched & {"NSR-03", "REC-01", "UNP-01"}
