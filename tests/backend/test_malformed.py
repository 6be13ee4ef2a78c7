"""Whatever is sent, the answer is a refusal with a stable type: never a 500, never an echo."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from backend.settings import ROOT
from tests.backend.acts import FOR_EVERYBODY, Act, bare
from tests.backend.scene import Scene, a_scene
from tests.backend.strange import CANARY, a_key, mutated, whole
from tests.world import APP, Caller, World, a_day

MEDIA_TYPE = "application/problem+json"
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
OPERATIONS = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}
CONTACT = {"how": "met", "outcome": "tried", "made_on": "2026-01-01"}


def _types(operation: str, status: int) -> set[str]:
    """The refusals that the document promises for this operation and status."""
    answer = OPERATIONS[operation]["responses"].get(str(status), {})
    if "$ref" not in answer:
        return set()
    found = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    _, narrowed = found["content"][MEDIA_TYPE]["schema"]["allOf"]
    return set(narrowed["properties"]["type"]["enum"])


def _holds(operation: str, answer: httpx.Response, note: object) -> None:
    """The answer is one that the document knows."""
    status = answer.status_code
    assert status < 500, (operation, note, answer.text)
    if status >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE, (operation, note)
        problem = answer.json()
        assert problem["status"] == status
        assert problem["type"] in _types(operation, status), (operation, note, answer.text)
        return
    content = OPERATIONS[operation]["responses"][str(status)].get("content", {})
    if "application/json" in content:
        schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
        wrong = best_match(Draft202012Validator(schema).iter_errors(answer.json()))
        assert wrong is None, (operation, wrong.message, list(wrong.absolute_schema_path))


def _body(**values: object) -> bytes:
    return json.dumps({**CONTACT, **values}).encode()


UNREADABLE = {
    "nothing": b"",
    "half of it": b'{"how":',
    "two of them": _body() + _body(),
    "no object": b"[]",
    "null": b"null",
    "a word": b'"canary-5e1f"',
    "bad UTF-8": b'{"how": "\xff\xfe"}',
    "UTF-16": json.dumps(CONTACT).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + _body(),
    "a lone surrogate": b'{"how": "\\ud800", "outcome": "tried", "made_on": "2026-01-01"}',
    "a NUL byte": b'{"how": "me\x00t"}',
    "deep nesting": b"[" * 10_000,
    "closed deep nesting": b'{"how":' * 10_000 + b"1" + b"}" * 10_000,
    "a number without end": b'{"how":' + b"9" * 5_000 + b"}",
    "NaN": b'{"how": NaN}',
    "infinity": b'{"how": 1e999}',
    "a number": _body(how=10**30),
    "the year 0": _body(made_on="0000-01-01"),
    "the year 10000": _body(made_on="10000-01-01"),
    "the 30th of February": _body(made_on="2026-02-30"),
    "a date with a time": _body(made_on="2026-01-01T00:00:00Z"),
    "an unknown field": _body(**{CANARY: 1}),
    "a field of the service": _body(agency=str(uuid4()), role="CO", version=7),
    "an id that is none": _body(id=CANARY),
}
UNFIT = {
    "an escaped NUL": b'{"how": "\\u0000canary-5e1f", "outcome": "x", "made_on": "2026-01-01"}',
    "an unknown word": _body(how=CANARY),
    "a day to come": _body(made_on="9999-12-31"),
}


async def test_a_body_that_cannot_be_read_is_400_and_one_against_a_rule_422(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    for status, bodies in ((400, UNREADABLE), (422, UNFIT)):
        for name, content in bodies.items():
            answer = await worker.send("POST", f"/plans/{plan}/contacts", content=content)
            assert answer.status_code == status, (name, answer.text)
            _holds("logContact", answer, name)
            assert CANARY not in answer.text, name
    assert await world.sql("SELECT 1 FROM contact") == []


async def test_a_day_at_the_edge_of_the_calendar_is_against_a_rule(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    person = {"name": "Invented Person", "language": "en"}
    for day in ("0001-01-01", "9999-12-31"):
        body = {"person": person, "release_date": day, "certainty": "expected"}
        opened = await worker.post("/plans", body)
        body.pop("person")
        moved = await worker.post(f"/plans/{plan['id']}/release-date", body, version=1)
        for operation, answer in (("openPlan", opened), ("moveReleaseDate", moved)):
            assert answer.status_code == 422, (operation, day, answer.text)
            _holds(operation, answer, day)
    assert len(await world.sql("SELECT 1 FROM plan")) == 1


async def test_a_body_above_256_kib_is_413_also_without_a_length(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    path, largest = f"/plans/{plan}/contacts", 256 * 1024
    fits = _body() + b" " * (largest - len(_body()))
    assert (await worker.send("POST", path, content=fits)).status_code == 201

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(largest // 1024 + 1):
            yield b" " * 1024

    for content in (fits + b" ", pieces()):
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            headers = {
                "Authorization": f"Bearer {worker.token}",
                "Idempotency-Key": str(uuid4()),
                "Content-Type": "application/json",
            }
            answer = await client.post(path, content=content, headers=headers)
        assert answer.status_code == 413
        _holds("logContact", answer, "size")


async def test_only_json_is_taken(world: World) -> None:
    worker = await world.somebody("SW")
    act = Act("logContact", "POST", "/plans/{}/contacts", ((await world.a_plan(worker))["id"],))
    for kind, status in {
        "application/json": 201,
        "Application/JSON; charset=UTF-8": 201,
        "application/json; charset=utf-7": 415,
        "application/json; charset=klingon": 415,
        "text/plain": 415,
        "application/xml": 415,
        "application/x-www-form-urlencoded": 415,
        "multipart/form-data": 415,
        "multipart/form-data; boundary=x": 415,
        "application/msgpack": 415,
        "": 415,
    }.items():
        headers = {"Content-Type": kind, "Idempotency-Key": str(uuid4())}
        answer = await bare(worker, act, headers, _body())
        assert answer.status_code == status, kind
        _holds("logContact", answer, kind)


async def test_a_query_that_is_unknown_doubled_or_unreadable_is_refused(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    for operation, path in (
        ("listPlans", "/plans?canary-5e1f=1"),
        ("listPlans", "/plans?limit=1&limit=2"),
        ("listPlans", "/plans?cursor=a&cursor=b"),
        *(("listPlans", f"/plans?limit={n}") for n in ("0", "-1", "101", "", "x", 10**20)),
        *(("listPlans", f"/plans?cursor={c}") for c in (CANARY, "%00", "%ff", "A" * 5000, "é")),
        *(("listTasks", f"/tasks?cursor={c}") for c in (CANARY, "%ed%a0%80", "====")),
        *(("listClaims", f"/verify?cursor={c}") for c in (CANARY, "%ed%a0%80", "====")),
        ("listClaims", f"/verify?plan={CANARY}"),
        ("listTasks", f"/tasks?plan={CANARY}"),
        ("getPlan", f"/plans/{plan}?show=all&show=all"),
        ("listAccess", f"/plans/{plan}/access?before={10**30}"),
        ("listAccess", f"/plans/{plan}/access?before=-{10**30}"),
    ):
        answer = await worker.get(path)
        assert answer.status_code in {400, 422}, path
        _holds(operation, answer, path)
        assert CANARY not in answer.text


async def test_a_cursor_of_one_list_opens_no_other(world: World) -> None:
    worker = await world.somebody("SW")
    for _ in range(2):
        await world.a_plan(worker)
    cursor = (await worker.get("/plans?limit=1")).json()["next"]
    assert (await worker.get(f"/plans?limit=1&cursor={cursor}")).status_code == 200
    assert (await worker.get(f"/tasks?cursor={cursor}")).status_code == 400
    altered = ("A" if cursor[-1] != "A" else "B").join([cursor[:-1], ""])
    assert (await worker.get(f"/plans?cursor={altered}")).status_code == 400


async def test_a_host_that_is_none_is_refused_or_looked_past(world: World) -> None:
    worker = await world.somebody("SW")
    for host in ("127.0.0.1:99999", "a:b:c", "[::", "", "not a host", "@:?#"):
        headers, plan = {"Host": host}, {**A_PLAN, "release_date": _in_a_quarter()}
        assert (await worker.post("/plans", plan, headers=headers)).status_code in {201, 400}, host
        unfit = await worker.post("/account/notices/seen", {"until": "never"}, headers=headers)
        assert unfit.status_code in {400, 422}, host
        assert (await worker.get("/nowhere", headers=headers)).status_code in {404, 400}, host
        assert (await worker.get("/desk/sign-in", headers=headers)).status_code in {200, 400}, host


A_PLAN = {"person": {"name": "Invented Person", "language": "en"}, "certainty": "expected"}


def _in_a_quarter() -> str:
    return (a_day() + timedelta(days=90)).isoformat()


FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


async def test_a_form_that_no_browser_sends_is_refused_whoever_sends_it(world: World) -> None:
    await world.an_agency()
    for content in (b"\xff=\xfe", b"a=%ff", b"&".join(b"a=b" for _ in range(300))):
        for path in ("/desk/new", f"/desk/plans/{uuid4()}/state", "/desk/sign-in"):
            answer = await Caller().send("POST", path, content=content, headers=FORM)
            assert answer.status_code in {303, 400, 403}, (path, content, answer.status_code)


async def test_an_origin_that_is_none_is_not_ours(world: World) -> None:
    await world.an_agency()
    for origin in ("http://[", "//[::1", "\x7f", "http://a:b:c"):
        headers = {**FORM, "Origin": origin}
        answer = await Caller().send("POST", "/desk/sign-in", content=b"a=b", headers=headers)
        assert answer.status_code == 403, origin


# These explain in their refusal which words they take, and could repeat the wrong one.
ECHOING = {"changePlanState", "changeMilestone", "changeAppointment", "openPlan"}


@pytest.mark.parametrize("operation", sorted(ECHOING))
async def test_a_refusal_repeats_nothing_of_what_was_sent(world: World, operation: str) -> None:
    scene = await a_scene(world)
    field = "overlays" if operation == "openPlan" else "state"
    act = scene.acts[operation]
    value = [CANARY] if field == "overlays" else CANARY
    answer = await Act(
        operation, act.method, act.path, act.ids, {**act.body, field: value}, act.seen
    ).by(scene.caller(operation))
    assert answer.status_code in {400, 409, 422}
    assert CANARY not in answer.text


# fuzz

LAST = (
    *("endMandate", "moveReleaseDate", "recordLeftCustody", "changePlanState"),
    *("endSilently", "returnToCustody", "reopenPlan", "unplannedRelease"),
)


def _in_order(scene: Scene, many: int) -> Iterator[tuple[Act, Caller]]:
    """Every operation as often as any other; those that end something come at the end."""
    acts = [
        act
        for act in scene.acts.values()
        if "/sign-out" not in act.path and act.operation != "signOut"
    ]
    acts.sort(key=lambda act: act.operation in LAST)
    rounds = many // (len(acts) + len(FOR_EVERYBODY))
    for act in acts:
        for _ in range(rounds):
            yield act, scene.caller(act.operation)
    for act in FOR_EVERYBODY:
        for _ in range(rounds):
            yield act, Caller()


async def test_two_thousand_strange_requests_are_refused_or_carried_out(world: World) -> None:
    scene, chance = await a_scene(world), random.Random(20260101)  # noqa: S311 - the same each time
    statuses: dict[int, int] = {}
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        for act, caller in _in_order(scene, 2000):
            sent = mutated(act, whole(act, a_key(chance), caller.token), chance)
            headers = [
                (name.encode(), value.encode("latin-1")) for name, value in sent.headers.items()
            ]
            answer = await client.request(
                sent.method, sent.target, content=sent.body, headers=headers
            )
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            note = (sent.target, sent.body[:200], sent.headers)
            if sent.target.startswith(act.url):
                _holds(act.operation, answer, note)
            else:  # another path may be that of another operation
                assert answer.status_code < 500, note
            if answer.status_code >= 400 and act.operation not in ECHOING:
                assert CANARY not in answer.text, (act.operation, sent.body)
    assert {200, 201, 400, 401, 404, 412, 415, 422} <= set(statuses), statuses
