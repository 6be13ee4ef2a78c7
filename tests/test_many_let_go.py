"""One decision lets many go: looked at first, a row for each, and a crash goes on where it was."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.amnesty import actions, printing
from backend.amnesty.rules import MOST_LINES, Known, Malformed, key_of, match, read_lines
from backend.plans.actions.unplanned import collapse
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.printed import pages
from tests.chats import Chats, at
from tests.releases import a_phone_of, kinds, leave
from tests.world import Caller, World, a_day
from workflows.let_many_go import let_many_go
from workflows.rounds import PassedOver


async def _plans(world: World, many: int) -> tuple[Caller, Caller, list[dict[str, Any]]]:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plans = [
        await world.a_plan(
            worker,
            person={"name": f"Imaginary {n}", "language": "en", "file_number": f"K-{n:03}/b"},
        )
        for n in range(many)
    ]
    return head, worker, plans


async def _look(head: Caller, *lines: str) -> dict[str, Any]:
    answer = await head.post("/amnesties/preview", {"references": "\n".join(lines)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _go(head: Caller, *lines: str, found: int, left: bool = False, status: int = 201) -> None:
    body = {"references": "\n".join(lines), "found": found, "left": left}
    answer = await head.post("/amnesties", body)
    assert answer.status_code == status, answer.text


async def _is_let_go(world: World, worker: Caller, plan: dict[str, Any]) -> bool:
    found = await world.plan(worker, plan["id"])
    today = found["release_date"] == a_day().isoformat()
    assert today is ("UNP-01" in {one["code"] for one in found["milestones"]}), "all or nothing"
    return today


async def test_a_look_says_of_each_line_whom_it_names_and_does_nothing(world: World) -> None:
    head, worker, plans = await _plans(world, 5)
    first, second, out, back, still = plans
    paused = await worker.post(f"/plans/{still['id']}/state", {"state": "paused"}, version=1)
    assert paused.status_code == 200, paused.text
    for plan in (out, back):
        await leave(world, worker, plan)
    version = (await world.plan(worker, back["id"]))["version"]
    assert (await worker.post(f"/plans/{back['id']}/return", version=version)).status_code == 200
    before = await world.sql("SELECT id, version FROM plan ORDER BY id")
    seen = await _look(
        head,
        "File number;Name",
        "k-000/B;left out",
        second["id"],
        first["alias"],
        out["alias"].upper(),
        back["alias"],
        "Z-999",
        still["alias"],
    )
    assert seen["found"] == 2
    assert [(one["line"], one["outcome"]) for one in seen["lines"]] == [
        (2, "found"),
        (3, "found"),
        (4, "twice"),
        (5, "out"),
        (6, "came_back"),
        (7, "not_found"),
        (8, "paused"),
    ]
    assert seen["lines"][0]["alias"] == first["alias"]
    assert await world.sql("SELECT id, version FROM plan ORDER BY id") == before


async def test_each_is_let_go_with_one_page_for_duty_and_a_task_for_each_worker(
    world: World, chats: Chats
) -> None:
    head, worker, plans = await _plans(world, 3)
    phone = await a_phone_of(chats, head)
    mother = await chats.a_member(worker, plans[0]["id"], "FA")
    lines = [one["alias"] for one in plans[:2]]
    heard = len(await chats.texts(mother.phone))
    await _go(head, *lines, found=2)
    assert await kinds(head) == ["let-go", "let-go"]
    assert await chats.job(let_many_go) == 2
    for plan in plans[:2]:
        assert await _is_let_go(world, worker, plan)
    assert not await _is_let_go(world, worker, plans[2])
    assert await kinds(head) == ["many-let-go"]
    assert await kinds(worker) == ["unplanned-release"] * 2
    await chats.round()
    pages = await world.sql("SELECT 1 FROM message WHERE key = 'UNPL'")
    assert len(pages) <= 1, "one page, whoever is on duty"
    assert phone
    assert len(await chats.texts(mother.phone)) == heard
    assert await chats.job(let_many_go) == 0
    acts = await world.sql("SELECT actor FROM audit WHERE operation = 'letManyGo'")
    assert [one["actor"] for one in acts] == [head.id] * 3


async def test_they_may_be_out_by_now(world: World, chats: Chats) -> None:
    head, worker, plans = await _plans(world, 1)
    await _go(head, plans[0]["alias"], found=1, left=True)
    await chats.job(let_many_go)
    assert (await world.plan(worker, plans[0]["id"]))["state"] == "active_outside"


async def test_a_crash_in_the_middle_goes_on_and_one_that_fails_stops_no_other(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(a_day(), 12)
    head, worker, plans = await _plans(world, 4)
    await _go(head, *(one["alias"] for one in plans), found=4)
    calls = list[Any]()

    async def breaks(actor: Any, plan: Any, *, left: bool) -> int:
        version = await collapse(actor, plan, left=left)
        calls.append(plan["id"])
        if len(calls) in {2, 3}:
            raise RuntimeError("power cut")
        return version

    async def fails(*_: Any, **__: Any) -> int:
        raise RuntimeError("power cut")

    monkeypatch.setattr(actions, "collapse", breaks)
    with pytest.raises(PassedOver):
        await chats.job(let_many_go)
    states = [await _is_let_go(world, worker, one) for one in plans]
    assert sorted(states) == [False, False, True, True]
    day = a_day()
    at(day + timedelta(days=1), 0, 30)  # what fails goes on after midnight, and pages nobody anew
    monkeypatch.setattr(actions, "collapse", fails)
    with pytest.raises(PassedOver):
        await chats.job(let_many_go)
    assert len(await world.sql("SELECT 1 FROM task WHERE kind = 'many-let-go'")) == 1
    at(day, 23)
    monkeypatch.setattr(actions, "collapse", breaks)
    assert (await kinds(head)).count("let-go") == 2
    assert await chats.job(let_many_go) == 2
    assert all([await _is_let_go(world, worker, one) for one in plans])
    events = await world.sql("SELECT count(*) AS n FROM release_move GROUP BY plan")
    assert [one["n"] for one in events] == [1] * 4


async def test_who_left_or_wanted_a_pause_meanwhile_is_left_as_they_are(
    world: World, chats: Chats
) -> None:
    head, worker, plans = await _plans(world, 2)
    await _go(head, *(one["alias"] for one in plans), found=2)
    await leave(world, worker, plans[0])
    path = f"/plans/{plans[1]['id']}/state"
    assert (await worker.post(path, {"state": "paused"}, version=1)).status_code == 200
    before = [await world.plan(worker, one["id"]) for one in plans]
    await chats.job(let_many_go)
    assert [await world.plan(worker, one["id"]) for one in plans] == before
    assert "let-go" not in await kinds(head)


async def test_what_was_looked_at_is_what_is_done(world: World) -> None:
    head, _, plans = await _plans(world, 2)
    lines = [one["alias"] for one in plans]
    await _go(head, *lines, found=1, status=409)
    await _go(head, "Z-999", found=1, status=409)
    assert await world.sql("SELECT 1 FROM task") == []


async def test_nobody_of_another_agency_is_named_and_only_coordinators_ask(world: World) -> None:
    _, worker, plans = await _plans(world, 1)
    elsewhere = await world.somebody("CO", agency=await world.an_agency())
    seen = await _look(elsewhere, plans[0]["alias"], plans[0]["id"], "K-000/b")
    assert [one["outcome"] for one in seen["lines"]] == ["not_found"] * 3
    for path in ("/amnesties/preview", "/amnesties"):
        body = {"references": "x"} | ({} if "preview" in path else {"found": 1})
        assert (await worker.post(path, body)).status_code == 403


async def test_a_file_that_cannot_be_read_says_which_lines(world: World) -> None:
    head, _, _ = await _plans(world, 1)
    body = {"references": "K-000/b\n" + "x" * 200 + "\n\n ... \n"}
    answer = await head.post("/amnesties/preview", body)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert [one["field"] for one in answer.json()["errors"]] == ["line 2", "line 4"]
    many = {"references": "\n".join(f"K-{n}" for n in range(MOST_LINES + 1))}
    answer = await head.post("/amnesties/preview", many)
    assert [one["field"] for one in answer.json()["errors"]] == [f"line {MOST_LINES + 1}"]


async def test_the_first_sheets_of_all_are_printed_by_language_and_each_is_written_down(
    world: World, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "A_PART", 2)
    head, worker, other = [await world.somebody(role) for role in ("CO", "SW", "CO")]
    spoken = ("en", "en", "fr", "en", "sw", "en")
    plans = [
        await world.a_plan(worker, person={"name": f"Imaginary {n}", "language": one})
        for n, one in enumerate(spoken)
    ]
    gone, paused, inside = plans[:4], plans[3], plans[5]
    await _go(head, *(one["alias"] for one in plans[:5]), found=5)
    assert (await head.get("/amnesties")).json() == [], "nobody has been let go yet"
    await chats.job(let_many_go)
    await head.post(f"/plans/{paused['id']}/state", {"state": "paused"}, version=2)
    [batch] = (await head.get("/amnesties")).json()
    files = {one["language"]: (one["people"], one["parts"]) for one in batch["languages"]}
    assert files["fr"] == (1, 1)
    assert files["sw"] == (1, 0), "nobody has written a sheet in it"
    path = f"/amnesties/{batch['id']}/papers"
    parts = files["en"][1]
    made = [await head.get(f"{path}/en?part={n + 1}") for n in range(parts)]
    assert {one.headers["content-type"] for one in made} == {"application/pdf"}
    assert sum(pages(one.content) for one in made) == 2 * files["en"][0]
    assert pages((await head.get(f"{path}/fr")).content) == 2
    for refused in (f"{path}/en?part={parts + 1}", f"{path}/sw", f"/amnesties/{uuid4()}/papers/en"):
        assert (await head.get(refused)).status_code == 404
    assert (await other.get(f"{path}/en")).status_code == 404, "they did not run it"
    assert (await worker.get(f"{path}/en")).status_code == 403
    looks = await world.sql(
        "SELECT plan::text, actor FROM audit WHERE operation = 'printAmnesty' AND outcome = 'done'"
    )
    expected = {one["id"] for one in gone} - ({paused["id"]} if files["en"][0] == 2 else set())
    assert {one["plan"] for one in looks} == expected
    assert {one["actor"] for one in looks} == {head.id}
    assert inside["id"] not in expected
    await world.sql(
        "UPDATE mandate SET ends = now() WHERE role = 'CO' AND plan = $1", gone[0]["id"]
    )
    after = (await head.get("/amnesties")).json()[0]["languages"][0]
    assert after["people"] == files["en"][0] - 1, "each by their own mandate"
    async with await at_the_desk(world, head) as desk:
        page = plain(await desk.open("/desk/amnesty"))
        assert "Sheets to hand out" in page.words
        link = f"/desk/amnesty/{batch['id']}/papers/fr?part=1"
        assert link in page.html
        assert pages((await desk.open(link)).answer.content) == 2


async def test_the_work_for_one_more_is_the_same_however_many_there_are(
    world: World, chats: Chats
) -> None:
    """Statements and not seconds: of a few is known what it takes for four hundred."""
    head, _, plans = await _plans(world, 6)
    counts = []
    for some in (plans[:2], plans[2:6]):
        await _go(head, *(one["alias"] for one in some), found=len(some))
        before = await world.sql("SELECT count(*) AS n FROM change")
        await chats.job(let_many_go)
        after = await world.sql("SELECT count(*) AS n FROM change")
        counts.append((after[0]["n"] - before[0]["n"]) / len(some))
    assert counts[0] == counts[1]


references = st.lists(st.sampled_from(["Amber", "ámber", "K-1", "k 1", "K-2", "nobody"]))


@given(lines=references)
def test_nobody_is_let_go_twice_by_one_file(lines: list[str]) -> None:
    known = [
        Known(
            plan=UUID(int=n),
            alias=name,
            keys={key_of(name), key_of(number)},
            state="active_inside",
            outside=False,
            came_back=False,
        )
        for n, (name, number) in enumerate([("Amber", "K-1"), ("Cedar", "K-2")])
    ]
    answers = match(list(enumerate(lines, 1)), known)
    found = [one.plan for one in answers if one.outcome == "found"]
    assert len(found) == len(set(found)) == len({one.plan for one in answers} - {None})
    assert [one.line for one in answers] == list(range(1, len(lines) + 1))


@given(text=st.text())
def test_any_text_is_lines_or_says_which_cannot_be_read(text: str) -> None:
    lines, wrong = list[Any](), list[Any]()
    try:
        lines = read_lines(text)
    except Malformed as error:
        wrong = list(error.lines)
    numbers = [number for number, _ in (*lines, *wrong)]
    assert numbers == sorted(set(numbers))
    assert all(key_of(reference) for _, reference in lines)
