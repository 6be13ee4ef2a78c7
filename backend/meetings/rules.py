"""Who may take part in a meeting, what it speaks of, and what of it each reader is told. No I/O."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from backend.appointments.rules import instant
from backend.errors import Unfit
from backend.flows.rules import REFERRAL
from backend.matrix import cell, covers
from backend.plans import rules as of_plans
from backend.plans.rules import OPEN, SOON, WORKERS

GROUP = "meetings"  # as the matrix and the data-flow registry call it
INVITATION = "CIR-INV"  # the text, and what the rows of a plan carry that are meetings
ANSWERS = frozenset({"come", "by_phone", "cant"})
# Of these a meeting may speak. What keeps somebody safe, what relatives and mentors said, and what
# somebody believes is in none: that it was told to somebody would tell.
SPOKEN_OF = (
    *("release date", "conditions", "circle", "milestones", "contacts", "appointments", "goals"),
    *("review", "counselling dates", "health", "housing", "work", "money"),
)
LAW, DISCLOSURE, PERSON = "law", "disclosure", "person"
GROUNDS = (LAW, DISCLOSURE, PERSON)
# The facts by whose disclosure a group may be told; what a referral needs is told of by itself.
RELEASED_BY = {"release date": "release_date", "milestones": "good_news"}
SECRET_HOLDERS = frozenset({"CP", "CS"})  # they may speak, and need not
# Who reads nothing here: they answer by chat or by voice, and the minutes are read to them.
WITHOUT_ACCOUNT = frozenset({"PE", "ME", "FA", "LR", "CS"})
TAKES_PART = frozenset({"SW", "CO", "PO", "PS", "TR", "CP"}) | WITHOUT_ACCOUNT
OVERDUE, DUE, ADDED, CARRIED = "overdue", "due", "added", "carried"
CONTESTED, TO_VERIFY = "contested", "to_verify"
TOLD_TO_ALL = frozenset({OVERDUE, DUE, ADDED})
# Whose a decision can be, and in which part of the plan each sees a row of their own.
PATHWAY = {"SW": "PLN", "CO": "PLN", "PE": "PLN", "PS": "PLN", "PO": "PRB", "TR": "VOC"}
PATHWAY |= {"CP": "CNS-P"}
AT_ONCE = WORKERS | {"PE"}  # theirs without being asked: they are the plan's own
CODE = "MTG-"
TITLES = {
    "en": "A step agreed in a circle meeting",
    "fr": "Une étape convenue en réunion du cercle",
}


def words_of_decision(code: str, language: str) -> str | None:
    """What a row is called that a meeting decided on; None for any other row."""
    return TITLES.get(language) if code.startswith(CODE) else None


def check_spoken_of(groups: Collection[str]) -> None:
    """Raises Unfit unless it is said, in groups that it may speak of, what a meeting speaks of."""
    if not groups or not set(groups) <= set(SPOKEN_OF):
        raise Unfit(f"speaks_of is some of {', '.join(SPOKEN_OF)}.", field="speaks_of")


def may_know(role: str, group: str) -> bool:
    """Whether the matrix gives a role anything of a group without the person's disclosure."""
    given = cell(role, group)
    return "D" not in given.signs and (given.counted or given.short)


def told_groups(role: str, speaks_of: Iterable[str], flows: Collection[str] | None) -> list[str]:
    """Of which groups a reader is told that a meeting speaks: that there is counselling, or a
    treatment, is told to nobody by the name of a group.
    """
    return [one for one in speaks_of if may_know(role, one) and covers(flows, one)]


def check_ground(teller: str, hearer: str, facts: str, ground: str) -> None:
    """Raises Unfit for a group that no meeting speaks of, and for a ground on which it may not.

    What a counsellor tells is the person's to let go, whatever a law lets others say; and what the
    matrix does not give to a role, no law of a meeting does. Told all the same it is an incident.
    """
    check_spoken_of((facts,))
    if ground not in GROUNDS:
        raise Unfit(f"ground is one of {', '.join(GROUNDS)}.", field="ground")
    if teller in SECRET_HOLDERS and ground == LAW:
        raise Unfit(
            "A counsellor may speak and need not: what they told has the person's ground.",
            field="ground",
        )
    if ground == LAW and not may_know(hearer, facts):
        raise Unfit("Their role may know this on the person's ground alone.", field="ground")


def released_by(facts: str) -> list[str]:
    """Which facts a disclosure has to be about, so that a group was told on the ground of it."""
    return [REFERRAL, *(fact for group, fact in RELEASED_BY.items() if group == facts)]


def why_of(
    row: Mapping[str, Any],
    plan: Mapping[str, Any],
    today: date,
    held_on: date,
    *,
    differ: bool,
    waits: bool,
) -> frozenset[str]:
    """Why a row of a plan is to be spoken of on a day; nothing of a talk with somebody else."""
    if of_plans.is_about_another(row) or of_plans.stands_still(plan["state"]):
        return frozenset()
    left = plan["left_custody_at"] is not None
    due = of_plans.is_live(row, left_custody=left) and row["due_on"] is not None
    found = set()
    if of_plans.is_overdue(row, today, left_custody=left):
        found.add(OVERDUE)
    elif due and row["due_on"] <= max(today, held_on) + SOON:
        found.add(DUE)
    if differ:
        found.add(CONTESTED)
    if waits:
        found.add(TO_VERIFY)
    return frozenset(found)


def told_why(role: str, why: Iterable[str]) -> frozenset[str]:
    """Which of the reasons a reader is told; an item of which none is left is not there for them.

    That sayings differ or wait, and that an item was there before for such a reason, is for those
    who work on the plan.
    """
    return frozenset(why) if role in WORKERS else frozenset(why) & TOLD_TO_ALL


def is_carried(item: Mapping[str, Any]) -> bool:
    """Whether the next meeting has to come back to it: not dealt with, and still open."""
    if item["left_out"] or item["dealt"]:
        return False
    return item["milestone"] is None or item["state"] in OPEN


def fits(row: Mapping[str, Any] | None, *, left: bool) -> bool:
    """Whether a meeting may be this row of the plan."""
    if row is None or row["message"] != INVITATION:
        return False
    return of_plans.is_live(row, left_custody=left)


def owner_of_row(role: str) -> str:
    """Whose the row is from the beginning: the worker's, until somebody else accepts it."""
    return role if role in AT_ONCE else "SW"


def is_by_voice(member: Mapping[str, Any]) -> bool:
    """Whether a worker writes down for them what they say."""
    return member["role"] in WITHOUT_ACCOUNT or not member["told"]


def is_given_paper(member: Mapping[str, Any]) -> bool:
    """Whether an agenda is printed for them: for nobody whom a page would tell nothing of it."""
    return member["role"] == "PE" or bool(member["told"])


def may_own(member: Mapping[str, Any]) -> bool:
    """Whether a decision can be theirs: they have a part of the plan, and hear of it there."""
    return member["role"] in PATHWAY and is_given_paper(member)


def is_waited_for(member: Mapping[str, Any]) -> bool:
    """Whether minutes that are written still want their yes."""
    return bool(member["present"] and member["stays"]) and member["approved_at"] is None


def begins(meeting: Mapping[str, Any]) -> datetime:
    return instant(meeting["held_on"], meeting["held_at"], meeting["zone"])


def is_to_come(meeting: Mapping[str, Any], now: datetime) -> bool:
    if meeting["called_off_at"] is not None or meeting["took_place_at"] is not None:
        return False
    return begins(meeting) > now


def as_it_stands(meeting: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """What was to come when its plan ended is off with it, whoever ended the plan."""
    ended: datetime | None = plan["closed_at"]
    if ended is None or not is_to_come(meeting, ended):
        return dict(meeting)
    return {**meeting, "called_off_at": ended}


def state_of(meeting: Mapping[str, Any]) -> str:
    """planned, called_off, held or approved."""
    if meeting["called_off_at"] is not None:
        return "called_off"
    if meeting["approved_at"] is not None:
        return "approved"
    return "planned" if meeting["took_place_at"] is None else "held"


def answer_of(decision: Mapping[str, Any]) -> str | None:
    """asked, accepted or declined; None of what was its owner's from the beginning."""
    if decision["role"] in AT_ONCE:
        return None
    if decision["declined_at"] is not None:
        return "declined"
    return "asked" if decision["accepted_at"] is None else "accepted"
