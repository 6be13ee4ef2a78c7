"""The shipped proxy file, before the services of a stack."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx
import pytest

from backend.settings import ROOT
from tests.deploy.installed import as_account
from tests.deploy.names import Names
from tests.deploy.stack import HOST, Stack

TEMPLATE = ROOT / "deploy" / "proxy" / "nginx.conf.template"


class _Template(Template):
    """As the image does it: `${PROXY_...}` from the environment, everything else stays."""

    pattern = r"\$\{(?P<braced>PROXY_\w+)\}|(?P<escaped>(?!))|(?P<named>(?!))|(?P<invalid>(?!))"


@dataclass(frozen=True)
class Proxy:
    stack: Stack
    names: Names
    http: int
    trust: ssl.SSLContext
    log: Path

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.stack.https}"

    def caller(self, address: str = "127.0.0.1") -> httpx.Client:
        """Somebody who calls from this address."""
        there = httpx.HTTPTransport(verify=self.trust, local_address=address)
        return httpx.Client(base_url=self.url, transport=there, timeout=20, trust_env=False)

    def line(self, trust: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A bare connection behind the handshake."""
        raw = socket.create_connection(("127.0.0.1", self.stack.https), timeout=15)
        try:
            return (trust or self.trust).wrap_socket(raw, server_hostname=HOST)
        except BaseException:
            raw.close()
            raise


@contextmanager
def a_proxy(stack: Stack, names: Names, http: int, trust: ssl.SSLContext) -> Iterator[Proxy]:
    """Skips where Debian's nginx is not installed."""
    if (nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    place = stack.place / "proxy"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    (stack.place / "acme").mkdir()
    here = {
        "PROXY_HTTP": f"127.0.0.1:{http}",
        "PROXY_HTTPS": f"127.0.0.1:{stack.https}",
        "PROXY_RESOLVER": names.address,
        "PROXY_ACME": str(stack.place / "acme"),
    }
    env = stack.environment("proxy", here)
    text = _Template(TEMPLATE.read_text()).substitute(env)
    (place / "nginx.conf").write_text(text)
    said = stack.service("proxy")
    program, *words = said["command"]
    assert program == "nginx"
    words = [word.replace("/tmp/", f"{place}/") for word in words]
    log = place / "log"
    log.touch()
    log.chmod(0o666)
    with log.open("ab") as lines:
        server = subprocess.Popen(
            as_account(said["user"], [nginx, *words]), stdout=lines, stderr=lines, cwd="/"
        )
    try:
        for _ in range(100):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", http)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield Proxy(stack, names, http, trust, log)
    finally:
        server.send_signal(3)  # as the image's STOPSIGNAL
        server.wait(30)
