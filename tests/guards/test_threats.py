"""What docs/threats.md names as a test is one."""

import ast
import re

import pytest

from backend.settings import ROOT

NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "threats.md").read_text())


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda one: one)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    known = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not name or name in known


def test_the_page_names_many() -> None:
    assert len(NAMED) > 20
