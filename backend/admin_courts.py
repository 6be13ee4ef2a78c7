"""`./run admin`, the part about courts' machines: made, given a key, stopped, watched."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from backend import founding, terminal
from backend.courts.clients import BUSIEST_DAY, TIMES_BUSIEST
from backend.errors import Unfit
from backend.settings import Settings
from backend.words import Line

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_client = click.argument("client", type=click.UUID)


@click.command("court-client")
@click.option("--label", help="which court, for your own staff")
@click.option("--key", type=_FILE, help="a file with its public key, JWK or PEM: it gets no secret")
@click.option(
    "--busiest-day",
    type=int,
    default=BUSIEST_DAY,
    show_default=True,
    help=f"how often it asks then; {TIMES_BUSIEST} times that is its quota",
)
@click.option("--client", type=click.UUID, help="give a key to a client that is there")
@click.option("--key-only", is_flag=True, help="with --client: its secret opens nothing any more")
@terminal.agency_name
def court_client(**given: Any) -> None:
    """Make a court's client. Without --key a secret is printed once and stored nowhere."""

    async def act(_: Settings) -> None:
        key = terminal.text_of(given["key"]) if given["key"] else None
        if given["client"]:
            await _give_key(given["client"], key, key_only=given["key_only"])
        elif given["key_only"]:
            raise Unfit(
                "--key-only is for a client that is there; one made with --key has no secret."
            )
        else:
            await _make(given, key)

    terminal.run(act)


async def _make(given: dict[str, Any], key: str | None) -> None:
    agency = await founding.find_agency(given["agency"])
    label = terminal.asked(given["label"], "Which court")
    if key is not None:
        client, client_id = await founding.add_court_with_key(
            agency, label, key, busiest_day=given["busiest_day"]
        )
        click.echo(f"client, to bind files to: {client}")
        click.echo(f"client id: {client_id}")
        click.echo("Hand the last one to the court: it signs in with its key alone.")
        return
    client, made = await founding.add_court(agency, label, busiest_day=given["busiest_day"])
    click.echo(f"client, to bind files to: {client}")
    click.echo(f"client id: {made.client_id}")
    click.echo(f"secret: {made.secret}")
    click.echo("Hand the last two to the court by a safe way; they are not shown again.")


async def _give_key(client: UUID, key: str | None, *, key_only: bool) -> None:
    if key is None and not key_only:
        raise Unfit("Say --key or --key-only.")
    await founding.give_court_key(client, key, key_only=key_only)
    click.echo("Its tokens have ended; it signs in anew.")


@click.command("suspend-court")
@_client
def suspend_court(client: UUID) -> None:
    """Stop a court's machine at once, on every process and for every token that it has."""

    async def act(_: Settings) -> None:
        await founding.suspend_court(client)
        click.echo("It reads nothing from now on.")

    terminal.run(act)


@click.command("resume-court")
@_client
def resume_court(client: UUID) -> None:
    """Let a court's machine sign in again."""

    async def act(_: Settings) -> None:
        await founding.resume_court(client)
        click.echo("It may sign in again.")

    terminal.run(act)


@click.command("court-canaries")
@_client
@click.argument("references", type=_FILE)
def court_canaries(client: UUID, references: Path) -> None:
    """Watch for references of nobody: REFERENCES is a file with one on each line.

    They look like the court's own and belong to no plan. Whoever asks for one is answered as
    for any unknown file, and the coordinators get a task.
    """

    async def act(_: Settings) -> None:
        lines = _references(terminal.text_of(references))
        await founding.add_court_canaries(client, lines)
        click.echo(f"{len(lines)} references are watched.")

    terminal.run(act)


def _references(text: str) -> Sequence[str]:
    lines = sorted({line.strip() for line in text.splitlines()} - {""})
    try:
        return msgspec.convert(lines, list[Line])
    except msgspec.ValidationError as error:
        raise Unfit("A reference has 1 to 80 characters.") from error


COMMANDS = (court_client, suspend_court, resume_court, court_canaries)
