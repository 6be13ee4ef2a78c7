"""The round runs where it was asked for, `./run test -m mutation`, and nowhere else."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr == "mutation":
        return
    away = [item for item in items if item.get_closest_marker("mutation")]
    items[:] = [item for item in items if item not in away]
    config.hook.pytest_deselected(items=away)
