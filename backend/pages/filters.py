"""What the first page is filtered by: as it stands in the address, and what there is to choose.

In an address stand ids and words of ours; a name in it would stay in the history of a browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from backend import clock
from backend.access import Actor
from backend.database import transaction
from backend.doors import HttpRequest
from backend.errors import BadInput
from backend.plans.filters import READ_DAYS, VIEWS, Filters
from backend.plans.rules import OVER, WORKERS
from backend.templates.actions import template_of
from backend.templates.rules import PATHWAYS

HOME = "/desk"
EVERYBODY = ""  # where a choice is left open, an address says so with nothing


def filters_of(request: HttpRequest) -> Filters:
    """What a form without a choice leaves empty is not asked. Raises BadInput for what is none."""
    given = {one.name: request.query_params.get(one.name) for one in fields(Filters)}
    try:
        chosen = {name: value for name, value in given.items() if value}
        return msgspec.convert(chosen, Filters, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput from error


def address(filters: Filters, **more: str) -> str:
    """Of the first page so filtered; `more` stands beside it, or instead of a filter."""
    asked = {**asdict(filters), **more}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{HOME}?{query}" if query else HOME


def views_of(filters: Filters) -> Sequence[tuple[str, str]]:
    """Each view with its address; the other filters stay."""
    return [(view, address(filters, view=view)) for view in (EVERYBODY, *VIEWS)]


@dataclass(frozen=True)
class Choices:
    """What one's own caseload can be filtered by; where there is one of something, by nothing.

    `named` are the pathways of agencies' own, with their names.
    """

    days: bool = False
    pathways: Sequence[str] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    workers: Sequence[tuple[UUID, str]] = ()
    agencies: Sequence[tuple[UUID, str]] = ()

    def __bool__(self) -> bool:
        return self.days or len(self.agencies) > 1


_PLANS = """
SELECT DISTINCT p.agency, p.template_version, a.name
  FROM my_mandates_by_flow() h JOIN plan p ON p.id = h.plan AND p.state <> ALL ($1)
  JOIN agency a ON a.id = p.agency ORDER BY a.name, p.agency
"""
# Whose plan somebody is told whose mandate on it sees its circle, and who works in its agency.
_COLLEAGUES = """
SELECT DISTINCT s.id, s.alias
  FROM my_mandates_by_flow() h JOIN plan p ON p.id = h.plan AND p.state <> ALL ($1)
  JOIN mandate m ON m.plan = p.id AND m.role = 'SW' AND m.glass IS NULL
       AND m.starts <= $3 AND (m.ends IS NULL OR m.ends > $3)
  JOIN staff s ON s.id = m.actor
 WHERE h.role = ANY ($2) AND h.groups IS NULL ORDER BY s.alias, s.id
"""


async def choices_for(actor: Actor) -> Choices:
    """By what this reader may filter; of nobody's plans but their own."""
    over, workers = sorted(OVER), sorted(WORKERS)
    async with transaction(actor.id) as held:
        plans = await held.fetch(_PLANS, over)
        named = dict[str, str]()
        for plan in plans if actor.role in workers else ():
            named |= (await template_of(plan)).pathways
        colleagues: Sequence[Any] = ()
        if actor.role in WORKERS:
            colleagues = await held.fetch(_COLLEAGUES, over, workers, clock.now())
    days = actor.role in READ_DAYS
    return Choices(
        days,
        (*PATHWAYS, *sorted(named)) if days else (),
        named,
        [tuple(row) for row in colleagues],
        list({row["agency"]: (row["agency"], row["name"]) for row in plans}.values()),
    )
