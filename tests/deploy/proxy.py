"""The shipped proxy file, before the services of a stack."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from backend.settings import ROOT
from tests.deploy.installed import as_account
from tests.deploy.names import serving_names
from tests.deploy.stack import HOST, Stack
from tests.processes import free_port

TEMPLATE = ROOT / "deploy" / "proxy" / "nginx.conf.template"


@dataclass(frozen=True)
class Proxy:
    stack: Stack
    http: int
    https: int
    trust: ssl.SSLContext
    log: Path

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.https}"

    def caller(self, address: str = "127.0.0.1") -> httpx.Client:
        """Somebody who calls from this address."""
        there = httpx.HTTPTransport(verify=self.trust, local_address=address)
        return httpx.Client(base_url=self.url, transport=there, timeout=20, trust_env=False)

    def line(self, trust: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A bare connection behind the handshake."""
        raw = socket.create_connection(("127.0.0.1", self.https), timeout=15)
        try:
            return (trust or self.trust).wrap_socket(raw, server_hostname=HOST)
        except BaseException:
            raw.close()
            raise


@contextmanager
def a_proxy(
    stack: Stack,
    known: Mapping[str, Sequence[str]],
    https: int,
    trust: ssl.SSLContext,
    **more: str,
) -> Iterator[Proxy]:
    """A proxy that finds these names. Skips where Debian's nginx is not installed."""
    if (nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    http = free_port()
    place = stack.place / f"proxy-{https}"
    place.mkdir()
    place.chmod(0o777)
    log = place / "log"
    log.touch()
    log.chmod(0o666)
    said = stack.service("proxy")
    program, *words = said["command"]
    assert program == "nginx"
    with serving_names(known) as names, log.open("ab") as lines:
        here = {
            "PROXY_HTTP": f"127.0.0.1:{http}",
            "PROXY_HTTPS": f"127.0.0.1:{https}",
            "PROXY_RESOLVER": names,
            **more,
        }
        (place / "nginx.conf").write_text(_filled(stack.environment("proxy", here)))
        where = stack.service("proxy")["environment"]["NGINX_ENVSUBST_OUTPUT_DIR"]
        words = [nginx, *(word.replace(f"{where}/", f"{place}/") for word in words)]
        server = subprocess.Popen(
            as_account(said["user"], words), stdout=lines, stderr=lines, cwd="/"
        )
        try:
            _wait_for(http, server, log)
            yield Proxy(stack, http, https, trust, log)
        finally:
            server.send_signal(signal.SIGQUIT)  # as the image's STOPSIGNAL
            server.wait(30)


def _filled(env: Mapping[str, str]) -> str:
    """As the image does it: `${PROXY_...}` from the environment, everything else stays."""
    return re.sub(r"\$\{(PROXY_\w+)\}", lambda found: env[found[1]], TEMPLATE.read_text())


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(100):
        assert server.poll() is None, log.read_text()
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
