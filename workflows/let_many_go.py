"""Who is let go by one decision for many: each in a transaction of their own."""

from backend.amnesty.actions import WAITING, call_duty, carry_out
from backend.database import fetch, transaction
from workflows.rounds import Round

_WAIT = """
SELECT id, agency, plan, kind, step, assignee, opened_at FROM task
 WHERE kind = ANY ($1) AND closed_at IS NULL ORDER BY opened_at, id LIMIT 2000
"""


async def let_many_go() -> int:
    """How many waited. Where it fails for one, their task stays open and the others go on."""
    round_ = Round("let_many_go")
    waiting = await fetch(_WAIT, list(WAITING.values()))
    for batch in {task["step"]: task for task in waiting}.values():
        with round_.one(batch["agency"]):
            async with transaction():
                await call_duty(batch)
    for task in waiting:
        with round_.one(task["agency"]):
            async with transaction():
                await carry_out(task)
    round_.end()
    return len(waiting)
