"""What an operator's watch reads: how much waits, how late it goes out, and what became of it.

Figures alone, by channel and kind of text: no agency, nobody's row, no instant of one message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from backend import clock
from backend.database import fetch_at_once

CHANNEL = "telegram"
SECONDS = (0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600)
REGISTRY = CollectorRegistry()
_OF_A_KIND = ("channel", "key")

_OUTCOMES = Counter(
    "throughcare_messages",
    "What became of tries: sent, hold, retry, ambiguous, blocked, refused, token, or why none was.",
    (*_OF_A_KIND, "outcome"),
    registry=REGISTRY,
)
_LATENESS = Histogram(
    "throughcare_message_lateness_seconds",
    "From when a message could go out to when the chat service had taken it.",
    _OF_A_KIND,
    buckets=SECONDS,
    registry=REGISTRY,
)
_WAITING = Gauge("throughcare_queue_messages", "Due, and not said yet.", registry=REGISTRY)
_AGE = Gauge(
    "throughcare_queue_age_seconds", "How long the oldest of them is due.", registry=REGISTRY
)
_LINKS = Gauge(
    "throughcare_chats",
    "Chats by state; stopped ones opted out.",
    ("channel", "state"),
    registry=REGISTRY,
)
_ROUND = Gauge(
    "throughcare_job_success_timestamp_seconds",
    "When this worker last finished a round of a job.",
    ("job",),
    registry=REGISTRY,
)

_QUEUE = """
SELECT count(*) AS waiting, min(greatest(due_at, retry_at)) AS since FROM message
 WHERE state IN ('queued', 'claimed') AND due_at <= $1 AND coalesce(retry_at, due_at) <= $1
"""
_STATES = "SELECT state, count(*) AS n FROM link GROUP BY state"


def became(message: Any, outcome: str) -> None:
    """What became of a try: the meaning of the chat service's answer, or why nothing is said."""
    _OUTCOMES.labels(CHANNEL, message["key"], outcome).inc()


def was_sent(message: Any, at: datetime) -> None:
    became(message, "sent")
    could = max(message["due_at"], message["retry_at"] or message["due_at"])
    _LATENESS.labels(CHANNEL, message["key"]).observe(max(0.0, (at - could).total_seconds()))


def round_ended(job: str) -> None:
    _ROUND.labels(job).set_to_current_time()


async def measure() -> None:
    """Look at what waits, and at the chats."""
    now = clock.now()
    [queue] = await fetch_at_once(_QUEUE, now)
    _WAITING.set(queue["waiting"])
    _AGE.set(0 if queue["since"] is None else (now - queue["since"]).total_seconds())
    _LINKS.clear()
    for row in await fetch_at_once(_STATES):
        _LINKS.labels(CHANNEL, row["state"]).set(row["n"])


@contextmanager
def served(host: str, port: int | None) -> Iterator[None]:
    """Answer `GET /metrics` at a port of its own, where one is set. Raises OSError."""
    if port is None:
        yield
        return
    server, thread = start_http_server(port, addr=host, registry=REGISTRY)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
