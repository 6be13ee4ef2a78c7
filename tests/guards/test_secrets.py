"""How secrets are made, compared and keyed, read from the code of the product."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import TypeVar

from backend.settings import ROOT

N = TypeVar("N", bound=ast.AST)
FOLDERS = ("backend", "bots", "workflows")
NOT_RUN = ("bots/phones/", "workflows/story/")  # no part of what runs for an agency
# What a name that ends like this holds is a secret, or stands for one.
SECRET = re.compile(r"(token|secret|pin|mac|tag|hash|hashed|digest|signature|proof|thumbprint)$")
NO_SECRET = {
    "new.digest != digest_shown(draft, readings)": "a draft's name, which its reader was told",
}
LEAST_BYTES = 16
# Shorter, because somebody types it or a button carries it; each has a count of tries besides.
TYPED = {"RECOVERY_BYTES": 10}
KEYED = {"derive", "index", "seal_own", "unseal_own"}


@cache
def _product() -> list[tuple[str, list[ast.AST]]]:
    """Each file with everything in it."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(NOT_RUN):
                found.append((name, list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))))
    return found


def _nodes(kind: type[N]) -> Iterator[tuple[str, N]]:
    for name, nodes in _product():
        for node in nodes:
            if isinstance(node, kind):
                yield name, node


def _called(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=func):
            return _called(func)
    return ""


def test_what_is_secret_is_compared_in_constant_time() -> None:
    found = {
        ast.unparse(node)
        for _, node in _nodes(ast.Compare)
        if any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)
        and not any(isinstance(one, ast.Constant) for one in node.comparators)
        and any(SECRET.search(_called(one)) for one in (node.left, *node.comparators))
    }
    assert found == NO_SECRET.keys()
    compared = {name for name, node in _nodes(ast.Call) if _called(node) == "compare_digest"}
    assert len(compared) > 8  # it looks where such things are


def test_chance_comes_from_the_system_and_there_is_enough_of_it() -> None:
    for name, node in _nodes(ast.Import):
        assert "random" not in {one.name for one in node.names}, name
    may = {"random": {"SystemRandom"}, "uuid": {"UUID", "uuid4"}}
    for name, taken in _nodes(ast.ImportFrom):
        if taken.module in may:
            assert {one.name for one in taken.names} <= may[taken.module], name
    lengths: dict[str, int] = defaultdict(int)
    sizes = _constants()
    for _, call in _nodes(ast.Call):
        if _called(call) in {"token_bytes", "token_urlsafe", "token_hex"}:
            (given,) = call.args
            size = given.value if isinstance(given, ast.Constant) else sizes[_called(given)]
            assert isinstance(size, int)
            lengths[ast.unparse(given)] = size
    assert len(lengths) > 4
    short = {what: size for what, size in lengths.items() if size < LEAST_BYTES}
    assert short == {**TYPED, "NONCE": 12}  # a nonce is no secret; NIST SP 800-38D, 8.2.2


def _constants() -> dict[str, int]:
    found = {}
    for _, node in _nodes(ast.Assign):
        parts = [each for one in node.targets for each in ast.walk(one)]
        names = [each for each in parts if isinstance(each, ast.Name)]
        values = [each for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
        if len(names) == len(values):
            pairs = zip(names, values, strict=True)
            found.update({name.id: one.value for name, one in pairs if isinstance(one.value, int)})
    return found


def test_every_purpose_of_a_key_stands_in_the_inventory_and_nothing_else_does() -> None:
    used = {
        f"index:{purpose.value}" if _called(call) == "index" else str(purpose.value)
        for _, call in _nodes(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in KEYED and call.args
        for purpose in call.args[:1]
        if isinstance(purpose, ast.Constant) and isinstance(purpose.value, str)
    }
    text = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    _, _, inventory = text.partition("## Every key")
    told = set(re.findall(r"^\| `([^`]+)` \|", inventory, re.MULTILINE))
    assert used == told
    assert len(used) > 20
