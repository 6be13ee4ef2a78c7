"""Words that somebody typed about a person do not stay in the clear once the person is erased."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock
from backend.access import Actor
from backend.database import connection, transaction
from backend.erasure.actions import erase_person
from tests.backend.beside import Beside, a_row_like, has_proved, unguarded
from tests.backend.erasure.files import File
from tests.backend.pages.browser import in_the_circle
from tests.workflows.test_ends import _as_worker
from tests.world import World, a_day

WORDS = "Marta Canary fetches him in Lyon"
ALIAS = "Zinnia"


async def told(file: File, purpose: str = WORDS, *, alias: str = ALIAS) -> tuple[str, str]:
    """A relative who is let know a fact, and the disclosure."""
    relative = await in_the_circle(file.worker, file.plan, "FA", name="Maria Invented", alias=alias)
    until = (a_day() + timedelta(days=30)).isoformat()
    body = {"recipient": relative, "fact": "release_date", "purpose": purpose, "until": until}
    made = await file.worker.post(f"/plans/{file.plan}/disclosures", body)
    assert made.status_code == 201, made.text
    return relative, made.json()["id"]


async def _clear(world: World) -> str:
    """All that a reader of a dump reads without a key."""
    tables = await world.sql(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    return "".join([str(await world.sql(f"SELECT * FROM {one['name']}")) for one in tables])


async def test_what_a_disclosure_is_for_is_in_no_dump_and_no_word_outlives_an_erasure(
    file: File, world: World
) -> None:
    relative, _ = await told(file)
    before = await _clear(world)
    assert "Canary" not in before
    assert ALIAS in before
    await file.erased()
    assert ALIAS not in await _clear(world)
    [row] = await world.sql("SELECT * FROM disclosure")
    assert (row["purpose"], row["sealed_purpose"], row["version"]) == ("", None, 2)
    [gone] = await world.sql("SELECT alias FROM member WHERE id = $1", UUID(relative))
    assert gone["alias"] == f"gone-{relative[:8]}"


async def test_what_an_earlier_release_wrote_in_the_clear_goes_too(
    file: File, world: World
) -> None:
    _, id_ = await told(file)
    await world.sql(
        "UPDATE disclosure SET purpose = $2, sealed_purpose = NULL WHERE id = $1", UUID(id_), WORDS
    )
    other = await world.a_plan(file.worker)
    _, kept = await told(File(world, file.head, file.worker, other["id"]), "the gate")
    await world.sql("UPDATE disclosure SET purpose = 'the gate' WHERE id = $1", UUID(kept))
    await file.erased()
    assert "Canary" not in await _clear(world)
    rows = await world.sql("SELECT purpose FROM disclosure WHERE id = $1", UUID(kept))
    assert rows == [{"purpose": "the gate"}]


async def test_the_word_for_a_relative_goes_with_their_key_after_its_term(
    file: File, world: World
) -> None:
    relative, id_ = await told(file)
    await file.close()
    past = "now() - interval '31 days'"
    await world.sql("ALTER TABLE plan DISABLE TRIGGER USER")
    await world.sql(f"UPDATE plan SET closed_at = {past}, circle_until = now() - interval '1 day'")
    await world.sql("ALTER TABLE plan ENABLE TRIGGER USER")
    await world.sql("UPDATE mandate SET ends = now() WHERE actor = $1", UUID(relative))
    assert await _as_worker("relatives") == {"relatives": 1}
    [row] = await world.sql("SELECT alias FROM member WHERE id = $1", UUID(relative))
    assert row["alias"] == f"gone-{relative[:8]}"
    [one] = await world.sql("SELECT sealed_purpose FROM disclosure WHERE id = $1", UUID(id_))
    assert one["sealed_purpose"] is None  # it may name the relative


@pytest.mark.parametrize("whose", ["the person's", "a relative's"])
async def test_with_a_key_go_the_words_about_its_owner_and_no_others(
    file: File, world: World, whose: str
) -> None:
    """Whatever the owner of the tables may see: what goes is said in the function itself."""
    mother, of_mother = await told(file)
    sibling, of_sibling = await told(file, "the gate", alias="Marigold")
    other = File(world, file.head, file.worker, (await world.a_plan(file.worker))["id"])
    aunt, of_aunt = await told(other)
    for table in ("plan", "member", "disclosure"):
        await world.sql(f"ALTER POLICY owner_sees_gone ON {table} USING (true)")
    for table in ("member", "disclosure"):
        await world.sql(f"ALTER POLICY owner_forgets ON {table} USING (true) WITH CHECK (true)")
    for again in (False, True):  # what is gone already is not written again
        key = mother if whose == "a relative's" else str(await file.person())
        if again:
            await world.sql("UPDATE subject_key SET wrapped = $2 WHERE id = $1", UUID(key), b"x")
        await world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = $1", UUID(key))
        said = {
            str(row["id"]): (row["sealed_purpose"] is not None, row["version"])
            for row in await world.sql("SELECT id, sealed_purpose, version FROM disclosure")
        }
        gone = {of_mother} if whose == "a relative's" else {of_mother, of_sibling}
        stays = {of_mother, of_sibling, of_aunt} - gone
        assert said == {**dict.fromkeys(gone, (False, 2)), **dict.fromkeys(stays, (True, 1))}
        called = {
            str(row["id"]): (row["alias"].startswith("gone-"), row["version"])
            for row in await world.sql("SELECT id, alias, version FROM member")
        }
        hers = (True, 2) if whose == "a relative's" else (False, 1)
        assert called == {mother: hers, sibling: (False, 1), aunt: (False, 1)}


async def test_nobody_else_changes_what_a_disclosure_is_for(file: File, world: World) -> None:
    _, id_ = await told(file)
    person = await file.person()
    for sql in (
        "UPDATE disclosure SET purpose = '' WHERE id = $1",
        "UPDATE disclosure SET purpose = 'x' WHERE id = $1",
        "UPDATE disclosure SET sealed_purpose = NULL WHERE id = $1",
    ):
        await world.sql("UPDATE disclosure SET purpose = 'as it was' WHERE id = $1", UUID(id_))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _bare(file, person, sql, UUID(id_))


async def _bare(file: File, person: UUID, sql: str, *values: object) -> None:
    """A statement in a worker's name, by whoever was let send one."""
    async with transaction(file.worker.id) as held:
        await held.execute("SELECT set_config('app.gone', $1, true)", str(person))
        await held.execute(sql, *values)


async def test_texts_and_flags_of_a_relative_who_stands_by_somebody_else_go_as_well(
    beside: Beside,
) -> None:
    head = beside.actor("CO", session=uuid4())
    async with beside.undone(head) as held:
        version = await _let(held, beside, head)
        [relative] = await held.fetch(
            "SELECT id FROM member WHERE plan = $1 AND role = 'FA' LIMIT 1", beside.plan
        )
        relative = relative["id"]
        await a_row_like("mandate", "ends IS NULL", plan=beside.other, actor=relative, ends=None)
        async with unguarded():
            await held.execute(
                "UPDATE mandate SET person = $2 WHERE plan = $1", beside.other, beside.other_person
            )
        text = await a_row_like("incoming", "text IS NOT NULL", plan=beside.plan, subject=relative)
        other = await a_row_like("incoming", "text IS NOT NULL", plan=beside.other)
        flag = await a_row_like(
            "safety_flag", "content IS NOT NULL", plan=beside.plan, subject=relative
        )
        address = await a_row_like(
            "protected_address", "address IS NOT NULL", plan=beside.plan, subject=relative
        )
        await erase_person(head, beside.plan, version)
        kept = "SELECT wrapped IS NOT NULL FROM subject_key WHERE id = $1"
        assert await held.fetchval(kept, relative)
        for id_, sql in (
            (text, "SELECT text FROM incoming WHERE id = $1"),
            (flag, "SELECT content FROM safety_flag WHERE id = $1"),
            (address, "SELECT address FROM protected_address WHERE id = $1"),
        ):
            assert await held.fetchval(sql, id_) is None, sql
        assert await held.fetchval("SELECT text FROM incoming WHERE id = $1", other)


async def _let(held: Any, beside: Beside, head: Actor) -> int:
    await held.execute("UPDATE legal_hold SET ended_at = set_at, ended_by = set_by")
    await has_proved(head)
    await a_row_like(
        "erasure_wish",
        plan=beside.plan,
        person=beside.person,
        asked_by=beside.actor("CO", beside.kept.other).id,
        asked_at=clock.now(),
        ended_at=None,
        voluntary=False,
    )
    sql = "UPDATE plan SET supervision = false WHERE id = $1 RETURNING version"
    return int(await held.fetchval(sql, beside.plan))


@pytest.mark.parametrize(
    ("table", "column", "over"),
    [("safety_flag", "content", "lowered_at"), ("protected_address", "address", "ended_at")],
)
async def test_the_application_empties_what_is_over_and_writes_no_other_word(
    beside: Beside, table: str, column: str, over: str
) -> None:
    worker = beside.actor("SW")
    for value, ended in (("'\\x01'", "now()"), ("NULL", "NULL")):
        async with beside.undone(worker):
            id_ = await a_row_like(table, f"{column} IS NOT NULL", plan=beside.plan)
            held = connection()
            await held.execute("SET LOCAL ROLE throughcare_app")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
                await held.execute(
                    f"UPDATE {table} SET {column} = {value}, {over} = {ended} WHERE id = $1", id_
                )
