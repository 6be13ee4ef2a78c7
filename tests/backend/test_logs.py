"""Log lines are JSON with a request id, and hold nothing that could name somebody."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import get

from backend import logs
from backend.app import create_app
from backend.doors import PUBLIC
from tests.backend.acts import FOR_EVERYBODY, bare
from tests.backend.courts.machines import a_machine
from tests.backend.scene import a_scene
from tests.chats import Chats
from tests.world import PASSWORD, Caller, World

CANARY = "Zwunderlich"


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """What a process would write, at the most talkative level that it has."""
    made, root = Log(), logging.getLogger()
    before, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in logs.TOO_TALKATIVE}
    root.handlers = []
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", made.stream)
        logs.set_up()
    try:
        yield made
    finally:
        root.handlers, sys.excepthook, logging.raiseExceptions = before, hook, True
        root.setLevel(level)
        for name, earlier in levels.items():
            logging.getLogger(name).setLevel(earlier)


async def test_a_request_is_one_line_of_json_with_its_id_route_status_and_actor(
    world: World, log: Log
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    answer = await worker.get(f"/plans/{plan}?show=all")
    line = log.lines[-1]
    assert line.pop("ms") > 0
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "from": "backend.envelope",
        "event": "answered",
        "request": answer.headers["x-request-id"],
        "route": "GET /plans/{plan_id}",
        "status": 200,
        "actor": str(worker.id),
    }
    assert plan not in log.text


async def test_a_caseload_is_a_line_with_its_reader_too(world: World, log: Log) -> None:
    for role in ("SW", "PO"):
        reader = await world.somebody(role)
        assert (await reader.get("/plans")).status_code == 200
        line = log.lines[-1]
        assert (line["route"], line["actor"]) == ("GET /plans", str(reader.id))


async def test_what_no_route_takes_is_a_line_too_and_repeats_nothing(
    world: World, log: Log
) -> None:
    await world.an_agency()
    answer = await Caller().get(f"/{CANARY}?{CANARY}={CANARY}")
    strange = await Caller().send(CANARY.upper(), "/plans")
    assert [(line["request"], line["route"], line["status"]) for line in log.lines] == [
        (answer.headers["x-request-id"], "- -", 404),
        (strange.headers["x-request-id"], "- -", 405),
    ]
    assert CANARY.lower() not in log.text.lower()


@get("/broken", opt={PUBLIC: True}, include_in_schema=False)
async def broken() -> None:
    raise RuntimeError(f"something with {CANARY} in it")


@get("/broken-below", opt={PUBLIC: True}, include_in_schema=False)
async def broken_below() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        raise LookupError(CANARY) from error


async def test_a_500_is_logged_by_its_place_and_says_nothing_to_the_caller(log: Log) -> None:
    app: Any = create_app(extra=[broken, broken_below])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answers = [await client.get(path) for path in ("/broken", "/broken-below")]
    for answer in answers:
        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:throughcare:problem:unexpected"
        assert CANARY not in answer.text
        found = [line for line in log.lines if line["request"] == answer.headers["x-request-id"]]
        assert [line["event"] for line in found] == ["unexpected error", "answered"]
    errors = [line["error"] for line in log.lines if "error" in line]
    assert errors[0].startswith("RuntimeError at backend/test_logs.py:")
    assert CANARY not in log.text


async def test_a_write_that_the_database_refuses_is_logged_by_its_place(log: Log) -> None:
    @get("/refused", opt={PUBLIC: True}, include_in_schema=False)
    async def refused() -> None:
        raise asyncpg.InsufficientPrivilegeError(CANARY)

    app: Any = create_app(extra=[refused])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        assert (await http.get("/refused")).status_code == 404
    line = next(one for one in log.lines if one["event"] == "the database refused a write")
    assert "InsufficientPrivilegeError at" in line["error"]
    assert "refused" in line["error"]
    assert CANARY not in log.text


async def test_no_canary_is_in_any_line_over_every_operation(world: World, log: Log) -> None:
    scene = await a_scene(world)
    worker, plan = scene.docket.worker, scene.docket.plan
    person = {"name": CANARY, "language": "en", "file_number": CANARY}
    body = {"person": person, "release_date": "2030-01-01", "certainty": "expected"}
    assert (await worker.post("/plans", body)).status_code == 201
    secrets = {CANARY, PASSWORD, worker.login or "", worker.token or ""}
    invited = (await scene.carry_out("createInvitation")).json()
    secrets |= {invited["payload"], f'"{invited["pin"]}"', scene.docket.court.credential.secret}
    for operation in scene.acts:
        await scene.carry_out(operation)
    for act in [*scene.acts.values(), *FOR_EVERYBODY]:
        for content in (f'{{"{CANARY}": 1}}', f'{{"name": "{CANARY}"', f'"{CANARY}"'):
            headers = {"Idempotency-Key": CANARY, "If-Match": CANARY, "X-Other": CANARY}
            await bare(worker, act, headers, content.encode())
    for caller in (worker, Caller()):
        await caller.get(f"/plans/{plan}?{CANARY}={CANARY}")
        await caller.get(f"/plans/{CANARY}")
        await caller.get("/plans", headers={"Authorization": f"Bearer {CANARY}"})
        await caller.get("/desk", headers={"Cookie": f"throughcare={CANARY}"})
    await Caller().post("/sessions", {"login": CANARY, "password": CANARY})
    await Caller().post("/court/token", {"client_id": CANARY, "secret": CANARY})
    secrets |= await _of_a_machine(world)
    assert len(log.lines) > 150
    for secret in secrets:
        assert secret.lower() not in log.text.lower(), secret


async def _of_a_machine(world: World) -> set[str]:
    """What a court's machine signs and gets, also where it is refused."""
    machine = await a_machine(world)
    body, proof = machine.credentials(), machine.proof("POST", "/court/token")
    token = (await machine.ask(body, proof=proof)).json()["access_token"]
    await machine.ask(body, proof=CANARY)
    await machine.ask({**body, "client_assertion": f"{CANARY}.{CANARY}.{CANARY}"})
    path = f"/court/summaries?file_ref={CANARY}"
    shown = machine.proof("GET", path, token)
    for one in (shown, shown, CANARY):
        await machine.get(path, token, proof=one)
    return {token, machine.client_id, body["client_assertion"], proof, shown}


async def test_no_canary_of_a_chat_is_in_any_line(world: World, chats: Chats, log: Log) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    mentor = await chats.a_member(worker, plan, name=CANARY)
    await chats.say(mentor.phone, f"I am {CANARY} and I write this")
    await chats.say(mentor.phone, f"/start {CANARY}")
    stranger = await chats.phones.phone(CANARY)
    await chats.say(stranger, f"{CANARY}?")
    assert len(log.lines) > 5
    assert CANARY.lower() not in log.text.lower()
    assert str(chats.bot.token) not in log.text


def test_a_librarys_line_loses_its_values_and_what_follows_its_first_line(log: Log) -> None:
    for name in ("asyncio", "some.library"):
        logging.getLogger(name).error("It failed for %s\nfuture: <%s>", CANARY, CANARY)
        try:
            int(CANARY)
        except ValueError:
            logging.getLogger(name).exception("It raised")
    assert CANARY not in log.text
    assert {line["event"] for line in log.lines} == {"It failed for %s", "It raised"}
    assert log.lines[1]["error"].startswith("ValueError at ")


def test_the_libraries_that_log_addresses_and_texts_are_quiet(log: Log) -> None:
    for name in ("httpx", "httpcore.connection", "telegram.Bot", "asyncpg", "uvicorn.access"):
        logging.getLogger(name).info("POST https://chat.example/bot%s/send", CANARY)
    assert log.text == ""


ENDING = f"""
import logging
from backend import logs
logs.set_up()
logging.getLogger("backend.x").info("fixed words", extra={{"count": object(), "who": "{CANARY}"}})
logging.getLogger("uvicorn.error").warning("Port %s is taken", 8000)
raise ValueError("{CANARY}")
"""


def test_a_process_that_ends_by_an_error_says_where_and_not_what() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert CANARY not in done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "fixed words",
        "Port 8000 is taken",
        "ended by an error",
    ]
    assert lines[-1]["error"].startswith("ValueError at ")


async def test_the_log_says_who_was_refused_a_plan(world: World, log: Log) -> None:
    worker, stranger = await world.somebody("SW"), await world.somebody("SW")
    clerk = await world.somebody("AD")
    plan = await world.a_plan(worker)
    for who, status in ((stranger, 404), (clerk, 403)):
        assert (await who.get(f"/plans/{plan['id']}")).status_code == status
        line = log.lines[-1]
        assert (line["status"], line["actor"]) == (status, str(who.id))
