"""Mutants of the two reviewed tables: which role has which operation, and who knows which group."""

import ast
from collections.abc import Iterator

from tests.mutation.mutants import Mutant, edit, tree_of

ACCESS, MATRIX = "backend/access.py", "backend/matrix.py"
WIDE = 'frozenset({"SW", "CO", "PO", "PS", "CP", "CS", "TR", "AD", "AU", "DP"})'
WIDER = WIDE.replace("})", ', "CT", "ME", "FA", "PE"})')


def _assigned(file: str, name: str) -> ast.expr:
    for node in tree_of(file).body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return node.value
    raise LookupError(name)


def of_operations() -> Iterator[Mutant]:
    """Each line widened to all staff, and what is all staff's already to everybody."""
    table = _assigned(ACCESS, "OPERATIONS")
    assert isinstance(table, ast.Dict)
    for key, value in zip(table.keys, table.values, strict=True):
        if key is None:
            assert isinstance(value, ast.Call)
            yield edit("operation", "own account: everybody", ACCESS, value.args[1], WIDER)
            continue
        assert isinstance(key, ast.Constant)
        assert isinstance(key.value, str)
        wide = WIDER if ast.unparse(value) == "_EVERY_STAFF" else WIDE
        yield edit("operation", f"{key.value}: more roles", ACCESS, value, wide)


def of_matrix() -> Iterator[Mutant]:
    """Each group opened to every role but the administrator's, and each short cell in full.

    The administrator's column has a test of its own, which would hide whether any other notices.
    """
    node = _assigned(MATRIX, "TABLE")
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, str)
    head, *lines = node.value.strip().splitlines()
    _, *roles = head.split()
    for at, line in enumerate(lines):
        group, cells = line[:20].strip(), line[20:].split()
        wide = [was if role == "AD" else _read(was) for role, was in zip(roles, cells, strict=True)]
        yield _row(node, (head, lines), at, wide, f"{group}: read by everybody")
        for cell, role in enumerate(roles):
            if "s" in cells[cell] and "D" not in cells[cell]:
                full = [*cells[:cell], _read(cells[cell]), *cells[cell + 1 :]]
                yield _row(node, (head, lines), at, full, f"{group}: in full for {role}")


def _read(signs: str) -> str:
    return "R" + "".join(sign for sign in signs if sign in "WQC")


def _row(
    node: ast.Constant, table: tuple[str, list[str]], at: int, cells: list[str], name: str
) -> Mutant:
    head, lines = table
    made = [*lines[:at], lines[at][:20] + " ".join(cells), *lines[at + 1 :]]
    text = "\n" + "\n".join([head, *made]) + "\n"
    return edit("matrix", name, MATRIX, node, f'"""{text}"""')
