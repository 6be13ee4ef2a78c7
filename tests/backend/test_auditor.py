"""What an auditor looks at: mandates and each yes as ids, and how much there was in a month."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from backend import clock
from backend.audit import officer
from backend.audit.counts import FEW
from backend.database import transaction
from tests.world import Caller, World, a_day

PATHS = ("/mandates", "/consents", "/counts")
FUNCTIONS = (
    "SELECT * FROM mandates_of_agency(NULL, NULL, 100)",
    "SELECT * FROM consents_of_agency(NULL, NULL, 100)",
    "SELECT * FROM counts_of_agency('2031-02-01')",
)
MARCH = datetime(2031, 3, 15, 12, tzinfo=UTC)
# At the beginning of February in Tunis, which is January by UTC, and at its very end.
FEBRUARY = datetime(2031, 1, 31, 23, 30, tzinfo=UTC)
LATE = datetime(2031, 2, 28, 22, 59, tzinfo=UTC)
STATES = {"queued", "claimed", "sent", "failed", "expired", "cancelled", "unknown"}
MESSAGES = """
INSERT INTO message (id, agency, plan, version, bot, recipient, rule, step, subject, local_due, key,
                     due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), a.id, $2, 1, (SELECT id FROM bot LIMIT 1), NULL, 'R', 'S' || n || $3,
       gen_random_uuid(), '2031-02-01', 'K', $4, $4, $4, $3
  FROM agency a, generate_series(1, $5::int) n WHERE a.id = $1
"""
TASKS = """
INSERT INTO task (id, agency, plan, version, kind, step, role, subject, local_due, due_at, urgency,
                  opened_at)
SELECT gen_random_uuid(), $1, $2, 1, 'need-help', '', 'SW', gen_random_uuid(), '2031-02-01', $3, 2,
       $3 FROM generate_series(1, $4::int)
"""


async def _mentor(world: World, worker: Caller, plan: str) -> str:
    path = f"/plans/{plan}/circle"
    made = await worker.post(path, {"role": "ME", "name": "Invented Mentor", "alias": "Robin"})
    assert made.status_code == 201, made.text
    (has,) = await world.sql(
        "SELECT actor FROM mandate WHERE plan = $1 AND role = 'ME'", UUID(plan)
    )
    return str(has["actor"])


async def _answers(worker: Caller, plan: str, mentor: str) -> list[str]:
    """A mentor has said yes to messages, and the release date may be told to them."""
    until = (a_day() + timedelta(days=30)).isoformat()
    yes = {"kind": "channel", "language": "en", "subject": mentor, "channel": "telegram"}
    told = {"recipient": mentor, "fact": "release_date", "purpose": "meeting", "until": until}
    made = []
    for path, body in (("consents", yes), ("disclosures", told)):
        answer = await worker.post(f"/plans/{plan}/{path}", body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


async def test_an_auditor_reads_mandates_as_ids_and_nothing_that_says_whose_relative(
    world: World,
) -> None:
    worker, auditor = await world.somebody("SW"), await world.somebody("AU")
    plan = await world.a_plan(worker)
    await _mentor(world, worker, plan["id"])
    await world.sql(
        "UPDATE mandate SET ends = starts + interval '1 day' WHERE plan = $1 AND role = 'ME'",
        UUID(plan["id"]),
    )
    rows = (await auditor.get("/mandates")).json()["mandates"]
    mentor, mine = rows
    assert set(mine) == {"id", "plan", "who", "role", "starts"}
    assert (mine["who"], mine["role"], mine["plan"]) == (str(worker.id), "SW", plan["id"])
    assert set(mentor) == {*mine, "ends"}
    assert mentor["role"] == "ME"
    (row,) = await world.sql("SELECT actor, operation, plan FROM audit ORDER BY id DESC LIMIT 1")
    assert (row["actor"], row["operation"], row["plan"]) == (
        auditor.id,
        "listAgencyMandates",
        None,
    )


async def test_an_auditor_reads_whose_yes_and_when_and_no_answer_about_a_part(world: World) -> None:
    worker, auditor = await world.somebody("SW"), await world.somebody("AU")
    plan = await world.a_plan(worker)
    (whose,) = await world.sql("SELECT person FROM plan WHERE id = $1", UUID(plan["id"]))
    mentor = await _mentor(world, worker, plan["id"])
    yes, told = await _answers(worker, plan["id"], mentor)
    assert (await worker.post(f"/consents/{yes}/withdraw", {})).status_code == 200
    before = (await auditor.get("/consents")).json()
    for said in ("offered", "accepted", "declined"):
        body = {"kind": "participation", "language": "en", "pathway": "CNS-P", "answer": said}
        assert (await worker.post(f"/plans/{plan['id']}/consents", body)).status_code == 201
    assert (await auditor.get("/consents")).json() == before
    disclosure, channel = before["consents"]
    assert set(disclosure) == {"id", "plan", "kind", "subject", "given_at"}
    assert set(channel) == {*disclosure, "withdrawn_at"}
    whose_id = str(whose["person"])
    assert [disclosure[key] for key in ("id", "kind", "subject")] == [told, "disclosure", whose_id]
    assert [channel[key] for key in ("id", "kind", "subject")] == [yes, "channel", mentor]
    (row,) = await world.sql("SELECT operation FROM audit ORDER BY id DESC LIMIT 1")
    assert row["operation"] == "listAgencyConsents"


async def test_a_page_ends_where_the_next_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, auditor = await world.somebody("SW"), await world.somebody("AU")
    plan = await world.a_plan(worker)
    await _answers(worker, plan["id"], await _mentor(world, worker, plan["id"]))
    await world.sql("UPDATE mandate SET starts = '2031-01-01T00:00:00Z'")  # ids decide
    for path, name in (("/mandates", "mandates"), ("/consents", "consents")):
        whole = (await auditor.get(path)).json()[name]
        assert len(whole) == 2
        monkeypatch.setattr(officer, "A_PAGE", 1)
        found, cursor = [], ""
        for _ in whole:
            page = (await auditor.get(path + cursor)).json()
            found += page[name]
            cursor = f"?cursor={page['cursor']}"
        assert found == whole
        assert (await auditor.get(path + cursor)).json() == {name: []}
        monkeypatch.undo()
        assert (await auditor.get(f"{path}?cursor=AAAA")).status_code == 400


async def _february(world: World) -> dict[str, Any]:
    worker = await world.somebody("SW")
    plan = UUID((await world.a_plan(worker))["id"])
    for state, times, at in (
        *(("sent", 5, FEBRUARY), ("cancelled", 4, FEBRUARY), ("expired", 3, FEBRUARY)),
        *(("expired", 3, LATE), ("failed", 9, LATE + timedelta(minutes=1))),
    ):
        await world.sql(MESSAGES, world.agency, plan, state, at, times)
    await world.sql(TASKS, world.agency, plan, LATE, 6)
    few = dict.fromkeys(STATES, FEW)
    return {"month": "2031-02", "messages": {**few, "sent": 5, "expired": 6}}


async def test_a_month_is_counted_in_the_zone_of_the_agency_and_small_numbers_are_not_told(
    world: World,
) -> None:
    expected = await _february(world)
    auditor, head = await world.somebody("AU"), await world.somebody("AD")
    clock.travel(lambda: MARCH)
    for who in (auditor, head):
        await who.sign_in()
    seen = {**expected, "alerts": 6, "summaries": FEW}
    assert (await auditor.get("/counts?month=2031-02")).json() == seen
    assert (await auditor.get("/counts")).json() == seen
    assert (await head.get("/counts?month=2031-02")).json() == expected
    (row,) = await world.sql("SELECT actor, operation FROM audit ORDER BY id DESC LIMIT 1")
    assert (row["actor"], row["operation"]) == (head.id, "countRecords")
    for month, status in (
        *(("2031-03", 422), ("2031-04", 422), ("2031-2", 400), ("2031-13", 400)),
        *(("0000-01", 400), ("203102", 400), ("2031-W02", 400), ("", 400)),
    ):
        assert (await auditor.get(f"/counts?month={month}")).status_code == status, month
    assert (await auditor.get("/counts?month=0001-01")).status_code == 200


async def test_a_number_that_was_told_stays_what_it_was_for_whoever_asks(world: World) -> None:
    expected = await _february(world)
    await world.sql("UPDATE message SET state = 'sent' WHERE state = 'expired'")
    expected["messages"] |= {"sent": 11, "expired": FEW}
    heads = [await world.somebody("AD") for _ in range(2)]
    auditors = [await world.somebody("AU") for _ in range(2)]
    clock.travel(lambda: MARCH)
    for who in (*heads, *auditors):
        await who.sign_in()
    path = "/counts?month=2031-02"
    assert (await heads[0].get(path)).json() == expected
    one = "(SELECT id FROM {} WHERE {} LIMIT 1)"
    sent = one.format("message", "state = 'sent'")
    for table, which in (("message", sent), ("task", one.format("task", "urgency = 2"))):
        await world.sql(f"DELETE FROM {table} WHERE id = {which}")  # somebody is erased
    # the alerts are told now, for the first time
    assert (await auditors[0].get(path)).json() == {**expected, "alerts": 5, "summaries": FEW}
    await world.sql("DELETE FROM task WHERE urgency = 2")
    assert (await auditors[1].get(path)).json() == {**expected, "alerts": 5, "summaries": FEW}
    assert (await heads[1].get(path)).json() == expected


async def test_a_month_is_told_once_what_waited_in_it_is_settled(world: World) -> None:
    await _february(world)
    head = await world.somebody("AD")
    for day, status in ((2, 422), (3, 200)):
        clock.travel(lambda day=day: datetime(2031, 3, day, 0, 30, tzinfo=UTC))  # type: ignore[misc]
        await head.sign_in()
        assert (await head.get("/counts?month=2031-02")).status_code == status, day
        assert (await head.get("/counts")).json()["month"] == f"2031-0{day - 1}"


async def test_of_another_agency_nothing_is_seen_and_another_role_is_refused(world: World) -> None:
    await _february(world)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await _answers(worker, plan["id"], await _mentor(world, worker, plan["id"]))
    for role in ("SW", "CO", "PO", "PS", "CP", "CS", "TR", "DP"):
        who = await world.somebody(role)
        for path in PATHS:
            assert (await who.get(path)).status_code == 403, (role, path)
    head = await world.somebody("AD")
    assert [(await head.get(path)).status_code for path in PATHS] == [403, 403, 200]
    afar = await world.somebody("AU", agency=await world.an_agency(name="Elsewhere"))
    assert (await afar.get("/mandates")).json() == {"mandates": []}
    assert (await afar.get("/consents")).json() == {"consents": []}
    clock.travel(lambda: MARCH)
    await afar.sign_in()
    seen = (await afar.get("/counts?month=2031-02")).json()
    assert {*seen["messages"].values(), seen["alerts"], seen["summaries"]} == {FEW}


async def test_the_functions_of_the_database_answer_nobody_else(world: World) -> None:
    await _february(world)
    head, auditor = await world.somebody("AD"), await world.somebody("AU")
    for who in (None, (await world.somebody("CO")).id, (await world.somebody("DP")).id):
        async with transaction(who) as held:
            for function in FUNCTIONS:
                assert await held.fetch(function) == [], (who, function)
    async with transaction(head.id) as held:
        rows = [await held.fetch(function) for function in FUNCTIONS]
    assert rows[:2] == [[], []]
    assert {row["what"] for row in rows[2]} == {"messages"}
    async with transaction(auditor.id) as held:
        assert min(row["times"] or 5 for row in await held.fetch(FUNCTIONS[2])) == 5
        for table in ("mandate", "channel_consent", "disclosure", "message", "task", "summary"):
            assert await held.fetch(f"SELECT 1 FROM {table}") == [], table
