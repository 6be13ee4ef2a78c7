"""Somebody goes away in the middle of what they send: no fault of ours, and nobody is called."""

import logging
from typing import Any

import pytest

from tests.world import APP


async def _half_sent(path: str, kind: bytes) -> list[dict[str, Any]]:
    """What is answered to a body whose sender is gone after its first bytes."""
    arriving: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"login"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    headers = [(b"host", b"desk.test"), (b"content-type", kind)]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await APP(scope, receive, send)
    return answered


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/sessions", b"application/json"),
        ("/desk/sign-in", b"application/x-www-form-urlencoded"),
    ],
)
async def test_who_goes_away_in_the_middle_of_a_body_is_no_error_of_ours(
    path: str, kind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="backend"):
        start, *_ = await _half_sent(path, kind)
    assert start["status"] == 400
    assert [(one.levelname, one.msg) for one in caplog.records] == [("INFO", "answered")]
