"""How much there was in an agency in a month: never of a plan or of somebody, no small number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from backend import clock
from backend.access import Actor, require
from backend.audit.actions import record
from backend.database import transaction
from backend.errors import BadInput, NotFound, Unfit
from backend.matrix import cell

FEW = "fewer than 5"  # none at all is said so too; the database tells no smaller number
Number = int | str
SETTLES = timedelta(days=2)  # a message that waits is sent, stale or given up by then


@dataclass(frozen=True)
class Counts:
    """None where the role is not given the number."""

    month: str
    messages: Mapping[str, Number]
    alerts: Number | None
    summaries: Number | None


async def count_records(actor: Actor, month: str | None) -> Counts:
    """Messages by state, alerts and issued summaries of a month that is over, YYYY-MM.

    None is the last one. A month that goes on, or in which something may still wait, is refused,
    and what was told of a month once is told so ever after: of two different counts of it the
    difference would be one message. Raises BadInput, Unfit.
    """
    require(actor, "countRecords")
    asked = None if month is None else _first_day(month)
    async with transaction(actor.id) as held:
        zone = await held.fetchval("SELECT zone FROM agency WHERE id = $1", actor.agency)
        if zone is None:
            raise NotFound
        running = (clock.today(zone) - SETTLES).replace(day=1)
        first = asked or (running - timedelta(days=1)).replace(day=1)
        if first >= running:
            raise Unfit("month is one that has been over for two days.")
        await record(actor, "countRecords")
        rows = await held.fetch("SELECT * FROM counts_of_agency($1)", first)
    said: dict[tuple[str, str | None], Number] = {
        (row["what"], row["state"]): FEW if row["times"] is None else row["times"] for row in rows
    }
    return Counts(
        f"{first:%Y-%m}",
        {state: times for (what, state), times in said.items() if what == "messages" and state},
        said.get(("alerts", None)) if cell(actor.role, "alerts").counted else None,
        said.get(("summaries", None)) if cell(actor.role, "summary").counted else None,
    )


def _first_day(month: str) -> date:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise BadInput("month is written YYYY-MM.") from None
    if f"{first.year:04}-{first.month:02}" != month:
        raise BadInput("month is written YYYY-MM.")
    return first
