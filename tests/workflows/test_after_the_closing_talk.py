"""What is known of a family goes thirty days after the closing talk, while the plan goes on."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from backend import clock, database
from tests.backend import papers
from tests.backend.pages.browser import in_the_circle
from tests.releases import change
from tests.world import Caller, World
from workflows.retain import carry_out
from workflows.terms import RULES

# Of each, what stands against their going: of the first nothing does.
FAMILY = ("who leaves", "who is kept", "who takes part", "who is barred", "who is afraid")


@dataclass
class House:
    """A plan with five of the family, with whom the closing talk was held."""

    world: World
    head: Caller
    worker: Caller
    plan: str
    who: dict[str, str]

    async def talked(self, ago: str) -> None:
        await self.world.sql(f"UPDATE relative SET talked_at = now() - interval '{ago}'")

    async def night(self) -> int:
        async def work() -> dict[str, int]:
            database.act_as("worker")
            async with database.transaction():
                return await carry_out(clock.now(), [one for one in RULES if one.code == "family"])

        return (await database.in_fresh_context(work))["family"]

    async def gone(self) -> set[str]:
        rows = await self.world.sql("SELECT id FROM subject_key WHERE wrapped IS NULL")
        ids = {str(row["id"]) for row in rows}
        return {name for name, id_ in self.who.items() if id_ in ids}

    async def says(self, name: str, **said: object) -> None:
        (row,) = await self.world.sql(
            "SELECT version FROM relative WHERE id = $1::uuid", self.who[name]
        )
        path = f"/relatives/{self.who[name]}"
        answer = await self.worker.patch(path, said, version=row["version"])
        assert answer.status_code == 200, answer.text

    async def ends(self, name: str) -> None:
        circle = (await self.worker.get(f"/plans/{self.plan}")).json()["circle"]
        one = next(one for one in circle if one["actor"] == self.who[name])
        path = f"/mandates/{one['mandate']}/end"
        answer = await self.worker.post(path, version=one["mandate_version"])
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def house(world: World) -> House:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    who = {}
    for number, name in enumerate(FAMILY):
        kin = {"name": name, "relation": "sibling", "alias": f"Kin{'ABCDE'[number]}"}
        who[name] = await in_the_circle(worker, plan["id"], "FA", **kin)
    made = House(world, head, worker, plan["id"], who)
    await world.sql(  # and what a tap of theirs left
        "INSERT INTO contact (id, agency, plan, version, actor, subject, role, how, outcome,"
        " made_on, at) SELECT gen_random_uuid(), agency, id, 1, $1, person, 'FA', 'phone',"
        " 'reached', current_date, now() FROM plan",
        UUID(who["who leaves"]),
    )
    until = {"fact": "release_date", "purpose": "comes along", "until": "2040-01-01"}
    told = {"recipient": who["who leaves"], **until}
    assert (await worker.post(f"/plans/{plan['id']}/disclosures", told)).status_code == 201
    await change(world, worker, plan, "FAM-15", state="planned")
    await change(world, worker, plan, "FAM-15", state="done")
    await made.says("who is kept", kept=True)
    await made.says("who is barred", barred=True)
    flag = {"subject": who["who is afraid"], "words": "Fear at home."}
    assert (await worker.post(f"/plans/{plan['id']}/safety-flags", flag)).status_code == 201
    for name in ("who leaves", "who is kept", "who is afraid"):
        await made.ends(name)
    return made


async def test_only_who_takes_part_no_more_goes_and_only_at_the_term(
    house: House, world: World
) -> None:
    assert await house.night() == 0  # the talk was today
    await house.talked("29 days 23 hours")
    assert await house.night() == 0
    await house.talked("30 days 1 hour")
    assert await house.night() == 1
    assert await house.gone() == {"who leaves"}
    assert await house.night() == 0
    on_map = (await house.worker.get(f"/plans/{house.plan}/relatives")).json()["relatives"]
    assert {one["id"] for one in on_map} == {
        house.who[name] for name in FAMILY if name != "who leaves"
    }
    left = house.who["who leaves"]
    (kept,) = await world.sql(
        "SELECT (SELECT count(*) FROM contact WHERE actor = $1) AS contacts,"
        " (SELECT alias FROM member WHERE id = $1) AS alias,"
        " (SELECT count(*) FROM channel_consent WHERE subject = $1"
        "   AND withdrawn_at IS NOT NULL) AS yes,"
        " (SELECT count(*) FROM disclosure WHERE recipient = $1 AND purpose = ''"
        "   AND sealed_purpose IS NULL) AS told",
        UUID(left),
    )
    assert dict(kept) == {"contacts": 0, "alias": f"gone-{left[:8]}", "yes": 1, "told": 1}


async def test_each_goes_once_nothing_stands_against_it_but_an_order_is_known_on(
    house: House, world: World
) -> None:
    await house.talked("31 days")
    hold = f"/plans/{house.plan}/legal-holds"
    assert (await house.head.post(hold, {"reason": "A complaint."})).status_code == 201
    await house.ends("who takes part")
    await house.says("who is kept", kept=False)
    await world.sql("UPDATE safety_flag SET lowered_at = now(), lowered_by = raised_by")
    assert await house.night() == 0
    await world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
    assert await house.night() == 4
    assert await house.gone() == {*FAMILY} - {"who is barred"}


async def test_what_is_kept_of_an_order_or_of_fear_the_persons_own_file_does_not_betray(
    house: House, world: World
) -> None:
    await house.talked("31 days")
    await house.night()
    mandate = await papers.in_circle(house.worker, house.plan)
    paper = await papers.a_paper(world, house.worker, house.plan, mandate)
    async with await papers.comes_in(paper) as browser:
        file = (await browser.http.get("/file/copy.json")).json()
    assert {one["name"] for one in file["family"]} == {"who is kept", "who takes part"}


async def test_a_talk_that_was_not_held_after_all_begins_no_term(
    house: House, world: World
) -> None:
    anew = {"state": "in_progress", "reason": "It was another family's."}
    await change(world, house.worker, {"id": house.plan}, "FAM-15", **anew)
    assert await world.sql("SELECT 1 FROM relative WHERE talked_at IS NOT NULL") == []


async def test_what_an_old_backup_brings_back_of_such_a_family_lets_the_rest_of_the_plan_be(
    house: House, world: World
) -> None:
    await house.talked("31 days")
    gone = UUID(house.who["who leaves"])
    await world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = $1", gone)
    # as a restore leaves it: the key is gone again, and they go by the name of before
    await world.sql("UPDATE member SET alias = 'KinA' WHERE id = $1", gone)

    async def thinned() -> list[object]:
        database.act_as("worker")
        async with database.transaction() as held:
            return list(await held.fetch("SELECT plans_to_thin_again()"))

    assert await database.in_fresh_context(thinned) == []
    await world.sql("UPDATE relative SET talked_at = NULL WHERE id = $1", gone)
    assert len(await database.in_fresh_context(thinned)) == 1


async def test_neither_the_application_nor_the_jobs_make_the_talk_older_or_a_key_go_sooner(
    house: House,
) -> None:
    one = UUID(house.who["who leaves"])

    async def destroy(role: database.Role) -> object:
        database.act_as(role)
        async with database.transaction() as held:
            await held.execute("SELECT set_config('app.now', '2099-01-01Z', true)")
            return await held.fetchval("SELECT forget_relative($1)", one)

    async def set_back(role: database.Role) -> None:
        database.act_as(role)
        async with database.transaction(house.worker.id) as held:
            await held.execute("UPDATE relative SET talked_at = '2020-01-01Z' WHERE id = $1", one)

    assert await database.in_fresh_context(lambda: destroy("worker")) is False
    for refused in (
        lambda: destroy("app"),
        lambda: set_back("app"),
        lambda: set_back("worker"),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.in_fresh_context(refused)


async def test_the_database_asks_by_itself_who_may_go(house: House, world: World) -> None:
    """Whoever took the jobs' account over is told no for each who stays, and under a hold for all.

    That somebody is afraid is the jobs' own look: to the owner no flag is shown.
    """

    async def destroy() -> dict[str, bool]:
        database.act_as("worker")
        async with database.transaction() as held:
            sql = "SELECT forget_relative($1)"
            return {name: await held.fetchval(sql, UUID(id_)) for name, id_ in house.who.items()}

    await house.talked("31 days")
    hold = f"/plans/{house.plan}/legal-holds"
    assert (await house.head.post(hold, {"reason": "A complaint."})).status_code == 201
    assert not any((await database.in_fresh_context(destroy)).values())
    await world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
    done = await database.in_fresh_context(destroy)
    assert {name for name, gone in done.items() if gone} == {"who leaves", "who is afraid"}
