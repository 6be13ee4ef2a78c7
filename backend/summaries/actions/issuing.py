"""First it is read to the person, then it is issued, and then it never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import seal
from backend.alerts.actions import close_tasks
from backend.audit.actions import record
from backend.database import connection, transaction
from backend.errors import (
    NotFromThisState,
    NotYourRole,
    SummaryNotChecked,
    SummaryNotReadToPerson,
    Unfit,
)
from backend.flows.entries import Receiver, may_flow
from backend.once import Written
from backend.second.actions import is_small, owe_review
from backend.staff.proof import require_fresh
from backend.summaries.actions.drafting import (
    Subject,
    comments_of,
    digest_of,
    digest_shown,
    find_drafted,
    make_draft,
    readings_of,
)
from backend.summaries.actions.expecting import step_done, summary_issued
from backend.summaries.content import (
    Attestation,
    Author,
    Content,
    Draft,
    PersonView,
    canonical,
)
from backend.summaries.hashes import hash_of, kept
from backend.summaries.rules import RECORDERS, a_day_old, heard, seen_by_another
from backend.summaries.wording import words


@dataclass(frozen=True)
class NewReading:
    """The draft was read to the person (`read`), or somebody tried in vain (`tried`).

    Or a second pair of eyes looked at it (`checked`). `comment` is what the person said to it,
    word for word. `digest` names the draft; without it, it is the one that stands now, but
    whoever checks says what they saw.
    """

    subject: Subject
    kind: str
    read_on: date
    language: str
    comment: str | None = None
    digest: str | None = None
    id: UUID = field(default_factory=uuid4)


async def record_reading(actor: Actor, plan_id: UUID, new: NewReading) -> Written:
    """Record that the person knows the draft as it stands now, that somebody tried or checked it.

    Raises NotFound, Unfit, NotYourRole where a coordinator says that they read it to the person,
    NotFromThisState where the facts changed since it was read.
    """
    require(actor, "recordReading")
    async with transaction(actor.id) as held:
        plan = await find_drafted(actor, plan_id, lock=True)
        _check(plan, new)
        draft = await make_draft(plan, new.subject)
        readings = await readings_of(plan, draft)
        if new.digest is not None and new.digest != digest_shown(draft, readings):
            raise NotFromThisState("It has changed since: look at the draft as it stands.")
        comment = None
        if new.comment is not None:
            comment = await seal(plan["person"], f"reading.comment:{new.id}", new.comment)
        await held.execute(
            "INSERT INTO reading (id, agency, plan, version, kind, read_on, language, role,"
            " recorded_by, recorded_at, comment, digest)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11)",
            new.id,
            plan["agency"],
            plan_id,
            new.kind,
            new.read_on,
            new.language,
            plan["mandate"],
            actor.id,
            clock.now(),
            comment,
            digest_of(draft),
        )
        if not await _was_issued(plan_id, new.subject):
            await step_done(actor, plan, new.subject.type, new.kind, new.read_on)
        await record(actor, "recordReading", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _was_issued(plan: UUID, subject: Subject) -> bool:
    """Whether one of this type and period went out before, to this court or to another.

    What corrects it, or tells another court the same, is none that was due.
    """
    found = await connection().fetchval(
        "SELECT 1 FROM summary WHERE plan = $1 AND type = $2 AND period_from = $3"
        " AND period_to = $4 LIMIT 1",
        *(plan, subject.type, subject.period.starts, subject.period.ends),
    )
    return found is not None


def _check(plan: Mapping[str, Any], new: NewReading) -> None:
    if new.kind not in RECORDERS:
        raise Unfit("kind is read, tried or checked.")
    if plan["mandate"] not in RECORDERS[new.kind]:
        raise NotYourRole
    if new.comment is not None and new.kind != "read":
        raise Unfit("Where nobody was reached there is no comment.")
    if new.digest is None and new.kind == "checked":
        raise Unfit("Whoever checks a draft names it: digest.")
    if new.read_on > clock.today(plan["zone"]):
        raise Unfit("read_on is not in the future.")
    if new.read_on < new.subject.period.ends:
        raise Unfit("What is read must be over: read_on is not before the period's end.")


async def issue_summary(actor: Actor, plan_id: UUID, subject: Subject) -> Written:
    """Issue the facts as they stand; the written version is the summary's number in its file.

    Raises SummaryNotReadToPerson unless this very version was read to the person, or three
    tries were made on three days, since it was last issued, and SummaryNotChecked unless
    somebody else has seen it. Raises NotFound, Unfit, and ProveAgain too: a court takes it for
    the officer's word.
    """
    require(actor, "issueSummary")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="summary", roles=("PO",), lock=True)
        await require_fresh(actor)
        await _may_go_to_court(plan, subject.file)
        draft = await make_draft(plan, subject)
        readings = await readings_of(plan, draft)
        attestation = heard(readings)
        if attestation is None:
            raise SummaryNotReadToPerson
        alone = await _is_alone(actor, plan, readings)
        view = await _person_view(plan, readings, draft, attestation)
        content = await _content(actor, subject, draft, attestation, view)
        another = await _was_issued(plan_id, subject)
        id_ = await _write(actor, plan, subject, content)
        await _use(readings, id_)
        await _supersede(subject, content)
        if not another:
            await summary_issued(actor, plan, subject.type)
        if alone:
            await owe_review(actor, "summary", id_)
        await record(actor, "issueSummary", plan=plan_id, thing=id_)
        return Written(id_, content.version, 201)


async def _is_alone(actor: Actor, plan: Any, readings: Sequence[Any]) -> bool:
    """Whether a day stands for the second person. Raises SummaryNotChecked where nothing does.

    A guest has none: in the plan's own agency there is somebody else.
    """
    if seen_by_another(readings, actor.id):
        return False
    small = plan["agency"] == actor.agency and await is_small(actor.agency)
    if not (small and a_day_old(readings, clock.now())):
        raise SummaryNotChecked
    return True


async def _may_go_to_court(plan: Any, file: UUID) -> None:
    """Raises NotFromThisState where no entry of the registry lets summaries go to this court."""
    court = await connection().fetchval(
        "SELECT client FROM court_file WHERE id = $1 AND plan = $2", file, plan["id"]
    )
    if court is not None and not await may_flow(
        plan["agency"], Receiver("court", court=court), "summary"
    ):
        raise NotFromThisState(
            "No entry of the data-flow registry lets summaries go to this court."
        )


async def _content(
    actor: Actor, subject: Subject, draft: Draft, attestation: Attestation, view: PersonView
) -> Content:
    held = connection()
    agency = await held.fetchval("SELECT name FROM agency WHERE id = $1", actor.agency)
    number = await held.fetchval(
        "SELECT coalesce(max(number), 0) + 1 FROM summary WHERE file = $1", subject.file
    )
    corrected = await held.fetchval(
        "SELECT max(number) FROM summary"
        " WHERE file = $1 AND type = $2 AND period_from = $3 AND period_to = $4",
        *(subject.file, subject.type, subject.period.starts, subject.period.ends),
    )
    return Content(
        **msgspec.structs.asdict(draft),
        version=number,
        supersedes=corrected,
        author=Author("PO", words(draft.language)["role:PO"], agency),
        attestation=attestation,
        person_view=view,
    )


async def _person_view(
    plan: Any, readings: Sequence[Any], draft: Draft, attestation: Attestation
) -> PersonView:
    comments = await comments_of(plan, readings)
    silent = words(draft.language)["no_comment" if attestation.read else "not_reached"]
    return PersonView(comments, None if comments else silent)


async def _write(actor: Actor, plan: Any, subject: Subject, content: Content) -> UUID:
    """Raises SummaryNotChecked where the database itself knows of nobody else who has seen it."""
    id_, body = uuid4(), canonical(content)
    sealed = await seal(plan["person"], f"summary.content:{id_}", body.decode())
    try:
        await connection().execute(
            "INSERT INTO summary (id, agency, plan, version, file, subject, number, supersedes,"
            " type, period_from, period_to, content, sha256, issued_at, issued_by)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            id_,
            plan["agency"],
            plan["id"],
            subject.file,
            plan["person"],
            content.version,
            content.supersedes,
            content.type,
            content.period.starts,
            content.period.ends,
            sealed,
            kept(hash_of(body)),
            clock.now(),
            actor.id,
        )
    except asyncpg.InsufficientPrivilegeError as refused:
        if refused.constraint_name != "summary_seen":
            raise
        raise SummaryNotChecked from refused
    return id_


async def _supersede(subject: Subject, content: Content) -> None:
    """Who was to issue the wrong one anew has done so."""
    before = await connection().fetchval(
        "SELECT id FROM summary WHERE file = $1 AND number = $2", subject.file, content.supersedes
    )
    if before is not None:
        await close_tasks(before, "summary-wrong", "superseded")


async def _use(readings: Sequence[Any], summary: UUID) -> None:
    await connection().execute(
        "UPDATE reading SET summary = $2, version = version + 1 WHERE id = ANY($1)",
        [row["id"] for row in readings],
        summary,
    )
