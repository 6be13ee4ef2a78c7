"""What a text may speak of: aliases, a day, a time, a number to call. Found when it is sent."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock
from backend.actors.actions import unseal_with
from backend.alerts.due import due_on_day
from backend.calendars.rules import open_days
from backend.database import connection
from backend.messages import rules
from backend.messages.judging import Facts
from backend.messages.links import is_released
from backend.support.humans import holds_until, human_of

Values = dict[str, str]
# No row that asks after contact is due so long after the release, so this never names that day.
A_WHILE = timedelta(days=3)


async def values_of(message: Any, facts: Facts, needed: frozenset[str]) -> Values:
    """The values that a text needs and that exist; what is missing blocks the message."""
    found: Values = {}
    if message["variables"] is not None and message["recipient"] is not None:
        place = f"message.variables:{message['id']}"
        found |= unseal_with(facts["wrapped"], message["recipient"], place, message["variables"])
    for name in sorted(needed - found.keys()):
        value = facts[name] if name in _LINES else await _FIND[name](message, facts)
        if value is not None:
            found[name] = value
    return {name: found[name] for name in sorted(needed & found.keys())}


async def _worker_alias(_: Any, facts: Facts) -> str:
    return str(facts["worker_alias"] or facts["service_alias"])


async def _human_alias(message: Any, facts: Facts) -> str:
    """Whom this mentor may call, or the coordinator of the plan."""
    found = await human_of(message["plan"], message["recipient"])
    return str(found["alias"] if found is not None else facts["service_alias"])


async def _alias(_: Any, facts: Facts) -> str | None:
    """The word by which this very recipient knows the person; staff know the plan's own."""
    alias: str | None = facts["member_alias"] or facts["plan_alias"]
    return alias


async def _moment(message: Any, facts: Facts) -> tuple[str, str | None] | None:
    """The civil day and time that the message is about."""
    held, key = connection(), message["key"]
    if key == "WHY-M":
        holds = await holds_until(message["recipient"])
        return (holds.isoformat(), None) if holds else None
    if key in {"CLOSE", "CLOSE-F"}:
        ends = await held.fetchval(
            "SELECT max(ends) FROM mandate WHERE plan = $1 AND actor = $2",
            message["plan"],
            message["recipient"],
        )
        return ends.astimezone(ZoneInfo(facts["zone"])).date().isoformat(), None
    if (key == "APPT-MOVED" and message["step"] == rules.RELEASE_MOVED) or key.startswith("GATE-"):
        at = facts["release_time"]
        return facts["release_date"].isoformat(), at.isoformat("minutes") if at else None
    if key == "CIR-INV" or key.startswith("APPT"):
        return facts["held_on"].isoformat(), facts["held_at"].isoformat("minutes")
    return await _milestone_day(message, facts)


async def _milestone_day(message: Any, facts: Facts) -> tuple[str, str | None] | None:
    due_on = facts["row_due_on"]
    if due_on is None:
        return None
    if message["key"] != "CONTACT":
        return due_on.isoformat(), None
    since = await _last_contact(message) or await _day_of_leaving(message, facts)
    return (since or due_on - A_WHILE).isoformat(), None


async def _day_of_leaving(message: Any, facts: Facts) -> date | None:
    """For whom the person let know it; nobody else is told it in a question."""
    left = facts["left_custody_at"]
    if left is None or not await is_released(
        message["plan"], message["recipient"], rules.RELEASE_DATE
    ):
        return None
    day: date = left.astimezone(ZoneInfo(facts["zone"])).date()
    return day


async def _last_contact(message: Any) -> Any:
    return await connection().fetchval(
        "SELECT max(made_on) FROM contact WHERE plan = $1 AND actor = $2 AND outcome = 'reached'",
        message["plan"],
        message["recipient"],
    )


async def _date(message: Any, facts: Facts) -> str | None:
    found = await _moment(message, facts)
    return found[0] if found else None


async def _time(message: Any, facts: Facts) -> str | None:
    found = await _moment(message, facts)
    return found[1] if found else None


async def _next_open(_: Any, facts: Facts) -> str | None:
    moment = rules.next_open(
        clock.now(),
        zone=facts["agency_zone"],
        days=open_days(facts),
        opens=facts["agency_opens"],
    )
    zone = facts["zone"] or facts["agency_zone"]
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return local.isoformat(timespec="minutes")


async def _count(message: Any, facts: Facts) -> str | None:
    today = clock.today(facts["zone"])
    due = await due_on_day(message["recipient"], today, zone=facts["zone"], as_of=clock.now())
    return str(due)


_LINES = frozenset({"service_alias", "emergency_number", "crisis_line", "duty_phone"})
_FIND: dict[str, Callable[[Any, Facts], Awaitable[str | None]]] = {
    "worker_alias": _worker_alias,
    "duty_alias": _worker_alias,
    "human_alias": _human_alias,
    "alias": _alias,
    "date": _date,
    "time": _time,
    "next_open": _next_open,
    "n": _count,
}
