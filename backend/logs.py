"""Log lines as JSON, without anything that could name somebody.

A line carries fixed words and ids. Values from outside (texts, names, tokens,
URLs with their query) are never logged, and the libraries that would log them are quieted.
"""

import logging
import sys
from datetime import UTC, datetime

import msgspec

# these print URLs (with the bot's token), statements with values, or whole updates
TOO_TALKATIVE = ("httpx", "httpcore", "telegram", "asyncpg", "apscheduler", "uvicorn.access")
FIELDS = ("request", "route", "status", "ms", "actor", "error", "job", "count", "worker")


class Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            # the message only: its arguments and a traceback could quote a value
            "event": str(record.msg) if record.name.startswith(_OURS) else record.getMessage(),
        }
        line.update((name, getattr(record, name)) for name in FIELDS if getattr(record, name, None))
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return msgspec.json.encode(line).decode()


_OURS = ("backend", "bots", "workflows")


def set_up() -> None:
    """Send every log line to stderr as JSON; called once by each process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
