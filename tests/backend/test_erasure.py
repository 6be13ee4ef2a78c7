"""Who was erased is to everybody like somebody who never was; nothing is erased under a hold."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.actors.actions import destroy_key, unseal_with
from backend.database import transaction
from backend.errors import NotFound, UnderLegalHold
from backend.vault import VaultError
from tests.backend.acts import a_scene
from tests.backend.courts.docket import REFERENCE, Docket, a_docket, join
from tests.backend.duties import asked
from tests.chats import Chats, at
from tests.guards.test_tables import SEALED
from tests.world import Caller, World, row

PROBLEM = "urn:throughcare:problem:"
REASON = "A complaint about this service is before a court."
Opened = dict[tuple[UUID, str], bytes]


@dataclass
class File:
    """A plan of somebody, with its worker and its coordinator."""

    world: World
    head: Caller
    worker: Caller
    plan: str
    asker: Caller | None = None  # another coordinator, who asks for it each time

    async def version(self) -> int:
        rows = await self.world.sql("SELECT version FROM plan WHERE id = $1", UUID(self.plan))
        return int(rows[0]["version"])

    async def person(self) -> UUID:
        rows = await self.world.sql("SELECT person FROM plan WHERE id = $1", UUID(self.plan))
        return UUID(str(rows[0]["person"]))

    async def erase(self, by: Caller | None = None, **more: Any) -> Any:
        more = {"version": await self.version(), **more}
        self.asker = self.asker or await self.world.somebody("CO")
        await asked(self.world, self.plan, self.asker)
        return await (by or self.head).post(f"/plans/{self.plan}/erase", None, **more)

    async def erased(self) -> None:
        answer = await self.erase()
        assert answer.status_code == 200, answer.text

    async def hold(self, **more: Any) -> str:
        body = {"reason": REASON}
        answer = await self.head.post(f"/plans/{self.plan}/legal-holds", body, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def close(self) -> None:
        path, body = f"/plans/{self.plan}/state", {"state": "closed"}
        answer = await self.worker.post(path, body, version=await self.version())
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def file(world: World) -> File:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    return File(world, head, worker, plan["id"], await world.somebody("CO"))


async def _keys(world: World) -> Mapping[UUID, bytes | None]:
    rows = await world.sql("SELECT id, wrapped FROM subject_key")
    return {one["id"]: one["wrapped"] for one in rows}


def _kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


# who may


async def test_a_coordinator_of_the_plan_erases_and_nobody_else(file: File, world: World) -> None:
    officer = await world.somebody("PO")
    await join(world, file.worker, file.plan, officer, "PO")
    before = await _keys(world)
    for other, told in (
        (file.worker, (403, "not-your-role")),
        (officer, (403, "not-your-role")),
        (await world.somebody("AD"), (403, "not-your-role")),
        (await world.somebody("CO"), (404, "not-found")),
    ):
        assert _kind(await file.erase(other)) == told
    assert {**await _keys(world), **before} == await _keys(world)
    assert (await file.erase(version=99)).status_code == 412
    assert (await file.erase()).status_code == 200


async def test_a_coordinator_of_another_agency_with_a_mandate_does_not(
    file: File, world: World
) -> None:
    elsewhere = await world.an_agency(name="Elsewhere")
    other = await world.somebody("CO", agency=elsewhere)
    await join(world, file.worker, file.plan, other, "CO")
    await world.sql(
        "INSERT INTO data_flow (id, agency, version, kind, to_agency, groups, purpose, basis, law,"
        " starts, recorded_at) VALUES (gen_random_uuid(), $1, 1, 'agency', $2, '{circle}', 'care',"
        " 'law', 'Act on Return', $3, $3) RETURNING id",
        world.agency,
        elsewhere,
        clock.now(),
    )
    assert (await other.get(f"/plans/{file.plan}")).status_code == 200
    assert _kind(await file.erase(other)) == (404, "not-found")
    held = await other.get(f"/plans/{file.plan}/legal-holds")
    assert held.status_code == 404


async def test_whoever_erases_has_just_shown_who_they_are(file: File) -> None:
    now = clock.now()
    await file.head.sign_in()
    clock.travel(lambda: now + timedelta(minutes=6))
    assert _kind(await file.erase()) == (403, "prove-again")
    proved = await file.head.post("/account/prove", {"password": "a long enough password"})
    assert proved.status_code == 204, proved.text
    await file.erased()


async def test_nobody_is_erased_while_their_supervision_runs(world: World) -> None:
    head = await world.somebody("CO")
    docket = await a_docket(world)
    file = File(world, head, docket.worker, docket.plan)
    assert _kind(await file.erase()) == (409, "not-from-this-state")
    await file.close()
    await file.erased()


async def test_nobody_is_erased_out_of_anothers_hands(file: File, world: World) -> None:
    person = await file.person()
    await file.close()
    later = await world.somebody("CO")
    opened = await file.worker.post("/plans", {**_a_plan(), "person_id": str(person)})
    assert opened.status_code == 201, opened.text
    second = File(world, later, file.worker, opened.json()["id"])
    answer = await second.erase()
    assert _kind(answer) == (409, "not-from-this-state")
    assert "another plan" in answer.json()["detail"]
    await world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)"
        " SELECT gen_random_uuid(), agency, id, 1, $2, 'CO', now() - interval '1 hour', $2"
        "   FROM plan WHERE id = $1",
        UUID(file.plan),
        later.id,
    )
    await second.erased()
    for who in (file.head, file.worker, later):
        assert (await who.get("/plans")).json()["plans"] == []


def _a_plan() -> dict[str, Any]:
    return {"release_date": "2031-03-03", "certainty": "expected"}


async def test_nobody_is_erased_through_broken_glass(file: File, world: World) -> None:
    alias = (await world.plan(file.worker, file.plan))["alias"]
    guest = await world.somebody("CO")
    wish = await guest.post("/break-glass", {"alias": alias, "reason": "It cannot wait."})
    path = f"/break-glass/{wish.json()['id']}/let"
    assert (await file.head.post(path, None, version=1)).status_code == 200
    assert (await guest.get(f"/plans/{file.plan}")).status_code == 200
    assert _kind(await file.erase(guest)) == (409, "not-from-this-state")
    with pytest.raises(NotFound):  # the database itself
        async with transaction(guest.id):
            await destroy_key(await file.person())


# what it does


async def test_no_value_about_them_opens_any_more_not_even_from_a_copy(
    world: World, chats: Chats
) -> None:
    head = await world.somebody("CO")
    docket = await a_docket(world)
    file = File(world, head, docket.worker, docket.plan)
    person = await file.person()
    members = await _with_everything(file, docket, chats)
    other = await world.a_plan(file.worker, person={"name": "Somebody Else", "language": "en"})
    copy = await _sealed(world)
    subjects = {person, *members}
    before = await _openable(world, copy)
    theirs = {place.split(":")[0] for subject, place in before if subject in subjects}
    assert theirs >= {
        *("person.identity", "member.identity", "incoming.text", "milestone_event.reason"),
        *("appointment.place", "reading.comment", "summary.content", "link.chat"),
        *("court_file.sealed_reference", "legal_hold.reason"),
    }
    await file.close()
    await file.erased()
    after = await _openable(world, copy)
    assert after == {one: value for one, value in before.items() if one[0] not in subjects}
    assert (await world.plan(file.worker, other["id"]))["person"]["name"] == "Somebody Else"


async def _with_everything(file: File, docket: Docket, chats: Chats) -> list[UUID]:
    """Something sealed of every kind, and whose keys they lie under beside the person's."""
    mentor = await chats.a_member(file.worker, file.plan)
    relative = await chats.a_member(file.worker, file.plan, "FA")
    await chats.say(mentor.phone, "Wolkenkuckuck")
    await docket.change("PLN-01", {"state": "done"}, {"state": "in_progress", "reason": "early"})
    day = {"role": "SW", "held_on": "2031-03-03", "held_at": "10:00:00", "place": "Gate"}
    made = await file.worker.post(f"/plans/{file.plan}/appointments", day)
    assert made.status_code == 201, made.text
    assert (await docket.read(comment="Quittenbaum")).status_code == 201
    assert (await docket.issue()).status_code == 201
    ended = await file.head.post(f"/legal-holds/{await file.hold()}/end", None, version=1)
    assert ended.status_code == 200, ended.text
    return [UUID(mentor.actor), UUID(relative.actor)]


async def _sealed(world: World) -> dict[str, bytes]:
    """Every sealed value by its place, as it lies in a backup."""
    found = {}
    for place in sorted(SEALED):
        table, column = place.split(".")
        query = f"SELECT id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL"
        for one in await world.sql(query):
            found[f"{place}:{one['id']}"] = one["sealed"]
    return found


async def _openable(world: World, copy: dict[str, bytes]) -> Opened:
    """What of it opens under anybody's key of today."""
    opened: Opened = {}
    for subject, wrapped in (await _keys(world)).items():
        for place, sealed in copy.items():
            try:
                opened[subject, place] = unseal_with(wrapped, subject, place, sealed)
            except VaultError:
                continue
    return opened


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
                continue  # the other plan of the scene is still theirs
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


async def test_tasks_and_mandates_have_ended_and_its_row_is_in_the_record(
    file: File, world: World
) -> None:
    await world.sql(
        "INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due,"
        " due_at, urgency, opened_at) SELECT gen_random_uuid(), agency, id, 1, 'call-back', '',"
        " 'SW', id, current_date, now(), 0, now() FROM plan WHERE id = $1",
        UUID(file.plan),
    )
    person = await file.person()
    await file.erased()
    tasks = await world.sql("SELECT closed_by, outcome FROM task")
    assert tasks == [{"closed_by": file.head.id, "outcome": "erased"}]
    living = "SELECT 1 FROM mandate WHERE ends IS NULL OR ends > now()"
    assert await world.sql(living) == []
    [told] = await world.sql("SELECT * FROM audit WHERE operation = 'erasePerson'")
    assert (told["actor"], told["plan"], told["object"]) == (file.head.id, UUID(file.plan), person)
    assert (told["role"], told["outcome"]) == ("CO", "done")
    [plan] = await world.sql("SELECT state FROM plan WHERE id = $1", UUID(file.plan))
    assert plan["state"] == "closed"


async def test_the_reason_of_a_wish_about_them_is_gone_and_of_others_stays(
    file: File, world: World
) -> None:
    stranger = await world.somebody("SW")
    alias = (await world.plan(file.worker, file.plan))["alias"]
    for named in (alias, "Somebody"):
        body = {"alias": named, "reason": "Imaginary Person stands at the door."}
        assert (await stranger.post("/break-glass", body)).status_code == 201
    await file.erased()
    wishes = await world.sql("SELECT alias, reason IS NULL AS gone, id, version FROM break_glass")
    assert {one["alias"]: one["gone"] for one in wishes} == {alias: True, "Somebody": False}
    ends = [
        await stranger.post(f"/break-glass/{one['id']}/end", version=one["version"])
        for one in wishes
    ]
    assert [one.status_code for one in ends] == [200, 200]


async def test_where_its_row_cannot_be_written_nobody_is_erased(file: File, world: World) -> None:
    before, version = await _keys(world), await file.version()
    await file.head.sign_in()
    await world.sql("REVOKE INSERT ON audit FROM throughcare_app")
    assert (await file.erase()).status_code == 404
    await world.sql("GRANT INSERT ON audit TO throughcare_app")
    assert (await _keys(world), await file.version()) == (before, version)
    assert (await file.worker.get(f"/plans/{file.plan}")).status_code == 200


async def test_two_at_once_and_a_repeat_are_one_erasure(file: File, world: World) -> None:
    version = await file.version()
    await file.head.sign_in()
    answers = await asyncio.gather(*(file.erase(version=version) for _ in range(4)))
    assert {one.status_code for one in answers} <= {200, 404, 412}
    assert len([one for one in answers if one.status_code == 200]) == 1
    told = await world.sql(
        "SELECT 1 FROM audit WHERE operation = 'erasePerson' AND outcome = 'done'"
    )
    assert len(told) == 1


async def test_a_repeat_with_the_same_key_gets_the_same_answer(file: File) -> None:
    version, key = await file.version(), str(uuid4())
    first = await file.erase(version=version, key=key)
    second = await file.erase(version=version, key=key)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content


async def test_a_large_circle_goes_in_one_go_and_the_eleventh_person_waits(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    files = []
    for _ in range(11):
        plan = await world.a_plan(worker, template="light")
        files.append(File(world, head, worker, plan["id"]))
    for _ in range(12):
        body = {"role": "FA", "name": "Relative", "language": "en"}
        path = f"/plans/{files[0].plan}/circle"
        assert (await worker.post(path, body)).status_code == 201
    for one in files[:10]:
        await one.erased()
    gone = [one for one, wrapped in (await _keys(world)).items() if wrapped is None]
    assert len(gone) == 22
    assert _kind(await files[10].erase()) == (429, "too-many-tries")
    assert (await worker.get(f"/plans/{files[10].plan}")).status_code == 200


# legal hold


async def test_nothing_is_erased_under_a_hold_and_again_once_it_has_ended(
    file: File, world: World
) -> None:
    before = await _keys(world)
    hold = await file.hold()
    assert _kind(await file.erase()) == (409, "under-legal-hold")
    with pytest.raises(UnderLegalHold):  # the database itself
        async with transaction(file.head.id):
            await destroy_key(await file.person())
    assert await _keys(world) == before
    [shown] = (await file.worker.get(f"/plans/{file.plan}/legal-holds")).json()
    assert (shown["id"], shown["reason"], shown["who"]) == (hold, REASON, "Sam")
    ended = await file.head.post(f"/legal-holds/{hold}/end", None, version=1)
    assert ended.status_code == 200, ended.text
    again = await file.head.post(f"/legal-holds/{hold}/end", None, version=2)
    assert _kind(again) == (409, "not-from-this-state")
    assert (await file.worker.get(f"/plans/{file.plan}/legal-holds")).json() == []
    await file.erased()
    told = await world.sql("SELECT operation FROM audit WHERE object = $1 ORDER BY id", UUID(hold))
    assert [one["operation"] for one in told] == ["setLegalHold", "endLegalHold"]


async def test_a_reason_is_for_the_agencys_workers_and_no_reader_beside(
    file: File, world: World
) -> None:
    hold = await file.hold()
    for role in ("PO", "PS", "TR", "CP"):
        who = await world.somebody(role)
        await join(world, file.worker, file.plan, who, role)
        answer = await who.get(f"/plans/{file.plan}/legal-holds")
        assert _kind(answer) == (403, "not-your-role")
        plan = await who.get(f"/plans/{file.plan}")
        assert plan.status_code == 200
        assert "complaint" not in plan.text
    for by, told in ((file.worker, 403), (await world.somebody("CO"), 404)):
        ended = await by.post(f"/legal-holds/{hold}/end", None, version=1)
        assert ended.status_code == told


async def test_a_hold_on_an_earlier_plan_holds_the_person(file: File, world: World) -> None:
    person = await file.person()
    await file.hold()
    await file.close()
    opened = await file.worker.post("/plans", {**_a_plan(), "person_id": str(person)})
    assert opened.status_code == 201, opened.text
    second = File(world, file.head, file.worker, opened.json()["id"])
    assert _kind(await second.erase()) == (409, "under-legal-hold")
    assert row(await world.plan(file.worker, second.plan), "PLN-01")
