"""Loaded into pytest in a copy: says of each test how it ended, as a line of JSON.

A test that fails because the program fell over has not noticed a missing rule.
"""

import json
import logging
import os
from collections.abc import Generator
from pathlib import Path

import pytest

LINES = "BREAKS_WITNESS"  # the variable with the file that the lines go to
_errors: list[str] = []


class _Errors(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _errors.append(record.getMessage())


def pytest_configure() -> None:
    logging.getLogger().addHandler(_Errors(logging.ERROR))


def pytest_runtest_setup() -> None:
    _errors.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None or call.when == "call":
        line = {"test": item.nodeid.partition("[")[0], "how": _how(call), "why": _why(call)}
        with Path(os.environ[LINES]).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
    return report


def _how(call: pytest.CallInfo[None]) -> str:
    if call.excinfo is None:
        return "passed"
    if call.excinfo.errisinstance(pytest.skip.Exception):
        return "skipped"
    expected = call.excinfo.errisinstance((AssertionError, pytest.fail.Exception))
    return "failed" if expected and not _errors else "fell over"


def _why(call: pytest.CallInfo[None]) -> str:
    said = "" if call.excinfo is None else call.excinfo.exconly(tryshort=True).partition("\n")[0]
    return "; ".join([said, *_errors[:1]])
