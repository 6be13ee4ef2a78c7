"""No relative hears from a machine before wish, own yes and safety; an order stops it all."""

import itertools
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from backend.database import transaction
from backend.family import rules
from tests.chats import Chats, at
from tests.releases import a_release, joins, kinds, on_weekday
from tests.world import Caller, World, a_day, row

STEPS: tuple[dict[str, Any], ...] = (
    {"wish": "wanted"},
    {"takes_part": True, "language": "ar"},
    {"safety_asked": True},
)


async def _named(worker: Caller, plan: str, **values: Any) -> str:
    body = {"name": "Imaginary Sister", "relation": "sibling", "wish": "wanted", **values}
    made = await worker.post(f"/plans/{plan}/relatives", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _map(reader: Caller, plan: str) -> dict[str, Any]:
    found = (await reader.get(f"/plans/{plan}/relatives")).json()["relatives"]
    return {one["id"]: one for one in found}


async def _says(worker: Caller, plan: str, who: str, **values: Any) -> int:
    version = (await _map(worker, plan))[who]["version"]
    answer = await worker.patch(f"/relatives/{who}", values, version=version)
    return answer.status_code


async def _joins(worker: Caller, plan: str, who: str) -> str:
    body = {"role": "FA", "relative": who}
    made = await worker.post(f"/plans/{plan}/circle", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def plan_day(plan: dict[str, Any]) -> date:
    return date.fromisoformat(plan["release_date"])


async def _yes(worker: Caller, plan: str, who: str) -> None:
    yes = {"kind": "channel", "subject": who, "channel": "telegram", "language": "ar"}
    assert (await worker.post(f"/plans/{plan}/consents", yes)).status_code == 201


async def _invite(worker: Caller, plan: str, who: str) -> int:
    answer = await worker.post("/invitations", {"plan": plan, "subject": who})
    return answer.status_code


async def _let_be_told(worker: Caller, plan: str, who: str) -> None:
    until = (a_day() + timedelta(days=300)).isoformat()
    body = {"recipient": who, "fact": "release_date", "purpose": "the day", "until": until}
    assert (await worker.post(f"/plans/{plan}/disclosures", body)).status_code == 201


@pytest.mark.parametrize("order", list(itertools.permutations(STEPS)))
async def test_there_is_no_invitation_before_all_three_stand_in_whatever_order(
    world: World, order: tuple[dict[str, Any], ...]
) -> None:
    world.asked = False
    worker, plan = await a_release(world, on_weekday(3))
    id_ = plan["id"]
    body = {"role": "FA", "name": "Imaginary Sister", "relation": "sibling"}
    joined = (await worker.post(f"/plans/{id_}/circle", body)).json()
    circle = (await worker.get(f"/plans/{id_}")).json()["circle"]
    who = next(one["actor"] for one in circle if one["mandate"] == joined["id"])
    await _yes(worker, id_, who)
    for said in order:
        assert await _invite(worker, id_, who) == 422
        assert await _says(worker, id_, who, **said) == 200
    assert await _invite(worker, id_, who) == 201
    seen = (await _map(worker, id_))[who]
    assert (seen["may_be_prompted"], seen["missing"]) == (True, [])


async def test_the_database_asks_for_all_three_and_an_order_comes_before_each_of_them(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = await _named(worker, plan)
    for wish, part, safe, barred, carried in itertools.product(
        (None, *sorted(rules.WISHES)), (None, False, True), (False, True), (False, True),
        (False, True),
    ):  # fmt: skip
        (found,) = await world.sql(
            "WITH changed AS (UPDATE relative SET wish = $2, takes_part = $3,"
            "  safety_asked_at = CASE WHEN $4 THEN now() END,"
            "  barred_at = CASE WHEN $5 THEN now() END WHERE id = $1::text::uuid RETURNING *)"
            " SELECT * FROM changed",
            who, wish, part, safe, barred,
        )  # fmt: skip
        if carried:
            break_ = "ALTER TABLE relative {} TRIGGER relative_stays"
            await world.sql(break_.format("DISABLE"))
            await world.sql("UPDATE relative SET carried = true")
        (asked,) = await world.sql(
            "SELECT may_be_prompted($1::text::uuid) AS open, is_parted($1::text::uuid) AS parted",
            who,
        )
        if carried:
            await world.sql("UPDATE relative SET carried = false")
            await world.sql(break_.format("ENABLE"))
        assert asked["parted"] == rules.is_parted(found)
        # an order and a no come before each of the three, and who was carried was asked for none
        said = carried and wish == "wanted"
        assert asked["open"] == (not rules.is_parted(found) and (said or not rules.missing(found)))


async def test_the_database_lets_no_chat_open_and_queues_nothing_while_the_gate_is_shut(
    world: World, chats: Chats
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    sister = await chats.a_member(worker, plan["id"], "FA")
    await world.sql("UPDATE relative SET safety_asked_at = NULL")
    before = len(await world.sql("SELECT 1 FROM message"))
    await world.sql(
        "INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,"
        " local_due, key, urgent, critical, due_at, expires_at, created_at, state)"
        " SELECT gen_random_uuid(), agency, plan, 1, bot, id, subject, 'x', '', id, now()::date,"
        " 'FAM-HOW', true, false, now(), now(), now(), 'queued' FROM link WHERE subject = $1::uuid",
        sister.actor,
    )
    assert len(await world.sql("SELECT 1 FROM message")) == before
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql("UPDATE link SET state = 'active' WHERE subject = $1::uuid", sister.actor)


async def test_what_was_queued_is_judged_once_more_when_it_is_sent(
    world: World, chats: Chats
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    sister = await chats.a_member(worker, plan["id"], "FA", gate="first")
    heard = len(await chats.texts(sister.phone))
    at(plan_day(plan) - timedelta(days=7), 9)
    await chats.round()
    queued = await world.sql("SELECT state FROM message WHERE key = 'GATE-7-F'")
    assert queued == [{"state": "queued"}]
    await world.sql("UPDATE relative SET safety_asked_at = NULL")  # as if a program had forgotten
    at(plan_day(plan) - timedelta(days=7), 10, 5)
    await chats.round()
    assert len(await chats.texts(sister.phone)) == heard
    judged = await world.sql("SELECT state, reason FROM message WHERE key = 'GATE-7-F'")
    assert judged == [{"state": "cancelled", "reason": "not-asked"}]


async def test_an_order_stops_everything_in_the_same_transaction_and_says_nothing(
    world: World, chats: Chats
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    id_ = plan["id"]
    rows = (await world.plan(worker, id_))["milestones"]
    talk = row({"milestones": rows}, "FAM-05")
    woken = await worker.patch(
        f"/milestones/{talk['id']}", {"state": "planned"}, version=talk["version"]
    )
    assert woken.status_code == 200, woken.text
    await world.sql(  # as an earlier release let one plan it
        "INSERT INTO appointment (id, agency, plan, version, milestone, role, held_on, held_at,"
        " zone, state) SELECT gen_random_uuid(), agency, id, 1, $1::text::uuid, 'SW',"
        " current_date + 900, '10:00', zone, 'scheduled' FROM plan",
        talk["id"],
    )
    sister = await chats.a_member(worker, id_, "FA", gate="first")
    at(plan_day(plan) - timedelta(days=7), 9)
    await chats.round()
    heard = len(await chats.texts(sister.phone))
    assert await _says(worker, id_, sister.actor, barred=True) == 200
    at(plan_day(plan) - timedelta(days=7), 10, 5)
    await chats.round()
    waits = await world.sql(
        "SELECT 1 FROM message WHERE recipient = $1::uuid AND state IN ('queued', 'claimed')",
        sister.actor,
    )
    assert waits == []
    assert len(await chats.texts(sister.phone)) == heard
    left = await world.sql(
        "SELECT (SELECT count(*) FROM link WHERE state <> 'ended') AS chats,"
        " (SELECT count(*) FROM mandate WHERE role = 'FA' AND ends IS NULL) AS mandates,"
        " (SELECT count(*) FROM disclosure WHERE withdrawn_at IS NULL) AS told,"
        " (SELECT count(*) FROM channel_consent WHERE withdrawn_at IS NULL) AS yeses,"
        " (SELECT count(*) FROM member WHERE gate IS NOT NULL) AS gates,"
        " (SELECT count(*) FROM appointment WHERE state = 'scheduled') AS dates"
    )
    assert left == [dict.fromkeys(("chats", "mandates", "told", "yeses", "gates", "dates"), 0)]
    assert row(await world.plan(worker, id_), "FAM-05")["state"] == "not_needed"
    # the chat is a stranger's, and nobody can let it begin again
    await chats.say(sister.phone, "START")
    assert await world.sql("SELECT 1 FROM link WHERE state <> 'ended'") == []
    refused = await worker.post(f"/plans/{id_}/circle", {"role": "FA", "relative": sister.actor})
    assert refused.status_code == 409
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql(
            "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by,"
            " person) SELECT gen_random_uuid(), agency, plan, 1, actor, role, starts, granted_by,"
            " person FROM mandate WHERE role = 'FA'"
        )
    # lifted, nothing begins again by itself
    assert await _says(worker, id_, sister.actor, barred=False) == 200
    seen = (await _map(worker, id_))[sister.actor]
    assert (seen["may_be_prompted"], seen["missing"]) == (False, ["takes_part", "safety"])


async def test_the_rows_of_a_family_go_on_while_somebody_else_of_it_is_there(
    world: World, chats: Chats
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    id_ = plan["id"]
    talk = row(await world.plan(worker, id_), "FAM-05")
    path = f"/milestones/{talk['id']}"
    await worker.patch(path, {"state": "planned"}, version=talk["version"])
    sister = await chats.a_member(worker, id_, "FA")
    await _named(worker, id_, name="Imaginary Mother", relation="parent")
    assert await _says(worker, id_, sister.actor, takes_part=False, language="en") == 200
    assert row(await world.plan(worker, id_), "FAM-05")["state"] == "planned"


async def test_what_they_asked_of_a_human_waits_for_its_answer_and_the_rest_is_closed(
    world: World, chats: Chats
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    sister = await chats.a_member(worker, plan["id"], "FA", gate="first")
    at(plan_day(plan) - timedelta(days=7), 10, 5)
    await chats.round()
    await chats.tap(sister.phone, "No")
    await chats.say(sister.phone, "HELP")
    open_ = await kinds(worker)
    assert {"gate-substitute", "need-help"} <= set(open_)
    assert await _says(worker, plan["id"], sister.actor, barred=True) == 200
    assert "need-help" in await kinds(worker)
    assert "gate-substitute" not in await kinds(worker)


async def test_the_map_is_the_social_workers_and_a_coordinators_behind_broken_glass_alone(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = await _named(worker, plan, wish="not_allowed", children_there=True)
    seen = (await _map(worker, plan))[who]
    assert (seen["wish"], seen["barred"], seen["children_there"]) == ("not_allowed", True, True)
    for role in ("CO", "PO", "TR"):
        colleague = await world.somebody(role)
        joins = {"role": role, "login": colleague.login}
        assert (await worker.post(f"/plans/{plan}/circle", joins)).status_code == 201
        seen_by = await colleague.get(f"/plans/{plan}/relatives")
        assert seen_by.status_code == (200 if role == "CO" else 403)
        assert role != "CO" or seen_by.json() == {"relatives": []}
        change = await colleague.patch(f"/relatives/{who}", {"wish": "wanted"}, version=1)
        assert change.status_code == 403
    # by broken glass
    head = await world.somebody("CO")
    await world.sql(
        "INSERT INTO break_glass (id, agency, version, alias, asked_by, asked_at, let_by, let_at)"
        " SELECT gen_random_uuid(), agency, 1, 'x', $1, now(), $2, now() FROM plan",
        head.id,
        worker.id,
    )
    await world.sql(
        "INSERT INTO mandate (id, agency, plan, version, actor, role, starts, ends, granted_by,"
        " person, glass) SELECT gen_random_uuid(), p.agency, p.id, 1, $1, 'CO',"
        " now() - interval '1 hour', now() + interval '3 hours', $1, p.person, g.id"
        " FROM plan p, break_glass g",
        head.id,
    )
    assert list(await _map(head, plan)) == [who]
    (row_,) = await world.sql("SELECT identity FROM member WHERE role = 'FA'")
    assert b"Sister" not in row_["identity"]


async def test_a_name_goes_with_the_key_and_a_stale_change_is_refused(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = await _named(worker, plan)
    for body in (
        {},
        {"wish": "perhaps"},
        {"relation": "enemy"},
        {"takes_part": True},
        {"language": "ar"},
        {"safety_asked": False},
    ):
        assert await _says(worker, plan, who, **body) == 422, body
    assert await _says(worker, plan, who, relation="friend") == 200
    stale = await worker.patch(f"/relatives/{who}", {"wish": "wanted"}, version=1)
    assert stale.status_code == 412
    other = await world.somebody("SW")
    foreign = await other.patch(f"/relatives/{who}", {"wish": "wanted"}, version=2)
    assert foreign.status_code == 404


async def _carried(world: World, who: str) -> None:
    """As the release before leaves them, which asked nobody."""
    break_ = "ALTER TABLE relative {} TRIGGER relative_stays"
    await world.sql(break_.format("DISABLE"))
    await world.sql(
        "UPDATE relative SET carried = true, takes_part = NULL, safety_asked_at = NULL"
        " WHERE id = $1::text::uuid",
        who,
    )
    await world.sql(break_.format("ENABLE"))


@pytest.mark.parametrize("no", [{"takes_part": False, "language": "ar"}, {"wish": "not_wanted"}])
async def test_who_was_carried_and_said_no_is_asked_everything_when_they_come_back(
    world: World, no: dict[str, Any]
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    who = await _named(worker, plan["id"])
    await _carried(world, who)
    assert (await _map(worker, plan["id"]))[who]["may_be_prompted"] is True
    assert await _says(worker, plan["id"], who, **no) == 200
    back = {"wish": "wanted"} if "wish" in no else {"takes_part": True, "language": "ar"}
    assert await _says(worker, plan["id"], who, **back) == 200
    seen = (await _map(worker, plan["id"]))[who]
    assert seen["may_be_prompted"] is False
    assert "safety" in seen["missing"]


async def test_who_was_carried_and_left_the_circle_is_asked_when_they_come_back(
    world: World,
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    who = await _named(worker, plan["id"])
    mandate = await _joins(worker, plan["id"], who)
    await _carried(world, who)
    assert (await worker.post(f"/mandates/{mandate}/end", None, version=1)).status_code == 200
    await _joins(worker, plan["id"], who)
    seen = (await _map(worker, plan["id"]))[who]
    assert (seen["may_be_prompted"], seen["missing"]) == (False, ["takes_part", "safety"])


async def test_who_is_on_the_map_alone_is_there_for_those_who_read_it_even_past_the_program(
    world: World,
) -> None:
    worker, plan = await a_release(world, on_weekday(3))
    known = "SELECT alias FROM member WHERE id = $1::text::uuid"
    who = await _named(worker, plan["id"])
    others = {role: await world.somebody(role) for role in ("TR", "PO", "CO")}
    for role, one in others.items():
        await joins(world, worker, plan, one, role)

    async def rows(reader: Caller) -> int:
        assert reader.id
        async with transaction(reader.id) as raw:
            return len(await raw.fetch(known, who))

    assert [await rows(one) for one in (worker, *others.values())] == [1, 0, 0, 0]
    await _joins(worker, plan["id"], who)
    assert [await rows(one) for one in (worker, *others.values())] == [1, 1, 1, 1]
