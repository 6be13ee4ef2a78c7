"""A plan passes from one social worker to another, and one can say whose it was on any day."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.handovers.rules import LOOKS_ON, on_day, responsible, spans
from tests.backend.pages.browser import at_the_desk, plain
from tests.chats import Chats, at
from tests.releases import joins, kinds
from tests.world import Caller, World, a_day
from workflows.leavers import leavers

DAY = timedelta(days=1)
BEGIN = datetime(2031, 3, 3, tzinfo=UTC)
WHO = [UUID(int=n) for n in range(1, 4)]
hours = st.integers(-50, 400)


def _at(hour: int) -> datetime:
    return BEGIN + timedelta(hours=hour)


mandates = st.lists(
    st.builds(
        lambda who, starts, lasts: {
            "actor": who,
            "starts": _at(starts),
            "ends": None if lasts is None else _at(starts + lasts),
        },
        st.sampled_from(WHO),
        hours,
        st.none() | st.integers(1, 200),
    ),
    max_size=6,
)
handovers = st.lists(
    st.builds(
        lambda by, to, hour: {"given_by": by, "given_to": to, "at": _at(hour)},
        st.none() | st.sampled_from(WHO),
        st.sampled_from(WHO),
        hours,
    ),
    max_size=5,
)


@given(mandates, handovers)
def test_every_instant_is_in_one_span_and_only_who_may_see_the_plan_is_responsible(
    held: list[dict[str, Any]], given_: list[dict[str, Any]]
) -> None:
    found = spans(held, given_, BEGIN, _at(300))
    assert found[0].starts == BEGIN
    assert found[-1].ends == _at(300)
    for one, after in pairwise(found):
        assert one.ends == after.starts
        assert one.who != after.who
    for one in found:
        assert one.starts < one.ends
        middle = one.starts + (one.ends - one.starts) / 2
        there = {
            m["actor"]
            for m in held
            if m["starts"] <= middle and (m["ends"] is None or m["ends"] > middle)
        }
        assert one.who in there if one.who else one.who is None
        assert responsible(held, given_, middle) == one.who
        given_away = {g["given_by"] for g in given_ if g["at"] <= middle}
        if one.who is None:
            assert there <= given_away


@given(mandates, handovers, st.integers(0, 11))
def test_a_day_is_told_by_the_spans_that_touch_it(
    held: list[dict[str, Any]], given_: list[dict[str, Any]], number: int
) -> None:
    found = spans(held, given_, BEGIN, _at(300))
    day = (BEGIN + number * DAY).date()
    told = on_day(found, day, "UTC")
    for one in found:
        touches = one.starts.date() <= day and (one.ends - timedelta(microseconds=1)).date() >= day
        assert (one in told) is touches


async def _hands(who: Caller, plan: dict[str, Any], to: Caller, **more: Any) -> Any:
    body = {"login": to.login, "words": "They like to be called before noon.", **more}
    return await who.post(f"/plans/{plan['id']}/handovers", body)


async def _spans(who: Caller, plan: dict[str, Any], on: str = "") -> list[str | None]:
    answer = await who.get(f"/plans/{plan['id']}/responsibility{f'?on={on}' if on else ''}")
    assert answer.status_code == 200, answer.text
    return [one.get("who") for one in answer.json()["spans"]]


async def test_the_new_worker_sees_it_at_once_and_the_old_one_for_a_week(world: World) -> None:
    at(a_day(), 9)
    old, new = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(old)
    day = a_day()
    at(day + 3 * DAY, 9)
    assert (await new.get(f"/plans/{plan['id']}")).status_code == 404
    made = await _hands(old, plan, new)
    assert made.status_code == 201, made.text
    assert (await new.get(f"/plans/{plan['id']}")).status_code == 200
    assert "handover" in await kinds(new)
    assert "handover" not in await kinds(old)
    seen = (await new.get(f"/plans/{plan['id']}/responsibility")).json()
    [handed] = seen["handovers"]
    assert handed["words"] == "They like to be called before noon."
    at(day + 9 * DAY, 9)
    assert (await old.get(f"/plans/{plan['id']}")).status_code == 200
    at(day + 10 * DAY, 10)
    assert (await old.get(f"/plans/{plan['id']}")).status_code == 404
    assert await _spans(new, plan) == [str(old.id), str(new.id)]
    assert await _spans(new, plan, str(day + 2 * DAY)) == [str(old.id)]
    assert await _spans(new, plan, str(day + 3 * DAY)) == [str(old.id), str(new.id)]
    assert await _spans(new, plan, str(day + 4 * DAY)) == [str(new.id)]
    taken = await new.post(f"/handovers/{handed['id']}/take", version=1)
    assert taken.status_code == 200, taken.text
    assert "handover" not in await kinds(new)
    again = await new.post(f"/handovers/{handed['id']}/take", version=2)
    assert again.status_code == 409


async def test_a_plan_that_comes_back_is_theirs_without_an_end(world: World) -> None:
    at(a_day(), 9)
    first, second = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(first)
    at(a_day(), 10)
    assert (await _hands(first, plan, second)).status_code == 201
    at(a_day(), 11)
    refused = await _hands(first, plan, first)  # whoever looks on takes nothing back
    assert refused.status_code == 409, refused.text
    assert (await _hands(second, plan, first)).status_code == 201
    at(a_day() + LOOKS_ON + DAY, 9)
    assert (await first.get(f"/plans/{plan['id']}")).status_code == 200
    assert (await second.get(f"/plans/{plan['id']}")).status_code == 404
    assert await _spans(first, plan) == [str(first.id), str(second.id), str(first.id)]


async def test_at_once_the_old_worker_sees_it_no_more(world: World) -> None:
    head, old, new = [await world.somebody(role) for role in ("CO", "SW", "SW")]
    plan = await world.a_plan(old)
    assert (await _hands(head, plan, new, at_once=True)).status_code == 201
    assert (await old.get(f"/plans/{plan['id']}")).status_code == 404
    assert (await new.get(f"/plans/{plan['id']}")).status_code == 200


async def test_only_a_social_worker_of_the_agency_takes_it_and_only_from_another(
    world: World,
) -> None:
    worker, trainer = await world.somebody("SW"), await world.somebody("TR")
    plan = await world.a_plan(worker)
    away = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    for nobody in (trainer, away):
        assert (await _hands(worker, plan, nobody)).status_code == 404
    assert (await _hands(worker, plan, worker)).status_code == 422
    other = await world.somebody("SW")
    assert (await _hands(other, plan, worker)).status_code == 404
    id_ = str(uuid4())
    assert (await _hands(worker, plan, other, id=id_)).status_code == 201
    assert (await _hands(other, plan, worker, id=id_)).status_code == 409
    plan = await world.plan(worker, plan["id"])
    state = {"state": "closed"}
    await worker.post(f"/plans/{plan['id']}/state", state, version=plan["version"])
    assert (await _hands(worker, plan, worker)).status_code == 409


async def test_the_last_social_worker_hands_over_and_does_not_just_leave(world: World) -> None:
    worker, other, head = [await world.somebody(role) for role in ("SW", "SW", "CO")]
    plan = await world.a_plan(worker)
    [mandate] = await world.sql("SELECT id::text, version FROM mandate WHERE actor = $1", worker.id)
    path = f"/mandates/{mandate['id']}/end"
    refused = await head.post(path, version=mandate["version"])
    assert refused.status_code == 409
    assert "hand the plan over" in refused.json()["detail"]
    await joins(world, worker, plan, other, "SW")
    assert (await head.post(path, version=mandate["version"])).status_code == 200
    assert await _spans(head, plan) == [str(worker.id), str(other.id)]


async def test_a_gap_is_shown_and_is_the_coordinators_task(world: World, chats: Chats) -> None:
    at(a_day(), 9)
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = await world.a_plan(worker)
    at(a_day() + DAY, 9)
    await world.sql("UPDATE mandate SET ends = $2 WHERE actor = $1", worker.id, clock.now())
    at(a_day() + DAY, 9)
    for _ in range(2):
        await chats.job(leavers)
    assert (await kinds(head)).count("without-worker") == 1
    assert await _spans(head, plan) == [str(worker.id), None]
    assert await _spans(head, plan, str(a_day())) == [None]
    other = await world.somebody("SW")
    assert (await _hands(head, plan, other)).status_code == 201
    at(a_day(), 10)
    assert await _spans(head, plan) == [str(worker.id), None, str(other.id)]


async def test_nobody_but_the_workers_reads_what_was_handed_on(world: World) -> None:
    worker, new, officer = [await world.somebody(role) for role in ("SW", "SW", "PO")]
    plan = await world.a_plan(worker)
    await joins(world, worker, plan, officer, "PO")
    await _hands(worker, plan, new)
    assert (await officer.get(f"/plans/{plan['id']}/responsibility")).status_code == 403
    [row] = await world.sql("SELECT words FROM handover")
    assert b"noon" not in row["words"]


@pytest.mark.parametrize("at_once", [False, True])
async def test_at_the_desk_one_hands_over_and_the_other_reads(
    world: World, *, at_once: bool
) -> None:
    worker, new = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    desk = await at_the_desk(world, worker)
    path = f"/desk/plans/{plan['id']}"
    page = plain(await desk.open(f"{path}/responsibility"))
    refused = await desk.send(page, f"{path}/handovers", login="nobody.at.all", words="Kept.")
    assert refused.status == 404
    more: dict[str, Any] = {"at_once": "true"} if at_once else {}
    done = await desk.send(
        page, f"{path}/handovers", login=str(new.login), words="Call before noon.", **more
    )
    assert done.status == 200
    other = await at_the_desk(world, new)
    shown = plain(await other.open(f"{path}/responsibility"))
    assert "Call before noon." in shown.words
    [handed] = await world.sql("SELECT id FROM handover")
    taken = plain(await other.send(shown, f"{path}/handovers/{handed['id']}/take"))
    assert "You have it now" in taken.words


def test_who_gave_it_away_and_comes_back_by_a_later_mandate_has_it_like_anybody_else() -> None:
    first, second, _ = WHO
    held = [
        {"actor": first, "starts": _at(0), "ends": _at(10)},
        {"actor": second, "starts": _at(5), "ends": _at(20)},
        {"actor": first, "starts": _at(15), "ends": None},
    ]
    given_ = [{"given_by": first, "given_to": second, "at": _at(5)}]
    found = spans(held, given_, BEGIN, _at(30))
    assert [one.who for one in found] == [first, second, first]


async def test_nobody_before_whom_a_wall_stands_is_given_the_plan(world: World) -> None:
    head, worker, walled = [await world.somebody(role) for role in ("CO", "SW", "SW")]
    plan = await world.a_plan(worker)
    wall = {"kind": "excluded", "login": walled.login}
    assert (await head.post(f"/plans/{plan['id']}/walls", wall)).status_code == 201
    assert (await _hands(head, plan, walled, at_once=True)).status_code == 404
    assert (await worker.get(f"/plans/{plan['id']}")).status_code == 200


async def test_a_plan_whose_only_worker_stands_behind_a_wall_is_without_one(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    head, worker, other = [await world.somebody(role) for role in ("CO", "SW", "SW")]
    plan = await world.a_plan(worker)
    wall = {"kind": "excluded", "login": worker.login}
    assert (await head.post(f"/plans/{plan['id']}/walls", wall)).status_code == 201
    await chats.job(leavers)
    assert "without-worker" in await kinds(head)
    assert (await _hands(head, plan, other)).status_code == 201
    assert "without-worker" not in await kinds(head)


async def test_who_joins_as_social_worker_ends_the_asking_for_one(
    world: World, chats: Chats
) -> None:
    at(a_day(), 9)
    head, worker, other = [await world.somebody(role) for role in ("CO", "SW", "SW")]
    plan = await world.a_plan(worker)
    await world.sql("UPDATE mandate SET ends = $2 WHERE actor = $1", worker.id, clock.now())
    at(a_day(), 10)
    await chats.job(leavers)
    assert "without-worker" in await kinds(head)
    await joins(world, head, plan, other, "SW")
    assert "without-worker" not in await kinds(head)


async def test_messages_name_whoever_it_was_handed_to(world: World, chats: Chats) -> None:
    at(a_day(), 9)
    first, second, third = [await world.somebody("SW") for _ in range(3)]
    plan = await world.a_plan(first)
    at(a_day(), 9, 30)
    await joins(world, first, plan, third, "SW")
    at(a_day(), 10)
    assert (await _hands(first, plan, second)).status_code == 201
    [own] = await world.sql("SELECT alias FROM staff WHERE id = $1", second.id)

    mentor = await chats.a_member(second, plan["id"])
    [welcome] = [text.text for text in await chats.texts(mentor.phone) if own["alias"] in text.text]
    assert welcome
