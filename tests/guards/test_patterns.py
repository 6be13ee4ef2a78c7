"""No pattern of the product takes for ever over a long text, whatever stands in it."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from backend.settings import ROOT

FOLDERS = ("backend", "bots", "workflows")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
OF_RE = {"compile", "match", "fullmatch", "search", "findall", "finditer", "split", "sub"}
LONG = 80_000
# A process of its own, which ends once a pattern has taken so many seconds of a processor, however
# many others run. Who reads a text once takes a tenth of one; who reads it in squares, thirty.
_TRY = f"""
import json, re, resource, sys, time
pumps, most, patterns = json.load(sys.stdin)
for pattern, flags in patterns:
    print(pattern, flush=True)
    seconds = int(time.process_time()) + most
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    compiled = re.compile(pattern, flags)
    for pump in pumps:
        text = pump * ({LONG} // len(pump))
        for whole in (text, text + chr(0)):
            compiled.fullmatch(whole), sum(1 for _ in compiled.finditer(whole))
"""
# What a text may consist of that goes on and on, and almost is what some pattern looks for.
PUMPS = ["a", "A", "1", " ", "_", "-", "`", "1 ", "1-", "a.", "_.", "/a", "1. ", "Expected `"]


def _modules() -> Iterator[Any]:
    for path in FILES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield import_module(name.removesuffix(".__init__"))


def _written() -> Iterator[tuple[str, ast.expr]]:
    """File and pattern of every call of `re` and of every `pattern=`."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "re":
                if called.attr in OF_RE:
                    yield str(path.relative_to(ROOT)), node.args[0]
            elif ast.unparse(called).rpartition(".")[2] == "Meta":
                for word in node.keywords:
                    if word.arg == "pattern":
                        yield str(path.relative_to(ROOT)), word.value


def _kept() -> Iterator[re.Pattern[str]]:
    """Every pattern that a module has, alone or among others, and those of what is sent."""
    for module in _modules():
        for thing in vars(module).values():
            many = thing.values() if isinstance(thing, dict) else [thing]
            many = list(thing) if isinstance(thing, list | tuple) else list(many)
            yield from (one for one in many if isinstance(one, re.Pattern))
            if isinstance(thing, type) and issubclass(thing, msgspec.Struct):
                yield from map(re.compile, _of(inspect.type_info(thing), set()))


def _of(sent: Any, seen: set[Any]) -> Iterator[str]:
    if isinstance(sent, inspect.StrType) and sent.pattern:
        yield sent.pattern
    inner = [getattr(sent, name, None) for name in ("type", "item_type", "value_type")]
    inner += [*getattr(sent, "types", ())]
    if isinstance(sent, inspect.StructType) and sent.cls not in seen:
        seen.add(sent.cls)
        inner += [field.type for field in sent.fields]
    for one in inner:
        if isinstance(one, inspect.Type):
            yield from _of(one, seen)


CONSTANTS = {str(one.value) for _, one in _written() if isinstance(one, ast.Constant)}
KEPT = {(one.pattern, int(one.flags & re.IGNORECASE)) for one in _kept()}
# The repeats of a plan's template, which is a file of ours: nobody sends what it reads.
OURS = {(r"(\d+)d until (\d+)", 0)}
EVERY = (KEPT | {(one, 0) for one in CONSTANTS}) - OURS
PATTERNS = {(one, flags) for one, flags in EVERY if set(one) & set("*+{")}  # others repeat nothing


def _tried(patterns: Collection[tuple[str, int]], seconds: int) -> tuple[int, str]:
    """How the process ended, and the pattern that it had come to."""
    done = subprocess.run(
        [sys.executable, "-c", _TRY],
        input=json.dumps([PUMPS, seconds, sorted(patterns)]),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout.splitlines() or [""])[-1]


def test_every_pattern_comes_to_an_end_over_a_long_text() -> None:
    assert len(PATTERNS) > 30
    code, last = _tried(PATTERNS, seconds=8)
    assert code == 0, last


@pytest.mark.parametrize("slow", ["(a+)+b", "a+b", r"(\d|\d\d)+x"])
def test_a_pattern_that_takes_for_ever_is_found(slow: str) -> None:
    code, last = _tried({(slow, 0)}, seconds=2)
    assert code < 0
    assert last == slow
