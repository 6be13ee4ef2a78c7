"""`./run admin`: what is set up at the terminal of the installation, before anybody can sign in.

It speaks to the database as the application's own role. Secrets are asked on the
terminal or read from files: a command line is seen by every account of the machine.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import click

from backend import demo
from backend.access import Actor
from backend.actors.actions import vault
from backend.agencies.actions import NewAgency, make_agency, make_bot
from backend.agencies.lines import Lines, check_lines, set_lines
from backend.audit.actions import record
from backend.courts.sessions import add_court_client
from backend.database import connection, transaction
from backend.errors import DomainError, Unfit
from backend.plans.actions.opening import check_zone
from backend.processes import CANNOT_RUN, process
from backend.settings import Settings, SettingsError, settings
from backend.staff.actions import ROLES, add_staff

LANGUAGES = ("en", "fr")  # those that bots/texts has; a test holds the two together
OPERATOR = UUID(int=0)  # whoever has the terminal: the audit names no account for them
ONE_AT_A_TIME = 4_806_114
TOKEN = re.compile(r"(\d{1,20}):\S+")
USERNAME = re.compile(r"\w{5,64}", re.ASCII)


@click.group(help="Set up the agency, its accounts, its chat bot and its courts.")
def command() -> None: ...


def _fail(error: object) -> None:
    click.echo(f"admin: {error}", err=True)
    sys.exit(1)


def _run(act: Callable[[Settings], Awaitable[None]]) -> None:
    async def run() -> None:
        configured = settings()
        async with process("app", configured):
            vault()
            await act(configured)

    try:
        asyncio.run(run())
    except asyncpg.UndefinedTableError:
        _fail("the database is not at this release: ./run migrate")
    except (*CANNOT_RUN, DomainError) as error:
        _fail(error)
    except click.Abort:
        _fail("stopped; nothing was written")


def _password(file: Path | None) -> str:
    """From the file's first line, or asked twice on the terminal, unseen."""
    if file is not None:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    if not sys.stdin.isatty():
        raise SettingsError("there is no terminal to ask for a password: use --password-file")
    word: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return word


def _asked(given: str | None, question: str, **how: Any) -> str:
    answer: str = given if given is not None else click.prompt(question, **how)
    return answer


def _or_none(given: str | None, question: str) -> str | None:
    """An answer that may be left out; without a terminal it is."""
    if given is None and sys.stdin.isatty():
        given = click.prompt(f"{question} (may be empty)", default="", show_default=False)
    return given or None


async def _agency(name: str | None) -> Any:
    """The one agency, or that of this name. Raises SettingsError."""
    rows = await connection().fetch(
        "SELECT id, name, language FROM agency WHERE $1::text IS NULL OR name = $1", name
    )
    if not rows:
        raise SettingsError("there is no such agency; ./run admin first makes the first one")
    if len(rows) > 1:
        raise SettingsError("there are several agencies: say which with --agency")
    return rows[0]


async def _note(operation: str, agency: UUID, thing: UUID) -> None:
    await record(Actor(OPERATOR, "machine", "OP", agency), operation, thing=thing)


def _bot_number(configured: Settings) -> str | None:
    """The number of the bot whose token is set, or of the stand-in's; None on a bare server."""
    if configured.telegram_token:
        if (found := TOKEN.fullmatch(configured.telegram_token)) is None:
            raise SettingsError("TELEGRAM_TOKEN is no bot token")
        return found[1]
    return demo.BOT_NUMBER if configured.embedded else None


async def _write_bot(configured: Settings, agency: UUID, username: str | None) -> str:
    """Tell which bot speaks for the agency; answers with a line for the operator."""
    number = _bot_number(configured)
    if number is None:
        return "off: chat, for TELEGRAM_TOKEN is not set; then ./run admin bot"
    if not configured.telegram_token:
        username = demo.username(number)
    name = _asked(username, "Username of the bot").lstrip("@")
    if not USERNAME.fullmatch(name):
        raise Unfit("The username of a bot has 5 to 64 letters, digits or _.")
    await make_bot(uuid4(), agency, number=number, username=name)
    owner = await connection().fetchval("SELECT agency FROM bot WHERE number = $1", number)
    if owner != agency:
        raise Unfit(f"Bot {number} speaks for another agency.")
    await _note("makeBot", agency, agency)
    return f"chat: bot {number} (@{name})"


_lines = (
    click.option("--emergency-number", help="what to call when life is in danger"),
    click.option("--crisis-line", help="where somebody listens, as one short line"),
    click.option("--crisis-text", help="what to say to somebody in need, in the agency's language"),
    click.option("--duty-phone", help="where somebody of the agency answers"),
)


def _with_lines(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_lines):
        function = option(function)
    return function


_password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="read the password from this file instead of asking",
)
_agency_name = click.option("--agency", help="its name, where there are several")


@command.command()
@click.option("--name", help="the agency's name, for its own staff")
@click.option("--service-alias", help="a neutral name that may show on anybody's phone")
@click.option("--zone", help="its time zone, such as Africa/Tunis")
@click.option("--language", type=click.Choice(LANGUAGES))
@click.option("--working-days", default="12345", show_default=True, help="1 is Monday")
@click.option("--opens", default="08:00", show_default=True)
@click.option("--closes", default="17:00", show_default=True)
@_with_lines
@click.option("--bot-username", help="of the bot whose TELEGRAM_TOKEN is set")
@click.option("--login", help="the administrator's")
@click.option("--alias", help="a neutral name of the administrator")
@_password_file
def first(**given: Any) -> None:
    """Make the first agency and its administrator, once."""
    _run(lambda configured: _first(configured, given))


async def _first(configured: Settings, given: dict[str, Any]) -> None:
    async with transaction():
        await _refuse_second()
    new, lines = _ask_agency(given)
    login = _asked(given["login"], "Login of the administrator")
    alias = _asked(given["alias"], "Neutral name of the administrator")
    password = _password(given["password_file"])
    administrator = uuid4()
    async with transaction(administrator):
        await connection().execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
        await _refuse_second()
        await make_agency(new)
        await _note("makeAgency", new.id, new.id)
        await add_staff(
            administrator,
            agency=new.id,
            role="AD",
            login=login,
            alias=alias,
            password=password,
        )
        await _note("addStaff", new.id, administrator)
        bot = await _write_bot(configured, new.id, given["bot_username"])
    click.echo(f"{new.name} is there, with its administrator {login}.\n{bot}")
    for off in lines.off:
        click.echo(f"off: {off}; ./run admin lines")
    click.echo("Next: ./run admin staff, coordinators (CO) before social workers (SW):")
    click.echo("a coordinator sees the plans that are opened from then on.")


async def _refuse_second() -> None:
    row = await connection().fetchrow("SELECT name, demo FROM agency ORDER BY demo LIMIT 1")
    if row is not None and row["demo"]:
        raise SettingsError(
            "the demo agency lives in this database: take an empty one for real people"
        )
    if row is not None:
        raise SettingsError(f"there is an agency already: {row['name']}")


def _ask_agency(given: dict[str, Any]) -> tuple[NewAgency, Lines]:
    """Raises Unfit for what cannot be saved, as soon as it is asked."""
    name = _asked(given["name"], "Name of the agency")
    service_alias = _asked(given["service_alias"], "Neutral name that phones may show")
    zone = check_zone(_asked(given["zone"], "Time zone"))
    language = _asked(given["language"], "Language", type=click.Choice(LANGUAGES))
    lines = check_lines(
        Lines(
            emergency_number=_or_none(given["emergency_number"], "Emergency number"),
            crisis_line=_or_none(given["crisis_line"], "Crisis line"),
            crisis_text=_or_none(given["crisis_text"], "Crisis text"),
            duty_phone=_or_none(given["duty_phone"], "Duty phone"),
        )
    )
    opens, closes = _hour(given["opens"]), _hour(given["closes"])
    if opens >= closes:
        raise Unfit("An agency opens before it closes.")
    new = NewAgency(
        name=name,
        service_alias=service_alias,
        zone=zone,
        language=language,
        working_days=_days(given["working_days"]),
        opens=opens,
        closes=closes,
        **asdict(lines),
    )
    return new, lines


def _hour(given: str) -> time:
    try:
        return time.fromisoformat(given)
    except ValueError as error:
        raise Unfit("Hours are written as 08:00.") from error


def _days(given: str) -> Sequence[int]:
    if not re.fullmatch("[1-7]+", given):
        raise Unfit("Working days are digits, 1 for Monday to 7 for Sunday.")
    return sorted({int(day) for day in given})


@command.command()
@click.option("--role", type=click.Choice(ROLES), prompt=True)
@click.option("--login", prompt=True)
@click.option("--alias", prompt="Neutral name", help="a neutral name that phones may show")
@_agency_name
@_password_file
def staff(
    role: str, login: str, alias: str, agency: str | None, password_file: Path | None
) -> None:
    """Add an account."""

    async def act(_: Settings) -> None:
        async with transaction():
            where = (await _agency(agency))["id"]
        password, who = _password(password_file), uuid4()
        async with transaction(who):
            await add_staff(
                who, agency=where, role=role, login=login, alias=alias, password=password
            )
            await _note("addStaff", where, who)
        click.echo(f"{login} can sign in ({role}).")

    _run(act)


@command.command()
@_with_lines
@_agency_name
def lines(agency: str | None, **given: str | None) -> None:
    """Set the numbers to call and the crisis text; what is not given stays."""

    async def act(_: Settings) -> None:
        async with transaction():
            where = (await _agency(agency))["id"]
            now = await set_lines(where, Lines(**given))
            await _note("setLines", where, where)
        for off in now.off:
            click.echo(f"off: {off}")
        click.echo("Saved." if now.off else "Saved; nothing is off for want of a line.")

    _run(act)


@command.command()
@click.option("--username", help="as the chat service knows the bot")
@_agency_name
def bot(username: str | None, agency: str | None) -> None:
    """Let the bot of TELEGRAM_TOKEN speak for the agency."""

    async def act(configured: Settings) -> None:
        async with transaction():
            where = (await _agency(agency))["id"]
            click.echo(await _write_bot(configured, where, username))

    _run(act)


@command.command("court-client")
@click.option("--label", prompt="Which court", help="for your own staff")
@_agency_name
def court_client(label: str, agency: str | None) -> None:
    """Make a court's client; its secret is printed once and stored nowhere."""

    async def act(_: Settings) -> None:
        who = uuid4()
        async with transaction(who):
            where = (await _agency(agency))["id"]
            made = await add_court_client(who, agency=where, label=label)
            await _note("addCourtClient", where, who)
        click.echo(f"client (for bindCourtFile): {who}")
        click.echo(f"client id: {made.client_id}\nsecret: {made.secret}")
        click.echo("Hand both to the court by a safe way; the secret is not shown again.", err=True)

    _run(act)


@command.command("demo")
@click.option("--bot-username", help="of the bot whose TELEGRAM_TOKEN is set")
def load_demo(bot_username: str | None) -> None:
    """Load the demo agency, where no agency is: invented people, plans at five stages."""

    async def act(configured: Settings) -> None:
        number = _bot_number(configured) or demo.BOT_NUMBER
        name = bot_username or demo.username(number)
        async with transaction() as held:
            await held.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
            there = await held.fetchrow("SELECT name, demo FROM agency ORDER BY demo DESC LIMIT 1")
        if there is not None and not there["demo"]:
            click.echo(f"{there['name']} is there, so no demo is loaded.")
            return
        if there is None:
            await demo.load(bot_number=number, bot_username=name)
        click.echo(await demo.about())

    _run(act)
