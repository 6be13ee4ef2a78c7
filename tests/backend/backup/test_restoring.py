"""What was backed up comes back as it was, but for what is held."""

import base64
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from backend import clock, database
from backend.audit.chain import Broken, read_heads
from backend.audit.command import examine
from backend.audit.heads import FILE, export_head
from backend.audit.seals import Progress, seal_rows
from backend.settings import read
from tests.backend.backup.backups import Backups, answered
from tests.databases import open_pools
from tests.world import Caller, row

HELD = {
    *("public.message", "public.session", "public.court_token", "public.audit"),
    *("public.court_client", "public.link"),  # suspended, and its invitation taken back
}
WALLS = """
SELECT 'table', relname, concat_ws(' ', pg_get_userbyid(relowner), relrowsecurity,
       relforcerowsecurity, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a))
  FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'policy', tablename || policyname, concat_ws(' ', roles, cmd, qual, with_check)
  FROM pg_policies
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'index', indexrelid::regclass::text, concat_ws(' ', indrelid::regclass, indkey,
       indisunique, indisvalid, indpred IS NOT NULL) FROM pg_index
 WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
UNION ALL SELECT 'constraint', conname, concat_ws(' ', contype, conrelid::regclass, confdeltype)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname, concat_ws(' ', proowner::regrole, prosecdef, proconfig,
       md5(prosrc), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(proacl) a))
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""


async def test_every_row_comes_back_as_it_was_but_for_what_is_held(
    backups: Backups, empty: str
) -> None:
    before = await backups.rows(backups.world.database_name)
    await backups.bring(await backups.make(), empty)
    after = await backups.rows(empty)
    assert len(before) > 30
    assert {name: one for name, one in after.items() if name not in HELD} == {
        name: one for name, one in before.items() if name not in HELD
    }
    assert after["public.message"][0] == before["public.message"][0]
    assert after["public.audit"][0] == before["public.audit"][0] + 1


async def test_the_walls_stand_again(backups: Backups, empty: str) -> None:
    await backups.bring(await backups.make(), empty)
    before = await backups.sql(backups.world.database_name, WALLS)
    assert len([one for one in before if one[0] == "policy"]) > 50
    assert await backups.sql(empty, WALLS) == before


async def test_nothing_that_waited_is_sent_after_a_restore(backups: Backups, empty: str) -> None:
    restored = await backups.bring(await backups.make(), empty)
    states = await backups.sql(
        empty, "SELECT step, state, reason FROM message WHERE rule = 'CONTACT' ORDER BY step"
    )
    assert states == [
        ("0", "cancelled", "restored"),
        ("1", "cancelled", "restored"),
        ("2", "sent", None),
        ("3", "cancelled", None),
    ]
    assert restored.messages == 2
    [noted] = await backups.sql(empty, "SELECT at, actor FROM audit WHERE operation = 'restore'")
    assert noted[0] is not None
    source = backups.world.database_name
    assert await backups.sql(source, "SELECT count(*) FROM message WHERE state = 'queued'") == [
        (1,)
    ]


async def test_a_restored_database_serves_a_plan_and_its_audit_is_written_once(
    backups: Backups, empty: str
) -> None:
    await backups.bring(await backups.make(), empty)
    await database.disconnect("app")
    await database.disconnect("operator")
    await open_pools(backups.world.server, empty, "app", "operator")
    where = f"/plans/{backups.plan['id']}?show=all"
    assert (await backups.worker.get(where)).status_code == 401, "sessions are ended"
    fresh = Caller(login=backups.canaries["login"])
    plan = await answered(fresh.get(where))
    assert plan["person"]["name"] == "Canary Person"
    assert len(plan["milestones"]) == 115
    opened = row(plan, "PLN-02")
    changed = await fresh.patch(
        f"/milestones/{opened['id']}", {"state": "done"}, version=opened["version"]
    )
    assert changed.status_code == 200, changed.text
    stranger = await backups.world.somebody("SW", agency=backups.world.agency)
    assert (await stranger.get(where)).status_code == 404
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await backups.sql(empty, "UPDATE audit SET outcome = 'x'")


async def test_the_record_that_was_restored_agrees_with_the_heads_up_to_the_backup(
    backups: Backups, empty: str, tmp_path: Path
) -> None:
    key = bytes(range(32, 64))

    async def seal_and_export() -> None:
        async def work() -> None:
            database.act_as("worker")
            await seal_rows(key, Progress())
            await export_head(tmp_path, None)

        await database.in_fresh_context(work)

    async def audited() -> int:
        [(count,)] = await backups.sql(backups.world.database_name, "SELECT count(*) FROM audit")
        return int(count)

    await seal_and_export()
    taken = await audited()
    path = await backups.make()
    await backups.worker.get(f"/plans/{backups.plan['id']}")  # what the crash takes away
    await backups.worker.get("/plans")
    await seal_and_export()
    lost = await audited()
    later = clock.now() + timedelta(minutes=1)
    clock.travel(lambda: later)
    await backups.bring(path, empty)
    await database.disconnect("worker")
    await database.connect("worker", backups.url("worker", empty), only=False)
    heads, _ = read_heads((tmp_path / FILE).read_text("ascii").splitlines())
    await seal_and_export()
    configured = read(
        {
            "BACKUP_DATABASE_URL": backups.url("backup", empty),
            "AUDIT_KEY": base64.b64encode(key).decode(),
        }
    )
    with pytest.raises(Broken, match="say --restored"):
        await examine(configured, heads)
    said = await examine(configured, heads, restored=True)
    assert said[0].startswith(f"whole: {taken + 1} rows are sealed")
    assert said[1] == f"It agrees with the heads up to number {taken}."
    assert f"the heads {lost} to {lost} are of what was lost" in said[2]
