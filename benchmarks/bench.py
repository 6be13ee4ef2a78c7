"""`./run bench NAME`: the hot paths beside their limits, on this machine, now."""

import json
import secrets
import sys
from collections.abc import Awaitable, Callable

import click
import uvloop

from benchmarks import (
    amnesty,
    crash,
    dispatch,
    faults,
    lateness,
    malformed,
    plan,
    security,
    taps,
    tick,
)
from benchmarks.peers import bench as peers

Run = Callable[[], Awaitable[tuple[list[dict[str, float]], list[str]]]]


@click.group(help="Measure a hot path beside its limit; exits with 1 when a goal is missed.")
def command() -> None:
    """Each subcommand prints its figures, or one line for machines with --json."""


def _show(run: Run, *, as_json: bool) -> None:
    async def measured() -> tuple[list[dict[str, float]], list[str]]:
        return await run()

    figures, missed = uvloop.run(measured())
    if as_json:
        click.echo(json.dumps({"figures": figures, "missed": missed}))
    else:
        for one in figures:
            click.echo("  ".join(f"{name} {value:,.2f}" for name, value in one.items()))
        click.echo("missed: " + "\n  ".join(missed) if missed else "every goal is met")
    sys.exit(1 if missed else 0)


AS_JSON = click.option("--json", "as_json", is_flag=True, help="One line of JSON.")


@command.command("plan", help="The caseload page and a plan over HTTP, in requests a second.")
@AS_JSON
def plan_command(*, as_json: bool) -> None:
    _show(plan.run, as_json=as_json)


@command.command("tick", help="Make the reminders of a day: 2,000 due among 10,000 and a million.")
@AS_JSON
def tick_command(*, as_json: bool) -> None:
    _show(tick.run, as_json=as_json)


@command.command("peers", help="Tick, claim and mark beside APScheduler and procrastinate.")
@AS_JSON
def peers_command(*, as_json: bool) -> None:
    _show(peers.run, as_json=as_json)


@command.command("dispatch", help="What the sender says in a second, beside the stock library.")
@AS_JSON
def dispatch_command(*, as_json: bool) -> None:
    _show(dispatch.run, as_json=as_json)


@command.command("crash", help="6,000 messages, two workers, forty of them killed: none is lost.")
@click.option("--seed", type=int, help="As an earlier run printed it; otherwise by chance.")
@AS_JSON
def crash_command(*, seed: int | None, as_json: bool) -> None:
    seed = secrets.randbelow(10**9) if seed is None else seed
    click.echo(f"seed {seed}", err=as_json)
    _show(lambda: crash.run(seed), as_json=as_json)


@command.command("faults", help="Each answer of the chat service: nothing lost, none said wrongly.")
@AS_JSON
def faults_command(*, as_json: bool) -> None:
    _show(faults.run, as_json=as_json)


@command.command("lateness", help="From the commit to the wire, and a burst at the bots' limits.")
@AS_JSON
def lateness_command(*, as_json: bool) -> None:
    _show(lateness.run, as_json=as_json)


@command.command("security", help="What session, policies and audit cost, beside the bare query.")
@AS_JSON
def security_command(*, as_json: bool) -> None:
    _show(security.run, as_json=as_json)


@command.command("amnesty", help="400 people are let go by one decision: within a minute.")
@AS_JSON
def amnesty_command(*, as_json: bool) -> None:
    _show(amnesty.run, as_json=as_json)


@command.command("taps", help="What a week of sixty cases costs a worker: calls and fields.")
@AS_JSON
def taps_command(*, as_json: bool) -> None:
    _show(taps.run, as_json=as_json)


@command.command("malformed", help="100,000 strange requests against a real API: no 5xx, no drop.")
@click.option("--seed", type=int, help="As an earlier run printed it; otherwise by chance.")
@click.option("--requests", default=100_000, help="How many.")
@click.option("--first", default=0, help="The number of the first one.")
@AS_JSON
def malformed_command(*, seed: int | None, requests: int, first: int, as_json: bool) -> None:
    seed = secrets.randbelow(10**9) if seed is None else seed
    click.echo(f"seed {seed}", err=as_json)
    _show(lambda: malformed.run(seed, requests, first), as_json=as_json)
