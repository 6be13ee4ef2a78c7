"""Who may destroy a key, one at a time; and what meets a destroyed one goes on without it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import database
from backend.access import Actor
from backend.actors.actions import destroy_key
from backend.database import act_as, in_fresh_context, transaction
from backend.errors import NotFound, TooManyTries
from backend.messages.incoming import list_incoming
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.backend.duties import asked, asked_for_all
from tests.backend.scene import a_scene
from tests.chats import Chats
from tests.world import Caller, World, row


async def _coordinated(world: World, **person: Any) -> tuple[Caller, Caller, dict[str, Any], UUID]:
    """A worker and a coordinator with a plan, and whose plan it is."""
    agency = world.agency or await world.an_agency()
    coordinator = await world.somebody("CO", agency=agency)
    worker = await world.somebody("SW", agency=agency)
    plan = await world.a_plan(worker, person={"name": "Zwunderlich", "language": "en", **person})
    [row] = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    return coordinator, worker, plan, row["person"]


async def _joins(worker: Caller, plan: dict[str, Any], role: str, **more: Any) -> UUID:
    id_ = uuid4()
    body = {"role": role, "name": "Bramarbas", "language": "en", "id": str(id_), **more}
    answer = await worker.post(f"/plans/{plan['id']}/circle", body)
    assert answer.status_code == 201, answer.text
    return id_


async def _destroy(who: Caller, subject: UUID) -> None:
    async with transaction(who.id):
        await destroy_key(subject)


async def _keys(world: World) -> Mapping[UUID, bytes | None]:
    return {r["id"]: r["wrapped"] for r in await world.sql("SELECT id, wrapped FROM subject_key")}


async def test_a_coordinator_of_the_plan_destroys_one_key_and_no_other(world: World) -> None:
    coordinator, worker, plan, person = await _coordinated(world)
    mentor, relative = [await _joins(worker, plan, role) for role in ("ME", "FA")]
    await asked_for_all(world, await world.somebody("CO"))
    before = await _keys(world)
    await _destroy(coordinator, mentor)
    assert await _keys(world) == {**before, mentor: None}
    await _destroy(coordinator, person)
    everybody = {person: None, mentor: None, relative: None}
    assert await _keys(world) == {**before, **everybody}, "the circle goes with its person"
    rows = await world.sql("SELECT id FROM subject_key WHERE destroyed_at IS NOT NULL")
    assert {row["id"] for row in rows} == everybody.keys()
    with pytest.raises(NotFound):
        await _destroy(coordinator, person)


async def test_nobody_else_destroys_it(world: World) -> None:
    coordinator, worker, _, person = await _coordinated(world)
    others = [worker, await world.somebody("CO"), await world.somebody("AD"), Caller(uuid4())]
    others.append(await world.somebody("CO", agency=await world.an_agency(name="Elsewhere")))
    await asked_for_all(world, others[1])
    before = await _keys(world)
    for other in others:
        with pytest.raises(NotFound):
            await _destroy(other, person)
    for subject in (uuid4(), worker.id, coordinator.id):
        assert subject is not None
        with pytest.raises(NotFound):
            await _destroy(coordinator, subject)
    await world.sql(
        "UPDATE mandate SET starts = now() - interval '2 days', ends = now() - interval '1 second'"
        " WHERE actor = $1",
        coordinator.id,
    )
    with pytest.raises(NotFound):
        await _destroy(coordinator, person)
    assert await _keys(world) == before


async def test_the_database_itself_asks_for_the_second_person(world: World) -> None:
    coordinator, _, plan, person = await _coordinated(world)
    second, before = await world.somebody("CO"), await _keys(world)
    with pytest.raises(NotFound):  # nobody has asked for it
        await _destroy(coordinator, person)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # nobody asks in another's name
        await _ask_as(coordinator, second, plan["id"])
    await _ask_as(coordinator, coordinator, plan["id"])
    with pytest.raises(NotFound):  # and nobody lets their own
        await _destroy(coordinator, person)
    wish = UUID(await asked(world, plan["id"], second))
    await _as(coordinator, "UPDATE erasure_wish SET ended_at = now() WHERE id = $1", wish)
    for again in ("ended_at = NULL", "version = version + 1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # what was refused stays so
            await _as(coordinator, f"UPDATE erasure_wish SET {again} WHERE id = $1", wish)
    with pytest.raises(NotFound):
        await _destroy(coordinator, person)
    assert await _keys(world) == before
    await asked(world, plan["id"], second)
    await _destroy(coordinator, person)


async def test_a_wish_for_the_voluntary_part_opens_no_way_to_the_persons_key(world: World) -> None:
    coordinator, worker, plan, person = await _coordinated(world)
    lawyer = await _joins(worker, plan, "LR", standing="lawyer", matters=["plan"])
    mentor = await _joins(worker, plan, "ME")
    await asked(world, plan["id"], await world.somebody("CO"), voluntary=True)
    for kept in (person, lawyer):
        with pytest.raises(NotFound):
            await _destroy(coordinator, kept)
    await _destroy(coordinator, mentor)


async def _as(who: Caller, sql: str, *values: object) -> None:
    async with transaction(who.id) as held:
        await held.execute(sql, *values)


async def _ask_as(who: Caller, asker: Caller, plan: str) -> None:
    await _as(
        who,
        "INSERT INTO erasure_wish (id, agency, plan, version, person, asked_by, asked_at)"
        " SELECT gen_random_uuid(), agency, id, 1, person, $1, now() FROM plan WHERE id = $2",
        asker.id,
        UUID(plan),
    )


async def test_no_role_changes_the_keys_of_everybody_at_once(world: World) -> None:
    await _coordinated(world)

    async def spoil(role: database.Role) -> None:
        act_as(role)
        async with transaction() as held:
            await held.execute("UPDATE subject_key SET wrapped = NULL")

    before = await _keys(world)
    for role in ("app", "worker"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await in_fresh_context(lambda role=role: spoil(role))  # type: ignore[misc]
    assert await _keys(world) == before


async def test_ten_people_in_an_hour_are_the_most_whatever_the_caller_says_of_the_time(
    world: World,
) -> None:
    coordinator, worker, _, person = await _coordinated(world)
    members = [uuid4() for _ in range(10)]
    for member in members:
        other = (await world.a_plan(worker, template="light"))["id"]
        body = {"role": "FA", "name": "Relative", "language": "en", "id": str(member)}
        assert (await worker.post(f"/plans/{other}/circle", body)).status_code == 201
    await asked_for_all(world, await world.somebody("CO"))
    for member in members:
        await _destroy(coordinator, member)
    with pytest.raises(TooManyTries):
        await _destroy(coordinator, person)
    async with transaction(coordinator.id) as held:
        await held.execute("SELECT set_config('app.now', '2031-01-01Z', true)")
        with pytest.raises((TooManyTries, NotFound)):
            await destroy_key(person)
        await held.execute("ROLLBACK; BEGIN")
    assert (await _keys(world))[person] is not None
    await world.sql("UPDATE subject_key SET destroyed_at = destroyed_at - interval '1 hour'")
    await _destroy(coordinator, person)


# what meets a destroyed key


async def _erase(world: World, *kinds: str) -> None:
    await world.sql(
        "UPDATE subject_key SET wrapped = NULL, destroyed_at = now()"
        " WHERE id IN (SELECT id FROM actor WHERE kind = ANY($1))",
        list(kinds),
    )


async def test_a_plan_goes_on_without_the_name_of_who_was_erased(world: World) -> None:
    _, worker, plan, _ = await _coordinated(world)
    where = f"/plans/{plan['id']}"
    mentor = {"role": "ME", "name": "Bramarbas", "language": "en"}
    assert (await worker.post(f"{where}/circle", mentor)).status_code == 201
    day = {"role": "SW", "held_on": plan["release_date"], "held_at": "10:00:00", "place": "Gate"}
    assert (await worker.post(f"{where}/appointments", day)).status_code == 201
    first = row(plan, "PLN-01")
    for body in ({"state": "done"}, {"state": "in_progress", "reason": "Quittenbaum"}):
        seen = row(await world.plan(worker, plan["id"]), "PLN-01")
        path = f"/milestones/{first['id']}"
        assert (await worker.patch(path, body, version=seen["version"])).status_code == 200
    await _erase(world, "person")
    shown = await world.plan(worker, plan["id"])
    assert "person" not in shown
    assert [one.get("place") for one in shown["appointments"]] == [None]
    assert "Bramarbas" in {one["name"] for one in shown["circle"]}
    history = (await worker.get(f"/milestones/{first['id']}/history")).json()
    assert "Quittenbaum" not in str(history)
    await _erase(world, "member")
    shown = await world.plan(worker, plan["id"])
    assert "Bramarbas" not in str(shown)
    assert len(shown["circle"]) == 3


async def test_a_court_hears_of_who_was_erased_what_it_hears_of_nobody(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    unknown = [
        await docket.court.list("never was"),
        await docket.court.pull("never was", id_),
    ]
    await _erase(world, "person")
    for answer, expected in zip(
        [await docket.court.list(REFERENCE), await docket.court.pull(REFERENCE, id_)],
        unknown,
        strict=True,
    ):
        assert answer.status_code == 404
        assert answer.content == expected.content
    rows = await world.sql(
        "SELECT outcome, plan FROM audit WHERE actor = $1 ORDER BY at DESC LIMIT 4",
        docket.court.id,
    )
    assert [(one["outcome"], one["plan"]) for one in rows] == [("not-found", None)] * 4


async def test_a_text_of_who_was_erased_is_gone_and_a_new_one_is_not_kept(
    world: World, chats: Chats
) -> None:
    _, worker, plan, _ = await _coordinated(world)
    mentor = await chats.a_member(worker, plan["id"], name="Bramarbas")
    await chats.say(mentor.phone, "Wolkenkuckuck")
    who = Actor(worker.id or uuid4(), "staff", "SW", world.agency)
    assert [one.text for one in await list_incoming(who)] == ["Wolkenkuckuck"]
    await _erase(world, "member")
    assert await list_incoming(who) == []
    # what they still write is kept by nobody, and holds nobody up
    await chats.say(mentor.phone, "hello again")
    waiting = await world.sql(
        "SELECT 1 FROM incoming_update WHERE handled_at IS NULL OR failed_at IS NOT NULL"
    )
    assert waiting == []
    assert len(await world.sql("SELECT 1 FROM incoming WHERE text IS NOT NULL")) == 1


async def test_no_door_fails_over_a_destroyed_key(world: World) -> None:
    scene = await a_scene(world)
    await _erase(world, "person", "member")
    answers = {one: (await scene.carry_out(one)).status_code for one in scene.acts}
    assert len(answers) > 30
    assert {one: status for one, status in answers.items() if status >= 500} == {}
