"""When somebody of the community welcomes a person, and what is to be asked before. No I/O."""

from collections.abc import Mapping
from typing import Any

FOUND, HOLDS = "COM-01", "COM-02"  # the steps: somebody is found; does the link hold?
# What the person lets be told to whoever welcomes them.
TOLD = ("nothing", "name_and_day")
# What a worker heard when they asked whether the link holds; each of them is an answer.
ANSWERS = ("holds", "another", "none")
UNWANTED = frozenset({"declined", "not_needed", "not_possible", "cancelled"})


def stands(welcome: Mapping[str, Any]) -> bool:
    """Whether both said yes, and neither has said no since."""
    return welcome["agreed_at"] is not None and welcome["heard_at"] is not None


def missing(welcome: Mapping[str, Any]) -> list[str]:
    """What is still to be asked: first the person, then whoever is to welcome them."""
    asked = {"person": welcome["agreed_at"], "helper": welcome["heard_at"]}
    return [name for name, at in asked.items() if at is None]
