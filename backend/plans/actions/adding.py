"""A row of one plan's own, beside those of the template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend.access import Actor
from backend.database import connection
from backend.plans.actions.writing import write_events

_ADD = """
INSERT INTO milestone (id, agency, plan, version, code, pathway, title, anchor, day, win_before,
       win_after, owner, partners, kind, agree, depends, evidence, court, late_start, state, due_on,
       pinned)
SELECT $1, $2, $3, 1, code, pathway, title, anchor, day, win_before, win_after, owner, partners,
       kind, agree, depends, evidence, court, late_start, state, due_on, pinned
  FROM json_populate_record(NULL::milestone, $4::json)
"""
A_WEEK = 7


@dataclass(frozen=True)
class NewRow:
    """`title` comes from package data: no words that somebody typed stand in a row."""

    code: str
    pathway: str
    title: str
    owner: str
    due_on: date


async def add_row(actor: Actor, plan: Mapping[str, Any], new: NewRow) -> UUID:
    """Add a need to a plan; the caller holds the plan's lock and has looked that it is not there.

    Its day is set by hand: it stays when the release date moves. No court hears of it.
    """
    id_ = uuid4()
    row = {
        "code": new.code,
        "pathway": new.pathway,
        "title": new.title,
        "anchor": "release",
        "day": (new.due_on - plan["release_date"]).days,
        "win_before": A_WEEK,
        "win_after": A_WEEK,
        "owner": new.owner,
        "partners": [] if new.owner == "PE" else ["PE"],
        "kind": "N",
        "agree": "P",
        "depends": [],
        "evidence": "form",
        "court": "N",
        "late_start": 3,
        "state": "planned",
        "due_on": new.due_on,
        "pinned": True,
    }
    await connection().execute(_ADD, id_, plan["agency"], plan["id"], json.dumps(row, default=str))
    event = {"id": id_, "state": "planned", "due_on": None}
    await write_events(actor, plan, "added", [(event, new.due_on)])
    return id_
