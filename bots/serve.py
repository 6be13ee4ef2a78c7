"""`./run bot`: takes updates in, lets them take effect. Polling, or a webhook behind a proxy."""

import asyncio
import signal
import ssl
import sys
from collections.abc import Sequence
from importlib import import_module

import click
import uvloop
from telegram import Bot

from backend import logs
from backend.actors.actions import vault
from backend.listening import encrypted
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, SettingsError, settings
from bots.channels.telegram import make_bots, opened
from bots.intake import poll, work
from bots.watch import Watch, ways


@click.command(help="Take chat updates in: by polling, or at WEBHOOK_URL where that is set.")
def command() -> None:
    logs.set_up()
    try:
        vault()
        uvloop.run(_run(settings()))
    except CANNOT_RUN as error:
        click.echo(f"bot: {error}", err=True)
        sys.exit(1)


async def _run(configured: Settings) -> None:
    if configured.webhook_url and not configured.webhook_secret:
        raise SettingsError("WEBHOOK_SECRET (or WEBHOOK_SECRET_FILE) is missing")
    tls = encrypted(configured)
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with process("worker", configured), opened(*make_bots(configured)) as bots:
        serving = asyncio.ensure_future(_serve(bots, configured, tls))
        watching = asyncio.ensure_future(Watch(ways(configured)).go_on())
        waiting = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for one in (serving, waiting, watching):
            one.cancel()
        await asyncio.gather(serving, waiting, watching, return_exceptions=True)
        if not stopping.is_set():
            serving.result()  # nobody asked for an end: say what it was, and end as a failure


async def _serve(bots: Sequence[Bot], configured: Settings, tls: ssl.SSLContext | None) -> None:
    if not configured.webhook_url:
        await poll(bots)
        return
    came = asyncio.Event()
    # only here, so that a polling bot does without a web framework
    webhook = import_module("bots.webhook")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(bots, came))
        tasks.create_task(
            webhook.listen(
                bots,
                came.set,
                url=configured.webhook_url,
                secret=configured.webhook_secret,
                host=configured.host,
                port=configured.webhook_port,
                tls=tls,
            )
        )
