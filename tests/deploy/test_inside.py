"""Between the proxy and the program: TLS with the installation's own certificate."""

import json
import signal
import socket
import ssl
import tempfile
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend.settings import read
from tests.deploy.another import Shown, before_another_api, ours
from tests.deploy.outside import certificate
from tests.deploy.proxy import Proxy
from tests.deploy.stack import Running, Stack

pytestmark = pytest.mark.slow

USUAL = read({})
PORTS = {"api": USUAL.api_port, "bot": USUAL.webhook_port}
CLEAR = b"GET /health/live HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"


def _line(one: Running, trust: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    raw = socket.create_connection((one.address, PORTS[one.service]), timeout=10)
    try:
        return trust.wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


def _trust(stack: Stack) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=stack.secrets / "inside_certificate")


def _another(stack: Stack, name: str) -> Shown:
    """A certificate under this name that is not ours; every account may read the files."""
    made = certificate(name)
    folder = Path(tempfile.mkdtemp(dir=stack.place))
    folder.chmod(0o755)
    for file, text in (("certificate", made.chain), ("key", made.key)):
        (folder / file).write_text(text)
        (folder / file).chmod(0o644)
    return Shown(str(folder / "certificate"), str(folder / "key"))


@pytest.mark.parametrize("name", ["api", "bot"])
def test_the_program_shows_its_own_certificate_under_its_name_in_tls_1_3(
    stack: Stack, name: str
) -> None:
    for one in stack.of(name):
        with _line(one, _trust(stack), name) as line:
            assert line.version() == "TLSv1.3"
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            _line(one, _trust(stack), "localhost")
        older = _trust(stack)
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            _line(one, older, name)


@pytest.mark.parametrize("name", ["api", "bot"])
def test_plain_http_is_not_answered_inside(stack: Stack, name: str) -> None:
    for one in stack.of(name):
        with socket.create_connection((one.address, PORTS[name]), timeout=10) as line:
            line.sendall(CLEAR)
            got = b""
            try:
                while piece := line.recv(65536):
                    got += piece
            except ConnectionError:
                pass
        assert b"HTTP" not in got


def test_a_program_with_another_certificate_gets_no_request(proxy: Proxy) -> None:
    other = _another(proxy.stack, "api")
    for shown in (other, None):
        assert _asked_in_vain(proxy, shown) == []


def test_a_certificate_that_is_trusted_counts_under_the_name_of_its_service_alone(
    proxy: Proxy,
) -> None:
    other = _another(proxy.stack, "elsewhere")
    trusted = {"PROXY_INSIDE_CERTIFICATE": other.certificate}
    assert _asked_in_vain(proxy, other, **trusted) == []


def test_a_program_with_ours_is_asked(proxy: Proxy) -> None:
    with (
        before_another_api(proxy, lambda _: {"here": True}, ours(proxy)) as before,
        before.caller() as http,
    ):
        assert http.get("/plans").json() == {"here": True}


def test_no_request_waits_for_an_acknowledgement(proxy: Proxy) -> None:
    took = []
    with proxy.caller("127.0.0.81") as http:
        for _ in range(20):
            began = time.monotonic()
            assert http.get("/health/live").status_code == 200
            took.append(time.monotonic() - began)
    assert min(took) < 0.035  # a kernel holds an acknowledgement back for 40 ms


def _asked_in_vain(proxy: Proxy, shown: Shown | None, **more: str) -> list[str]:
    """The callers are told to come again; what the API behind was asked meanwhile."""
    came: list[str] = []

    def note(asked: BaseHTTPRequestHandler) -> object:
        came.append(asked.requestline)
        return {}

    with before_another_api(proxy, note, shown, **more) as before, before.caller() as http:
        answer = http.get("/plans", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 502
        assert answer.json()["type"] == "urn:throughcare:problem:try-again"
        assert answer.headers["retry-after"] == "5"
    return came


@pytest.mark.parametrize("name", ["api", "bot"])
def test_a_health_check_believes_no_other_certificate(stack: Stack, name: str) -> None:
    other = _another(stack, name)
    one = stack.of(name)[0]
    files = {"LISTEN_CERTIFICATE_FILE": other.certificate, "LISTEN_KEY_FILE": other.key}
    done = stack.check(Running(name, one.process, one.log, one.address, {**one.more, **files}))
    assert (done.returncode, done.stderr) == (1, f"{name}: ConnectError\n")


def test_an_operator_reads_what_is_out_of_order_from_inside(stack: Stack) -> None:
    done = stack.exec(stack.of("api")[0], ["python", "-m", "deploy.health", "ready"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).keys() == {"ready", "reasons"}


def test_a_line_that_is_kept_open_holds_up_no_end(stack: Stack) -> None:
    one = stack.start("api", 30)
    try:
        stack.healthy(one)
        with _line(one, _trust(stack), "api") as line:
            line.sendall(CLEAR.replace(b"Connection: close\r\n", b""))
            assert line.recv(65536).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            grace = int(stack.service("api")["stop_grace_period"].removesuffix("s"))
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(grace) == 0, one.said
            assert time.monotonic() - began < grace
    finally:
        one.end(1)
