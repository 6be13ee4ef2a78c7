"""The file on paper: a PDF with its own letters, made without a network and without a clock."""

import asyncio
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import typst

from backend.files.telling import Section
from backend.files.wording import Words

SOURCE = str(Path(__file__).with_name("paper.typ"))
_at_once = asyncio.Semaphore(1)  # it takes a core for a tenth of a second


@cache
def fonts() -> list[str]:
    """Latin, Greek and Cyrillic letters, and Arabic ones: none is taken from the machine."""
    return [
        str(files(name).joinpath("files"))
        for name in ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
    ]


async def print_file(title: str, as_of: str, sections: list[Section], words: Words) -> bytes:
    told = {
        "title": title,
        "as_of": as_of,
        "lang": words.language,
        "nothing": words["nothing"],
        "sections": sections,
    }
    inputs = {"told": msgspec.json.encode(told).decode()}

    def work() -> bytes:
        made: bytes = typst.compile(
            SOURCE, format="pdf", font_paths=fonts(), ignore_system_fonts=True, sys_inputs=inputs
        )
        return made

    async with _at_once:
        return await asyncio.to_thread(work)
