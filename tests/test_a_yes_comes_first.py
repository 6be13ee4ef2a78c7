"""Nobody is invited to a chat before a human asked them and they said yes."""

from typing import Any

from tests.releases import a_release, on_weekday
from tests.world import Caller, World


async def _somebody(world: World) -> tuple[Caller, dict[str, Any], str]:
    """A worker, a plan, and a relative of its circle whom nobody has asked."""
    worker, plan = await a_release(world, on_weekday(3))
    added = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "FA", "language": "en", "name": "Relative"}
    )
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    return worker, plan, next(m["actor"] for m in circle if m["mandate"] == added.json()["id"])


async def _invite(worker: Caller, plan: dict[str, Any], actor: str) -> int:
    answer = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
    return answer.status_code


async def test_without_a_yes_to_messages_there_is_no_invitation(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    assert await _invite(worker, plan, actor) == 422
    assert await world.sql("SELECT 1 FROM link") == []


async def test_a_yes_that_was_taken_back_is_none(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    given = (await worker.post(f"/plans/{plan['id']}/consents", yes)).json()["id"]
    assert await _invite(worker, plan, actor) == 201
    assert (await worker.post(f"/consents/{given}/withdraw", {})).status_code == 200
    assert await _invite(worker, plan, actor) == 422
    await worker.post(f"/plans/{plan['id']}/consents", yes)
    assert await _invite(worker, plan, actor) == 201
