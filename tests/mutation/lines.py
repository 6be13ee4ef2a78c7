"""Which lines of the product run, and which of them a mutant changes."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from tests.mutation.mutants import ROOT, Mutant, offset, read, tree_of

Place = tuple[str, int, int]  # file, first and last line
SEEN: set[Place] = set()  # what ran since it was emptied: `counted` fills it


def seen() -> dict[str, list[int]]:
    """The lines of each file of the product."""
    found: dict[str, set[int]] = defaultdict(set)
    for file, first, last in SEEN:
        found[file] |= set(range(first, last + 1))
    return {file: sorted(lines) for file, lines in found.items()}


def places_of(mutant: Mutant) -> list[list[Place]]:
    """Where a test has to come by to notice a mutant: the narrowest first, then wider."""
    whole = read(mutant.file).encode()
    first = whole[: mutant.start].count(b"\n") + 1
    last = whole[: mutant.end].count(b"\n") + 1
    for node in ast.walk(tree_of(mutant.file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = offset(mutant.file, node.body[0])[0]
            if body <= mutant.start < offset(mutant.file, node)[1]:
                ends = node.end_lineno or last
                return [[(mutant.file, first, last)], [(mutant.file, node.body[0].lineno, ends)]]
    for outer in tree_of(mutant.file).body:
        if isinstance(outer, ast.Assign | ast.AnnAssign):
            start, end = offset(mutant.file, outer)
            if start <= mutant.start < end:
                target = outer.targets[0] if isinstance(outer, ast.Assign) else outer.target
                return [sorted(set(_users(ast.unparse(target), frozenset())))]
    return [[]]


@cache
def _product() -> tuple[str, ...]:
    return tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / "backend").rglob("*.py")))


def _users(name: str, before: frozenset[str]) -> Iterator[Place]:
    """The lines that name this name, also through other names made of it."""
    for file in _product():
        if name not in read(file):
            continue
        for outer in tree_of(file).body:
            named = [
                node
                for node in ast.walk(outer)
                if (isinstance(node, ast.Name) and node.id == name)
                or (isinstance(node, ast.Attribute) and node.attr == name)
            ]
            if isinstance(outer, ast.Assign) and named:
                made = ast.unparse(outer.targets[0])
                if made not in before | {name}:
                    yield from _users(made, before | {name})
            elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for node in named:
                    yield file, node.lineno, node.end_lineno or node.lineno
