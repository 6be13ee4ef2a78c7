"""A backup is worth what its restore proves; every file here is really made and really read."""

import asyncio
import base64
import hashlib
import io
import json
import os
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pyrage
import pytest

from backend import archive, clock, database, migrate
from backend.actors.actions import destroy_key
from backend.archive import ArchiveError, Manifest
from backend.audit.chain import Broken, read_heads
from backend.audit.command import examine
from backend.audit.heads import FILE, export_head
from backend.audit.seals import Progress, seal_rows
from backend.backup import backup, recipients
from backend.courts.clients import add_court_client
from backend.migrate import role_name
from backend.psql import STEADY, Fingerprint, ProgramError, Psql, environment, program
from backend.restore import inspect_keys, newest, newest_keys, restore
from backend.settings import SettingsError, read
from tests import forks
from tests.backend.duties import asked
from tests.world import PASSWORD, Caller, World, a_day, row

HELD = {"public.message", "public.session", "public.court_token", "public.audit"}
ROWS = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t"
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


@dataclass
class Backups:
    """A database with a few people in it, a folder, a key, and how to get from one to another."""

    world: World
    worker: Caller
    plan: dict[str, Any]
    folder: Path
    key: Path
    canaries: Mapping[str, str]

    def url(self, role: database.Role, name: str | None = None) -> str:
        return self.world.server.url(role_name(role), name or self.world.database_name)

    @property
    def public(self) -> list[Any]:
        return [one.to_public() for one in self.identities]

    @property
    def identities(self) -> list[Any]:
        return archive.read_identities(self.key)

    async def make(self) -> Path:
        made = await asyncio.to_thread(backup, self.url("backup"), self.folder, self.public)
        return made.path

    async def bring(self, path: Path, name: str, key: Path | None = None) -> Any:
        """Restore as the command does: first prove the file, then touch the database."""
        identities = archive.read_identities(key or self.key)
        manifest = archive.inspect(path, identities)
        keys = inspect_keys(newest_keys(path), identities, manifest)
        url = self.url("owner", name)
        return await asyncio.to_thread(restore, url, path, identities, manifest, keys)

    async def sql(self, name: str, query: str) -> list[tuple[Any, ...]]:
        held = await asyncpg.connect(self.world.server.url(database=name))
        try:
            return [tuple(one) for one in await held.fetch(query)]
        finally:
            await held.close()

    async def rows(self, name: str) -> dict[str, tuple[Any, ...]]:
        tables = await self.sql(
            name,
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname = 'public'",
        )
        return {table: (await self.sql(name, ROWS.format(table=table)))[0] for (table,) in tables}


@pytest.fixture
async def empty(world: World) -> AsyncIterator[str]:
    """The name of a database with nothing in it but what `prepare` hands to the owner."""
    name = f"{world.database_name}_back"
    admin = await asyncpg.connect(world.server.url(database="postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        await migrate.prepare(world.server.url(database=name))
        yield name
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def backups(world: World, tmp_path: Path) -> Backups:
    worker = await world.somebody("SW", name="-canarylogin")
    person = {"name": "Canary Person", "language": "en", "file_number": "canary-file"}
    plan = await world.a_plan(worker, person=person)
    where = f"/plans/{plan['id']}"
    member = uuid4()
    mentor = {"role": "ME", "name": "Canary Mentor", "alias": "Canaryalias", "id": str(member)}
    await _done(worker.post(f"{where}/circle", mentor))
    yes = {"kind": "channel", "language": "en", "subject": str(member), "channel": "telegram"}
    await _done(worker.post(f"{where}/consents", yes))
    told = {
        "recipient": str(member),
        "fact": "release_date",
        "purpose": "canary purpose",
        "until": (a_day() + timedelta(days=9)).isoformat(),
    }
    await _done(worker.post(f"{where}/disclosures", told))
    invited = await _done(worker.post("/invitations", {"plan": plan["id"], "subject": str(member)}))
    met = {
        "role": "SW",
        "held_on": a_day().isoformat(),
        "held_at": "10:00:00",
        "place": "Canary Place",
    }
    await _done(worker.post(f"{where}/appointments", met))
    first = row(plan, "PLN-01")
    done = await _done(worker.patch(f"/milestones/{first['id']}", {"state": "done"}, version=1))
    again = {"state": "in_progress", "reason": "Canary reason"}
    await _done(worker.patch(f"/milestones/{first['id']}", again, version=done["version"]))
    async with database.transaction():
        court = await add_court_client(uuid4(), agency=UUID(str(world.agency)), label="Canarycourt")
    await _messages(world, plan["id"])
    key = tmp_path / "key"
    archive.new_identity(key)
    login = (await world.sql("SELECT login FROM staff"))[0]["login"]
    canaries = {
        "person": "Canary Person",
        "file": "canary-file",
        "mentor": "Canary Mentor",
        "place": "Canary Place",
        "reason": "Canary reason",
        "password": PASSWORD,
        "token": str(worker.token),
        "payload": invited["payload"],
        "court id": court.client_id,
        "court secret": court.secret,
        # these stand open in the database, and are closed by the file
        "login": login,
        "alias": "Canaryalias",
        "purpose": "canary purpose",
        "court": "Canarycourt",
        "agency": "Horizon",
        "service": "Horizon Desk",
        "emergency": "80 10 10",
        "duty": "71 000 000",
        "plan": plan["id"],
        "title": first["title"],
    }
    return Backups(world, worker, plan, tmp_path / "backups", key, canaries)


async def _done(answer: Any) -> dict[str, Any]:
    found = await answer
    assert found.status_code in {200, 201}, found.text
    body: dict[str, Any] = found.json()
    return body


async def _messages(world: World, plan: str) -> None:
    """One message of each state that the hold tells apart."""
    for number, state in enumerate(("queued", "claimed", "sent", "cancelled")):
        await world.sql(
            "INSERT INTO message (id, agency, plan, bot, link, recipient, rule, step, subject,"
            " local_due, key, due_at, expires_at, created_at, state)"
            " SELECT gen_random_uuid(), agency, plan, bot, id, subject, 'CONTACT', $1, id,"
            " current_date, 'CONTACT', now(), now(), now(), $2 FROM link WHERE plan = $3",
            str(number),
            state,
            UUID(plan),
        )


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
    await database.connect("app", backups.url("app", empty), size=4)
    where = f"/plans/{backups.plan['id']}?show=all"
    assert (await backups.worker.get(where)).status_code == 401, "sessions are ended"
    fresh = Caller(login=backups.canaries["login"])
    plan = await _done(fresh.get(where))
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


async def test_a_wrong_key_opens_nothing(backups: Backups, empty: str, tmp_path: Path) -> None:
    archive.new_identity(tmp_path / "other")
    path = await backups.make()
    with pytest.raises(ArchiveError, match="does not open"):
        await backups.bring(path, empty, tmp_path / "other")
    assert await backups.rows(empty) == {}


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda whole: whole[:-1], id="one byte short"),
        pytest.param(lambda whole: whole + b"x", id="one byte long"),
        pytest.param(lambda whole: whole[:70_000], id="half"),
        pytest.param(lambda whole: _flipped(whole, 300), id="start"),
        pytest.param(lambda whole: _flipped(whole, len(whole) // 2), id="middle"),
        pytest.param(lambda whole: _flipped(whole, len(whole) - 1), id="end"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
def test_a_file_that_was_cut_or_altered_is_refused_before_a_database_is_touched(
    harm: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    archive.new_identity(tmp_path / "key")
    keys = archive.read_identities(tmp_path / "key")
    path = tmp_path / "throughcare-20260101T000000Z.age"
    manifest = Manifest(archive.FORMAT, clock.now(), "none", {})
    archive.write(path, [keys[0].to_public()], manifest, io.BytesIO(os.urandom(200_000)))
    assert archive.inspect(path, keys) == manifest
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    with pytest.raises(ArchiveError):
        archive.inspect(path, keys)


def _flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


async def test_a_file_that_is_cut_while_it_is_restored_leaves_nothing_behind(
    backups: Backups, empty: str
) -> None:
    path = await backups.make()
    manifest = archive.inspect(path, backups.identities)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="cut short or altered"):
        await asyncio.to_thread(
            restore, backups.url("owner", empty), path, backups.identities, manifest, None
        )
    assert await backups.rows(empty) == {}


async def _forged(backups: Backups, manifest: Manifest, *words: str) -> Path:
    """A file that opens and is not what its list says, as a faulty dump would make it."""
    dump = await asyncio.to_thread(
        subprocess.run,
        [program("pg_dump"), "--format=custom", *words],
        env=environment(backups.url("backup")),
        capture_output=True,
        check=True,
    )
    path = backups.folder / "throughcare-20260101T000000Z.age"
    path.unlink(missing_ok=True)
    archive.write(path, backups.public, manifest, io.BytesIO(dump.stdout))
    return path


@pytest.mark.parametrize(
    "words", [("--exclude-table=public.contact",), ("--exclude-table-data=public.mandate",)]
)
async def test_a_dump_without_a_table_or_its_rows_is_noticed_and_undone(
    backups: Backups, empty: str, words: tuple[str, ...]
) -> None:
    manifest = archive.inspect(await backups.make(), backups.identities)
    path = await _forged(backups, manifest, *words)
    with pytest.raises(ArchiveError, match="not whole: public"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_what_fails_at_the_last_step_is_undone_from_the_first(
    backups: Backups, empty: str
) -> None:
    """Without the agencies every row and its list agree, and the foreign keys do not."""
    manifest = archive.inspect(await backups.make(), backups.identities)
    tables = {name: one for name, one in manifest.tables.items() if name != "public.agency"}
    less = Manifest(archive.FORMAT, manifest.made_at, manifest.migration, tables)
    path = await _forged(backups, less, "--exclude-table=public.agency")
    with pytest.raises(ProgramError, match="agency"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_a_database_that_holds_anything_is_left_alone(backups: Backups) -> None:
    path, name = await backups.make(), backups.world.database_name
    before = await backups.rows(name)
    with pytest.raises(SettingsError, match="not empty"):
        await backups.bring(path, name)
    assert await backups.rows(name) == before


async def test_the_file_holds_no_word_of_what_is_in_it(backups: Backups) -> None:
    path = await backups.make()
    assert len(backups.canaries) == 20
    closed = path.read_bytes()
    assert [name for name, word in backups.canaries.items() if word.encode() in closed] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    opened = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(closed), opened, backups.identities)
    line, _, dump = opened.getvalue().partition(b"\n")
    assert json.loads(line)["tables"]["public.plan"]["rows"] == 1
    script = subprocess.run(
        [program("pg_restore"), "-f", "-"], input=dump, capture_output=True, check=True
    ).stdout
    open_words = {name for name, word in backups.canaries.items() if word.encode() in script}
    standing_open = set(list(backups.canaries)[10:])
    assert open_words == standing_open, "what is sealed or hashed stays so inside"


async def test_only_a_role_that_sees_every_row_makes_a_backup(backups: Backups) -> None:
    with pytest.raises(ProgramError, match="row-level security"):
        await asyncio.to_thread(backup, backups.url("app"), backups.folder, backups.public)
    assert list(backups.folder.iterdir()) == []


async def test_a_dump_that_breaks_off_leaves_no_file(backups: Backups) -> None:
    await backups.sql(backups.world.database_name, "CREATE SEQUENCE not_granted")
    with pytest.raises(ProgramError, match="not_granted"):
        await backups.make()
    assert list(backups.folder.iterdir()) == []


async def test_the_list_and_the_dump_are_of_one_moment(backups: Backups, empty: str) -> None:
    """Rows come and go all the while; what comes back still agrees with its list."""
    ended = asyncio.Event()

    async def write() -> int:
        written = 0
        while not ended.is_set():
            one = {"how": "phone", "outcome": "tried", "made_on": a_day().isoformat()}
            await _done(backups.worker.post(f"/plans/{backups.plan['id']}/contacts", one))
            written += 1
        return written

    writing = asyncio.create_task(write())
    path = await backups.make()
    ended.set()
    assert await writing > 0
    await backups.bring(path, empty)


def test_a_password_goes_by_the_environment_only() -> None:
    address = "postgresql://jo:p%40ss@db.example:6543/one?sslmode=verify-full"
    env = environment(address)
    named = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")
    assert [env[name] for name in named] == [
        "db.example",
        "6543",
        "jo",
        "p@ss",
        "one",
        "verify-full",
    ]
    with pytest.raises(SettingsError, match="options"):
        environment("postgresql:///one?options=-c%20x")


def test_beside_the_embedded_postgres_the_key_is_made_once_and_may_be_moved(
    tmp_path: Path,
) -> None:
    configured = read({"THROUGHCARE_DATA": str(tmp_path)})
    [first] = recipients(configured)
    kept = tmp_path / "backup.identity"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400
    assert str(archive.read_identities(kept)[0].to_public()) == str(first)
    kept.unlink()
    assert [str(one) for one in recipients(configured)] == [str(first)]
    assert not kept.exists()


def test_a_server_is_told_its_recipients(tmp_path: Path) -> None:
    server = {"BACKUP_DATABASE_URL": "postgresql://backup@db/one"}
    with pytest.raises(SettingsError, match="BACKUP_RECIPIENTS"):
        recipients(read(server))
    keys = [archive.new_identity(tmp_path / name) for name in ("one", "two")]
    given = {**server, "BACKUP_RECIPIENTS": "# two of us\n" + "\n".join(keys)}
    assert [str(one) for one in recipients(read(given))] == keys
    with pytest.raises(ArchiveError):
        recipients(read({**server, "BACKUP_RECIPIENTS": "nobody"}))


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    archive.new_identity(tmp_path / "key")
    with pytest.raises(ArchiveError, match="never overwritten"):
        archive.new_identity(tmp_path / "key")


def test_a_folder_gives_its_newest_backup(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no backup"):
        newest(tmp_path)
    names = [f"throughcare-2026{day}T000000Z.age" for day in ("0101", "1231", "0630")]
    for name in [*names, "throughcare-20270101T000000Z.77.part"]:
        (tmp_path / name).touch()
    assert newest(tmp_path).name == names[1]
    assert newest(tmp_path / names[0]).name == names[0]


def _run(verb: str, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    clean = {"PATH": "/usr/bin:/bin", "VAULT_KEY": base64.b64encode(bytes(range(32))).decode()}
    return forks.run([verb, *words], {**clean, **env})


async def test_the_two_commands_say_what_they_did(backups: Backups, empty: str) -> None:
    made = await asyncio.to_thread(
        _run,
        "backup",
        str(backups.folder),
        BACKUP_DATABASE_URL=backups.url("backup"),
        BACKUP_RECIPIENTS=str(backups.public[0]),
    )
    assert made.returncode == 0, made.stderr
    assert "keys that open it: 1" in made.stdout
    assert "Not in it: the vault key" in made.stdout
    words = ("restore", str(backups.folder), "--identity", str(backups.key))
    back = await asyncio.to_thread(_run, *words, DATABASE_URL=backups.url("owner", empty))
    assert back.returncode == 0, back.stderr
    assert "each as it was" in back.stdout
    assert "2 messages that waited are cancelled" in back.stdout
    assert "Names open with the vault key that is here." in back.stdout
    again = await asyncio.to_thread(_run, *words, DATABASE_URL=backups.url("owner", empty))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("restore: this database is not empty")
    assert again.stderr.count("\n") == 1


async def test_a_restore_says_when_the_vault_key_is_another(backups: Backups, empty: str) -> None:
    path = await backups.make()
    back = await asyncio.to_thread(
        _run,
        "restore",
        str(path),
        "--identity",
        str(backups.key),
        DATABASE_URL=backups.url("owner", empty),
        VAULT_KEY=base64.b64encode(bytes(32)).decode(),
    )
    assert back.returncode == 0, back.stderr
    assert "the vault key here is not the one that sealed them" in back.stdout


async def test_a_backup_of_another_release_is_left_to_that_one(
    backups: Backups, empty: str
) -> None:
    name = backups.world.database_name
    await backups.sql(
        name, "INSERT INTO migration (name, app_name) VALUES ('2999-01-01T00:00:00', 'throughcare')"
    )
    path = await backups.make()
    back = await asyncio.to_thread(
        _run,
        "restore",
        str(path),
        "--identity",
        str(backups.key),
        DATABASE_URL=backups.url("owner", empty),
    )
    assert back.returncode == 1
    assert "comes from another release" in back.stderr
    assert await backups.rows(empty) == {}


async def test_one_mistake_ends_a_psql_with_its_reason(backups: Backups) -> None:
    def ask() -> list[str]:
        with Psql(backups.url("owner")) as psql:
            psql.ask("BEGIN; CREATE TABLE half (id int)")
            return psql.ask("SELECT no_such_column FROM agency")

    with pytest.raises(ProgramError, match="no_such_column"):
        await asyncio.to_thread(ask)
    assert "public.half" not in await backups.rows(backups.world.database_name)


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


# the keys, in a file of their own


def _key_files(backups: Backups) -> list[Path]:
    return sorted(backups.folder.glob(archive.KEYS_NAMES))


async def _destroy(backups: Backups, subject: UUID) -> None:
    coordinator = await backups.world.somebody("CO", agency=backups.world.agency)
    await backups.world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, 'CO', now() - interval '1 hour', $2"
        "   FROM plan WHERE id = $1",
        UUID(backups.plan["id"]),
        coordinator.id,
    )
    second = await backups.world.somebody("CO", agency=backups.world.agency)
    await asked(backups.world, backups.plan["id"], second)
    async with database.transaction(coordinator.id):
        await destroy_key(subject)


@pytest.fixture
def later() -> Iterator[Callable[[int], None]]:
    """The clock of the backups: each gets a second of its own."""
    start = clock.now()
    yield lambda hours: clock.travel(lambda: start + timedelta(hours=hours))
    clock.travel(None)


async def test_a_backup_holds_no_key_of_anybody(backups: Backups) -> None:
    path = await backups.make()
    [keys] = _key_files(backups)
    rows = await backups.world.sql("SELECT wrapped FROM subject_key")
    assert len(rows) > 2
    opened = {}
    for file in (path, keys):
        sink = io.BytesIO()
        pyrage.decrypt_io(io.BytesIO(file.read_bytes()), sink, backups.identities)
        _, _, dump = sink.getvalue().partition(b"\n")
        opened[file] = dump
    script = subprocess.run(
        [program("pg_restore"), "-f", "-"], input=opened[path], capture_output=True, check=True
    ).stdout
    for wrapped in (one["wrapped"].hex().encode() for one in rows):
        assert wrapped not in script
        assert wrapped in opened[keys]
        assert wrapped not in keys.read_bytes()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


async def test_who_was_erased_stays_unreadable_in_a_backup_of_before(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    kept = await backups.world.a_plan(
        backups.worker, person={"name": "Canary Kept", "language": "en"}
    )
    old = await backups.make()
    [old_keys] = _key_files(backups)
    wanted = "SELECT person FROM plan WHERE id = $1"
    [gone] = await backups.world.sql(wanted, UUID(backups.plan["id"]))
    await _destroy(backups, gone["person"])
    later(1)
    await backups.make()
    [keys] = _key_files(backups)
    assert keys != old_keys
    assert not old_keys.exists(), "a key that was destroyed lies in no file any more"

    await backups.bring(old, empty)
    await database.disconnect("app")
    await database.connect("app", backups.url("app", empty), size=4)
    fresh = Caller(login=backups.canaries["login"])
    lines = (await _done(fresh.get("/plans")))["plans"]
    assert {line["id"]: line.get("name") for line in lines} == {
        backups.plan["id"]: None,
        kept["id"]: "Canary Kept",
    }
    [left] = await backups.sql(
        empty, "SELECT count(*) FILTER (WHERE wrapped IS NULL), count(*) FROM subject_key"
    )
    assert left[0] == 2, "the person, and who was in their circle alone"
    assert left[1] > 3


async def test_two_files_of_keys_are_kept_and_none_that_holds_a_destroyed_one(
    backups: Backups, later: Callable[[int], None]
) -> None:
    for hour in range(4):
        later(hour)
        await backups.make()
    assert len(_key_files(backups)) == 2
    assert len(list(backups.folder.glob(archive.NAMES))) == 4
    newest_two = _key_files(backups)
    [person] = await backups.world.sql("SELECT id FROM person")
    await _destroy(backups, person["id"])
    assert _key_files(backups) == newest_two
    later(5)
    await backups.make()
    [only] = _key_files(backups)
    assert only not in newest_two
    later(6)
    await backups.make()
    assert len(_key_files(backups)) == 2


async def test_a_file_of_keys_that_is_missing_older_or_another_is_refused(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    await backups.make()
    [first] = _key_files(backups)
    later(1)
    path = await backups.make()
    manifest = archive.inspect(path, backups.identities)
    for keys, told in ((None, "--keys"), (first, "older than the backup"), (path, "no file of k")):
        with pytest.raises(ArchiveError, match=told):
            inspect_keys(keys, backups.identities, manifest)
    with pytest.raises(ArchiveError, match="name the backup beside it"):
        await backups.bring(first, empty)
    whole = newest_keys(path)
    assert whole is not None
    whole.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="cut short or altered"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_a_file_of_keys_that_does_not_know_everybody_is_undone(
    backups: Backups, empty: str
) -> None:
    path = await backups.make()
    [keys] = _key_files(backups)
    told = archive.inspect(keys, backups.identities)
    keys.unlink()
    nobody = Fingerprint(0, hashlib.sha256().hexdigest())
    less = Manifest(archive.FORMAT, told.made_at, told.migration, {archive.KEYS: nobody})
    archive.write(keys, backups.public, less, io.BytesIO())
    with pytest.raises(ArchiveError, match="does not know everybody"):
        await backups.bring(path, empty)
    assert await backups.rows(empty) == {}


async def test_a_backup_of_the_release_before_comes_back_without_whom_was_erased_since(
    backups: Backups, empty: str, later: Callable[[int], None]
) -> None:
    """It holds the keys inside; the newest file of keys takes away whose is destroyed."""
    made = archive.inspect(await backups.make(), backups.identities)
    with Psql(backups.url("backup")) as psql:
        psql.ask(STEADY)
        inside = {**made.tables, archive.KEYS: psql.fingerprint(archive.KEYS)}
    before = Manifest(archive.WITH_KEYS_INSIDE, made.made_at, made.migration, inside)
    path = await _forged(backups, before)
    [person] = await backups.world.sql("SELECT id FROM person")
    await _destroy(backups, person["id"])
    later(1)
    await backups.make()
    await backups.bring(path, empty)
    rows = await backups.sql(empty, "SELECT id FROM subject_key WHERE wrapped IS NULL")
    [member] = await backups.world.sql("SELECT id FROM member")
    assert set(rows) == {(person["id"],), (member["id"],)}


async def test_lines_reach_age_as_they_were_written() -> None:
    lines = [os.urandom(length) + b"\n" for length in (0, 1, 70_000, 3, 200)]
    reader, got = archive.Lines(lines), b""
    while part := reader.read(4096):
        assert len(part) <= 4096
        got += part
    assert got == b"".join(lines)
    assert archive.Lines(lines).read() == b"".join(lines)
