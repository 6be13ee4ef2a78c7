"""Meetings of the circle in the person's own file: gathered, and told."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from backend.access import Actor
from backend.files import views
from backend.files.lines import Line, facts
from backend.files.wording import Words, isolated
from backend.meetings.minutes import MINUTES
from backend.meetings.reading import Reader, meetings_of
from backend.meetings.rules import answer_of, state_of


async def gather_meetings(plan: Any, reader: Actor) -> list[views.FileMeeting] | UnsetType:
    """For the person alone, as the row policies say too; who took part goes by their role."""
    if reader.role != "PE":
        return UNSET
    return [_meeting(one) for one in await meetings_of(plan, Reader(reader.id, "PE"))]


def _meeting(one: dict[str, Any]) -> views.FileMeeting:
    role = {member["actor"]: member["role"] for member in one["members"]}
    written = [note for note in one["notes"] if note["words"] is not None]
    return views.FileMeeting(
        one["held_on"],
        one["held_at"],
        state_of(one),
        one["basis"],
        one["aim"],
        [member["role"] for member in one["members"]],
        [member["role"] for member in one["members"] if member["present"]],
        [views.FileItem(item["code"], item["title"], item["words"]) for item in one["items"]],
        [
            views.FileShare(
                line["facts"], role[line["told_by"]], role[line["told_to"]], line["ground"]
            )
            for line in one["shares"]
        ],
        [
            views.FileDecision(d["code"], d["role"], d["words"], d["due_on"], answer_of(d))
            for d in one["decisions"]
        ],
        next((note["words"] for note in written if note["kind"] == MINUTES), None),
        [note["words"] for note in written if note["kind"] != MINUTES],
    )


def tell_meetings(
    meetings: Sequence[views.FileMeeting] | UnsetType, words: Words
) -> list[Line] | None:
    if meetings is UNSET:
        return None
    return [line for one in meetings for line in _lines(one, words)]


def _lines(one: views.FileMeeting, words: Words) -> Iterator[Line]:
    when = f"{words.day(one.held_on)}, {words.hour(one.held_at)}"
    aims = [isolated(text) for text in (one.aim, one.basis) if text]
    who = f"{words['word.asked_to']}: {_roles(one.asked, words)}"
    there = f"{words['word.present']}: {_roles(one.present, words)}" if one.present else ""
    yield Line(when, words.of("meeting", one.state), tuple(x for x in (*aims, who, there) if x))
    if one.agenda:
        yield Line(words["word.agenda"], "", tuple(_item(item, words) for item in one.agenda))
    if one.shared:
        yield Line(words["word.shared"], "", tuple(_share(line, words) for line in one.shared))
    if one.decisions:
        decided = tuple(_decision(line, words) for line in one.decisions)
        yield Line(words["word.decided"], "", decided)
    written = (one.minutes, *one.addenda)
    if any(written):
        yield Line(words["word.minutes"], "", tuple(isolated(text) for text in written if text))


def _roles(roles: Sequence[str], words: Words) -> str:
    return ", ".join(words.of("role", role) for role in roles)


def _item(item: views.FileItem, words: Words) -> str:
    if item.code and item.title:
        decided = f": {isolated(item.words)}" if item.words else ""
        return words.row(item.code, item.title) + decided
    return isolated(item.words or words["word.gone"])


def _share(line: views.FileShare, words: Words) -> str:
    to = f"{words.of('role', line.told_by)} → {words.of('role', line.told_to)}"
    return facts(words.of("group", line.facts), to, words.of("ground", line.ground))


def _decision(line: views.FileDecision, words: Words) -> str:
    return facts(
        isolated(line.words or words["word.gone"]),
        words.of("role", line.role),
        words.day(line.due_on) if line.due_on else None,
        words.of("decision", line.answer) if line.answer else None,
    )
