"""Who may let what one person asks for: another one, or in a small agency a day of waiting."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

DELAY = timedelta(hours=24)
MOST = 2  # active coordinators, up to whom an agency is small; the database holds it too
FINDINGS = ("in_order", "not_in_order")


def may_let(wish: Mapping[str, Any], by: UUID, now: datetime, *, small: bool) -> bool:
    """Another person at once; whoever asked only where the agency is small, a day later."""
    if wish["asked_by"] != by:
        return True
    return small and now - wish["asked_at"] >= DELAY
