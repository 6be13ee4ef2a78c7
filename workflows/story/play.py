"""`./run story`: one year, played on a fresh database through the real doors."""

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import click
import uvloop

from backend import clock, embedded
from backend.clock import check_zone
from backend.errors import Unfit
from workflows.story.calendar import Calendar
from workflows.story.cast import Refused, set_up
from workflows.story.clockwork import Clockwork, JobFailed
from workflows.story.house import house
from workflows.story.script import play_the_year
from workflows.story.stage import Stage, StepDoesNotHold
from workflows.story.transcript import Line, Printer, Transcript

RELEASE = date(2031, 6, 18)  # a Wednesday
ZONE = "Africa/Tunis"
DOES_NOT_HOLD = (StepDoesNotHold, Refused, JobFailed)


@dataclass
class Played:
    """What a story came to; `failure` is the first step that does not hold.

    `traces` is what the worker left in the rows: each message and task with its instants.
    """

    transcript: Transcript
    steps: int = 0
    rounds: int = 0
    summary: Any = None
    failure: str | None = None
    traces: list[tuple[Any, ...]] = field(default_factory=list)


_TRACES = """
SELECT 'task' AS what, kind AS one, step AS two, role AS three, opened_at AS at, due_at AS due,
       closed_at AS ended FROM task
UNION ALL
SELECT 'message', key, state, coalesce(reason, ''), created_at, due_at, sent_at FROM message
"""


async def play(
    calendar: Calendar,
    show: Callable[[Line], None] | None = None,
    *,
    stepped: tuple[datetime, datetime] | None = None,
) -> Played:
    """Play the year to its end, or to the first step that does not hold.

    `stepped` is a span that is gone through minute by minute. The clock is the
    machine's again afterwards. Raises EmbeddedError.
    """
    played = Played(Transcript(calendar, show))
    try:
        async with house(calendar.zone) as home:
            start = calendar.at(-182, 9)
            await home.it_is(start)
            clockwork = Clockwork(home, start, stepped=stepped)
            staff, court = await set_up(home.api, calendar.zone)
            stage = Stage(home, clockwork, played.transcript, staff, court)
            try:
                played.summary = await play_the_year(stage)
            except DOES_NOT_HOLD as error:
                played.failure = str(error)
            played.steps, played.rounds = len(stage.steps), clockwork.rounds
            traces = [tuple(row.values()) for row in await home.rows(_TRACES)]
            played.traces = sorted(traces, key=str)
    finally:
        clock.travel(None)
    return played


def _known(_: click.Context, __: click.Parameter, zone: str) -> str:
    try:
        return check_zone(zone)
    except Unfit as error:
        raise click.BadParameter(str(error)) from error


@click.command(help="Play one year on a fresh database and print it.")
@click.option("--json", "as_json", is_flag=True, help="Every event as JSON, at the end.")
@click.option("--plain", is_flag=True, help="No colours; this is so wherever no terminal reads.")
@click.option("--shift-days", default=0, help="Play it so many days later, or earlier.")
@click.option(
    "--zone", default=ZONE, show_default=True, callback=_known, help="Where it plays (IANA)."
)
def command(*, as_json: bool, plain: bool, shift_days: int, zone: str) -> None:
    logging.getLogger().addHandler(logging.NullHandler())
    calendar = Calendar(RELEASE + timedelta(days=shift_days), zone)
    printer = None if as_json else Printer(calendar, plain=plain or not sys.stdout.isatty())
    started = time.monotonic()
    try:
        played = uvloop.run(_interruptible(play(calendar, printer)))
    except embedded.EmbeddedError as error:
        click.echo(f"story: {error}", err=True)
        sys.exit(2)
    except asyncio.CancelledError:
        sys.exit(130)
    _end(played, time.monotonic() - started, as_json=as_json)


async def _interruptible(playing: Any) -> Played:
    """End the story, and what was started for it, on SIGINT and SIGTERM."""
    task = asyncio.ensure_future(playing)
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    played: Played = await task
    return played


def _end(played: Played, seconds: float, *, as_json: bool) -> None:
    counts = {
        "steps": played.steps,
        "must": played.transcript.count("must"),
        "must_not": played.transcript.count("must not"),
        "messages": played.transcript.count("message"),
        "answers": played.transcript.count("answer"),
        "wake_ups": played.rounds,
        "seconds": round(seconds, 1),
    }
    if as_json:
        events = played.transcript.events()
        whole = {**counts, "failure": played.failure, "summary": played.summary, "events": events}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=1, default=str))
    elif played.failure is None:
        click.echo("\nWhat the court reads:\n")
        click.echo(json.dumps(played.summary, ensure_ascii=False, indent=2))
        click.echo(
            "\n{steps} steps hold ({must} musts, {must_not} must-nots), {messages} messages,"
            " {answers} answers, {wake_ups} wake-ups, {seconds} s".format(**counts)
        )
    if played.failure is not None:
        click.echo(f"\nA step does not hold. {played.failure}", err=True)
        sys.exit(1)
