"""What stands on the wire: a request's bytes, and bytes that are hardly a request any more."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.backend.strange import Request


@dataclass(frozen=True)
class Sent:
    """`sure` says that it is one request with its end, to which there has to be an answer.

    Where it is not, the server may have to wait for the rest, and may close what it cannot read.
    """

    data: bytes
    amiss: str
    sure: bool = True
    method: str = "GET"
    answers: int = 1


# fmt: off
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PURGE",
           b"CONNECT", b"PRI", b"get", b"", b"G\x00T", b"X" * 300, b"SUBSCRIBE", b"QUERY", b"\xff"]
TARGETS = [b"//plans", b"/plans/../plans", b"/%2e%2e/%2e%2e/etc", b"*", b"", b"http://x/plans",
           b"/plans\xff\xfe", b"/pl ans", b"/plans#a", b"/plans;a=b", b"/%00", b"/%ff%fe", b"/%",
           b"/" + b"a" * 30_000, b"/plans?" + b"a=b&" * 3000, b"plans", b"/plans\x00", b"/\r\n",
           b"http://[::1/plans", b"//[", b"/plans?%ff=%ff", b"/desk/%e2%80%ae", b"http:///", b"?"]
HEADERS = [b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Transfer-Encoding: x, y",
           b"Transfer-Encoding : chunked", b"Content-Length: 0", b"Content-Length: 5",
           b"Content-Length: 99999999999999999999", b"Content-Length: -1", b"Content-Length: +3",
           b"Content-Length: 3, 3", b"Content-Length: 0x3", b"Content-Length: ", b"No colon at all",
           b" folded: yes", b": nameless", b"A: \x00", b"A: a\rB: b", b"A: " + b"x" * 70_000,
           b"\xff\xfe: x", b"A: \xff\xfe\xfd", b"Host: a\r\nHost: b", b"Expect: 100-continue",
           b"Expect: nothing", b"Connection: close", b"Connection: upgrade\r\nUpgrade: websocket",
           b"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA", b"Connection: x" * 9,
           b"Authorization: Bearer a\r\nAuthorization: Bearer b", b"If-Match: 1\r\nIf-Match: 2",
           b"Idempotency-Key: a\r\nIdempotency-Key: b", b"Cookie: a=b\r\nCookie: a=c",
           b"Content-Type: application/json\r\nContent-Type: text/plain", b"TE: trailers",
           b"\r\n".join(b"X-%d: y" % n for n in range(500)), b"Content_Length: 3", b"\tA: b",
           b"Content-Encoding: gzip", b"X-Purpose: care\r\nX-Purpose: audit", b"Trailer: A"]
VERSIONS = [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/9", b"http/1.1", b"", b"X"]
CHUNKS = [b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n0\r\n\r\n", b"ffffffffffffffffff\r\nabc",
          b"3;a=b\r\n[1]\r\n0\r\n\r\n",
          b"3\r\nabcd\r\n0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"0\r\n\r\n",
          b"3\nabc\n0\n\n", b"1\r\n{\r\n" * 500 + b"0\r\n\r\n", b"3\r\nab"]
# fmt: on


def framed(request: Request) -> Sent:
    """As any client would put it on the wire."""
    head = _head(request.method.encode(), request.target.encode("ascii", "replace"), request)
    length = b"" if request.method == "GET" and not request.body else _length(request.body)
    data = head + length + b"\r\n" + request.body
    return Sent(data, request.amiss, method=request.method)


def on_the_wire(request: Request, chance: random.Random) -> Sent:
    """The same with something amiss in how it is put."""
    name = chance.choice(sorted(WAYS))
    return WAYS[name](request, chance)


def _head(method: bytes, target: bytes, request: Request, version: bytes = b"HTTP/1.1") -> bytes:
    lines = [b"%b %b %b" % (method, target, version)]
    if "Host" not in request.headers:
        lines.append(b"Host: 127.0.0.1")
    lines += [f"{name}: {value}".encode("latin-1") for name, value in request.headers.items()]
    return b"\r\n".join(lines) + b"\r\n"


def _length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n" % len(body)


def _method(request: Request, chance: random.Random) -> Sent:
    method = chance.choice(METHODS)
    head = _head(method, request.target.encode(), request)
    data = head + _length(request.body) + b"\r\n" + request.body
    return Sent(data, "wire: method", sure=False, method=method.decode("latin-1"))


def _target(request: Request, chance: random.Random) -> Sent:
    head = _head(request.method.encode(), chance.choice(TARGETS), request)
    data = head + _length(request.body) + b"\r\n" + request.body
    return Sent(data, "wire: target", sure=False, method=request.method)


def _header(request: Request, chance: random.Random) -> Sent:
    head = _head(request.method.encode(), request.target.encode(), request)
    more = b"".join(chance.choice(HEADERS) + b"\r\n" for _ in range(chance.choice([1, 1, 2])))
    length = _length(request.body) if chance.random() < 0.8 else b""
    data = head + more + length + b"\r\n" + request.body
    return Sent(data, "wire: header", sure=False, method=request.method)


def _version(request: Request, chance: random.Random) -> Sent:
    head = _head(request.method.encode(), request.target.encode(), request, chance.choice(VERSIONS))
    data = head + _length(request.body) + b"\r\n" + request.body
    return Sent(data, "wire: version", sure=False, method=request.method)


def _other_length(request: Request, chance: random.Random) -> Sent:
    head = _head(request.method.encode(), request.target.encode(), request)
    length = max(0, len(request.body) + chance.choice([-5, -1, 1, 100, 10**9, 10**19]))
    data = head + b"Content-Length: %d\r\n\r\n" % length + request.body
    return Sent(data, "wire: length", sure=False, method=request.method)


def _chunked(request: Request, chance: random.Random) -> Sent:
    head = _head(request.method.encode(), request.target.encode(), request)
    body, bad = request.body, chance.random() < 0.5
    pieces = [body[at : at + 999] for at in range(0, len(body), 999)]
    said = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
    data = head + b"Transfer-Encoding: chunked\r\n\r\n" + (chance.choice(CHUNKS) if bad else said)
    return Sent(data, "wire: chunks", sure=not bad, method=request.method)


def _cut(request: Request, chance: random.Random) -> Sent:
    data = framed(request).data
    at = chance.randrange(1, len(data))
    return Sent(data[:at], "wire: cut", sure=False, method=request.method)


def _twice(request: Request, _: random.Random) -> Sent:
    return Sent(framed(request).data * 2, "wire: twice", method=request.method, answers=2)


def _flipped(request: Request, chance: random.Random) -> Sent:
    data = bytearray(framed(request).data)
    for _ in range(chance.choice([1, 1, 3])):
        data[chance.randrange(min(len(data), 2000))] = chance.randrange(256)
    return Sent(bytes(data), "wire: flipped", sure=False, method=request.method)


def _noise(request: Request, chance: random.Random) -> Sent:
    noise = [chance.randbytes(200), b"\x16\x03\x01\x02\x00" + chance.randbytes(99), b"\r\n" * 50]
    return Sent(chance.choice(noise), "wire: noise", sure=False, method=request.method)


WAYS: dict[str, Callable[[Request, random.Random], Sent]] = {
    "method": _method,
    "target": _target,
    "header": _header,
    "version": _version,
    "length": _other_length,
    "chunks": _chunked,
    "cut": _cut,
    "twice": _twice,
    "flipped": _flipped,
    "noise": _noise,
}
