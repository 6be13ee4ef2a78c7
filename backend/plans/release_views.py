"""What a client sends about the day of release and what it gets."""

from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from backend.access import Actor
from backend.once import Written
from backend.plans.actions import moving


class MoveRelease(msgspec.Struct, forbid_unknown_fields=True):
    """`release_time` and `calendar`, that of the place of release, stay where they are left out."""

    release_date: date
    certainty: str
    release_time: time | None = None
    calendar: UUID | None = None

    def release(self) -> moving.Release:
        return moving.Release(self.release_date, self.certainty, self.release_time, self.calendar)


class MovedRow(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    before: date | None
    after: date | None


class PinnedRow(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    due_on: date


class MoveView(msgspec.Struct):
    """What a move did. `version` is that of the plan; `pinned` stayed and asks for a look.

    `cautions` are those of a preview, by now. How many messages fell away and were made anew is
    told to the workers.
    """

    id: UUID
    version: int
    moved: list[MovedRow]
    pinned: list[PinnedRow]
    cautions: list[str]
    messages_cancelled: int | UnsetType = UNSET
    recipients_told: int | UnsetType = UNSET


class WaitingMessage(msgspec.Struct):
    key: str
    recipient: UUID
    due_at: datetime


class MovedQuestion(msgspec.Struct):
    """`role` is empty where it is whoever has gate duty; a day is null where it is not asked."""

    key: str
    role: str
    before: date | None
    after: date | None


class PreviewView(msgspec.Struct):
    """What a move would do to the plan as it is at `version`, and what to think of before it.

    `calendar` is that of the place of release, by which its days would count. `cautions` are some
    of on_closed_day, before_closed_days, less_certain, soon_and_not_confirmed, in_the_past, and for
    the first week many_on_a_day, close_together, travel_unchecked. To the plan's workers it says
    which messages fall away, who is told (as in the plan's circle), and what is asked on other
    days.
    """

    version: int
    calendar: UUID
    moved: list[MovedRow]
    pinned: list[PinnedRow]
    cautions: list[str]
    falls_away: list[WaitingMessage] | UnsetType = UNSET
    told: list[UUID] | UnsetType = UNSET
    questions: list[MovedQuestion] | UnsetType = UNSET
    messages_cancelled: int | UnsetType = UNSET
    recipients_told: int | UnsetType = UNSET


class PlanOpened(msgspec.Struct):
    """The plan and its version; `cautions` are those of a preview of its day of release."""

    id: UUID
    version: int
    cautions: list[str]


class LeftCustody(msgspec.Struct, forbid_unknown_fields=True):
    """`left` true: the person is out. False: it is not today."""

    left: bool


async def move_view(actor: Actor, written: Written) -> MoveView:
    came = await moving.read_move(actor, written.id)
    cautions = list(came.cautions)
    return MoveView(version=written.version, id=written.id, cautions=cautions, **_came(came))


def preview_view(preview: moving.Preview) -> PreviewView:
    view = PreviewView(
        version=preview.version,
        calendar=preview.calendar,
        cautions=list(preview.cautions),
        **_came(preview.came),
    )
    if preview.came.move["told"] is not None:
        view.falls_away = [WaitingMessage(**row) for row in preview.falls_away]
        view.told = list(preview.told)
        view.questions = [MovedQuestion(**asdict(one)) for one in preview.questions]
    return view


def _came(came: moving.Came) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "moved": [
            MovedRow(r["milestone"], r["code"], r["title"], r["due_before"], r["due_after"])
            for r in came.moved
        ],
        "pinned": [
            PinnedRow(r["milestone"], r["code"], r["title"], r["due_on"]) for r in came.pinned
        ],
    }
    if came.move["told"] is not None:
        rows |= {
            "messages_cancelled": came.move["cancelled"],
            "recipients_told": came.move["told"],
        }
    return rows
