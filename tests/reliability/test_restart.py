"""A restart of Postgres heals by itself: no process is started anew, and nothing is lost."""

from pathlib import Path

import httpx
import pytest

from backend.embedded_programs import programs_for
from bots.phones.client import Phones
from bots.phones.wire import Phone
from tests.processes import end, environment, free_port, stand_in_on_a_port, start
from tests.world import World


async def _answer(phones: Phones, phone: Phone, count: int) -> str:
    """The text of the count-th message to this phone, when it has come."""
    said = await phones.sent(chat=phone.id, method="sendMessage", wait=count, timeout=40)
    assert len(said) >= count, [one.text for one in said]
    return said[count - 1].text


@pytest.mark.slow
async def test_a_tap_after_an_immediate_restart_of_postgres_still_arrives(
    durable_world: World, tmp_path: Path
) -> None:
    world = durable_world
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    body = {"role": "FA", "name": "Relative", "language": "en"}
    added = (await worker.post(f"/plans/{plan['id']}/circle", body)).json()
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    actor = next(one["actor"] for one in circle if one["mandate"] == added["id"])
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    assert (await worker.post(f"/plans/{plan['id']}/consents", yes)).status_code == 201
    invited = (await worker.post("/invitations", {"plan": plan["id"], "subject": actor})).json()
    port = free_port()
    async with stand_in_on_a_port() as (phones, address):
        env = environment(world, address, API_PORT=str(port))
        running = [start(verb, env, tmp_path / verb) for verb in ("api", "worker", "bot")]
        try:
            phone = await phones.phone("phone")
            await phones.say(phone.id, f"/start {invited['payload']}")
            assert "short number" in await _answer(phones, phone, 1)
            _restart(world)
            await phones.say(phone.id, invited["pin"])
            assert "will call you to check" in await _answer(phones, phone, 2)
            _restart(world)
            await phones.say(phone.id, invited["pin"])
            assert "will call you to check" in await _answer(phones, phone, 3)
            async with httpx.AsyncClient() as http:
                ready = await http.get(f"http://127.0.0.1:{port}/health/ready")
            assert ready.json()["ready"], ready.text
            assert all(process.poll() is None for process in running)
        finally:
            codes = [end(process) for process in running]
    assert codes == [0, 0, 0]


def _restart(world: World) -> None:
    data = world.server.data
    with (data.parent / "server.log").open("ab") as log:
        programs_for(data).control(data, log, "-m", "immediate", "-t", "60", "restart")
