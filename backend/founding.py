"""How an installation begins, before anybody can sign in. The audit knows an operator only.

The demo's agency and a real one never share a database: whoever makes one looks for the
other first, and `agency_there` lets nobody look at the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.agencies.actions import NewAgency, make_agency, make_bot
from backend.agencies.countries import check_country, profile_of
from backend.agencies.lines import Lines, set_lines
from backend.audit.actions import record_of_another
from backend.courts import clients
from backend.courts.clients import BUSIEST_DAY, CourtCredential
from backend.database import connection
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.operating import at_terminal
from backend.staff.actions import ROLES, add_staff
from backend.staff.factors import forget_factor
from backend.staff.rules import needs_factor, needs_passkey
from backend.staff.sessions import RULES_LOCK

OPERATOR = UUID(int=0)  # whoever has the terminal of the installation
LONGEST_COMPLAINT = 60
ONE_AT_A_TIME = 4_806_114  # any number that nobody else uses on this database


@dataclass(frozen=True)
class Account:
    role: str
    login: str
    alias: str
    password: str
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class ChatBot:
    """`number` is the part of its token before the colon."""

    number: str
    username: str


async def agency_there() -> Any | None:
    """An agency, the demo's if it is there, or None where there is none at all.

    Whoever else asks waits until this transaction ends.
    """
    await connection().execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
    return await connection().fetchrow(
        "SELECT id, name, demo FROM agency ORDER BY demo DESC LIMIT 1"
    )


async def refuse_second() -> None:
    """Raises NotFromThisState where an agency is."""
    async with at_terminal():
        there = await agency_there()
    if there is not None and there["demo"]:
        raise NotFromThisState(
            "The demo agency lives in this database: take an empty one for real people."
        )
    if there is not None:
        raise NotFromThisState(f"There is an agency already: {there['name']}.")


async def found_agency(new: NewAgency, administrator: Account, bot: ChatBot | None) -> None:
    """The first agency with its administrator, once. Raises NotFromThisState, Unfit."""
    async with at_terminal(administrator.id):
        await refuse_second()
        await make_agency(new)
        await _note("makeAgency", new.id, new.id)
        await add_account(new.id, administrator)
        if bot is not None:
            await let_bot_speak(new.id, bot)


async def find_agency(name: str | None) -> UUID:
    """The only agency, or the one of this name. Raises NotFromThisState."""
    async with at_terminal() as held:
        rows = await held.fetch(
            "SELECT id FROM agency WHERE $1::text IS NULL OR name = $1 LIMIT 2", name
        )
    if not rows:
        raise NotFromThisState("There is no such agency; ./run admin first makes the first one.")
    if len(rows) > 1:
        raise NotFromThisState("There are several agencies: say which with --agency.")
    return UUID(str(rows[0]["id"]))


async def add_account(agency: UUID, new: Account) -> None:
    """Raises Unfit, Taken."""
    async with at_terminal(new.id):
        await add_staff(
            new.id,
            agency=agency,
            role=new.role,
            login=new.login,
            alias=new.alias,
            password=new.password,
        )
        await _note("addStaff", agency, new.id)


async def write_lines(agency: UUID, lines: Lines) -> Lines:
    """The lines as they are afterwards. Raises Unfit."""
    async with at_terminal():
        now = await set_lines(agency, lines)
        await _note("setLines", agency, agency)
        return now


async def ask_second_factor(agency: UUID, of: str) -> None:
    """Ask a second factor of nobody, of coordinators and administrators, or of all.

    With `passkeys` one is asked of all, and a passkey of coordinators and administrators. Who has
    not what is asked now, or may have come in without it, is signed out and led to set it up.
    The record says which it was, so that less than passkeys has an instant and an end there.
    """
    async with at_terminal() as held:
        # no sign-in is under way that still goes by what was asked before
        await held.execute("SELECT pg_advisory_xact_lock($1)", RULES_LOCK)
        await held.execute(
            "UPDATE agency SET second_factor = $2, version = version + 1 WHERE id = $1", agency, of
        )
        asked = [role for role in ROLES if needs_factor(of, role)]
        await held.execute("SELECT sign_out_without_factor($1, $2, $3)", agency, asked, clock.now())
        keyed = [role for role in ROLES if needs_passkey(of, role)]
        await held.execute(
            "SELECT sign_out_without_passkey($1, $2, $3)", agency, keyed, clock.now()
        )
        await _note("askSecondFactor", agency, agency, outcome=of)


async def forget_second_factor(agency: UUID, login: str) -> None:
    """For somebody who lost all second factors: the password alone leads to a new one.

    Raises NotFound.
    """
    async with at_terminal() as held:
        who = await held.fetchval("SELECT staff_of_login($1, NULL, $2)", login.casefold(), agency)
    if who is None:
        raise NotFound("There is no such login in this agency.")
    async with at_terminal(who) as held:
        await forget_factor(held, who)
        await _note("forgetSecondFactor", agency, who)


async def set_regime(agency: UUID, regime: str) -> None:
    """Under which law an agency works: what a public body may tell an NGO hangs on it."""
    async with at_terminal() as held:
        await held.execute(
            "UPDATE agency SET regime = $2, version = version + 1 WHERE id = $1", agency, regime
        )
        await _note("setRegime", agency, agency)


async def name_country(agency: UUID, code: str | None) -> None:
    """Whose law an agency works under; None stands for the strictest of each. Raises Unfit."""
    country = check_country(code) if code else None
    async with at_terminal() as held:
        await held.execute(
            "UPDATE agency SET country = $2, version = version + 1 WHERE id = $1", agency, country
        )
        await _note("nameCountry", agency, agency)


async def set_complaint_days(agency: UUID, days: int) -> None:
    """How many working days a complaint waits for its answer at most. Raises Unfit."""
    if not 1 <= days <= LONGEST_COMPLAINT:
        raise Unfit(f"A complaint waits 1 to {LONGEST_COMPLAINT} working days.")
    async with at_terminal() as held:
        await held.execute(
            "UPDATE agency SET complaint_days = $2, version = version + 1 WHERE id = $1",
            agency,
            days,
        )
        await _note("setComplaintDays", agency, agency)


async def set_terms(agency: UUID, *, person: int | None, circle: int | None) -> None:
    """How many days after a plan's closing somebody is kept; None stands for the country's own.

    It holds for plans that are closed from now on. Raises Unfit outside what the country allows.
    """
    async with at_terminal() as held:
        keep = profile_of(
            await held.fetchval("SELECT country FROM agency WHERE id = $1", agency)
        ).keep
        for whom, days in (("person", person), ("circle", circle)):
            term = keep[whom]
            if days is not None and not term.floor <= days <= term.ceiling:
                raise Unfit(f"The {whom} is kept {term.floor} to {term.ceiling} days.")
        await held.execute(
            "UPDATE agency SET keep_person = $2, keep_circle = $3, version = version + 1"
            " WHERE id = $1",
            agency,
            person,
            circle,
        )
        await _note("setTerms", agency, agency)


async def make_small(agency: UUID, *, small: bool, reviewer: str | None = None) -> bool:
    """Whether a day's delay and a look from outside stand for the second person.

    `reviewer` is another agency's name, whose coordinators look. Answers with whether it is so
    now: it is, while there are two active coordinators at most. Raises NotFound, Unfit.
    """
    async with at_terminal() as held:
        looks = None
        if reviewer is not None:
            looks = await held.fetchval("SELECT id FROM agency WHERE name = $1", reviewer)
            if looks is None:
                raise NotFound("There is no agency of this name to look from outside.")
            if looks == agency:
                raise Unfit("Nobody looks at themselves from outside.")
        await held.execute(
            "UPDATE agency SET small = $2, reviewer = coalesce($3, reviewer),"
            " version = version + 1 WHERE id = $1",
            agency,
            small,
            looks,
        )
        await _note("makeSmall", agency, agency)
        return bool(await held.fetchval("SELECT is_small($1)", agency))


async def let_bot_speak(agency: UUID, bot: ChatBot) -> None:
    """Raises Unfit where this bot speaks for another agency."""
    async with at_terminal() as held:
        await make_bot(uuid4(), agency, number=bot.number, username=bot.username)
        row = await held.fetchrow("SELECT id, agency FROM bot WHERE number = $1", bot.number)
        if row["agency"] != agency:
            raise Unfit(f"Bot {bot.number} speaks for another agency.")
        await _note("makeBot", agency, row["id"])


async def add_court(
    agency: UUID, label: str, *, busiest_day: int = BUSIEST_DAY
) -> tuple[UUID, CourtCredential]:
    """A court's client: the id that files are bound to, and what the court signs in with."""
    id_ = uuid4()
    async with at_terminal(id_):
        made = await clients.add_court_client(
            id_, agency=agency, label=label, busiest_day=busiest_day
        )
        await _note("addCourtClient", agency, id_)
    return id_, made


async def add_court_with_key(
    agency: UUID, label: str, key: str, *, busiest_day: int = BUSIEST_DAY
) -> tuple[UUID, str]:
    """Likewise for a court that signs with a key: our id, and its client id. Raises Unfit."""
    id_ = uuid4()
    async with at_terminal(id_):
        client_id = await clients.add_key_client(
            id_, agency=agency, label=label, key=key, busiest_day=busiest_day
        )
        await _note("addCourtClient", agency, id_)
    return id_, client_id


async def give_court_key(client: UUID, key: str | None, *, key_only: bool) -> None:
    """Raises Unfit."""
    async with at_terminal(client):
        agency = await clients.give_key(client, key, key_only=key_only)
        await _note("giveCourtKey", agency, client)


async def suspend_court(client: UUID) -> None:
    """Raises Unfit, NotFromThisState."""
    async with at_terminal(client):
        await _note("suspendCourt", await clients.suspend(client), client)


async def resume_court(client: UUID) -> None:
    """Raises Unfit, NotFromThisState."""
    async with at_terminal(client):
        await _note("resumeCourt", await clients.resume(client), client)


async def add_court_canaries(client: UUID, references: Sequence[str]) -> None:
    """Raises Unfit, Taken."""
    async with at_terminal(client):
        await _note("addCourtCanaries", await clients.add_canaries(client, references), client)


async def _note(operation: str, agency: UUID, thing: UUID, *, outcome: str = "done") -> None:
    who = Actor(OPERATOR, "machine", "OP", agency)
    await record_of_another(who, operation, thing=thing, outcome=outcome)
