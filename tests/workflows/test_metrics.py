"""What a watch reads tells how things go, and of nobody."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from backend import clock
from tests.chats import Chats
from tests.processes import end, environment, free_port, stand_in_on_a_port, start
from tests.world import World
from workflows import metrics

BEGINS = datetime(2027, 3, 3, 9, tzinfo=UTC)  # a Wednesday
MESSAGES, LATE = "throughcare_messages_total", "throughcare_message_lateness_seconds"


def _of(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def test_what_became_of_each_try_is_counted_and_how_late_it_was(
    world: World, chats: Chats
) -> None:
    clock.travel(lambda: BEGINS)
    worker = await world.somebody("SW")
    mentor = await chats.a_member(worker, (await world.a_plan(worker))["id"])
    kind = {"channel": "telegram", "key": "WELCOME-M"}
    sent, held = (_of(MESSAGES, outcome=one, **kind) for one in ("sent", "hold"))
    timely = _of(f"{LATE}_bucket", le="0.1", **kind)
    assert sent > 0
    await world.sql(
        "UPDATE message SET state = 'queued', sent_at = NULL, urgent = true, rule = 'again',"
        " due_at = $1 WHERE key = 'WELCOME-M'",
        BEGINS + timedelta(minutes=1),
    )
    clock.travel(lambda: BEGINS + timedelta(minutes=1))
    await chats.phones.fault("sendMessage", chat=mentor.phone.id, code=429, retry_after=60)
    await chats.round()
    assert _of(MESSAGES, outcome="hold", **kind) == held + 1
    clock.travel(lambda: BEGINS + timedelta(minutes=4))  # two minutes after it could go out
    await chats.round()
    assert _of(MESSAGES, outcome="sent", **kind) == sent + 1
    assert _of(f"{LATE}_bucket", le="0.1", **kind) == timely


async def test_what_waits_and_which_chats_there_are_is_looked_at(
    world: World, chats: Chats
) -> None:
    clock.travel(lambda: BEGINS)
    worker = await world.somebody("SW")
    await chats.a_member(worker, (await world.a_plan(worker))["id"])
    await world.sql("UPDATE message SET state = 'queued', sent_at = NULL, due_at = $1", BEGINS)
    clock.travel(lambda: BEGINS + timedelta(minutes=7))
    await chats.job(metrics.measure)
    assert _of("throughcare_queue_messages") == len(await world.sql("SELECT 1 FROM message"))
    assert _of("throughcare_queue_age_seconds") == 7 * 60
    assert _of("throughcare_chats", channel="telegram", state="active") == 1
    await world.sql("UPDATE message SET state = 'sent'")
    await world.sql("UPDATE link SET state = 'stopped'")
    await chats.job(metrics.measure)
    assert _of("throughcare_queue_age_seconds") == 0
    assert _of("throughcare_chats", channel="telegram", state="active") == 0
    assert _of("throughcare_chats", channel="telegram", state="stopped") == 1


async def test_a_worker_answers_at_a_port_of_its_own_and_names_nobody(
    world: World, tmp_path: Path
) -> None:
    agency = await world.an_agency()
    port = free_port()
    async with stand_in_on_a_port() as (_, address):
        env = environment(world, address, METRICS_PORT=str(port))
        worker = start("worker", env, tmp_path / "log")
        try:
            said = ""
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(300):
                    try:
                        said = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
                    except httpx.TransportError:
                        said = ""
                    if 'job="measure"' in said:
                        break
                    await asyncio.sleep(0.1)
        finally:
            end(worker)
    assert 'throughcare_job_success_timestamp_seconds{job="measure"}' in said
    assert "throughcare_queue_messages 0.0" in said
    [row] = await world.sql("SELECT name, service_alias FROM agency")
    for name in (str(agency), row["name"], row["service_alias"]):
        assert name not in said
