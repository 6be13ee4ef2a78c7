"""What may have ended after the backup does not begin again with a restore."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import archive, database
from backend.archive import Manifest
from backend.courts import clients
from backend.errors import WrongCredentials
from backend.holding import about_the_held
from backend.operating import at_terminal
from backend.passes.entry import enter
from tests.backend.backup.backups import Backups, answered, forged
from tests.backend.courts.docket import a_court
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.world import Caller


async def _serve(backups: Backups, name: str) -> None:
    await database.disconnect("app")
    await database.connect("app", backups.url("app", name), size=4)


async def test_a_pass_that_was_ended_after_the_backup_opens_nothing(
    backups: Backups, empty: str
) -> None:
    plan = backups.plan["id"]
    mandate = await in_circle(backups.worker, plan)
    paper = await a_paper(backups.world, backups.worker, plan, mandate)
    async with await comes_in(paper):
        restored = await backups.bring(await backups.make(), empty)
    assert restored.passes == 1
    assert await backups.sql(empty, "SELECT 1 FROM entry_key WHERE access IS NOT NULL") == []
    await _serve(backups, empty)
    with pytest.raises(WrongCredentials):
        await enter(paper.code, paper.pin)


async def test_a_court_machine_gets_a_token_only_once_it_is_let_go_on(
    backups: Backups, empty: str
) -> None:
    court, other = await a_court(backups.world), await a_court(backups.world)
    async with at_terminal(other.id):
        await clients.suspend(other.id)
    restored = await backups.bring(await backups.make(), empty)
    assert len(restored.courts) == 2
    assert f"  ./run admin resume-court {court.id}" in list(about_the_held(restored))
    assert str(other.id) not in restored.courts, "it was stopped before, and stays so"
    await _serve(backups, empty)
    known = {"client_id": court.credential.client_id, "secret": court.credential.secret}
    assert (await Caller().post("/court/token", known)).status_code == 401
    # the application cannot: it is said at the terminal
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(court.id):
            await clients.resume(court.id)
    let_go = f"UPDATE court_client SET suspended_at = NULL WHERE id = '{court.id}' RETURNING id"
    assert await backups.sql(empty, let_go) == [(court.id,)]
    assert (await Caller().post("/court/token", known)).status_code == 200


async def test_what_was_asked_for_or_offered_before_is_asked_and_offered_anew(
    backups: Backups, empty: str
) -> None:
    world, plan = backups.world, UUID(backups.plan["id"])
    head, other = await world.somebody("CO"), await world.somebody("AD")
    await world.sql(
        "INSERT INTO erasure_wish (id, agency, plan, version, person, asked_by, asked_at,"
        " voluntary) SELECT $2, agency, id, 1, person, $3, now(), false FROM plan WHERE id = $1",
        plan,
        uuid4(),
        head.id,
    )
    invited = {"role": "SW", "alias": "Newcomer"}
    await answered(other.post("/account-invitations", invited))
    await world.sql(
        "INSERT INTO break_glass (id, agency, version, alias, asked_by, asked_at)"
        " VALUES ($1, $2, 1, 'nobody', $3, now())",
        uuid4(),
        world.agency,
        head.id,
    )
    await backups.bring(await backups.make(), empty)
    for table in ("erasure_wish", "account_invitation", "break_glass"):
        ended = await backups.sql(empty, f"SELECT ended_at IS NOT NULL FROM {table}")
        assert ended == [(True,)], table
    opens = await backups.sql(empty, "SELECT 1 FROM link WHERE token IS NOT NULL")
    assert opens == []


async def test_a_backup_of_a_release_without_passes_is_held_as_far_as_it_goes(
    backups: Backups, empty: str
) -> None:
    made = archive.inspect(await backups.make(), backups.identities)
    tables = {name: one for name, one in made.tables.items() if name != "public.entry_key"}
    before = Manifest(archive.FORMAT, made.made_at, made.migration, tables)
    path = await forged(
        backups,
        before,
        "--exclude-table=public.entry_key",
        "--exclude-table-data=public.subject_key",
    )
    restored = await backups.bring(path, empty)
    assert (restored.messages, len(restored.courts)) == (2, 1)
