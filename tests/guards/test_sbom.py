"""What docs/sbom.json and docs/licences.md say is what requirements.txt installs."""

import json
import tomllib
from importlib.metadata import Distribution, version
from pathlib import Path

import pytest
from packaging.version import Version

from backend.settings import ROOT
from tests.sbom import (
    COPYLEFT,
    LICENCES,
    READ,
    REVIEWED,
    SBOM,
    licence_of,
    licences,
    parts,
    pins,
    sbom,
)


def test_the_lists_are_those_of_the_pins() -> None:
    found = list(parts())
    again = "write them anew: ./run sbom"
    assert SBOM.read_text("utf-8") == sbom(found), again
    assert LICENCES.read_text("utf-8") == licences(found), again
    listed = json.loads(SBOM.read_text("utf-8"))["components"]
    assert {(one["name"], one["version"]) for one in listed} == set(pins())
    assert len(listed) > 40


def test_no_licence_is_there_that_nobody_looked_at() -> None:
    for part in parts():
        assert part.needs <= REVIEWED, f"{part.name}: {part.licence}"


def test_what_asks_something_back_is_said_plainly() -> None:
    text = LICENCES.read_text("utf-8").partition("## All")[0]
    asking = {part.name for part in parts() if part.needs & COPYLEFT.keys()}
    assert "python-telegram-bot" in asking
    for name in asking:
        assert name in text, name


def test_nothing_of_a_time_or_a_machine_is_in_the_list() -> None:
    document = json.loads(SBOM.read_text("utf-8"))
    assert not {"serialNumber", "timestamp"} & {*document, *document["metadata"]}
    assert "://" not in SBOM.read_text("utf-8")


def test_what_was_read_by_a_human_is_still_installed() -> None:
    assert READ.keys() <= {name for name, _ in pins()}


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("License-Expression: mit or apache-2.0", "MIT OR Apache-2.0"),
        ("License: APL 2", "Apache-2.0"),
        ("License: MIT License\n\n Copyright (c) of somebody", "MIT"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
    ],
)
def test_a_licence_is_found_however_a_package_says_it(
    said: str, licence: str, tmp_path: Path
) -> None:
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.4\nName: probe\n{said}\n")
    assert licence_of("probe", Distribution.at(tmp_path)) == licence


def test_a_package_that_says_no_licence_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.4\nName: probe\n")
    with pytest.raises(ValueError, match="license"):
        licence_of("probe", Distribution.at(tmp_path))


def test_what_is_installed_is_not_below_the_lowest_safe_release() -> None:
    floors = tomllib.loads((ROOT / "docs" / "floors.toml").read_text(encoding="utf-8"))
    pinned = dict(pins())
    assert floors
    for package, floor in floors.items():
        assert floor["because"], package
        if floor["at_least"] == "never":
            assert package not in pinned, f"{package} must not be installed"
            continue
        assert Version(pinned[package]) >= Version(floor["at_least"]), package
        assert Version(version(package)) >= Version(floor["at_least"]), package
