"""`./run bench NAME`: the hot paths beside their limits, on this machine, now."""

import asyncio
import json
import sys

import click

from benchmarks import tick


@click.group(help="Measure a hot path beside its limit; exits with 1 when a goal is missed.")
def command() -> None:
    """Each subcommand prints its figures and, with --json, a line for machines."""


@command.command(
    "tick", help="Make the reminders of a day: 2,000 due among 10,000 rows and a million."
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def tick_command(*, as_json: bool) -> None:
    figures, missed = asyncio.run(tick.run())
    if as_json:
        click.echo(json.dumps({"figures": figures, "missed": missed}))
    else:
        for one in figures:
            click.echo("  ".join(f"{name} {value:,.2f}" for name, value in one.items()))
        click.echo(f"missed: {', '.join(missed)}" if missed else "every goal is met")
    sys.exit(1 if missed else 0)
