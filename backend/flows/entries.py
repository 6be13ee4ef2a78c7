"""What the rest of the house asks the registry, and what is written into it for an agency."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

from backend import clock
from backend.database import connection
from backend.flows.rules import OF_KIND


@dataclass(frozen=True)
class Receiver:
    """Who gets it: another agency, a court's machine, a role of a circle by chat, or the person."""

    kind: str
    agency: UUID | None = None
    court: UUID | None = None
    role: str | None = None


INSERT = """
INSERT INTO data_flow (id, agency, version, kind, to_agency, court, to_role, groups, purpose, basis,
                       law, article, responsible, starts, until, recorded_by, recorded_at,
                       confirmed_by, confirmed_at)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
"""


async def flow_groups(sender: UUID, to: Receiver) -> frozenset[str]:
    """The field groups that may go there now."""
    groups = await connection().fetchval(
        "SELECT flow_groups($1, $2, $3, $4, $5, NULL, NULL, NULL)",
        sender,
        to.kind,
        to.agency or to.court,
        to.role,
        clock.now(),
    )
    return frozenset(groups or ())


async def may_flow(sender: UUID, to: Receiver, group: str) -> bool:
    """Whether a field group may go there now. Everything that leaves an agency asks this first."""
    return group in await flow_groups(sender, to)


# what is written for an agency


@cache
def proposals() -> Sequence[Mapping[str, str]]:
    """What every agency begins with, from the package; nobody has confirmed it yet."""
    with Path(__file__).with_name("proposals.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


async def propose(agency: UUID, *, court: UUID | None = None) -> None:
    """Write the entries of a new agency, or those of a court that it has a machine of."""
    for line in proposals():
        if (line["kind"] == "court") == (court is not None):
            await _propose(agency, court, line)


async def _propose(agency: UUID, court: UUID | None, line: Mapping[str, str]) -> None:
    named = [word.replace("-", " ") for word in line["groups"].split()]
    every = sorted(OF_KIND[line["kind"]])
    now, nobody = clock.now(), None
    await connection().execute(
        INSERT,
        uuid4(),
        agency,
        line["kind"],
        None,
        court,
        line["to_role"] or None,
        every if named == ["*"] else named,
        line["purpose"],
        line["basis"],
        None,
        None,
        nobody,
        now,
        None,
        nobody,
        now,
        nobody,
        None,
    )
