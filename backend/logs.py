"""Log lines as JSON, without anything that could name somebody.

A line carries fixed words and ids. Values from outside (texts, names, tokens,
URLs with their query) are never logged, and the libraries that would log them are quieted.
"""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

import msgspec

# these print URLs (with the bot's token), statements with values, or whole updates
TOO_TALKATIVE = ("httpx", "httpcore", "telegram", "asyncpg", "apscheduler", "uvicorn")
FIELDS = (
    *("request", "route", "status", "ms", "actor", "error", "job", "count", "version", "worker"),
    "agency",
)
# their messages hold addresses and numbers of processes and jobs, and nothing from a request
PLAIN = ("uvicorn", "apscheduler")

# The request in whose course a line is written; it is in the answer and the audit row too.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

log = logging.getLogger(__name__)


class Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": _event(record),
        }
        if (request := request_id.get()) is not None:
            line["request"] = request
        given = ((name, getattr(record, name, None)) for name in FIELDS)
        line.update((name, value) for name, value in given if value is not None)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = place(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=lambda value: type(value).__name__).decode()


def _event(record: logging.LogRecord) -> str:
    """The fixed words of a message; its arguments and further lines could quote a value."""
    if record.name.partition(".")[0] in PLAIN:
        return record.getMessage().strip()
    return str(record.msg).strip().partition("\n")[0]


def place(error: BaseException) -> str:
    """An error's type and where it arose: its text may quote a value and is never logged."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-2:])
        frames.append(f"{file}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(frames[-6:]))}"


def set_up() -> None:
    """Send every log line to stderr as JSON; called once by each process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # what no line of ours tells need not be found out for each
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.raiseExceptions = False  # a line that fails would be shown with all its values
    for name in TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _ended


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process: a traceback of Python's would show the error's text."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("ended by an error", extra={"error": place(error.with_traceback(trace))})
