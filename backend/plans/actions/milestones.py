"""What happens to one milestone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from backend import clock
from backend.access import OPERATIONS, Actor, Bearer, check_seen, find_plan, require
from backend.actors.actions import unseal_or_none
from backend.audit.actions import record
from backend.calendars.rules import open_days
from backend.database import MOMENT, connection, fetch_at_once, transaction
from backend.errors import MoreToLookAt, NotFound, NotFromThisState, NotYourRole, Unfit
from backend.evidence import rules as evidence
from backend.once import Asked, Written
from backend.plans import rules
from backend.plans.actions.claiming import call_again
from backend.plans.actions.offering import check_again, row_again_from
from backend.plans.actions.refusing import let_fall
from backend.plans.actions.writing import begin_act, settles, write_milestone


@dataclass(frozen=True)
class MilestoneChange:
    """What should become of a row: a new state, a new date, or the person's tick for the court.

    `reason` is asked when a closed row opens again; `cause` when it is not possible;
    `done_on` is the civil day of the fact, today where it is left out, and `known` how it is known.
    `happened` answers what somebody said of it, and stands alone: false of an open row (not yet),
    true of a done one (it did). `person_asks`: they want again what they declined; it is judged,
    and kept nowhere.
    """

    state: str | None = None
    due_on: date | None = None
    cause: str | None = None
    reason: str | None = None
    done_on: date | None = None
    show_court: bool | None = None
    known: str | None = None
    happened: bool | None = None
    person_asks: bool = False


async def find_milestone(actor: Actor, id_: UUID, *, change: bool = False) -> tuple[Any, Any]:
    """The row and its plan, locked for a change. Raises NotFound for what is not the actor's."""
    held = connection()
    plan_id = await held.fetchval("SELECT plan FROM milestone WHERE id = $1", id_)
    # None is nobody's plan
    plan = await find_plan(actor, plan_id, group="milestones", lock=change, by_glass=True)
    row = await held.fetchrow(
        "SELECT * FROM milestone WHERE id = $1" + (" FOR UPDATE" if change else ""), id_
    )
    # a wall that was put up by way of another plan of the person may stand in between
    if row is None or not rules.sees(plan["mandate"], row):
        raise NotFound
    if change and not rules.changes(plan["mandate"], row):
        raise NotFound
    return row, plan


async def change_milestone(actor: Actor, id_: UUID, seen: int, wanted: MilestoneChange) -> Written:
    """Change a row that the actor saw at version `seen`.

    A refusal takes with it what depends on it in its pathway, and means nothing else.
    Raises NotFound, VersionStale, NotYourRole, NotFromThisState, Unfit.
    """
    require(actor, "changeMilestone")
    async with transaction(actor.id):
        row, plan = await find_milestone(actor, id_, change=True)
        check_seen(rules.version_for(plan["mandate"], row), seen)
        _check_role(plan["mandate"], wanted)
        _check(row, plan, wanted)
        if wanted.happened is not None:
            await _check_said(row, happened=not wanted.happened)
        if wanted.state in rules.OPEN:
            again = await row_again_from(plan, row)
            if again and plan["mandate"] not in rules.WORKERS:
                raise NotFromThisState("It goes on again through the plan's worker.")
            check_again(again, person_asks=wanted.person_asks)
        after, event = _after(row, plan, wanted), uuid4()
        await begin_act(event)
        count = await write_milestone(actor, row, plan, after, reason=wanted.reason, event=event)
        if wanted.happened is False:
            await call_again(row)
        if wanted.state == "declined":
            await let_fall(actor, plan, row["pathway"], {row["code"]})
        await record(actor, "changeMilestone", plan=plan["id"], thing=id_)
        now = {**row, **after, "version": count}
        return Written(id_, rules.version_for(plan["mandate"], now))


_AT_ONCE = "SELECT * FROM change_milestone($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
# A row and a plan of which nothing hinders a change; its day is the latest that there is.
_PLAIN_ROW = {"repeat_days": None, "code": "", "due_on": None}
_PLAIN_PLAN = {"state": "active_outside", "zone": "Pacific/Kiritimati"}


async def change_milestone_of(
    bearer: Bearer, asked: Asked, id_: UUID, seen: int, wanted: MilestoneChange
) -> tuple[UUID, Written]:
    """The usual change by whoever holds the token, in one round trip; who it was too.

    Raises NotSignedIn, NotYourRole; and MoreToLookAt (nothing is kept) for a key that is known, a
    row of another or one where more happens than its own change, and for what would be refused:
    `change_milestone` has all the rules.
    """
    froms, after = _foregone(wanted)
    if not froms:
        raise MoreToLookAt
    values = (
        *(bearer.token, MOMENT, sorted(OPERATIONS["changeMilestone"]), bearer.request),
        *(asked.key, asked.digest, id_, seen, sorted(rules.WORKERS), sorted(rules.RUNNING), froms),
        *(msgspec.json.encode(after).decode(), settles(after)),
    )
    found = await fetch_at_once(_AT_ONCE, *values)
    if not found:
        raise MoreToLookAt
    return found[0]["actor"], Written(id_, found[0]["version"])


def _foregone(wanted: MilestoneChange) -> tuple[list[str], dict[str, Any]]:
    """The open states from which the rules let this happen, and what it comes to.

    None of them where that hangs on more than the state: a refusal takes others with it, and what
    somebody said is looked for.
    """
    froms, after = list[str](), dict[str, Any]()
    if wanted.state == "declined" or wanted.happened is not None:
        return froms, after
    for state in sorted(rules.OPEN):
        row = {**_PLAIN_ROW, "state": state}
        with suppress(NotFromThisState, Unfit):
            _check(row, _PLAIN_PLAN, wanted)
            after = _after(row, _PLAIN_PLAN, wanted)
            froms.append(state)
    if wanted.done_on is None:
        after.pop("done_on", None)  # the day where the plan is: the database looks
    return froms, after


def _check_role(role: str, wanted: MilestoneChange) -> None:
    dates, tick = wanted.due_on is not None, wanted.show_court is not None
    if (wanted.happened is not None or wanted.person_asks) and role not in rules.WORKERS:
        raise NotYourRole
    if not rules.may_say(role, wanted.state, wanted.cause, dates=dates, tick=tick):
        raise NotYourRole
    if wanted.known in evidence.KNOWN - evidence.may_know(role):
        raise NotYourRole


def _check(row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange) -> None:
    state = wanted.state
    said = (state, wanted.due_on, wanted.show_court, wanted.happened)
    if all(one is None for one in said):
        raise Unfit("Say what should change: state, due_on, show_court or happened.")
    if not rules.goes_on(plan["state"], row["code"]):
        raise NotFromThisState("The plan is not running.")
    if state is not None and not rules.may_become(row["state"], state):
        raise NotFromThisState(f"A row that is {row['state']} cannot become that.")
    if (state == "not_possible") != (wanted.cause is not None):
        raise Unfit("not_possible needs a cause, and nothing else has one.")
    if wanted.cause is not None and wanted.cause not in rules.CAUSES:
        raise Unfit("cause is service_side, legal, health or other.")
    _check_reason(row, wanted)
    if wanted.done_on is not None and state != "done":
        raise Unfit("done_on belongs to done.")
    if wanted.done_on is not None and wanted.done_on > clock.today(plan["zone"]):
        raise Unfit("done_on is not in the future.")
    if wanted.due_on is not None and (state or row["state"]) not in rules.OPEN:
        raise NotFromThisState("Only an open row can be given another date.")
    _check_evidence(row, wanted)


def _check_evidence(row: Mapping[str, Any], wanted: MilestoneChange) -> None:
    settles = wanted.state == "done" or wanted.happened is True
    if wanted.known is not None and (wanted.known not in evidence.KNOWN or not settles):
        raise Unfit("known is act, document or provider, and belongs to what happened.")
    if wanted.happened is None:
        return
    if replace(wanted, happened=None, known=None) != MilestoneChange():
        raise Unfit("happened stands alone.")
    if not (row["state"] == "done" if wanted.happened else row["state"] in rules.OPEN):
        raise NotFromThisState("happened is false of an open row, and true of a done one.")


_SAID = f"""
SELECT EXISTS (SELECT 1 FROM evidence e WHERE e.milestone = $1 AND e.cycle = $2 AND e.happened = $3
                  AND e.provenance = 'said' AND e.taken_back_at IS NULL
                  AND {evidence.SINCE_IT_BEGAN.format(saying="e")})
"""


async def _check_said(row: Mapping[str, Any], *, happened: bool) -> None:
    """What nobody has said needs no answer, and none is kept."""
    if not await connection().fetchval(_SAID, row["id"], row["cycle"], happened):
        raise NotFromThisState("Nobody has said anything else of it.")


def _check_reason(row: Mapping[str, Any], wanted: MilestoneChange) -> None:
    """Why something is not done, or not wanted, is said nowhere; a closed row opens for a cause."""
    again = row["state"] in rules.CLOSED and wanted.state == "in_progress"
    if again and not wanted.reason:
        raise Unfit("Opening a closed row again needs a reason.")
    if wanted.reason and not again:
        raise Unfit("A reason is asked only when a closed row opens again.")


def _after(
    row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange
) -> dict[str, Any]:
    if wanted.happened is not None:
        return _answered(row, plan, wanted)
    after: dict[str, Any] = {"saying": {"provenance": wanted.known}} if wanted.known else {}
    if wanted.show_court is not None:
        after["show_court"] = wanted.show_court
    if wanted.due_on is not None:
        after |= {"due_on": wanted.due_on, "pinned": True}
    return after if wanted.state is None else after | _stated(row, plan, wanted)


def _stated(
    row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange
) -> dict[str, Any]:
    """Another state, and what comes of it."""
    after: dict[str, Any] = {"state": wanted.state, "cause": wanted.cause, "said_by": None}
    if wanted.state == "done":
        after["done_on"] = wanted.done_on or clock.today(plan["zone"])
        after |= goes_on_with(row, plan)
    elif row["state"] == "dormant" and wanted.due_on is None:
        after |= wakes_with(row, plan)
    elif row["state"] in rules.CLOSED:
        after["done_on"] = None
        if row["due_on"] is None and wanted.due_on is None:  # it fell while it slept
            after |= wakes_with(row, plan)
    return after


def _answered(
    row: Mapping[str, Any], plan: Mapping[str, Any], wanted: MilestoneChange
) -> dict[str, Any]:
    """The worker's answer to what somebody said; who said so is not contradicted in the history."""
    saying: dict[str, Any] = {"happened": wanted.happened, "answers": True}
    if wanted.happened:
        saying |= {"day": row["done_on"], "provenance": wanted.known}
        return {"what": "it_did", "saying": saying}
    saying["day"] = clock.today(plan["zone"])
    return {"said_by": None, "what": "not_yet", "saying": {**saying, "provenance": "act"}}


def goes_on_with(row: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """What a row that repeats is after one of its cycles is done; nothing after the last.

    One row with cycles: the fact is in the history, the row goes on.
    """
    if row["repeat_days"] is None or (cycle := rules.next_cycle(row, _today(plan))) is None:
        return {}
    due = due_of(row, plan, rules.day_of(row, cycle))
    return {"state": "planned", "cycle": cycle, "due_on": due, "pinned": False}


def wakes_with(row: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """The day of a row that wakes, and of one that repeats in which of its cycles."""
    cycle = rules.waking_cycle(row, _today(plan))
    return {"due_on": due_of(row, plan, rules.day_of(row, cycle)), "cycle": cycle}


def _today(plan: Mapping[str, Any]) -> int:
    """As an offset from the day of release."""
    today: int = (clock.today(plan["zone"]) - plan["release_date"]).days
    return today


def due_of(row: Mapping[str, Any], plan: Mapping[str, Any], day: int) -> date:
    """The civil day of a row that wakes or goes on; `plan` as it was found."""
    return rules.due_on(
        row["code"],
        day,
        plan["release_date"],
        open_days(plan),
        not_before=clock.today(plan["zone"]),
    )


_HISTORY = """
SELECT e.id, e.at, e.role, e.kind, e.before, e.after, e.due_before, e.due_after, e.what, e.reason
  FROM milestone_event e WHERE e.milestone = $1 ORDER BY e.at, e.id LIMIT 500
"""


async def milestone_history(actor: Actor, id_: UUID) -> Sequence[Mapping[str, Any]]:
    """What happened to a row, oldest first; reasons for its worker only."""
    require(actor, "milestoneHistory")
    async with transaction(actor.id) as held:
        row, plan = await find_milestone(actor, id_)
        await record(actor, "milestoneHistory", plan=plan["id"], thing=row["id"])
        rows = await held.fetch(_HISTORY, id_)
        if plan["mandate"] not in rules.WORKERS:
            return rules.once_begun(
                [_told(row) for row in rows if rules.tells(plan["mandate"], row)]
            )
        events = [dict(row) for row in rows]
        for event in events:
            place, sealed = f"milestone_event.reason:{event['id']}", event.pop("reason")
            if sealed is not None:
                event["reason"] = await unseal_or_none(plan["person"], place, sealed)
        return events


def _told(event: Any) -> dict[str, Any]:
    """For others than the workers: no words, and a row that begins again begins."""
    before = "planned" if event["before"] in rules.UNTOLD else event["before"]
    return {**dict(event), "before": before, "what": None, "reason": None}
