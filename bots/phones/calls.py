"""Every byte that a bot ever sent here, kept in memory and, if wanted, in a file."""

from pathlib import Path

import msgspec

from bots.phones.wire import Call


class Calls:
    """`record` is a file to which each call is added as one line of JSON.

    A line is one write to a file opened for appending, so several stand-ins may share it.
    """

    def __init__(self, record: Path | None) -> None:
        self._record = record
        self._kept: list[Call] = []
        self._seq = 0

    def keep(self, call: Call) -> None:
        self._seq += 1
        call.seq = self._seq
        self._kept.append(call)

    def write(self, call: Call) -> None:
        """Add the call to the file. Its status is not known yet, and left out."""
        if self._record is None:
            return
        line = {
            "at": call.at,
            "bot": call.bot,
            "method": call.method,
            "content_type": call.content_type,
            "query": call.query,
            "body": call.body.decode("utf-8", "backslashreplace"),
            "params": call.params,
        }
        with self._record.open("ab", buffering=0) as file:
            file.write(msgspec.json.encode(line) + b"\n")

    def since(self, seq: int) -> list[Call]:
        return [call for call in self._kept if call.seq > seq]

    def clear(self) -> None:
        self._kept.clear()
