"""How a password reaches the program: never as an argument."""

import asyncio
import os
import pty
import subprocess
import time

from tests.backend.admin.terminals import FIRST, Terminal, refused
from tests.world import PASSWORD, Caller, World


async def test_a_password_is_never_an_argument_and_needs_a_terminal_or_a_file(
    terminal: Terminal, world: World
) -> None:
    refused(await terminal.run("first", *FIRST), "use --password-file")
    terminal.password.write_text("short\n")
    refused(await terminal.first(), "15 to 128 characters")
    assert await world.sql("SELECT id FROM agency") == []
    given = await terminal.run("first", *FIRST, "--password", PASSWORD)
    assert (given.returncode, "No such option" in given.stderr) == (2, True)


async def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(
    terminal: Terminal,
) -> None:
    await terminal.first()
    code, shown = await asyncio.to_thread(
        _type, terminal, ("staff", "--role", "SW"), ["sam", "Sam Desk", PASSWORD, PASSWORD]
    )
    assert code == 0, shown
    assert "sam can sign in (SW)." in shown
    assert PASSWORD not in shown
    await Caller(login="sam").sign_in()


def _type(terminal: Terminal, words: tuple[str, ...], answers: list[str]) -> tuple[int, str]:
    """Answer each question as it comes, on a terminal of its own."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        terminal.words(*words),
        env=terminal.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, left, deadline = "", list(answers), time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            part = os.read(ours, 4096).decode()
        except OSError:  # the other end is closed
            break
        shown += part
        if part.endswith(": ") and left:
            os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    return running.wait(timeout=10), shown
