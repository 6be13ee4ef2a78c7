"""What of a plan stands in somebody's own file. No I/O.

All of their own for the person, refusals too. A lawyer or guardian is not told what was offered
and refused, nor of counselling, health, family and mentoring, nor who else is there for these, nor
of other lawyers: the person may tell them. Each part of the file asks here, so that what one part
leaves out no other part gives away.
"""

from collections.abc import Mapping
from typing import Any

from backend.matrix import cell
from backend.plans.rules import OPTIONAL_KINDS, UNDER_WAY, is_about_another

# Which acts the file tells of, and as what: whoever read the plan, or gave something of it out.
# What was done for a relative or a mentor is in none of these, and neither is a wall.
READS: Mapping[str, str] = {
    "getPlan": "plan",
    "getPathways": "plan",
    "previewRelease": "plan",
    "printSheet": "sheet",
    "printAmnesty": "sheet",
    "drawTimeline": "plan",
    "milestoneHistory": "plan",
    "getMilestone": "plan",
    "getAppointment": "plan",
    "draftSummary": "draft",
    "issueSummary": "issued",
    "listSummaries": "summary",
    "getSummary": "summary",
    "listAccess": "access",
    "listGoals": "goals",
    "listNeedsReviews": "reviews",
    "listMeetings": "meetings",
    "listContacts": "contacts",
    "listWelcomes": "welcomes",
    "letBreakGlass": "glass",
    "createEntryPass": "pass",
    "enterFile": "entered",
    "readFile": "file",
    "exportFile": "copy",
}
_NAMED_IN = {"ME": "mentor", "FA": "family"}
OF_A_RETURN = "return_to_custody"  # that a plan stands still for one is the person's to tell
COUNSELLING = "CNS"
NOT_FOR_LAWYERS = frozenset({"HLT", "FAM", "MEN"})  # pathways, beside all of counselling
UNTOLD_TO_LAWYERS = frozenset({"CP", "CS", "ME", "FA", "LR"})
FOR_THE_PERSON = frozenset({"PE", "SW"})  # a worker writes down what stands on their paper


def act_in_own_file(reader: str, operation: str) -> bool:
    """Whether a reader hears that somebody did this: of what stands in no file of theirs, no."""
    return reader == "PE" or READS[operation] not in {"goals", "reviews", "meetings", "welcomes"}


def pathway_in_own_file(reader: str, pathway: str) -> bool:
    """Whether a reader is told of a part of the plan at all."""
    if reader == "PE":
        return True
    return not pathway.startswith(COUNSELLING) and pathway not in NOT_FOR_LAWYERS


def in_own_file(reader: str, row: Mapping[str, Any]) -> bool:
    """Whether a row stands in the file."""
    if is_about_another(row):
        return False
    if reader == "PE":
        return True
    if not pathway_in_own_file(reader, row["pathway"]) or row["state"] in {"dormant", "declined"}:
        return False
    if row["anchor"] == OF_A_RETURN:
        return False
    wants_a_yes = row["agree"] != "-" or row["kind"] in OPTIONAL_KINDS
    return row["state"] in UNDER_WAY or not wants_a_yes


def evidence_in_own_file(evidence: Mapping[str, Any], *, own: bool) -> bool:
    """What a service knows to have happened, and what the reader said. What a mother or a mentor
    said of it is theirs; and what a worker answered ("not yet", "it did") would tell that they had.
    """
    known = evidence["provenance"] != "said" and evidence["happened"]
    return own or bool(known and not evidence["answers"])


def answer_in_own_file(reader: str, answer: Mapping[str, Any]) -> bool:
    """Whether what the person said to a part of the plan stands in it; of others' a yes alone."""
    if reader == "PE":
        return True
    return answer["answer"] == "accepted" and pathway_in_own_file(reader, answer["pathway"])


def somebody_in_own_file(reader: str, role: str, *, own: bool = False) -> bool:
    """Whether the file tells a reader of somebody of this role, or of what they did."""
    return own or reader == "PE" or role not in UNTOLD_TO_LAWYERS


def words_in_own_file(reader: str, correction: Mapping[str, Any], *, own: bool) -> bool:
    """Whether a reader is given what was asked to be put right: each their own, and no other's."""
    return own or (reader == "PE" and correction["role"] in FOR_THE_PERSON)


def change_in_own_file(reader: str, correction: Mapping[str, Any]) -> bool:
    """Whether the person is told, without a word of it, that their file was put right."""
    return reader == "PE" and correction["answer"] == "accepted"


def name_for(reader: str, role: str, name: str | None) -> str | None:
    """A name of the circle as this reader is given it: whole, the first of it, or not at all."""
    known = cell(reader, _NAMED_IN.get(role, "circle"))
    if name is None or known.reads:
        return name
    return name.split()[0] if known.short and name.split() else None
