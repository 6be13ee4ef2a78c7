"""Who is on duty: of one agency, from a start to an end. The database hides nothing here."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock, database, embedded
from backend.agencies.actions import on_duty
from tests.backend.kept import Kept, a_copy
from tests.databases import as_the_owner_of_everything

HOUR = timedelta(hours=1)


@pytest.fixture
async def kept(server: embedded.Server) -> AsyncIterator[Kept]:
    async with a_copy(server) as made:
        await as_the_owner_of_everything(made.world)
        await made.world.sql("DELETE FROM duty_shift")
        yield made


async def _shift(kept: Kept, who: UUID | None, starts: datetime, ends: datetime) -> UUID:
    id_ = uuid4()
    await kept.world.sql(
        "INSERT INTO duty_shift (id, agency, version, staff, starts, ends, place)"
        " SELECT $1, agency, 1, id, $3, $4, 1 FROM staff WHERE id = $2",
        id_,
        who,
        starts,
        ends,
    )
    return id_


async def _put(kept: Kept, staff: list[UUID | None], starts: datetime, ends: datetime) -> int:
    body: dict[str, Any] = {"starts": starts.isoformat(), "ends": ends.isoformat()}
    body["staff"] = [str(one) for one in staff]
    answer = await kept.other.callers["CO"].send("PUT", "/duty-rota", body)
    return answer.status_code


async def test_on_a_rota_are_colleagues_who_work_there(kept: Kept) -> None:
    now = clock.now()
    worker, officer = kept.other.callers["SW"].id, kept.other.callers["PO"].id
    foreign = kept.elsewhere.callers["SW"].id
    assert await _put(kept, [worker, officer], now, now + HOUR) == 200
    assert await _put(kept, [worker, foreign], now, now + HOUR) == 404
    await kept.world.sql("UPDATE staff SET active = false WHERE id = $1", officer)
    assert await _put(kept, [worker, officer], now, now + HOUR) == 404


async def test_a_new_rota_ends_what_overlaps_it_in_its_own_agency_alone(kept: Kept) -> None:
    starts = clock.now() + HOUR
    ends = starts + HOUR
    worker, foreign = kept.other.callers["SW"].id, kept.elsewhere.callers["SW"].id
    before = await _shift(kept, worker, starts - HOUR, starts)
    over = await _shift(kept, worker, starts - HOUR, ends + HOUR)
    after = await _shift(kept, worker, ends, ends + HOUR)
    elsewhere = await _shift(kept, foreign, starts - HOUR, ends + HOUR)
    assert await _put(kept, [worker], starts, ends) == 200
    rows = await kept.world.sql("SELECT id, ends, version FROM duty_shift")
    found = {row["id"]: (row["ends"], row["version"]) for row in rows}
    assert found[over] == (starts, 2)
    assert found[before] == (starts, 1)
    assert found[after] == (ends + HOUR, 1)
    assert found[elsewhere] == (ends + HOUR, 1)
    assert len(found) == 5


async def test_somebody_is_on_duty_from_the_start_to_the_end_and_in_their_agency(
    kept: Kept,
) -> None:
    starts, worker = clock.now() + HOUR, kept.other.callers["SW"].id
    before, ends = timedelta(microseconds=1), starts + HOUR
    await _shift(kept, worker, starts, ends)
    assert kept.world.agency
    for moment, there in (
        *((starts - before, False), (starts, True)),
        *((ends - before, True), (ends, False)),
    ):
        clock.travel(lambda moment=moment: moment)  # type: ignore[misc]
        async with database.transaction():
            assert bool(await on_duty(kept.world.agency)) is there, moment
            assert not await on_duty(uuid4())


async def test_an_account_that_ends_takes_its_own_chat_with_it_and_no_other(kept: Kept) -> None:
    head = kept.other.callers["AD"]
    leaver, stays = await kept.world.somebody("PS"), await kept.world.somebody("PS")
    links = {}
    for who in (leaver, stays):
        invited = await who.post("/invitations", {})
        assert invited.status_code == 201, invited.text
        links[who.id] = UUID(invited.json()["id"])
    act = (await kept.other.act("endAccount")).on(str(leaver.id))
    assert (await act.by(head, version=1)).status_code == 200
    rows = await kept.world.sql("SELECT id, state FROM link")
    states = {row["id"]: row["state"] for row in rows}
    assert states[links[leaver.id]] == "ended"
    assert states[links[stays.id]] == "invited"
    assert (await act.by(head, version=2)).status_code == 404
