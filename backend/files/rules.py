"""What of a plan stands in somebody's own file. No I/O."""

from collections.abc import Mapping

from backend.matrix import cell

# Which acts the file tells of, and as what: whoever read the plan, or gave something of it out.
# What was done for a relative or a mentor is in none of these, and neither is a wall.
READS: Mapping[str, str] = {
    "getPlan": "plan",
    "previewRelease": "plan",
    "milestoneHistory": "plan",
    "draftSummary": "draft",
    "issueSummary": "issued",
    "listSummaries": "summary",
    "getSummary": "summary",
    "listAccess": "access",
    "letBreakGlass": "glass",
    "createEntryPass": "pass",
    "enterFile": "entered",
    "readFile": "file",
    "exportFile": "copy",
}
_NAMED_IN = {"ME": "mentor", "FA": "family"}


def name_for(reader: str, role: str, name: str | None) -> str | None:
    """A name of the circle as this reader is given it: whole, the first of it, or not at all."""
    known = cell(reader, _NAMED_IN.get(role, "circle"))
    if name is None or known.reads:
        return name
    return name.split()[0] if known.short and name.split() else None
