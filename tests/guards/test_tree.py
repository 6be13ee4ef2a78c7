"""The tree as a whole: what it depends on, and how long its files are."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from backend.settings import ROOT

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
LONGEST = 400
# Longer than a screen can hold, each for its reason.
LONG = {
    "migrations/m0001_auto_tables.py": "made by Piccolo",
    "migrations/m0019_auto_walls.py": "likewise",
    "migrations/m0027_auto_safety.py": "likewise",
    "migrations/m0030_auto_data_flows.py": "likewise",
    "migrations/m0017_auto_court_machines.py": "likewise",
    "migrations/m0015_auto_ways_in.py": "likewise",
    "migrations/m0033_auto_entry_passes.py": "likewise",
    "migrations/m0037_auto_duties.py": "likewise",
    "migrations/m0039_auto_second_person.py": "likewise",
    "migrations/m0043_auto_passkeys.py": "likewise",
    "migrations/m0108_auto_evidence.py": "likewise",
    "migrations/m0112_auto_needs_and_goals.py": "likewise",
    "migrations/m0120_auto_templates.py": "likewise",
    "migrations/m0130_auto_meetings.py": "likewise",
    "migrations/m0126_auto_dates.py": "likewise",
    "migrations/m0134_auto_helpers.py": "likewise",
    "migrations/m0153_auto_clubs_and_welcomes.py": "likewise",
    "migrations/m0056_accounts_are_walled.py": "half of a wall would lock everybody out",
}
# Installed by nobody who runs this: other ways out of the house, or known to be unsafe.
UNWANTED = {"piccolo-admin", "piccolo-api", "requests", "sentry-sdk", "litestar-offline-docs"}


def _product() -> Iterator[Path]:
    for folder in ("backend", "bots", "workflows", "migrations"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield from (ROOT / "throughcare.py", ROOT / "run")


def test_requirements_are_pinned_with_hashes_and_name_no_host() -> None:
    for name in REQUIREMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert not re.search(
            r"^\s*(-i|-e|-f|--index|--extra-index|--find-links)", text, re.MULTILINE
        )
        lines = re.sub(r"\\\n\s*", " ", re.sub(r"\s*#.*", "", text)).splitlines()
        pins = [line for line in lines if line.strip()]
        assert len(pins) > 20
        for pin in pins:
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", pin), pin
            assert "--hash=sha256:" in pin, pin


def test_what_is_declared_is_pinned_and_nothing_unwanted_comes_along() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {_name(one) for one in declared["dependencies"]}
    pinned = {
        _name(line)
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if re.match(r"[a-z0-9]", line)
    }
    assert names <= pinned
    assert not pinned & UNWANTED


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_a_long_file_has_a_reason() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _product()
    }
    assert {path for path, length in lengths.items() if length > LONGEST} == LONG.keys()


def test_the_product_speaks_of_no_machine_and_of_no_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".html", ".ftl"}
            or not path.suffix
        ):
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            assert not re.search(r"/(root|home/\w+|work)/", text), name
