"""The named rules and the breaks of each, as they stand in rules/: one file a rule."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = (
    "owner",
    "offset",
    "consent",
    "hours",
    "cap",
    "occurrence-key",
    "lease",
    "order",
    "stop",
    "file-binding",
    "audit",
    "second-person",
)
FOLDER = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Break:
    """The smallest edit that takes a rule away in one place, and what has to notice it.

    `tests` are node ids, and each of them notices. `story` says that the year alone
    notices too.
    """

    rule: str
    what: str
    file: str
    old: str
    new: str
    tests: list[str]
    story: bool = False

    def applied(self, text: str) -> str:
        """The file's text without the rule. Raises ValueError where the old text is not there once.

        A Python file has to compile, so that what follows is not the doing of a typing error.
        """
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"the old text stands {times} times in {self.file}")
        broken = text.replace(self.old, self.new)
        if self.file.endswith(".py"):
            compile(broken, self.file, "exec")
        return broken


def rule_of(name: str) -> str:
    """The rule itself, in one sentence."""
    sentence: str = _read(name)["rule"]
    return sentence


def breaks_of(name: str) -> Iterator[Break]:
    for entry in _read(name)["break"]:
        yield Break(rule=name, **entry)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
