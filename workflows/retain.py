"""What is kept only for a while goes in the night after its term, and the audit says how much."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from backend import clock
from backend.actors.actions import hold_keys
from backend.database import apart, connection, transaction
from backend.turns import RETENTION, is_ours
from workflows import rounds
from workflows.ends import A_NIGHT, REFUSED, end_again, erase, forget_family, thin_again
from workflows.terms import RULES, Rule

log = logging.getLogger(__name__)

# A restored database has the night of its backup, and what that brought back has to go at once.
# A row of the year 2126, or in somebody's name, is none of ours.
_DONE = """
SELECT 1 FROM audit WHERE operation = 'retention' AND actor IS NULL AND at >= $1 AND at <= $2
   AND id > coalesce((SELECT max(id) FROM audit WHERE operation = 'restore' AND actor IS NULL
                         AND at <= $2), 0) LIMIT 1
"""
_PROOF = """
INSERT INTO audit (at, operation, outcome, reason, times, purpose, object_hash)
VALUES ($1, 'retention', 'done', $2::varchar, $3, 'technical',
        CASE WHEN $2::varchar = 'audit' AND $3 > 0
             THEN (SELECT mac FROM audit_anchor ORDER BY id DESC LIMIT 1) END)
"""
_PLANS = """
SELECT FROM plan WHERE person = ANY($1) OR id = ANY($1)
    OR id IN (SELECT r.plan FROM relative r WHERE r.id = ANY($1)) ORDER BY id FOR NO KEY UPDATE
"""
# Than the driver, after whose patience the whole night would be lost.
_SOONER = "SET LOCAL statement_timeout = '4s'"
_ENDING = {erase, end_again, thin_again, forget_family}


async def retain() -> None:
    """Once a civil day (UTC), in its first round; the proof is a row for each rule."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with transaction() as held:
        if await held.fetchval(_DONE, midnight, now):
            return
        if not await is_ours(RETENTION):
            log.warning("the retention waits: somebody else is at it", extra={"job": "retain"})
            return
        await carry_out(now)


async def carry_out(now: datetime, rules: Collection[Rule] = RULES) -> dict[str, int]:
    """Each rule with what it came to, inside the caller's transaction.

    One that the database refuses undoes nothing of the others. It is not among them, leaves no
    proof, and is tried again in the next night.
    """
    await connection().execute(_SOONER)
    await _hold([rule for rule in rules if rule.act in _ENDING], now)
    counts = {}
    for rule in rules:
        try:
            async with apart():
                counts[rule.code] = await rule.act(rule.sql, now - rule.after)
                await connection().execute(_PROOF, now, rule.code, counts[rule.code])
                await rounds.done(_named(rule), rounds.A_NIGHT)
        except REFUSED as error:
            counts.pop(rule.code, None)
            log.error(  # noqa: TRY400 - a traceback could quote a value
                "a rule of the retention failed",
                extra={"job": _named(rule), "error": type(error).__name__},
            )
    return counts


def expected() -> Mapping[str, timedelta]:
    """What readiness expects of each night: a rule that fails is no failure of the job."""
    return {_named(rule): rounds.A_NIGHT for rule in RULES}


def _named(rule: Rule) -> str:
    return f"retain: {rule.code}"


async def _hold(erasing: Collection[Rule], now: datetime) -> None:
    """Lock first, and as whoever erases by hand does: the plans, the keys, and only then rows."""
    held, found = connection(), []
    for rule in erasing:  # people, plans, or relatives
        found += await held.fetch(rule.sql, now - rule.after, A_NIGHT)
    await held.execute(_PLANS, [row["id"] for row in found])
    await hold_keys()
