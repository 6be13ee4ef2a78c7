"""A complaint is answered by a coordinator whom it is not about, and is nobody else's to see."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.complaints.rules import due_of, meant_by, step_at
from backend.database import transaction
from tests.backend.courts.docket import join
from tests.backend.duties import asked
from tests.backend.pages.browser import in_the_circle
from tests.workflows.test_heartbeat import as_worker
from tests.world import Caller, World
from workflows.watch_duties import watch_duties

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)
WORDS = "Nobody calls me back."


@dataclass
class Desk:
    """A plan with its worker, and two coordinators who both have it."""

    world: World
    head: Caller
    other: Caller
    worker: Caller
    plan: str

    async def complain(self, by: Caller | None = None, **more: Any) -> Any:
        body = {"text": WORDS, "received_on": "2031-03-03", **more}
        return await (by or self.worker).post(f"/plans/{self.plan}/complaints", body)

    async def complained(self, **more: Any) -> str:
        answer = await self.complain(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def answer(self, id_: str, by: Caller) -> Any:
        body = {"answer": "A colleague calls you tomorrow."}
        return await by.post(f"/complaints/{id_}/answer", body, version=1)

    async def asked(self, who: Caller) -> list[str]:
        await as_worker(watch_duties)
        rows = await self.world.sql(
            "SELECT step FROM task WHERE kind = 'complaint-due' AND assignee = $1"
            " AND closed_at IS NULL ORDER BY opened_at, step",
            who.id,
        )
        return [row["step"] for row in rows]


async def _ids(who: Caller) -> list[str]:
    return [one["id"] for one in (await who.get("/complaints")).json()]


@pytest.fixture
async def desk(world: World) -> Desk:
    clock.travel(lambda: MONDAY + timedelta(hours=1))
    head, other, worker = [await world.somebody(role) for role in ("CO", "CO", "SW")]
    return Desk(world, head, other, worker, (await world.a_plan(worker))["id"])


async def test_a_complaint_is_written_down_answered_and_told_in_the_record(desk: Desk) -> None:
    relative = await in_the_circle(desk.worker, desk.plan, "FA", name="Relative")
    ids = [await desk.complained(), await desk.complained(subject=relative)]
    listed = (await desk.head.get("/complaints")).json()
    assert {one["id"]: one["by_role"] for one in listed} == dict(
        zip(ids, ("PE", "FA"), strict=True)
    )
    assert {one["text"] for one in listed} == {WORDS}
    assert {one["due_at"] for one in listed} == {"2031-03-17T16:00:00Z"}  # 17:00 in Tunis
    assert (await desk.answer(ids[0], desk.head)).status_code == 200
    assert (
        await desk.head.post(f"/complaints/{ids[0]}/answer", {"answer": "Again."}, version=2)
    ).status_code == 409
    assert (await desk.answer(ids[1], desk.other)).status_code == 200
    answers = [one["answer"] for one in (await desk.head.get("/complaints")).json()]
    assert answers == ["A colleague calls you tomorrow."] * 2
    rows = await desk.world.sql(
        "SELECT operation FROM audit WHERE object = ANY($1) ORDER BY id",
        [UUID(id_) for id_ in ids],
    )
    assert [row["operation"] for row in rows] == ["recordComplaint"] * 2 + ["answerComplaint"] * 2


async def test_whom_it_is_about_never_learns_of_it(desk: Desk) -> None:
    id_ = await desk.complained(about=desk.head.login)
    assert await _ids(desk.head) == []
    assert await _ids(desk.other) == [id_]
    foreign = await desk.answer(id_, desk.head)
    assert foreign.status_code == 404
    assert await desk.asked(desk.head) == []
    assert await desk.asked(desk.other) == ["new"]
    async with transaction(desk.head.id) as held:  # nor do the rows themselves say so
        assert await held.fetchval("SELECT count(*) FROM complaint") == 0
    clock.travel(lambda: MONDAY + timedelta(days=20))
    assert await desk.asked(desk.head) == []
    assert "late" in await desk.asked(desk.other)


async def test_nothing_of_the_plan_tells_of_it(desk: Desk) -> None:
    async def everything() -> str:
        paths = (f"/plans/{desk.plan}?show=all", "/plans", "/tasks")
        return "".join([(await desk.worker.get(path)).text for path in paths])

    before, changes = await everything(), await desk.world.sql("SELECT count(*) FROM change")
    id_ = await desk.complained(about=desk.worker.login)
    await as_worker(watch_duties)
    assert await everything() == before
    assert await desk.world.sql("SELECT count(*) FROM change") == changes
    for reader in (desk.worker, desk.head):
        looked = (await reader.get(f"/plans/{desk.plan}/access")).text
        assert "omplaint" not in looked
        assert id_ not in looked
    async with transaction(desk.worker.id) as held:
        assert await held.fetchval("SELECT count(*) FROM complaint") == 0


async def test_a_wall_keeps_a_coordinator_from_it(desk: Desk) -> None:
    id_ = await desk.complained()
    wall = {"kind": "excluded", "login": desk.head.login}
    assert (await desk.worker.post(f"/plans/{desk.plan}/walls", wall)).status_code == 201
    assert await _ids(desk.head) == []
    assert (await desk.answer(id_, desk.head)).status_code == 404
    assert await _ids(desk.other) == [id_]
    assert await desk.asked(desk.head) == []


async def test_its_clock_ends_in_a_task_for_all_who_could_answer(desk: Desk) -> None:
    officer = await desk.world.somebody("DP")
    late = await desk.world.somebody("CO")  # came later, and has not this plan
    id_ = await desk.complained()
    assert await desk.asked(desk.head) == await desk.asked(desk.other) == ["new"]
    assert await desk.asked(late) == await desk.asked(officer) == []
    clock.travel(lambda: datetime(2031, 3, 17, 15, tzinfo=UTC))
    assert await desk.asked(desk.head) == ["new", "soon"]
    assert not (await desk.head.get("/complaints")).json()[0]["overdue"]
    clock.travel(lambda: datetime(2031, 3, 17, 16, 1, tzinfo=UTC))
    assert await desk.asked(desk.head) == ["new", "soon", "late"]
    assert await desk.asked(late) == await desk.asked(officer) == ["late"]
    assert (await desk.head.get("/complaints")).json()[0]["overdue"]
    assert (await desk.answer(id_, late)).status_code == 200
    for who in (desk.head, desk.other, late, officer):
        assert await desk.asked(who) == []


async def test_where_only_the_one_it_is_about_could_answer_an_officer_is_told(desk: Desk) -> None:
    officer = await desk.world.somebody("DP")
    await desk.world.sql("UPDATE staff SET active = false WHERE id = $1", desk.other.id)
    await desk.complained(about=desk.head.login)
    assert await desk.asked(officer) == ["new"]
    assert (await officer.get("/complaints")).status_code == 403


async def test_the_agency_sets_in_how_many_days(desk: Desk) -> None:
    await desk.world.sql("UPDATE agency SET complaint_days = 2")
    await desk.complained()
    [one] = (await desk.head.get("/complaints")).json()
    assert one["due_at"] == "2031-03-05T16:00:00Z"


async def test_what_is_not_there_or_not_fit_is_not_written_down(desk: Desk) -> None:
    another = await desk.world.a_plan(desk.worker)
    foreign = await in_the_circle(desk.worker, another["id"], "FA", name="Elsewhere")
    stranger = await desk.world.somebody("SW")
    assert (await desk.complain(subject=foreign)).status_code == 404
    assert (await desk.complain(by=stranger)).status_code == 404
    assert (await desk.complain(received_on="2031-03-04")).status_code == 422
    assert await desk.world.sql("SELECT 1 FROM complaint") == []
    trainer = await desk.world.somebody("TR")
    await join(desk.world, desk.worker, desk.plan, trainer, "TR")
    assert (await desk.complain(by=trainer)).status_code == 201


async def test_no_answer_tells_whether_a_login_is_there_and_no_probe_is_free(desk: Desk) -> None:
    trainer, former = await desk.world.somebody("TR"), await desk.world.somebody("SW")
    await join(desk.world, desk.worker, desk.plan, trainer, "TR")
    await desk.world.sql("UPDATE staff SET active = false WHERE id = $1", former.id)
    logins = (desk.other.login, former.login, "nobody-here", "x", "n" * 80)

    async def told(**more: Any) -> set[tuple[int, bytes]]:
        answers = [await desk.complain(by=trainer, about=one, **more) for one in logins]
        return {(one.status_code, one.content) for one in answers}

    refused = [
        await told(received_on="2031-03-04"),
        await told(subject=str(uuid4())),
        await told(text=""),
    ]
    assert [len(one) for one in refused] == [1, 1, 1]
    assert [status for one in refused for status, _ in one] == [422, 404, 400]
    assert await desk.world.sql("SELECT 1 FROM complaint") == []
    id_ = await desk.complained()
    assert {status for status, _ in await told(id=id_)} == {409}
    written = [await desk.complain(by=trainer, about=one) for one in logins]
    assert {one.status_code for one in written} == {201}
    assert {frozenset(one.json()) for one in written} == {frozenset({"id", "version"})}


async def test_a_complaint_that_names_nobody_who_is_there_is_not_lost(desk: Desk) -> None:
    id_ = await desk.complained(about="Mr Nobody of the gate")
    for who in (desk.head, desk.other):
        [one] = (await who.get("/complaints")).json()
        assert (one["id"], one["named"], one["text"]) == (id_, "Mr Nobody of the gate", WORDS)
    assert "Mr Nobody" not in str(await desk.world.sql("SELECT * FROM complaint"))
    assert await desk.asked(desk.head) == await desk.asked(desk.other) == ["new"]
    assert (await desk.answer(id_, desk.head)).status_code == 200


async def test_a_slip_hands_it_to_nobody_whom_it_means(desk: Desk) -> None:
    login = str(desk.head.login)
    for typed in (f" {login.upper()} ", login[:-1], f"{login}x", login.replace("-", "")):
        id_ = await desk.complained(about=typed)
        assert id_ not in await _ids(desk.head), typed
        assert id_ in await _ids(desk.other), typed
    assert await desk.asked(desk.head) == []


def test_a_word_means_whose_it_is_and_else_the_nearest() -> None:
    people = [
        {"id": n, "login": login, "alias": alias}
        for n, (login, alias) in enumerate([("anna", "Blue"), ("hanna", "Red"), ("blue", "Tall")])
    ]
    means = {"anna": 0, "HANNA": 1, "hana": 1, "blue": 2, "Red": 1, "tal": 2, "zoe": None, "": None}
    assert {word: meant_by(word, people) for word in means} == means


async def test_with_its_person_it_is_gone(desk: Desk) -> None:
    relative = await in_the_circle(desk.worker, desk.plan, "FA", name="Relative")
    await desk.complained(subject=relative)
    await desk.complained()
    assert await desk.asked(desk.head) == ["new", "new"]
    incident = {
        "kind": "other",
        "noticed_at": MONDAY.isoformat(),
        "description": "A letter went to another house.",
        "touched": [desk.plan],
    }
    assert (await desk.head.post("/incidents", incident)).status_code == 201
    [plan] = await desk.world.sql("SELECT version FROM plan")
    await asked(desk.world, desk.plan, desk.other)
    gone = await desk.head.post(f"/plans/{desk.plan}/erase", None, version=plan["version"])
    assert gone.status_code == 200, gone.text
    assert await _ids(desk.head) == []
    assert await desk.asked(desk.head) == []
    [left] = (await desk.head.get("/incidents")).json()
    assert "description" not in left


def test_the_steps_of_a_clock_follow_one_another() -> None:
    row = {
        "answered_at": None,
        "received_on": MONDAY.date(),
        "complaint_days": 10,
        "working_days": [1, 2, 3, 4, 5],
        "closed": [],
        "closes": MONDAY.time(),
        "zone": "UTC",
    }
    due = due_of(row)
    assert due is not None
    hours = range(24 * 30)
    met = [step_at(MONDAY + timedelta(hours=n), due) for n in hours]
    assert sorted(set(met), key=met.index) == ["new", "soon", "late"]
    assert due_of({**row, "answered_at": MONDAY}) is None
