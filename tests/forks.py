"""The program in forks of a process that has imported it once: a start is a second cheaper.

What a fork does is `./run VERB` from its first line on; only the loading of its libraries lies
before. The tests of the command line itself, and of `./run`, start the real thing.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory

from throughcare import VERBS, main

_FORKS = get_context("forkserver")
# A worker draws who it is when its modules are loaded, so it loads them itself.
_VERBS = ("admin", "api", "audit", "backup", "bot", "keys", "restore")
_FORKS.set_forkserver_preload(
    ["throughcare", "apscheduler.schedulers.asyncio", *(VERBS[verb][0] for verb in _VERBS)]
)


class Fork:
    """As much of `subprocess.Popen` as tests use."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> None:
        self._process = _FORKS.Process(target=_become, args=(words, dict(env), out, err))
        self._words = words
        self._process.start()

    @property
    def pid(self) -> int:
        found = self._process.pid
        assert found is not None
        return found

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired(self._words, timeout or 0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def run(words: Sequence[str], env: Mapping[str, str], seconds: float = 60) -> CompletedProcess[str]:
    """Run a verb to its end, with nothing to read from; what it printed is in the answer."""
    with TemporaryDirectory(prefix="throughcare-tests-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = Fork(words, env, out, err).wait(seconds)
        said = [file.read_text(encoding="utf-8") for file in (out, err)]
    return CompletedProcess(list(words), code, *said)


def _become(words: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    for number, file in ((0, Path(os.devnull)), (1, out), (2, err)):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["./run", *words]
    main(list(words), prog_name="./run")
