"""What the code of the product never does: start a shell, run text as code, build things from bytes."""

import ast
from collections.abc import Iterator

import pytest

from backend.settings import ROOT

CODE = sorted(
    path
    for folder in ("backend", "bots", "workflows", "migrations", "deploy")
    for path in (ROOT / folder).rglob("*.py")
)
CODE += [ROOT / "throughcare.py", ROOT / "piccolo_conf.py", ROOT / "run"]
CODE += [ROOT / "deploy" / "make-secrets"]
RUN_TEXT = {"eval", "exec", "compile", "__import__"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
SHELLS |= {"subprocess_shell"}
FROM_BYTES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "yaml"}
STARTS = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec"}
PROGRAMS_THAT_READ_CODE = {"sh", "bash", "dash", "zsh", "cmd", "cmd.exe", "powershell"}


def unsafe(source: str) -> Iterator[str]:
    """Every place of a module that starts a shell, runs text or builds objects from bytes."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found = {one.name.partition(".")[0] for one in names} & FROM_BYTES
            case ast.ImportFrom(module=str(module), names=names):
                found = {module.partition(".")[0]} & FROM_BYTES
                found |= {one.name for one in names} & (SHELLS | {"import_module"} & set())
            case ast.Name(id=name):
                found = {name} & (RUN_TEXT | SHELLS)
            case ast.Attribute(attr=name):
                found = {name} & SHELLS
            case ast.keyword(arg="shell", value=value):
                off = isinstance(value, ast.Constant) and value.value is False
                found = set() if off else {"shell="}
            case ast.Constant(value=str(word)):
                found = {word.rpartition("/")[2]} & PROGRAMS_THAT_READ_CODE
            case _:
                continue
        yield from sorted(found)
