"""What a page of docs/ names as a test is one."""

import ast
import re
from functools import cache

import pytest

from backend.settings import ROOT

PAGES = ("threats.md", "asvs.md", "ways-in.md")
A_TEST = r"`(tests/[\w/]+\.py)(?:::(\w+))?`"


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


NAMED = sorted({named for page in PAGES for named in re.findall(A_TEST, _page(page))})
ITEMS = [line for line in _page("asvs.md").splitlines() if re.match(r"\| \d", line)]


@cache
def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in tree.body if isinstance(node, kinds)}


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda one: one)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert not name or name in _tests_of(file)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_many(page: str) -> None:
    assert len(re.findall(A_TEST, _page(page))) > 20


@pytest.mark.parametrize("line", ITEMS, ids=lambda line: line.split("|")[1].strip())
def test_an_item_names_a_test_or_says_that_it_has_none(line: str) -> None:
    _, _, priority, asked, how, _ = (part.strip() for part in line.split("|"))
    assert priority in {"P0", "P1"}
    assert asked
    told = re.match(r"(Not met|Not begun|Not here|Looked at|Partly): \S", how)
    assert told or re.search(A_TEST, how)
    assert not how.startswith("Partly") or re.search(rf"{A_TEST}|`docs/", how)
