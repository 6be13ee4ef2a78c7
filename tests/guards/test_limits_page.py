"""What docs/limits.md says is what the program holds."""

import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from backend.settings import LIMITS, ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
LINES = re.findall(r"^\| .* \| (\d+) \| `([\w.]+)` \|$", PAGE, re.MULTILINE)


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
    assert len(LINES) == len(re.findall(r"^\| [a-z]", PAGE, re.MULTILINE)) - 1
    assert len(LINES) > 40
