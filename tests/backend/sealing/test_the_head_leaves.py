"""The head of the record leaves the host, each minute in which something happened."""

from pathlib import Path

import httpx
import pytest

from backend.audit import command, heads
from tests.backend.sealing.records import add_rows, export, heads_kept, seal_all, settings_with
from tests.world import World


async def test_the_head_is_a_line_each_minute_in_which_something_happened(
    world: World, tmp_path: Path
) -> None:
    await export(tmp_path)
    assert not (tmp_path / heads.FILE).exists()
    for n in range(3):
        await add_rows(world, f"act {n}")
        await seal_all()
        for _ in range(2):
            await export(tmp_path)
    kept = heads_kept(tmp_path)
    assert [head.number for head in kept] == [1, 2, 3]
    lines = await command.examine(settings_with(world), kept)
    assert lines[1] == "It agrees with the heads up to number 3."


async def test_what_could_not_leave_leaves_later_and_one_way_waits_for_no_other(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    status = 503

    def answer(request: httpx.Request) -> httpx.Response:
        if status == 200:
            got.append(request.content)
        return httpx.Response(status)

    monkeypatch.setattr(heads, "Only", lambda _url: httpx.MockTransport(answer))
    url, away = "https://heads.example/audit", tmp_path / "not mounted"
    await add_rows(world, "one")
    await seal_all()
    await export(away, url)
    await add_rows(world, "two")
    await seal_all()
    await export(tmp_path, url)
    assert [head.number for head in heads_kept(tmp_path)] == [1, 2]
    assert got == []
    status = 200
    for _ in range(2):
        await export(tmp_path, url)
    assert got == [(tmp_path / heads.FILE).read_bytes()]
