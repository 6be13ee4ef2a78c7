"""Nothing counts, orders or sums what a review of needs says of somebody, anywhere."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.needs.rules import SINCE, STATUSES
from backend.settings import ROOT

CODE = ("backend", "bots", "workflows", "migrations")
# Where the words of status stand: as a closed list, and as words for people. No number beside them.
SAID_IN = {
    *("backend/needs/rules.py", "backend/files/words.csv"),
    *("backend/pages/templates/words.html", "workflows/story/steps/needs.py"),
}
_COUNTS = re.compile(
    r"\b(count|sum|avg|min|max|rank|array_agg|string_agg)\s*\(|\b(group|order)\s+by\b",
    re.IGNORECASE,
)
_MADE_OF_MANY = re.compile(r"\|\s*(sum|sort|groupby|length|count|min|max)\b|loop\.length")


def _schema(document: Any, of: Any) -> Iterator[Any]:
    """A schema and all that it is made of."""
    if "$ref" in of:
        of = document["components"]["schemas"][of["$ref"].rpartition("/")[2]]
    yield of
    for part in (*of.get("properties", {}).values(), *of.get("oneOf", ()), *of.get("anyOf", ())):
        yield from _schema(document, part)
    if isinstance(of.get("items"), dict):
        yield from _schema(document, of["items"])


def _answers(operation: str) -> Iterator[Any]:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    for methods in document["paths"].values():
        for one in methods.values():
            if one["operationId"] == operation:
                schema = one["responses"]["200"]["content"]["application/json"]["schema"]
                yield from _schema(document, schema)


def _is_number(schema: Any) -> bool:
    kinds = schema.get("type", ())
    return bool({"number", "integer"} & ({kinds} if isinstance(kinds, str) else set(kinds)))


def test_no_field_of_a_review_is_a_number() -> None:
    found = list(_answers("listNeedsReviews"))
    assert len(found) > 20
    assert not [one for one in found if _is_number(one)]
    # a goal has the version that an end asks for, and no other number
    assert len([one for one in _answers("listGoals") if _is_number(one)]) == 1


def _texts() -> Iterator[tuple[Path, str]]:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path, node.value


def test_no_statement_counts_or_orders_areas() -> None:
    about = [(path, text) for path, text in _texts() if re.search(r"\bneeds_area\b", text)]
    assert len([text for _, text in about if "SELECT" in text]) > 1
    assert not [(path.name, text) for path, text in about if _COUNTS.search(text)]


def test_no_page_counts_or_orders_them_and_none_has_a_colour() -> None:
    for name in ("needs.html", "needs_area.html", "needs_short.html"):
        text = (ROOT / "backend" / "pages" / "templates" / name).read_text(encoding="utf-8")
        assert not _MADE_OF_MANY.search(text), name
    style = (ROOT / "backend" / "pages" / "static" / "desk.css").read_text(encoding="utf-8")
    assert not [one for one in (*STATUSES, *SINCE[:3]) if re.search(rf"\.{one}\b", style)]


def test_the_words_of_status_stand_in_no_other_place() -> None:
    kinds = {".py", ".html", ".csv", ".json", ".ftl", ".sql", ".toml", ".css", ".js"}
    found = {
        str(path.relative_to(ROOT))
        for folder in (*CODE, "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in kinds and "support_wanted" in path.read_text(encoding="utf-8")
    }
    assert found == SAID_IN


def test_nothing_gives_a_word_of_status_a_number_or_a_place() -> None:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"STATUSES\s*(\[|\.index)|enumerate\([^)]*STATUSES", text), path
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Dict):
                    keys = {one.value for one in node.keys if isinstance(one, ast.Constant)}
                    values = [one.value for one in node.values if isinstance(one, ast.Constant)]
                    numbers = [one for one in values if type(one) in {int, float}]
                    assert not (keys & set(STATUSES) and numbers), path
