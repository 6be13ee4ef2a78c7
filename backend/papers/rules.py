"""What may stand on paper, and how far a step has come. No I/O.

A paper lies about in a cell, in a pocket, in a kitchen. So it tells less than the page that it was
printed from: of the person's own steps those alone that harm nobody who is found with them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from backend.appointments.rules import PLANNED
from backend.messages.wording import fold, forbidden
from backend.plans.rules import (
    OPEN,
    OVER,
    UNDER_WAY,
    WORKERS,
    is_about_another,
    is_overdue,
    stands_still,
)

Mark = Literal["done", "open", "late", "not_possible"]
MARKS: tuple[Mark, ...] = ("done", "open", "late", "not_possible")

# Who prints what; the release desk while the person is inside, and no more.
SHEETS: Mapping[str, frozenset[str]] = {
    "plan": WORKERS,
    "day-one": WORKERS | {"PS"},
    "72-hours": WORKERS | {"PS"},
    "two-weeks": WORKERS,
    "card": WORKERS,
}
INSIDE_ONLY = frozenset({"PS"})
# Counselling and health are told by no paper that somebody else may find, nor by its picture.
KEPT_OFF = frozenset({"HLT"})
COUNSELLING = "CNS"

# The ten things of the first day, and the row that says that one of them is there.
DAY_ONE: Mapping[str, str | None] = {
    "papers": "IDD-04",
    "bed": "HOU-04",
    "way": None,
    "clothes": None,
    "money": "FIN-05",
    "medicine": "HLT-05",
    "phone": None,
    "appointments": "PRB-06",
    "conditions": "PRB-05",
    "meets": "GAT-01",
}
# What the first days hold, and the row whose day is written beside it. The lines are the same
# for everybody, so that none of them tells what somebody said yes or no to.
HOURS: tuple[Mapping[str, str | None], ...] = (
    dict.fromkeys(("met", "bed", "eaten", "called")),
    dict.fromkeys(("first", "medicine")),
    dict.fromkeys(("family",)),
    dict.fromkeys(("contact", "claim")),
)
WEEKS: tuple[Mapping[str, str | None], ...] = (
    {"clinic": None, "second": "PRB-09", "address": "IDD-05"},
    {"counsellor": None, "employment": "VOC-11", "talk": "PLN-09"},
)
DAYS, FORTNIGHT = 4, timedelta(days=14)
STEPS, DATES, ON_CARD = 7, 5, 6  # how many find room

# Beginnings of Arabic words that say what this is about: a net, like the English and French list.
_TELLING = """
    سجن سجين سجون حبس محبس معتقل محكمة محاكم قضاء قضائ قاضي نيابة شرط درك حرس أمن إفراج سراح
    مراقب مصاحبة عقوب جريم إصلاح إرهاب تطرف مستشف عياد طبيب صحة صحي نفس مسجد كنيس مرشد
""".split()  # noqa: SIM905 - forty pairs of quotes would hide the words
_BEFORE = ("", "ال", "لل", "بال", "وال")  # the article, and what is written together with it
_ALIKE = str.maketrans({"ى": "ي", "ة": "ه", "\N{ARABIC TATWEEL}": ""})  # noqa: RUF001


def barred(role: str, state: str, *, left_custody: bool) -> str | None:
    """Why nothing is printed of a plan for a reader, as a sentence; None where it is."""
    if state in OVER:
        return "The plan is over."
    if left_custody and role in INSIDE_ONLY:
        return "The person has left: their worker prints what is wanted."
    return None


def mark(
    row: Mapping[str, Any], today: date, plan_state: str, *, left_custody: bool
) -> Mark | None:
    """How far a step has come; None for what is asleep, was refused or is not wanted."""
    if row["state"] in {"done", "not_possible"}:
        state: Mark = row["state"]
        return state
    if row["state"] not in OPEN:
        return None
    late = not stands_still(plan_state) and is_overdue(row, today, left_custody=left_custody)
    return "late" if late else "open"


def on_paper(row: Mapping[str, Any]) -> bool:
    """Whether a step stands on the person's paper: none of another's, no offer before its yes."""
    if is_about_another(row) or row["pathway"] in KEPT_OFF:
        return False
    if row["pathway"].startswith(COUNSELLING):
        return False
    return row["kind"] != "V" or row["state"] in UNDER_WAY


def on_card(date_: Mapping[str, Any], rows: Mapping[Any, Mapping[str, Any]], today: date) -> bool:
    """Whether a date stands on paper: one that is planned, to come, and the person's own."""
    about = rows.get(date_.get("milestone"))
    if about is not None and is_about_another(about):
        return False
    return date_["state"] in PLANNED and date_["held_on"] >= today


def tells(place: str) -> bool:
    """Whether a place says to whoever finds it what it is about; then it is written by hand."""
    words = {word.removeprefix(before) for word in _bare(place).split() for before in _BEFORE}
    telling = tuple(_bare(word) for word in _TELLING)
    return bool(forbidden(place)) or any(word.startswith(telling) for word in words)


def _bare(text: str) -> str:
    return fold(text).translate(_ALIKE)
