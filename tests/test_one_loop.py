"""All tests of a process, and whatever is made for them, run on one loop: that of the servers."""

import asyncio
from asyncio import AbstractEventLoop

import pytest
import uvloop


@pytest.fixture(scope="module")
async def made_on() -> AbstractEventLoop:
    return asyncio.get_running_loop()


def test_what_is_made_for_a_test_that_waits_for_nothing(made_on: AbstractEventLoop) -> None:
    assert isinstance(made_on, uvloop.Loop)


async def test_a_test_that_waits(made_on: AbstractEventLoop) -> None:
    assert asyncio.get_running_loop() is made_on
