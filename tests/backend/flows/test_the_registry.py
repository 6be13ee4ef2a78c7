"""The registry itself: how it begins, and whose it is."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import clock, database
from tests.backend.flows.abroad import LAW, a_plan_abroad, what_is_sent
from tests.world import Caller, World


async def test_an_agency_begins_with_entries_that_wait_to_be_confirmed(world: World) -> None:
    abroad = await a_plan_abroad(world)
    flows = await abroad.flows()
    kinds = sorted((flow["kind"], flow.get("to_role")) for flow in flows)
    assert kinds == sorted(
        [("chat", "FA"), ("chat", "ME"), ("chat", "PE"), ("court", None), ("person", None)],
        key=lambda one: (one[0], one[1] or ""),
    )
    assert all(flow["opens"] and not flow["confirmed"] for flow in flows)
    [court] = [flow for flow in flows if flow["kind"] == "court"]
    me, url = str(abroad.head.id), f"/flows/{court['id']}/confirm"
    for body, status in (
        ({"responsible": me}, 422),
        ({"responsible": me, "law": "Act on Return"}, 422),
        ({"responsible": str(abroad.officer.id), **LAW}, 404),
        ({"responsible": me, **LAW}, 200),
    ):
        answer = await abroad.head.post(url, body, version=1)
        assert answer.status_code == status, answer.text
    assert (await abroad.head.post(url, {"responsible": me, **LAW}, version=2)).status_code == 409
    [court] = [flow for flow in await abroad.flows() if flow["kind"] == "court"]
    assert (court["confirmed"], court["law"], court["responsible"]) == (True, LAW["law"], me)
    told = await world.sql("SELECT operation FROM audit WHERE object = $1", UUID(court["id"]))
    assert [one["operation"] for one in told] == ["confirmFlow"]


async def test_the_registry_of_another_agency_is_nobodys(world: World) -> None:
    abroad = await a_plan_abroad(world)
    theirs = await world.somebody("AD", agency=abroad.there)
    [own, *_] = await abroad.flows()
    url = f"/flows/{own['id']}"
    never = await theirs.post(f"/flows/{uuid4()}/end", version=1)
    assert what_is_sent(await theirs.post(url + "/end", version=1)) == what_is_sent(never)
    confirmed = await theirs.post(url + "/confirm", {"responsible": str(theirs.id)}, version=1)
    assert confirmed.status_code == 404
    assert own["id"] not in (await theirs.get("/flows")).text
    for role, status in (("CO", 200), ("AU", 200), ("SW", 403), ("PO", 403)):
        who = await world.somebody(role)
        assert (await who.get("/flows")).status_code == status, role
        assert (await who.post(url + "/end", version=1)).status_code == 403
    async with database.transaction(theirs.id) as held:
        sql = "UPDATE data_flow SET ended_at = now(), ended_by = $2 WHERE id = $1"
        assert await held.execute(sql, UUID(own["id"]), theirs.id) == "UPDATE 0"
    async with database.transaction(abroad.docket.worker.id) as held:
        assert await held.fetchval("SELECT count(*) FROM data_flow") == 0
    for values, status in (
        ({"to_agency": str(uuid4())}, 404),
        ({"to_agency": str(world.agency)}, 422),
        ({"to_agency": None}, 422),
        ({"court": str(uuid4())}, 422),
        ({"kind": "court", "to_agency": None, "court": str(uuid4()), "groups": ["summary"]}, 404),
        ({"kind": "chat", "to_agency": None, "to_role": "CO", "groups": ["messages"]}, 422),
        ({"responsible": str(theirs.id)}, 404),
    ):
        body = {
            "kind": "agency", "to_agency": str(abroad.there), "groups": ["alias"],
            "purpose": "care", "basis": "law", **LAW, "responsible": str(abroad.head.id),
        }  # fmt: skip
        answer = await abroad.head.post("/flows", {**body, **values})
        assert answer.status_code == status, (values, answer.text)


async def test_the_walls_of_the_registry_stand_alone(world: World) -> None:
    abroad = await a_plan_abroad(world)
    theirs = await world.somebody("AD", agency=abroad.there)
    [own, *_] = await abroad.flows()
    add = (
        "INSERT INTO data_flow (id, agency, version, kind, groups, purpose, basis, starts,"
        " recorded_at, recorded_by) VALUES (gen_random_uuid(), $1, 1, 'person', '{alias}', 'care',"
        " 'own_right', $2, $2, $3)"
    )
    await world.sql("ALTER POLICY app_reads ON data_flow USING (true)")
    for who in (theirs, await world.somebody("CO"), abroad.docket.worker, Caller(uuid4())):
        async with database.transaction(who.id) as held:
            sql = "UPDATE data_flow SET version = 2 WHERE id = $1"
            assert await held.execute(sql, UUID(own["id"])) == "UPDATE 0"
        for by in (abroad.head.id, None) if who.login else (abroad.head.id,):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.transaction(who.id) as held:
                    await held.execute(add, world.agency, clock.now(), by)
    async with database.transaction(abroad.head.id) as held:
        await held.execute(add, world.agency, clock.now(), abroad.head.id)
    # and nothing is ever changed of what it says, nor deleted
    for sql in ("UPDATE data_flow SET groups = '{identity}'", "DELETE FROM data_flow"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(abroad.head.id) as held:
                await held.execute(sql)
