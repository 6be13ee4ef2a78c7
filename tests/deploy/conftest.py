"""One server for the tests of this folder: the services of compose.yaml, the proxy before them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pyrage import x25519

from bots.channels.telegram import STAND_IN_TOKEN
from tests.deploy.installed import Installed, install
from tests.deploy.outside import Certificate, a_chat_service, certificate
from tests.deploy.proxy import Proxy, a_proxy
from tests.deploy.stack import HOST, SOCKET, Stack, a_postgres, give, make_secrets
from tests.processes import free_port

FIRST = {
    "--name": "Horizon",
    "--service-alias": "Horizon Desk",
    "--zone": "Africa/Tunis",
    "--language": "en",
    "--emergency-number": "190",
    "--crisis-line": "80 10 10",
    "--crisis-text": "Somebody will call you.",
    "--duty-phone": "71 000 000",
    "--bot-username": "horizon_desk_bot",
    "--login": "first",
    "--alias": "Sam",
}
MEMORY, ROOM = Path("/dev/shm"), 2**30  # noqa: S108 - a fresh folder in it


@pytest.fixture(scope="package")
def place() -> Iterator[Path]:
    """A folder that every account may enter: in memory where there is room, for 10,000 files."""
    made = Path(tempfile.mkdtemp(prefix="throughcare-deploy-", dir=_memory()))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def _memory() -> Path | None:
    with suppress(OSError):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC:
            return MEMORY
    return None


@pytest.fixture(scope="package")
def installed(place: Path) -> Installed:
    return install(place)


@pytest.fixture(scope="package")
def vouched() -> Certificate:
    return certificate(HOST)


@pytest.fixture(scope="package")
def stack(place: Path, installed: Installed, vouched: Certificate) -> Iterator[Stack]:
    with a_chat_service(vouched.trust()) as telegram:
        made = Stack(place, installed, https=free_port(), telegram=telegram)
        _make_secrets(made, vouched)
        with a_postgres(made):
            migrated = made.run("migrate")
            assert migrated.returncode == 0, migrated.stderr
            try:
                _start(made)
                yield made
            finally:
                made.stop()


def _start(made: Stack) -> None:
    """As many of each service as the file says."""
    number = 2
    for name in ("api", "worker", "bot"):
        for _ in range(made.service(name)["deploy"].get("replicas", 1)):
            made.join(made.start(name, number, made.outside(name)))
            number += 1
    for one in made.running:
        made.healthy(one)


def _make_secrets(made: Stack, vouched: Certificate) -> None:
    """As docs/deploy.md says; then the socket's folder is where it is in this run."""
    identity = x25519.Identity.generate()
    (made.place / "identity").write_text(str(identity))
    assert make_secrets(made.secrets).returncode == 0
    for name, said in {
        "telegram_token": STAND_IN_TOKEN,
        "backup_recipients": str(identity.to_public()),
        "tls_certificate": vouched.chain,
        "tls_key": vouched.key,
    }.items():
        done = make_secrets(made.secrets, name, said=said)
        assert done.returncode == 0, done.stderr
    made.secrets.chmod(0o711)  # an engine hands in each file by itself
    for path in made.secrets.glob("*database_url"):
        path.chmod(0o600)
        path.write_text(path.read_text().replace(SOCKET, str(made.socket)))
        path.chmod(0o400)
    backups = made.place / "backups"
    backups.mkdir()
    give(backups, made.service("backup")["user"])
    heads = made.place / "heads"
    heads.mkdir()
    give(heads, made.service("worker")["user"])


@pytest.fixture(scope="package")
def agency(stack: Stack) -> str:
    """The first agency, made as docs/deploy.md says; the password of its administrator."""
    password = stack.place / "password"
    password.write_text("a long enough password")
    given = [word for pair in FIRST.items() for word in pair]
    done = stack.run("admin", ["admin", "first", *given, "--password-file", str(password)])
    assert done.returncode == 0, done.stderr
    assert "The chat is that of bot" in done.stdout
    return password.read_text()


@pytest.fixture(scope="package")
def proxy(stack: Stack, vouched: Certificate) -> Iterator[Proxy]:
    with a_proxy(stack, stack.known, stack.https, vouched.trust()) as made:
        yield made
