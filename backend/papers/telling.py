"""Each sheet as what stands on it, cut to what its printer may know and its finder may read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from backend.papers import rules
from backend.papers.timeline import Step, Timeline
from backend.papers.wording import Words, isolated
from backend.plans.actions.reading import PlanRead
from backend.plans.rules import OPEN, is_live, stands_still
from backend.plans.views import PlanView

LATEST = date.max
PICTURE = 720  # how wide the picture is drawn for a page


@dataclass(frozen=True)
class Line:
    """A line; `box` is empty or ticked, `write` leaves room for a pen, `facts` stand beside it."""

    text: str
    facts: str = ""
    box: bool | None = None
    write: bool = False


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[Line]


@dataclass(frozen=True)
class Sheet:
    """One page: who it is for is a word that says nothing, or is written by hand."""

    title: str
    lang: str
    head: str
    foot: str
    sections: list[Section]
    intro: str = ""
    whose: str = ""
    paper: str = "a4"
    picture_title: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Office:
    """What the agency shows on paper: a neutral name, and numbers to call."""

    service_alias: str
    country: str | None
    duty_phone: str | None
    emergency_number: str | None
    crisis_line: str | None


@dataclass
class Telling:
    """One plan on paper: `rows` that its printer sees, `places` of dates that may be printed."""

    read: PlanRead
    view: PlanView
    words: Words
    office: Office
    rows: Mapping[Any, Mapping[str, Any]]
    places: Mapping[Any, str]

    def __post_init__(self) -> None:
        every = ((row, self.words.step(row["code"])) for row in self.rows.values())
        self.steps = [(row, said) for row, said in every if said and rules.on_paper(row)]
        self.by_code = {row["code"]: row for row, _ in self.steps}

    # the sheets

    def sheet(self, name: str) -> Sheet:
        made = {
            "plan": self._plan,
            "day-one": self._day_one,
            "72-hours": self._hours,
            "two-weeks": self._weeks,
            "card": self._card,
        }
        words = self.words
        whose = isolated(self.view.alias) if isinstance(self.view.alias, str) else ""
        bare = Sheet(
            title=words[f"{name}.title"],
            lang=words.language,
            head=words["word.for"],
            whose=whose,
            foot=f"{isolated(self.office.service_alias)} · {words['word.as_of']} "
            f"{words.day(self.read.today, self.read.today)}",
            sections=[],
        )
        return made[name](bare)

    def _plan(self, bare: Sheet) -> Sheet:
        words = self.words
        rights = ("no", "ordered", "file", "correct", "complain", "messages", "nothing")
        who = ("workers", "probation", "desk", "circle", "court", "police", "counsellor")
        return replace(
            bare,
            intro=words["plan.intro"],
            sections=[
                Section(words["plan.rights"], [Line(words[f"right.{one}"]) for one in rights]),
                Section(words["plan.who"], [Line(words[f"who.{one}"]) for one in who]),
                Section(words["plan.next"], list(self._steps())),
            ],
            picture_title=words["plan.picture"],
            picture=self._picture(),
        )

    def _day_one(self, bare: Sheet) -> Sheet:
        lines = [
            Line(self.words[f"item.{name}"], box=self._is_done(code), write=True)
            for name, code in rules.DAY_ONE.items()
        ]
        return replace(bare, intro=self.words["day-one.intro"], sections=[Section("", lines)])

    def _hours(self, bare: Sheet) -> Sheet:
        words, begins = self.words, self._begins()
        days = [
            Section(
                self._dated(words[f"day.{at}"], begins + timedelta(days=at) if begins else None),
                self._to_do(lines),
            )
            for at, lines in enumerate(rules.HOURS)
        ]
        until = begins + timedelta(days=rules.DAYS - 1) if begins else self.read.today
        return replace(
            bare,
            intro=words["72-hours.intro"],
            sections=[*days, self._dates(begins, until), self._help()],
        )

    def _weeks(self, bare: Sheet) -> Sheet:
        words, begins = self.words, self._begins()
        weeks = [
            Section(words[f"week.{at}"], self._to_do(lines))
            for at, lines in enumerate(rules.WEEKS, 1)
        ]
        until = begins + rules.FORTNIGHT if begins else self.read.today
        return replace(
            bare,
            intro=words["two-weeks.intro"],
            sections=[*weeks, self._dates(begins, until), self._help()],
        )

    def _card(self, bare: Sheet) -> Sheet:
        """Found in a pocket it says when and where somebody is expected, and by a neutral name."""
        lines = [self._date(one) for one in self._coming()][: rules.ON_CARD]
        blank = [Line("", write=True)] * (rules.ON_CARD - len(lines))
        call = Line(self.words["card.cannot"], facts=_number(self.office.duty_phone), write=True)
        sections = [Section("", [*lines, *blank]), Section("", [call])]
        return replace(bare, paper="a6", sections=sections)

    # its parts

    def _steps(self) -> Iterator[Line]:
        """What is next, by its day; what is late is wanted soon, and nobody is blamed for it."""
        today = self.read.today
        left = self.read.left_custody and not stands_still(self.read.row["state"])
        coming = [
            (row["due_on"] or LATEST, row["code"], said)
            for row, said in self.steps
            if is_live(row, left_custody=left)
        ]
        for due, _, said in sorted(coming)[: rules.STEPS]:
            soon = due == LATEST or due < today
            yield Line(said, self.words["word.soon"] if soon else self.words.day(due, today))

    def _to_do(self, lines: Mapping[str, str | None]) -> list[Line]:
        return [
            Line(self.words[f"do.{name}"], facts=self._day_of(code), box=False, write=True)
            for name, code in lines.items()
        ]

    def _day_of(self, code: str | None) -> str:
        """The day of an open step, once the day from which it counts is sure."""
        row = self.by_code.get(code or "")
        if row is None or row["state"] not in OPEN or row["due_on"] is None:
            return ""
        sure = self._begins() is not None and row["due_on"] >= self.read.today
        return self.words.day(row["due_on"], self.read.today) if sure else ""

    def _is_done(self, code: str | None) -> bool:
        """Of health too: of ten boxes one more that is ticked says what stands in a hand."""
        row = next((one for one in self.rows.values() if one["code"] == code), None)
        return row is not None and row["state"] == "done"

    def _begins(self) -> date | None:
        """The day on which somebody left, or will: not before it is sure."""
        left = self.view.left_custody_at
        if left is not UNSET and left is not None:
            return left.astimezone(ZoneInfo(self.read.row["zone"])).date()
        day = self.view.release_date
        return day if self.view.certainty == "confirmed" and day is not UNSET else None

    def _dates(self, begins: date | None, until: date) -> Section:
        coming = self._coming() if begins is not None else ()
        shown = [one for one in coming if begins <= one["held_on"] <= until]
        lines = [self._date(one) for one in shown[: rules.DATES]]
        blank = [Line("", write=True)] * max(1, 3 - len(lines))
        return Section(self.words["word.dates"], [*lines, *blank])

    def _coming(self) -> Sequence[Any]:
        if self.view.appointments is UNSET:
            return ()
        today = self.read.today
        found = [one for one in self.read.appointments if rules.on_card(one, self.rows, today)]
        return sorted(found, key=lambda one: (one["held_on"], one["held_at"], str(one["id"])))

    def _date(self, one: Mapping[str, Any]) -> Line:
        """With whom is not said: a day, an hour and a place are enough to be there."""
        when = (
            f"{self.words.day(one['held_on'], self.read.today)} {self.words.hour(one['held_at'])}"
        )
        place = self.places.get(one["id"])
        return Line(when, facts=isolated(place) if place else "", write=place is None)

    def _dated(self, title: str, day: date | None) -> str:
        return title if day is None else f"{title}: {self.words.day(day, self.read.today)}"

    def _help(self) -> Section:
        numbers = {
            "service": self.office.duty_phone,
            "crisis": self.office.crisis_line,
            "emergency": self.office.emergency_number,
        }
        lines = [
            Line(self.words[f"help.{name}"], facts=_number(number))
            for name, number in numbers.items()
            if number
        ]
        return Section(self.words["help.title"], lines)

    def _picture(self) -> str:
        steps = steps_of(self.read, [row for row, _ in self.steps])
        drawn = Timeline(steps, self.words, PICTURE)
        return drawn.paint(self.read.row["release_date"], self.read.today)


def steps_of(read: PlanRead, rows: Sequence[Any]) -> list[Step]:
    """The steps of a picture: what was refused, sleeps or is not wanted is none."""
    found = []
    for row in rows:
        state = read.row["state"]
        mark = rules.mark(row, read.today, state, left_custody=read.left_custody)
        due = row["due_on"] or read.row["release_date"] + timedelta(days=row["day"])
        if mark is not None:
            day = row["done_on"] if mark == "done" and row["done_on"] else due
            found.append(Step(row["pathway"], row["title"], mark, day, row["code"]))
    return found


def _number(value: str | None) -> str:
    return isolated(value) if value else ""
