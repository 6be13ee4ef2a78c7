"""What a mutant is: the product with one guard or one line of policy taken away.

Nothing here imports the product, so that a process can read it mutated afterwards.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """An edit of one file, or statements for the database that every test copies.

    `name` says what is gone, in words that outlive a moved line; no two are alike.
    """

    kind: str
    name: str
    file: str = ""
    start: int = 0
    end: int = 0
    text: str = ""
    sql: str = ""

    @property
    def source(self) -> str:
        """The file's text with the edit. Raises SyntaxError where it does not compile."""
        whole = read(self.file).encode()
        made = (whole[: self.start] + self.text.encode() + whole[self.end :]).decode()
        compile(made, self.file, "exec")
        return made


@cache
def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse(read(file))


@cache
def _line_starts(file: str) -> list[int]:
    starts = [0]
    for line in read(file).encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def offset(file: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Where a node begins and ends, in bytes."""
    starts = _line_starts(file)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = starts[node.lineno - 1] + node.col_offset
    return start, starts[node.end_lineno - 1] + node.end_col_offset


def edit(kind: str, name: str, file: str, node: ast.expr | ast.stmt, text: str) -> Mutant:
    """The text in the place of this node."""
    return Mutant(kind, f"{file} {name}", file, *offset(file, node), text)


def named_apart(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """The second of the same name is called so."""
    seen: Counter[str] = Counter()
    for one in mutants:
        seen[one.name] += 1
        times = seen[one.name]
        yield one if times == 1 else replace(one, name=f"{one.name} ({times})")
