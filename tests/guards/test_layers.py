"""Who loads what. The contracts over imports stand in pyproject.toml and run as `lint-imports`."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from backend.settings import ROOT

OURS = ("backend", "bots", "workflows")
LOADED = "import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def _loads(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["bots.serve", "workflows.serve"])
def test_bot_and_worker_never_load_the_web_framework(module: str) -> None:
    loaded = _loads(module)
    assert not loaded & {"litestar", "jinja2"}
    assert "telegram" in loaded


def test_the_api_loads_neither_the_chat_library_nor_the_scheduler() -> None:
    loaded = _loads("backend.serve")
    assert not loaded & {"telegram", "apscheduler", "bots", "workflows"}
    assert "litestar" in loaded


def test_the_command_line_loads_nothing_before_its_verb_is_known() -> None:
    assert not _loads("throughcare") & {"litestar", "telegram", "asyncpg", "piccolo", *OURS}


def test_no_module_stands_in_a_ring() -> None:
    graph = grimp.build_graph(*OURS)
    for module in sorted(graph.modules):
        chain = [
            graph.find_shortest_chain(imported, module)
            for imported in graph.find_modules_directly_imported_by(module)
        ]
        assert not any(chain), (module, chain)


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for folder in (*OURS, "throughcare.py"):
        place = ROOT / folder
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


# What is slow to import, and needed by one page.
SLOW = {
    Path("backend/calendars/proposals.py"): {"_propose", "_places"},
    Path("backend/feeds/writing.py"): {"write"},
}


def test_features_keep_their_first_file_empty_and_import_at_the_top() -> None:
    for path, tree in _trees():
        if path.name == "__init__.py":
            assert not tree.body, path
        if path.name == "throughcare.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [
                    one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)
                ]
                late = node.name in SLOW.get(path, set())
                assert late or not inside, (path, node.name)
        assert "TYPE_CHECKING" not in ast.dump(tree), path
