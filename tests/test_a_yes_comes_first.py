"""Nobody is invited to a chat before a human asked them and they said yes."""

from datetime import timedelta
from typing import Any

from tests.chats import Chats
from tests.releases import a_release, kinds, on_weekday
from tests.world import Caller, World, a_day


async def _somebody(world: World) -> tuple[Caller, dict[str, Any], str]:
    """A worker, a plan, and a relative of its circle whom nobody has asked."""
    worker, plan = await a_release(world, on_weekday(3))
    added = await worker.post(
        f"/plans/{plan['id']}/circle", {"role": "FA", "language": "en", "name": "Relative"}
    )
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    return worker, plan, next(m["actor"] for m in circle if m["mandate"] == added.json()["id"])


async def _invite(worker: Caller, plan: dict[str, Any], actor: str) -> int:
    answer = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
    return answer.status_code


async def test_without_a_yes_to_messages_there_is_no_invitation(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    assert await _invite(worker, plan, actor) == 422
    assert await world.sql("SELECT 1 FROM link") == []


async def test_a_yes_that_was_taken_back_is_none(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    given = (await worker.post(f"/plans/{plan['id']}/consents", yes)).json()["id"]
    assert await _invite(worker, plan, actor) == 201
    assert (await worker.post(f"/consents/{given}/withdraw", {})).status_code == 200
    assert await _invite(worker, plan, actor) == 422
    await worker.post(f"/plans/{plan['id']}/consents", yes)
    assert await _invite(worker, plan, actor) == 201


async def test_a_phone_that_nobody_called_begins_nothing_once_the_yes_is_taken_back(
    world: World, chats: Chats
) -> None:
    worker, plan, actor = await _somebody(world)
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    for steps in (1, 2):  # who has the paper alone; who has the PIN too, and waits for the call
        given = (await worker.post(f"/plans/{plan['id']}/consents", yes)).json()["id"]
        invited = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
        phone = await chats.phones.phone(f"finder {steps}")
        for words in (f"/start {invited.json()['payload']}", invited.json()["pin"])[:steps]:
            await chats.say(phone, words)
        assert (await worker.post(f"/consents/{given}/withdraw", {})).status_code == 200
        said = len(await chats.texts(phone))
        await chats.say(phone, "START")
        await chats.say(phone, invited.json()["pin"])
        links = await world.sql("SELECT state, pin, token FROM link")
        assert links == [{"state": "ended", "pin": None, "token": None}] * steps
        assert all("not connected" in one.text for one in (await chats.texts(phone))[said:])
    standing = "SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL"
    assert await world.sql(standing) == []
    assert "confirm-link" not in await kinds(worker)


async def test_a_phone_that_stopped_before_anybody_called_begins_nothing_by_a_word(
    world: World, chats: Chats
) -> None:
    worker, plan, actor = await _somebody(world)
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    await worker.post(f"/plans/{plan['id']}/consents", yes)
    invited = await worker.post("/invitations", {"plan": plan["id"], "subject": actor})
    phone = await chats.phones.phone("finder")
    await chats.open(phone, invited.json())
    await world.sql("UPDATE link SET state = 'stopped'")  # as an earlier release left it
    await chats.say(phone, "START")
    assert await world.sql("SELECT state FROM link") == [{"state": "stopped"}]


async def test_to_take_a_yes_back_is_to_take_all_of_it_back(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    until = (a_day() + timedelta(days=30)).isoformat()
    told = {"recipient": actor, "fact": "release_date", "purpose": "the day", "until": until}
    other = {**told, "fact": "good_news"}
    for path, bodies in (("consents", [yes, yes]), ("disclosures", [told, told, other])):
        made = [
            (await worker.post(f"/plans/{plan['id']}/{path}", body)).json()["id"] for body in bodies
        ]
        assert (await worker.post(f"/consents/{made[1]}/withdraw", {})).status_code == 200
    assert await world.sql("SELECT 1 FROM channel_consent WHERE withdrawn_at IS NULL") == []
    left = await world.sql("SELECT fact FROM disclosure WHERE withdrawn_at IS NULL")
    assert left == [{"fact": "good_news"}]
    assert await _invite(worker, plan, actor) == 422


async def test_to_take_one_persons_yes_back_leaves_that_of_others(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    added = {"role": "FA", "language": "en", "name": "Another"}
    await worker.post(f"/plans/{plan['id']}/circle", added)
    circle = (await worker.get(f"/plans/{plan['id']}")).json()["circle"]
    both = [m["actor"] for m in circle if m["role"] == "FA"]
    other = next(one for one in both if one != actor)
    until = (a_day() + timedelta(days=30)).isoformat()
    made = {}
    for who in both:
        yes = {"kind": "channel", "subject": who, "channel": "telegram", "language": "en"}
        told = {"recipient": who, "fact": "release_date", "purpose": "the day", "until": until}
        for path, body in (("consents", yes), ("disclosures", told)):
            answer = await worker.post(f"/plans/{plan['id']}/{path}", body)
            made[who, path] = answer.json()["id"]
    for path in ("consents", "disclosures"):
        await worker.post(f"/consents/{made[actor, path]}/withdraw", {})
    left = "SELECT {} FROM {} WHERE withdrawn_at IS NULL"
    for column, table in (("subject", "channel_consent"), ("recipient", "disclosure")):
        rows = await world.sql(left.format(f"{column}::text AS who", table))
        assert rows == [{"who": other}]


async def test_to_take_a_yes_back_on_one_plan_leaves_that_on_another(world: World) -> None:
    worker, plan, actor = await _somebody(world)
    other = (await world.a_plan(worker))["id"]
    until = (a_day() + timedelta(days=30)).isoformat()
    yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
    told = {"recipient": actor, "fact": "release_date", "purpose": "the day", "until": until}
    for path, body, table in (
        ("consents", yes, "channel_consent"),
        ("disclosures", told, "disclosure"),
    ):
        made = (await worker.post(f"/plans/{plan['id']}/{path}", body)).json()["id"]
        # of the person, who has one plan after the other
        names = [
            row["name"]
            for row in await world.sql(
                "SELECT column_name::text AS name FROM information_schema.columns"
                " WHERE table_name = $1",
                table,
            )
        ]
        changed = {"id": "gen_random_uuid()", "plan": "$1::text::uuid"}
        values = ", ".join(changed.get(name, name) for name in names)
        await world.sql(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}", other
        )
        assert (await worker.post(f"/consents/{made}/withdraw", {})).status_code == 200
        left = await world.sql(f"SELECT plan::text FROM {table} WHERE withdrawn_at IS NULL")
        assert left == [{"plan": other}]
