"""The program as an operator starts it, and what they type."""

import asyncio
import base64
import re
import subprocess
import sys
from pathlib import Path

from backend.settings import ROOT
from tests import forks
from tests.world import PASSWORD, World

AGENCY = ("--name", "Vallon", "--service-alias", "Vallon Desk", "--zone", "Africa/Tunis")
LINES = ("--emergency-number", "190", "--crisis-line", "80 10 10", "--duty-phone", "71 000 000")
REST = ("--crisis-text", "Somebody will call you.", "--language", "fr", "--alias", "Alex")
TOKEN = "4242:a-token-that-nobody-may-see"
FIRST = (*AGENCY, *LINES, *REST, "--login", "alex", "--bot-username", "vallon_desk_bot")


class Terminal:
    """`./run admin` on the world's database, as an operator runs it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.env = {
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": world.server.url(database=world.database_name),
            "VAULT_KEY": base64.b64encode(bytes(range(32))).decode(),
            "TELEGRAM_TOKEN": TOKEN,
        }
        self.password = folder / "password"
        self.password.write_text(f"{PASSWORD}\n")

    def words(self, *words: str) -> list[str]:
        return [sys.executable, str(ROOT / "throughcare.py"), "admin", *words]

    async def run(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(forks.run, ["admin", *words], {**self.env, **env})

    async def first(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        file = ("--password-file", str(self.password))
        return await self.run("first", *FIRST, *file, *words, **env)


def refused(done: "subprocess.CompletedProcess[str]", reason: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"admin: .*{reason}.*\n", done.stderr), done.stderr
