import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import httpx
import pytest

from backend import clock, database
from backend.operating import at_terminal
from tests.backend.courts.docket import REFERENCE, Court, a_court, a_docket
from tests.world import Caller, World


async def test_a_court_pulls_what_was_issued_and_can_check_its_hash(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    listed = (await docket.court.list(REFERENCE)).json()["summaries"]
    assert [(one["id"], one["version"], one["supersedes"]) for one in listed] == [(id_, 1, None)]
    answer = await docket.court.pull(REFERENCE, id_)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    content = json.dumps(
        body["summary"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert content in answer.content
    assert hashlib.sha256(content).hexdigest() == body["sha256"] == listed[0]["sha256"]


async def test_before_anything_is_issued_a_bound_court_sees_an_empty_list(world: World) -> None:
    docket = await a_docket(world)
    await docket.read()
    answer = await docket.court.list(REFERENCE)
    assert (answer.status_code, answer.json()) == (200, {"summaries": []})


async def test_what_did_not_change_is_304_and_what_was_corrected_is_not(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    for path in ("/court/summaries", f"/court/summaries/{id_}"):
        url = f"{path}?file_ref={quote(REFERENCE)}"
        tag = (await docket.court.caller.get(url)).headers["etag"]
        assert tag.startswith('"')
        known = {"If-None-Match": f'"old", {tag}'}
        again = await docket.court.caller.get(url, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await docket.issued()
    corrected = await docket.court.pull(REFERENCE, id_, headers={"If-None-Match": tag})
    assert (corrected.status_code, corrected.json()["superseded_by"]) == (200, 2)


async def test_every_pull_is_seen_by_the_coordinator_also_one_of_304(world: World) -> None:
    coordinator = await world.somebody("CO")
    docket = await a_docket(world)
    id_ = await docket.issued()
    tag = (await docket.court.pull(REFERENCE, id_)).headers["etag"]
    await docket.court.pull(REFERENCE, id_, headers={"If-None-Match": tag})
    await docket.court.list(REFERENCE)
    seen = (await coordinator.get(f"/plans/{docket.plan}/access")).json()["access"]
    pulls = [(one["operation"], one.get("thing")) for one in seen if one.get("role") == "CT"]
    assert pulls == [("listSummaries", None), ("getSummary", id_), ("getSummary", id_)]


def _answer(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}}
    return answer.status_code, answer.content, headers


STRANGE = ["", "%20", "2031/0418", "x" * 5000, "%00", "%ff", "%ed%a0%80", "..%2f", "null", "-1"]


async def test_foreign_unknown_and_malformed_files_and_ids_give_equal_bytes(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    other = await a_court(world)
    another = await a_court(world)
    bound = {"client": str(other.id), "reference": "other 7"}
    coordinator = await world.somebody("CO")
    plan = await world.a_plan(docket.worker)
    assert (await coordinator.post(f"/plans/{plan['id']}/court-files", bound)).status_code == 201
    ask = docket.court.caller
    answers = [
        await other.pull(REFERENCE, id_),
        await other.pull("other 7", id_),
        await another.list(REFERENCE),
        await docket.court.list("other 7"),
        await ask.get("/court/summaries"),
        await ask.get(f"/court/summaries?file_ref={quote(REFERENCE)}&file_ref=x"),
        await ask.get(f"/court/summaries/{id_}"),
        await docket.court.pull(REFERENCE, str(uuid4())),
        await docket.court.pull(REFERENCE, id_.upper()),
        await docket.court.pull(REFERENCE, "{" + id_ + "}"),
        await other.list(REFERENCE, headers={"If-None-Match": "*"}),
        *[await ask.get(f"/court/summaries?file_ref={one}") for one in STRANGE],
        *[await ask.get(f"/court/summaries/{id_}?file_ref={one}") for one in STRANGE],
        *[
            await ask.get(f"/court/summaries/{one}?file_ref={quote(REFERENCE)}")
            for one in (
                "0",
                "null",
                "schema",
                "docs",
                "x" * 5000,
                "%00",
                "%ff",
                "-1",
                "%7b%7d",
                "..%2fx",
            )
        ],
    ]
    first = _answer(answers[0])
    assert first[0] == 404
    for at, answer in enumerate(answers):
        assert _answer(answer) == first, at


async def test_a_refused_pull_is_written_down_against_the_machine_and_names_no_plan(
    world: World,
) -> None:
    docket = await a_docket(world)
    await docket.court.list("2031/9999")
    rows = await world.sql("SELECT * FROM audit WHERE operation = 'listSummaries'")
    assert [(r["actor"], r["plan"], r["outcome"]) for r in rows] == [
        (docket.court.id, None, "not-found")
    ]


async def test_an_ended_binding_and_a_suspended_client_are_refused_at_once(world: World) -> None:
    docket = await a_docket(world)
    id_ = await docket.issued()
    binding = {"client": str(docket.court.id), "reference": REFERENCE}
    path = f"/plans/{docket.plan}/court-files"
    ended = await docket.officer.post(path, {**binding, "bound": False})
    assert ended.status_code == 200, ended.text
    assert (await docket.court.list(REFERENCE)).status_code == 404
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 404
    assert (await docket.read()).status_code == 404
    await _sees_nothing(docket.court)
    again = await docket.officer.post(path, binding)
    assert (again.status_code, again.json()["id"]) == (200, docket.file)
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 200
    async with at_terminal() as held:
        await held.execute(
            "UPDATE court_client SET suspended_at = $2 WHERE id = $1", docket.court.id, clock.now()
        )
    assert (await docket.court.list(REFERENCE)).status_code == 401
    assert (await docket.court.pull(REFERENCE, id_)).status_code == 401
    await _sees_nothing(docket.court)


async def _sees_nothing(court: Court) -> None:
    """The wall behind the routes, as if a token were still taken."""
    async with database.transaction(court.id) as held:
        assert await held.fetch("SELECT 1 FROM court_file") == []
        assert await held.fetch("SELECT 1 FROM summary") == []


async def test_a_court_reads_nothing_but_its_file_and_what_was_issued_to_it(world: World) -> None:
    docket, foreign = await a_docket(world), await a_docket(world)
    id_ = await docket.issued()
    await foreign.issued()
    walled = [
        one["relname"]
        for one in await world.sql(
            "SELECT relname FROM pg_class WHERE relforcerowsecurity"
            "   AND has_table_privilege('throughcare_app', oid, 'SELECT')"
        )
    ]
    assert {"plan", "milestone", "person", "contact", "reading", "audit"} <= set(walled)
    async with database.transaction(docket.court.id) as held:
        seen = {table: await held.fetchval(f"SELECT count(*) FROM {table}") for table in walled}
        assert {table: many for table, many in seen.items() if many} == {
            "actor": 1,  # themselves
            "court_file": 1,
            "summary": 1,
            "subject_key": 1,  # of whom they are about
        }
        assert str(await held.fetchval("SELECT id FROM summary")) == id_


async def test_an_issued_summary_cannot_be_changed_by_the_application(world: World) -> None:
    docket = await a_docket(world)
    await docket.issued()
    for change in ("UPDATE summary SET number = 9", "DELETE FROM summary"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(docket.officer.id) as held:
                await held.execute(change)


async def test_a_court_token_opens_no_staff_route_and_a_staff_token_no_court_route(
    world: World,
) -> None:
    docket = await a_docket(world)
    ask = docket.court.caller
    for path in ("/plans", f"/plans/{docket.plan}", f"/plans/{docket.plan}/access", "/tasks"):
        assert (await ask.get(path)).status_code == 401
    assert (await docket.draft(ask)).status_code == 401
    for staff in (docket.officer, docket.worker, Caller()):
        assert (await staff.get(f"/court/summaries?file_ref={REFERENCE}")).status_code == 401


async def test_a_token_lasts_ten_minutes_and_is_stored_hashed_as_are_id_and_secret(
    world: World,
) -> None:
    docket = await a_docket(world)
    credential, token = docket.court.credential, docket.court.caller.token or ""
    for table in ("court_client", "court_token", "court_file", "summary", "audit"):
        found = str(await world.sql(f"SELECT * FROM {table}"))
        for secret in (credential.client_id, credential.secret, token, REFERENCE):
            assert secret not in found
    later = datetime.now(UTC) + timedelta(minutes=11)
    clock.travel(lambda: later)
    assert (await docket.court.list(REFERENCE)).status_code == 401


async def test_a_wrong_secret_and_an_unknown_client_are_answered_alike(world: World) -> None:
    credential = (await a_court(world)).credential
    wrong = [
        {"client_id": credential.client_id, "secret": "not the secret"},
        {"client_id": "nobody", "secret": credential.secret},
    ]
    answers = [_answer(await Caller().post("/court/token", body)) for body in wrong]
    assert answers[0][0] == 401
    assert answers[0] == answers[1]
