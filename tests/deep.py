"""What is tried at more length only where it is asked for."""

import pytest


def is_deep(config: pytest.Config) -> bool:
    return "deep" in config.option.markexpr
