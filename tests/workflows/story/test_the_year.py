"""The story is played whole: by jumps, by minutes, later in the year and elsewhere."""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.actors.actions import use_vault, vault
from backend.audit.seals import sealing_key, use_sealing_key
from backend.settings import ROOT
from workflows.story.calendar import Calendar
from workflows.story.play import RELEASE, ZONE, Played, _end, play
from workflows.story.stage import StepDoesNotHold
from workflows.story.transcript import Line, Printer

pytestmark = pytest.mark.slow

# Those of the chat and of courts, and one without a door: docs/story.md.
LATER = {15, 16, 17, 37, 41, 50, 56, 59}
STEPS = {
    *(f"W-{number:02d}" for number in range(1, 65) if number not in LATER),
    "72 h",
}
LONGEST_PACE = timedelta(minutes=5)  # of a job that makes a message or a task in the story
# An alias that the plan itself was given by chance; everybody else's is chosen by the story.
CHANCE = re.compile(r"(?<=(?:pour|avec) )[A-Z]\w+")


@pytest.fixture(autouse=True)
def _own_vault() -> Iterator[None]:
    """The story brings a vault and a key of its own; the other tests get theirs back."""
    kept, key = vault(), sealing_key()
    yield
    use_vault(kept)
    use_sealing_key(key)


# Python runs this first: whatever address it is about to ask for is written down.
LISTENER = """
import json, os, sys

def heard(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = args[0] if event == "socket.getaddrinfo" else args[1]
        host = address[0] if isinstance(address, tuple) else address
        with open(os.environ["HEARD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(host if isinstance(host, str) else repr(host)) + "\\n")

sys.addaudithook(heard)
"""


def _story(*options: str, heard: Path) -> subprocess.CompletedProcess[str]:
    """Played in a process of its own; `heard` gets the addresses that it asked for."""
    (heard.parent / "sitecustomize.py").write_text(LISTENER, encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    env |= {"PYTHONPATH": str(heard.parent), "HEARD": str(heard)}
    return subprocess.run(
        [sys.executable, str(ROOT / "throughcare.py"), "story", *options],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _told(played: Played) -> list[tuple[Any, ...]]:
    return [_plainly(line) for line in played.transcript.lines]


def _plainly(line: Line) -> tuple[Any, ...]:
    text = CHANCE.sub("*", line.text) if line.key in {"NIGHT1", "CONTACT72"} else line.text
    return line.step, line.kind, line.at, line.who, text, line.key, tuple(line.buttons)


def test_on_another_day_of_the_week_in_another_zone_every_step_of_the_year_holds(
    tmp_path: Path,
) -> None:
    heard = tmp_path / "heard"
    done = _story("--json", "--shift-days", "37", "--zone", "Asia/Almaty", heard=heard)
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    assert whole["failure"] is None
    assert {event["step"] for event in whole["events"]} - {""} == STEPS
    assert whole["steps"] == len(STEPS)
    assert whole["summary"]["type"] == "final"
    assert whole["messages"] > 100
    # API, bot, worker and court in a whole year: nobody outside this machine was asked for
    asked = {json.loads(line) for line in heard.read_text(encoding="utf-8").splitlines()}
    assert {"127.0.0.1"} <= asked
    assert {one for one in asked if not one.startswith("/")} <= {"127.0.0.1", "localhost"}


@pytest.mark.skipif("STORY_DAYS" not in os.environ, reason="takes minutes: STORY_DAYS=1 goes so")
async def test_days_gone_through_by_minutes_are_told_alike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Other days with every STORY_SEED, as many as STORY_DAYS says; without one the same busy day.
    # Whoever changes a job or the clock of the story asks for it.
    seed = int(os.environ.get("STORY_SEED", "20311109"))
    days = int(os.environ["STORY_DAYS"])
    chosen = random.Random(seed)  # noqa: S311 - which days are looked at is no secret
    calendar = Calendar(RELEASE + timedelta(days=chosen.randrange(7)), ZONE)
    jumped = await play(calendar, Printer(calendar, plain=True))
    _end(jumped, 1.0, as_json=False)
    printed = capsys.readouterr().out
    assert f"{len(STEPS)} steps hold" in printed, jumped.failure
    assert "\x1b" not in printed
    busy = calendar.number(chosen.choice(jumped.transcript.lines).at)
    first = min(max(busy - chosen.randrange(days), -181), 377 - days)  # whole days within the story
    span = (calendar.at(first, 0), calendar.at(first + days, 0))
    stepped = await play(calendar, stepped=span)
    assert stepped.failure is None, (seed, stepped.failure)
    assert stepped.rounds > jumped.rounds + days * 24 * 60 - 200
    assert _told(stepped) == _told(jumped), seed
    _left_alike(stepped, jumped)


def _left_alike(stepped: Played, jumped: Played) -> None:
    """The same rows with the same instants; each was made by a job that has a pace of its own."""
    rows, others = [
        sorted((*one[:4], *one[5:], one[4]) for one in _dated(played.traces))
        for played in (stepped, jumped)
    ]
    assert [one[:-1] for one in rows] == [one[:-1] for one in others]
    late = {one[-1] - other[-1] for one, other in zip(rows, others, strict=True)}
    assert max(late) <= LONGEST_PACE
    assert min(late) >= -LONGEST_PACE


def _dated(traces: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """With an instant where there is none, so that they can be put in order."""
    never = datetime.max.replace(tzinfo=UTC)
    for one in traces:
        yield tuple(never if part is None else part for part in one)


def test_a_step_says_what_it_expected_and_what_it_saw() -> None:
    said = str(StepDoesNotHold("W-01", "all rows are there", 115, 114))
    assert said.splitlines() == [
        "W-01: all rows are there",
        "  expected: 115",
        "  seen:     114",
    ]
