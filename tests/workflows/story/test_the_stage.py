"""A step that does not hold ends the story at once."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest

from workflows.story.calendar import Calendar
from workflows.story.play import RELEASE, ZONE, Played, _end
from workflows.story.stage import Stage, StepDoesNotHold
from workflows.story.transcript import Line, Printer, Transcript


def _stage() -> Stage:
    """A stage without a house: what is checked here looks at no row."""
    transcript = Transcript(Calendar(RELEASE, ZONE))
    clockwork = SimpleNamespace(now=datetime(2031, 6, 18, tzinfo=UTC), after_round=None)
    nothing = cast("Any", None)
    house = SimpleNamespace(sent=1)
    return Stage(cast("Any", house), cast("Any", clockwork), transcript, {}, nothing)


def test_what_must_not_be_ends_the_story() -> None:
    stage = _stage()
    with pytest.raises(StepDoesNotHold, match="must not: a name is told"):
        stage.must_not("a name is told", ["a name"])


def test_what_must_be_ends_the_story_where_it_is_not() -> None:
    with pytest.raises(StepDoesNotHold, match="115"):
        _stage().must("all rows are there", 114, 115)


def test_the_program_ends_with_one_where_a_step_does_not_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    played = Played(Transcript(Calendar(RELEASE, ZONE)), failure="W-01: something\n  expected: 1")
    with pytest.raises(SystemExit) as ended:
        _end(played, 1.0, as_json=False)
    assert ended.value.code == 1
    assert "W-01: something" in capsys.readouterr().err


def test_days_are_counted_from_release_and_shown_in_local_time() -> None:
    calendar = Calendar(RELEASE, ZONE)
    line = Line("message", calendar.at(-7, 10), "mentor", "Un texte", "W-26", "GATE-7", ["Oui"])
    transcript = Transcript(calendar)
    transcript.add(line)
    assert transcript.events() == [
        {
            "step": "W-26",
            "day": -7,
            "at": "2031-06-11T10:00+01:00",
            "kind": "message",
            "who": "mentor",
            "text": "Un texte",
            "key": "GATE-7",
            "buttons": ["Oui"],
        }
    ]


def test_a_printed_line_stands_in_its_columns() -> None:
    calendar = Calendar(RELEASE, ZONE)
    line = Line("message", calendar.at(-7, 10), "mentor", "Un texte", "W-26", "GATE-7", ["Oui"])
    said: list[str] = []
    original, click.echo = click.echo, said.append  # type: ignore[assignment]
    try:
        Printer(calendar, plain=True)(line)
    finally:
        click.echo = original
    assert said == ["T-7    Wed 2031-06-11  10:00  mentor            GATE-7  « Un texte » [Oui]"]


@pytest.mark.parametrize(("n", "open_"), [(-3, -5), (-4, -5), (3, 5), (4, 5), (0, 0)])
def test_people_of_the_agency_work_on_open_days(n: int, open_: int) -> None:
    assert Calendar(RELEASE, ZONE).open(n) == open_  # T-3 is a Sunday, T+3 a Saturday
