"""`./run admin`: what is set up at the terminal of the installation, before anybody can sign in.

It comes to the database as the owner, and speaks as the application's own role. Secrets are
asked on the terminal or read from files: a command line is seen by every account of the machine.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from backend import admin_courts, clock, demo, founding, terminal
from backend.agencies.actions import NewAgency
from backend.agencies.countries import STRICTEST, profile_of, profiles
from backend.agencies.lines import Lines, check_lines
from backend.errors import Unfit
from backend.flows.rules import REGIMES
from backend.founding import Account, ChatBot
from backend.settings import Settings, SettingsError
from backend.staff.actions import ROLES
from backend.staff.rules import FACTOR_RULES, asks_less
from backend.terminal import asked

LANGUAGES = ("en", "fr")  # those that bots/texts has; a test holds the two together
TOKEN = re.compile(r"(\d{1,20}):\S+")
FACTOR_HELP = "passkeys (at first): of all one, of leaders (CO, AD) a passkey; all else is less"
USERNAME = re.compile(r"\w{5,64}", re.ASCII)


@click.group(help="Set up the agency, its accounts, its chat bot and its courts.")
def command() -> None: ...


_run = terminal.run


def _bot_number(configured: Settings, wanted: str | None = None) -> str | None:
    """The number of the bot whose token is set, or of the stand-in's; None on a bare server.

    Where tokens of several bots are set, of the one that is `wanted`.
    """
    if not configured.telegram_token:
        return demo.DEMO_BOT_NUMBER if configured.embedded else None
    found = [TOKEN.fullmatch(token) for token in configured.telegram_tokens]
    numbers = [one[1] for one in found if one is not None]
    if len(numbers) < len(found):
        raise SettingsError("TELEGRAM_TOKEN is no bot token")
    if wanted is None and len(numbers) > 1:
        raise SettingsError(f"--bot-number says which: {', '.join(numbers)}")
    if wanted is not None and wanted not in numbers:
        raise SettingsError("TELEGRAM_TOKEN has no token of this bot")
    return wanted or numbers[0]


def _bot(configured: Settings, username: str | None, wanted: str | None) -> ChatBot | None:
    if (number := _bot_number(configured, wanted)) is None:
        return None
    if not configured.telegram_token:
        return ChatBot(number, demo.username(number))
    name = asked(username, "Username of the bot").lstrip("@")
    if not USERNAME.fullmatch(name):
        raise Unfit("The username of a bot has 5 to 64 letters, digits or _.")
    return ChatBot(number, name)


def _about_bot(bot: ChatBot | None) -> str:
    if bot is None:
        return "off: the chat, for TELEGRAM_TOKEN is not set; set it, then ./run admin bot"
    return f"The chat is that of bot {bot.number} (@{bot.username})."


_bot_wanted = click.option("--bot-number", help="which, where TELEGRAM_TOKEN has several lines")


def _with_lines(function: Callable[..., None]) -> Callable[..., None]:
    for name, about in (
        ("--duty-phone", "where somebody of the agency answers"),
        ("--crisis-text", "what is said to somebody in need, in the agency's language"),
        ("--crisis-line", "where somebody listens, as one short line"),
        ("--emergency-number", "what to call when life is in danger"),
    ):
        function = click.option(name, help=about)(function)
    return function


_password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="read the password from this file instead of asking",
)
_agency_name = terminal.agency_name


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
@_bot_wanted
@click.option("--login", help="the administrator's")
@click.option("--alias", help="a neutral name of the administrator")
@_password_file
def first(**given: Any) -> None:
    """Make the first agency and its administrator, once. What no option gives is asked."""

    async def act(configured: Settings) -> None:
        await founding.refuse_second()
        new, lines = _ask_agency(given)
        bot = _bot(configured, given["bot_username"], given["bot_number"])
        administrator = _ask_account("AD", given, "of the administrator")
        await founding.found_agency(new, administrator, bot)
        click.echo(f"{new.name} is there, with its administrator {administrator.login}.")
        click.echo(_about_bot(bot))
        for off in lines.off:
            click.echo(f"off: {off}; ./run admin lines")
        click.echo(f"At /desk the password of {administrator.login} leads to setting up a passkey")
        click.echo("and to nothing else. It takes https, or localhost by name, and a device;")
        click.echo("where there is none: ./run admin second-factor --of all, for a time.")
        click.echo("What may leave it waits for the administrator's word: /desk/flows.")
        click.echo("Next: ./run admin staff, coordinators (CO) before social workers (SW):")
        click.echo("a coordinator sees the plans that are opened from then on.")

    _run(act)


def _ask_agency(given: dict[str, Any]) -> tuple[NewAgency, Lines]:
    opens, closes = terminal.hour(given["opens"]), terminal.hour(given["closes"])
    if opens >= closes:
        raise Unfit("An agency opens before it closes.")
    new = NewAgency(
        name=asked(given["name"], "Name of the agency"),
        service_alias=asked(given["service_alias"], "Neutral name that phones may show"),
        zone=clock.check_zone(asked(given["zone"], "Time zone")),
        language=asked(given["language"], "Language", type=click.Choice(LANGUAGES)),
        working_days=terminal.weekdays(given["working_days"]),
        opens=opens,
        closes=closes,
    )
    named = ("emergency_number", "crisis_line", "crisis_text", "duty_phone")
    answers = {
        name: terminal.asked_or_none(given[name], name.replace("_", " ").capitalize())
        for name in named
    }
    lines = check_lines(Lines(**answers))
    return replace(new, **asdict(lines)), lines


def _ask_account(role: str, given: dict[str, Any], of: str = "") -> Account:
    login = asked(given["login"], f"Login {of}".strip())
    alias = asked(given["alias"], f"Neutral name {of}".strip())
    return Account(role, login, alias, terminal.password(given["password_file"]))


@command.command()
@click.option("--role", type=click.Choice(ROLES))
@click.option("--login")
@click.option("--alias", help="a neutral name that phones may show")
@_agency_name
@_password_file
def staff(**given: Any) -> None:
    """Add an account. What no option gives is asked."""

    async def act(_: Settings) -> None:
        agency = await founding.find_agency(given["agency"])
        role = asked(given["role"], "Role", type=click.Choice(ROLES))
        new = _ask_account(role, given)
        await founding.add_account(agency, new)
        click.echo(f"{new.login} can sign in ({new.role}).")

    _run(act)


@command.command()
@_with_lines
@_agency_name
def lines(agency: str | None, **given: str | None) -> None:
    """Set the numbers to call and the crisis text; what is not given stays."""

    async def act(_: Settings) -> None:
        now = await founding.write_lines(await founding.find_agency(agency), Lines(**given))
        for off in now.off:
            click.echo(f"off: {off}")
        click.echo("Saved.")

    _run(act)


@command.command()
@click.option("--username", help="as the chat service knows the bot")
@_bot_wanted
@_agency_name
def bot(username: str | None, bot_number: str | None, agency: str | None) -> None:
    """Let the bot of TELEGRAM_TOKEN speak for the agency."""

    async def act(configured: Settings) -> None:
        where = await founding.find_agency(agency)
        speaks = _bot(configured, username, bot_number)
        if speaks is None:
            raise SettingsError("TELEGRAM_TOKEN is not set")
        await founding.let_bot_speak(where, speaks)
        click.echo(_about_bot(speaks))

    _run(act)


@command.command("second-factor")
@click.option("--of", "whom", type=click.Choice(FACTOR_RULES), help=FACTOR_HELP)
@click.option("--forget", metavar="LOGIN", help="whose app, passkeys and recovery codes are lost")
@_agency_name
def second_factor(whom: str | None, forget: str | None, agency: str | None) -> None:
    """Say of whom a second factor or a passkey is asked, or let somebody set one up anew."""

    async def act(_: Settings) -> None:
        where = await founding.find_agency(agency)
        if forget is not None:
            await founding.forget_second_factor(where, forget)
            click.echo(f"{forget} is signed out; their password leads to setting up another.")
        if whom is not None or forget is None:
            rule = asked(whom, "Of whom", type=click.Choice(FACTOR_RULES))
            await founding.ask_second_factor(where, rule)
            click.echo("Saved. Who has to set one up is signed out and led there.")
            if asks_less(rule):
                click.echo("That is less than passkeys: the record says that it was set, and the")
                click.echo("agency's page and /health/ready name it until you set --of passkeys.")
            else:
                click.echo("Coordinators and administrators come in by passkey, in a browser.")
                click.echo("If they cannot set one up: look at API_URL, or go back with --of all.")

    _run(act)


@command.command()
@click.argument("regime", type=click.Choice(REGIMES))
@_agency_name
def regime(regime: str, agency: str | None) -> None:
    """Say whether the agency is a public body or an NGO: an NGO is told alias and tasks alone."""

    async def act(_: Settings) -> None:
        await founding.set_regime(await founding.find_agency(agency), regime)
        click.echo("Saved.")

    _run(act)


@command.command()
@click.argument("code", type=click.Choice(sorted(profiles().keys())))
@_agency_name
def country(code: str, agency: str | None) -> None:
    """Say whose law the agency works under; `strictest` where no country's profile fits."""

    async def act(_: Settings) -> None:
        named = None if code == STRICTEST else code
        await founding.name_country(await founding.find_agency(agency), named)
        told = profile_of(named)
        click.echo(f"Saved: {told.name}. {told.authority} hears of an incident: {told.clock}.")
        stays = "have to stay" if told.must_stay else "stay by default"
        click.echo(f"The data {stays} in the country. Of age from {told.majority} on.")
        for what in told.ask_counsel:
            click.echo(f"needs local counsel: {what.replace('_', ' ')}")

    _run(act)


@command.command("small-agency")
@click.argument("turn", type=click.Choice(["on", "off"]))
@click.option("--reviewer", help="the agency whose coordinators look from outside")
@_agency_name
def small_agency(turn: str, reviewer: str | None, agency: str | None) -> None:
    """Let a day's delay and a later look from outside stand for the second person."""

    async def act(_: Settings) -> None:
        where = await founding.find_agency(agency)
        now = await founding.make_small(where, small=turn == "on", reviewer=reviewer)
        if turn == "on" and not now:
            click.echo("Saved, but off: there are more than two active coordinators.")
        else:
            click.echo("Saved.")

    _run(act)


@command.command("complaint-days")
@click.argument("days", type=int)
@_agency_name
def complaint_days(days: int, agency: str | None) -> None:
    """Set in how many working days a complaint is answered."""

    async def act(_: Settings) -> None:
        await founding.set_complaint_days(await founding.find_agency(agency), days)
        click.echo("Saved.")

    _run(act)


@command.command()
@click.option("--person", type=int, help="days after the closing of their last plan")
@click.option("--circle", type=int, help="days for relatives, lawyers and guardians")
@_agency_name
def terms(person: int | None, circle: int | None, agency: str | None) -> None:
    """Set how long somebody is kept; what is not given is as the country's profile has it."""

    async def act(_: Settings) -> None:
        where = await founding.find_agency(agency)
        await founding.set_terms(where, person=person, circle=circle)
        click.echo("Saved, for plans that are closed from now on.")

    _run(act)


for one in admin_courts.COMMANDS:
    command.add_command(one)


@command.command("demo")
@click.option("--bot-username", help="of the bot whose TELEGRAM_TOKEN is set")
@_bot_wanted
def load_demo(bot_username: str | None, bot_number: str | None) -> None:
    """Load the demo agency, where no agency is: invented people, plans at five stages."""

    async def act(configured: Settings) -> None:
        number = _bot_number(configured, bot_number) or demo.DEMO_BOT_NUMBER
        name = bot_username or demo.username(number)
        if await demo.load(ChatBot(number, name)):
            click.echo(await demo.about())
        else:
            click.echo("An agency is there already, so no demo is loaded.")

    _run(act)
