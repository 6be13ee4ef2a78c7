"""Entries of the registry, as the tests make them up."""

from typing import Any

from backend.flows.rules import Entry, Period
from tests.backend.flows.abroad import LAW, NOW


def an_entry(**values: Any) -> Entry:
    given_ = {
        "kind": "agency",
        "groups": ["alias"],
        "purpose": "care",
        "basis": "law",
        "period": Period(NOW),
        **LAW,
    }
    return Entry(**{**given_, **values})
