"""The file as sections of lines, for the page and for paper: what is told, in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from backend.files.lines import Line, facts
from backend.files.meetings import tell_meetings
from backend.files.own_words import tell_goals, tell_reviews
from backend.files.views import (
    FileCorrection,
    FileEvidence,
    FileMember,
    FileRow,
    FileSummary,
    FileView,
)
from backend.files.wording import Words, isolated


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[Line]
    note: str = ""


@dataclass
class Telling:
    """One file in one language. A part that its reader is not given is not there."""

    view: FileView
    words: Words

    def all(self) -> list[Section]:
        told = (
            ("person", self._person()),
            ("plan", self._plan()),
            ("rows", self._rows()),
            ("goals", tell_goals(self.view.goals, self.words)),
            ("reviews", tell_reviews(self.view.reviews, self.words)),
            ("dates", self._dates()),
            ("contacts", self._contacts()),
            ("circle", self._circle()),
            ("family", self._family()),
            ("welcomes", self._welcomes()),
            ("handovers", self._handovers()),
            ("meetings", tell_meetings(self.view.meetings, self.words)),
            ("answers", self._answers()),
            ("messages", self._messages()),
            ("disclosures", self._disclosures()),
            ("summaries", self._summaries()),
            ("readings", self._readings()),
            ("corrections", self._corrections()),
            ("safety", self._safety()),
            ("passes", self._passes()),
            ("access", self._access()),
        )
        notes = {"rows", "goals", "reviews", "welcomes", "meetings", "summaries", "access"}
        return [
            Section(
                self.words[f"section.{name}"],
                list(lines),
                self.words[f"note.{name}"] if name in notes else "",
            )
            for name, lines in told
            if lines is not None
        ]

    def _facts(self, *said: str | None) -> str:
        return facts(*said)

    def _on(self, word: str, day: date | UnsetType | None) -> str | None:
        return f"{self.words[f'word.{word}']} {self.words.day(day)}" if day else None

    def _who(self, role: str, name: str | None) -> str:
        said = self.words.of("role", role)
        return f"{isolated(name)}, {said}" if name else said

    def _person(self) -> list[Line] | None:
        one = self.view.person
        if one is UNSET:
            return None
        number = f"{self.words['word.file_number']} {one.file_number}" if one.file_number else None
        facts = self._facts(self._on("birth", one.birth_date), number)
        return [Line(isolated(one.name), facts)]

    def _plan(self) -> list[Line] | None:
        view, words = self.view, self.words
        if view.release_date is UNSET:
            return None
        left = self._on("left", view.left_custody_on)
        when = f"{words['word.release']}: {words.day(view.release_date)}"
        lines = [
            Line(when, self._facts(words.of("certainty", str(view.certainty)), left)),
            Line(words.of("plan", str(view.state))),
        ]
        return [*lines, Line(words["word.supervision"])] if view.supervision is True else lines

    def _rows(self) -> list[Line] | None:
        if self.view.rows is UNSET:
            return None
        return [self._row(row) for row in self.view.rows]

    def _row(self, row: FileRow) -> Line:
        words = self.words
        cause = words.of("cause", row.cause) if row.cause else None
        when = self._on("done", row.done_on) or self._on("due", row.due_on)
        facts = (words.of("pathway", row.pathway), words.of("state", row.state), cause, when)
        known = tuple(self._known(one) for one in row.evidence)
        return Line(words.row(row.code, row.title), self._facts(*facts), known)

    def _known(self, one: FileEvidence) -> str:
        words = self.words
        return self._facts(
            words.day(one.on),
            words.of("role", one.role),
            words.of("known", one.provenance),
            None if one.happened else words["word.not_yet"],
            words["word.taken_back"] if one.taken_back else None,
        )

    def _dates(self) -> list[Line] | None:
        if self.view.appointments is UNSET:
            return None
        words = self.words
        return [
            Line(
                f"{words.day(one.held_on)}, {words.hour(one.held_at)}",
                self._facts(
                    words.of("role", one.role),
                    words.of("date", one.state),
                    isolated(one.place) if one.place else None,
                ),
                (isolated(one.why),) if one.why else (),
            )
            for one in self.view.appointments
        ]

    def _contacts(self) -> list[Line] | None:
        if self.view.contacts is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.day(one.made_on),
                self._facts(words.of("role", one.role), words.of("how", one.how)),
            )
            for one in self.view.contacts
        ]

    def _circle(self) -> list[Line] | None:
        if self.view.circle is UNSET:
            return None
        return [self._member(one) for one in self.view.circle]

    def _member(self, one: FileMember) -> Line:
        words = self.words
        said = words.of("standing", one.standing) if one.standing else words.of("role", one.role)
        matters = ", ".join(words.of("part", matter) for matter in one.matters)
        facts = self._facts(
            words.of("why", one.role), self._on("since", one.since), self._on("until", one.until)
        )
        name = f"{isolated(one.name)}, {said}" if one.name else said
        return Line(name, facts, (matters,) if matters else ())

    def _family(self) -> list[Line] | None:
        if self.view.family is UNSET:
            return None
        words = self.words
        return [
            Line(
                isolated(one.name) if one.name else words.of("relation", "gone"),
                self._facts(words.of("relation", one.relation), words.of("wish", one.wish)),
                (words["word.children"],) if one.children_there else (),
            )
            for one in self.view.family
        ]

    def _welcomes(self) -> list[Line] | None:
        if self.view.welcomes is UNSET:
            return None
        words = self.words
        return [
            Line(
                isolated(one.name) if one.name else words.of("relation", "gone"),
                self._facts(
                    words["word.both_yes" if one.stands else "word.not_both_yes"],
                    words.of("tell", one.tell) if one.tell else None,
                ),
            )
            for one in self.view.welcomes
        ]

    def _answers(self) -> list[Line] | None:
        if self.view.answers is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.row(one.code, one.title)
                if one.code and one.title
                else words.of("pathway", one.pathway),
                self._facts(
                    words.of("answer", one.answer),
                    words.day(one.on),
                    self._on("again", one.again_on),
                ),
            )
            for one in self.view.answers
        ]

    def _messages(self) -> list[Line] | None:
        if self.view.messages is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.of("channel", one.channel),
                self._facts(
                    f"{words['word.yes']}, {words.day(one.on)}",
                    self._on("withdrawn", one.withdrawn_on),
                ),
            )
            for one in self.view.messages
        ]

    def _disclosures(self) -> list[Line] | None:
        if self.view.disclosures is UNSET:
            return None
        words = self.words
        return [
            Line(
                f"{words.of('fact', one.fact)}: {self._who(one.role, one.name)}",
                self._facts(
                    isolated(one.purpose),
                    self._on("until", one.until),
                    self._on("withdrawn", one.withdrawn_on),
                ),
            )
            for one in self.view.disclosures
        ]

    def _summaries(self) -> list[Line] | None:
        if self.view.summaries is UNSET:
            return None
        return [self._summary(one) for one in self.view.summaries]

    def _summary(self, one: FileSummary) -> Line:
        words = self.words
        before = f"{words['word.replaces']} {one.supersedes}" if one.supersedes else None
        head = f"{words['word.number']} {one.number}, {words.of('type', one.type)}"
        return Line(head, self._facts(words.day(one.issued_on), before), tuple(_facts_of(one)))

    def _readings(self) -> list[Line] | None:
        if self.view.readings is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.day(one.read_on),
                self._facts(words.of("reading", one.kind), words.of("role", one.role)),
                (isolated(one.comment),) if one.comment else (),
            )
            for one in self.view.readings
        ]

    def _corrections(self) -> list[Line] | None:
        if self.view.corrections is UNSET:
            return None
        return [self._correction(one) for one in self.view.corrections]

    def _correction(self, one: FileCorrection) -> Line:
        words = self.words
        head = self._facts(words.of("part", one.part), one.about)
        if one.asked_by is None:
            return Line(head, self._facts(self._on("changed", one.answered_on)))
        facts = self._facts(
            self._on("asked", one.asked_on),
            f"{words['word.by']} {words.of('role', one.asked_by)}",
            words.of("ruling", one.answer) if one.answer else self._on("answer_by", one.due_on),
        )
        return Line(head, facts, tuple(isolated(text) for text in (one.text, one.reason) if text))

    def _safety(self) -> list[Line] | None:
        if self.view.safety is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.day(one.raised_on),
                self._facts(self._on("ended", one.lowered_on)),
                (isolated(one.words),) if one.words else (),
            )
            for one in self.view.safety
        ]

    def _handovers(self) -> list[Line] | None:
        if self.view.handovers is UNSET:
            return None
        return [
            Line(
                self.words.day(one.on),
                " → ".join(isolated(who) for who in (one.given_by, one.given_to) if who),
                (isolated(one.words),) if one.words else (),
            )
            for one in self.view.handovers
        ]

    def _passes(self) -> list[Line] | None:
        if self.view.passes is UNSET:
            return None
        words = self.words
        return [
            Line(
                words.day(one.made_on),
                self._facts(
                    words.of("role", one.role),
                    words["pass.opens"] if one.opens else words["pass.over"],
                    self._on("until", one.until),
                    self._on("ended", one.ended_on),
                ),
            )
            for one in self.view.passes
        ]

    def _access(self) -> list[Line] | None:
        if self.view.access is UNSET:
            return None
        return [
            Line(
                self._who(one.role, one.who),
                self._facts(self.words.day(one.on), self.words.of("read", one.what)),
            )
            for one in self.view.access
        ]


def _facts_of(summary: FileSummary) -> Iterator[str]:
    """Word for word what the court reads."""
    for fact in msgspec.json.decode(summary.content)["facts"]:
        yield f"{fact['id']} {fact['text']}"


def tell(view: FileView, words: Words) -> list[Section]:
    return Telling(view, words).all()
