"""What an erasure takes away for good, and what it ends."""

from datetime import timedelta
from uuid import UUID

import pytest

from backend import clock
from backend.actors.actions import unseal_with
from backend.vault import VaultError
from tests.backend.courts.docket import Docket, a_docket
from tests.backend.erasure.files import File, keys_of
from tests.chats import Chats
from tests.databases import as_the_owner_of_everything
from tests.guards.test_tables import SEALED
from tests.world import World

Opened = dict[tuple[UUID, str], bytes]


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
    for subject, wrapped in (await keys_of(world)).items():
        for place, sealed in copy.items():
            try:
                opened[subject, place] = unseal_with(wrapped, subject, place, sealed)
            except VaultError:
                continue
    return opened


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


async def test_the_reason_of_a_wish_in_another_agency_stays(file: File, world: World) -> None:
    """A plan there has the same alias: each agency gives its own."""
    await as_the_owner_of_everything(world)  # who else sees both
    alias = (await world.plan(file.worker, file.plan))["alias"]
    await world.sql(
        "WITH elsewhere AS (INSERT INTO agency SELECT (jsonb_populate_record(a, jsonb_build_object("
        " 'id', gen_random_uuid(), 'name', 'Elsewhere'))).* FROM agency a LIMIT 1 RETURNING id)"
        " INSERT INTO break_glass (id, agency, version, alias, reason, asked_by, asked_at)"
        " SELECT gen_random_uuid(), e.id, 1, $1, '\\x01', s.id, now()"
        " FROM elsewhere e, staff s LIMIT 1",
        alias,
    )
    await file.erased()
    [wish] = await world.sql("SELECT reason FROM break_glass")
    assert wish["reason"] is not None


@pytest.mark.parametrize(("age", "days"), [(16, 915), (40, 1830)])
async def test_what_proves_it_goes_when_it_would_have_gone_with_a_closing(
    file: File, age: int, days: int
) -> None:
    born = f"{clock.now().year - age}-01-01"
    told = {"name": "Imaginary Person", "language": "en", "birth_date": born}
    file.plan = (await file.world.a_plan(file.worker, person=told))["id"]
    await file.erased()
    [row] = await file.world.sql("SELECT * FROM plan WHERE id = $1", UUID(file.plan))
    assert row["proof_until"] - row["closed_at"] == timedelta(days=days)


async def test_a_closing_before_says_when_it_goes_and_an_erasure_no_other_day(file: File) -> None:
    await file.close()
    [before] = await file.world.sql("SELECT * FROM plan WHERE id = $1", UUID(file.plan))
    await file.erased()
    [after] = await file.world.sql("SELECT * FROM plan WHERE id = $1", UUID(file.plan))
    for day in ("closed_at", "keep_until", "circle_until", "proof_until"):
        assert after[day] == before[day] is not None, day
