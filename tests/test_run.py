import ast
import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backend.settings import ROOT

BASE = str(Path(sys.executable).resolve())  # the Python that .venv was made from
PROGRAM = """
VERBS = {"up": ("nowhere", "says what it was given"), "bench": ("nowhere", "likewise")}
if __name__ == "__main__":
    import os, sys, time, probe
    print(os.getpid(), probe.NUMBER, *sys.argv[1:], flush=True)
    if "--wait" in sys.argv:
        time.sleep(60)
    sys.exit(7)
"""


@dataclass(frozen=True)
class Project:
    """A small project with our ./run, and packages of its own that come from a folder."""

    root: Path
    wheels: Path
    path: str

    def require(self, file: str, package: str, number: int) -> None:
        line = f"{package}=={number} --hash=sha256:{_wheel(self.wheels, package, number)}\n"
        (self.root / file).write_text(line)

    def start(self, *words: str, python: str = BASE, cwd: Path = ROOT) -> "subprocess.Popen[str]":
        env = {
            "PATH": self.path,
            "HOME": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1",
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
        }
        return subprocess.Popen(
            [python, str(self.root / "run"), *words],
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, python: str = BASE) -> tuple[int, str, str]:
        """The exit code, what it said, and what it said beside that."""
        process = self.start(*words, python=python)
        said, beside = process.communicate(timeout=60)
        return process.returncode, said, beside


def _wheel(folder: Path, package: str, number: int, *more: str) -> str:
    """Write the wheel of a package that holds a number, with lines about itself; its hash."""
    path = folder / f"{package}-{number}-py3-none-any.whl"
    files = {
        f"{package}.py": f"NUMBER = {number}\nif __name__ == '__main__': print('{package}')\n",
        f"{package}-{number}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\n"
        f"Version: {number}\n" + "".join(f"{line}\n" for line in more),
        f"{package}-{number}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = f"{package}-{number}.dist-info/RECORD"
    lines = [f"{name},{_record_hash(text)},{len(text)}" for name, text in files.items()]
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, record: "\n".join([*lines, f"{record},,\n"])}.items():
            wheel.writestr(zipfile.ZipInfo(name), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _answers(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """Neither uv nor anything else on PATH."""
    root, wheels, path = tmp_path / "a place", tmp_path / "wheels", tmp_path / "bin"
    for folder in (root, wheels, path):
        folder.mkdir()
    shutil.copy(ROOT / "run", root)
    (root / "throughcare.py").write_text(PROGRAM)
    project = Project(root, wheels, str(path))
    project.require("requirements.txt", "probe", 1)
    project.require("requirements-dev.txt", "pytest", 1)
    return project


@pytest.fixture(params=["pip", "uv"])
def with_either(bare: Project, request: pytest.FixtureRequest) -> Project:
    if request.param == "pip" and not _answers(BASE, "-m", "pip", "--version"):
        pytest.skip("this Python has no pip")
    if request.param == "uv" and not _give_uv(bare):
        pytest.skip("there is no uv here")
    return bare


@pytest.fixture
def project(bare: Project) -> Project:
    """With whatever can install here."""
    _give_uv(bare)
    return bare


def _give_uv(project: Project) -> bool:
    uv = shutil.which("uv")
    if not uv or not _answers(uv, "--version"):
        return False
    _program(project, "uv", f'PATH="{os.environ["PATH"]}" exec "{uv}" "$@"')  # it may be a shim
    return True


def _program(project: Project, name: str, lines: str) -> None:
    path = Path(project.path) / name
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


def test_help_names_every_verb_and_installs_nothing(bare: Project) -> None:
    code, said, _ = bare.run("--help")
    assert code == 0
    assert {line.split()[0] for line in said.splitlines() if line.startswith("  ")} == {
        "up",
        "bench",
        "test",
        "check",
    }
    for verb in ("test", "check"):
        assert bare.run(verb, "--help")[1].startswith(f"Usage: ./run {verb}")
    assert not (bare.root / ".venv").exists()


def test_a_verb_that_is_none_is_one_line_and_installs_nothing(bare: Project) -> None:
    code, said, beside = bare.run("dance")
    assert (code, said, beside.count("\n")) == (2, "", 1)
    assert not (bare.root / ".venv").exists()


def test_the_help_of_this_project_names_what_the_command_line_has() -> None:
    done = subprocess.run(
        [BASE, str(ROOT / "run"), "-h"], capture_output=True, text=True, check=True
    )
    for verb in ("up", "api", "bot", "worker", "migrate", "admin", "story", "openapi", "check"):
        assert f"\n  {verb} " in done.stdout


def test_each_start_installs_what_is_missing_and_says_so_in_one_line(with_either: Project) -> None:
    project, mark = with_either, with_either.root / ".venv" / "mark"
    code, said, beside = project.run("up", "--port", "1")
    assert (code, said.split()[1:]) == (7, ["1", "up", "--port", "1"])
    assert beside == "first start: installing into .venv ...\n"
    code, said, beside = project.run()
    assert (code, said.split()[1:], beside) == (7, ["1", "up"], "")

    mark.touch()
    code, said, beside = project.run("test", "some", "words")
    assert (code, said, beside.count("\n")) == (0, "pytest\n", 1)
    assert project.run("test") == (0, "pytest\n", "")
    assert project.run("bench")[2] == ""
    assert mark.exists(), "tools come on top"

    project.require("requirements.txt", "probe", 2)
    assert project.run()[1].split()[1:] == ["2", "up"]
    assert not mark.exists(), "other requirements make it anew"


def test_what_was_only_half_made_is_made_anew(project: Project) -> None:
    project.run()
    (project.root / ".venv" / "mark").touch()
    (project.root / ".venv" / ".requirements").unlink()
    assert project.run()[2].startswith("first start")
    assert not (project.root / ".venv" / "mark").exists()


def test_a_package_that_is_not_the_pinned_one_is_refused(project: Project) -> None:
    (project.root / "requirements.txt").write_text(f"probe==1 --hash=sha256:{'0' * 64}\n")
    code, said, beside = project.run()
    assert (code, said) == (2, "")
    assert beside.splitlines()[-1].startswith("run: installing failed")
    project.require("requirements.txt", "probe", 1)
    assert project.run()[0] == 7


def test_a_newer_release_of_what_a_package_asks_for_with_an_extra_changes_nothing(
    with_either: Project,
) -> None:
    """As pydantic[email] of piccolo: some pips looked past the pin and found the newer one."""
    project = with_either
    extra = "Provides-Extra: more"
    probe = _wheel(project.wheels, "probe", 1, extra)
    wants = _wheel(project.wheels, "wants", 1, "Requires-Dist: probe[more]")
    _wheel(project.wheels, "probe", 2, extra)
    lines = [f"probe==1 --hash=sha256:{probe}\n", f"wants==1 --hash=sha256:{wants}\n"]
    (project.root / "requirements.txt").write_text("".join(lines))
    code, said, beside = project.run()
    assert (code, said.split()[1:2]) == (7, ["1"]), beside


def test_check_runs_every_step_and_ends_with_the_first_failure(project: Project) -> None:
    code, said, _ = project.run("check")  # of the tools, only a pytest is there
    assert [line for line in said.splitlines() if line.startswith("==")] == [
        "== ruff format --check .",
        "== ruff check .",
        "== mypy .",
        "== lint-imports",
        "== pytest tests/guards",
        "== failed: ruff format --check ., ruff check ., mypy ., lint-imports",
    ]
    assert code == 1


def test_two_at_once_do_not_disturb_each_other(project: Project) -> None:
    both = [project.start(), project.start()]
    said = sorted(process.communicate(timeout=60)[1] for process in both)
    assert [process.returncode for process in both] == [7, 7]
    assert said[0] == "first start: installing into .venv ...\n"
    assert said[1] in ("", "waiting for another ./run that is installing ...\n")


def test_signals_reach_the_program_itself(project: Project) -> None:
    process = project.start("up", "--wait")
    assert process.stdout
    assert int(process.stdout.readline().split()[0]) == process.pid
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM


def test_a_uv_that_does_not_work_is_as_good_as_none(bare: Project) -> None:
    if not _answers(BASE, "-m", "pip", "--version"):
        pytest.skip("this Python has no pip")
    _program(bare, "uv", "exit 127")
    assert bare.run()[0] == 7


def test_without_uv_and_pip_one_line_names_the_package(bare: Project, tmp_path: Path) -> None:
    subprocess.run([BASE, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    code, said, beside = bare.run(python=str(tmp_path / "v" / "bin" / "python"))
    assert (code, said, beside.count("\n")) == (2, "", 1)
    assert "python3-pip" in beside


def test_an_installation_goes_on_alone_when_its_run_is_killed(bare: Project) -> None:
    """What it writes must not mix with what the next ./run writes: that one waits."""
    started, late = bare.wheels / "started", bare.root / ".venv" / "late"
    slow = f'echo > "{started}"; {shutil.which("sleep")} 1; echo > "{late}"'
    _program(bare, "uv", f'if [ "$1" != --version ]; then {slow}; fi')
    with bare.start() as killed:
        while not started.exists():
            time.sleep(0.01)
        killed.kill()
        _program(bare, "uv", "exit 0")
        assert "waiting for another ./run" in bare.run()[2]
    assert not late.exists()


def test_a_place_that_cannot_be_written_is_one_line(bare: Project) -> None:
    (bare.root / ".venv").touch()
    code, said, beside = bare.run()
    assert (code, said, beside.count("\n")) == (2, "", 1)
    assert str(bare.root / ".venv") in beside


def test_an_old_python_is_told_so_in_one_line() -> None:
    source = (ROOT / "run").read_text()
    ast.parse(source, feature_version=(3, 7))  # it has to get as far as that line
    code = f"import sys; sys.version_info = (3, 10, 9); exec({source!r})"
    done = subprocess.run([BASE, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "3.11 or newer" in done.stderr


def test_the_pins_are_whole() -> None:
    """Nothing but the pins is installed, so each package has to find there what it asks for."""
    lines = [
        line.split(" ;")[0].split(" \\")[0]
        for file in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / file).read_text().splitlines()
        if "==" in line
    ]
    pins = {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}
    here = {canonicalize_name(dist.metadata["Name"]): dist for dist in distributions()}
    asked = [(name, "") for name in pins if name in here]
    for name, extra in asked:  # which grows by what is asked for with an extra
        for wanted in map(Requirement, here[name].requires or ()):
            if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
                continue
            pinned = canonicalize_name(wanted.name)
            assert wanted.specifier.contains(pins[pinned], prereleases=True), (name, str(wanted))
            asked += {(pinned, more) for more in wanted.extras} - set(asked)
    assert ("pydantic", "email") in asked


def test_no_pin_names_a_registry() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / file).read_text()
