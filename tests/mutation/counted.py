"""Loaded into pytest before the product: its functions then say which of their lines run.

The marks stand in the text, for a tracer would be called for every call of every library.
"""

import ast
import builtins
import sys
from typing import Any

from tests.mutation.imports import Imports
from tests.mutation.lines import SEEN, Place
from tests.mutation.mutants import ROOT

BLOCKS = ("body", "orelse", "finalbody")


class _Counted(Imports):
    def text(self, file: str) -> bytes | None:
        return (ROOT / file).read_bytes() if file.startswith("backend/") else None

    @staticmethod
    def source_to_code(data: Any, path: Any = "", **_: Any) -> Any:
        tree = ast.parse(data)
        file = str(path).removeprefix(f"{ROOT}/")
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                _mark(file, function)
        return compile(ast.fix_missing_locations(tree), path, "exec")


def _mark(file: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    said = ast.get_docstring(function) is not None
    for node in [function, *_inside(function)]:
        for block in BLOCKS:
            held = getattr(node, block, None)
            if isinstance(held, list):
                first = 1 if said and node is function and block == "body" else 0
                marked = [part for one in held[first:] for part in (_said(file, one), one)]
                setattr(node, block, [*held[:first], *marked])


def _inside(node: ast.AST) -> list[ast.AST]:
    """All in it but functions, which are marked by themselves."""
    return [
        found
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for found in (child, *_inside(child))
    ]


def _said(file: str, node: ast.stmt) -> ast.stmt:
    held = getattr(node, "body", None) or getattr(node, "cases", None)
    inner = held[0] if isinstance(held, list) else None
    last = node.end_lineno or node.lineno
    if inner is not None:  # the head alone: what is below has marks of its own
        start = inner.pattern.lineno if isinstance(inner, ast.match_case) else inner.lineno
        last = max(node.lineno, start - 1)
    place: Place = (file, node.lineno, last)
    call = ast.parse(f"__seen__({place!r})").body[0]
    for part in ast.walk(call):
        ast.copy_location(part, node)
    return call


assert "backend" not in sys.modules
vars(builtins)["__seen__"] = SEEN.add
sys.meta_path.insert(0, _Counted())
