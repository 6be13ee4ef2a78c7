"""A ring on three sheets of paper, of which any two give it back and one gives nothing.

The sharing is Shamir's as in SLIP-0039, by the library of those who wrote that standard: words
from a list of 1024 that differ in their first four letters, the last three of which notice up
to three misread ones. Nothing here is ours but how a ring becomes bytes.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from backend.keyring import KEY, Keyring

SHEETS, NEEDED = 3, 2
INDEX = 0  # among the versions of a ring on paper; no key has this number
_ENTRY = 1 + KEY
_NUMBERED = re.compile(r"\b[0-9]{1,3}\. +([a-z]+)")
_PER_LINE = 4


class SheetError(Exception):
    """Sheets that open nothing; the text is for whoever typed them, and quotes no word."""


def split(ring: Keyring) -> list[str]:
    """The words of three sheets. Those of two printings do not go together."""
    entries = dict(ring.keys)
    if ring.index != ring.keys[min(ring.keys)]:
        entries[INDEX] = ring.index
    secret = b"".join(bytes([version]) + key for version, key in sorted(entries.items()))
    secret += bytes(len(secret) % 2)  # the standard takes an even number of bytes
    sheets: list[str] = generate_mnemonics(1, [(NEEDED, SHEETS)], secret)[0]
    return sheets


def combine(sheets: Sequence[str]) -> Keyring:
    """The ring that two sheets hold. Raises SheetError."""
    shares = [_share(number, words) for number, words in enumerate(sheets, 1)]
    if len({share.common_parameters() for share in shares}) > 1:
        raise SheetError("these sheets are of two rings, or of two printings of one")
    if len({share.index for share in shares}) < NEEDED:
        raise SheetError(f"{NEEDED} different sheets are needed, and this is one")
    try:
        secret: bytes = combine_mnemonics(sheets[:NEEDED])
    except MnemonicError:
        raise SheetError("these sheets do not belong together") from None
    ends = range(0, len(secret) - len(secret) % _ENTRY, _ENTRY)
    entries = {secret[at]: secret[at + 1 : at + _ENTRY] for at in ends}
    index = entries.pop(INDEX, None)
    if not entries:
        raise SheetError("these sheets hold something else than a ring")
    return Keyring(entries, index or entries[min(entries)])


def _share(number: int, words: str) -> Share:
    try:
        return Share.from_mnemonic(words)
    except (MnemonicError, ValueError):
        raise SheetError(f"sheet {number}: a word was misread or left out") from None


def check_word(words: str) -> str:
    """One word that tells whether a whole sheet was typed as it was printed."""
    digest = hashlib.sha256(" ".join(words.split()).encode()).digest()
    return str(WORDLIST[int.from_bytes(digest[:2], "big") % len(WORDLIST)])


def page(number: int, words: str, ring: Keyring, day: date) -> str:
    """A sheet as it is printed."""
    numbered = [f"{at:>3}. {word:<10}" for at, word in enumerate(words.split(), 1)]
    lines = [
        "".join(numbered[at : at + _PER_LINE]).rstrip() for at in range(0, len(numbered), _PER_LINE)
    ]
    return "\n".join(
        [
            f"THROUGHCARE   sheet {number} of {SHEETS} of the master keys   {day.isoformat()}",
            f"Any {NEEDED} of the {SHEETS} open them; this one alone opens nothing.",
            f"Fingerprint of the ring: {ring.fingerprint}",
            "",
            *lines,
            "",
            f"Check word: {check_word(words)}",
            "To open, with another sheet: ./run keys open NEWFILE",
            "",
        ]
    )


def words_of(text: str) -> str:
    """The words of a page, or of what somebody typed from it."""
    return " ".join(_NUMBERED.findall(text) or text.lower().split())
