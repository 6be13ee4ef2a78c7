"""Two of three sheets open the ring; one, a wrong one, or one of another ring opens nothing."""

import itertools
import os
import pty
import re
import select
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import Share
from shamir_mnemonic.wordlist import WORDLIST

from backend.keyring import LAST_VERSION, Keyring
from backend.settings import ROOT
from backend.sheets import SheetError, check_word, combine, page, split, words_of
from tests import forks

RING = Keyring({1: bytes(range(32)), 2: bytes(range(32, 64))}, bytes(range(32)))
DAY = date(2031, 3, 12)
KEYS = st.binary(min_size=32, max_size=32)


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(st.integers(1, LAST_VERSION), KEYS, min_size=1, max_size=5), st.none() | KEYS
)
def test_any_two_sheets_open_any_ring(keys: dict[int, bytes], index: bytes | None) -> None:
    ring = Keyring(keys, index or keys[min(keys)])
    sheets = split(ring)
    assert len(sheets) == 3
    for two in itertools.permutations(sheets, 2):
        assert combine(two) == ring
    assert combine(sheets) == ring


def test_what_is_printed_can_be_read_back() -> None:
    sheets = split(RING)
    pages = [page(number, words, RING, DAY) for number, words in enumerate(sheets, 1)]
    assert [words_of(text) for text in pages] == sheets
    for number, text in enumerate(pages, 1):
        assert f"sheet {number} of 3" in text
        assert "2031-03-12" in text
        assert RING.fingerprint in text
        assert f"Check word: {check_word(sheets[number - 1])}" in text
        assert max(map(len, text.splitlines())) <= 80
    assert words_of(f"  {sheets[0].upper()}\n") == sheets[0]


def test_one_sheet_holds_no_byte_of_a_key_and_opens_nothing() -> None:
    one, other, _ = split(RING)
    for sheets in ([one], [one, one], [one, one, one]):
        with pytest.raises(SheetError, match="different sheets are needed"):
            combine(sheets)
    value = Share.from_mnemonic(one).value
    for key in RING.keys.values():
        assert not [at for at in range(28) if key[at : at + 4] in value]
    assert one != other


def test_sheets_of_two_rings_or_of_two_printings_are_refused() -> None:
    other = Keyring.single(bytes(range(32, 64)))
    for first, second in ((RING, other), (RING, RING)):
        with pytest.raises(SheetError, match="two rings, or of two printings"):
            combine([split(first)[0], split(second)[1]])


def test_a_misread_word_is_noticed_and_not_repeated() -> None:
    one, two, _ = split(RING)
    words = two.split()
    for at in range(len(words)):
        wrong = words.copy()
        wrong[at] = WORDLIST[(WORDLIST.index(words[at]) + 1) % 1024]
        with pytest.raises(SheetError, match="sheet 2: a word was misread") as refused:
            combine([one, " ".join(wrong)])
        assert wrong[at] not in str(refused.value)
        assert refused.value.__suppress_context__
    for bad in (" ".join(words[:-1]), "", "hello there", " ".join([*words, "acid"])):
        with pytest.raises(SheetError, match="sheet 2"):
            combine([one, bad])
    swapped = [*words[1::-1], *words[2:]]
    with pytest.raises(SheetError):
        combine([one, " ".join(swapped)])


# the command


def _run(ring: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return forks.run(["keys", *words], {"PATH": "/usr/bin:/bin", "VAULT_KEY_FILE": str(ring)})


def _at_a_terminal(ring: Path, typed: list[str], *words: str) -> tuple[int, str]:
    """Its exit code and all that the terminal was sent; each line is typed once it is asked for."""
    main, end = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "throughcare.py"), "keys", *words],
        env={"PATH": "/usr/bin:/bin", "VAULT_KEY_FILE": str(ring), "TERM": "xterm"},
        stdin=end,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    said, seen = b"", 0
    while True:
        if not select.select([main], [], [], 20)[0]:
            running.kill()
            pytest.fail(f"it waits for more: {said.decode()[-300:]}")
        try:
            part = os.read(main, 65536)
        except OSError:  # the other side has ended
            break
        said += part
        asked = len(re.findall(rb"press Enter|without numbers", said))
        while seen < asked and seen < len(typed):
            os.write(main, f"{typed[seen]}\n".encode())
            seen += 1
    os.close(main)
    return running.wait(), said.decode()


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    (tmp_path / "ring").write_text(RING.text())
    return tmp_path / "ring"


def test_sheets_leave_by_a_terminal_or_a_closed_file_only(ring: Path, tmp_path: Path) -> None:
    refused = _run(ring, "sheets")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "on a terminal alone" in refused.stderr
    made = _run(ring, "sheets", "--out", str(tmp_path / "sheet"))
    assert made.returncode == 0, made.stderr
    files = [tmp_path / f"sheet.{number}" for number in (1, 2, 3)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o400}
    words = [words_of(file.read_text()) for file in files]
    assert not [one for one in words if one[:40] in made.stdout]
    assert combine(words[1:]) == RING
    again = _run(ring, "sheets", "--out", str(tmp_path / "sheet"))
    assert again.returncode == 1
    assert "never overwritten" in again.stderr


def test_a_terminal_shows_each_sheet_once_and_keeps_none(ring: Path) -> None:
    code, said = _at_a_terminal(ring, ["", "", ""], "sheets")
    assert code == 0, said
    shown = re.findall(r"\x1b\[\?1049h(.*?)\x1b\[2J\x1b\[\?1049l", said, re.DOTALL)
    assert len(shown) == 3
    assert combine([words_of(text.partition("Check")[0]) for text in shown[:2]]) == RING
    kept = re.sub(r"\x1b\[\?1049h.*?\x1b\[\?1049l", "", said, flags=re.DOTALL)
    assert not re.search(r"\d\. [a-z]", kept)
    assert RING.fingerprint in kept


def test_two_sheets_from_files_give_the_ring_back(ring: Path, tmp_path: Path) -> None:
    _run(ring, "sheets", "--out", str(tmp_path / "sheet"))
    one, two = (("--sheet", str(tmp_path / f"sheet.{number}")) for number in (1, 3))
    (tmp_path / "other").write_text(split(Keyring.single(bytes(32)))[0])
    new = tmp_path / "new"
    for sheets, told in (
        (one, "different sheets are needed"),
        ((*one, *one), "different sheets are needed"),
        ((*one, "--sheet", str(tmp_path / "other")), "two rings"),
        ((*one, "--sheet", str(ring)), "sheet 2: a word was misread"),
        ((), "no terminal"),
    ):
        refused = _run(ring, "open", str(new), *sheets)
        assert refused.returncode == 1
        assert told in refused.stderr
        assert refused.stderr.count("\n") == 1
        assert not new.exists()
    opened = _run(ring, "open", str(new), *one, *two)
    assert opened.returncode == 0, opened.stderr
    assert RING.fingerprint in opened.stdout
    assert Keyring.read(new.read_text()) == RING
    assert new.stat().st_mode & 0o777 == 0o400
    assert "never overwritten" in _run(ring, "open", str(new), *one, *two).stderr


def test_two_sheets_typed_at_a_prompt_give_the_ring_back(ring: Path, tmp_path: Path) -> None:
    sheets = split(RING)
    code, said = _at_a_terminal(ring, [sheets[2], sheets[0], ""], "open", str(tmp_path / "new"))
    assert code == 0, said
    assert Keyring.read((tmp_path / "new").read_text()) == RING
    for sheet in (sheets[2], sheets[0]):
        assert f"Check word: {check_word(sheet)}" in said
    kept = re.sub(r"\x1b\[\?1049h.*?\x1b\[\?1049l", "", said, flags=re.DOTALL)
    assert " ".join(sheets[0].split()[:3]) not in kept
