"""What every answer of the API has in common, and the routes that belong to no feature."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from backend import clock
from backend.app import create_app
from backend.settings import ROOT, read
from tests.backend.scene import a_scene
from tests.world import Caller, World

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
}


def _is_dressed(answer: httpx.Response) -> None:
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, (str(answer.url), name)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert UUID(answer.headers["x-request-id"]).version == 4
    assert "server" not in answer.headers


async def test_every_answer_carries_the_headers_whatever_becomes_of_the_request(
    world: World,
) -> None:
    scene = await a_scene(world)
    statuses = set()
    for operation in scene.acts:
        answer = await scene.carry_out(operation)
        _is_dressed(answer)
    worker, plan = scene.docket.worker, scene.docket.plan
    await worker.sign_in()
    for answer in (
        await Caller().get("/plans"),
        await worker.get("/nowhere"),
        await worker.send("PUT", "/plans", {}),
        await worker.get(f"/plans/{uuid4()}"),
        await worker.send("POST", f"/plans/{plan}/contacts", content=b"{"),
        await worker.send("POST", f"/plans/{plan}/contacts", content=b" " * 300_000),
        await worker.get("/plans", headers={"Host": "not a host"}),
        await worker.get("/docs"),
        await worker.get("/docs/openapi.json"),
        await worker.get("/health/live"),
    ):
        _is_dressed(answer)
        statuses.add(answer.status_code)
    assert statuses == {200, 400, 401, 404, 405, 413}


async def test_a_method_that_no_route_has_is_405_and_says_which_there_are(world: World) -> None:
    worker = await world.somebody("SW")
    paths = {"/plans": "GET, POST", f"/plans/{uuid4()}": "GET"}
    paths |= {f"/milestones/{uuid4()}": "GET, PATCH", f"/links/{uuid4()}/cut": "POST"}
    for method in ("HEAD", "OPTIONS", "TRACE", "CONNECT", "DELETE", "PURGE"):
        for path, allowed in paths.items():
            answer = await worker.send(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed), method
            if method != "HEAD":
                assert answer.json()["type"] == "urn:throughcare:problem:method-not-allowed"


async def test_an_unknown_route_names_nothing_of_the_request(world: World) -> None:
    worker = await world.somebody("SW")
    for path in ("/nowhere", "/plans/canary/nowhere", "/%63anary", "//plans//canary", "/PLANS"):
        answer = await worker.get(f"{path}?canary=canary")
        assert (answer.status_code, answer.headers["content-type"]) == (
            404,
            "application/problem+json",
        )
        assert "canary" not in answer.text


async def test_a_request_id_is_in_the_answer_and_in_its_audit_row(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    answer = await worker.get(f"/plans/{plan}")
    (row,) = await world.sql(
        "SELECT operation, actor FROM audit WHERE request = $1", answer.headers["x-request-id"]
    )
    assert row == {"operation": "getPlan", "actor": worker.id}


# the document


def test_the_document_that_is_checked_in_is_the_present_one() -> None:
    kept = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    made = create_app()
    from_route = _get(made, "/docs/openapi.json")
    assert kept == from_route.text, "write it anew: ./run openapi > docs/openapi.json"


def _get(app: Any, path: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path)

    return asyncio.run(asked())


def test_the_document_is_for_everybody_and_needs_no_other_host() -> None:
    page = _get(create_app(), "/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for outside in ("http:", "https:", "src=", "<script", "@import", "url("):
        assert outside not in page.text
    listed = {
        operation["operationId"]
        for methods in _document()["paths"].values()
        for operation in methods.values()
    }
    assert all(f'id="{operation}"' in page.text for operation in listed)
    other = _get(create_app(), "/docs/other")
    assert (other.status_code, other.headers["content-type"]) == (404, "application/problem+json")


def test_the_document_can_be_turned_off() -> None:
    assert read({}).docs
    assert not read({"API_DOCS": "off"}).docs
    closed = create_app(docs=False)
    for path in ("/docs", "/docs/openapi.json", "/docs/other", "/schema"):
        assert _get(closed, path).status_code == 404


def _document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    return made


def test_the_document_says_what_can_be_refused_and_how_it_looks() -> None:
    document = _document()
    assert document["openapi"].startswith("3.1")
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and operation["operationId"] != "healthReady":
                    name = answer["$ref"].rpartition("/")[2]
                    refusal = document["components"]["responses"][name]
                    assert list(refusal["content"]) == ["application/problem+json"]


# health


async def test_without_the_database_the_process_lives_and_is_not_ready(world: World) -> None:
    await world.an_agency()
    await _shut_out(world)
    assert (await Caller().get("/health/live")).json() == {"status": "ok"}
    ready = await Caller().get("/health/ready")
    assert (ready.status_code, ready.json()) == (
        503,
        {"ready": False, "reasons": ["database away"]},
    )
    refused = await Caller().post("/sessions", {"login": "a", "password": "b"})
    assert (refused.status_code, refused.json()["type"]) == (
        503,
        "urn:throughcare:problem:try-again",
    )
    assert refused.headers["retry-after"] == "5"


async def _shut_out(world: World) -> None:
    held = await asyncpg.connect(world.server.url(database="postgres"))
    try:
        await held.execute(f"ALTER DATABASE {world.database_name} ALLOW_CONNECTIONS false")
        await held.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            world.database_name,
        )
    finally:
        await held.close()


KEPT_HERE = "the audit's head does not leave this host: AUDIT_HEAD_DIR, AUDIT_HEAD_URL"


async def test_ready_says_why_an_agency_sends_nothing(world: World) -> None:
    agency = await world.an_agency(emergency_number=None, duty_phone="", second_factor="passkeys")
    answer = await Caller().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "reasons": [
            f"sending is off for agency {agency}: no emergency number",
            f"sending is off for agency {agency}: no duty contact",
            "worker is silent",
            KEPT_HERE,
        ],
    }


@pytest.mark.parametrize("rule", ["none", "leaders", "all", "passkeys"])
async def test_ready_names_an_agency_of_real_people_that_asks_less_than_passkeys(
    world: World, rule: str
) -> None:
    agency = await world.an_agency(second_factor=rule)
    await world.an_agency(name="Invented", demo=True, second_factor="none")
    answer = await Caller().get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    less = [one for one in answer.json()["reasons"] if "passkeys" in one]
    named = f"less than passkeys is asked of the staff of agency {agency}: {rule}"
    assert less == ([] if rule == "passkeys" else [named])


async def test_ready_says_that_the_worker_is_silent_after_ten_minutes(world: World) -> None:
    await world.an_agency(second_factor="passkeys")
    now = clock.now()
    await world.sql("INSERT INTO heartbeat (id, name, at) VALUES ($1, 'worker', $2)", uuid4(), now)
    assert (await Caller().get("/health/ready")).json() == {"ready": True, "reasons": [KEPT_HERE]}
    clock.travel(lambda: now + timedelta(minutes=11))
    assert (await Caller().get("/health/ready")).json()["reasons"] == [
        "worker is silent",
        KEPT_HERE,
    ]


async def test_ready_says_whether_the_head_of_the_audit_leaves_the_host(world: World) -> None:
    await world.an_agency(second_factor="passkeys")
    now = clock.now()
    add = "INSERT INTO audit_head (id, at, mac, filed_at) VALUES ($1, $2, '', $3)"

    async def reasons() -> list[str]:
        said: list[str] = (await Caller().get("/health/ready")).json()["reasons"]
        return said[1:]  # no worker runs here

    await world.sql(add, 1, now, None)
    assert await reasons() == [KEPT_HERE]
    await world.sql(add, 2, now, now)
    assert await reasons() == []
    await world.sql(add, 3, now + timedelta(minutes=1), None)
    clock.travel(lambda: now + timedelta(minutes=11))
    assert await reasons() == []
    clock.travel(lambda: now + timedelta(minutes=12))
    assert await reasons() == [f"the audit's head has not left this host since {now.isoformat()}"]
    await world.sql("UPDATE audit_head SET posted_at = $1 WHERE id = 3", clock.now())
    assert await reasons() == []
