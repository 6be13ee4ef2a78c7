"""What somebody's own words may be about, and how they end. No I/O."""

KINDS = ("goal", "first_step", "who_knows")
ENDS = ("reached", "not_mine")
ANEW = "anew"  # how words end instead of which the person said others
MOST_GOALS = 3
TOLD_TO_PROBATION = frozenset({"goal"})  # who else should know may name somebody


def told_to(role: str) -> frozenset[str]:
    """The kinds of words that whoever reads under this mandate is given."""
    return TOLD_TO_PROBATION if role == "PO" else frozenset(KINDS)
