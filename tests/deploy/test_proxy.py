"""Two API processes behind the shipped proxy file, with its limits hit."""

import re
import socket
import ssl
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from tests.deploy.another import before_another_api, ours
from tests.deploy.proxy import Proxy, a_proxy
from tests.deploy.stack import HOST
from tests.processes import free_port

pytestmark = pytest.mark.slow

POST = b"POST /sessions HTTP/1.1\r\nHost: localhost\r\n"
CANARY = "canary-4f1c"
FORGET_SECONDS = 3.2  # the proxy believes its name server for two seconds, counted in whole ones


def _is_problem(answer: httpx.Response, status: int, kind: str) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == f"urn:throughcare:problem:{kind}"
    assert said["status"] == status
    return bool(said["title"])


def _of_the_proxy(answer: httpx.Response) -> bool:
    """The program gives every answer of its own a number."""
    return "x-request-id" not in answer.headers


def _exchange(line: ssl.SSLSocket, sent: bytes) -> bytes:
    line.sendall(sent)
    got = b""
    while piece := line.recv(65536):
        got += piece
    return got


def test_an_answer_carries_what_a_browser_must_know_and_no_version(proxy: Proxy) -> None:
    with proxy.caller() as http:
        for path in ("/health/live", "/desk/sign-in", "/no/such/path"):
            answer = http.get(path)
            assert not _of_the_proxy(answer)
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["server"] == "nginx"


@pytest.mark.parametrize(
    "path",
    ["/no/such/path", "/docs", "/docs/openapi.json", "/.git/config", "/problem"],
)
def test_an_unknown_path_is_404(proxy: Proxy, path: str) -> None:
    with proxy.caller() as http:
        assert _is_problem(http.get(path), 404, "not-found")


@pytest.mark.parametrize("path", ["/health/ready", "/health/%72eady", "//health/ready"])
def test_what_is_out_of_order_is_not_told_outside(proxy: Proxy, path: str) -> None:
    with proxy.caller() as http:
        answer = http.get(path)
        assert _is_problem(answer, 404, "not-found")
        assert "agency" not in answer.text


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_gets_through(proxy: Proxy) -> None:
    limit = 256 * 1024

    def in_pieces() -> Iterator[bytes]:
        for _ in range(9):
            yield b" " * (limit // 8)

    with proxy.caller() as http:
        for body in (b" " * (limit + 1), in_pieces()):
            answer = http.post("/sessions", content=body)
            assert _is_problem(answer, 413, "too-large")
            assert _of_the_proxy(answer)
        answer = http.post(
            "/sessions", content=b" " * limit, headers={"Content-Type": "application/json"}
        )
        assert _is_problem(answer, 400, "bad-input")
        assert not _of_the_proxy(answer)


def test_an_update_may_be_larger_than_a_request(proxy: Proxy) -> None:
    with proxy.caller() as http:
        assert http.post("/telegram", content=b" " * 1024 * 1024).status_code == 401
        answer = http.post("/telegram", content=b" " * (1024 * 1024 + 1))
        assert _is_problem(answer, 413, "too-large")
        assert http.get("/telegram").status_code == 405
        assert _is_problem(http.post("/telegram/more"), 404, "not-found")


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"X-Large": "x" * 9000}, "/health/live", 431),
        ({f"X-{n}": "x" * 4000 for n in range(9)}, "/health/live", 431),
        ({}, "/health/live?" + "x" * 9000, 414),
    ],
)
def test_a_header_over_the_limit_is_refused(
    proxy: Proxy, headers: dict[str, str], path: str, status: int
) -> None:
    with proxy.caller() as http:
        assert _is_problem(http.get(path, headers=headers), status, "too-large")


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n1234",
        POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        b"GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(proxy: Proxy, head: bytes) -> None:
    with proxy.line() as line:
        got = _exchange(line, head)
    assert re.match(rb"HTTP/1.1 (400|501) |$", got), got
    assert got.count(b"HTTP/1.1") <= 1
    assert b"X-Request-Id" not in got


def test_slow_callers_are_closed_within_ten_seconds_and_hold_up_nobody(proxy: Proxy) -> None:
    silent = [socket.create_connection(("127.0.0.1", proxy.https), timeout=15) for _ in range(200)]
    slow = [proxy.line() for _ in range(100)]
    for line in slow:
        line.sendall(b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    with proxy.caller("127.0.0.11") as http:
        while time.monotonic() - began < 3:
            for line in slow:
                line.sendall(b"X: y\r\n")
            asked = time.monotonic()
            assert http.get("/health/live").status_code == 200
            assert time.monotonic() - asked < 2
            time.sleep(0.5)
        for one in [*silent, *slow]:
            one.settimeout(max(0.1, began + 10 - time.monotonic()))
            assert _ended(one)
            one.close()
    assert time.monotonic() - began < 10


def _ended(line: socket.socket) -> bool:
    """Whether the other side has ended it without an answer."""
    try:
        return line.recv(1) == b""
    except ConnectionError:
        return True


def test_too_many_requests_of_one_address_are_429_and_others_go_on(proxy: Proxy) -> None:
    spoofs = (
        {"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.1.{n}"} for n in range(250)
    )
    with proxy.caller("127.0.0.21") as noisy, proxy.caller("127.0.0.22") as quiet:
        answers = [noisy.get("/health/live", headers=spoof) for spoof in spoofs]
        assert quiet.get("/health/live").status_code == 200
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) == {200, 429}
    assert counted[200] >= 100
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert _is_problem(refused, 429, "too-many-tries")
    assert refused.headers["retry-after"] == "10"
    assert "strict-transport-security" in refused.headers


def test_signing_in_has_a_limit_of_its_own_however_its_path_is_written(proxy: Proxy) -> None:
    paths = ("/sessions", "/sessions/", "//sessions", "/%73essions", "/court/token")
    with proxy.caller("127.0.0.31") as http:
        answers = [http.post(paths[n % 5], json={}).status_code for n in range(40)]
        assert Counter(answers)[429] >= 10
        assert http.get("/health/live").status_code == 200


def test_too_many_connections_of_one_address_are_429(proxy: Proxy) -> None:
    def slow(_: BaseHTTPRequestHandler) -> object:
        time.sleep(2)
        return {}

    with before_another_api(proxy, slow, ours(proxy)) as before, ThreadPoolExecutor(60) as callers:

        def ask(_: int) -> int:
            with before.caller() as http:
                return http.get("/plans").status_code

        counted = Counter(callers.map(ask, range(60)))
    assert counted == {200: 40, 429: 20}


def test_nothing_that_a_client_says_about_itself_reaches_the_program(proxy: Proxy) -> None:
    spoofed = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Host": CANARY,
        "X-Forwarded-Proto": CANARY,
        "X-Real-IP": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X-User-ID": CANARY,
        "X-Original-URL": CANARY,
        "X-Client-Cert": CANARY,
        "Subject-Distinguished-Name": CANARY,
        "Proxy": CANARY,
        "Connection": "X-Kept",
        "X-Kept": CANARY,
    }
    kept = {"Authorization": "Bearer x", "If-Match": '"1"', "Cookie": "a=b", "Origin": "null"}
    kept["DPoP"] = "a.court.proof"
    with (
        before_another_api(proxy, lambda asked: dict(asked.headers.items()), ours(proxy)) as before,
        before.caller() as http,
    ):
        seen = http.get("/plans", headers={**spoofed, **kept}).json()
    assert {name: seen[name] for name in kept} == kept
    assert seen["Host"] == f"{HOST}:{before.https}"
    assert set(seen) <= {*kept, "Host", "Accept", "X-Real-IP"}
    assert seen["X-Real-IP"].startswith("127.")  # the proxy's own word, not the client's


def test_a_killed_api_process_is_not_missed_and_its_successor_is_found(proxy: Proxy) -> None:
    stack = proxy.stack
    first, second = stack.of("api")
    first.process.kill()
    first.process.wait()
    with proxy.caller("127.0.0.51") as http:
        answers = [http.get("/health/live").status_code for _ in range(60)]
        assert set(answers) == {200}
        posts = [http.post("/plans", json={}).status_code for _ in range(20)]
        assert set(posts) == {401}
        stack.leave(first)
        again = stack.start("api", 20)
        stack.join(again)
        stack.healthy(again)
        time.sleep(FORGET_SECONDS)
        second.process.kill()
        second.process.wait()
        assert {http.get("/health/live").status_code for _ in range(20)} == {200}
    stack.leave(second)
    last = stack.start("api", 21)
    stack.join(last)
    stack.healthy(last)


def test_where_no_api_is_left_it_says_when_to_come_again(proxy: Proxy) -> None:
    nobody = {"api": [f"{proxy.stack.net}.98"]}
    with (
        a_proxy(proxy.stack, nobody, free_port(), proxy.trust) as before,
        before.caller() as http,
    ):
        for path, status in (("/plans", 502), ("/telegram", 502)):
            answer = http.post(path)
            assert _is_problem(answer, status, "try-again")
            assert answer.headers["retry-after"] == "5"


def test_plain_http_is_refused_to_programs_and_leads_pages_on(proxy: Proxy) -> None:
    challenges = proxy.stack.place / "acme" / ".well-known" / "acme-challenge"
    challenges.mkdir(parents=True)
    (challenges / "a").write_text("b")
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.http}", trust_env=False) as http:
        for method, path in (
            ("GET", "/plans"),
            ("GET", "/health/live"),
            ("POST", "/sessions"),
            ("POST", "/desk/sign-in"),
            ("POST", "/file/enter"),
            ("GET", "/files"),
            ("POST", "/telegram"),
            ("GET", "/.well-known/other"),
        ):
            assert _is_problem(http.request(method, path), 403, "https-only")
        for path in ("/desk", "/desk/sign-in?to=/desk", "/file/enter"):
            answer = http.get(path, headers={"Host": "elsewhere.example"})
            assert answer.status_code == 308
            assert answer.headers["location"] == f"https://{HOST}{path}"
        assert http.get("/.well-known/acme-challenge/a").text == "b"


def test_the_bare_address_leads_to_the_pages(proxy: Proxy) -> None:
    with proxy.caller() as http:
        answer = http.get("/")
        assert (answer.status_code, answer.headers["location"]) == (308, "/desk")


@pytest.mark.parametrize("name", [None, "elsewhere.example"])
def test_who_does_not_know_our_name_sees_no_certificate(proxy: Proxy, name: str | None) -> None:
    open_eyes = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    open_eyes.check_hostname, open_eyes.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=15) as raw,
        pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
    ):
        open_eyes.wrap_socket(raw, server_hostname=name)


def test_another_name_behind_our_handshake_is_not_answered(proxy: Proxy) -> None:
    with proxy.line() as line:
        assert _exchange(line, b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n") == b""


@pytest.mark.parametrize(
    ("version", "ciphers", "spoken"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", None),
        (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256", None),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256", None),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_3, "DEFAULT", "TLSv1.3"),
    ],
)
def test_only_tls_with_forward_secrecy_is_spoken(
    proxy: Proxy, version: ssl.TLSVersion, ciphers: str, spoken: str | None
) -> None:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are asked for on purpose
        trust.minimum_version = trust.maximum_version = version
    trust.set_ciphers(ciphers)
    if spoken is None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            proxy.line(trust).close()
        return
    with proxy.line(trust) as line:
        assert line.version() == spoken


def test_the_health_check_of_the_proxy_passes(proxy: Proxy) -> None:
    kind, *words = proxy.stack.service("proxy")["healthcheck"]["test"]
    assert (kind, words[0]) == ("CMD", "curl")
    asked = words[-1].replace("8080", str(proxy.http))
    assert httpx.get(asked, trust_env=False).status_code < 500


def test_no_line_of_the_proxy_holds_an_address_or_a_path(proxy: Proxy) -> None:
    with proxy.caller("127.0.0.71") as http:
        http.get(f"/{CANARY}?name={CANARY}")
        http.get(f"/health/live?{CANARY}" + "x" * 9000)
        http.get(f"/health/live?{CANARY}", headers={"X-Large": "x" * 9000})
        http.post(f"/{CANARY}", content=b" " * 300_000)
        for _ in range(150):
            http.get(f"/health/live?{CANARY}")
    with proxy.line() as line:
        _exchange(line, b"GET /canary-4f1c HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")
    said = proxy.log.read_text()
    assert said.count("\n") > 150
    assert CANARY not in said
    assert "127.0.0" not in said
    assert " 429 GET " in said
