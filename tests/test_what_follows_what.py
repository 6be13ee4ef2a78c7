"""Every state of a plan and of a milestone with every step: those that are named, and no other."""

from itertools import product

from backend import clock
from backend.plans.rules import ASLEEP, CLOSED, OPEN, PLAN_STEPS, may_become
from tests.world import World, row

INSIDE, OUTSIDE = {"active_inside"}, {"active_outside"}
# By hand, so that a slip in the table of the program shows.
PLAN = {
    ("draft", "active_inside"),
    ("draft", "closed"),
    ("active_inside", "paused"),
    ("active_inside", "closed"),
    ("active_outside", "step_down"),
    ("active_outside", "paused"),
    ("active_outside", "closed"),
    ("step_down", "active_outside"),
    ("step_down", "paused"),
    ("step_down", "closed"),
    ("paused", "active_inside"),
    ("paused", "active_outside"),
    ("paused", "closed"),
}
CLOSING = {"done", "not_needed", "declined", "not_possible", "cancelled"}
ROW = {
    ("dormant", "planned"),
    ("planned", "in_progress"),
    ("in_progress", "planned"),
    *product({"planned", "in_progress"}, CLOSING),
    *product(CLOSING, {"in_progress"}),
}


async def test_a_plan_takes_each_step_that_is_named_and_no_other(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, template="light"))["id"]
    assert PLAN_STEPS.keys() == {before for before, _ in PLAN} | {"closed"}
    for before, after, out in product(PLAN_STEPS, PLAN_STEPS, (False, True)):
        await world.sql(
            "UPDATE plan SET state = $2, left_custody_at = $3, closed_at = NULL, keep_until = NULL,"
            " circle_until = NULL, proof_until = NULL WHERE id = $1::uuid",
            plan,
            before,
            clock.now() if out else None,
        )
        [found] = await world.sql("SELECT version FROM plan WHERE id = $1::uuid", plan)
        answer = await worker.post(
            f"/plans/{plan}/state", {"state": after}, version=found["version"]
        )
        wrong_side = after in (INSIDE if out else OUTSIDE)
        may = (before, after) in PLAN and not wrong_side
        assert answer.status_code == (200 if may else 409), (before, after, out, answer.text)
        [now] = await world.sql("SELECT state FROM plan WHERE id = $1::uuid", plan)
        assert now["state"] == (after if may else before)


def test_a_row_takes_each_step_that_is_named_and_no_other() -> None:
    states = OPEN | CLOSED | ASLEEP
    assert states == {state for step in ROW for state in step}
    taken = {step for step in product(states, states) if may_become(*step)}
    assert taken == ROW


async def test_the_api_takes_those_steps_of_a_row_alone(world: World) -> None:
    worker = await world.somebody("SW")
    found = row(await world.a_plan(worker, template="light"), "PLN-01")
    for before, after in product(sorted(OPEN | CLOSED), sorted(OPEN | CLOSED | ASLEEP)):
        [now] = await world.sql(
            "UPDATE milestone SET state = $2::text,"
            " cause = CASE WHEN $2::text = 'not_possible' THEN 'other' END,"
            " done_on = CASE WHEN $2::text = 'done' THEN current_date END"
            " WHERE id = $1::uuid RETURNING version",
            found["id"],
            before,
        )
        body = {"state": after, **({"cause": "other"} if after == "not_possible" else {})}
        answer = await worker.patch(f"/milestones/{found['id']}", body, version=now["version"])
        if (before, after) not in ROW:
            assert answer.status_code == 409, (before, after, answer.text)
        else:
            assert answer.status_code in {200, 422}, (before, after, answer.text)
        [kept] = await world.sql("SELECT state FROM milestone WHERE id = $1::uuid", found["id"])
        assert kept["state"] == (after if answer.status_code == 200 else before)
