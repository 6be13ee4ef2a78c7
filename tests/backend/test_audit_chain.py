"""The chain's rules, without a database: whatever is done to rows or seals is named."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.audit.chain import (
    FIELDS,
    FIRST,
    FORM,
    START,
    Broken,
    Head,
    Seal,
    Walk,
    canonical,
    read_heads,
    seal,
)

KEY = bytes(range(32))
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Entry = tuple[Seal, dict[str, Any] | None]

_ids = st.uuids(version=4)
_words = st.text("abcDEF0:|\x00", max_size=6)
_values: dict[str, st.SearchStrategy[Any]] = {
    "at": st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "actor": st.none() | _ids,
    "role": st.none() | _words,
    "operation": _words,
    "agency": st.none() | _ids,
    "plan": st.none() | _ids,
    "object": st.none() | _ids,
    "outcome": _words,
    "request": st.none() | _words,
    "purpose": st.none() | _words,
    "reason": st.none() | _words,
    "object_hash": st.none() | st.binary(max_size=4),
    "times": st.none() | st.integers(0, 2**31),
    "subject": st.none() | _ids,
}
_rows = st.lists(st.fixed_dictionaries(_values), min_size=2, max_size=8)


def _chained(rows: Sequence[dict[str, Any]]) -> list[Entry]:
    entries: list[Entry] = []
    mac = START
    for number, row in enumerate(rows, 1):
        whole = {**row, "id": number * 10}
        mac = seal(KEY, number, mac, whole)
        entries.append((Seal(number, number * 10, mac), whole))
    return entries


def _head(entries: Sequence[Entry], *, at: datetime = NOON) -> Head:
    return Head(entries[-1][0].number, at, entries[-1][0].mac)


def _walk(entries: Sequence[Entry], *heads: Head, key: bytes = KEY, restored: bool = False) -> Walk:
    walk = Walk(key, heads, restored)
    for entry in entries:
        walk.step(*entry)
    walk.finish()
    return walk


def _broken(entries: Sequence[Entry], *heads: Head, **how: Any) -> Broken:
    with pytest.raises(Broken) as found:
        _walk(entries, *heads, **how)
    return found.value


@given(_rows)
def test_what_nobody_touched_holds(rows: list[dict[str, Any]]) -> None:
    entries = _chained(rows)
    walk = _walk(entries, _head(entries[:1]), _head(entries))
    assert (walk.number, walk.agreed) == (len(rows), _head(entries))


@given(_rows, st.data())
def test_a_change_of_any_column_is_named(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = _chained(rows)
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from([name for name in FIELDS[FORM] if name != "id"]))
    before = rows[place][column]
    after = data.draw(_values[column].filter(lambda value: value != before))
    sealed, row = entries[place]
    entries[place] = sealed, {**(row or {}), column: after}
    found = _broken(entries)
    assert (found.number, found.row) == (place + 1, (place + 1) * 10)


@given(_rows, _rows, st.data())
def test_what_the_release_before_sealed_goes_on_in_the_same_chain(
    rows: list[dict[str, Any]], later: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries, mac = list[Entry](), START
    before = [{**row, "subject": None} for row in rows]
    whole = [{**row, "id": number} for number, row in enumerate([*before, *later], 1)]
    row: dict[str, Any] | None
    for row in whole:
        form = FIRST if row["id"] <= len(rows) else FORM
        mac = seal(KEY, row["id"], mac, row, form)
        entries.append((Seal(row["id"], row["id"], mac), row))
    assert _walk(entries).number == len(whole)
    place = data.draw(st.integers(0, len(whole) - 1))
    sealed, row = entries[place]
    # nobody who has no key makes of a seal one of the other form
    other = FORM if sealed.mac[:1] == FIRST else FIRST
    entries[place] = Seal(sealed.number, sealed.row, other + sealed.mac[1:]), row
    assert _broken(entries).number == place + 1
    entries[place] = sealed, {**(row or {}), "operation": "another word"}
    assert _broken(entries).number == place + 1


def _of_both(*rows: tuple[bytes, datetime, UUID | None]) -> list[Entry]:
    entries, mac = list[Entry](), START
    for number, (form, at, subject) in enumerate(rows, 1):
        row = dict.fromkeys(FIELDS[FORM]) | {"id": number, "at": at, "operation": "getPlan"}
        mac = seal(KEY, number, mac, row, form)
        # whatever a seal of the first form does not vouch for
        entries.append((Seal(number, number, mac), {**row, "subject": subject}))
    return entries


def test_a_subject_that_was_put_into_an_old_row_is_named() -> None:
    someone, week = UUID(int=1), timedelta(days=7)
    whole = [(FIRST, NOON - 3 * week, None), (FIRST, NOON - week, None), (FORM, NOON, None)]
    assert _walk(_of_both(*whole)).number == 3
    altered = [(FIRST, NOON - 3 * week, someone), *whole[1:], (FORM, NOON + week, None)]
    assert (_broken(_of_both(*altered)).row, len(altered)) == (1, 4)
    # while both releases run, before and after the first seal of the new one
    both = [(FIRST, NOON - week, someone), (FORM, NOON, None), (FIRST, NOON + week, someone)]
    assert _walk(_of_both(*both, (FORM, NOON + 5 * week, None))).number == 4


@given(_rows, st.data())
def test_a_row_that_is_gone_is_named(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = _chained(rows)
    place = data.draw(st.integers(0, len(rows) - 1))
    entries[place] = entries[place][0], None
    found = _broken(entries)
    assert (found.number, found.row) == (place + 1, (place + 1) * 10)
    assert "missing" in str(found)


@given(_rows, st.data())
def test_a_row_that_is_gone_with_its_seal_is_named(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = _chained(rows)
    place = data.draw(st.integers(0, len(rows) - 2))
    del entries[place]
    assert _broken(entries).number == place + 1
    # and so it is where the later ones were numbered anew
    moved = [(Seal(n, sealed.row, sealed.mac), row) for n, (sealed, row) in enumerate(entries, 1)]
    assert _broken(moved).number == place + 1


def _swap_rows(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    return (one[0], other[1]), (other[0], one[1])


def _swap_ids(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    (sealed, row), (second, later) = one, other
    return (sealed, {**(later or {}), "id": sealed.row}), (
        second,
        {**(row or {}), "id": second.row},
    )


def _swap_seals(one: Entry, other: Entry) -> tuple[Entry, Entry]:
    (sealed, row), (second, later) = one, other
    return (
        (Seal(sealed.number, second.row, second.mac), later),
        (Seal(second.number, sealed.row, sealed.mac), row),
    )


@pytest.mark.parametrize("swap", [_swap_rows, _swap_ids, _swap_seals])
@given(rows=_rows, data=st.data())
def test_two_that_changed_places_are_named(
    swap: Callable[[Entry, Entry], tuple[Entry, Entry]],
    rows: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    rows[-1]["request"] = "another"
    entries = _chained(rows)
    place = data.draw(st.integers(0, len(rows) - 2))
    entries[place], entries[-1] = swap(entries[place], entries[-1])
    if entries == _chained(rows):
        return
    changed = next(n for n, entry in enumerate(entries) if entry != _chained(rows)[n])
    assert _broken(entries).number == changed + 1


@given(_rows, st.data())
def test_an_end_that_was_cut_off_is_named_by_the_head(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = _chained(rows)
    left = data.draw(st.integers(0, len(rows) - 1))
    _walk(entries[:left])  # by itself a shorter chain is a chain
    found = _broken(entries[:left], _head(entries))
    assert found.number == left + 1
    assert "the end is missing" in str(found)


@given(_rows)
def test_who_has_the_key_and_writes_a_chain_anew_is_betrayed_by_the_heads(
    rows: list[dict[str, Any]],
) -> None:
    heads = [_head(_chained(rows)[:n]) for n in (1, len(rows))]
    forged = _chained([{**rows[0], "operation": "another"}, *rows[1:]])
    found = _broken(forged, *heads)
    assert found.number == 1
    assert _broken(_chained(rows), key=bytes(32)).number == 1


def test_a_restored_backup_agrees_up_to_where_it_was_taken_once_somebody_says_so() -> None:
    rows = [_plain(operation=f"read {n}") for n in range(6)]
    before = _chained(rows)
    at = NOON + timedelta(hours=1)
    after = _chained([*rows[:4], _plain(operation="restore", at=at), _plain(operation="later")])
    old = [_head(before[:4]), _head(before, at=NOON + timedelta(minutes=1))]
    new = _head(after, at=at + timedelta(minutes=1))
    assert "--restored" in str(_broken(after, *old, new))
    walk = _walk(after, *old, new, restored=True)
    assert walk.agreed == new
    assert [head.number for head in walk.lost] == [6]
    # a head that left after the restore must be there, whatever is said
    late = Head(9, at + timedelta(minutes=2), bytes(33))
    assert "--restored" not in str(_broken(after, late, restored=True))
    # nor does the word help where the record tells of no restore
    assert _broken(before[:4], *old, restored=True).number == 5


def _plain(**values: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(FIELDS[FORM])
    return {**nothing, "at": NOON, "operation": "getPlan", "outcome": "done", **values}


@given(_rows)
def test_no_two_rows_have_the_same_bytes(rows: list[dict[str, Any]]) -> None:
    whole = [{**row, "id": 1} for row in rows]
    different = [row for n, row in enumerate(whole) if row not in whole[:n]]
    assert len({canonical(row) for row in whole}) == len(different)


def test_an_instant_counts_and_not_its_zone() -> None:
    there = NOON.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:00").tzinfo)
    row = {**_plain(), "id": 1}
    assert canonical(row) == canonical({**row, "at": there})
    with pytest.raises(TypeError, match="float"):
        canonical({**row, "times": 1.5})


def test_heads_are_read_from_the_lines_that_are_whole() -> None:
    entries = _chained([_plain(actor=UUID(int=1)), _plain()])
    lines = [_head(entries[:1]).line(), _head(entries).line()]
    assert read_heads([lines[0], "2 2026-05-01T12:00\n", lines[1]]) == (
        [_head(entries[:1]), _head(entries)],
        1,
    )
    assert read_heads([lines[1][:-4], "", "2 2026-05-01T12:00 " + "00" * 33]) == ([], 3)
