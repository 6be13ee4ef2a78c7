"""What opened a door goes a month after it closed; what proves goes after years."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from backend import clock, database, embedded, migrate
from backend.audit import command
from backend.audit.chain import Broken, Head
from backend.audit.seals import Progress, seal_rows
from backend.settings import read
from tests.backend.pages.browser import in_the_circle
from tests.backend.papers import a_paper, in_circle
from tests.databases import a_fresh_world
from tests.world import World
from workflows.retain import carry_out
from workflows.terms import RULES

KEY = bytes(range(32, 64))
# Of each rule: what sets all its rows back by $1, and what counts those that are left.
DOORS = {
    "sessions": ("UPDATE session SET until = now() - $1::interval", "SELECT 1 FROM session"),
    "devices": (
        (
            "WITH over AS (DELETE FROM refresh_token), gone AS (DELETE FROM session)"
            " UPDATE device SET seen_at = now() - interval '365 days' - $1::interval"
        ),
        "SELECT 1 FROM device",
    ),
    "factors": ("UPDATE factor SET ended_at = now() - $1::interval", "SELECT 1 FROM factor"),
    "invitations": (
        "UPDATE account_invitation SET expires_at = now() - $1::interval",
        "SELECT 1 FROM account_invitation",
    ),
    "feeds": ("UPDATE date_feed SET ended_at = now() - $1::interval", "SELECT 1 FROM date_feed"),
    "chat invitations": (
        "UPDATE link SET expires_at = now() - $1::interval",
        "SELECT 1 FROM link WHERE token IS NOT NULL",
    ),
    "passes": ("UPDATE entry_pass SET until = now() - $1::interval", "SELECT 1 FROM entry_key"),
}
CLOSED = "UPDATE plan SET state = 'closed', closed_at = now() - $1::interval"
PROOFS = {
    "chat consents": (CLOSED, "SELECT 1 FROM channel_consent"),
    "authorisations": (CLOSED, "SELECT 1 FROM disclosure"),
    "agreements": (CLOSED, "SELECT 1 FROM participation"),
    "corrections": (CLOSED, "SELECT 1 FROM correction"),
    "papers": (CLOSED, "SELECT 1 FROM entry_pass"),
    "wishes": (
        "UPDATE break_glass SET asked_at = now() - $1::interval",
        "SELECT 1 FROM break_glass",
    ),
    "reviews": (
        "UPDATE outside_review SET reviewed_at = now() - $1::interval",
        "SELECT 1 FROM outside_review",
    ),
    "tasks": (
        "UPDATE task SET opened_at = now() - $1::interval, closed_at = now() - $1::interval",
        "SELECT 1 FROM task WHERE plan IS NULL",
    ),
}
WITHIN = {
    **dict.fromkeys(DOORS, ("29 days", "31 days")),
    **dict.fromkeys(PROOFS, ("4 years 360 days", "5 years 5 days")),
}


async def _as_worker(*codes: str) -> dict[str, int]:
    async def work() -> dict[str, int]:
        database.act_as("worker")
        async with database.transaction():
            return await carry_out(clock.now(), [one for one in RULES if one.code in codes])

    return await database.in_fresh_context(work)


async def _bare(world: World, sql: str) -> Any:
    """A statement of whoever took the jobs' account over."""
    held = await asyncpg.connect(world.server.url(migrate.role_name("worker"), world.database_name))
    try:
        return await held.fetchval(sql) if sql.startswith("SELECT") else await held.execute(sql)
    finally:
        await held.close()


@dataclass
class House:
    world: World
    plan: UUID

    async def set_back(self, sql: str, interval: str) -> None:
        await self.world.sql(sql.replace("$1::interval", f"interval '{interval}'"))

    async def left(self, sql: str) -> int:
        return len(await self.world.sql(sql))


@pytest_asyncio.fixture(scope="module")
async def house(server: embedded.Server) -> AsyncIterator[House]:
    """One of everything that has an end."""
    async with a_fresh_world(server) as world:
        worker, head = await world.somebody("SW"), await world.somebody("AD")
        plan = (await world.a_plan(worker))["id"]
        relative = await in_the_circle(worker, plan, "FA", name="Relative")
        mandate = await in_circle(worker, plan)
        await a_paper(world, worker, plan, mandate)
        invited = await head.post("/account-invitations", {"role": "SW", "alias": "Robin"})
        assert invited.status_code == 201, invited.text
        assert (await worker.post("/account/feed")).status_code == 200
        await _more(world, UUID(plan), UUID(relative), worker.id)
        yield House(world, UUID(plan))


async def _more(world: World, plan: UUID, relative: UUID, worker: UUID | None) -> None:
    """What takes long to come by over the doors."""
    common = "gen_random_uuid(), agency, id, 1"
    for sql in (
        (
            "INSERT INTO channel_consent (id, agency, plan, version, subject, channel, language,"
            f" recorded_by, given_at) SELECT {common}, $2::uuid, 'chat', 'en', $3::uuid,"
            " now() FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO disclosure (id, agency, plan, version, recipient, fact, purpose, until,"
            f" recorded_by, given_at) SELECT {common}, $2::uuid, 'date', 'care', '2099-01-01',"
            " $3::uuid, now() FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO participation (id, agency, plan, version, pathway, answer, language,"
            f" recorded_by, recorded_at) SELECT {common}, 'VOC', 'declined', 'en',"
            " coalesce($3::uuid, $2::uuid), now() FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO correction (id, agency, plan, version, subject, part, asked_by, role,"
            f" asked_at, text, due_on) SELECT {common}, person, 'plan',"
            " coalesce($3::uuid, $2::uuid), 'SW',"
            " now(), '', current_date FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO break_glass (id, agency, version, alias, asked_by, asked_at)"
            " SELECT gen_random_uuid(), agency, 1, alias, coalesce($3::uuid, $2::uuid), now()"
            " FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO outside_review (id, agency, version, kind, thing, done_by, done_at,"
            " finding, reviewed_at, reviewed_by) SELECT gen_random_uuid(), agency, 1, 'glass', id,"
            " coalesce($3::uuid, $2::uuid), now(), 'in_order', now(), $2 FROM plan WHERE id = $1"
        ),
        (
            "INSERT INTO task (id, agency, version, kind, step, role, subject, local_due, due_at,"
            " urgency, opened_at, closed_at) SELECT gen_random_uuid(), agency, 1, 'complaint-due',"
            " '', 'CO', coalesce($3::uuid, $2::uuid), current_date, now(), 1, now(), now()"
            " FROM plan WHERE id = $1"
        ),
    ):
        await world.sql(sql, plan, relative, worker)
    await world.sql(
        "INSERT INTO factor (id, staff, secret, made_at) VALUES (gen_random_uuid(), $1, '', now())",
        worker,
    )
    await world.sql(
        "INSERT INTO recovery_code (id, factor, hash) SELECT gen_random_uuid(), id, '' FROM factor"
    )
    await world.sql(
        "INSERT INTO link (id, agency, plan, version, bot, subject, state, level, language, zone,"
        " opens, closes, token, pin, expires_at, invited_by) SELECT gen_random_uuid(), b.agency,"
        " $1, 1, b.id, $2, 'invited', 'P1', 'en', 'UTC', '08:00', '17:00', 'x', 'x', now(), $3"
        " FROM bot b",
        plan,
        relative,
        worker,
    )


@pytest.mark.parametrize("code", WITHIN)
async def test_it_goes_after_its_term_and_not_before(house: House, code: str) -> None:
    back, left = {**DOORS, **PROOFS}[code]
    soon, late = WITHIN[code]
    there = await house.left(left)
    assert there > 0
    await house.set_back(back, soon)
    assert await _as_worker(code) == {code: 0}
    assert await house.left(left) == there
    await house.set_back(back, late)
    found = await _as_worker(code)
    assert (found[code] > 0, await house.left(left)) == (True, 0)


async def test_the_jobs_delete_nothing_before_its_term_whatever_they_ask_for(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = UUID((await world.a_plan(worker))["id"])
    relative = UUID(await in_the_circle(worker, str(plan), "FA", name="Relative"))
    await _more(world, plan, relative, worker.id)
    for code in ("sessions", "devices", "factors", "invitations", "passes", "nonsense"):
        assert await _bare(world, f"SELECT forget('{code}', '2999-01-01')") == 0
    for table in ("break_glass", "outside_review", "task"):
        assert await _bare(world, f"DELETE FROM {table}") == "DELETE 0"
    for table in ("session", "refresh_token", "audit", "audit_seal", "audit_anchor", "once"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _bare(world, f"DELETE FROM {table}")


async def test_what_somebody_agreed_to_stays_under_a_legal_hold(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = UUID((await world.a_plan(worker))["id"])
    await _more(
        world, plan, UUID(await in_the_circle(worker, str(plan), "FA", name="Relative")), worker.id
    )
    reason = {"reason": "A complaint is before a court."}
    assert (await head.post(f"/plans/{plan}/legal-holds", reason)).status_code == 201
    await world.sql(CLOSED.replace("$1::interval", "interval '9 years'"))
    assert set((await _as_worker(*PROOFS)).values()) == {0}
    await world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
    assert (await _as_worker("agreements"))["agreements"] == 1


# the record of who did what


async def _sealed(world: World, *, old: int) -> list[Any]:
    """Rows of eleven years ago, then the others, all sealed; the seals."""
    await world.somebody("SW")
    await world.sql(
        "INSERT INTO audit (at, operation, outcome) SELECT now(), 'later', 'done'"
        " FROM generate_series(1, 12)"
    )
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute("SET session_replication_role = replica")
        await held.execute(
            "UPDATE audit SET at = at - interval '11 years' WHERE id IN"
            " (SELECT id FROM audit ORDER BY id LIMIT $1)",
            old,
        )
    finally:
        await held.close()

    async def work() -> int:
        database.act_as("worker")
        return await seal_rows(KEY, Progress())

    await database.in_fresh_context(work)
    return await world.sql("SELECT id, audit, mac FROM audit_seal ORDER BY id")


async def _verify(world: World, *heads: Head) -> str:
    url = world.server.url(migrate.role_name("backup"), world.database_name)
    known = read({"BACKUP_DATABASE_URL": url, "AUDIT_KEY": base64.b64encode(KEY).decode()})
    return "\n".join(await command.examine(known, heads))


def _head(seal: Any) -> Head:
    return Head(seal["id"], clock.now(), seal["mac"])


async def test_the_oldest_of_the_record_goes_whole_and_the_rest_still_proves(world: World) -> None:
    seals = await _sealed(world, old=5)
    assert (await _as_worker("audit")) == {"audit": 5}
    kept = await world.sql("SELECT id FROM audit_seal ORDER BY id")
    assert [row["id"] for row in kept] == [seal["id"] for seal in seals[5:]]
    assert await world.sql("SELECT 1 FROM audit WHERE at < now() - interval '10 years'") == []
    found = await _verify(world, *map(_head, (seals[1], seals[4], seals[-1])))
    assert "begins after number 5" in found
    assert f"up to number {seals[-1]['id']}" in found
    # the proof of that night says, within the chain, where it begins now
    [told] = await world.sql("SELECT object_hash FROM audit WHERE operation = 'retention'")
    assert told["object_hash"] == seals[4]["mac"]
    assert (await _as_worker("audit")) == {"audit": 0}


async def test_what_is_old_but_stands_behind_something_young_stays(world: World) -> None:
    seals = await _sealed(world, old=0)
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute("SET session_replication_role = replica")
        await held.execute(
            "UPDATE audit SET at = at - interval '11 years' WHERE id = $1", seals[3]["audit"]
        )
    finally:
        await held.close()
    assert (await _as_worker("audit")) == {"audit": 0}
    for through in (1, 4, len(seals)):
        assert await _bare(world, f"SELECT drop_audit({through}, 'x')") == 0


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        ("UPDATE audit_anchor SET proof = 'x'", "anchor was forged"),
        ("DELETE FROM audit_anchor", "seal is missing"),
        ("UPDATE audit_anchor SET id = id - 1", "anchor was forged"),
        (
            (
                "WITH gone AS (DELETE FROM audit_seal WHERE id <= 7 RETURNING id, mac)"
                " INSERT INTO audit_anchor (id, at, mac, proof)"
                " SELECT id, now(), mac, 'x' FROM gone WHERE id = 7"
            ),
            "anchor was forged",
        ),
    ],
)
async def test_nobody_without_the_key_makes_a_beginning_disappear(
    world: World, attack: str, why: str
) -> None:
    await _sealed(world, old=5)
    assert (await _as_worker("audit")) == {"audit": 5}
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await held.execute("DELETE FROM audit_anchor")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await held.execute("DELETE FROM audit_seal WHERE id = 8")
        await held.execute("SET session_replication_role = replica")
        await held.execute(attack)
    finally:
        await held.close()
    with pytest.raises(Broken, match=why):
        await _verify(world)


async def test_a_head_of_the_very_anchor_must_agree(world: World) -> None:
    seals = await _sealed(world, old=5)
    assert (await _as_worker("audit")) == {"audit": 5}
    forged = Head(seals[4]["id"], clock.now(), seals[3]["mac"])
    with pytest.raises(Broken, match="not what left the host"):
        await _verify(world, forged)
