"""`./run openapi`: the API document, as it is checked in under docs/."""

import click

from backend.app import create_app
from backend.reference import printed


@click.command(help="Print the API document (docs/openapi.json holds what this prints).")
def command() -> None:
    click.echo(printed(create_app()), nl=False)
