"""The chain over the audit: each row's seal holds the seal before it. No I/O here.

A seal is an HMAC under a key that no database holds. Whoever changes, removes or moves a row,
or a seal, breaks the chain at that place; whoever cuts off its end is betrayed by a head, the
last seal of some minute, that was kept elsewhere.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

# The first byte of a seal says which columns it vouches for, and how they are written out. A new
# one is needed where a column comes: rows that were sealed before keep what they have.
FORM, FIRST = b"\x02", b"\x01"
_FIRST = (
    "id",
    "at",
    "actor",
    "role",
    "operation",
    "agency",
    "plan",
    "object",
    "outcome",
    "request",
    "purpose",
    "reason",
    "object_hash",
    "times",
)
FIELDS = {FIRST: _FIRST, FORM: (*_FIRST, "subject")}
BOTH_RUN = timedelta(days=7)
SIZE = len(FORM) + hashlib.sha256().digest_size
START = bytes(SIZE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Broken(Exception):
    """The first thing that is wrong, with its number in the chain and the id of its row."""

    def __init__(self, what: str, *, number: int | None = None, row: int | None = None) -> None:
        places = [
            f"{name} {at}" for name, at in (("number", number), ("row", row)) if at is not None
        ]
        super().__init__(": ".join([", ".join(places), what] if places else [what]))
        self.number = number
        self.row = row


@dataclass(frozen=True)
class Seal:
    number: int
    row: int
    mac: bytes


@dataclass(frozen=True)
class Head:
    """The last seal at an instant, as it left the host."""

    number: int
    at: datetime
    mac: bytes

    def line(self) -> str:
        return f"{self.number} {self.at.astimezone(UTC).isoformat()} {self.mac.hex()}\n"


def read_heads(lines: Iterable[str]) -> tuple[list[Head], int]:
    """The heads, and how many lines are none: one that was broken off by a crash, for example."""
    heads, strange = [], 0
    for line in lines:
        try:
            number, at, mac = line.split()
            head = Head(int(number), datetime.fromisoformat(at), bytes.fromhex(mac))
        except ValueError:
            strange += 1
            continue
        if head.at.tzinfo is not None and len(head.mac) == SIZE:
            heads.append(head)
        else:
            strange += 1
    return heads, strange


def canonical(row: Row, form: bytes = FORM) -> bytes:
    """A row as bytes: no two that differ in a column of this form have the same."""
    parts = (_bytes(row[name]) for name in FIELDS[form])
    return b"".join(
        b"\x00" if part is None else b"\x01" + len(part).to_bytes(4) + part for part in parts
    )


def _bytes(value: object) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case UUID():
            return value.bytes
        case datetime():
            return str((value - _EPOCH) // timedelta(microseconds=1)).encode()
        case int() | str():
            return str(value).encode()
    raise TypeError(f"an audit row holds no {type(value).__name__}")


def seal(key: bytes, number: int, previous: bytes, row: Row, form: bytes = FORM) -> bytes:
    text = form + number.to_bytes(8) + previous + canonical(row, form)
    return form + hmac.digest(key, text, hashlib.sha256)


def anchor(key: bytes, number: int, mac: bytes) -> bytes:
    """The proof that the chain may begin after this seal: what was before it was dropped whole."""
    return hmac.digest(key, b"anchor" + number.to_bytes(8) + mac, hashlib.sha256)


def begin(key: bytes, number: int, mac: bytes, proof: bytes) -> tuple[int, bytes]:
    """Where a chain with this anchor begins. Raises Broken for one without the key's proof."""
    if not hmac.compare_digest(anchor(key, number, mac), proof):
        raise Broken("the anchor was forged", number=number)
    return number, mac


@dataclass
class Walk:
    """Goes along the chain from its beginning, seal by seal, beside the heads that were kept.

    Where the oldest part was dropped, it begins after `number` and `mac`, the anchor's: heads of
    before that cannot be compared any more.

    A restored backup ends earlier than the heads, and goes on in another way. `restored` says
    that somebody restored one: then heads of before the restore may be unknown to the chain.
    """

    key: bytes
    heads: Iterable[Head] = ()
    restored: bool = False
    number: int = 0
    mac: bytes = START
    agreed: Head | None = None
    lost: list[Head] = field(default_factory=list)
    restored_at: datetime | None = None
    told_since: Row | None = None
    vouched: bool = False

    def __post_init__(self) -> None:
        self.dropped = self.number
        self._heads: dict[int, list[Head]] = {}
        for head in self.heads:
            if head.number < self.dropped:
                continue
            if head.number == self.dropped:
                self._compare(head, self.mac)
                continue
            self._heads.setdefault(head.number, []).append(head)

    def step(self, sealed: Seal, row: Row | None) -> None:
        """Raises Broken for what is missing, altered or not in its place."""
        number = self.number + 1
        if sealed.number != number:
            raise Broken("the seal is missing", number=number)
        if row is None:
            raise Broken("the row is missing", number=number, row=sealed.row)
        form = sealed.mac[:1] if sealed.mac[:1] in FIELDS else FORM
        expected = seal(self.key, number, self.mac, row, form)
        if row["id"] != sealed.row or not hmac.compare_digest(expected, sealed.mac):
            raise Broken("the row was altered, or its place was", number=number, row=sealed.row)
        self._look_at_subject(form, number, row)
        self.number, self.mac = number, expected
        if row["operation"] == "restore":
            self.restored_at = row["at"]
        for head in self._heads.pop(number, ()):
            self._compare(head, expected)

    def _look_at_subject(self, form: bytes, number: int, row: Row) -> None:
        """The first form vouches for no subject, and rows of before had none.

        The release before may seal rows that have one, while both run: until the first seal of the
        new form, and for a week at most.
        """
        if form == FORM:
            since = self.told_since
            if not self.vouched and since is not None and row["at"] - since["at"] > BOTH_RUN:
                raise Broken("a subject was put in later", number=number, row=since["id"])
            self.vouched = True
        elif row["subject"] is not None and not self.vouched and self.told_since is None:
            self.told_since = row

    def _compare(self, head: Head, mac: bytes) -> None:
        if hmac.compare_digest(head.mac, mac):
            self.agreed = head
        else:
            self.lost.append(head)

    def finish(self) -> None:
        """Raises Broken where a head is not of this chain, be it that the end was cut off."""
        beyond = [head for same in self._heads.values() for head in same]
        self.lost += beyond
        if not self.lost:
            return
        first = min(self.lost, key=lambda head: head.number)
        last = max(self.lost, key=lambda head: head.at)
        after_restore = self.restored_at is not None and last.at <= self.restored_at
        if after_restore and self.restored:
            return
        if first not in beyond:
            what = f"this is not what left the host at {first.at.isoformat()}"
        else:
            what = f"the end is missing: a head of {first.at.isoformat()} has this number"
        if after_restore:
            what += (
                f"; the record tells of a restore at {self.restored_at}: where that is true,"
                " say --restored"
            )
        number = first.number if first not in beyond else self.number + 1
        raise Broken(what, number=number)
