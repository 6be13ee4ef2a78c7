"""`./run worker`: the scheduled jobs, and the sender that a new message wakes at once."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import asyncpg
import click
import uvloop

from backend import logs
from backend.actors.actions import vault
from backend.audit.seals import sealing_key
from backend.messages.outbox import WAKE_SENDER
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, settings
from bots.channels.telegram import make_bots, opened
from workflows import metrics, timetable
from workflows.heartbeat import PULSE
from workflows.sender.dispatch import Dispatcher
from workflows.tidy import tidy

log = logging.getLogger(__name__)

DRAIN_SECONDS = 7  # within the ten seconds that a service manager grants


@click.command(help="Run the scheduled jobs and send what is due.")
def command() -> None:
    logs.set_up()
    try:
        vault()
        sealing_key()
        uvloop.run(_run(settings()))
    except CANNOT_RUN as error:
        click.echo(f"worker: {error}", err=True)
        sys.exit(1)


async def _run(configured: Settings) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    # what is here for good is not looked through again: that would hold up what is just to be said
    gc.freeze()
    with metrics.served(configured.host, configured.metrics_port):
        async with process("worker", configured) as reach, opened(*make_bots(configured)) as bots:
            dispatcher = Dispatcher(bots, configured.messages_a_second)
            await _work(dispatcher, partial(tidy, bots), reach.url("worker"), stopping)


async def _work(
    dispatcher: Dispatcher, taking_away: timetable.Job, url: str, stopping: asyncio.Event
) -> None:
    scheduler = timetable.start(dispatcher.look, taking_away)
    running = [
        asyncio.ensure_future(one)
        for one in (
            dispatcher.serve(stopping),
            _wake_on_notify(dispatcher.wake, url),
            timetable.first_round(dispatcher.look, taking_away),
        )
    ]
    await stopping.wait()
    scheduler.shutdown(wait=False)
    sending, *others = running
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(sending, dispatcher.finish()), DRAIN_SECONDS)
    await timetable.drained(DRAIN_SECONDS)
    # where the database is away the row stays: it is forgotten in a day, or replaced
    await timetable.run("heartbeat", PULSE.end)


def _tell(event: asyncio.Event, *_: object) -> None:
    event.set()


async def _wake_on_notify(wake: Callable[..., None], url: str) -> None:
    """Send as soon as a message is queued; a look every second is the net below this."""
    while True:
        try:
            listening = await asyncpg.connect(url, timeout=10)
            lost = asyncio.Event()
            listening.add_termination_listener(partial(_tell, lost))
            try:
                await listening.add_listener(WAKE_SENDER, wake)
                await PULSE.claim(listening)
                await timetable.run("heartbeat", PULSE.beat)
                await lost.wait()
            finally:
                await listening.close(timeout=2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("listening again", extra={"error": type(error).__name__})
            await asyncio.sleep(1)
