"""Mutants that change nothing anybody could notice, each with a reason, as they were reviewed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_FILE = Path(__file__).parent / "equivalent.toml"
EQUIVALENT: Mapping[str, str] = {
    one["mutant"]: one["why"]
    for one in tomllib.loads(_FILE.read_text(encoding="utf-8")).get("equivalent", ())
}
