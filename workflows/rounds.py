"""When each job last did all that it had to, and how one row that fails stops no other.

A round that passed something over has not done all: readiness names its job (`backend.health`).
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

from backend import clock
from backend.database import transaction
from backend.errors import DatabaseBusy

log = logging.getLogger(__name__)

A_NIGHT = timedelta(hours=26)  # from the first round of a day to that of the next, and a little
LEAST = timedelta(minutes=10)
ROUNDS = 5  # that may fail one after the other before anybody is told

_KNOW = """
INSERT INTO job_round (id, name, at, within) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET within = excluded.within
 WHERE job_round.within <> excluded.within
"""
# One that goes round every few seconds writes once a minute.
_DONE = """
INSERT INTO job_round (id, name, at, within) SELECT $1::uuid, $2::varchar, $3::timestamptz, $4
 WHERE NOT EXISTS (SELECT FROM job_round WHERE name = $2::varchar AND at > $5)
ON CONFLICT (name) DO UPDATE SET at = excluded.at, within = excluded.within
"""
A_MINUTE = timedelta(seconds=50)


class PassedOver(Exception):
    """A round did what it could, and something was left."""


class Round:
    """One round of a job over many; what fails of one is said by the log and passed over."""

    def __init__(self, job: str) -> None:
        self.job = job
        self._said = set[tuple[UUID | None, str]]()

    @contextmanager
    def one(self, agency: UUID | None = None) -> Iterator[None]:
        """Whatever this block writes, it writes in a transaction, or a part, of its own."""
        try:
            yield
        except DatabaseBusy:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the others have their turn
            why = agency, type(error).__name__
            if why not in self._said:
                about = {"job": self.job, "agency": agency and str(agency), "error": why[1]}
                log.error("something was passed over", extra=about)  # noqa: TRY400
            self._said.add(why)

    def end(self) -> None:
        """Raises PassedOver; call it when everything else is committed."""
        if self._said:
            raise PassedOver(self.job)


def patience(seconds: int) -> timedelta:
    """How long a job may be without a round that succeeds."""
    return max(LEAST, timedelta(seconds=seconds * ROUNDS))


async def know(within: Mapping[str, timedelta]) -> None:
    """From now on these are expected, and no others; what never succeeds counts from here."""
    async with transaction() as held:
        await held.execute("DELETE FROM job_round WHERE name <> ALL ($1)", list(within))
        rows = [
            (uuid4(), name, clock.now(), int(one.total_seconds())) for name, one in within.items()
        ]
        await held.executemany(_KNOW, rows)


async def done(name: str, within: timedelta) -> None:
    """A round succeeded."""
    now, seconds = clock.now(), int(within.total_seconds())
    async with transaction() as held:
        await held.execute(_DONE, uuid4(), name, now, seconds, now - A_MINUTE)
