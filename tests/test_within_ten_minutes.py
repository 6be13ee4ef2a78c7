"""What a worker has just done they take back for ten minutes, and it is as if it had not been."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend.database import transaction
from backend.plans import undo
from tests.chats import Chats, at
from tests.releases import a_release, change, is_claimed, on_weekday
from tests.undoing import OTHERS, House, a_house, a_key, later
from tests.world import World, a_day, row

# What each of them may change at all, and what became of it.
ROWS = {
    "SW": (
        *("PLN-05", "VOC-02", "VOC-03", "VOC-04", "VOC-06", "VOC-08", "MEN-03", "MEN-07"),
        *("MEN-09", "MEN-10", "FAM-11", "PRB-05", "PRB-06", "CNS-01", "CNS-02", "HLT-05"),
    ),
    "PO": ("PRB-05", "PRB-06", "PRB-09"),
    "PS": ("HLT-05", "FIN-05"),
    "TR": ("VOC-02", "VOC-03", "VOC-06"),
    "CP": ("CNS-01", "CNS-02"),
}
STATES = ("planned", "in_progress", "done", "not_needed", "declined", "cancelled")
OWN: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    (
        {"state": "in_progress"},
        {"state": "done"},
        {"state": "not_possible", "cause": "service_side"},
    )
)
WANTED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(STATES).map(lambda state: {"state": state}),
    st.sampled_from(
        (
            {"state": "in_progress", "reason": "It was the wrong row."},
            {"state": "done", "known": "document"},
            {"happened": False},
            {"happened": True},
            {"show_court": True},
        )
    ),
    st.integers(0, 20).map(lambda days: {"due_on": days}),
)


def _rows(role: str) -> st.SearchStrategy[tuple[str, str, Any, Mapping[str, Any]]]:
    wanted = WANTED if role == "SW" else OWN
    return st.tuples(st.just("row"), st.just(role), st.sampled_from(ROWS[role]), wanted)


CONTACTS: st.SearchStrategy[tuple[str, str, Any, Mapping[str, Any]]] = st.tuples(
    st.just("contact"),
    st.sampled_from(("SW", "PO", "TR", "PS")),
    st.sampled_from(("reached", "tried")),
    st.just({}),
)
VISITS = st.tuples(
    st.just("visit"),
    st.just("SW"),
    st.dictionaries(st.sampled_from(ROWS["SW"]), st.sampled_from(STATES[2:5]), max_size=3),
    st.sampled_from(({}, {"next_on": 1}, {"next_on": 7})),
)
ACTS = st.one_of(
    *(_rows("SW") for _ in range(4)), *(_rows(role) for role in OTHERS), VISITS, VISITS, CONTACTS
)
_houses = dict[int, House]()


async def _done(house: House, act: tuple[str, str, Any, Mapping[str, Any]]) -> Any:
    """The answer to an act; None where it is refused."""
    kind, role, what, more = act
    of_day = {"due_on", "next_on"}
    more = {name: house.today(value) if name in of_day else value for name, value in more.items()}
    if kind == "row":
        done = await house.change(role, what, **more)
    elif kind == "contact":
        done = await house.contact(role, outcome=what)
    else:
        done = await house.visit(what, **more)
    return done if done.status_code in {200, 201} else None


@given(
    before=st.lists(ACTS, max_size=3),
    acts=st.lists(ACTS, min_size=3, max_size=8),
    jobs=st.booleans(),
)
@settings(
    max_examples=7,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # to shrink a case takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_whatever_is_taken_back_is_as_if_it_had_not_been(
    world: World,
    chats: Chats,
    before: list[tuple[str, str, Any, Mapping[str, Any]]],
    acts: list[tuple[str, str, Any, Mapping[str, Any]]],
    jobs: bool,  # noqa: FBT001 - drawn
) -> None:
    house = _houses.pop(id(world), None) or await a_house(world, chats)
    for act in before:
        await _done(house, act)
        later()
    later(timedelta(minutes=11))  # what stays is said by now
    await chats.round()
    looks, whole = await house.looks(), await house.whole()
    for act in acts:
        later()
        done = await _done(house, act)
        if done is None:
            continue
        if jobs:
            later()
            await chats.round()
        later()
        if act[0] == "row":
            back = await house.undo(act[1], done)
        else:
            back = await house.undo_contact(act[1], done)
        assert back.status_code == 200, (act, back.text)
        if jobs:
            await chats.round()
        now = await house.whole()
        assert now == whole, (act, set(now) ^ set(whole))
    assert await house.looks() == looks
    _houses[id(world)] = house  # as it was: the next example goes on with it


async def test_a_step_that_was_ticked_by_mistake_is_asked_about_as_before(
    world: World, chats: Chats
) -> None:
    house = await a_house(world, chats)
    worker, (id_, version) = house.staff["SW"], await _seen(house, "MEN-09")
    path = f"/milestones/{id_}/undo"
    waiting = "SELECT state FROM message WHERE subject = $1 AND step = 'waits'"
    done = await worker.patch(f"/milestones/{id_}", {"state": "done"}, version=version)
    assert [one["state"] for one in await world.sql(waiting, UUID(id_))] == ["cancelled"]
    assert "no-answer" not in await _kinds_of(house, id_)
    later(timedelta(minutes=9))
    back = await worker.post(path, version=done.json()["version"], key=(key := a_key()))
    assert back.json() == {"id": id_, "version": version + 2}
    assert [one["state"] for one in await world.sql(waiting, UUID(id_))] == ["queued"]
    assert "no-answer" in await _kinds_of(house, id_)
    again = await worker.post(path, version=done.json()["version"], key=key)
    assert (again.status_code, again.json()) == (200, back.json())
    once_more = await worker.post(path, version=version + 2)
    assert (once_more.status_code, once_more.json()["detail"]) == (409, undo.NOTHING)
    # the worker's own history is honest; what is known of the row says that it is known no more
    [event] = (await worker.get(f"/milestones/{id_}/history")).json()
    assert (event["kind"], event["before"], event["after"]) == ("undone", "planned", "done")
    [saying] = (await worker.get(f"/milestones/{id_}")).json()["sayings"]
    assert saying["taken_back"]


async def _seen(house: House, code: str) -> tuple[str, int]:
    found = (await house.rows())[code]
    return str(found["id"]), int(found["version"])


async def _kinds_of(house: House, row_id: str) -> set[str]:
    sql = "SELECT kind FROM task WHERE subject = $1 AND closed_at IS NULL"
    return {one["kind"] for one in await house.world.sql(sql, UUID(row_id))}


async def test_why_something_cannot_be_taken_back_is_said(world: World, chats: Chats) -> None:
    house = await a_house(world, chats)
    worker = house.staff["SW"]
    colleague = house.staff["SW2"] = await world.somebody("CO")
    body = {"role": "CO", "login": colleague.login}
    assert (await worker.post(f"/plans/{house.plan}/circle", body)).status_code == 201

    async def refused(role: str, done: Any, **since: Any) -> tuple[int, str]:
        version = since.get("version", done.json()["version"])
        path = f"/milestones/{done.json()['id']}/undo"
        answer = await house.staff[role].post(path, version=version)
        return answer.status_code, answer.json().get("detail", "")

    done = await house.change("SW", "PLN-05", state="in_progress")
    assert await refused("SW2", done) == (409, undo.OF_ANOTHER)
    assert (await refused("PO", done))[0] == 404
    assert (await refused("SW", done, version=done.json()["version"] - 1))[0] == 412
    later(timedelta(minutes=10))
    assert await refused("SW", done) == (409, undo.LATE)
    later()
    done = await house.change("SW", "PLN-05", state="done")
    later()
    id_, _ = await _seen(house, "PLN-05")
    await is_claimed(world, house.phones["ME"].actor, id_, happened=False)
    _, version = await _seen(house, "PLN-05")
    assert await refused("SW", done, version=version) == (409, undo.SINCE)
    # what came with something else is taken back with that, or there
    later()
    visit = await house.visit({"FIN-05": "done"})
    id_, version = await _seen(house, "FIN-05")
    answer = await worker.post(f"/milestones/{id_}/undo", version=version)
    assert (answer.status_code, answer.json()["detail"]) == (409, undo.NOT_ALONE)
    assert (await house.undo_contact("SW2", visit)).status_code == 403
    assert (await house.undo_contact("PO", visit)).status_code == 404
    said = {"kind": "participation", "language": "en", "answer": "declined"}
    id_, _ = await _seen(house, "VOC-04")
    offer = await worker.post(f"/plans/{house.plan}/consents", {**said, "milestone": id_})
    assert offer.status_code == 201, offer.text
    _, version = await _seen(house, "VOC-04")
    answer = await worker.post(f"/milestones/{id_}/undo", version=version)
    assert (answer.status_code, answer.json()["detail"]) == (409, undo.NOTHING)
    done = await house.change("SW", "HLT-05", state="in_progress")
    seen = (await world.plan(worker, house.plan))["version"]
    paused = await worker.post(f"/plans/{house.plan}/state", {"state": "paused"}, version=seen)
    assert paused.status_code == 200, paused.text
    assert await refused("SW", done) == (409, undo.STILL)
    answer = await house.undo_contact("SW", visit)
    assert (answer.status_code, answer.json()["detail"]) == (409, undo.STILL)
    assert (await house.undo_contact("SW", visit)).status_code == 409  # and nothing of it


async def test_two_wrong_taps_are_taken_back_one_after_the_other(
    world: World, chats: Chats
) -> None:
    house = await a_house(world, chats)
    whole = await house.whole()
    done = [await house.change("SW", "PLN-05", state="in_progress")]
    for wanted in ({"state": "done"}, {"due_on": house.today(9), "state": "in_progress"}):
        later()
        reason = {"reason": "The wrong row."} if len(done) == 2 else {}
        done.append(await house.change("SW", "PLN-05", **wanted, **reason))
    for last in reversed(done):
        later()
        version = (await house.rows())["PLN-05"]["version"]
        path = f"/milestones/{last.json()['id']}/undo"
        back = await house.staff["SW"].post(path, version=version)
        assert back.status_code == 200, back.text
    assert await house.whole() == whole


async def test_good_news_is_told_once_and_only_of_what_stays_done(
    world: World, chats: Chats
) -> None:
    day = on_weekday(3) - timedelta(days=21)
    worker, plan = await a_release(world, on_weekday(3))
    told = await chats.a_member(worker, plan["id"], facts=("good_news",))
    await change(world, worker, plan, "VOC-06", state="planned")

    async def news() -> int:
        await chats.round()
        return sum(one.text.startswith("Good news") for one in await chats.texts(told.phone))

    for minute in (10, 20):
        at(day, 9, minute)
        await change(world, worker, plan, "VOC-06", state="done")
        assert await news() == 0
        found = row(await world.plan(worker, plan["id"]), "VOC-06")
        path = f"/milestones/{found['id']}/undo"
        at(day, 9, minute + 9)
        assert (await worker.post(path, version=found["version"])).status_code == 200
        assert await news() == 0
    at(day, 9, 45)
    assert await news() == 0
    await change(world, worker, plan, "VOC-06", state="done")
    at(day, 9, 54)
    assert await news() == 0
    at(day, 9, 55)
    assert await news() == 1
    at(day, 12)
    assert await news() == 1


async def test_good_news_is_no_news_once_the_step_is_open_again(world: World, chats: Chats) -> None:
    day = on_weekday(3) - timedelta(days=21)
    worker, plan = await a_release(world, on_weekday(3))
    told = await chats.a_member(worker, plan["id"], facts=("good_news",))
    await change(world, worker, plan, "VOC-06", state="planned")
    await change(world, worker, plan, "VOC-06", state="done")
    at(day, 9, 3)
    await change(world, worker, plan, "VOC-06", state="in_progress", reason="The wrong paper.")
    at(day, 9, 30)
    await chats.round()
    assert not (await chats.last(told.phone)).startswith("Good news")


async def test_nobody_hears_good_news_of_what_was_done_and_opened_and_both_taken_back(
    world: World, chats: Chats
) -> None:
    day = on_weekday(3) - timedelta(days=21)
    worker, plan = await a_release(world, on_weekday(3))
    told = await chats.a_member(worker, plan["id"], facts=("good_news",))
    await change(world, worker, plan, "VOC-06", state="planned")
    at(day, 9, 1)
    await change(world, worker, plan, "VOC-06", state="done")
    at(day, 9, 2)
    await change(world, worker, plan, "VOC-06", state="in_progress", reason="The wrong paper.")
    for _ in range(2):
        found = row(await world.plan(worker, plan["id"]), "VOC-06")
        path = f"/milestones/{found['id']}/undo"
        assert (await worker.post(path, version=found["version"])).status_code == 200
    assert row(await world.plan(worker, plan["id"]), "VOC-06")["state"] == "planned"
    at(day, 9, 30)
    await chats.round()
    assert not (await chats.last(told.phone)).startswith("Good news")


async def test_a_visit_ticks_no_step_of_another_plan(world: World) -> None:
    worker = await world.somebody("SW")
    one, other = await world.a_plan(worker), await world.a_plan(worker)
    tick = row(other, "PLN-01")
    ticks = [{"milestone": tick["id"], "version": tick["version"]}]
    card = {"how": "met", "made_on": a_day().isoformat(), "ticks": ticks}
    answer = await worker.post(f"/plans/{one['id']}/visits", card, version=one["version"])
    assert answer.status_code == 404, answer.text
    assert row(await world.plan(worker, other["id"]), "PLN-01")["state"] == tick["state"]
    assert await world.sql("SELECT 1 FROM contact") == []


async def test_nobody_is_reminded_of_a_date_that_can_still_be_taken_back(
    world: World, chats: Chats
) -> None:
    house = await a_house(world, chats)
    person = house.phones["PE"]

    async def reminded() -> bool:
        await chats.round()
        return "tomorrow" in (await chats.last(person.phone)).lower()

    visit = await house.visit({}, next_on=house.today(1))
    assert visit.status_code == 201, visit.text
    assert not await reminded()
    assert (await house.undo_contact("SW", visit)).status_code == 200
    assert (await house.undo_contact("SW", visit)).status_code == 404
    later(timedelta(minutes=11))
    assert not await reminded()
    assert await world.sql("SELECT 1 FROM contact") == []
    await house.visit({}, next_on=house.today(1))
    later(timedelta(minutes=9))
    assert not await reminded()
    later(timedelta(minutes=1))
    assert await reminded()


async def test_who_may_not_know_of_a_change_is_not_hindered_by_it(
    world: World, chats: Chats
) -> None:
    house = await a_house(world, chats)
    # the person's wish for the court, of which an officer hears nothing
    done = await house.change("PO", "PRB-06", state="done")
    later()
    await house.change("SW", "PRB-06", show_court=True)
    assert (await house.undo("PO", done)).status_code == 200
    found = (await house.rows())["PRB-06"]
    assert (found["state"], found["show_court"], found["said_by"]) == ("planned", True, "ME")
    # a row that the officer's call has settled, and that is none of theirs
    later()
    call = await house.contact("PO")
    assert (await house.rows())["MEN-09"]["state"] == "done"
    later()
    await house.change("SW", "MEN-09", state="in_progress", reason="Somebody else called.")
    assert (await house.undo_contact("PO", call)).status_code == 200
    assert (await house.rows())["MEN-09"]["state"] == "in_progress"
    # what has gone out of the actor's own sight by their very act
    await house.change("SW", "VOC-03", state="in_progress")
    later()
    done = await house.change("TR", "VOC-03", state="not_possible", cause="service_side")
    assert await house.version("TR", "VOC-03") == 0
    assert (await house.undo("TR", done)).status_code == 200
    assert await house.version("TR", "VOC-03") > 0


async def test_the_database_lets_nobody_else_and_nobody_later_take_back(
    world: World, chats: Chats
) -> None:
    house = await a_house(world, chats)
    made = UUID((await house.contact("PO")).json()["id"])
    await house.change("SW", "PLN-05", state="done")

    async def as_(role: str, sql: str, *values: object) -> str:
        async with transaction(house.staff[role].id) as held:
            return str(await held.execute(sql, *values))

    gone = "DELETE FROM contact WHERE id = $1"
    unmade = (
        "UPDATE milestone_event SET kind = 'undone', was = NULL, version = 2 WHERE kind = 'state'"
    )
    unsaid = "UPDATE evidence SET taken_back_at = at WHERE message IS NULL AND row_version > 0"
    assert await as_("SW", gone, made) == "DELETE 0"
    assert await as_("PO", unmade) == "UPDATE 1"  # their own, by the call
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_("SW", "UPDATE milestone_event SET kind = 'date', version = 2")
    later(timedelta(minutes=10))
    assert await as_("PO", gone, made) == "DELETE 0"
    assert await as_("SW", unmade) == "UPDATE 0"
    assert await as_("SW", unsaid) == "UPDATE 0"
