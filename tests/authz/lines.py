"""The reviewed lines, read once."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    operation: str
    roles: frozenset[str]
    own: str
    answer: Mapping[str, Any]

    def keys(self, role: str) -> tuple[set[str], set[str]] | None:
        """The keys that an answer to this role must have, and those that it may have besides."""
        return _keys(self.answer, role)

    def wrong_parts(self, role: str, answer: Any) -> Iterator[tuple[str, set[str]]]:
        """What stands in the parts of an answer and should not, or the reverse."""
        for name, part in self.answer.get("parts", {}).items():
            found = answer.get(name)
            for one in found if isinstance(found, list) else [found] if found else []:
                given, expected = set(one), _keys(part, role)
                must, may = expected or (set(), set())
                if not must <= given <= must | may or expected is None:
                    yield name, given ^ must


def _keys(said: Mapping[str, Any], role: str) -> tuple[set[str], set[str]] | None:
    must = said.get("keys", {})
    if role not in must and "every" not in must:
        return None
    may = said.get("may", {})
    return set(must.get(role, must.get("every", ()))), {
        *may.get(role, ()),
        *may.get("every", ()),
    }


LINES: Mapping[str, Line] = {
    operation: Line(operation, frozenset(said["roles"]), said["own"], said)
    for operation, said in tomllib.loads(
        (Path(__file__).parent / "lines.toml").read_text(encoding="utf-8")
    ).items()
}
