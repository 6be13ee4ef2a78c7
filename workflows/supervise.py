"""Several programs in one terminal: started, shown, started again, and ended together.

No child outlives its parent. A shell in a process group of its own reads from a pipe that
only the parent can write to; however the parent ends, the kernel closes the pipe, and the
shell kills its group: the children, theirs, and itself. Linux's PR_SET_PDEATHSIG would do
less: it is bound to the thread that forked, and grandchildren do not have it. Being in a
group of their own also keeps Ctrl-C from the children: the parent alone ends them.
"""

import asyncio
import os
import queue
import signal
import threading
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

GRACE_SECONDS = 7  # with the end of Postgres everything is over within ten
MOST_RESTARTS = 5
WITHIN_SECONDS = 60
PATIENCE_SECONDS = 30
LONGEST_LINE = 1 << 16
GUARDIAN = "trap '' HUP INT TERM; read -r line; kill -KILL 0"


@dataclass(frozen=True)
class Door:
    """Where a program answers once it is ready: an HTTP path that says 200, or the bare port."""

    host: str
    port: int
    path: str | None = None


@dataclass(frozen=True)
class Child:
    """A program. `env` is its whole environment; it starts when the one named `after` answers."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    door: Door | None = None
    address: str = ""
    after: str | None = None


class Ending:
    """That it is time to end, and the exit code: the first to say so decides."""

    def __init__(self) -> None:
        self.code = 0
        self._said = asyncio.Event()

    def now(self, code: int = 0) -> None:
        if not self._said.is_set():
            self.code = code
            self._said.set()

    @property
    def said(self) -> bool:
        return self._said.is_set()

    async def wait(self) -> None:
        await self._said.wait()


def heed_signals() -> Ending:
    """An ending that SIGINT, SIGTERM and a closed terminal bring about.

    SIGINT counts also where it came ignored, as for a program that a script puts into the
    background. An ignored SIGHUP stays so: that is what nohup asks for.
    """
    ending, loop = Ending(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, ending.now)
    loop.add_signal_handler(signal.SIGTERM, ending.now)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, ending.now)
    return ending


class Terminal:
    """Standard output, written by a thread: a reader who has stopped must not stop the parent."""

    def __init__(self, output: int = 1) -> None:
        self._output = output
        self._lines: queue.Queue[str | None] = queue.Queue(1000)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def say(self, line: str) -> None:
        """Never waits for long: a line is lost rather, when a thousand are unread."""
        with suppress(queue.Full):
            self._lines.put(line, timeout=0.1)

    def show(self, name: str, pipe: int) -> threading.Thread:
        """Show what comes through the pipe; its writer waits when nobody reads."""
        thread = threading.Thread(target=self._show, args=(name, pipe), daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        with suppress(queue.Full):
            self._lines.put(None, timeout=0.5)
            self._writer.join(0.5)

    def _show(self, name: str, pipe: int) -> None:
        with os.fdopen(pipe, errors="replace") as lines:
            while line := lines.readline(LONGEST_LINE):
                self._lines.put(f"{name:<8}| {line.rstrip()}")

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError):  # nobody reads any more, which is no reason to end
                os.write(self._output, f"{line}\n".encode())


async def supervise(
    children: Sequence[Child],
    ending: Ending,
    terminal: Terminal,
    *,
    first: Sequence[Child] = (),
    pause: float = 0.5,
) -> int:
    """Run `first` one by one, then `children` for good; the exit code, once all have ended.

    A step of `first` that fails ends everything, and so does a child that ends by itself too
    often. `pause` is the seconds before its first restart; each further one takes twice that.
    """
    async with _guarded(ending) as group:
        house = _House(group, ending, terminal, pause, {c.name: asyncio.Event() for c in children})
        work = asyncio.create_task(house.run(first, children))
        work.add_done_callback(lambda _: ending.now(1))
        await ending.wait()
        work.cancel()
        await asyncio.wait([work], timeout=GRACE_SECONDS)
    with suppress(asyncio.CancelledError):
        await work
    return ending.code


@asynccontextmanager
async def _guarded(ending: Ending) -> AsyncIterator[int]:
    """A process group that is dead after this block, and dies with this process."""
    reading, writing = os.pipe()
    guardian = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", GUARDIAN, stdin=reading, stdout=DEVNULL, stderr=DEVNULL, process_group=0
    )
    os.close(reading)
    gone = asyncio.create_task(guardian.wait())
    gone.add_done_callback(lambda _: ending.now(1))
    try:
        yield guardian.pid
    finally:
        os.close(writing)
        await gone


@dataclass(frozen=True)
class _House:
    group: int
    ending: Ending
    terminal: Terminal
    pause: float
    answering: Mapping[str, asyncio.Event]

    async def run(self, first: Sequence[Child], children: Sequence[Child]) -> None:
        for step in first:
            if code := await self._live(step):
                self.terminal.say(f"{step.name} {_how(code)}: nothing more is started")
                return
        async with asyncio.TaskGroup() as tasks:
            for child in children:
                tasks.create_task(self._keep(child))
                tasks.create_task(self._announce(child))

    async def _keep(self, child: Child) -> None:
        """Start it, and again when it ends by itself, until that happens too often."""
        if child.after:
            await self.answering[child.after].wait()
        clock = asyncio.get_running_loop().time
        ends: list[float] = []
        while True:
            code = await self._live(child)
            ends = [*(end for end in ends if end > clock() - WITHIN_SECONDS), clock()]
            if len(ends) > MOST_RESTARTS:
                self.terminal.say(f"{child.name} {_how(code)} again: ending everything")
                self.ending.now(1)
                return
            pause = self.pause * 2 ** (len(ends) - 1)
            self.terminal.say(f"{child.name} {_how(code)}; starting it again in {pause:g} s")
            await asyncio.sleep(pause)

    async def _live(self, child: Child) -> int:
        """One life of a program; its exit code. Cancelled, it ends the program first."""
        reading, writing = os.pipe()  # asyncio's own would make wait() wait for grandchildren
        shown = self.terminal.show(child.name, reading)
        try:
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                env=child.env,
                stdin=DEVNULL,
                stdout=writing,
                stderr=writing,
                process_group=self.group,
            )
        finally:
            os.close(writing)
        try:
            return await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        finally:
            await asyncio.to_thread(shown.join, 1)

    async def _announce(self, child: Child) -> None:
        """Say the address once it answers; say once, too, that it is late."""
        if child.door:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await _answer(child.door)
            except TimeoutError:
                self.terminal.say(f"{child.name} does not answer yet")
                await _answer(child.door)
            self.terminal.say(child.address)
        self.answering[child.name].set()


async def _answer(door: Door) -> None:
    """Wait until a program is ready behind this door."""
    request = f"GET {door.path} HTTP/1.0\r\nHost: {door.host}\r\n\r\n"
    while True:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(door.host, door.port)
                try:
                    writer.write(request.encode() if door.path else b"")
                    if not door.path or b" 200 " in await reader.readline():
                        return
                finally:
                    writer.close()
        await asyncio.sleep(0.1)


def _how(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
