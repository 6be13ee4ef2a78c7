"""What docs/limits.md says is what the program, the database and the proxy hold."""

import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from backend.settings import LIMITS, ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
PROXY = (ROOT / "deploy" / "proxy" / "nginx.conf.template").read_text("utf-8")
PROGRAM, DATABASE, DOOR = PAGE.split("\n## ")[1:]
LINES = re.findall(r"^\| .* \| (\d+) \| `([\w.]+)` \|$", PROGRAM, re.MULTILINE)
HELD = re.findall(r"^\| .* \| (\d+) \| ([\w ]+) \| `([^`]+)` \|$", DATABASE, re.MULTILINE)
SHUT = re.findall(r"^\| .* \| (\d+) \| `([^`]+)` \|$", DOOR, re.MULTILINE)

# Functions, policies, constraints and triggers of a migrated database, each with its newest text.
_TEXTS = """
SELECT 'function ' || proname AS name, prosrc AS text
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'policy ' || polname || ' on ' || polrelid::regclass,
       concat(pg_get_expr(polqual, polrelid), ' ', pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy
UNION ALL
SELECT 'constraint ' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass, pg_get_triggerdef(oid)
  FROM pg_trigger WHERE NOT tgisinternal
"""
_SPAN = re.compile(r"interval '[^']*'|'[^']*'::interval")
# Spans that limit nothing: a step of the calendar, and when a task is due.
_NO_LIMIT = {
    ("function open_day", "interval '1 day'"),
    ("function counts_of_agency", "interval '1 month'"),
    ("function cancel_without_flow", "interval '4 hours'"),
}
_SIZE = re.compile(
    r"\w+_timeout \d+s;|client_max_body_size \d+\w;|large_client_header_buffers \d+ \d+k;"
    r"|limit_conn \w+ \d+;|limit_req zone=.*;|zone=\w+:\d+m rate=\d+r/[sm];"
)


def _found(name: str) -> Any:
    """The constant of that name, or what a mapping has under its last word."""
    place, _, last = name.rpartition(".")
    if place == "backend.settings.LIMITS":
        return LIMITS[last]
    value = getattr(import_module(place), last)
    return value.total_seconds() if isinstance(value, timedelta) else value


@pytest.mark.parametrize(("number", "name"), LINES, ids=lambda one: one)
def test_a_limit_of_the_page_is_that_of_the_program(number: str, name: str) -> None:
    assert _found(name) == int(number)


def test_the_page_names_every_limit_of_an_hour_and_reads_every_line_of_its_table() -> None:
    named = {name.rpartition(".")[2] for _, name in LINES if ".LIMITS." in name}
    assert named == LIMITS.keys()
    for part, lines, least in ((PROGRAM, LINES, 40), (DATABASE, HELD, 30), (DOOR, SHUT, 15)):
        assert len(lines) == len(re.findall(r"^\| [a-z]", part, re.MULTILINE)) - 1
        assert len(lines) > least


async def test_a_limit_of_the_database_is_that_of_its_newest_text(catalog: Any) -> None:
    texts = {row["name"]: row["text"] for row in await catalog.fetch(_TEXTS)}
    wrong = [
        line
        for line in HELD
        if line[2] not in texts[line[1]] or int(line[0]) not in _numbers(line[2])
    ]
    assert wrong == []


async def test_the_page_names_every_span_of_time_that_the_database_holds(catalog: Any) -> None:
    spans = {
        (row["name"], span)
        for row in await catalog.fetch(_TEXTS)
        for span in _SPAN.findall(row["text"])
    }
    assert spans - _NO_LIMIT == {(name, text) for _, name, text in HELD if _SPAN.fullmatch(text)}


def test_a_limit_of_the_proxy_is_that_of_its_file() -> None:
    wrong = [one for one in SHUT if one[1] not in PROXY or int(one[0]) not in _numbers(one[1])]
    assert wrong == []


def test_the_page_names_every_size_rate_and_wait_of_the_proxy() -> None:
    held = {found[0] for found in map(_SIZE.search, PROXY.splitlines()) if found}
    assert {text for _, text in SHUT} == held


def _numbers(text: str) -> set[int]:
    return {int(one) for one in re.findall(r"\d+", text)}
