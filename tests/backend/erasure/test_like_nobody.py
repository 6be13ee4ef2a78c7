"""Who was erased is to everybody like somebody who never was."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from tests.backend.courts.docket import REFERENCE, a_docket, join
from tests.backend.erasure.files import File
from tests.backend.scene import a_scene
from tests.chats import Chats, at
from tests.world import World


async def test_a_relatives_chat_hears_nothing_more_and_is_a_strangers(
    file: File, world: World, chats: Chats
) -> None:
    at(clock.today("Africa/Tunis") + timedelta(days=1), 11)  # within the hours of sending
    relative = await chats.a_member(file.worker, file.plan, "FA")
    another = File(world, file.head, file.worker, (await world.a_plan(file.worker))["id"])
    other = await chats.a_member(file.worker, another.plan, "FA")
    for one in (file, another):
        await one.close()  # thanks wait for everybody in the circle
    heard, heard_too = await chats.texts(relative.phone), await chats.texts(other.phone)
    await file.erased()
    await chats.round()
    assert await chats.texts(relative.phone) == heard
    assert len(await chats.texts(other.phone)) == len(heard_too) + 1
    stranger = await chats.phones.phone("nobody")
    for text in ("hello", "STOP", "/start " + "x" * 43):
        assert await chats.say(relative.phone, text) == await chats.say(stranger, text)
    rows = await world.sql("SELECT state, reason FROM message WHERE key = 'CLOSE' AND plan = $1",
        UUID(file.plan))  # fmt: skip
    assert rows == [{"state": "cancelled", "reason": "erased"}]
    links = await world.sql(
        "SELECT state, chat, chat_index, token, pin FROM link WHERE plan = $1", UUID(file.plan)
    )
    assert {tuple(one.values()) for one in links} == {("ended", None, None, None, None)}


async def test_to_everybody_they_are_like_somebody_who_never_was(world: World) -> None:
    scene = await a_scene(world)
    docket = scene.docket
    file = File(world, scene.callers["CO"], docket.worker, docket.plan)
    ended = await file.head.post(f"/legal-holds/{scene.acts['endLegalHold'].ids[0]}/end", version=1)
    assert ended.status_code == 200, ended.text
    await file.close()
    await file.erased()
    own = {"endDevice", "endBreakGlass"}  # one's own account, one's own wish
    walked = 0
    for operation, act in scene.acts.items():
        if not act.ids or operation in own or docket.plan != (await _plan_of(world, act.ids[0])):
            continue
        for who in scene.callers.values():
            erased = await act.by(who)
            never = await act.on(str(uuid4())).by(who)
            assert _bytes(erased) == _bytes(never), (operation, erased.text)
            walked += 1
    assert walked > 60
    for role in ("SW", "CO", "PO"):
        who, newcomer = scene.callers[role], await world.somebody(role)
        for path in ("/plans", "/tasks"):
            mine = _bytes(await who.get(path))
            if role != "PO" and path == "/plans":
                continue  # the other plans of the scene are still theirs
            if role != "PO":
                tasks = (await who.get(path)).json()["tasks"]
                assert all(one.get("plan") != str(docket.plan) for one in tasks)
                continue
            assert mine == _bytes(await newcomer.get(path)), (role, path)
    listed = await docket.court.list(REFERENCE)
    assert _bytes(listed) == _bytes(await docket.court.list("never was"))


async def _plan_of(world: World, id_: str) -> str | None:
    """Whose row this is."""
    rows = await world.sql(
        "SELECT plan FROM change WHERE entity_id = $1 UNION SELECT id FROM plan WHERE id = $1",
        UUID(id_),
    )
    return str(rows[0]["plan"]) if rows else None


def _bytes(answer: Any) -> tuple[Any, ...]:
    kept = {k: v for k, v in answer.headers.items() if k not in {"date", "x-request-id"}}
    return answer.status_code, answer.content, kept


async def test_a_courts_reference_may_be_anothers_afterwards(world: World) -> None:
    head = await world.somebody("CO")
    docket = await a_docket(world)
    file = File(world, head, docket.worker, docket.plan)
    other = await world.a_plan(docket.worker)
    await join(world, docket.worker, other["id"], docket.officer, "PO")
    bind = {"client": str(docket.court.id), "reference": REFERENCE}
    path = f"/plans/{other['id']}/court-files"
    assert (await docket.officer.post(path, bind)).status_code == 409
    await file.close()
    await file.erased()
    assert (await docket.officer.post(path, bind)).status_code == 201
