"""SQL is put together from constants of this code base alone; values go as parameters."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from backend.settings import ROOT

RUNS_SQL = {"fetch", "fetchrow", "fetchval", "fetch_one", "execute", "executemany", "cursor"}
FOLDERS = ("backend", "bots", "workflows", "migrations")
# columns and the numbers of their parameters, as `, a = $5, b = $6`
_MORE = "''.join((f', {name} = ${at}' for at, name in enumerate(names, 5)))"
# What else may stand in a statement: file, expression, and where it comes from.
REVIEWED = {
    ("backend/database.py", "_opening(actor, moment)"): "a UUID and an instant, by their types",
    ("backend/database.py", "sql"): "handed through; its callers are looked at here",
    ("backend/files/gathering.py", "sql"): "handed through within the file, from its constants",
    ("backend/messages/sending.py", _MORE): "column names that stand in this file",
    ("backend/migrate.py", "_hand_over(name)"): "names that Postgres itself has quoted",
    ("backend/migrate.py", "let_owner_speak()"): "two roles of ours",
    ("backend/migrate.py", "await _create(held, role, passwords.get(role))"): "likewise",
    ("bots/conversations/settings.py", "column"): "one of two names that stand in this file",
    ("migrations/m0002_ground.py", "statements()"): "put together from the names in this file",
    ("migrations/m0020_walls.py", "triggers('wall')"): "likewise, for one more table",
    ("migrations/m0020_walls.py", "row_security('wall', 'plan')"): "likewise",
    ("migrations/m0023_erasure.py", "triggers('legal_hold')"): "likewise",
    ("migrations/m0109_evidence.py", "triggers('evidence')"): "likewise",
    ("migrations/m0023_erasure.py", "row_security('legal_hold', 'plan')"): "likewise",
    ("migrations/m0127_dates.py", "triggers('appointment_move')"): "likewise",
    ("migrations/m0104_returns.py", "triggers(TABLE)"): "likewise",
    ("migrations/m0104_returns.py", "changes(TABLE)"): "a policy of m0080, for one more table",
    ("migrations/m0028_safety.py", "triggers(table)"): "likewise, for two more",
    ("migrations/m0119_handovers.py", "triggers(TABLE)"): "likewise, for one more",
    ("migrations/m0119_handovers.py", "adds(TABLE)"): "likewise",
    ("migrations/m0119_handovers.py", "changes(TABLE)"): "likewise",
    ("migrations/m0121_templates.py", "triggers(TABLE)"): "likewise",
    ("migrations/m0121_templates.py", "adds(TABLE)"): "likewise",
    ("migrations/m0121_templates.py", "changes(TABLE)"): "likewise",
    ("migrations/m0034_entry_passes.py", "statements()"): "put together from the names in its file",
    ("migrations/m0040_second_person.py", "triggers('erasure_wish')"): "likewise",
    ("migrations/m0040_second_person.py", "row_security('erasure_wish', 'plan')"): "likewise",
    ("workflows/hide.py", "find"): "handed through within the file, from its constants",
    ("workflows/hide.py", "write"): "handed through within the file, from its constants",
    ("backend/turns.py", "turn"): "one of two statements that stand in this file",
    ("workflows/escalate.py", "sql"): "handed through within the file, from its constants",
    ("workflows/materialise.py", "asked.sql"): "the constants of this file, one after another",
    ("migrations/m0076_rows_end.py", "statements()"): "put together from the names in its file",
    ("migrations/m0080_glass_adds_nothing.py", "statements()"): "likewise",
    ("migrations/m0113_needs_and_goals.py", "statements()"): "likewise",
    ("migrations/m0131_meetings.py", "statements()"): "likewise",
    ("migrations/m0135_helpers.py", "statements()"): "likewise",
    ("migrations/m0142_undo.py", "statements()"): "likewise",
    ("migrations/m0143_dates_of_one_hour.py", "statements()"): "likewise",
    ("migrations/m0151_closing_talk.py", "statements()"): "likewise",
    ("migrations/m0163_as_it_was_meant.py", "statements()"): "likewise",
    ("migrations/m0154_who_welcomes.py", "statements()"): "likewise",
    ("migrations/m0096_rounds.py", "''.join(map(_of_a_place, ZONED))"): "likewise",
    ("workflows/ends.py", "sql"): "the rules of workflows/terms.py, one after another",
    ("workflows/retain.py", "rule.sql"): "the rules of workflows/terms.py, one after another",
    ("workflows/story/house.py", "sql"): "handed through; the story looks on as a superuser",
    ("workflows/wake.py", "sql"): "the constants of the ladders",
}


def _calls() -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """File, call and enclosing function of everything that runs a statement."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = str(path.relative_to(ROOT))
            for call, inside in _within(tree, tree):
                called = call.func
                word = called.attr if isinstance(called, ast.Attribute) else None
                word = called.id if isinstance(called, ast.Name) else word
                if word in RUNS_SQL and call.args:
                    yield name, call, inside


def _within(node: ast.AST, inside: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    if isinstance(node, ast.Call):
        yield node, inside
    here = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else inside
    for child in ast.iter_child_nodes(node):
        yield from _within(child, here)


def _loose(sql: ast.expr, inside: ast.AST) -> Iterator[str]:
    """The parts of an expression that are no constant of the code."""
    if _is_constant(sql):
        return
    parts = _parts(sql) or (list(_made(sql.id, inside)) if isinstance(sql, ast.Name) else [])
    if not parts:
        yield ast.unparse(sql)
    for part in parts:
        yield from _loose(part, inside)


def _is_constant(sql: ast.expr) -> bool:
    match sql:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(value=ast.Name(id=name)):
            return name.strip("_").isupper()
    return False


def _parts(sql: ast.expr) -> list[ast.expr]:
    match sql:
        case ast.JoinedStr(values=values):
            return [one.value if isinstance(one, ast.FormattedValue) else one for one in values]
        case ast.Tuple(elts=parts):
            return parts
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call(func=ast.Attribute(value=text, attr="format"), args=[], keywords=more):
            return [text, *(one.value for one in more)]
    return []


def _made(name: str, inside: ast.AST) -> Iterator[ast.expr]:
    """Everything that a local name is ever bound to."""
    for node in ast.walk(inside):
        if isinstance(node, ast.For):
            yield from _one_after_the_other(name, node)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if name in map(ast.unparse, targets):
                yield node.value


def _one_after_the_other(name: str, loop: ast.For) -> Iterator[ast.expr]:
    if ast.unparse(loop.target) == name:
        yield loop.iter
    elif isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Tuple):
        names = [ast.unparse(one) for one in loop.target.elts]
        rows = [one for one in loop.iter.elts if isinstance(one, ast.Tuple)]
        if name in names and len(rows) == len(loop.iter.elts):
            yield from (row.elts[names.index(name)] for row in rows)


def test_a_statement_is_made_of_constants_and_reviewed_names() -> None:
    found = {
        (file, part) for file, call, inside in _calls() for part in _loose(call.args[0], inside)
    }
    assert found == REVIEWED.keys()


_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")


def test_the_constants_that_hold_sql_hold_constants() -> None:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in tree.body:
                text = ast.unparse(node)
                if isinstance(node, ast.Assign) and _SQL.search(text):
                    parts = [one for one in ast.walk(node.value) if isinstance(one, ast.JoinedStr)]
                    assert not [loose for one in parts for loose in _loose(one, tree)], text


def test_no_statement_is_seen_without_its_walls() -> None:
    """Nothing turns row security or triggers off, and nothing takes another role at run time."""
    for folder in ("backend", "bots", "workflows"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8").lower()
            for phrase in _PHRASES:
                assert phrase not in text or _may(path), (path.name, phrase)


_PHRASES = ("row_security", "session_replication_role", "disable trigger", "set role", "reset role")


def _may(path: Path) -> bool:
    return path.name in {"archive.py", "backup.py", "restore.py", "psql.py"}  # as the owner
