"""What a client sends about reviews of needs and what it gets: wire types, written by hand."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec

from backend.errors import Unfit
from backend.matrix import of
from backend.needs import rules, writing
from backend.words import Language, Line, Note

REVIEW = of("review")


class BeginReview(msgspec.Struct, forbid_unknown_fields=True):
    """`substances`: the person wants to speak of alcohol, drugs or gambling too."""

    held_on: date
    language: Language
    interpreter: bool = False
    substances: bool = False
    id: UUID | None = None


class OwnColumn(msgspec.Struct, forbid_unknown_fields=True):
    """What the person says. Of health `treatment` alone: whether one goes on."""

    status: str = "not_discussed"
    strengths: Annotated[list[Line], msgspec.Meta(max_length=rules.MOST_STRENGTHS)] = []
    what_helps: Note | None = None
    wish: Note | None = None
    since_last_time: str | None = None
    treatment: bool | None = None

    def column(self) -> rules.Column:
        return rules.Column(**msgspec.structs.asdict(self))


class WorkersColumn(msgspec.Struct, forbid_unknown_fields=True):
    """What the worker sees, and from where they know; of inner balance the status alone."""

    status: str = "not_discussed"
    strengths: Annotated[list[Line], msgspec.Meta(max_length=rules.MOST_STRENGTHS)] = []
    what_helps: Note | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None
    released: bool = False

    def column(self) -> rules.Column:
        return rules.Column(**msgspec.structs.asdict(self))


class SaveArea(msgspec.Struct, forbid_unknown_fields=True):
    """A column that is not there stays as it is."""

    own: OwnColumn | None = None
    view: WorkersColumn | None = None
    own_ok: bool = False
    looked: bool = False

    def change(self) -> writing.AreaChange:
        return writing.AreaChange(
            None if self.own is None else self.own.column(),
            None if self.view is None else self.view.column(),
            self.own_ok,
            self.looked,
        )


class AgreeStep(msgspec.Struct, forbid_unknown_fields=True):
    item: Line
    due_on: date
    owner: str = "SW"


class CloseReview(msgspec.Struct, forbid_unknown_fields=True):
    held_on: date | None = None
    language: Language | None = None
    interpreter: bool | None = None


class ShortArea(msgspec.Struct, forbid_unknown_fields=True):
    """The words of status of an area that was spoken of; `since_last_time` is the person's."""

    area: str
    own: str | None = None
    view: str | None = None
    since_last_time: str | None = None

    def said(self, *, own_ok: bool, looked: bool) -> writing.AreaChange:
        """Nothing is written down of what was not said. Raises Unfit for a comparison alone."""
        if self.own is None and self.since_last_time is not None:
            raise Unfit("Say how it is now too.", field="since_last_time")
        return writing.AreaChange(
            None
            if self.own is None
            else rules.Column(self.own, since_last_time=self.since_last_time),
            None if self.view is None else rules.Column(self.view),
            own_ok,
            looked,
        )


class RecordShortReview(msgspec.Struct, forbid_unknown_fields=True):
    """A talk of ten minutes: areas that were spoken of, and what both agreed on.

    What is not named stays not discussed; the eleventh area is there where it is named.
    """

    held_on: date
    language: Language
    areas: Annotated[list[ShortArea], msgspec.Meta(min_length=1, max_length=len(rules.AREAS))]
    interpreter: bool = False
    own_ok: bool = False
    looked: bool = False
    steps: Annotated[list[AgreeStep], msgspec.Meta(max_length=rules.MOST_STEPS)] = []
    id: UUID | None = None

    def review(self) -> writing.ShortReview:
        new = writing.NewReview(
            self.held_on,
            self.language,
            self.interpreter,
            any(one.area == rules.AREAS[-1] for one in self.areas),
            self.id or uuid4(),
        )
        said = [(one.area, one.said(own_ok=self.own_ok, looked=self.looked)) for one in self.areas]
        steps = [writing.Step(one.item, one.due_on, one.owner) for one in self.steps]
        return writing.ShortReview(new, said, steps)


class LifeChange(msgspec.Struct, forbid_unknown_fields=True):
    """`what` is checked and written nowhere."""

    what: str


class ColumnView(msgspec.Struct, omit_defaults=True):
    """The words of status are in no order."""

    status: str
    strengths: list[str] = []
    what_helps: str | None = None
    wish: str | None = None
    since_last_time: str | None = None
    treatment: bool | None = None
    source: str | None = None
    told_by: str | None = None

    @classmethod
    def of(cls, column: rules.Column | None) -> "ColumnView | None":
        if column is None:
            return None
        values = {name: getattr(column, name) for name in cls.__struct_fields__}
        return cls(**{**values, "strengths": list(column.strengths)})


class StepView(msgspec.Struct):
    milestone: UUID
    code: str
    title: str
    state: str
    due_on: date | None


class AreaView(msgspec.Struct, omit_defaults=True):
    """`seen` is for If-Match, and says nothing: there is no number in a review."""

    id: UUID
    seen: str
    area: Annotated[str, REVIEW]
    own: Annotated[ColumnView | None, REVIEW] = None
    view: Annotated[ColumnView | None, REVIEW] = None
    step: Annotated[StepView | None, REVIEW] = None

    @classmethod
    def of(cls, one: dict[str, Any]) -> "AreaView":
        step = None
        if one["agreed"] is not None:
            about = (one["code"], one["title"], one["step_state"], one["step_due"])
            step = StepView(one["agreed"], *about)
        columns = ColumnView.of(one["own"]), ColumnView.of(one["view"])
        return cls(one["id"], str(one["version"]), one["area"], *columns, step)


class NeedsReviewView(msgspec.Struct):
    """A review, with its areas always in the same order. `held_by` is the worker's alias."""

    id: UUID
    seen: str
    held_on: Annotated[date, REVIEW]
    held_by: Annotated[str | None, REVIEW]
    language: Annotated[str, REVIEW]
    interpreter: Annotated[bool, REVIEW]
    closed: Annotated[bool, REVIEW]
    settles: Annotated[UUID | None, REVIEW]
    areas: Annotated[list[AreaView], REVIEW]

    @classmethod
    def of(cls, one: dict[str, Any]) -> "NeedsReviewView":
        return cls(
            one["id"],
            str(one["version"]),
            one["held_on"],
            one["alias"],
            one["language"],
            one["interpreter"],
            one["closed_at"] is not None,
            one["settles"],
            [AreaView.of(area) for area in one["areas"]],
        )


class NeedsReviewsView(msgspec.Struct):
    reviews: list[NeedsReviewView]
