"""Does the person want this part: a whole pathway, or one row of it? A no is neutral.

What stands here is who explained it, in which language, and when the person wants to be asked
again. Why, stands nowhere. docs/decisions/0027-what-a-no-does.md says what follows a no.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.alerts.actions import close_tasks
from backend.database import connection
from backend.errors import NotFound, Unfit
from backend.plans import rules
from backend.plans.actions.milestones import wakes_with
from backend.plans.actions.offering import check_again, parts_again_from, row_again_from
from backend.plans.actions.refusing import AGAIN, decline_pathway, let_fall
from backend.plans.actions.writing import write_milestone
from backend.templates.rules import PATHWAYS

ANSWERS = frozenset({"offered", "accepted", "declined", "later"})
OFFERS = frozenset({"offered", "accepted"})
EXPLAIN = frozenset({"SW", "CO", "PO", "PS", "CP", "CS", "TR"})


@dataclass(frozen=True)
class NewAnswer:
    """For `pathway`, or for one `milestone`. `explained_by` (of the circle) is the writer else.

    `person_asks`: they want again what they declined; it is judged, and kept nowhere.
    """

    answer: str
    language: str
    pathway: str | None = None
    milestone: UUID | None = None
    explained_by: UUID | None = None
    again_on: date | None = None
    id: UUID = field(default_factory=uuid4)
    person_asks: bool = False


async def answer_offer(actor: Actor, plan: Any, new: NewAnswer) -> None:
    """Keep it, and do what follows; the caller holds the plan's lock.

    Raises NotFound for a row or an explainer that is not of the plan, Unfit, NotFromThisState.
    """
    _check(plan, new)
    row = await _row(plan, new)
    if new.pathway is not None and new.pathway not in PATHWAYS:
        await _check_own(plan, new.pathway)
    await _check_rest(plan, new, row)
    explained_by = await _who_explained(actor, plan, new)
    pathway = new.pathway if row is None else row["pathway"]
    await _end_asking(plan, pathway, new.milestone)
    await connection().execute(
        "INSERT INTO participation (id, agency, plan, version, pathway, answer, language,"
        " recorded_by, recorded_at, milestone, explained_by, again_on)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id,
        plan["agency"],
        plan["id"],
        pathway,
        new.answer,
        new.language,
        actor.id,
        clock.now(),
        new.milestone,
        explained_by,
        new.again_on,
    )
    if plan["state"] in rules.OVER:
        return
    if row is not None:
        await _follow(actor, plan, row, new.answer)
    elif new.answer == "declined":
        await decline_pathway(actor, plan, str(pathway))


def _check(plan: Any, new: NewAnswer) -> None:
    if new.answer not in ANSWERS or (new.milestone is None and new.pathway is None):
        raise Unfit(
            "A participation answer needs a pathway, and offered, accepted, declined or later."
        )
    if new.milestone is not None and new.pathway is not None:
        raise Unfit("An answer is for a pathway or for one row of it.")
    if new.again_on is not None and new.answer != "later":
        raise Unfit("A day to be asked again belongs to later.", field="again_on")
    if new.again_on is not None and new.again_on <= clock.today(plan["zone"]):
        raise Unfit("again_on is a day to come.", field="again_on")


async def _check_rest(plan: Any, new: NewAnswer, row: Any) -> None:
    """What was declined is not offered again before its time. A no, and a later, always count."""
    if new.answer not in OFFERS:
        return
    if row is not None:
        day = await row_again_from(plan, row)
    else:
        day = (await parts_again_from(plan)).get(str(new.pathway))
    check_again(day, person_asks=new.person_asks)


async def _check_own(plan: Any, pathway: str) -> None:
    """One of the agency's own, of which there is a row in the plan."""
    asked = "SELECT 1 FROM milestone WHERE plan = $1 AND pathway = $2 LIMIT 1"
    if not await connection().fetchval(asked, plan["id"], pathway):
        raise Unfit("There is no such pathway in this plan.", field="pathway")


async def _row(plan: Any, new: NewAnswer) -> Any:
    """The row that it is about, locked. What a relative or nobody says yes to is not asked here."""
    if new.milestone is None:
        return None
    row = await connection().fetchrow(
        "SELECT * FROM milestone WHERE id = $1 AND plan = $2 FOR UPDATE", new.milestone, plan["id"]
    )
    if row is None:
        raise NotFound
    if not rules.hangs_on_a_yes(row):
        raise Unfit("This step does not hang on the person's own yes.", field="milestone")
    return row


_EXPLAINS = """
SELECT 1 FROM mandate WHERE plan = $1 AND actor = $2 AND role::text = ANY ($3)
   AND starts <= $4 AND (ends IS NULL OR ends > $4) LIMIT 1
"""


async def _who_explained(actor: Actor, plan: Any, new: NewAnswer) -> UUID:
    if new.explained_by is None:
        return actor.id
    values = (plan["id"], new.explained_by, sorted(EXPLAIN), clock.now())
    if not await connection().fetchval(_EXPLAINS, *values):
        raise NotFound
    return new.explained_by


_ASKED = """
SELECT id, milestone FROM participation
 WHERE plan = $1 AND pathway = $2 AND ($3::uuid IS NULL OR milestone = $3) AND again_on IS NOT NULL
"""


async def _end_asking(plan: Any, pathway: str | None, milestone: UUID | None) -> None:
    """Who has answered again is not asked for an older day; for a pathway, of no row of it."""
    for row in await connection().fetch(_ASKED, plan["id"], pathway, milestone):
        await close_tasks(row["milestone"] or row["id"], AGAIN, "answered")


async def _follow(actor: Actor, plan: Any, row: Any, answer: str) -> None:
    """An offer wakes what sleeps, and a no declines it with what hangs on it; no row begins."""
    if row["state"] == "dormant" and answer != "later":
        woken = {"state": "planned", **wakes_with(row, plan)}
        await write_milestone(actor, row, plan, woken)
        row = {**row, **woken}
    if answer == "declined" and row["state"] in rules.OPEN:
        declined = {"state": "declined", "cause": None, "said_by": None}
        await write_milestone(actor, row, plan, declined)
        await let_fall(actor, plan, row["pathway"], {row["code"]})
