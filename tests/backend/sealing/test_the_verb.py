"""What somebody at the terminal is told of the record."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from backend import clock
from backend.audit import command, heads
from tests.backend.sealing.records import (
    add_rows,
    attack,
    export,
    seal_all,
    settings_with,
    what_is_found,
)
from tests.world import World


async def test_the_verb_says_what_it_found(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(tmp_path / heads.FILE)

    async def said(*words: str) -> tuple[int, str, str]:
        def run() -> int:
            monkeypatch.setattr(command, "settings", lambda: settings_with(world))
            try:
                command.command(list(words), standalone_mode=False)
            except SystemExit as ended:
                return int(ended.code or 0)
            return 0

        code = await asyncio.to_thread(run)
        out, err = capsys.readouterr()
        return code, out, err

    assert await said("head") == (1, "", "audit: nothing is sealed yet\n")
    await add_rows(world, "one", "two")
    await seal_all()
    await export(tmp_path)
    code, out, _ = await said("verify", "--head", file)
    assert (code, out.splitlines()) == (
        0,
        [
            "whole: 2 rows are sealed; 0 wait for their seal",
            "It agrees with the heads up to number 2.",
        ],
    )
    code, out, _ = await said("verify")
    assert code == 0
    assert "--head FILE" in out
    code, out, _ = await said("head")
    assert code == 0
    assert re.fullmatch(r"2 \S+ [0-9a-f]{66}\n", out)
    await attack(world, "DELETE FROM audit WHERE id = 2")
    code, _, err = await said("verify")
    assert (code, err) == (1, "audit: number 2, row 2: the row is missing\n")
    (tmp_path / "empty").touch()
    code, _, err = await said("verify", "--head", str(tmp_path / "empty"))
    assert code == 1
    assert "no head in" in err


async def test_rows_that_waited_too_long_are_named(world: World) -> None:
    await add_rows(world, "one")
    later = clock.now() + timedelta(minutes=11)
    clock.travel(lambda: later)
    assert (await what_is_found(world)).row == 1
