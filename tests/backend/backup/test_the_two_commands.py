"""What the two commands say, and when they stop."""

import asyncio
import base64

from tests.backend.backup.backups import Backups, run_verb


async def test_the_two_commands_say_what_they_did(backups: Backups, empty: str) -> None:
    made = await asyncio.to_thread(
        run_verb,
        "backup",
        str(backups.folder),
        BACKUP_DATABASE_URL=backups.url("backup"),
        BACKUP_RECIPIENTS=str(backups.public[0]),
    )
    assert made.returncode == 0, made.stderr
    assert "keys that open it: 1" in made.stdout
    assert "Not in it: the vault key" in made.stdout
    words = ("restore", str(backups.folder), "--identity", str(backups.key))
    back = await asyncio.to_thread(run_verb, *words, DATABASE_URL=backups.url("owner", empty))
    assert back.returncode == 0, back.stderr
    assert "each as it was" in back.stdout
    assert "2 messages that waited are cancelled" in back.stdout
    assert "Names open with the vault key that is here." in back.stdout
    again = await asyncio.to_thread(run_verb, *words, DATABASE_URL=backups.url("owner", empty))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("restore: this database is not empty")
    assert again.stderr.count("\n") == 1


async def test_a_restore_says_when_the_vault_key_is_another(backups: Backups, empty: str) -> None:
    path = await backups.make()
    back = await asyncio.to_thread(
        run_verb,
        "restore",
        str(path),
        "--identity",
        str(backups.key),
        DATABASE_URL=backups.url("owner", empty),
        VAULT_KEY=base64.b64encode(bytes(32)).decode(),
    )
    assert back.returncode == 0, back.stderr
    assert "the vault key here is not the one that sealed them" in back.stdout
