"""The plan as a picture: pathways as lanes, the release day as the line between before and after.

Days are drawn close together far from that day, and wide apart around it. Each state has a shape
of its own, so that a print in grey tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import copysign, sqrt
from typing import Any
from xml.etree import ElementTree as ET

from backend.papers.rules import MARKS, Mark
from backend.papers.wording import END, Words

PATHWAYS = (
    "PLN",
    "HOU",
    "IDD",
    "FIN",
    "HLT",
    "VOC",
    "FAM",
    "MEN",
    "PRB",
    "CNS-S",
    "CNS-P",
    "CNS-X",
)
SPANS = (7, 28, 90, 180, 365, 730, 1461)
FIRST = (28, 180, 365, 7, 90, 730, 1461)  # which of them are written where not all find room
LEAST, MOST = 28, 1461  # days on each side
INK, DEEP, WARM, SOFT = "#21302f", "#0d5554", "#8a3b12", "#53605e"
PAPER, SHADE = "#ffffff", "#f2f1ec"
FONT = "Noto Sans, Noto Sans Arabic, sans-serif"
TEXT = 13  # at 360 wide still more than eleven where the page takes some of the width
LETTER = 7.2  # about as wide as one is
SIZE, GAP = 5, 12  # half of a mark, and from one mark to the next
LEVELS = 6  # so many marks above each other, and no more: then a number says how many
EDGE = 10
LONGEST = 80  # letters of a title, so that a picture stays small
FROM_RIGHT = "\N{RIGHT-TO-LEFT ISOLATE}"


@dataclass(frozen=True)
class Step:
    pathway: str
    title: str
    mark: Mark
    day: date
    code: str


@dataclass
class Timeline:
    """Draws steps in one language; `width` is that of a phone, or of a page."""

    steps: Sequence[Step]
    words: Words
    width: int = 360
    titled: bool = False  # each mark with its title, for a page on which one can point at it

    def paint(self, release: date, today: date) -> str:
        """The picture as SVG: without a script, a style or an address."""
        self.release, self.today = release, today
        there = {step.pathway for step in self.steps}
        own = sorted(there.difference(PATHWAYS))  # the agency's
        self.lanes = [one for one in (*PATHWAYS, *own) if one in there]
        days = [self._from_release(one.day) for one in self.steps]
        self.earliest = max(-MOST, min([-LEAST, *days]))
        self.latest = min(MOST, max([LEAST, *days]))
        self.root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
        self._say(self.root, "title", self.words["timeline.title"])
        self._say(self.root, "desc", self.words["timeline.desc"])
        self._patterns()
        ground = self._add("rect", width=self.width, fill=PAPER)
        self.behind, self.lines, self.front = (self._add("g") for _ in range(3))
        top = self._head()
        bottom = self._lanes(top)
        self._axis(top, bottom)
        height = self._legend(bottom)
        ground.set("height", str(height))
        self.root.set("viewBox", f"0 0 {self.width} {height}")
        self.root.set("font-family", FONT)
        self.root.set("font-size", str(TEXT))
        self.root.set("fill", INK)
        return ET.tostring(self.root, encoding="unicode")

    # where things stand

    def _from_release(self, day: date) -> int:
        return (day - self.release).days

    def _x(self, days: float) -> float:
        def far(value: float) -> float:
            return copysign(sqrt(abs(value)), value)

        held = min(max(days, self.earliest), self.latest)
        part = (far(held) - far(self.earliest)) / (far(self.latest) - far(self.earliest))
        part = 1 - part if self.words.from_right else part
        return round(EDGE + part * (self.width - 2 * EDGE), 1)

    # what is drawn

    def _add(self, name: str, parent: ET.Element | None = None, **values: object) -> ET.Element:
        said = {key.replace("_", "-"): str(value) for key, value in values.items()}
        return ET.SubElement(self.root if parent is None else parent, name, said)

    def _say(self, parent: ET.Element, name: str, text: str) -> None:
        ET.SubElement(parent, name).text = self._seen(text)

    def _seen(self, text: str) -> str:
        """What XML takes; from the right where the language is, whatever it begins with."""
        bare = "".join(one for one in text if one.isprintable())
        return f"{FROM_RIGHT}{bare}{END}" if self.words.from_right else bare

    def _write(self, x: float, y: float, text: str, anchor: str = "start", **more: object) -> None:
        """Text at a place; written from the right, a line begins where it would end."""
        if self.words.from_right and anchor != "middle":
            x, anchor = self.width - x, "end" if anchor == "start" else "start"
        made = self._add("text", self.front, x=round(x, 1), y=y, text_anchor=anchor, **more)
        made.text = self._seen(text)

    def _patterns(self) -> None:
        held = self._add("defs")
        hatch = self._add(
            "pattern", held, id="late", width=3, height=3, patternUnits="userSpaceOnUse"
        )
        self._add("rect", hatch, width=3, height=3, fill=PAPER)
        self._add("rect", hatch, width=3, height=1.4, fill=WARM)

    def _head(self) -> int:
        """How long before and after, and what the line in the middle is."""
        y = TEXT + 2
        middle = self._middle_of(self.words["timeline.release"], self._x(0))
        self._write(middle, y, self.words["timeline.release"], "middle", font_weight="bold")
        self._write(0, y, self.words["timeline.before"], fill=SOFT)
        self._write(self.width, y, self.words["timeline.after"], "end", fill=SOFT)
        taken: list[tuple[float, float]] = []
        for span in FIRST:
            for days in (-span, span):
                if self.earliest <= days <= self.latest:
                    self._span(days, self.words.of("span", str(span)), y + TEXT + 5, taken)
        return y + TEXT + 14

    def _span(self, days: int, text: str, y: int, taken: list[tuple[float, float]]) -> None:
        x = self._middle_of(text, self._x(days))
        half = len(text) * LETTER / 2 + 4
        if all(x + half < begins or ends < x - half for begins, ends in taken):
            taken.append((x - half, x + half))
            self._write(x, y, text, "middle", fill=SOFT)

    def _middle_of(self, text: str, x: float) -> float:
        half = len(text) * LETTER / 2
        return min(max(x, half), self.width - half)

    def _lanes(self, top: int) -> int:
        """Each with its name above it, and its marks where their days are."""
        for number, lane in enumerate(self.lanes):
            placed, more = self._placed([one for one in self.steps if one.pathway == lane])
            height = TEXT + 10 + GAP * max(1, 1 + max((level for _, _, level in placed), default=0))
            ground = SHADE if number % 2 == 0 else PAPER
            if ground != PAPER:
                self._add("rect", self.behind, y=top, width=self.width, height=height, fill=SHADE)
            name = self.words.of("pathway", lane)
            # a name stands on the lines that go through its lane
            clear: dict[str, Any] = {"stroke": ground, "stroke_width": 4, "paint_order": "stroke"}
            self._write(4, top + TEXT + 1, name, font_weight="600", **clear)
            if more:
                self._write(self.width - 4, top + TEXT + 1, f"+{more}", "end", **clear)
            for step, x, level in placed:
                self._mark(step, x, top + TEXT + 6 + SIZE + GAP * level)
            top += height
        return top

    def _placed(self, steps: Sequence[Step]) -> tuple[list[tuple[Step, float, int]], int]:
        """Side by side where there is room, else one under the other; and how many had none."""
        placed: list[tuple[Step, float, int]] = []
        ends = [-float(GAP)] * LEVELS
        more = 0
        every = [(self._x(self._from_release(one.day)), one) for one in steps]
        for x, step in sorted(
            every, key=lambda one: (one[0], MARKS.index(one[1].mark), one[1].code)
        ):
            level = next((at for at, end in enumerate(ends) if end + GAP <= x), None)
            if level is None:
                more += 1
                continue
            ends[level] = x
            placed.append((step, x, level))
        return placed, more

    def _mark(self, step: Step, x: float, y: float) -> None:
        made = self._shape(step.mark, x, y)
        if self.titled:
            said = self.words.of("mark", step.mark)
            self._say(made, "title", f"{step.title[:LONGEST]}: {said}")

    def _shape(self, mark: Mark, x: float, y: float) -> ET.Element:
        """A full disc, a ring, a hatched triangle, a cross: no two of them alike in grey."""
        s = SIZE
        if mark == "done":
            return self._add("circle", self.front, cx=x, cy=y, r=s, fill=DEEP)
        if mark == "open":
            ring = {"fill": PAPER, "stroke": DEEP, "stroke_width": 2}
            return self._add("circle", self.front, cx=x, cy=y, r=s - 1, **ring)
        if mark == "late":
            corners = f"{x},{y - s} {x + s},{y + s - 1} {x - s},{y + s - 1}"
            hatched = {"fill": "url(#late)", "stroke": WARM, "stroke_width": 1.5}
            return self._add("polygon", self.front, points=corners, **hatched)
        side = 2 * (s - 1)
        cross = f"M{x - s + 1} {y - s + 1}l{side} {side}m0 -{side}l-{side} {side}"
        lines = {"fill": "none", "stroke": SOFT, "stroke_width": 2.5}
        return self._add("path", self.front, d=cross, **lines)

    def _axis(self, top: int, bottom: int) -> None:
        x = self._x(0)
        self._add("line", self.lines, x1=x, x2=x, y1=top, y2=bottom, stroke=INK, stroke_width=1.5)
        days = self._from_release(self.today)
        if self.earliest <= days <= self.latest:
            x = self._x(days)
            dashed = {"stroke": SOFT, "stroke_dasharray": "3 3"}
            self._add("line", self.lines, x1=x, x2=x, y1=top, y2=bottom + 4, **dashed)
            text = self.words["timeline.today"]
            self._write(self._middle_of(text, x), bottom + TEXT + 4, text, "middle", fill=SOFT)

    def _legend(self, y: int) -> int:
        """What the shapes mean, two in a line on a phone; where the picture ends."""
        y += TEXT + 12
        columns = 2 if self.width < 500 else len(MARKS)  # noqa: PLR2004
        for at, mark in enumerate(MARKS):
            x = 4 + SIZE + (at % columns) * (self.width / columns)
            below = y + (at // columns) * (TEXT + 9) + TEXT
            self._shape(mark, self.width - x if self.words.from_right else x, below - SIZE + 1)
            self._write(x + SIZE + 6, below, self.words.of("mark", mark))
        return y + -(-len(MARKS) // columns) * (TEXT + 9) + 4
