"""`./run worker`: the scheduled jobs, and the sender that a new message wakes at once."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from functools import partial

import asyncpg
import click

from backend import logs
from backend.actors.actions import vault
from backend.audit.seals import sealing_key
from backend.messages.outbox import WAKE_SENDER
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, settings
from bots.channels.telegram import make_bot, opened
from workflows import timetable
from workflows.heartbeat import PULSE
from workflows.send_due import send_due

log = logging.getLogger(__name__)

LISTEN_AGAIN_SECONDS = 5
DRAIN_SECONDS = 7  # within the ten seconds that a service manager grants


@click.command(help="Run the scheduled jobs and send what is due.")
def command() -> None:
    logs.set_up()
    try:
        vault()
        sealing_key()
        asyncio.run(_run(settings()))
    except CANNOT_RUN as error:
        click.echo(f"worker: {error}", err=True)
        sys.exit(1)


async def _run(configured: Settings) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with process("worker", configured) as reach, opened(make_bot(configured)) as bot:
        send = partial(send_due, bot, stopping, configured.messages_a_second)
        scheduler = timetable.start(send)
        waking = asyncio.ensure_future(_wake_on_notify(send, reach.url("worker")))
        first = asyncio.ensure_future(timetable.first_round(send))
        await stopping.wait()
        first.cancel()
        scheduler.shutdown(wait=False)
        waking.cancel()
        await asyncio.gather(waking, first, return_exceptions=True)
        await timetable.drained(DRAIN_SECONDS)
        # where the database is away the row stays: it is forgotten in a day, or replaced
        await timetable.run("heartbeat", PULSE.end)


async def _wake_on_notify(send: timetable.Job, url: str) -> None:
    """Send as soon as a message is queued; the rounds of the timetable are the net below this."""
    woken = asyncio.Event()

    def wake(*_: object) -> None:
        woken.set()

    while True:
        try:
            listening = await asyncpg.connect(url, timeout=10)
            try:
                await listening.add_listener(WAKE_SENDER, wake)
                await PULSE.claim(listening)
                await timetable.run("heartbeat", PULSE.beat)
                while not listening.is_closed():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), LISTEN_AGAIN_SECONDS)
                        woken.clear()
                        await timetable.run("send_due", send)
            finally:
                await listening.close(timeout=2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("listening again", extra={"error": type(error).__name__})
            await asyncio.sleep(1)
