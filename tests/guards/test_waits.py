"""How long who waits for what stands in the operator's page as it is in the program."""

import ast
import re
from datetime import timedelta

from backend import database, processes
from backend.audit import heads, officer
from backend.envelope import MOST_AT_ONCE
from backend.messages import judging, sending
from backend.settings import ROOT, read
from bots import intake
from bots.channels import request
from deploy import health
from workflows import ends, serve
from workflows.sender import speakers


def _told() -> dict[str, list[int]]:
    """The figures of each line, by what is waited for."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    _, _, table = page.partition("## What waits how long")
    found = {}
    for line in table.partition("**What is heavy**")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0] not in {"who waits", "---"}:
            found[f"{cells[0]}: {cells[1]}"] = [int(n) for n in re.findall(r"\d+", cells[2])]
    return found


def _given(file: str, called: str, *names: str) -> list[int]:
    """Numbers that stand in the call of this file, in the order of the names."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == called:
            known = {one.arg: one.value for one in node.keywords}
            if known.keys() >= set(names):
                return [int(ast.literal_eval(known[name])) for name in names]
    raise AssertionError(f"{file} does not call {called} with {names}")


def test_every_wait_is_as_it_is_told() -> None:
    settings = database.SERVER_SETTINGS
    seconds = {
        name: int(value.removesuffix("s"))
        for name, value in settings.items()
        if value[:1].isdigit()
    }
    serving = "backend/serve.py", "uvicorn.Config"
    expected = {
        "API, worker, bot: a database that is on its way up": [processes.PATIENCE_SECONDS],
        "each process: one of its 10 connections (`DATABASE_POOL`)": [
            database.WAIT_FOR_CONNECTION_SECONDS
        ],
        "each process: a new connection": _given(
            "backend/database.py", "asyncpg.create_pool", "timeout"
        ),
        "a transaction: a lock": [seconds["lock_timeout"]],
        "a statement: its end": [seconds["statement_timeout"]],
        "a transaction: its next statement": [seconds["idle_in_transaction_session_timeout"]],
        "API: one of 500 places": [],
        "API: a kept connection's next request": _given(*serving, "timeout_keep_alive"),
        "API: what is under way when it is stopped": _given(*serving, "timeout_graceful_shutdown"),
        "worker: what is under way when it is stopped": [serve.DRAIN_SECONDS],
        "worker: the chat service: a connection, an answer": [
            int(request.CONNECT_SECONDS),
            int(request.ANSWER_SECONDS),
        ],
        "worker: a token of the bot that is good": [speakers.TOKEN_AGAIN_AFTER.seconds],
        "worker: a message whose worker died (the lease)": [sending.LEASE.seconds],
        "bot: the chat service's long poll": [intake.LONG_POLL_SECONDS],
        "worker: the address of heads of the record": [heads.PATIENCE_SECONDS],
        "a health check: its answer": [health.PATIENCE_SECONDS],
    }
    assert _told() == expected
    assert seconds["statement_timeout"] == database.STATEMENT_SECONDS
    assert (read({}).pool, MOST_AT_ONCE, judging.MOST_ATTEMPTS) == (10, 500, 5)
    assert sending.BACK_OFF[:3] == tuple(timedelta(seconds=n) for n in (2, 4, 8))


def test_what_is_heavy_is_bounded_as_it_is_told() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    told = re.sub(r"\s+", " ", page.partition("**What is heavy**")[2].partition("## ")[0])
    limits = read({}).limits
    assert f"{limits['readFile']} reads of a file an hour" in told
    assert f"{limits['exportFile']} copies" in told
    assert f"a search ({limits['findPerson']} an hour)" in told
    assert f"pages of {'a hundred' if officer.A_PAGE == 100 else officer.A_PAGE}" in told
    assert f"{'two hundred' if ends.A_NIGHT == 200 else ends.A_NIGHT} keys a night" in told
    assert f"and {'fifty' if ends.PLANS_A_NIGHT == 50 else ends.PLANS_A_NIGHT} plans" in told
