"""Decisions about data flows that need no database: what an entry may say, and what it opens."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from backend.errors import Unfit
from backend.matrix import MATRIX, cell
from backend.words import PURPOSES

REGIMES = ("public_body", "ngo")
BASES = ("law", "authorisation", "own_right")
CHAT_ROLES = ("ME", "FA", "PE")
TO_NGO = frozenset({"alias", "tasks"})  # being here at all says more than an NGO may know
REFERRAL = "referral"  # the fact of a disclosure on which a flow by authorisation hangs

# What each kind of receiver can be sent at all. A court never gets a draft or a live plan, and a
# chat carries what messages are made of; of the rest the matrix decides besides.
_OF_THE_HOUSE = {
    *("care", "vetting", "clubs", "welcome"),
    *("rota", "accounts", "templates", "statistics", "registry", "incidents", "reviews"),
    *("complaints", "holds", "proofs", "record", "calendars"),
}
OF_KIND: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "agency": frozenset(MATRIX) - _OF_THE_HOUSE,
        "court": frozenset({"summary"}),
        "chat": frozenset({"alias", "messages", "appointments", "milestones", "release date"}),
        "person": frozenset(group for group in MATRIX if "R" in cell("PE", group).signs),
    }
)


@dataclass(frozen=True)
class Period:
    """From an instant on, up to another one if there is one."""

    starts: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """An entry as far as it decides; `standing` is false once it has ended."""

    kind: str
    groups: Collection[str]
    purpose: str
    basis: str
    period: Period
    law: str | None = None
    article: str | None = None
    standing: bool = True


@dataclass(frozen=True)
class Regimes:
    """Under which law the sender works, and the receiver where it is an agency."""

    sender: str
    receiver: str | None = None

    @property
    def to_ngo(self) -> bool:
        return (self.sender, self.receiver) == ("public_body", "ngo")


def check(entry: Entry, regimes: Regimes) -> None:
    """Raises Unfit for what an entry may not say."""
    if entry.kind not in OF_KIND:
        raise Unfit(f"kind is one of {', '.join(OF_KIND)}.")
    if entry.purpose not in PURPOSES:
        raise Unfit(f"purpose is one of {', '.join(PURPOSES)}.")
    if entry.basis not in BASES:
        raise Unfit(f"basis is one of {', '.join(BASES)}.")
    if not entry.groups or not set(entry.groups) <= OF_KIND[entry.kind]:
        raise Unfit(f"groups are some of {', '.join(sorted(OF_KIND[entry.kind]))}.")
    if entry.period.until is not None and entry.period.until <= entry.period.starts:
        raise Unfit("A flow ends after it starts.")
    check_basis(entry, regimes)


def check_basis(entry: Entry, regimes: Regimes) -> None:
    """Raises Unfit where the ground is not one on which this may go there."""
    named = bool(entry.law) and bool(entry.article)
    if (entry.basis == "law") != named or bool(entry.law) != bool(entry.article):
        raise Unfit("A law is named with its article, and for the basis law alone.")
    if entry.basis == "own_right" and entry.kind not in {"person", "chat"}:
        raise Unfit("By their own right somebody is told of themselves: own file, or own chat.")
    if entry.basis == "authorisation" and entry.kind == "court":
        raise Unfit("To a court a summary goes by a law.")
    if regimes.to_ngo:
        if entry.basis != "law":
            raise Unfit(
                "From a public body to an NGO a law is needed; no authorisation replaces it."
            )
        if not set(entry.groups) <= TO_NGO:
            raise Unfit("An NGO is told the alias and its tasks, and no more.")


def opened(
    entry: Entry,
    regimes: Regimes,
    at: datetime,
    *,
    said_for: str | None = None,
    authorised: bool = False,
) -> frozenset[str]:
    """The groups that an entry lets through at an instant; the twin of `flow_groups` (m0031).

    `said_for` is the purpose where one was stated, `authorised` whether the person of the plan
    has a disclosure standing for this very reader.
    """
    runs = entry.period.starts <= at and (entry.period.until is None or at < entry.period.until)
    if not (entry.standing and runs and said_for in {None, entry.purpose}):
        return frozenset()
    if entry.kind == "agency" and entry.basis == "authorisation" and not authorised:
        return frozenset()
    if regimes.to_ngo:
        lawful = entry.basis == "law" and entry.law is not None
        return frozenset(entry.groups) & TO_NGO if lawful else frozenset()
    return frozenset(entry.groups)
