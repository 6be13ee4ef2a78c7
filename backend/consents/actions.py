"""Four kinds of yes. Withdrawing one takes effect at once and cancels what it carried."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, find_plan, require
from backend.actors.actions import seal, unseal
from backend.agencies.actions import today_of
from backend.audit.actions import record
from backend.consents.participation import NewAnswer, answer_offer
from backend.database import connection, transaction
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.flows.rules import REFERRAL
from backend.messages import outbox
from backend.messages.links import end_link
from backend.messages.rules import NEEDS_DISCLOSURE, fact_needed
from backend.once import Written

CHANNELS = frozenset({"telegram"})
# What may be told to somebody of the circle. On a referral hangs what an entry of the data-flow
# registry lets a professional of another agency know.
FACTS = frozenset({*NEEDS_DISCLOSURE.values(), REFERRAL})


@dataclass(frozen=True)
class NewConsent:
    """A participation answer (`pathway` or `milestone`, `answer`), or a yes to messages.

    The latter has a `subject` and a `channel`.
    """

    kind: str
    language: str
    pathway: str | None = None
    answer: str | None = None
    subject: UUID | None = None
    channel: str | None = None
    milestone: UUID | None = None
    explained_by: UUID | None = None
    again_on: date | None = None
    id: UUID = field(default_factory=uuid4)
    person_asks: bool = False

    @property
    def answered(self) -> NewAnswer:
        """The answer to an offer that it is. Raises Unfit for none."""
        if self.answer is None:
            raise Unfit("A participation answer needs an answer.", field="answer")
        about = (self.answer, self.language, self.pathway, self.milestone)
        return NewAnswer(*about, self.explained_by, self.again_on, self.id, self.person_asks)


async def record_consent(actor: Actor, plan_id: UUID, new: NewConsent) -> Written:
    """Record what the person (participation) or a recipient (messages) said to a human.

    A no takes effect at once: the row, or those of the pathway, are declined, and what was about to
    be said of them is not. A later yes to a pathway opens nothing again: the worker does, row by
    row, with the person.
    Raises NotFound for a plan that is not the actor's or a subject outside its circle, Unfit, and
    NotFromThisState for another offer within sixty days of a no.
    """
    require(actor, "recordConsent")
    async with transaction(actor.id):
        plan = await find_plan(actor, plan_id, group="consents", roles=("SW",), lock=True)
        if new.kind == "participation":
            await answer_offer(actor, plan, new.answered)
        elif new.kind == "channel":
            await _channel(actor, plan, new)
        else:
            raise Unfit("kind is participation or channel.")
        await record(actor, "recordConsent", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


async def _channel(actor: Actor, plan: Any, new: NewConsent) -> None:
    if new.channel not in CHANNELS or new.subject is None:
        raise Unfit("A yes to messages needs a subject and a channel.")
    await _in_circle(plan, new.subject)
    await connection().execute(
        "INSERT INTO channel_consent (id, agency, plan, version, subject, channel, language,"
        " recorded_by, given_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        new.id,
        plan["agency"],
        plan["id"],
        new.subject,
        new.channel,
        new.language,
        actor.id,
        clock.now(),
    )


async def _in_circle(plan: Any, subject: UUID) -> bool:
    """Whether they work in another agency. Raises NotFound for who is not in the circle."""
    there: bool | None = await connection().fetchval(
        "SELECT elsewhere IS NOT NULL FROM mandate WHERE plan = $1 AND actor = $2"
        " AND starts <= $3 AND (ends IS NULL OR ends > $3)",
        plan["id"],
        subject,
        clock.now(),
    )
    if there is None:
        raise NotFound
    return there


@dataclass(frozen=True)
class NewDisclosure:
    recipient: UUID
    fact: str
    purpose: str
    until: date
    id: UUID = field(default_factory=uuid4)


async def disclose_to(actor: Actor, plan_id: UUID, new: NewDisclosure) -> Written:
    """Record that the person lets one fact be told to one recipient until a day (inclusive).

    The day is that of the plan's zone; of a referral, of the agency's zone.
    """
    require(actor, "discloseTo")
    async with transaction(actor.id) as held:
        plan = await find_plan(actor, plan_id, group="consents", roles=("SW",), lock=True)
        if new.fact not in FACTS:
            raise Unfit(f"fact is one of {', '.join(sorted(FACTS))}.")
        if new.until < await _today(plan, new.fact):
            raise Unfit("until is not in the past.")
        elsewhere = await _in_circle(plan, new.recipient)
        if new.fact == REFERRAL and not elsewhere:
            raise Unfit("A referral is to somebody who works in another agency.")
        await held.execute(
            "INSERT INTO disclosure (id, agency, plan, version, recipient, fact, purpose,"
            " sealed_purpose, until, recorded_by, given_at)"
            " VALUES ($1, $2, $3, 1, $4, $5, '', $6, $7, $8, $9)",
            new.id,
            plan["agency"],
            plan_id,
            new.recipient,
            new.fact,
            await seal(plan["person"], purpose_place(new.id), new.purpose),
            new.until,
            actor.id,
            clock.now(),
        )
        await record(actor, "discloseTo", plan=plan_id, thing=new.id)
        return Written(new.id, 1, 201)


def purpose_place(id_: UUID) -> str:
    return f"disclosure.sealed_purpose:{id_}"


async def purpose_of(person: UUID, row: Any) -> str:
    """What a disclosure is for; in the clear where an earlier release wrote it."""
    opened: str | None = await unseal(person, purpose_place(row["id"]), row["sealed_purpose"])
    return opened if opened is not None else str(row["purpose"])


async def _today(plan: Any, fact: str) -> date:
    """The civil day by which a term is judged: what agencies tell each other, by the agency's."""
    if fact != REFERRAL:
        return clock.today(plan["zone"])
    return await today_of(plan["agency"])


async def withdraw(actor: Actor, id_: UUID) -> Written:
    """Take back a yes to messages or a disclosure, for the future; no reason is asked.

    Raises NotFound, NotFromThisState where it was withdrawn before.
    """
    require(actor, "withdrawConsent")
    async with transaction(actor.id) as held:
        for table in ("channel_consent", "disclosure"):
            row = await held.fetchrow(f"SELECT * FROM {table} WHERE id = $1", id_)
            if row is not None:
                break
        else:
            raise NotFound
        plan = await find_plan(actor, row["plan"], group="consents", roles=("SW",), lock=True)
        version = await held.fetchval(
            f"UPDATE {table} SET withdrawn_at = $2, version = version + 1"
            " WHERE id = $1 AND withdrawn_at IS NULL RETURNING version",
            id_,
            clock.now(),
        )
        if version is None:
            raise NotFromThisState("It was taken back before.")
        # the same yes, given again: to take it back is to take all of it back
        await held.execute(_STAND_BESIDE[table], plan["id"], *_whose(table, row), clock.now())
        await _cancel_what_it_carried(table, row)
        await record(actor, "withdrawConsent", plan=plan["id"], thing=id_)
        return Written(id_, version)


_STAND_BESIDE = {
    "channel_consent": (
        "UPDATE channel_consent SET withdrawn_at = $4, version = version + 1"
        " WHERE plan = $1 AND subject = $2 AND channel = $3 AND withdrawn_at IS NULL"
    ),
    "disclosure": (
        "UPDATE disclosure SET withdrawn_at = $4, version = version + 1"
        " WHERE plan = $1 AND recipient = $2 AND fact = $3 AND withdrawn_at IS NULL"
    ),
}


def _whose(table: str, row: Any) -> tuple[UUID, str]:
    """Who may be written to or told, and by which way or what."""
    if table == "channel_consent":
        return row["subject"], row["channel"]
    return row["recipient"], row["fact"]


async def _cancel_what_it_carried(table: str, row: Any) -> None:
    held = connection()
    recipient, _ = _whose(table, row)
    if table == "channel_consent":
        for link in await held.fetch(
            "SELECT * FROM link WHERE plan = $1 AND subject = $2 AND state <> 'ended' FOR UPDATE",
            row["plan"],
            recipient,
        ):
            await outbox.cancel_link(link["id"], "consent-withdrawn")
            # told to a human, so no word in a chat, which may be another's, begins it again
            await end_link(link, "ended")
    waits = await held.fetch(_WAITS, row["plan"], recipient, clock.now())
    await held.execute(
        "UPDATE message SET state = 'cancelled', reason = 'consent-withdrawn',"
        " version = version + 1 WHERE id = ANY ($1)",
        [one["id"] for one in waits if _was_carried(one, table, row)],
    )


_WAITS = """
SELECT m.id, m.key, m.step, l.plan IS NOT NULL AS of_circle,
       message_may_flow(m.plan, m.recipient, message_group(m.key, m.step), $3) AS flows
  FROM message m LEFT JOIN link l ON l.id = m.link
 WHERE m.plan = $1 AND m.recipient = $2 AND m.sending_at IS NULL
   AND m.state IN ('queued', 'claimed') ORDER BY m.id FOR NO KEY UPDATE OF m
"""


def _was_carried(message: Any, table: str, yes: Any) -> bool:
    """Whether it may no longer be said, now that this yes is gone."""
    if table == "channel_consent":
        return True
    if yes["fact"] == REFERRAL:
        # what another entry of the registry lets through goes on
        return not message["flows"]
    # staff are told by their mandate, and need nobody's yes
    needed = fact_needed(message["key"], message["step"]) if message["of_circle"] else None
    return bool(needed == yes["fact"])
