"""The command line: `./run VERB`. Each verb loads only what it needs."""

from importlib import import_module

import click

VERBS = {
    "up": ("workflows.up", "Postgres, migrations, API, worker, bot and phones in one terminal"),
    "api": ("backend.serve", "the HTTP API and the pages"),
    "bot": ("bots.serve", "the chat bot"),
    "phones": ("bots.phones.serve", "the stand-in for the chat service, with its page"),
    "worker": ("workflows.serve", "the scheduled jobs"),
    "migrate": ("backend.migrate", "make the roles and bring the database to this release"),
    "admin": ("backend.admin", "make the first agency and administrator"),
    "story": ("workflows.story.play", "play one year and print it"),
    "bench": ("benchmarks.bench", "measure the hot paths beside their limits"),
    "breaks": ("tests.breaks.command", "take each named rule away in a copy: a test must notice"),
    "openapi": ("backend.openapi", "print the API document"),
    "sbom": ("tests.sbom", "write what the server is made of, and its licences, into docs/"),
    "backup": ("backend.backup", "write an encrypted backup into a folder"),
    "audit": ("backend.audit.command", "show whether the record of who did what is whole"),
    "keys": ("backend.keys", "rotate the master keys, and keep them on three sheets"),
    "restore": ("backend.restore", "read an encrypted backup into an empty database"),
}


class Lazy(click.Group):
    """Looks a verb's module up by name, so that one verb never loads another's libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        del ctx
        if name not in VERBS:
            return None
        command = import_module(VERBS[name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{VERBS[name][0]}.command is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, about) for name, (_, about) in VERBS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Throughcare coordinates a person's return from custody to the community."""


if __name__ == "__main__":
    main(prog_name="./run")
