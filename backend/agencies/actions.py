"""Agencies, their bots, and who is on duty."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, require
from backend.agencies.lines import Lines, check_lines
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import NotFound, Unfit
from backend.flows.entries import propose
from backend.messages.wording import UnfitAlias, check_alias
from backend.once import Written


@dataclass(frozen=True)
class NewAgency:
    """What an agency needs; without the numbers and the text its sending is off.

    `second_factor` says of whom one is asked: none, leaders (CO and AD), all, or passkeys (of
    all, and of leaders a passkey), which holds unless an operator says less. `regime` is
    public_body or ngo.
    """

    name: str
    service_alias: str
    zone: str
    language: str
    working_days: Sequence[int] = (1, 2, 3, 4, 5)
    opens: time = time(8)
    closes: time = time(17)
    emergency_number: str | None = None
    crisis_line: str | None = None
    crisis_text: str | None = None
    duty_phone: str | None = None
    demo: bool = False
    second_factor: str = "passkeys"
    regime: str = "public_body"
    id: UUID = field(default_factory=uuid4)


async def make_agency(new: NewAgency) -> None:
    """Write an agency, and the data flows that every agency begins with.

    Raises Unfit for an alias or a line that a chat must not carry.
    """
    try:
        alias = check_alias(new.service_alias)
    except UnfitAlias as error:
        raise Unfit(f"The service alias is not fit for a chat: {error}.") from error
    lines = check_lines(
        Lines(new.emergency_number, new.crisis_line, new.crisis_text, new.duty_phone)
    )
    await connection().execute(
        "INSERT INTO agency (id, version, name, service_alias, zone, language, working_days,"
        " opens, closes, emergency_number, crisis_line, crisis_text, duty_phone, demo,"
        " second_factor, regime)"
        " VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        new.id,
        new.name,
        alias,
        clock.check_zone(new.zone),
        new.language,
        list(new.working_days),
        new.opens,
        new.closes,
        lines.emergency_number,
        lines.crisis_line,
        lines.crisis_text,
        lines.duty_phone,
        new.demo,
        new.second_factor,
        new.regime,
    )
    await propose(new.id)


async def make_bot(id_: UUID, agency: UUID, *, number: str, username: str) -> None:
    """Tell which chat bot speaks for an agency; `number` is the part of its token before ':'."""
    await connection().execute(
        "INSERT INTO bot (id, agency, number, username) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (number) DO NOTHING",
        id_,
        agency,
        number,
        username,
    )


@dataclass(frozen=True)
class Rota:
    """Who answers urgent tasks in a span of time, in the order in which they are asked."""

    starts: datetime
    ends: datetime
    staff: Sequence[UUID]


async def set_duty_rota(actor: Actor, rota: Rota) -> Written:
    """Replace the duty of a span of time in the coordinator's agency.

    Shifts that overlap the span are ended at its start. Raises Unfit, NotFound for somebody
    who does not work there.
    """
    require(actor, "setDutyRota")
    if rota.ends <= rota.starts or not rota.staff:
        raise Unfit("A duty has somebody on it and ends after it starts.")
    async with transaction(actor.id) as held:
        known = await held.fetch(
            "SELECT id FROM staff WHERE agency = $1 AND active AND id = ANY($2)",
            actor.agency,
            list(rota.staff),
        )
        if {row["id"] for row in known} != set(rota.staff):
            raise NotFound
        await held.execute(
            "UPDATE duty_shift SET ends = greatest(starts, $2), version = version + 1"
            " WHERE agency = $1 AND starts < $3 AND ends > $2",
            actor.agency,
            rota.starts,
            rota.ends,
        )
        await held.executemany(
            "INSERT INTO duty_shift (id, agency, version, staff, starts, ends, place)"
            " VALUES ($1, $2, 1, $3, $4, $5, $6)",
            [
                (uuid4(), actor.agency, who, rota.starts, rota.ends, place)
                for place, who in enumerate(rota.staff, 1)
            ],
        )
        version = await held.fetchval(
            "UPDATE agency SET version = version + 1 WHERE id = $1 RETURNING version", actor.agency
        )
        await record(actor, "setDutyRota", thing=actor.agency)
        if actor.agency is None:
            raise NotFound
        return Written(actor.agency, version)


async def on_duty(agency: UUID, plan: UUID | None = None) -> Sequence[Any]:
    """Who is on duty now, in the order in which they are asked.

    About a plan, nobody before whom a wall stands.
    """
    rows: Sequence[Any] = await connection().fetch(
        "SELECT staff, place FROM duty_shift s WHERE agency = $1 AND starts <= $2 AND ends > $2"
        " AND NOT EXISTS (SELECT 1 FROM plan p WHERE p.id = $3"
        " AND is_barred(p.person, s.staff, 'SW')) ORDER BY place",
        agency,
        clock.now(),
        plan,
    )
    return rows


async def today_of(agency: UUID | None) -> date:
    """The civil day where an agency is."""
    zone: str = await connection().fetchval("SELECT zone FROM agency WHERE id = $1", agency)
    return clock.today(zone)
