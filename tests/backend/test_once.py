"""One effect for one Idempotency-Key."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from backend import clock
from tests.backend.acts import FOR_EVERYBODY, OF_ACCOUNT, Act, bare
from tests.backend.scene import Scene, a_scene
from tests.world import Caller, World, a_day

PROBLEM = "urn:throughcare:problem:"
# What these give out is stored hashed or not at all, so no repeat could be answered with it;
# signing out twice does no more than once.
WITHOUT_KEY = {
    "findPerson",
    "previewRelease",
    "previewShape",
    "previewAmnesty",
    "signIn",
    "refreshSession",
    "acceptInvitation",
    "askPasskey",
    "signInWithPasskey",
    "courtToken",
    "signOut",
    *OF_ACCOUNT,
}
UNFIT = ["short", "x" * 65, "with blank", "semi;colon", "a/b/c/d/e", "12345678\t"]


def _writes(scene: Scene) -> list[str]:
    every = [*scene.acts.values(), *FOR_EVERYBODY]
    return [one.operation for one in every if one.method != "GET"]


async def _rows(world: World) -> list[int]:
    counted = "SELECT count(*) FROM change UNION ALL SELECT count(*) FROM once"
    return [one["count"] for one in await world.sql(counted)]


def _a_contact(plan: str) -> Act:
    body = {"how": "phone", "outcome": "tried", "made_on": a_day().isoformat()}
    return Act("logContact", "POST", "/plans/{}/contacts", (plan,), body)


async def test_every_write_asks_for_a_fit_key(world: World) -> None:
    scene = await a_scene(world)
    before = await _rows(world)
    for operation in set(_writes(scene)) - WITHOUT_KEY:
        act, caller = scene.acts[operation], scene.caller(operation)
        version = {"If-Match": f'"{act.seen}"'} if act.changes else {}
        for headers in ({}, *({"Idempotency-Key": key} for key in UNFIT)):
            answer = await bare(caller, act, {**version, **headers})
            assert (answer.status_code, answer.json()["type"]) == (
                400,
                PROBLEM + "idempotency-key-missing",
            ), (operation, headers)
    assert await _rows(world) == before


async def test_every_write_has_one_effect_and_answers_its_repeat_with_the_same_bytes(
    world: World,
) -> None:
    scene = await a_scene(world)
    for operation in _writes(scene):
        if operation in WITHOUT_KEY:
            continue
        act, caller, key = await scene.act(operation), scene.caller(operation), str(uuid4())
        first = await act.by(caller, key=key)
        assert first.status_code in {200, 201}, (operation, first.text)
        before = await _rows(world)
        repeat = await act.by(caller, key=key)
        assert (repeat.status_code, repeat.content) == (first.status_code, first.content), operation
        assert repeat.headers["etag"] == first.headers["etag"]
        assert await _rows(world) == before, operation


async def test_twenty_at_once_have_one_effect_and_twenty_equal_answers(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    act, key = _a_contact(plan), str(uuid4())
    answers = await asyncio.gather(*(act.by(worker, key=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await world.sql("SELECT 1 FROM contact")) == 1
    assert len(await world.sql("SELECT 1 FROM audit WHERE operation = 'logContact'")) == 1
    assert len(await world.sql("SELECT 1 FROM once WHERE operation = 'logContact'")) == 1


async def test_twenty_at_once_open_one_plan(world: World) -> None:
    worker, key = await world.somebody("SW"), str(uuid4())
    await worker.sign_in()
    person = {"name": "Invented Person", "language": "en"}
    body = {"person": person, "release_date": a_day().isoformat(), "certainty": "expected"}
    answers = await asyncio.gather(*(worker.post("/plans", body, key=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    for table in ("plan", "person"):
        assert len(await world.sql(f"SELECT 1 FROM {table}")) == 1


async def test_a_key_with_another_body_version_or_object_is_refused(world: World) -> None:
    worker = await world.somebody("SW")
    plan, other = (await world.a_plan(worker))["id"], (await world.a_plan(worker))["id"]
    key, paused = str(uuid4()), {"state": "paused"}
    first = await worker.post(f"/plans/{plan}/state", paused, key=key, version=1)
    assert first.status_code == 200
    for path, body, version in (
        (f"/plans/{plan}/state", {"state": "closed"}, 1),
        (f"/plans/{plan}/state", paused, 2),
        (f"/plans/{other}/state", paused, 1),
    ):
        answer = await worker.post(path, body, key=key, version=version)
        assert (answer.status_code, answer.json()["type"]) == (
            422,
            PROBLEM + "idempotency-key-reused",
        )
    assert (await worker.post(f"/plans/{plan}/state", paused, key=key, version=1)).content == (
        first.content
    )


async def test_a_key_belongs_to_its_subject_and_its_operation(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    key = str(uuid4())
    mine, theirs = (await world.a_plan(worker))["id"], (await world.a_plan(other))["id"]
    first = await _a_contact(mine).by(worker, key=key)
    second = await _a_contact(theirs).by(other, key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    third = await worker.post(f"/plans/{mine}/state", {"state": "paused"}, key=key, version=1)
    assert third.status_code == 200
    # and with the other's key nobody reaches the other's answer
    stranger = await _a_contact(mine).by(other, key=str(uuid4()))
    assert stranger.status_code == 404
    assert (await _a_contact(mine).by(other, key=key)).status_code == 422


async def test_a_refused_act_leaves_its_key_free(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    key, path, paused = str(uuid4()), f"/plans/{plan}/state", {"state": "paused"}
    for version in (7, 9):  # two different requests with one key: neither has left a trace
        stale = await worker.post(path, paused, key=key, version=version)
        assert stale.status_code == 412
    assert await world.sql("SELECT 1 FROM once WHERE operation = 'changePlanState'") == []
    assert (await worker.post(path, paused, key=key, version=1)).status_code == 200


async def test_what_is_kept_is_id_version_and_status_without_a_body(world: World) -> None:
    worker = await world.somebody("SW")
    person = {"name": "Canary Melusine", "language": "en"}
    body = {"person": person, "release_date": a_day().isoformat(), "certainty": "expected"}
    made = (await worker.post("/plans", body, key="a-key-of-my-own")).json()
    (kept,) = await world.sql("SELECT * FROM once")
    assert "Melusine" not in str(kept)
    asked = kept.pop("asked")
    assert len(asked) == 44
    assert {kept.pop("id"), kept.pop("at")}
    assert kept == {
        "subject": worker.id,
        "operation": "openPlan",
        "key": "a-key-of-my-own",
        "object": (await world.sql("SELECT id FROM plan"))[0]["id"],
        "object_version": made["version"],
        "status": 201,
    }


async def test_a_repeat_is_answered_a_year_later_as_at_first(world: World) -> None:
    worker, key = await world.somebody("SW"), str(uuid4())
    plan = (await world.a_plan(worker))["id"]
    act = _a_contact(plan)
    first = await act.by(worker, key=key)
    await worker.post(f"/plans/{plan}/state", {"state": "closed"}, version=1)
    later = datetime.now(UTC) + timedelta(days=365)
    clock.travel(lambda: later)
    again = await act.by(worker, key=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert len(await world.sql("SELECT 1 FROM contact")) == 1


async def test_the_anonymous_leave_no_key_behind(world: World) -> None:
    await world.an_agency()
    for act in FOR_EVERYBODY:
        await act.by(Caller())
    assert await world.sql("SELECT 1 FROM once") == []
