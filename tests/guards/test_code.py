"""What the code of the product never does: run text as code or build things from bytes."""

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
RUN_TEXT = {"eval", "exec", "compile", "__import__"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
FROM_BYTES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "yaml"}
READ_CODE = {"sh", "bash", "dash", "zsh", "cmd.exe", "powershell"}
# Two scripts that stand in the code, with words of ours as arguments and no value in their text.
REVIEWED = {
    "backend/embedded_programs.py": ["/bin/sh", "sh"],
    "workflows/supervise.py": ["/bin/sh"],
}


def unsafe(source: str) -> list[str]:
    """What starts a shell, runs text or makes objects of bytes, in its order."""
    return [word for node in ast.walk(ast.parse(source)) for word in sorted(_unsafe(node))]


def _unsafe(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (one.name for one in names if one.name.partition(".")[0] in FROM_BYTES)
        case ast.ImportFrom(module=str(module), names=names):
            yield from {module} & FROM_BYTES
            yield from {one.name for one in names} & SHELLS
        case ast.Call(func=ast.Name(id=name)):
            yield from {name} & (RUN_TEXT | SHELLS)
        case ast.Attribute(attr=name):
            yield from {name} & SHELLS
        case ast.keyword(arg="shell", value=value):
            yield from () if isinstance(value, ast.Constant) and value.value is False else ["shell"]
        case ast.Constant(value=str(word)):
            yield from [word] if word.rpartition("/")[2] in READ_CODE else ()


def test_no_code_starts_a_shell_runs_text_or_builds_objects_from_bytes() -> None:
    assert len(CODE) > 200
    found = {
        str(path.relative_to(ROOT)): said
        for path in CODE
        if (said := unsafe(path.read_text(encoding="utf-8")))
    }
    assert found == REVIEWED


def test_the_two_scripts_that_a_shell_reads_are_constants() -> None:
    for file in REVIEWED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        [script] = [text for node in ast.walk(tree) for text in _for_a_shell(node)]
        named = isinstance(script, ast.Name) and script.id in constants
        assert named or isinstance(script, ast.Constant), ast.unparse(script)


def _for_a_shell(node: ast.AST) -> Iterator[ast.expr]:
    """What follows a shell and `-c` in a list of words or of arguments."""
    words = node.elts if isinstance(node, ast.List) else ()
    words = node.args if isinstance(node, ast.Call) else words
    match list(words):
        case [ast.Constant(value="/bin/sh"), ast.Constant(value="-c"), script, *_]:
            yield script


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "import pickle",
        "from marshal import loads",
        "from os import system",
        "os.popen(word)",
        "subprocess.run(words, shell=True)",
        "subprocess.run(words, shell=how)",
        "asyncio.create_subprocess_shell(word)",
        "subprocess.run(['bash', '-c', word])",
    ],
)
def test_the_guard_of_code_knows_each_way(source: str) -> None:
    assert unsafe(source)
