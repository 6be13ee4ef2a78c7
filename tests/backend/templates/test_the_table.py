"""A template as a file: what is read is what was written, and what is amiss is told by its line."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.templates.reading import (
    COLUMNS,
    TAKES,
    Amiss,
    Malformed,
    read,
    read_line,
    standard,
    write,
)
from backend.templates.rules import Template

WHOLE = {"code": "OWN-01", "pathway": "HOU", "offset": "-10", "milestone": "A key is made",
         "owner": "SW", "kind": "C"}  # fmt: skip


def a_file(*lines: dict[str, str], sign: str = ",") -> str:
    out = io.StringIO()
    heads = sorted({name for line in lines for name in line})
    table = csv.DictWriter(out, heads, delimiter=sign, lineterminator="\r\n")
    table.writeheader()
    table.writerows(lines)
    return out.getvalue()


def told(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as found:
        read(text)
    return [(one.where, one.column) for one in found.value.errors]


def test_the_standard_as_a_file_is_the_standard() -> None:
    assert read(write(standard())) == standard()


@given(st.data())
def test_whatever_days_and_windows_an_agency_takes_come_back_as_they_were(
    data: st.DataObject,
) -> None:
    rows = [
        replace(
            row,
            day=data.draw(st.integers(-730, 1095)),
            win_before=data.draw(st.integers(0, 90)),
            win_after=data.draw(st.integers(0, 90)),
            says=data.draw(st.sampled_from([(), (("fr", "La clé, prête"),), row.says])),
        )
        for row in data.draw(st.permutations(standard().rows))[:5]
    ]
    assert list(read(write(Template(rows, {}))).rows) == rows


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_spreadsheet_in_whatever_country_writes_a_table_that_is_read(sign: str) -> None:
    text = "\N{ZERO WIDTH NO-BREAK SPACE}" + a_file(WHOLE, sign=sign)
    (row,) = read(text).rows
    assert (row.code, row.day, row.owner) == ("OWN-01", -10, "SW")
    assert (row.court, row.late_start, row.agree) == ("N", 3, "-")


@pytest.mark.parametrize("column", [c for c in COLUMNS if not c.startswith(("words", "src"))])
def test_each_column_says_what_it_takes(column: str) -> None:
    wrong = {**WHOLE, column: "\N{PILE OF POO}" * 300}
    with pytest.raises(Malformed) as found:
        read_line(wrong)
    assert found.value.errors == [Amiss("", column, TAKES[column])]


def test_every_line_and_every_cell_that_is_amiss_is_told() -> None:
    text = a_file(
        {**WHOLE, "offset": "soon", "kind": "X"}, WHOLE, {**WHOLE, "owner": "", "code": "own-1"}
    )
    assert sorted(told(text)) == [
        ("line 2", "kind"),
        ("line 2", "offset"),
        ("line 4", "code"),
        ("line 4", "owner"),
    ]


def test_a_column_that_nobody_knows_one_that_is_missing_and_one_twice_are_told() -> None:
    assert told("code,colour\nOWN-01,blue\n") == [
        ("line 1", "colour"),
        *(("line 1", name) for name in ("kind", "milestone", "offset", "owner", "pathway")),
    ]
    head = ",".join(sorted(WHOLE))
    assert told(f"{head},code\n") == [("line 1", "")]


def test_what_is_no_table_and_what_is_empty_is_told() -> None:
    assert told("") == [("", "")]
    head = ",".join(sorted(WHOLE))
    assert told(f'{head}\n"a" b,,,,,\n') == [("", "")]
    assert told(f"{head}\n" + ",".join(["x"] * 9) + "\n") == [("line 2", "")]


def test_a_template_has_no_more_rows_than_anybody_could_work_on() -> None:
    assert ("", "") in told(a_file(*[WHOLE] * 401))


def test_a_pathway_of_an_agency_has_one_name() -> None:
    rows = [
        {**WHOLE, "code": f"OWN-0{n}", "pathway": "HOP", "pathway_name": name}
        for n, name in enumerate(("Things to look forward to", "Hope", "Hope"), 1)
    ]
    assert told(a_file(*rows)) == [("OWN-01", "pathway_name")]
