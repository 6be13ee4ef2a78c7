"""What is in a PDF of ours, read without a library: its pages, letters and how large they are."""

import re
import zlib
from collections import Counter

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_PAGE = re.compile(rb"/Type\s*/Page\b")
_SIZE = re.compile(rb"/f\d+ ([\d.]+) Tf")
_GLYPH = re.compile(rb"^<([0-9A-F]{4})> <([0-9A-F]+)>$", re.MULTILINE)


def pages(pdf: bytes) -> int:
    return len(_PAGE.findall(pdf))


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for one in _STREAM.finditer(pdf):
        try:
            found.append(zlib.decompress(one[1]))
        except zlib.error:
            continue
    return found


def sizes(pdf: bytes) -> set[float]:
    """In points, of every letter that is set."""
    return {float(size) for one in _streams(pdf) for size in _SIZE.findall(one)}


def letters(pdf: bytes) -> Counter[str]:
    """How many drawings a letter has in one font; one that is joined has one for each place."""
    most: Counter[str] = Counter()
    for one in _streams(pdf):
        _, begins, told = one.partition(b"beginbfchar")
        if begins:
            drawn = Counter(
                bytes.fromhex(meant.decode()).decode("utf-16-be")
                for _, meant in _GLYPH.findall(told)
            )
            most |= drawn
    return most
