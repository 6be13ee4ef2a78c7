"""Every door of the house is on the page that says how strong it is, and the page has no other."""

import ast
import re
import runpy
from collections.abc import Iterator
from typing import Any

import click
import pytest

from backend.app import create_app
from backend.doors import PUBLIC
from backend.settings import ROOT
from bots.webhook import create_webhook
from throughcare import VERBS, main

PAGE = (ROOT / "docs" / "ways-in.md").read_text("utf-8")
CELLS = 7  # door, who, what proves it, what it opens, how it ends, how often, test
A_DOOR = re.compile(
    r"(?:(?:GET|POST|PUT|PATCH|DELETE) /\S*|\./run [a-z -]+|(?:backend|bots|workflows)\.[\w.]+"
    r"|postgres|throughcare_\w+)"
)
LISTEN = {
    "`backend.serve`",
    "`bots.webhook`",
    "`bots.phones.serve`",
    "`workflows.metrics`",
}  # a shorter table
FOLDERS = ("backend", "bots", "workflows")


def _rows(page: str) -> list[list[str]]:
    """The cells of each row of a table."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] not in {"door", "where"}]


def _listed(page: str) -> set[str]:
    quoted = [one for row in _rows(page) for one in re.findall(r"`([^`]+)`", row[0])]
    return {one for one in quoted if A_DOOR.fullmatch(one)}


def _routes() -> Iterator[str]:
    """What answers somebody who is not signed in: the marked routes, and all of the webhook."""
    for app, every in ((create_app(), False), (create_webhook(["1"], "x", lambda: None), True)):
        for route in app.routes:
            for handler in route.route_handlers:  # type: ignore[union-attr]
                if every or handler.opt.get(PUBLIC):
                    methods = getattr(handler, "http_methods", ()) or {"SOCKET"}
                    yield from (f"{one} {route.path}" for one in methods if one != "OPTIONS")


def _verbs(command: click.Command, name: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for verb in command.list_commands(context):
        found = command.get_command(context, verb)
        assert found is not None
        yield from _verbs(found, f"{name} {verb}")


def _own_verbs() -> set[str]:
    """Those that the bootstrap carries out by itself."""
    known = runpy.run_path(str(ROOT / "run"))["known_verbs"]()
    return {f"./run {verb}" for verb in known.keys() - VERBS.keys()}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name, ast.parse(path.read_text("utf-8"))


def _intake() -> Iterator[str]:
    """Functions that ask the chat service for updates or put one into the inbox."""
    for name, tree in _modules():
        if name.startswith("bots.phones.") or name == "backend.messages.inbox":
            continue
        for node in tree.body:
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Attribute)]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                one.attr == "get_updates" or ast.unparse(one) == "inbox.take" for one in inside
            ):
                yield f"{name}.{node.name}"


def _listeners() -> Iterator[str]:
    """Modules that open a port."""
    opens = {
        *("uvicorn.Config", "asyncio.start_server", "asyncio.start_unix_server"),
        "start_http_server",
    }
    for name, tree in _modules():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if {ast.unparse(call.func) for call in calls} & opens:
            yield name


async def _roles(catalog: Any) -> set[str]:
    rows = await catalog.fetch("SELECT rolname FROM pg_roles WHERE rolcanlogin")
    return {row["rolname"] for row in rows}


async def _doors(catalog: Any) -> set[str]:
    found = {*_routes(), *_verbs(main, "./run"), *_own_verbs(), *_intake(), *_listeners()}
    return found | await _roles(catalog)


async def test_every_door_is_on_the_page_and_nothing_else_is(catalog: Any) -> None:
    assert _listed(PAGE) == await _doors(catalog)


async def test_a_door_that_is_taken_off_the_page_is_missed(catalog: Any) -> None:
    doors = await _doors(catalog)
    for door in sorted(doors):
        assert doors - _listed(PAGE.replace(f"`{door}`", "")) == {door}
    kinds = (*("GET /", "POST /telegram", "./run admin second-factor", "./run migrate"),)
    assert doors >= {*kinds, "bots.intake.take_in", "bots.webhook", "throughcare_backup"}


@pytest.mark.parametrize(
    "row", [row for row in _rows(PAGE) if row[0] not in LISTEN], ids=lambda row: row[0]
)
def test_a_door_says_all_that_is_asked_of_it_and_names_a_test(row: list[str]) -> None:
    assert len(row) == CELLS
    assert all(row)
    assert re.search(r"`tests/[\w/]+\.py(::\w+)?`", row[-1])
