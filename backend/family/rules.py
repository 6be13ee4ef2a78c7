"""Why nobody of a family is spoken to, and what is to be asked before somebody is. No I/O.

Who may be, the database says (`may_be_prompted`): it stands before each chat and message.
"""

from collections.abc import Mapping
from typing import Any

WANTED = "wanted"
NOT_ALLOWED = "not_allowed"
RELATIONS = frozenset({"partner", "parent", "grown_child", "sibling", "relative", "friend"})
WISHES = frozenset({WANTED, "not_wanted", NOT_ALLOWED})


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
