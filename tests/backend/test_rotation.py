"""A master key is replaced while everybody goes on: nothing is lost, wherever it is broken off."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import database
from backend.actors.actions import use_vault, vault
from backend.database import act_as, in_fresh_context
from backend.keyring import Keyring
from backend.migrate import role_name
from backend.rewrap import Users, rewrap, users
from backend.settings import ROOT
from backend.vault import Vault, version_of
from tests import forks
from tests.world import World

OLD = Keyring.single(bytes(range(32)))
BOTH = Keyring({1: bytes(range(32)), 2: bytes(range(32, 64))}, OLD.index)
NEW = Keyring({2: BOTH.keys[2]}, OLD.index)


@pytest.fixture(autouse=True)
def _own_vault() -> Iterator[None]:
    kept = vault()
    yield
    use_vault(kept)


@pytest.fixture
async def owner(world: World) -> AsyncIterator[None]:
    url = world.server.url(role_name("owner"), world.database_name)
    await database.connect("owner", url, size=4, only=False)
    yield
    await database.disconnect("owner")


async def _rewrap() -> tuple[int, int]:
    async def work() -> tuple[int, int]:
        act_as("owner")
        return await rewrap(Vault(BOTH))

    return await in_fresh_context(work)


async def _users() -> dict[int, Users]:
    async def work() -> dict[int, Users]:
        act_as("worker")
        return dict(await users())

    return await in_fresh_context(work)


async def _many(world: World, count: int) -> dict[UUID, bytes]:
    """So many individuals with keys of the old ring."""
    made = {(id_ := uuid4()): Vault(OLD).new_key(id_) for _ in range(count)}
    held = await asyncpg.connect(world.server.url(database=world.database_name))
    try:
        await held.execute(
            "INSERT INTO actor (id, kind, created_at)"
            " SELECT i, 'member', now() FROM unnest($1::uuid[]) AS i",
            list(made),
        )
        await held.copy_records_to_table(
            "subject_key", records=list(made.items()), columns=["id", "wrapped"]
        )
    finally:
        await held.close()
    return made


async def _moved(world: World) -> int:
    rows = await world.sql("SELECT wrapped FROM subject_key WHERE wrapped IS NOT NULL")
    return sum(version_of(row["wrapped"]) == 2 for row in rows)


@pytest.mark.usefixtures("owner")
async def test_a_rotation_beside_running_writes_loses_no_name(world: World) -> None:
    there = [OLD]
    use_vault(Vault(OLD, lambda: there[0]))  # the running API, told of nothing
    worker = await world.somebody("SW")
    await _many(world, 2000)
    names: list[str] = []
    ended = asyncio.Event()

    async def write() -> None:
        while not ended.is_set():
            name = f"Imaginary {len(names)}"
            await world.a_plan(worker, person={"name": name, "language": "en"})
            assert (await worker.get("/plans")).status_code == 200
            names.append(name)

    writing = asyncio.create_task(write())
    while not names:  # noqa: ASYNC110 - it is watched like another process
        await asyncio.sleep(0.01)
    there[0] = BOTH
    before = len(names)
    while len(names) < before + 4:
        assert (await _rewrap())[1] == 0
        await asyncio.sleep(0.01)
    ended.set()
    await writing
    await _rewrap()
    assert (await _users()).keys() == {2}
    use_vault(Vault(NEW))  # the old key is gone
    lines = (await worker.get("/plans?limit=50")).json()["plans"]
    assert sorted(line["name"] for line in lines) == sorted(names)
    use_vault(Vault(OLD))  # and whoever has it alone opens nothing
    refused = await worker.get("/plans?limit=50")
    assert refused.status_code == 500
    assert "Imaginary" not in refused.text


@pytest.mark.usefixtures("owner")
async def test_two_at_once_wrap_every_key_once(world: World) -> None:
    made = await _many(world, 3000)
    both = await asyncio.gather(_rewrap(), _rewrap())
    assert sum(done for done, _ in both) == 3000
    assert await _users() == {2: Users(3000, 0)}
    for row in await world.sql("SELECT id, wrapped FROM subject_key LIMIT 50"):
        sealed = Vault(OLD).seal(row["id"], made[row["id"]], "t.c:1", b"value")
        assert Vault(NEW).unseal(row["id"], row["wrapped"], "t.c:1", sealed) == b"value"


@pytest.mark.usefixtures("owner")
async def test_a_key_that_does_not_open_is_left_alone_and_counted(world: World) -> None:
    made = await _many(world, 3)
    spoilt, gone, _ = made
    await world.sql("UPDATE subject_key SET wrapped = '\\x0100' WHERE id = $1", spoilt)
    await world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = $1", gone)
    assert await _rewrap() == (1, 1)
    assert await _users() == {1: Users(1, 0), 2: Users(1, 0)}
    rows = await world.sql("SELECT wrapped FROM subject_key WHERE id = ANY($1)", [spoilt, gone])
    assert {row["wrapped"] for row in rows} == {b"\x01\x00", None}


async def test_what_waits_under_an_old_key_is_counted_until_it_was_handled(world: World) -> None:
    await world.an_agency()
    await world.sql(
        "INSERT INTO incoming_update (id, bot, number, received_at, sealed, handled_at)"
        " SELECT gen_random_uuid(), id, n, now(), $1, CASE n WHEN 2 THEN now() END"
        "   FROM bot, generate_series(1, 2) AS n",
        Vault(OLD).seal_own("inbox", "t.c:1", b"value"),
    )
    assert await _users() == {1: Users(0, 1)}


# the command


class Keys:
    def __init__(self, world: World, ring: Path) -> None:
        self.env = {
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": world.server.url(database=world.database_name),
            "WORKER_DATABASE_URL": world.server.url(role_name("worker"), world.database_name),
            "VAULT_KEY_FILE": str(ring),
        }

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(ROOT / "throughcare.py"), "keys", *words],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def run(self, *words: str, code: int = 0) -> str:
        done = await asyncio.to_thread(forks.run, ["keys", *words], self.env)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr


async def test_a_rotation_that_is_killed_half_way_goes_on_where_it_was(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "ring").write_text(OLD.text())
    keys = Keys(world, tmp_path / "ring")
    made = await _many(world, 5_000)
    await world.sql(  # on a quick machine too there is a half way
        "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_sleep(0.001); RETURN NULL; END $$"
    )
    await world.sql("GRANT EXECUTE ON FUNCTION rest TO PUBLIC")
    await world.sql(
        "CREATE TRIGGER rest BEFORE UPDATE ON subject_key FOR EACH STATEMENT"
        " EXECUTE FUNCTION rest()"
    )
    await keys.run("add", str(tmp_path / "both"))
    (tmp_path / "ring").write_text((tmp_path / "both").read_text())
    running = await asyncio.to_thread(keys.start, "rotate")
    while running.poll() is None and not await _moved(world):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    await asyncio.to_thread(running.communicate)
    assert running.returncode == -signal.SIGKILL
    await world.sql("DROP TRIGGER rest ON subject_key")
    half = await _moved(world)
    assert 0 < half < len(made)
    assert half % 500 == 0  # whole batches
    assert "older keys are still needed" in await keys.run("drop", str(tmp_path / "new"), code=1)
    assert not (tmp_path / "new").exists()
    assert f"{len(made) - half} keys were wrapped anew" in await keys.run("rotate")
    assert await _moved(world) == len(made)


async def test_from_a_new_key_to_the_end_of_the_old_one(world: World, tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    ring.write_text(OLD.text())
    keys = Keys(world, ring)
    made = await _many(world, 10)
    said = await keys.run("status")
    assert "key 1 (wraps what is new): 10 keys, 0 values that wait" in said
    assert OLD.fingerprint in said

    both = tmp_path / "both"
    await keys.run("add", str(both))
    assert both.stat().st_mode & 0o777 == 0o400
    assert "never overwritten" in await keys.run("add", str(both), code=1)
    ring.write_text(both.read_text())
    said = await keys.run("status")
    assert "key 1 (old): 10 keys" in said
    assert "key 2 (wraps what is new): 0 keys" in said
    await keys.run("rotate")
    assert "key 1 (old): 0 keys" in await keys.run("status")

    alone = tmp_path / "alone"
    assert "keys 2" in await keys.run("drop", str(alone))
    left = Keyring.read(alone.read_text())
    assert (set(left.keys), left.index) == ({2}, OLD.index)
    for row in await world.sql("SELECT id, wrapped FROM subject_key"):
        sealed = Vault(OLD).seal(row["id"], made[row["id"]], "t.c:1", b"value")
        assert Vault(left).unseal(row["id"], row["wrapped"], "t.c:1", sealed) == b"value"
    # a process that has the wrong ring is told so
    ring.write_text(OLD.text())
    assert "key 2 (NOT IN THE RING): 10 keys" in await keys.run("status")


async def test_nothing_that_is_said_holds_a_key(world: World, tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    ring.write_text(BOTH.text())
    keys = Keys(world, ring)
    await _many(world, 3)
    said = [await keys.run(*words) for words in (("status",), ("rotate",))]
    said.append(await keys.run("add", str(tmp_path / "more")))
    for line in (tmp_path / "more").read_text().split():
        secret = line.partition(":")[2]
        assert not [one for one in said if secret[:12] in one]
