"""compose.yaml and Dockerfile, as the tests read them."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backend.settings import ROOT

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")


def compose(given: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises KeyError where one is asked for and missing."""

    def fill(found: re.Match[str]) -> str:
        name, how, otherwise = found.groups()
        if name is None:
            return "$"
        if how == "?" and not given.get(name):
            raise KeyError(name)
        return given.get(name) or otherwise or ""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        return _VARIABLE.sub(fill, value) if isinstance(value, str) else value

    found: dict[str, Any] = filled(yaml.safe_load((ROOT / "compose.yaml").read_text()))
    return found


@dataclass(frozen=True)
class Image:
    """What the last stage of the Dockerfile says."""

    packages: str
    code: str
    environment: Mapping[str, str]
    entrypoint: list[str]
    user: str
    steps: list[str]


def image() -> Image:
    said = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in said.splitlines() if line and not line.startswith("#")]
    last = max(at for at, line in enumerate(lines) if line.startswith("FROM "))
    told: dict[str, list[str]] = {}
    for line in lines[last:]:
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest.strip())
    assert told["COPY"] == ["--from=packages /opt/venv /opt/venv", ". ."]
    return Image(
        packages="/opt/venv",
        code=told["WORKDIR"][-1],
        environment=dict(pair.split("=", 1) for pair in shlex.split(" ".join(told["ENV"]))),
        entrypoint=json.loads(told["ENTRYPOINT"][-1]),
        user=told["USER"][-1],
        steps=told["RUN"],
    )


def context() -> Iterator[Path]:
    """The files that get into the image, from the root on; the last word of .dockerignore wins."""
    told = [
        line.strip()
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    rules = [(_pattern(line.removeprefix("!")), line.startswith("!")) for line in told]
    tops = [line[1:] for line in told if line.startswith("!")]
    for top in tops:
        for path in sorted([ROOT / top, *(ROOT / top).rglob("*")]):
            short = path.relative_to(ROOT)
            if path.is_file() and _let_in(short, rules):
                yield short


def _pattern(line: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", line)
    known = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))


def _let_in(path: Path, rules: list[tuple[re.Pattern[str], bool]]) -> bool:
    names = [str(path), *(str(parent) for parent in path.parents if parent.name)]
    let_in = True
    for pattern, again in rules:
        if any(pattern.fullmatch(name) for name in names):
            let_in = again
    return let_in
