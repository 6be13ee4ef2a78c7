"""The list of breaks stays true: each edit still fits, and what should notice it is there.

The breaks themselves are not run here, nor anywhere in the suite: a copy and a Postgres for
each take minutes. `./run breaks` runs them.
"""

import ast
from functools import cache

import pytest

from backend.settings import ROOT
from tests.breaks.listed import FOLDER, RULES, Break, breaks_of, rule_of

NAMED = {
    "owner",
    "offset",
    "consent",
    "hours",
    "cap",
    "occurrence-key",
    "lease",
    "order",
    "stop",
    "file-binding",
    "audit",
    "second-person",
}
PRODUCT = {"backend", "bots", "workflows", "migrations"}
EVERY = [one for rule in RULES for one in breaks_of(rule)]


@cache
def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def _tests_in(file: str) -> set[str]:
    found = ast.walk(ast.parse(_text(file)))
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_of_the_twelve_rules_is_said_and_broken_in_two_places_or_more() -> None:
    assert set(RULES) == NAMED == {path.stem for path in FOLDER.glob("*.toml")}
    for rule in RULES:
        assert rule_of(rule).endswith("."), rule
        assert len({one.old for one in breaks_of(rule)}) >= 2, rule


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.rule}: {one.what}")
def test_a_break_is_one_edit_of_the_product_that_compiles(one: Break) -> None:
    assert one.file.partition("/")[0] in PRODUCT
    assert one.new != one.old
    assert one.applied(_text(one.file)) != _text(one.file)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.rule}: {one.what}")
def test_what_should_notice_a_break_is_there(one: Break) -> None:
    assert one.tests
    for test in one.tests:
        file, _, name = test.partition("::")
        assert name in _tests_in(file), test


def test_no_two_breaks_are_alike() -> None:
    assert len({(one.file, one.old, one.new) for one in EVERY}) == len(EVERY)
    assert len({(one.rule, one.what) for one in EVERY}) == len(EVERY)


def test_an_edit_that_does_not_fit_once_or_does_not_compile_is_refused() -> None:
    one = Break("owner", "for this test", "some.py", "1", "(", [])
    with pytest.raises(ValueError, match="stands 0 times"):
        one.applied("a = 2")
    with pytest.raises(ValueError, match="stands 2 times"):
        one.applied("a = 1 + 1")
    with pytest.raises(SyntaxError):
        one.applied("a = 1")
