"""Who is responsible for a plan, at any time of it. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

LOOKS_ON = timedelta(days=7)  # for so long whoever gave a plan away still sees it
READ_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """From an instant until another one; `who` is None in a gap."""

    starts: datetime
    ends: datetime
    who: UUID | None


def spans(
    mandates: Iterable[Mapping[str, Any]],
    handovers: Iterable[Mapping[str, Any]],
    starts: datetime,
    ends: datetime,
) -> list[Span]:
    """Who was responsible between two instants, without a hole: a gap is a span of nobody.

    It is the social worker to whom the plan was given last, for as long as their mandate holds; of
    others the one whose mandate began first, but nobody who has given it away since.
    """
    held, given = list(mandates), sorted(handovers, key=lambda one: one["at"])
    marks = {starts, ends}
    for one in held:
        marks |= {one["starts"], one["ends"] or ends}
    marks |= {one["at"] for one in given}
    found = list[Span]()
    for a, b in pairwise(sorted(mark for mark in marks if starts <= mark <= ends)):
        who = _responsible(held, given, a)
        if found and found[-1].who == who:
            found[-1] = Span(found[-1].starts, b, who)
        else:
            found.append(Span(a, b, who))
    return found


def responsible(
    mandates: Sequence[Mapping[str, Any]], handovers: Iterable[Mapping[str, Any]], at: datetime
) -> UUID | None:
    """Who is, at an instant."""
    return _responsible(mandates, sorted(handovers, key=lambda one: one["at"]), at)


def _responsible(
    mandates: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], at: datetime
) -> UUID | None:
    there = [m for m in mandates if m["starts"] <= at and (m["ends"] is None or m["ends"] > at)]
    order = sorted(there, key=lambda m: (m["starts"], str(m["actor"])))
    for one in given:
        if one["at"] > at:
            break
        # who comes back by a mandate of later has it like anybody else
        order = [m for m in order if m["actor"] != one["given_by"] or m["starts"] > one["at"]]
        taken = [m for m in order if m["actor"] == one["given_to"]]
        order = [*taken, *(m for m in order if m["actor"] != one["given_to"])]
    return order[0]["actor"] if order else None


def on_day(found: Iterable[Span], day: date, zone: str) -> list[Span]:
    """The spans that touch a civil day."""
    begins = datetime.combine(day, datetime.min.time(), ZoneInfo(zone))
    over = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    return [one for one in found if one.starts < over and one.ends > begins]
