"""Who joins a circle works there now, and who takes over at the gate is in it."""

import pytest

from backend.circles.actions import NewMember, add_member
from backend.circles.gates import pass_gate_on
from backend.errors import NotFound
from tests.backend.beside import Beside, a_row_like, unguarded


async def test_who_works_there_no_more_is_not_let_in(beside: Beside) -> None:
    worker, trainer = beside.actor("SW"), beside.kept.scene.acts["setWall"].body["login"]
    async with beside.undone(worker) as held:
        await held.execute("UPDATE staff SET active = false WHERE login = $1", trainer)
        with pytest.raises(NotFound):
            await add_member(worker, beside.plan, NewMember("TR", login=trainer))


async def test_a_mandate_that_has_ended_or_is_of_another_role_is_no_obstacle(
    beside: Beside,
) -> None:
    worker, trainer = beside.actor("SW"), beside.kept.scene.acts["setWall"].body["login"]
    async with beside.undone(worker) as held:
        who = await held.fetchval("SELECT id FROM staff WHERE login = $1", trainer)
        theirs = {"plan": beside.plan, "actor": who}
        await a_row_like("mandate", "glass IS NULL", role="ME", **theirs, ends=None)
        ended = {"starts": "2020-01-01", "ends": "2020-01-02"}
        await a_row_like("mandate", "glass IS NULL", role="TR", **theirs, **ended)
        await add_member(worker, beside.plan, NewMember("TR", login=trainer))


async def test_an_alias_is_taken_within_the_plan_alone(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        sql = (
            "SELECT alias FROM member m WHERE plan = $1"
            " AND NOT EXISTS (SELECT 1 FROM member n WHERE n.plan = $2 AND n.alias = m.alias)"
        )
        alias = await held.fetchval(sql, beside.other, beside.plan)
        await add_member(worker, beside.plan, NewMember("FA", name="Invented", alias=alias))


SUBSTITUTE = {
    "there": ([], True),
    "there no more": (["UPDATE mandate SET starts = '2020-01-01', ends = '2020-01-02'"], False),
    "not there yet": (["UPDATE mandate SET starts = '2090-01-01', ends = NULL"], False),
    "of another plan by their mandate": (["UPDATE mandate SET plan = $2"], False),
    "without a mandate": (["UPDATE mandate SET actor = granted_by"], False),
    "of another plan": (["UPDATE mandate SET plan = $2", "UPDATE member SET plan = $2"], False),
}


@pytest.mark.parametrize("name", SUBSTITUTE)
async def test_a_substitute_takes_over_who_is(beside: Beside, name: str) -> None:
    changes, takes_over = SUBSTITUTE[name]
    async with beside.undone(beside.actor("SW")) as held:
        first, other = await held.fetch(
            "SELECT actor AS id FROM mandate WHERE plan = $1 AND role = 'ME' AND ends IS NULL"
            " ORDER BY id LIMIT 2",
            beside.plan,
        )
        gate = "UPDATE member SET gate = $2 WHERE id = $1"
        await held.execute(gate, first["id"], "first")
        await held.execute(gate, other["id"], "substitute")
        for sql in changes:
            column = "id" if "member" in sql else "actor"
            where = f"{sql} WHERE {column} = $1 AND $2::uuid IS NOT NULL"
            async with unguarded():
                await held.execute(where, other["id"], beside.other)
        assert await pass_gate_on(beside.other, first["id"]) is None
        found = await pass_gate_on(beside.plan, first["id"])
        assert (found and found["id"]) == (other["id"] if takes_over else None)
