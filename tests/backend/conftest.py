"""What several files of tests share."""

from collections.abc import AsyncIterator

import pytest

from backend import embedded
from tests.backend.beside import Beside, rows_beside
from tests.backend.laid import Laid, an_empty_database
from tests.backend.let_in import Let, through_glass


@pytest.fixture(scope="module")
async def beside(server: embedded.Server) -> AsyncIterator[Beside]:
    """A plan and what is beside it; each test of a file undoes what it did."""
    async with rows_beside(server) as made:
        yield made


@pytest.fixture(scope="module")
async def laid(server: embedded.Server) -> AsyncIterator[Laid]:
    """Nothing is there but what a test lays, and that goes with its question."""
    async with an_empty_database(server) as made:
        yield made


@pytest.fixture(scope="module")
async def let(server: embedded.Server) -> AsyncIterator[Let]:
    """Plans with everything in them, and a worker and a coordinator whom glass let in."""
    async with through_glass(server) as made:
        yield made
