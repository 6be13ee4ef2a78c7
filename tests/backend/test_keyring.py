"""Several master keys at once: which one wraps, which ones open, and what no rotation changes."""

import base64
import json
import logging
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.keyring import LAST_VERSION, Keyring, keyring
from backend.settings import SettingsError, read
from backend.vault import Vault, VaultError, version_of

ONE = base64.b64encode(bytes(range(32))).decode()
TWO = base64.b64encode(bytes(range(32, 64))).decode()
FIRST = Keyring.read(ONE)
BOTH = Keyring.read(f"1:{ONE}\n2:{TWO}\n")


def test_one_key_alone_is_version_one_and_writes_what_the_release_before_reads() -> None:
    who = uuid4()
    assert FIRST == Keyring.single(bytes(range(32))) == Keyring.read(f"1:{ONE}")
    wrapped = Vault(FIRST).new_key(who)
    assert (wrapped[0], version_of(wrapped), len(wrapped)) == (1, 1, 1 + 12 + 32 + 16)


def test_the_newest_wraps_and_every_one_of_the_ring_opens() -> None:
    who, old, both = uuid4(), Vault(FIRST), Vault(BOTH)
    before, after = old.new_key(who), both.new_key(who)
    assert [version_of(before), version_of(after)] == [1, 2]
    for wrapped in (before, after):
        sealed = both.seal(who, wrapped, "t.c:1", b"value")
        assert both.unseal(who, wrapped, "t.c:1", sealed) == b"value"
    own = old.seal_own("inbox", "t.c:1", b"value")
    assert both.unseal_own("inbox", "t.c:1", own) == b"value"
    assert version_of(both.seal_own("inbox", "t.c:1", b"value")) == 2


def test_what_is_wrapped_anew_opens_the_same_values_without_the_old_key() -> None:
    who, old, both = uuid4(), Vault(FIRST), Vault(BOTH)
    before = old.new_key(who)
    sealed = old.seal(who, before, "t.c:1", b"value")
    after = both.rewrap(who, before)
    alone = Vault(Keyring.read(f"index:{ONE}\n2:{TWO}"))
    assert alone.unseal(who, after, "t.c:1", sealed) == b"value"
    with pytest.raises(VaultError):
        alone.unseal(who, before, "t.c:1", sealed)
    with pytest.raises(VaultError):
        both.rewrap(uuid4(), before)


def test_the_version_of_a_wrapped_key_cannot_be_altered() -> None:
    who, vault = uuid4(), Vault(BOTH)
    old, new = Vault(FIRST).new_key(who), vault.new_key(who)
    for altered in (
        b"\x02\x01" + old[1:],
        b"\x02\x02" + old[1:],
        b"\x02\x01" + new[2:],
        b"\x01" + new[2:],
        b"\x02\x03" + new[2:],
        b"\x03" + new[1:],
        b"\x02",
        b"",
    ):
        with pytest.raises(VaultError):
            vault.seal(who, altered, "t.c:1", b"value")


def test_what_is_derived_outlives_every_rotation() -> None:
    third = BOTH.grown()
    kept = [line for line in third.text().splitlines() if not line.startswith("1:")]
    without = Keyring.read("\n".join(kept))
    assert without.keys.keys() == {2, 3}
    for ring in (BOTH, third, without):
        vault = Vault(ring)
        assert vault.index("link.chat", "77") == Vault(FIRST).index("link.chat", "77")
        assert vault.derive("tap", "77") == Vault(FIRST).derive("tap", "77")


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(1, LAST_VERSION), st.binary(min_size=32, max_size=32), min_size=1)
)
def test_a_ring_comes_back_as_it_was_written(keys: dict[int, bytes]) -> None:
    ring = Keyring(keys, keys[min(keys)])
    again = Keyring.read(ring.text())
    assert (again, again.newest) == (ring, max(keys))
    assert again.fingerprint == ring.fingerprint


@pytest.mark.parametrize(
    "wrong",
    ["", "x", ONE[:-2], base64.b64encode(b"short").decode(), f"0:{ONE}", f"256:{ONE}",
     f"1:{ONE}\n1:{TWO}", f"{ONE}\n{TWO}", f"index:{ONE}", f"2:{ONE}\nnonsense"],
)  # fmt: skip
def test_a_ring_that_cannot_be_read_is_refused_without_a_word_of_it(wrong: str) -> None:
    with pytest.raises(SettingsError, match="VAULT_KEY must") as refused:
        Keyring.read(wrong)
    assert ONE[:20] not in str(refused.value)


def test_a_ring_does_not_show_itself() -> None:
    assert ONE[:8] not in repr(BOTH)
    assert repr(BOTH) != repr(FIRST)
    with pytest.raises(SettingsError, match="last number"):
        Keyring.read(f"{LAST_VERSION}:{ONE}").grown()


# where it comes from


def _by_command(*words: str) -> Keyring:
    return keyring(read({"VAULT_KEY_COMMAND": json.dumps(words), "DATABASE_URL": "x"}))


def test_a_program_may_hand_over_the_ring(tmp_path: Path) -> None:
    (tmp_path / "ring").write_text(BOTH.text())
    said = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
    assert _by_command(sys.executable, "-c", said, str(tmp_path / "ring")) == BOTH
    # no shell reads the words
    assert _by_command(sys.executable, "-c", f"print('{ONE}')", "; false", "$(false)") == FIRST


def test_a_program_that_fails_is_told_without_what_it_said() -> None:
    leaks = f"import sys; print('{ONE}'); print('{TWO}', file=sys.stderr); sys.exit(3)"
    for words, told in (
        ((sys.executable, "-c", leaks), "ended with 3"),
        (("/nowhere/at/all",), "FileNotFoundError"),
        ((sys.executable, "-c", f"print('{ONE}', 'more')"), "VAULT_KEY must"),
        ((sys.executable, "-c", "print('\\u00e9')"), "UnicodeDecodeError"),
    ):
        with pytest.raises(SettingsError, match=told) as refused:
            _by_command(*words)
        assert ONE not in str(refused.value)
        assert TWO not in str(refused.value)
        assert refused.value.__cause__ is None
    for wrong in ("cat ring", "[]", '"cat"', "[1]"):
        with pytest.raises(SettingsError, match="must be a list"):
            keyring(read({"VAULT_KEY_COMMAND": wrong}))
    with pytest.raises(SettingsError, match="not both"):
        keyring(read({"VAULT_KEY_COMMAND": '["true"]', "VAULT_KEY": ONE}))


# while it runs


def test_a_process_learns_of_a_new_key_from_the_first_value_that_needs_it() -> None:
    who, there = uuid4(), [FIRST]
    running = Vault(FIRST, lambda: there[0])
    wrapped = Vault(BOTH).new_key(who)
    there[0] = BOTH
    sealed = running.seal(who, wrapped, "t.c:1", b"value")
    assert running.unseal(who, wrapped, "t.c:1", sealed) == b"value"
    assert running.newest == 2


def test_a_key_that_the_ring_does_not_hold_opens_nothing_and_is_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    who, looked = uuid4(), []

    def look_again() -> Keyring:
        looked.append(1)
        return FIRST

    running = Vault(FIRST, look_again)
    wrapped = Vault(BOTH).new_key(who)
    for _ in range(3):
        with pytest.raises(VaultError, match="not in the ring"):
            running.seal(who, wrapped, "t.c:1", b"value")
    assert len(looked) == 1  # an altered value may name any version, as often as it likes
    lines = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert {one.msg for one in lines} == {"a value needs a master key that is not in the ring"}
    assert {one.version for one in lines} == {2}  # type: ignore[attr-defined]


def test_a_ring_of_another_installation_is_not_taken_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    who = uuid4()
    other = Keyring.read(f"1:{TWO}\n2:{ONE}")
    running = Vault(FIRST, lambda: other)
    with pytest.raises(VaultError):
        running.seal(who, Vault(other).new_key(who), "t.c:1", b"value")
    assert running.newest == 1
    assert "another installation" in caplog.text

    def broken() -> Keyring:
        raise SettingsError("half written")

    running = Vault(FIRST, broken)
    with pytest.raises(VaultError):
        running.seal(who, Vault(BOTH).new_key(who), "t.c:1", b"value")
    assert "cannot be read" in caplog.text
    assert running.unseal_own("inbox", "t.c:1", running.seal_own("inbox", "t.c:1", b"x")) == b"x"
