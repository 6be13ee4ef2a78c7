"""An operator's terminal."""

from pathlib import Path

import pytest

from tests.backend.admin.terminals import Terminal
from tests.world import World


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(world, tmp_path)
