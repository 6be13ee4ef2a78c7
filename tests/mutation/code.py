"""Mutants of the program, found in its text: guards, roles, rules, and what SQL asks for."""

import ast
import re
from collections.abc import Iterator

from tests.mutation.conditions import opened
from tests.mutation.mutants import ROOT, Mutant, edit, read, tree_of

# What only an operator starts at a terminal: no request and no tap gets there.
TOOLS = frozenset({"founding", "demo", "admin", "admin_courts", "archive", "backup", "restore"})
CALLS = frozenset({"require", "require_fresh", "_authenticate", "_well_formed", "_take_purpose"})
REFUSALS = frozenset({"NotFound", "NotYourRole", "NotSignedIn", "ProveAgain", "QuotaSpent"})
EVERYBODY = '("SW", "CO", "PO", "PS", "CP", "CS", "TR", "ME", "FA", "PE")'
# Whose every condition is a rule: these functions, or where none is named, all of the file.
RULES: dict[str, frozenset[str]] = {
    "backend/plans/rules.py": frozenset({"sees", "tells", "changes", "may_say"}),
    "backend/courts/rules.py": frozenset(),
    "backend/summaries/rules.py": frozenset(),
    "backend/walls/rules.py": frozenset(),
    "backend/matrix.py": frozenset({"reads", "short", "behind_glass", "cell", "hidden", "cut"}),
    "backend/access.py": frozenset({"require"}),
    "backend/doors.py": frozenset({"_authenticate", "_well_formed", "_take_purpose"}),
}
# Who of the circle is told by a message, and how: no request reads what these look up.
TOLD = frozenset({"sending", "values", "release", "moving", "writing"})
# Conditions that say whose a row is, or whether somebody's right is in force.
_WHOSE = re.compile(
    r"\b(actor|agency|plan|client|person|role|starts|ends|suspended_at|is_barred|active|staff"
    r"|subject|asked_by|let_by|recipient|access_until|browser)\b(?!')"
)
_JOIN = re.compile(r"\w+\.id = \w+\.\w+")  # which rows belong together, not whose they are


def product() -> Iterator[str]:
    for path in sorted((ROOT / "backend").rglob("*.py")):
        if path.stem not in TOOLS:
            yield str(path.relative_to(ROOT))


def of_code() -> Iterator[Mutant]:
    for file in product():
        for where, node in _functions(tree_of(file)):
            yield from _guards(file, where, node)
            if file in RULES and (not RULES[file] or node.name in RULES[file]):
                yield from _rules(file, where, node)
        if _asks_for_rights(file) and file.rpartition("/")[2].removesuffix(".py") not in TOLD:
            yield from _statements(file)


def _functions(
    tree: ast.Module,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for outer in tree.body:
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            yield outer.name, outer
        elif isinstance(outer, ast.ClassDef):
            for inner in outer.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{outer.name}.{inner.name}", inner


def _said(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _guards(file: str, where: str, function: ast.AST) -> Iterator[Mutant]:
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and _called(node.value) in CALLS:
            yield edit("guard", f"{where}: no {_said(node)}", file, node, "pass")
        if isinstance(node, ast.If) and _refuses(node):
            yield edit("guard", f"{where}: if {_said(node.test)}: never", file, node.test, "False")
        if isinstance(node, ast.Call) and _called(node) == "find_plan":
            for word in node.keywords:
                if word.arg == "roles":
                    name = f"{where}: find_plan for every role"
                    yield edit("guard", name, file, word.value, EVERYBODY)


def _called(node: ast.expr) -> str:
    call = node.value if isinstance(node, ast.Await) else node
    if not isinstance(call, ast.Call):
        return ""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _refuses(node: ast.If) -> bool:
    first = node.body[0]
    if not isinstance(first, ast.Raise) or first.exc is None:
        return False
    raised = first.exc.func if isinstance(first.exc, ast.Call) else first.exc
    return isinstance(raised, ast.Name) and raised.id in REFUSALS


def _rules(file: str, where: str, function: ast.AST) -> Iterator[Mutant]:
    for node in ast.walk(function):
        if isinstance(node, ast.BoolOp):
            neutral = "True" if isinstance(node.op, ast.And) else "False"
            for part in node.values:
                name = f"{where}: {neutral} for {_said(part)}"
                yield edit("rule", name, file, part, neutral)
        for test in _tests(node):
            for fixed in ("True", "False"):
                yield edit("rule", f"{where}: if {fixed} for {_said(test)}", file, test, fixed)


def _tests(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.If | ast.IfExp):
        yield node.test
    if isinstance(node, ast.comprehension):
        yield from node.ifs
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.Call):
        value = node.value
        if isinstance(value, ast.Compare):
            yield value
        elif isinstance(value.func, ast.Name) and value.func.id == "bool":
            yield value.args[0]


def _asks_for_rights(file: str) -> bool:
    text = read(file)
    return "require(" in text or "mandate" in text or file.endswith("/sessions.py")


def _statements(file: str) -> Iterator[Mutant]:
    inside = {
        id(part)
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree_of(file)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            for said, whole in opened(node.value):
                if (
                    _WHOSE.search(said)
                    and not _JOIN.fullmatch(said)
                    and re.search(r"\bFROM\b|\bUPDATE\b", node.value)
                ):
                    yield edit("statement", f"any row for {said}", file, node, f"({whole!r})")
