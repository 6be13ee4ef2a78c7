"""Which groups of the community are listed, and for what. No I/O.

There is no kind for a community of faith, and none for whatever else has no word here: who goes
there would tell what they believe, or what they are ill with.
"""

from collections.abc import Mapping

KINDS = (
    *("sport", "music", "arts", "making", "garden", "games"),
    *("neighbours", "work", "learning", "helping"),
)
# Nobody is sent to a group for counselling, for health, or because supervision says so.
PATHWAYS = ("VOC", "MEN", "FAM", "HOU", "FIN", "IDD")


def unfit_pathways(offers: Mapping[str, str]) -> list[str]:
    """Those for which no group stands in the list."""
    return sorted(offers.keys() - set(PATHWAYS))
