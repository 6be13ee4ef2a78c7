"""How one's caseload is looked at: four views of it, and by what it is filtered. No I/O.

Nothing here ranks anybody: a plan is there or it is not, and the order stays that of the days.
What a reader may not know filters nothing for them; the database judges that row by row
(`caseload_in_view`), and whether they may ask at all is judged here by their role alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from backend.matrix import readers
from backend.plans.rules import WORKERS
from backend.templates.reading import Pathway

# `now`: something of the reader's own is due or under way. `week`: something open, or a date with a
# service, falls within seven days. `waiting`: something is due and it is the turn of others.
# `attention`: a task of the reader's is open, or something that was said waits for their word.
View = Literal["now", "week", "waiting", "attention"]
Release = Literal["within_14", "within_84", "within_168", "later", "out_28", "out_90", "out_longer"]
VIEWS: tuple[View, ...] = get_args(View)
RELEASES: tuple[Release, ...] = get_args(Release)
READ_DAYS = readers("release date")  # who is told the month alone filters by no day


@dataclass(frozen=True)
class Window:
    """Civil days until the release, or since it for who is `out`; both bounds belong to it."""

    out: bool
    first: int | None = None
    last: int | None = None


# Who is in or out is the recorded fact and never the date: a day that has passed is near.
WINDOWS: Mapping[Release, Window] = {
    "within_14": Window(out=False, last=14),
    "within_84": Window(out=False, last=84),
    "within_168": Window(out=False, last=168),
    "later": Window(out=False, first=169),
    "out_28": Window(out=True, last=28),
    "out_90": Window(out=True, last=90),
    "out_longer": Window(out=True, first=91),
}


@dataclass(frozen=True)
class Filters:
    """All of them hold together. `worker` is a colleague whose the plan is, `agency` the plan's."""

    view: View | None = None
    release: Release | None = None
    pathway: Pathway | None = None
    worker: UUID | None = None
    agency: UUID | None = None

    def __bool__(self) -> bool:
        return self != UNFILTERED

    def may_be_asked_by(self, role: str) -> bool:
        """Whether a role is told at all by what it filters: days in full, and whose a plan is."""
        return (self.release is None or role in READ_DAYS) and (
            self.worker is None or role in WORKERS
        )

    def asked(self) -> str:
        """As `caseload_in_view` takes them: JSON, null where nothing is asked."""
        window = WINDOWS[self.release] if self.release else None
        return json.dumps(
            {
                "view": self.view,
                "pathway": self.pathway,
                "worker": self.worker and str(self.worker),
                "agency": self.agency and str(self.agency),
                "out": window and window.out,
                "first": window and window.first,
                "last": window and window.last,
            }
        )


UNFILTERED = Filters()
