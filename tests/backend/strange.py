"""Requests with something amiss: made of whole ones, and the same again for the same chance."""

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from tests.backend.acts import Act

CANARY = "canary-5e1f"
STRANGE: list[Any] = [
    None, True, 0, -1, 1.5, 2**31, 2**63, 10**25, "", " ", "x" * 5000, CANARY, "\x00", "\u202eabc",
    "0001-01-01", "9999-12-31", "2026-13-01", "24:00:00", "00:00:00+14:00", "Africa/Tunis",
    "../../etc", str(UUID(int=7, version=4)), "SW", "ZZ", [], {}, [None], {"a": {"b": []}},
    [CANARY] * 3,
]  # fmt: skip
IN_HEADERS = ["", "*", '"1"', "-1", "x" * 300, "gzip", CANARY, "bytes=0-", "Bearer x", "\xff\xfe"]
OF_HEADERS: dict[str, list[str]] = {
    "If-Match": ['"0"', '"999999999"', 'W/"1"', '"1", "2"', "1" * 5000, '""', "1"],
    "Idempotency-Key": ["a", "x" * 64, "x" * 65, " ", "00000000-0000-0000-0000-000000000000"],
    "Authorization": ["Bearer", "Basic YTpi", "bearer " + "x" * 43, "DPoP x", "Bearer \xff" * 9],
    "Content-Type": ["application/json; charset=utf-16", "text/plain", "multipart/form-data",
                     "application/x-www-form-urlencoded", "application/msgpack", ";", "a/b" * 99],
    "X-Purpose": ["care", "CARE", "nosiness", "care, care"],
    "Cookie": ["throughcare=", "throughcare=x; throughcare=y", "=", ";;;", "a" * 9000],
    "DPoP": ["x", "a.b.c", "e30.e30.", "x" * 9000],
    "Host": ["", "not a host", "[::", "127.0.0.1:99999"],
    "X-Real-IP": ["::1", "999.1.1.1", "10.0.0.1, 10.0.0.2", "\xff"],
    "X-Forwarded-Host": ["elsewhere.test"], "Forwarded": ["for=1.2.3.4"], "Referer": ["//x"],
    "Origin": ["null", "http://elsewhere.test", "http://["], "Sec-Fetch-Site": ["cross-site"],
    "Accept": ["text/html", "*/*;q=x", "," * 99], "Accept-Language": ["xx", "fr;q=2"],
    "If-None-Match": ["*"], "Range": ["bytes=9-1"], "Content-Encoding": ["br"],
}  # fmt: skip
NAMES = sorted(OF_HEADERS)
PLACES = ["body", "body", "body", "bytes", "whole body", "path", "query", "header"]
QUERY = ["limit", "show", "x", "file_ref", "cursor", "plan", "before", "to", "q", "period_from"]
BODIES: list[Callable[[bytes], bytes]] = [
    lambda _: b"",
    lambda whole: whole[: len(whole) // 2],
    lambda whole: whole + whole,
    lambda _: b"[]",
    lambda _: b"null",
    lambda whole: whole.decode("utf-8", "replace").encode("utf-16"),
    lambda whole: b"\xef\xbb\xbf" + whole,
    lambda _: b"[" * 10_000,
    lambda _: b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    lambda _: b'{"how":' + b"9" * 5_000 + b"}",
    lambda _: b'{"how": NaN, "version": 1e999}',
    lambda _: b'{"how": "\\ud800", "name": "\\u0000"}',
    lambda whole: whole.replace(b":", b": 1, ", 1),
    lambda whole: whole + b" " * 300_000,
    lambda whole: b"\xff" + whole,
]


@dataclass(frozen=True)
class Request:
    """What is sent, but for its framing; `amiss` says where it is not what its act would send."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    amiss: str = "nothing"


def whole(act: Act, key: UUID, token: str | None = None, seen: int | None = None) -> Request:
    """The request as it is meant; `seen` is the version by now."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(key)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if act.changes:
        headers["If-Match"] = f'"{seen or act.seen}"'
    body = b"" if act.body is None else json.dumps(act.body).encode()
    return Request(act.method, act.url, headers, body)


def a_key(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def mutated(act: Act, request: Request, chance: random.Random) -> Request:
    """The request of an act with something amiss in one place, such as any client can send it."""
    where = chance.choice(
        ["body", "body", "body", "bytes", "whole body", "path", "query", "header"]
    )
    if where == "body":
        body = with_one_strange(copy.deepcopy(act.body), chance)
        request = replace(request, body=b"" if body is None else json.dumps(body).encode())
    elif where == "path" and act.ids:
        strange = [quote(str(chance.choice([*STRANGE, "a/b", "%"])), safe="") for _ in act.ids]
        request = replace(request, target=act.path.format(*strange))
    elif where in {"bytes", "whole body"} and request.body:
        request = replace(request, body=_other_bytes(request.body, chance, where))
    elif where == "header":
        request = replace(request, headers=_other_headers(request.headers, chance))
    else:
        where, request = "query", replace(request, target=_asked_more(request.target, chance))
    return replace(request, amiss=where)


def form(path: str, fields: list[tuple[str, str]], cookie: str, chance: random.Random) -> Request:
    """A form of a page with something amiss, sent as a browser sends forms."""
    typed = list(fields)
    where = chance.choice(["value", "value", "value", "name", "gone", "twice", "more", "bytes"])
    at = chance.randrange(len(typed)) if typed else 0
    strange = str(chance.choice(STRANGE))
    if where == "more" or not typed:
        typed += [(CANARY, strange)] * chance.choice([1, 1, 300])
    elif where == "value":
        typed[at] = (typed[at][0], strange)
    elif where == "name":
        typed[at] = (strange, typed[at][1])
    elif where == "gone":
        del typed[at]
    elif where == "twice":
        typed.append((typed[at][0], strange))
    body = urlencode(typed, errors="surrogatepass").encode()
    if where == "bytes" and body:
        body = _other_bytes(body, chance, chance.choice(["bytes", "whole body"]))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    if chance.random() < 0.5:
        headers["Sec-Fetch-Site"] = "same-origin"
    if chance.random() < 0.1:
        headers = _other_headers(headers, chance)
    return Request("POST", path, headers, body, f"form: {where}")


def page(path: str, cookie: str, chance: random.Random) -> Request:
    """A page that is asked for with something amiss in its query, its headers or its path."""
    headers, where = {"Cookie": cookie}, chance.choice(["query", "header", "path"])
    if where == "query":
        path = _asked_more(path, chance)
    elif where == "header":
        headers = _other_headers(headers, chance)
    else:
        parts = path.split("/")
        parts[chance.randrange(1, len(parts))] = quote(str(chance.choice(STRANGE)), safe="")
        path = "/".join(parts)
    return Request("GET", path, headers, amiss=f"page: {where}")


def with_one_strange(body: Any, chance: random.Random) -> Any:
    """One value of a body is another, gone, or one too many."""
    if not isinstance(body, dict) or chance.random() < 0.05:
        return chance.choice(STRANGE)
    name = chance.choice([*body, "id", "extra"])
    if chance.random() < 0.15:
        return {key: value for key, value in body.items() if key != name}
    if isinstance(body.get(name), dict) and chance.random() < 0.7:
        return {**body, name: with_one_strange(body[name], chance)}
    return {**body, name: chance.choice(STRANGE)}


def _other_bytes(body: bytes, chance: random.Random, where: str) -> bytes:
    if where == "whole body":
        return chance.choice(BODIES)(body)
    at = chance.randrange(len(body))
    return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _other_headers(headers: dict[str, str], chance: random.Random) -> dict[str, str]:
    name = chance.choice(NAMES)
    if name in headers and chance.random() < 0.2:
        return {other: value for other, value in headers.items() if other != name}
    return {**headers, name: chance.choice([*IN_HEADERS, *OF_HEADERS[name]])}


def _asked_more(target: str, chance: random.Random) -> str:
    sign = "&" if "?" in target else "?"
    value = chance.choice([quote(str(chance.choice(STRANGE))), "%ff", "%00", "%", "&&=", "a+b"])
    more = f"{target}{sign}{chance.choice(QUERY)}={value}"
    return more + more.partition("?")[2] if chance.random() < 0.1 else more
