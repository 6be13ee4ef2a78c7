"""A mutant in a process that has imported the product: one function's code, or one SQL text.

Whoever holds the function holds the mutant, for it is the function that changes and not a name.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from tests.mutation.mutants import Mutant, offset, tree_of


def goes_inside(mutant: Mutant) -> bool:
    """Whether `put_in` can: what else a module says was taken over by others at their import."""
    return bool(mutant.sql) or _place(mutant) is not None


def _place(mutant: Mutant) -> ast.stmt | None:
    """The function, or the private name with a text, in which the edit lies."""
    for node in _outermost(tree_of(mutant.file)):
        start, end = offset(mutant.file, node)
        if not start <= mutant.start < end:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body, _ = offset(mutant.file, node.body[0])
            return node if mutant.start >= body else None
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        is_text = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if is_text and isinstance(target, ast.Name) and target.id.startswith("_"):
            return None if _is_part(mutant.file, target.id) else node
        return None
    return None


def _is_part(file: str, name: str) -> bool:
    """Whether another text was made of this one at the import."""
    return any(
        isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load)
        for node in _outermost(tree_of(file))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for one in ast.walk(node)
    )


def _outermost(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from node.body
        else:
            yield node


def put_in(mutant: Mutant) -> None:
    module = sys.modules[mutant.file.removesuffix(".py").replace("/", ".")]
    place = _place(mutant)
    if isinstance(place, ast.Assign):
        assert isinstance(place.targets[0], ast.Name)
        name = place.targets[0].id
        (made,) = [
            node.value
            for node in ast.parse(mutant.source).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        ]
        setattr(module, name, ast.literal_eval(made))
        return
    mutated = dict(_codes(compile(mutant.source, module.__file__ or "", "exec"), ""))
    assert place is not None
    (function,) = [
        one for one in _own_functions(module) if one.__code__.co_firstlineno == _line(place)
    ]
    function.__code__ = mutated[function.__qualname__]
    for value in vars(module).values():  # what was worked out by the function as it was
        if clear := getattr(value, "cache_clear", None):
            clear()


def _line(place: ast.stmt) -> int:
    """Where Python says that a function begins: at its first decorator."""
    assert isinstance(place, ast.FunctionDef | ast.AsyncFunctionDef)
    return min([place.lineno, *[one.lineno for one in place.decorator_list]])


def _codes(code: CodeType, before: str) -> Iterator[tuple[str, CodeType]]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield before + one.co_name, one
            if not before:
                yield from _codes(one, f"{one.co_name}.")


def _own_functions(module: Any) -> Iterator[FunctionType]:
    """Those that the file itself defines, under what decorators put around them."""
    for found in vars(module).values():
        for value in (found, *_members(found, module)):
            held: Any = value.fget if isinstance(value, property) else value
            plain = inspect.unwrap(held)
            if inspect.isfunction(plain) and plain.__code__.co_filename == module.__file__:
                yield plain


def _members(found: Any, module: Any) -> list[Any]:
    own = inspect.isclass(found) and found.__module__ == module.__name__
    return list(vars(found).values()) if own else []
