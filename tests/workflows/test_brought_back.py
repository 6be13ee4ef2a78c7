"""What an old backup brings back of somebody whose key is destroyed goes in the first night."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from backend import archive, clock, database
from backend.erasure.destroyed import FILE, export_destroyed, read_list
from tests.backend.backup.backups import Backups
from tests.backend.backup.conftest import empty as empty  # noqa: PLC0414 - a fixture
from tests.backend.erasure.files import File as Whole
from tests.backend.pages.browser import in_the_circle, writes
from tests.backend.test_voluntary import CANARY, File, _takes_part
from tests.backend.test_voluntary import file as file  # noqa: PLC0414 - a fixture
from tests.world import World, row
from workflows.retain import carry_out, retain

# What is asked of both databases: of the one that erased, and of the one that was brought back.
STATE = {
    "rows": "SELECT id, state, due_on, done_on, said_by FROM milestone ORDER BY id",
    "history": "SELECT id FROM milestone_event ORDER BY id",
    "appointments": "SELECT id FROM appointment ORDER BY id",
    "taps": "SELECT id FROM claim ORDER BY id",
    "contacts": "SELECT id FROM contact ORDER BY id",
    "answers": "SELECT id FROM participation ORDER BY id",
    "corrections": "SELECT id FROM correction ORDER BY id",
    "map": (
        "SELECT id, relation, wish, takes_part, safety_asked_at IS NULL, barred_at IS NULL"
        " FROM relative ORDER BY id"
    ),
    "welcomes": "SELECT id FROM welcome ORDER BY id",
    "circle": "SELECT id, alias, gate, mentor FROM member ORDER BY id",
    "chats": "SELECT id, state, chat IS NULL FROM link ORDER BY id",
    "flags": "SELECT id, lowered_at IS NULL FROM safety_flag ORDER BY id",
    "let": "SELECT id, withdrawn_at IS NULL FROM disclosure ORDER BY id",
    "yes": "SELECT id, withdrawn_at IS NULL FROM channel_consent ORDER BY id",
    "keys": "SELECT id, wrapped IS NULL FROM subject_key ORDER BY id",
}


async def _night(*, job: bool = False) -> dict[str, int]:
    async def work() -> dict[str, int]:
        database.act_as("worker")
        if job:
            await retain()
            return {}
        async with database.transaction():
            return await carry_out(clock.now())

    return await database.in_fresh_context(work)


async def _lets_know(file: File, recipient: UUID) -> None:
    """An authorisation, which has to go with whom it is for."""
    told = {"fact": "release_date", "purpose": "x", "until": "2099-01-01"}
    body = {"recipient": str(recipient), **told}
    answer = await file.docket.worker.post(f"/plans/{file.plan}/disclosures", body)
    assert answer.status_code == 201, answer.text


async def _welcomed(file: File) -> str:
    body = {"name": CANARY}
    made = await file.docket.worker.post(f"/plans/{file.plan}/welcomes", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _gone(file: File, circle: list[UUID]) -> None:
    """As a backup of before leaves it, once the keys are destroyed again: with names of before."""
    names = await file.world.sql("SELECT id, alias FROM member WHERE id = ANY($1)", circle)
    await file.world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = ANY($1)", circle)
    for one in names:
        sql = "UPDATE member SET alias = $2 WHERE id = $1"
        await file.world.sql(sql, one["id"], one["alias"])


async def test_a_voluntary_part_that_was_erased_after_the_backup_is_as_erased_after_a_restore(
    file: File, empty: str, tmp_path: Path
) -> None:
    mentor, _ = await _takes_part(file)
    worker, plan = file.docket.worker, file.plan
    no = {"kind": "participation", "pathway": "MEN", "answer": "later", "language": "en"}
    heard = await worker.post(f"/plans/{plan}/consents", no)
    assert heard.status_code == 201, heard.text
    await _lets_know(file, mentor)
    ended, _ = [await _welcomed(file) for _ in range(2)]
    key = tmp_path / "key"
    archive.new_identity(key)
    backups = Backups(file.world, worker, {"id": plan}, tmp_path / "backups", key, {})
    path = await backups.make()
    # the one ends for itself after the backup, the other with the voluntary part
    assert (await worker.post(f"/welcomes/{ended}/end", version=1)).status_code == 200
    assert (await file.ask()).status_code == 201
    assert (await file.erase()).status_code == 200

    async def work() -> None:
        database.act_as("worker")
        await export_destroyed(tmp_path)

    await database.in_fresh_context(work)
    listed, _ = read_list(tmp_path / FILE)
    restored = await backups.bring(path, empty, listed=listed)
    assert restored.destroyed == 4
    assert await backups.sql(empty, "SELECT id FROM welcome") == [], "at once, before any job"
    asked = "SELECT count(*) FROM mandate WHERE actor = '{}' AND (ends IS NULL OR ends > now())"
    assert await backups.sql(empty, asked.format(mentor)) == [(0,)], "at once, before any job"
    await database.disconnect("worker")
    await database.connect("worker", backups.url("worker", empty), only=False)
    await _night(job=True)
    source = backups.world.database_name
    for what, query in STATE.items():
        assert await backups.sql(empty, query) == await backups.sql(source, query), what
    proofs = "SELECT times FROM audit WHERE operation = 'retention' AND reason = 'chosen again'"
    assert await backups.sql(empty, proofs) == [(1,)]


async def test_the_night_after_a_restore_does_not_wait_for_the_next_day(world: World) -> None:
    counted = "SELECT count(*) AS n FROM audit WHERE operation = 'retention' AND reason = 'people'"
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    for nights in (1, 1):
        await _night(job=True)
        assert (await world.sql(counted))[0]["n"] == nights
    await world.sql("INSERT INTO audit (at, operation, outcome) VALUES (now(), 'restore', 'done')")
    for nights in (2, 2):
        await _night(job=True)
        assert (await world.sql(counted))[0]["n"] == nights


async def test_what_is_offered_anew_afterwards_stays(file: File) -> None:
    _, circle = await _takes_part(file)
    await _gone(file, circle)
    assert (await _night())["chosen again"] == 1
    worker, plan = file.docket.worker, file.plan
    await in_the_circle(worker, plan, "ME", name=CANARY)
    chosen = next(
        one for one in (await file.world.plan(worker, plan))["milestones"] if one["kind"] == "V"
    )
    for state in ("planned", "declined"):
        now = row(await file.world.plan(worker, plan), chosen["code"])
        woken = await worker.patch(
            f"/milestones/{now['id']}", {"state": state}, version=now["version"]
        )
        assert woken.status_code == 200, woken.text
    assert (await _night())["chosen again"] == 0
    assert row(await file.world.plan(worker, plan), chosen["code"])["state"] == "declined"


async def test_a_voluntary_part_that_was_erased_by_hand_is_not_taken_out_again(file: File) -> None:
    await _takes_part(file)
    assert (await file.ask()).status_code == 201
    assert (await file.erase()).status_code == 200
    assert (await _night())["chosen again"] == 0


async def test_nothing_is_taken_out_again_under_a_hold(file: File) -> None:
    _, circle = await _takes_part(file)
    await _gone(file, circle)
    reason = {"reason": "A complaint is before a court."}
    held = await file.head.post(f"/plans/{file.plan}/legal-holds", reason)
    assert held.status_code == 201, held.text
    assert (await _night())["chosen again"] == 0
    await file.head.post(f"/legal-holds/{held.json()['id']}/end", None, version=1)
    assert (await _night())["chosen again"] == 1


async def test_a_job_that_was_taken_over_takes_out_nothing_of_who_is_still_there(
    file: File,
) -> None:
    mentor, circle = await _takes_part(file)
    await _lets_know(file, mentor)

    async def tries() -> list[str]:
        database.act_as("worker")
        async with database.transaction() as held:
            return [
                await held.execute(f"DELETE FROM {table}")
                for table in ("milestone_event", "claim", "contact", "participation")
            ]

    async def takes_back() -> None:
        database.act_as("worker")
        async with database.transaction() as held:
            await held.execute("UPDATE disclosure SET withdrawn_at = now()")

    assert set(await database.in_fresh_context(tries)) == {"DELETE 0"}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.in_fresh_context(takes_back)
    # nor of whose voluntary part was erased once: the names of the circle stay what they are
    assert (await file.ask()).status_code == 201
    assert (await file.erase()).status_code == 200
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _renames(circle[0], "worker")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _renames(circle[0], "app", file.docket.worker.id)


async def _renames(one: UUID, role: database.Role, who: UUID | None = None) -> None:
    async def work() -> None:
        database.act_as(role)
        async with database.transaction(who) as held:
            done = await held.execute("UPDATE member SET alias = 'other' WHERE id = $1", one)
            assert done == "UPDATE 1"

    await database.in_fresh_context(work)


@pytest.fixture
async def whole(world: World) -> Whole:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    return Whole(world, head, worker, plan["id"], await world.somebody("CO"))


COMES_BACK = {
    "a task": "UPDATE task SET closed_at = NULL WHERE plan = $1",
    "a chat": "UPDATE link SET chat_index = 'x', state = 'ended' WHERE plan = $1",
    "what was to be said": "UPDATE message SET variables = 'x' WHERE plan = $1",
    "a flag": "UPDATE safety_flag SET kept_from = 'x' WHERE plan = $1",
    "an address": "UPDATE protected_address SET ended_at = NULL WHERE plan = $1",
    "an open plan": "UPDATE plan SET state = 'active_inside', closed_at = NULL WHERE id = $1",
}


@pytest.mark.parametrize("what", COMES_BACK)
async def test_what_comes_back_of_a_plan_without_any_mandate_goes_too(
    whole: Whole, world: World, what: str
) -> None:
    plan, worker = whole.plan, whole.worker
    relative = await in_the_circle(worker, plan, "FA", name="Relative")
    flag, home = {"subject": relative, "words": "x"}, {"subject": relative, "address": "x"}
    for path, body in (("safety-flags", flag), ("protected-addresses", home)):
        assert (await worker.post(f"/plans/{plan}/{path}", body)).status_code == 201
    await writes(worker, plan, relative, "a text")
    await world.sql(
        "INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,"
        " local_due, key, due_at, expires_at, created_at, state) SELECT gen_random_uuid(), agency,"
        " plan, 1, bot, id, subject, 'CLOSE', '', plan, current_date, 'CLOSE', now(), now(), now(),"
        " 'sent' FROM link WHERE plan = $1",
        UUID(plan),
    )
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at,"
        " opened_at) SELECT gen_random_uuid(), agency, id, 1, 'call', '', 'SW', id, current_date,"
        " now(), now() FROM plan WHERE id = $1",
        UUID(plan),
    )
    await whole.erased()
    later = clock.now() + timedelta(minutes=1)
    clock.travel(lambda: later)
    assert (await _night())["brought back"] == 0
    await world.sql(COMES_BACK[what], UUID(plan))
    assert (await _night())["brought back"] == 1, what
    assert (await _night())["brought back"] == 0, what
