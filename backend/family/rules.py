"""Who of a family may be spoken to by a machine. No I/O. The database asks the same
(`may_be_prompted`), and a test compares the two.
"""

from collections.abc import Mapping
from typing import Any

WANTED = "wanted"
NOT_ALLOWED = "not_allowed"
RELATIONS = frozenset({"partner", "parent", "grown_child", "sibling", "relative", "friend"})
WISHES = frozenset({WANTED, "not_wanted", NOT_ALLOWED})


def may_be_prompted(relative: Mapping[str, Any]) -> bool:
    """Whether the person wants it, the relative agreed, and was asked in private about safety.

    Whoever was in a circle before the question was asked goes on until they say no.
    """
    if relative["barred_at"] is not None or relative["wish"] != WANTED:
        return False
    if relative["carried"] and relative["takes_part"] is not False:
        return True
    return bool(relative["takes_part"]) and relative["safety_asked_at"] is not None


def is_parted(relative: Mapping[str, Any]) -> bool:
    """Whether nothing may go on with them: an order, or a no of either."""
    said_no = relative["wish"] not in {None, WANTED} or relative["takes_part"] is False
    return relative["barred_at"] is not None or said_no


def missing(relative: Mapping[str, Any]) -> list[str]:
    """What is still to be asked before a message: wish, own yes, safety; in this order."""
    if is_parted(relative):
        return []
    asked = {
        "wish": relative["wish"] is not None,
        "takes_part": relative["takes_part"] is not None,
        "safety": relative["safety_asked_at"] is not None,
    }
    return [name for name, done in asked.items() if not done]
