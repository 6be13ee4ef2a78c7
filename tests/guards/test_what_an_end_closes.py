"""Of every task that a page can name somebody said whether an end without a word closes it."""

import re
from collections.abc import Mapping

from backend.plans.actions.muting import POINTLESS, POINTLESS_AT_AN_END
from backend.settings import ROOT

WORDS = ROOT / "backend" / "pages" / "templates" / "words.html"
CIRCLE, ASKED = "it is about somebody of the circle", "somebody waits for an answer to it"
AGENCY, OWED = "it is the agency's, of no plan", "it is owed, whatever became of the plan"
STAYS: Mapping[str, str] = {
    "call-me": ASKED,
    "complaint-due": OWED,
    "confirm-link": CIRCLE,
    "correction-asked": OWED,
    "correction-late": OWED,
    "court-canary": AGENCY,
    "court-quota": AGENCY,
    "days-to-confirm": AGENCY,
    "free-text": ASKED,
    "gate-problem": ASKED,
    "gate-waiting": ASKED,
    "glass-broken": OWED,
    **dict.fromkeys(
        ("minutes-asked", "decision-back"),
        "what was said and decided is put right whatever became of the plan",
    ),
    "handover": "who leads the plan calls its circle, and has to know them",
    "incident-due": OWED,
    "link-begun-again": CIRCLE,
    "link-inactive": CIRCLE,
    "link-stopped": CIRCLE,
    "many-let-go": AGENCY,
    "mentor-care-call": CIRCLE,
    "mentor-unvetted": CIRCLE,
    "need-help": ASKED,
    "no-bed": ASKED,
    "not-read": ASKED,
    "outside-review": OWED,
    "pin-dead": CIRCLE,
    "so-so": ASKED,
    "stopped-by-glass": "the worker calls whoever it was with, whatever became of the plan",
    "stopped-by-limit": AGENCY,
    "summary-wrong": OWED,
    "tell-of-glass": OWED,
    "tell-the-circle": "the end itself asks for it",
    "vetting-due": AGENCY,
    "without-worker": "somebody has to lead the plan until its circle is called",
}
AFTER_A_RETURN: Mapping[str, str] = {
    "ask-again": "the person wished it, and a return may be taken back",
    "let-go": "a human looks why they are inside and are let go",
    "let-go-out": "a human looks why they are inside and are let go",
    "meeting-off": "it is off wherever the person is: somebody would come for nothing",
    "needs-review": "the plan goes on when it is reopened",
}


def _named() -> set[str]:
    found = re.search(r"\{% set TASKS = \{(.*?)\} %\}", WORDS.read_text("utf-8"), re.DOTALL)
    assert found
    return set(re.findall(r'^  "([a-z0-9-]+)":', found[1], re.MULTILINE))


def test_every_task_is_closed_by_an_end_without_a_word_or_stays_for_a_reason() -> None:
    assert _named() - POINTLESS_AT_AN_END == STAYS.keys()


def test_a_return_leaves_open_what_the_person_wished_or_a_human_looks_at() -> None:
    assert AFTER_A_RETURN.keys() == POINTLESS_AT_AN_END - POINTLESS
    assert POINTLESS < POINTLESS_AT_AN_END
