"""Loaded into pytest beside a mutant: its tests share a server that is there already.

The mutated database is the one that they copy; what started the server ends it.
"""

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from backend import embedded
from tests import conftest

SOCKET = "MUTATION_SOCKET"  # the folder of the server
ENDING = "MUTATION_ENDING"  # the file for the first test that failed


@contextmanager
def _a_server(*, durable: bool) -> Iterator[embedded.Server]:
    if durable:
        raise RuntimeError("a test that needs a server of its own judges no mutant")
    with Path(os.devnull).open("rb") as lease:
        place = Path(os.environ[SOCKET])
        yield embedded.Server(place, place, lease)


async def _already(_server: embedded.Server) -> None:
    """The migrations ran before."""


def pytest_configure() -> None:
    # one example that fails is enough, however long it is
    settings.register_profile(
        "round",
        phases=(Phase.explicit, Phase.generate),
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("round")
    patched: Any = conftest
    patched.a_server = _a_server
    patched._migrated = _already


@pytest.hookimpl(wrapper=True, tryfirst=True)  # sees the report as it ends
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        said = call.excinfo.exconly(tryshort=True) if call.excinfo else "it passed against its mark"
        why = said.partition("\n")[0]
        line = json.dumps({"test": item.nodeid, "why": why[:300]})
        Path(os.environ[ENDING]).write_text(line, encoding="utf-8")
    return report
