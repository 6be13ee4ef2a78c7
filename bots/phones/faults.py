"""Faults on demand: which call meets which fault, and how a process is killed."""

import os
import signal
from contextlib import suppress

from bots.phones.wire import Fault


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def met_by(self, method: str, bot: int, chat: int | None) -> Fault | None:
        """The fault for this call, used up by one. The oldest that matches wins."""
        for fault in self._waiting:
            if not _matches(fault, method, bot, chat):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault
        return None


def freeze(process: int) -> None:
    """Stop a process in its tracks, so that it cannot read an answer before it is killed."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)


def kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _matches(fault: Fault, method: str, bot: int, chat: int | None) -> bool:
    return (
        fault.method.lower() in ("*", method.lower())
        and fault.chat in (None, chat)
        and fault.bot in (None, bot)
    )
