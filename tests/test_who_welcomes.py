"""Who of the community welcomes a person: both say yes, either ends it, nobody lists it."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from backend import clock, database
from backend.database import transaction
from tests.backend import papers
from tests.world import Caller, World, row
from workflows.retain import carry_out

CLUB = {
    "kind": "making",
    "name": "Imaginary Repair Cafe",
    "area": "By the river",
    "hours": "Thursday evenings",
    "offers": {"VOC": "mend bicycles with others", "MEN": "tea and company"},
    "contact": {"name": "Invented Warden", "reach": "at the counter"},
}
BOTH: tuple[dict[str, Any], ...] = ({"tell": "name_and_day"}, {"takes_part": True})


async def _club(head: Caller, **values: Any) -> str:
    made = await head.post("/clubs", {**CLUB, **values})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _named(worker: Caller, plan: str, **values: Any) -> str:
    made = await worker.post(f"/plans/{plan}/welcomes", values or {"name": "Invented Neighbour"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _welcomes(reader: Caller, plan: str) -> list[dict[str, Any]]:
    answer = await reader.get(f"/plans/{plan}/welcomes")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["welcomes"]
    return found


async def _says(worker: Caller, who: str, version: int, **values: Any) -> int:
    return (await worker.patch(f"/welcomes/{who}", values, version=version)).status_code


async def _welcomed(worker: Caller, plan: str, **values: Any) -> str:
    who = await _named(worker, plan, **values)
    for version, said in enumerate(BOTH, 1):
        assert await _says(worker, who, version, **said) == 200
    return who


async def _states(world: World, worker: Caller, plan: str) -> tuple[str, str]:
    shown = await world.plan(worker, plan)
    return row(shown, "COM-01")["state"], row(shown, "COM-02")["state"]


async def _keys(world: World, who: str) -> bool:
    (found,) = await world.sql("SELECT wrapped FROM subject_key WHERE id = $1", UUID(who))
    return found["wrapped"] is not None


async def test_a_group_is_listed_by_what_it_is_and_nobody_is_counted_there(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    club = await _club(head)
    [seen] = (await worker.get("/clubs")).json()["clubs"]
    assert seen == {"id": club, "version": 1, "looked_on": seen["looked_on"], **CLUB}
    assert (await worker.post("/clubs", CLUB)).status_code == 403
    for wrong in ({"kind": "church"}, {"offers": {"CNS-X": "prayer"}}, {"offers": {"HLT": "a"}}):
        assert (await head.post("/clubs", {**CLUB, **wrong})).status_code == 422
    changed = {"hours": "Fridays", "contact": {"name": "Invented Host", "reach": "by letter"}}
    assert (await head.patch(f"/clubs/{club}", changed, version=1)).status_code == 200
    [seen] = (await head.get("/clubs")).json()["clubs"]
    assert {name: seen[name] for name in changed} == changed
    away = await world.an_agency(name="Elsewhere")
    assert (await (await world.somebody("CO", agency=away)).get("/clubs")).json()["clubs"] == []
    for role in ("AD", "PO", "PS", "AU"):
        assert (await (await world.somebody(role)).get("/clubs")).status_code == 403
    assert (await head.post(f"/clubs/{club}/end", version=2)).status_code == 200
    assert (await worker.get("/clubs")).json()["clubs"] == []
    assert not await _keys(world, club), "whom to ask is forgotten, in backups too"
    assert (await head.patch(f"/clubs/{club}", changed, version=3)).status_code == 409


async def test_the_step_is_done_once_both_said_yes_and_nobody_is_asked_before_the_person(
    world: World,
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    assert await _states(world, worker, plan) == ("dormant", "dormant")
    who = await _named(worker, plan, club=await _club(head))
    assert await _says(worker, who, 1, takes_part=True) == 422
    assert await _says(worker, who, 1, takes_part=False) == 422
    assert await _says(worker, who, 1, tell="everything") == 422
    assert await _says(worker, who, 1, tell="nothing") == 200
    [seen] = await _welcomes(worker, plan)
    assert (seen["stands"], seen["missing"], seen["tell"]) == (False, ["helper"], "nothing")
    assert await _states(world, worker, plan) == ("dormant", "dormant")
    assert await _says(worker, who, 2, takes_part=True) == 200
    [seen] = await _welcomes(worker, plan)
    assert (seen["stands"], seen["missing"], seen["name"]) == (True, [], CLUB["name"])
    assert await _states(world, worker, plan) == ("done", "planned")
    # the one or the other, and nobody from another list
    for wrong in ({}, {"club": str(who), "name": "Two"}):
        assert (await worker.post(f"/plans/{plan}/welcomes", wrong)).status_code == 422
    nowhere = await worker.post(f"/plans/{plan}/welcomes", {"club": who})
    assert nowhere.status_code == 404


@pytest.mark.parametrize("answer", ["holds", "another", "none"])
async def test_whether_the_link_holds_is_asked_and_each_answer_leaves_the_step_alike(
    world: World, answer: str
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    asked = {"answer": answer}
    early = await worker.post(f"/plans/{plan}/welcomes/check", asked)
    assert early.status_code == 409, "nobody was asked to come"
    who = await _welcomed(worker, plan)
    told = await worker.post(f"/plans/{plan}/welcomes/check", asked)
    assert told.status_code == 200, told.text
    assert await _states(world, worker, plan) == ("done", "done")
    left = [one["id"] for one in await _welcomes(worker, plan)]
    assert left == ([who] if answer == "holds" else [])
    events = await world.sql(
        "SELECT e.kind, e.before, e.after, e.what, e.reason FROM milestone_event e"
        " JOIN milestone m ON m.id = e.milestone WHERE m.code = 'COM-02' ORDER BY e.at, e.after"
    )
    assert {tuple(one.values())[1:] for one in events} == {
        ("dormant", "planned", None, None),
        ("planned", "done", None, None),
    }
    again = await worker.post(f"/plans/{plan}/welcomes/check", asked)
    assert again.status_code == 409
    if answer == "another":
        await _welcomed(worker, plan, name="Another Neighbour")
        assert await _states(world, worker, plan) == ("done", "done")


async def test_either_ends_it_with_one_tap_and_nothing_is_left_of_who_it_was(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    stays = await _named(worker, plan, name="Invented Neighbour")
    goes = await _welcomed(worker, plan, club=await _club(head))
    assert (await worker.post(f"/welcomes/{goes}/end", version=1)).status_code == 412
    assert (await worker.post(f"/welcomes/{goes}/end", version=3)).status_code == 200
    assert [one["id"] for one in await _welcomes(worker, plan)] == [stays]
    assert await world.sql("SELECT id FROM welcome WHERE id = $1", UUID(goes)) == []
    assert not await _keys(world, goes)
    assert await _keys(world, stays)
    # it is nobody's erasure, and takes none of the ten in an hour
    assert await world.sql("SELECT id FROM subject_key WHERE destroyed_at IS NOT NULL") == []
    assert (await worker.post(f"/welcomes/{goes}/end", version=4)).status_code == 404


NO = ("the step", "the pathway", "the pathway, while the step sleeps")


@pytest.mark.parametrize("what", NO)
async def test_a_no_to_the_step_ends_every_welcome_at_once(world: World, what: str) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = await (_named if what == NO[2] else _welcomed)(worker, plan)
    found = row(await world.plan(worker, plan), "COM-01")
    about = {"milestone": found["id"]} if what == NO[0] else {"pathway": "MEN"}
    if what == NO[0]:
        again = {"state": "in_progress", "reason": "The person asks to talk of it."}
        opened = await worker.patch(f"/milestones/{found['id']}", again, version=found["version"])
        assert opened.status_code == 200, opened.text
    no = {"kind": "participation", "answer": "declined", "language": "en", **about}
    said = await worker.post(f"/plans/{plan}/consents", no)
    assert said.status_code == 201, said.text
    assert await _welcomes(worker, plan) == []
    assert not await _keys(world, who)
    if what == NO[0]:
        refused = await worker.post(f"/plans/{plan}/welcomes", {"name": "Somebody"})
        assert refused.status_code == 409, "the person wants none"


async def test_while_a_hold_stands_it_ends_and_is_forgotten_when_the_hold_has_ended(
    world: World,
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    who = await _welcomed(worker, plan)
    held = await head.post(f"/plans/{plan}/legal-holds", {"reason": "a proceeding"})
    assert held.status_code == 201, held.text
    assert (await worker.post(f"/welcomes/{who}/end", version=3)).status_code == 200
    assert await _welcomes(worker, plan) == []
    assert await _keys(world, who)
    await _night()
    assert await _keys(world, who)
    (wish,) = await world.sql("SELECT id FROM legal_hold")
    ended = await head.post(f"/legal-holds/{wish['id']}/end", version=1)
    assert ended.status_code == 200, ended.text
    await _night()
    assert await world.sql("SELECT id FROM welcome") == []
    assert not await _keys(world, who)


async def _night() -> None:
    async def work() -> None:
        database.act_as("worker")
        async with transaction():
            await carry_out(clock.now())

    await database.in_fresh_context(work)


async def test_it_goes_with_the_relatives_of_a_plan_that_is_over_and_with_its_person(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = await _welcomed(worker, plan)
    await world.sql(
        "UPDATE plan SET state = 'closed', closed_at = now() - interval '29 days',"
        " circle_until = now() + interval '1 day'"
    )
    await _night()
    assert await _keys(world, who)
    await world.sql("UPDATE plan SET circle_until = now() - interval '1 minute'")
    await _night()
    assert not await _keys(world, who)
    assert await world.sql("SELECT id FROM welcome") == []
    other = (await world.a_plan(worker))["id"]
    who = await _welcomed(worker, other)
    await world.sql(
        "UPDATE subject_key SET wrapped = NULL WHERE id = (SELECT person FROM plan WHERE id = $1)",
        UUID(other),
    )
    assert not await _keys(world, who)
    assert await world.sql("SELECT id FROM welcome") == []


async def test_nobody_but_the_plans_social_workers_and_the_person_is_shown_any_of_it(
    world: World,
) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    mandate = await papers.in_circle(worker, plan)
    officer = await world.somebody("PO")
    joins = {"role": "PO", "login": officer.login}
    assert (await worker.post(f"/plans/{plan}/circle", joins)).status_code == 201
    club = await _club(head)
    who = await _welcomed(worker, plan, club=club)
    assert await _welcomes(head, plan) == []
    everybody = [head, *[await world.somebody(role) for role in ("SW", "AD", "AU")], officer]
    for one in everybody:
        answer = await one.get(f"/plans/{plan}/welcomes")
        assert answer.status_code in {200, 403, 404}
        assert who not in answer.text
        async with transaction(one.id) as held:
            assert await held.fetch("SELECT 1 FROM welcome") == []
            assert not await held.fetchval("SELECT 1 FROM subject_key WHERE id = $1", UUID(who))
            if one is not head:  # a coordinator may decline the step, and nobody else of these
                await held.execute("SELECT end_welcomes($1, NULL)", UUID(plan))
    # not in a row of theirs, and in no row of the record: which club it is lies sealed
    for table in ("welcome", "audit", "change", "once", "milestone_event", "task"):
        rows = await world.sql(f"SELECT t::text AS row FROM {table} t")
        about = [one["row"] for one in rows if "addClub" not in one["row"]]
        assert not [one for one in about if club in one or str(CLUB["name"]) in one], table
    [seen] = await _welcomes(worker, plan)
    assert (seen["club"], seen["name"]) == (club, CLUB["name"])
    paper = await papers.a_paper(world, worker, plan, mandate)
    async with await papers.comes_in(paper) as browser:
        file = (await browser.http.get("/file/copy.json")).json()
        page = await browser.open("/file")
    assert file["welcomes"] == [{"name": CLUB["name"], "tell": "name_and_day", "stands": True}]
    assert str(CLUB["name"]) in page.words
    assert "both of you said yes" in page.words


async def test_the_database_asks_for_the_persons_yes_first_and_lets_no_machine_speak(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    who = UUID(await _named(worker, plan))
    heard = "UPDATE welcome SET heard_by = $2, heard_at = now() WHERE id = $1"
    agreed = "UPDATE welcome SET tell = 'nothing', agreed_by = $2, agreed_at = now() WHERE id = $1"
    assert worker.id
    another = (await world.somebody("SW")).id
    with pytest.raises(asyncpg.CheckViolationError, match="welcome_asked"):
        await _as(worker, heard, who, worker.id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="whoever heard it"):
        await _as(worker, agreed, who, another)
    await _as(worker, agreed, who, worker.id)
    await _as(worker, heard, who, worker.id)
    (found,) = await world.sql("SELECT may_be_prompted($1) AS open", who)
    assert found["open"] is False
    for sql in (
        "DELETE FROM welcome WHERE id = $1",
        "UPDATE welcome SET ended = true WHERE id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(worker, sql, who)


async def test_a_welcome_goes_with_the_person_of_its_plan_and_with_nobody_elses(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan, other = [(await world.a_plan(worker))["id"] for _ in range(2)]
    named = UUID(await _named(worker, plan))
    copied = (
        "INSERT INTO welcome (id, agency, plan, person, version, who, ended, named_by, named_at)"
        " SELECT $2, w.agency, w.plan, p.person, 1, w.who, false, w.named_by, w.named_at"
        " FROM welcome w, plan p WHERE w.id = $1 AND p.id = $3"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await _as(worker, copied, named, worker.id, UUID(other))
    await _as(worker, copied, named, worker.id, UUID(plan))


async def _as(who: Caller, sql: str, *values: object) -> None:
    async with transaction(who.id) as held:
        await held.execute(sql, *values)
