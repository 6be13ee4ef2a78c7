"""docs/courts.md: what it shows to a court's programmer is run here as it stands there."""

import asyncio
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from backend import founding
from backend.admin import command
from backend.settings import ROOT
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.backend.courts.machines import bind
from tests.processes import end, environment, free_port, start
from tests.world import World

PAGE = (ROOT / "docs" / "courts.md").read_text("utf-8")


def _example() -> Callable[..., Any]:
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(compile(code, "docs/courts.md", "exec"), shown)  # noqa: S102 - that is what is tested
    made: Callable[..., Any] = shown["Summaries"]
    return made


def _keys(place: Path) -> tuple[str, str]:
    """The two halves of a key, made by the very commands of the page."""
    commands = re.findall(r"^ +(openssl .*)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    for line in commands:
        subprocess.run(line.split(), cwd=place, check=True, capture_output=True)
    return (place / "court-key.pem").read_text(), (place / "court-key.public.pem").read_text()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page makes its key with openssl")
async def test_the_example_pulls_a_summary_from_a_running_api(world: World, tmp_path: Path) -> None:
    docket = await a_docket(world)
    private, public = _keys(tmp_path)
    agency = UUID(str(world.agency))
    client, client_id = await founding.add_court_with_key(agency, "Chamber", public, busiest_day=2)
    await bind(docket, client, REFERENCE)
    [made] = await world.sql("SELECT id::text FROM court_file WHERE client = $1", client)
    docket.file = made["id"]
    id_ = await docket.issued()
    port = free_port()
    host = f"http://127.0.0.1:{port}"
    env = environment(world, "http://127.0.0.1:1", API_PORT=str(port), API_URL=host, API_DOCS="off")
    process = start("api", env, tmp_path / "api.log")
    try:
        await asyncio.to_thread(_pulls, host, client_id, private, id_)
    finally:
        end(process)


def _pulls(host: str, client_id: str, private: str, id_: str) -> None:
    transport = httpx.HTTPTransport(retries=8)  # the process is about to listen
    with httpx.Client(transport=transport, trust_env=False) as http:
        summaries = _example()(http, host, client_id, private)
        listed = summaries.get("/court/summaries", file_ref=REFERENCE)
        assert listed.status_code == 200, listed.text
        assert [line["id"] for line in listed.json()["summaries"]] == [id_]
        found = summaries.get(f"/court/summaries/{id_}", file_ref=REFERENCE).json()
        content = json.dumps(
            found["summary"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert hashlib.sha256(content.encode()).hexdigest() == found["sha256"]
        codes = [summaries.get("/court/summaries", file_ref="x").status_code for _ in range(5)]
        assert codes == [404, 404, 404, 404, 429]  # three times a busiest day of two


def test_every_command_on_the_page_is_one_of_the_terminal() -> None:
    for name, words in re.findall(r"\./run admin ([\w-]+)((?: [^\s`)]+|\s\"[^\"]+\")*)", PAGE):
        options = {option for one in command.commands[name].params for option in one.opts}
        assert set(re.findall(r"--[\w-]+", words)) <= options, name
