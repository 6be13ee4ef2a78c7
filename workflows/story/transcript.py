"""What happened, line by line: for people, who read it as it comes, and for machines."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import click

from workflows.story.calendar import Calendar

WIDTH = 118
INDENT = 48  # where the fourth column begins
MARKS = {"deed": "", "answer": "", "must": "✓ must: ", "must not": "✓ must not: "}
COLOURS = {"message": "cyan", "answer": "yellow", "must": "green", "must not": "green"}


@dataclass(frozen=True)
class Line:
    """`kind` is step, deed, message, answer, must or must not; `who` does or receives it."""

    kind: str
    at: datetime
    who: str
    text: str
    step: str = ""
    key: str = ""
    buttons: list[str] = field(default_factory=list)


class Transcript:
    """Every line of the story; `show` is told of each at once."""

    def __init__(self, calendar: Calendar, show: Callable[[Line], None] | None = None) -> None:
        self.calendar = calendar
        self.lines: list[Line] = []
        self._show = show

    def add(self, line: Line) -> None:
        self.lines.append(line)
        if self._show is not None:
            self._show(line)

    def count(self, kind: str) -> int:
        return sum(line.kind == kind for line in self.lines)

    def events(self) -> list[dict[str, Any]]:
        """For machines: every line with its day, counted from release, and its local time."""
        return [
            {
                "step": line.step,
                "day": self.calendar.number(line.at),
                "at": self.calendar.local(line.at).isoformat(timespec="minutes"),
                "kind": line.kind,
                "who": line.who,
                "text": line.text,
                **({"key": line.key} if line.key else {}),
                **({"buttons": line.buttons} if line.kind == "message" else {}),
            }
            for line in self.lines
        ]


class Printer:
    """Prints a line as soon as it is there: day, date and time, who, what."""

    def __init__(self, calendar: Calendar, *, plain: bool) -> None:
        self._calendar = calendar
        self._plain = plain
        self._moment: datetime | None = None

    def __call__(self, line: Line) -> None:
        if line.kind == "step":
            self._moment = None
            day = day_name(self._calendar.number(line.at))
            click.echo()
            click.echo(self._styled(f"{line.step:<5}  {day:<6}  {line.text}", bold=True))
            return
        colour = COLOURS.get(line.kind)
        first, *rest = self._wrapped(line)
        click.echo(self._when(line) + self._styled(first, fg=colour))
        for more in rest:
            click.echo(" " * INDENT + self._styled(more, fg=colour))

    def _when(self, line: Line) -> str:
        local = self._calendar.local(line.at)
        when = ""
        if self._moment != local:
            day = day_name(self._calendar.number(line.at))
            when = f"{day:<6} {local:%a %Y-%m-%d  %H:%M}"
        self._moment = local
        who = "" if line.kind in {"must", "must not"} else line.who
        return f"{when:<29} {who:<18}"

    def _wrapped(self, line: Line) -> list[str]:
        if line.kind == "message":
            buttons = "".join(f" [{label}]" for label in line.buttons)
            text = f"{line.key}  « {line.text} »{buttons}"
        else:
            text = MARKS[line.kind] + line.text
        lines = text.replace("\u202f", "\u00a0").split("\n")
        return [part for one in lines for part in textwrap.wrap(one, WIDTH - INDENT) or [""]] or [
            ""
        ]

    def _styled(self, text: str, **how: Any) -> str:
        return text if self._plain else click.style(text, **how)


def day_name(number: int) -> str:
    return f"T{number:+d}" if number else "T"
