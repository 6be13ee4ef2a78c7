"""What an operator gives a court's machine, takes from it and watches."""

import json
import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend.courts.sessions import Secret, court_token
from backend.errors import WrongCredentials
from tests.backend.admin.terminals import Terminal, refused
from tests.backend.courts.docket import REFERENCE, a_docket
from tests.backend.courts.machines import Signing
from tests.world import World


async def test_a_court_client_is_shown_once_and_signs_in(terminal: Terminal, world: World) -> None:
    await terminal.first()
    done = await terminal.run("court-client", "--label", "Court of the town")
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    by_secret = Secret(shown["client id"], shown["secret"])
    token, seconds = await court_token(by_secret, request=None)
    assert (len(token) > 30, seconds) == (True, 600)
    [client] = await world.sql("SELECT * FROM court_client")
    assert str(client["id"]) == shown["client, to bind files to"]
    assert shown["secret"] not in str(client)


async def test_a_court_with_a_key_gets_no_secret_and_is_stopped_and_let_go_on(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    await terminal.first()
    machine, file = Signing(), tmp_path / "key"
    make = ("court-client", "--label", "Court of the town", "--key", str(file))
    file.write_text(json.dumps(machine.key.as_dict(private=True)))
    refused(await terminal.run(*make), "private key")
    file.write_bytes(machine.key.as_pem(private=False))
    refused(await terminal.run(*make, "--busiest-day", "0"), "busiest day")
    refused(await terminal.run(*make, "--key-only"), "--key-only is for a client that is there")
    done = await terminal.run(*make, "--busiest-day", "40")
    assert "secret" not in done.stdout
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    machine.client_id, client = shown["client id"], shown["client, to bind files to"]
    token = await machine.signed_in()
    [row] = await world.sql("SELECT daily_quota, key_only, public_key FROM court_client")
    assert (row["daily_quota"], row["key_only"]) == (120, True)
    assert (await machine.get("/court/summaries", token)).status_code == 404
    refused(await terminal.run("resume-court", client), "not suspended")
    assert (await terminal.run("suspend-court", client)).returncode == 0
    assert (await machine.get("/court/summaries", token)).status_code == 401
    assert (await machine.token()).status_code == 401
    refused(await terminal.run("suspend-court", client), "suspended already")
    refused(await terminal.run("suspend-court", str(uuid4())), "no such client")
    assert (await terminal.run("resume-court", client)).returncode == 0
    assert (await machine.get("/court/summaries", token)).status_code == 401  # it stays ended
    await machine.signed_in()
    noted = await world.sql(
        "SELECT operation FROM audit WHERE object = $1 ORDER BY id", UUID(client)
    )
    assert [one["operation"] for one in noted] == ["addCourtClient", "suspendCourt", "resumeCourt"]


async def test_a_court_with_a_secret_is_given_a_key_and_then_its_secret_ends(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    await terminal.first()
    done = await terminal.run("court-client", "--label", "Court of the town")
    shown = dict(re.findall(r"^([a-z, ]+): (\S+)$", done.stdout, re.MULTILINE))
    change = ("court-client", "--client", shown["client, to bind files to"])
    machine, file = Signing(), tmp_path / "key"
    machine.client_id = shown["client id"]
    refused(await terminal.run(*change), "--key or --key-only")
    refused(await terminal.run(*change, "--key-only"), "has no key yet")
    file.write_text(machine.public)
    by_secret = Secret(shown["client id"], shown["secret"])
    assert (await terminal.run(*change, "--key", str(file))).returncode == 0
    await court_token(by_secret, request=None)
    await machine.signed_in()
    assert (await terminal.run(*change, "--key-only")).returncode == 0
    with pytest.raises(WrongCredentials):
        await court_token(by_secret, request=None)
    await machine.signed_in()
    [row] = await world.sql("SELECT count(*) n FROM audit WHERE operation = 'giveCourtKey'")
    assert row["n"] == 2


async def test_references_of_nobody_are_watched_and_never_those_of_somebody(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    docket, file = await a_docket(world), tmp_path / "references"
    watch = ("court-canaries", str(docket.court.id), str(file))
    file.write_text(f"2031/9001\n\n 2031/9002 \n2031/9001\n{REFERENCE}\n")
    refused(await terminal.run(*watch), "is bound to a plan")
    assert await world.sql("SELECT 1 FROM court_canary") == []
    file.write_text("2031/9001\n\n 2031/9002 \n2031/9001\n")
    done = await terminal.run(*watch)
    assert done.stdout == "2 references are watched.\n", done.stderr
    assert (await terminal.run(*watch)).returncode == 0
    assert len(await world.sql("SELECT 1 FROM court_canary")) == 2
    file.write_text("x" * 81)
    refused(await terminal.run(*watch), "1 to 80 characters")
    body = {"client": str(docket.court.id), "reference": "2031/9002"}
    taken = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert taken.status_code == 409
