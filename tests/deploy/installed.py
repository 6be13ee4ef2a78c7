"""What the Dockerfile would put into the image, laid out in a folder without an engine."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from backend.settings import ROOT
from tests.deploy.files import Image, context, image

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Installed:
    """The program and its packages, readable by every account and writable by none."""

    image: Image
    packages: Path
    code: Path

    def placed(self, text: str) -> str:
        """Where a path of the image is here."""
        here = text.replace(self.image.packages, str(self.packages))
        return here.replace(self.image.code, str(self.code))


def as_account(account: str, words: Sequence[str]) -> list[str]:
    """The command under that uid:gid, as a container runs it: no way to more rights than it has.

    Who is not root is an ordinary account already.
    """
    if os.geteuid() != 0:
        return list(words)
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("setpriv is missing: it is in Debian's util-linux")
    uid, gid = account.split(":")
    narrow = ("--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")
    return [setpriv, f"--reuid={uid}", f"--regid={gid}", *narrow, "--", *words]


def install(place: Path) -> Installed:
    """Follow the Dockerfile. Skips where no Python of ours lets another account in."""
    said = image()
    made = Installed(said, place / "venv", place / "code")
    python = _python(said.user)
    subprocess.run([python, "-m", "venv", "--without-pip", made.packages], check=True, cwd=place)
    library = made.packages / "lib" / f"python{VERSION}" / "site-packages"
    packages = {entry for name in _pinned() for entry in _entries(distribution(name))}
    subprocess.run(["cp", "-a", "-t", library, *sorted(packages)], check=True)
    for short in context():
        (made.code / short).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / short, made.code / short)
    _follow(made, said.steps[-1])
    return made


def _follow(made: Installed, step: str) -> None:
    """The image's own last step: compile everything, take the right to write from everybody."""
    assert "compileall" in step
    assert "chmod -R a-w,a+rX" in step
    subprocess.run(["/bin/sh", "-c", made.placed(step)], check=True)


def _python(account: str) -> str:
    """A Python of this version that the account may run: ours may lie below root's closed home."""
    for python in ("/usr/bin/python3", str(getattr(sys, "_base_executable", sys.executable))):
        say = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
        words = as_account(account, [python, "-c", say])
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
        if done.stdout.strip() == VERSION:
            return python
    pytest.skip(f"no Python {VERSION} that account {account} may run")


def _pinned() -> Iterator[str]:
    """What requirements.txt names for this machine."""
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            wanted = Requirement(line.removesuffix("\\").strip())
            if wanted.marker is None or wanted.marker.evaluate():
                yield wanted.name


def _entries(found: Distribution) -> Iterator[Path]:
    """What a package has put into the library, by its topmost names; commands are not needed."""
    library = Path(sysconfig.get_path("purelib"))
    for file in found.files or ():
        if not file.parts[0].startswith("..") and file.parts[0] != "__pycache__":
            yield library / file.parts[0]
